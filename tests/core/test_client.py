"""The classes that users call, FinerWorks and AsyncFinerWorks, over the transport."""

import asyncio
import dataclasses
import datetime as dt
import enum
import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import cast

import httpx
import pytest
from pytest_httpx import HTTPXMock

from answers import URL, asked, listing, rows, server
from callers import KEYS, Caller, Settings
from finerworks import (
    PRODUCTION,
    TEST,
    AsyncFinerWorks,
    AsyncHTTPClient,
    CredentialsError,
    FinerWorks,
    HTTPClient,
    ResponseValidationError,
)
from finerworks.credentials import Secret
from finerworks.invoices import INVOICES
from finerworks.operations import READ_OPERATIONS, Operation
from finerworks.resources import Resource
from finerworks_client.api.invoices import list_invoices
from finerworks_client.models import Invoice, InvoiceList, InvoiceListRequest


@pytest.mark.parametrize("count", [0, 1, 24, 25, 26, 50, 60])
def test_lists_every_invoice_once_in_order(
    caller: Caller, httpx_mock: HTTPXMock, count: int
) -> None:
    """A listing returns every invoice once, in the server's order, with as few requests as possible."""
    httpx_mock.add_callback(server(count), url=URL, method="POST", is_reusable=True)
    invoices = caller.invoices(**KEYS)
    assert [invoice.invoice_id for invoice in invoices] == [str(n) for n in range(count)]
    needless = count == 25  # a full first page may be all that the total counts: page 2 tells
    assert len(httpx_mock.get_requests()) == max(1, -(-count // 25)) + needless


def test_sends_what_the_documentation_says(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """A request is a POST of JSON with both keys as headers, and nothing else."""
    httpx_mock.add_response(
        url=URL,
        method="POST",
        match_json={"per_page": 10, "page_number": 3},
        match_headers={
            "web_api_key": "the-web-api-key",
            "app_key": "the-app-key",
            "Content-Type": "application/json",
        },
        json=listing([], 0),
    )
    caller.page(3, **KEYS)
    assert "authorization" not in httpx_mock.get_requests()[0].headers


def test_page_gives_the_answer_as_the_server_sent_it(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """`page()` returns a page with its envelope, as a model."""
    httpx_mock.add_response(json=listing(rows("a"), 7))
    page = caller.page(2, per_page=1, **KEYS)
    assert isinstance(page, InvoiceList)
    assert page.total_count == 7
    assert page.status.reference_id == "ref-1"
    assert page.invoices is not None
    (invoice,) = page.invoices
    assert invoice.amount_due == Decimal("19.99")
    zone = dt.timezone(dt.timedelta(hours=-5))
    assert invoice.due_date == dt.datetime(2026, 3, 15, 18, 11, 17, 912125, zone)


def test_account_key_goes_on_every_page(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """The account key is sent with the request for every page."""
    httpx_mock.add_callback(server(60), is_reusable=True)
    caller.invoices(account_key="séller-木", **KEYS)
    bodies = [asked(request) for request in httpx_mock.get_requests()]
    assert bodies == [
        {"per_page": 25, "page_number": n, "account_key": "séller-木"} for n in (1, 2, 3)
    ]


@pytest.mark.parametrize("per_page", [0, 26, -1, True, "25", 2.0])
def test_refuses_a_page_size_out_of_range(
    caller: Caller, per_page: int, httpx_mock: HTTPXMock
) -> None:
    """An invalid `per_page` is an error before anything is sent."""
    with pytest.raises(ValueError, match="per_page= must be an integer from 1 to 25"):
        caller.page(per_page=per_page, **KEYS)
    with pytest.raises(ValueError, match="per_page= must be an integer from 1 to 25"):
        caller.invoices(per_page=per_page, **KEYS)
    assert not httpx_mock.get_requests()


@pytest.mark.parametrize("page_number", [0, -1, False])
def test_refuses_a_page_number_below_1(
    caller: Caller, page_number: int, httpx_mock: HTTPXMock
) -> None:
    """An invalid `page_number` is an error before anything is sent."""
    with pytest.raises(ValueError, match="page_number= must be an integer of at least 1, not"):
        caller.page(page_number, **KEYS)
    assert not httpx_mock.get_requests()


def test_refuses_a_blank_account_key_of_any_kind_of_text() -> None:
    """A blank account key is an error, also if it is a subclass of `str` such as an enumeration."""

    class Text(str):
        __slots__ = ()

    with (
        FinerWorks(**KEYS, account_key="seller") as fw,
        pytest.raises(ValueError, match="is blank or not text"),
    ):
        fw.invoices.page(account_key=Text(""))


@pytest.mark.parametrize("blank", ["", "  ", 7])
def test_refuses_a_blank_account_key(caller: Caller, blank: str, httpx_mock: HTTPXMock) -> None:
    """A blank account key is an error, instead of a listing of your own invoices."""
    with pytest.raises(
        ValueError, match=r"account_key= .in place of FINERWORKS_ACCOUNT_KEY. is blank or not text"
    ):
        caller.page(account_key=blank, **KEYS)
    assert not httpx_mock.get_requests()


def test_nothing_is_sent_until_a_listing_is_iterated(httpx_mock: HTTPXMock) -> None:
    """Creating a pager sends nothing. Each iteration reads the listing again."""
    httpx_mock.add_callback(server(30), is_reusable=True)
    with FinerWorks(**KEYS) as fw:
        pager = fw.invoices.list()
        assert not httpx_mock.get_requests()
        assert fw.invoices.list().total_count is None
        assert len(list(pager)) == len(list(pager)) == 30
        assert pager.total_count == 30
    assert len(httpx_mock.get_requests()) == 4


@pytest.mark.parametrize("make", [FinerWorks, AsyncFinerWorks])
def test_a_wrong_listing_is_refused_when_it_is_made(
    make: type[FinerWorks | AsyncFinerWorks],
) -> None:
    """The traceback points to the line that creates the listing, not to the iteration."""
    fw = make(**KEYS)
    with pytest.raises(ValueError, match="per_page="):
        fw.invoices.list(per_page=26)
    with pytest.raises(ValueError, match="account_key="):
        fw.invoices.list(account_key=" ")


def test_pages_come_in_order_with_their_numbers(httpx_mock: HTTPXMock) -> None:
    """`pages()` returns pages in order, with their numbers."""
    httpx_mock.add_callback(server(60), is_reusable=True)
    with FinerWorks(**KEYS) as fw:
        pages = list(fw.invoices.list(per_page=20).pages())
    assert [(page.number, len(page.items), page.total_count) for page in pages] == [
        (1, 20, 60),
        (2, 20, 60),
        (3, 20, 60),
    ]


def test_stopping_early_asks_for_no_more(httpx_mock: HTTPXMock) -> None:
    """A consumer that stops after the first invoice has caused at most two requests."""
    httpx_mock.add_callback(server(100), is_reusable=True)
    with FinerWorks(**KEYS) as fw:
        next(iter(fw.invoices.list(concurrency=1)))
        assert len(httpx_mock.get_requests()) == 1
        invoices = iter(fw.invoices.list())
        next(invoices)
        while len(httpx_mock.get_requests()) < 3:
            time.sleep(0.01)
        invoices.close()
    assert len(httpx_mock.get_requests()) == 3


def test_settings_come_from_argument_environment_default_in_that_order(
    monkeypatch: pytest.MonkeyPatch, httpx_mock: HTTPXMock
) -> None:
    """An argument takes precedence over the environment, and that over the default host."""
    httpx_mock.add_response(json=listing([]), is_reusable=True)
    with FinerWorks(**KEYS) as fw:
        fw.invoices.page()
    monkeypatch.setenv("FINERWORKS_WEB_API_KEY", "web-from-environment")
    monkeypatch.setenv("FINERWORKS_APP_KEY", "app-from-environment")
    monkeypatch.setenv("FINERWORKS_BASE_URL", TEST)
    monkeypatch.setenv("FINERWORKS_ACCOUNT_KEY", "account-from-environment")
    with FinerWorks() as fw:
        fw.invoices.page()
    with FinerWorks(base_url="http://127.0.0.1:1", account_key="mine") as fw:
        fw.invoices.page()
    hosts = [str(request.url.copy_with(raw_path=b"/")) for request in httpx_mock.get_requests()]
    assert hosts == [f"{PRODUCTION}/", f"{TEST}/", "http://127.0.0.1:1/"]
    accounts = [json.loads(r.content).get("account_key") for r in httpx_mock.get_requests()]
    assert accounts == [None, "account-from-environment", "mine"]
    sent = [request.headers["web_api_key"] for request in httpx_mock.get_requests()]
    assert sent == ["the-web-api-key", "web-from-environment", "web-from-environment"]


Make = Callable[..., object]


@pytest.mark.parametrize("make", [FinerWorks, AsyncFinerWorks])
@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "web_api_key= .or FINERWORKS_WEB_API_KEY. and app_key= .or FINERWORKS_APP_KEY."),
        ({"web_api_key": "w"}, "web_api_key= was passed without app_key=: every request"),
        ({"app_key": "a"}, "app_key= was passed without web_api_key=: every request"),
        (
            {"web_api_key": "", "app_key": "a"},
            "web_api_key= .in place of FINERWORKS_WEB_API_KEY. is empty",
        ),
        (
            {"web_api_key": "CANARY-1 ", "app_key": "a"},
            "web_api_key= .in place of FINERWORKS_WEB_API_KEY. contains a character that no key has, such as",
        ),
        (
            {"web_api_key": "w", "app_key": "CANARY-1\n"},
            "app_key= .in place of FINERWORKS_APP_KEY. contains a character .* or a line break",
        ),
        (
            {"web_api_key": "w", "app_key": "CANARY-1\x7f"},
            "app_key= .in place of FINERWORKS_APP_KEY. contains a character",
        ),
        (
            {"web_api_key": "w", "app_key": "CANARY-1é"},
            "app_key= .in place of FINERWORKS_APP_KEY. contains a character that no key has",
        ),
    ],
)
def test_bad_keys_are_named_and_not_shown(make: Make, settings: dict[str, str], named: str) -> None:
    """A missing or malformed key raises CredentialsError at once, which does not show the key."""
    with pytest.raises(CredentialsError, match=named) as caught:
        make(**settings)
    assert isinstance(caught.value, ValueError)
    assert "CANARY" not in str(caught.value)


def test_a_malformed_key_of_the_environment_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error about a key names its variable. An empty variable counts as missing."""
    monkeypatch.setenv("FINERWORKS_WEB_API_KEY", "CANARY-1\n")
    with pytest.raises(
        CredentialsError, match=r"web_api_key= .from FINERWORKS_WEB_API_KEY. contains a character"
    ) as caught:
        FinerWorks()
    assert "CANARY" not in str(caught.value)
    monkeypatch.setenv("FINERWORKS_WEB_API_KEY", "")
    monkeypatch.setenv("FINERWORKS_APP_KEY", "a")
    with pytest.raises(CredentialsError, match="missing web_api_key="):
        FinerWorks()


@pytest.mark.parametrize("make", [FinerWorks, AsyncFinerWorks])
@pytest.mark.parametrize(
    ("base_url", "told"),
    [
        ("v2.api.finerworks.com", "is not an http:// or https:// address, for example https://v2"),
        ("ftp://api.test", "is not an http:// or https:// address"),
        ("https://", "is not an http:// or https:// address"),
        ("https://\x00", "is not an http:// or https:// address"),
        ("https://api.test:0", "is not an http:// or https:// address"),
        ("https://api.test:65536", "is not an http:// or https:// address"),
        ("https://api.test:port", "is not an http:// or https:// address"),
        ("https://api..test", "is not an http:// or https:// address"),
        (f"https://{'a' * 64}.test", "is not an http:// or https:// address"),
        ("https://user:CANARY@api.test", "contains credentials, .* pass only https://api.test"),
        ("https://CANARY:12#CANARY@api.test", "contains credentials, .* pass only an origin, for"),
        ("https://CANARY:12/CANARY@api.test", "contains credentials, .* pass only an origin, for"),
        ("https://CANARY:x?CANARY@api.test", "is not an http:// or https:// address"),
        ("https://api.test/v3", "contains credentials, a path .* pass only https://api.test"),
        ("https://api.test?a=b", "contains .* a path or a query: pass only https://api.test"),
        ("https://api.test#part", "contains .* pass only https://api.test"),
    ],
)
def test_refuses_a_base_url_that_is_no_origin(make: Make, base_url: str, told: str) -> None:
    """A base URL must be an origin, and the error says what to pass instead."""
    with pytest.raises(
        ValueError, match=f"base_url= .in place of FINERWORKS_BASE_URL. {told}"
    ) as caught:
        make(**KEYS, base_url=base_url)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("port", [1, 65535])
def test_a_base_url_may_have_any_port(port: int) -> None:
    """The lowest and the highest port are valid."""
    with FinerWorks(**KEYS, base_url=f"https://api.test:{port}") as fw:
        assert str(fw.client.get_httpx_client().base_url) == f"https://api.test:{port}"


def test_refuses_a_bad_base_url_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error about an invalid base URL names the variable."""
    monkeypatch.setenv("FINERWORKS_BASE_URL", "api.test")
    with pytest.raises(
        ValueError,
        match=r"base_url= .from FINERWORKS_BASE_URL. is not an http:// or https:// address",
    ):
        FinerWorks(**KEYS)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"timeout": 0}, "timeout= must be a number of seconds above 0 and below 1e9, not 0"),
        ({"timeout": -1.0}, "timeout= must be a number"),
        ({"timeout": "5"}, "timeout= must be a number of seconds above 0 and below 1e9, not '5'"),
        ({"timeout": True}, "timeout= must be a number"),
        ({"timeout": float("nan")}, "timeout= must be a number"),
        ({"timeout": float("inf")}, "timeout= must be a number"),
        ({"timeout": 10**400}, "timeout= must be a number"),
        ({"max_retries": -1}, "max_retries= must be an integer of at least 0, not -1"),
        ({"max_retries": 1.5}, "max_retries= must be an integer of at least 0, not 1.5"),
        ({"max_body_bytes": 0}, "max_body_bytes= must be an integer of at least 1, not 0"),
    ],
)
def test_refuses_settings_out_of_range(settings: dict[str, object], told: str) -> None:
    """Settings are checked when a client is created, and in `with_options()`."""
    made = cast(Make, HTTPClient)
    with pytest.raises(ValueError, match=told):
        made(**KEYS, **settings)
    with HTTPClient(**KEYS) as http:
        view = cast(Make, FinerWorks(http_client=http).with_options)
        with pytest.raises(ValueError, match=told):
            view(**settings)


@pytest.mark.parametrize("kind", [FinerWorks, AsyncFinerWorks, HTTPClient, AsyncHTTPClient])
def test_refuses_a_setting_that_there_is_not(kind: Callable[..., object]) -> None:
    """A misspelled setting is an error."""
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        kind(**KEYS, max_retires=5, timout=5)
    with pytest.raises(TypeError, match="unexpected keyword argument 'proxy'"):
        kind(**KEYS, proxy=None)
    with (
        FinerWorks(**KEYS) as fw,
        pytest.raises(TypeError, match="unexpected keyword argument 'reads'"),
    ):
        cast(Make, fw.with_options)(reads={})


def test_a_views_headers_are_its_own(httpx_mock: HTTPXMock) -> None:
    """Headers on the generated client of `with_options()` do not affect the original client."""
    httpx_mock.add_response(json=listing([]))
    with FinerWorks(**KEYS) as fw:
        fw.with_options(timeout=5).client.get_httpx_client().headers["X-Seller"] = "a"
        fw.invoices.page()
    assert "X-Seller" not in httpx_mock.get_requests()[0].headers


def test_with_options_shares_the_connections_and_leaves_the_rest(httpx_mock: HTTPXMock) -> None:
    """`with_options()` shares connections. Closing the new client closes nothing."""
    httpx_mock.add_response(json=listing([]), is_reusable=True)
    fw = FinerWorks(**KEYS, timeout=7)
    view = fw.with_options(timeout=3, max_retries=0, account_key="seller")
    view.invoices.page()
    view.close()
    fw.invoices.page()
    first, second = httpx_mock.get_requests()
    assert (first.extensions["timeout"]["connect"], asked(first)) == (
        3,
        {"per_page": 10, "page_number": 1, "account_key": "seller"},
    )
    assert (second.extensions["timeout"]["connect"], asked(second)) == (
        7,
        {"per_page": 10, "page_number": 1},
    )
    assert view.with_options().invoices.page().total_count == 0
    assert asked(httpx_mock.get_requests()[-1]) == asked(first)
    fw.close()
    fw.close()
    for closed in (fw, view):
        with pytest.raises(RuntimeError, match=r"client (is|has been) closed"):
            closed.invoices.page()


def test_the_steps_of_a_request_have_time_limits_of_their_own(
    caller: Caller, httpx_mock: HTTPXMock
) -> None:
    """An `httpx.Timeout` is used unchanged."""
    httpx_mock.add_response(json=listing([]))
    timeout = httpx.Timeout(20, connect=3, pool=7)
    caller.page(**KEYS, timeout=timeout)
    (sent,) = httpx_mock.get_requests()
    assert sent.extensions["timeout"] == {"connect": 3, "read": 20, "write": 20, "pool": 7}


def test_an_option_may_limit_the_steps_of_a_request(httpx_mock: HTTPXMock) -> None:
    """`with_options()` accepts an `httpx.Timeout`, too."""
    httpx_mock.add_response(json=listing([]))
    with FinerWorks(**KEYS) as fw:
        fw.with_options(timeout=httpx.Timeout(20, connect=3)).invoices.page()
    (sent,) = httpx_mock.get_requests()
    assert sent.extensions["timeout"] == {"connect": 3, "read": 20, "write": 20, "pool": 20}


def test_async_with_options_is_alike(httpx_mock: HTTPXMock) -> None:
    """`with_options()` of an async client shares and closes connections in the same way."""
    httpx_mock.add_response(json=listing([]), is_reusable=True)

    async def use() -> None:
        fw = AsyncFinerWorks(**KEYS)
        view = fw.with_options(timeout=3, account_key="seller")
        await view.invoices.page()
        await view.aclose()
        await fw.invoices.page()
        await fw.aclose()
        for closed in (fw, view):
            with pytest.raises(RuntimeError, match=r"client (is|has been) closed"):
                await closed.invoices.page()

    asyncio.run(use())
    first, second = httpx_mock.get_requests()
    assert (first.extensions["timeout"]["connect"], second.extensions["timeout"]["connect"]) == (
        3,
        30,
    )
    assert asked(first) == {"per_page": 10, "page_number": 1, "account_key": "seller"}


def test_the_defaults_are_those_of_the_documentation() -> None:
    """The defaults are 30 seconds, 2 retries, 32 MiB, and plain http only to this machine."""
    with HTTPClient(**KEYS) as client:
        assert client.config.timeout == httpx.Timeout(30)
        assert client.config.max_retries == 2
        assert client.config.max_body_bytes == 32 * 1024 * 1024
        assert client.config.allow_insecure_http is False


EVERY_SETTING: Settings = {
    "web_api_key": "another-web-key",
    "app_key": "another-app-key",
    "base_url": "http://gateway.test",
    "timeout": 7,
    "max_retries": 5,
    "max_body_bytes": 999,
    "allow_insecure_http": True,
}


def create_client(way: str) -> HTTPClient | AsyncHTTPClient:
    """Return the HTTP client of a client whose settings were passed in one of several ways."""
    match way:
        case "arguments":
            fw = FinerWorks(**EVERY_SETTING)
        case "next to a client":
            fw = FinerWorks(http_client=HTTPClient(**KEYS), **EVERY_SETTING)
        case "options":
            fw = FinerWorks(**KEYS).with_options(**EVERY_SETTING)
        case "async arguments":
            async_fw = AsyncFinerWorks(**EVERY_SETTING)
            return cast(AsyncHTTPClient, async_fw.client.get_async_httpx_client())
        case "async next to a client":
            async_fw = AsyncFinerWorks(http_client=AsyncHTTPClient(**KEYS), **EVERY_SETTING)
            return cast(AsyncHTTPClient, async_fw.client.get_async_httpx_client())
        case _:
            async_fw = AsyncFinerWorks(**KEYS).with_options(**EVERY_SETTING)
            return cast(AsyncHTTPClient, async_fw.client.get_async_httpx_client())
    return cast(HTTPClient, fw.client.get_httpx_client())


@pytest.mark.parametrize("kind", ["", "async "])
@pytest.mark.parametrize("way", ["arguments", "next to a client", "options"])
def test_each_setting_arrives(kind: str, way: str) -> None:
    """Each setting has an effect, in the constructor, with `http_client=`, and in `with_options()`."""
    config = create_client(kind + way).config
    assert config.credentials.web_api_key == "another-web-key"
    assert config.credentials.app_key == "another-app-key"
    assert str(config.base_url) == "http://gateway.test"
    assert config.timeout == httpx.Timeout(7)
    assert config.max_retries == 5
    assert config.max_body_bytes == 999
    assert config.allow_insecure_http


def test_a_view_has_what_was_set_on_the_http_client() -> None:
    """Authentication, parameters, headers and hooks of the caller's client apply to `with_options()`."""
    sent: list[httpx.Request] = []
    hooked: list[httpx.Request] = []

    async def hook(request: httpx.Request) -> None:
        hooked.append(request)

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=listing([]))

    def configure(client: httpx.Client | httpx.AsyncClient) -> None:
        client.auth = ("user", "password")
        client.params = {"seller": "a"}
        client.headers["X-Seller"] = "a"

    async def use() -> None:
        async with AsyncHTTPClient(**KEYS, transport=httpx.MockTransport(answer)) as client:
            configure(client)
            client.event_hooks = {"request": [hook]}
            await AsyncFinerWorks(http_client=client).with_options(timeout=3).invoices.page()

    with HTTPClient(**KEYS, transport=httpx.MockTransport(answer)) as client:
        configure(client)
        client.event_hooks = {"request": [hooked.append]}
        FinerWorks(http_client=client).with_options(timeout=3).invoices.page()
    asyncio.run(use())
    assert len(sent) == len(hooked) == 2
    for request in sent:
        assert request.headers["Authorization"].startswith("Basic ")
        assert request.url.params["seller"] == request.headers["X-Seller"] == "a"


def test_a_binding_with_the_wrong_model_is_an_error(httpx_mock: HTTPXMock) -> None:
    """An endpoint that declares the wrong response model raises an error."""
    httpx_mock.add_response(json=listing(rows("a")), is_reusable=True)
    wrong = dataclasses.replace(INVOICES, response=cast(type[InvoiceList], Invoice))
    with FinerWorks(**KEYS) as fw:
        resource = Resource(wrong, fw.client, Secret())
        with pytest.raises(ResponseValidationError, match="is a InvoiceList, not a listing"):
            resource.page()
        with pytest.raises(ResponseValidationError, match="is a InvoiceList, not a listing"):
            list(resource.list())


def test_an_http_client_of_the_callers_is_used_and_stays_theirs() -> None:
    """The caller's HTTP client sends with FinerWorks' keys, and is not closed."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=listing(rows("a")))

    with HTTPClient(transport=httpx.MockTransport(answer), timeout=9, max_retries=0) as http:
        for name in ("one", "two"):
            with FinerWorks(web_api_key=name, app_key="app", http_client=http) as fw:
                assert len(list(fw.invoices.list())) == 1
    assert [request.headers["web_api_key"] for request in sent] == ["one", "two"]
    assert sent[0].extensions["timeout"]["connect"] == 9


def test_refuses_a_client_of_another_kind() -> None:
    """A plain httpx client, or one of the other kind, is an error at once."""
    sync, other = cast(Make, FinerWorks), cast(Make, AsyncFinerWorks)
    with httpx.Client() as plain, HTTPClient() as http:
        with pytest.raises(
            TypeError, match=r"http_client= must be a finerworks.HTTPClient, not Client"
        ):
            sync(**KEYS, http_client=plain)
        with pytest.raises(
            TypeError, match=r"must be a finerworks.AsyncHTTPClient, not HTTPClient"
        ):
            other(**KEYS, http_client=http)


class Named(str, enum.Enum):  # noqa: UP042 - as many programs have it, whose str() is not the value
    """An enumeration of a program. Its names differ from its values."""

    SELLER = "seller-a"
    WEB = "the-web-key"
    APP = "the-app-key"


def test_an_enumeration_stands_for_its_value(httpx_mock: HTTPXMock) -> None:
    """A member of a `str` enumeration is sent as its value, not as its name."""
    httpx_mock.add_response(json=listing([]), is_reusable=True)
    with FinerWorks(web_api_key=Named.WEB, app_key=Named.APP) as fw:
        fw.invoices.page(account_key=Named.SELLER)
        fw.with_options(account_key=Named.SELLER).invoices.page()
    for request in httpx_mock.get_requests():
        assert asked(request) == {"per_page": 10, "page_number": 1, "account_key": "seller-a"}
        assert (request.headers["web_api_key"], request.headers["app_key"]) == (
            "the-web-key",
            "the-app-key",
        )


def test_a_view_of_a_view_ends_with_the_client(httpx_mock: HTTPXMock) -> None:
    """A client from `with_options()` of another one ends with the original client."""
    httpx_mock.add_response(json=listing([]))
    with FinerWorks(**KEYS) as fw:
        view = fw.with_options(timeout=5).with_options(timeout=4)
        assert view.invoices.page().total_count == 0
    with pytest.raises(RuntimeError, match=r"client (is|has been) closed"):
        view.invoices.page()


def test_a_blank_account_of_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A blank account in the environment is an error with the variable. An empty one is ignored."""
    monkeypatch.setenv("FINERWORKS_ACCOUNT_KEY", "  ")
    with pytest.raises(ValueError, match=r"account_key= .from FINERWORKS_ACCOUNT_KEY. is blank"):
        FinerWorks(**KEYS)
    monkeypatch.setenv("FINERWORKS_ACCOUNT_KEY", "")
    FinerWorks(**KEYS).close()


def test_leaving_a_view_leaves_the_connections(httpx_mock: HTTPXMock) -> None:
    """Leaving a `with` block of a client from `with_options()` keeps the connections open."""
    httpx_mock.add_response(json=listing([]), is_reusable=True)
    with HTTPClient(**KEYS) as http:
        with FinerWorks(http_client=http) as fw:
            with fw.with_options(timeout=3) as view:
                view.invoices.page()
            fw.invoices.page()
        http.post("/v3/list_invoices", json={})

    async def use() -> None:
        async with AsyncHTTPClient(**KEYS) as http:
            async with AsyncFinerWorks(http_client=http) as fw:
                async with fw.with_options(timeout=3) as view:
                    await view.invoices.page()
                await fw.invoices.page()
            await http.post("/v3/list_invoices", json={})

    asyncio.run(use())


def test_no_cookie_is_kept_and_a_view_has_the_callers_timeout(httpx_mock: HTTPXMock) -> None:
    """The server's cookies are not kept. Cookies and timeouts that the caller set are used."""
    httpx_mock.add_response(json=listing([]), headers={"Set-Cookie": "session=one"})
    httpx_mock.add_response(json=listing([]))
    with HTTPClient(**KEYS) as http:
        http.timeout = httpx.Timeout(3)
        http.post("/v3/list_invoices", json={})
        assert not http.cookies
        FinerWorks(web_api_key="two", app_key="app", http_client=http).invoices.page()
    sent = httpx_mock.get_requests()
    assert [request.headers.get("Cookie") for request in sent] == [None, None]
    assert [request.extensions["timeout"]["connect"] for request in sent] == [3, 3]


def test_a_view_keeps_what_the_environment_said_when_its_client_was_made(
    monkeypatch: pytest.MonkeyPatch, httpx_mock: HTTPXMock
) -> None:
    """Keys and host are read once, so later changes of the environment have no effect."""
    httpx_mock.add_response(json=listing([]), is_reusable=True)
    monkeypatch.setenv("FINERWORKS_BASE_URL", TEST)
    monkeypatch.setenv("FINERWORKS_WEB_API_KEY", "web-then")
    monkeypatch.setenv("FINERWORKS_APP_KEY", "app-then")
    with HTTPClient() as http:
        monkeypatch.setenv("FINERWORKS_BASE_URL", "https://other.test")
        monkeypatch.setenv("FINERWORKS_WEB_API_KEY", "web-now")
        fw = FinerWorks(http_client=http)
        monkeypatch.setenv("FINERWORKS_ACCOUNT_KEY", "another-seller")
        fw.with_options(timeout=3).with_options(timeout=4).invoices.page()
    (sent,) = httpx_mock.get_requests()
    assert "account_key" not in cast(dict[str, object], asked(sent))
    assert str(sent.url) == f"{TEST}/v3/list_invoices"
    assert (sent.headers["web_api_key"], sent.headers["app_key"]) == ("web-then", "app-then")


def test_operations_of_the_callers_own_can_be_known_to_read(
    httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation in READ_OPERATIONS is retried, and its response is checked."""
    payments = Operation("/v3/list_payments", "InvoiceList")
    monkeypatch.setitem(READ_OPERATIONS, payments.path, payments)
    httpx_mock.add_response(503)
    httpx_mock.add_response(json=listing([]))
    with FinerWorks(**KEYS) as fw:
        door = fw.client.get_httpx_client()
        assert door.post("/v3/list_payments", json={}).status_code == 200
        httpx_mock.add_response(json={"status": 1})
        with pytest.raises(ResponseValidationError):
            door.post("/v3/list_payments", json={})


def test_copies_of_the_generated_client_are_dead_ends(httpx_mock: HTTPXMock) -> None:
    """The generated `with_timeout()` raises an error that says what to use instead."""
    with FinerWorks(**KEYS) as fw:
        copy = fw.client.with_timeout(httpx.Timeout(5))
        with pytest.raises(RuntimeError, match=r"with_options\(\) for other settings"):
            list_invoices.sync(client=copy, body=InvoiceListRequest())
    assert not httpx_mock.get_requests()


def test_generated_functions_have_all_that_the_door_gives(httpx_mock: HTTPXMock) -> None:
    """A generated function sends the keys, and its response is checked."""
    httpx_mock.add_response(
        match_headers={"web_api_key": "the-web-api-key", "app_key": "the-app-key"},
        json=listing(rows("a")),
    )
    httpx_mock.add_response(json=listing([{"invoice_id": 7}]))
    body = InvoiceListRequest(per_page=1, page_number=1)
    with FinerWorks(**KEYS) as fw:
        answer = list_invoices.sync_detailed(client=fw.client, body=body)
        assert answer.status_code == 200
        assert json.loads(answer.content) == listing(rows("a"))
        assert isinstance(answer.parsed, InvoiceList)
        with pytest.raises(ResponseValidationError, match=r"invoices\[0\].invoice_id is not text"):
            list_invoices.sync(client=fw.client, body=body)


def test_the_generated_client_of_the_other_kind_is_a_dead_end() -> None:
    """A sync client's async functions raise an error that says what to use instead."""
    body = InvoiceListRequest()
    with (
        FinerWorks(**KEYS) as fw,
        pytest.raises(
            RuntimeError, match="sends no keys: use FinerWorks for sync and AsyncFinerWorks"
        ),
    ):
        asyncio.run(list_invoices.asyncio(client=fw.client, body=body))

    async def use() -> None:
        async with AsyncFinerWorks(**KEYS) as fw:
            with pytest.raises(RuntimeError, match="sends no keys: use FinerWorks for sync"):
                list_invoices.sync(client=fw.client, body=body)

    asyncio.run(use())


@pytest.mark.parametrize(
    "url",
    [
        "/v3/list_invoices",
        "v3/list_invoices",
        "/v3/list_invoices?page=1",
        "/a b/%zz",
        "/",
        "",
        "?page=1",
        "//other.test/v3/list_invoices",
        "https://other.test/v3/list_invoices",
    ],
)
@pytest.mark.parametrize("base_url", ["https://gateway.test", "https://gateway.test:8443"])
def test_a_url_is_what_httpx_makes_of_it(base_url: str, url: str) -> None:
    """A path is parsed once, and gives the same URL as in httpx."""
    with HTTPClient(**KEYS, base_url=base_url) as client, httpx.Client(base_url=base_url) as plain:
        expected = plain.build_request("POST", url).url
        assert client.build_request("POST", url).url == expected
        assert client.build_request("POST", url).url == expected
        asynchronous = AsyncHTTPClient(**KEYS, base_url=base_url)
        assert asynchronous.build_request("POST", url).url == expected


def test_a_door_of_its_own_is_an_httpx_client(httpx_mock: HTTPXMock) -> None:
    """HTTPClient and AsyncHTTPClient work wherever httpx's clients do."""
    httpx_mock.add_response(json={"any": "thing"}, is_reusable=True)
    with HTTPClient(**KEYS) as http:
        assert isinstance(http, httpx.Client)
        assert http.post("/v3/list_payments", json={}).json() == {"any": "thing"}

    async def use() -> None:
        async with AsyncHTTPClient(**KEYS) as http:
            assert isinstance(http, httpx.AsyncClient)
            assert (await http.post("/v3/list_payments", json={})).json() == {"any": "thing"}

    asyncio.run(use())
