"""The HTTP clients: keys, redirects, limits, and a typed error for every response."""

import asyncio
import copy
import gc
import gzip
import logging
import math
import pickle
import random
import re
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

import httpx
import pytest
from pytest_httpx import HTTPXMock, IteratorStream

from answers import REFUSED_KEYS, STATUS, URL, listing, rows
from callers import KEYS, Caller
from finerworks import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncFinerWorks,
    AsyncHTTPClient,
    AuthenticationError,
    BadRequestError,
    CredentialsError,
    FinerWorksError,
    HTTPClient,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RedirectError,
    RequestRejectedError,
    ResponseValidationError,
    ServerError,
    errors,
)
from finerworks.deadline import create_deadline
from wire import Wire, http


@pytest.mark.parametrize(
    ("url", "keyed"),
    [
        ("https://v2.api.finerworks.com/other", True),
        ("https://v2.api.finerworks.com:443/other", True),
        ("https://v2.api.finerworks.com:8443/other", False),
        ("http://v2.api.finerworks.com/other", False),
        ("https://v2.api.finerworks.com.other.test/", False),
        ("https://v2.api.finerworks.com@other.test/", False),
        ("https://other.test/", False),
    ],
)
def test_keys_go_to_their_own_origin_alone(
    caller: Caller, httpx_mock: HTTPXMock, url: str, keyed: bool
) -> None:
    """Both keys are sent only to the client's own origin."""
    httpx_mock.add_response(json={})
    caller.send(httpx.Request("POST", url, json={}), **KEYS)
    (sent,) = httpx_mock.get_requests()
    assert [sent.headers.get(name) for name in ("web_api_key", "app_key")] == (
        ["the-web-api-key", "the-app-key"] if keyed else [None, None]
    )


def test_the_callers_request_never_has_the_keys(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """Keys are added to a copy, so neither the request nor `response.request` shows them."""
    httpx_mock.add_response(json=listing([]))
    request = httpx.Request("POST", URL, json={})
    answer = caller.send(request, **KEYS)
    assert "app_key" not in request.headers
    assert "app_key" not in answer.request.headers
    assert "app_key" in httpx_mock.get_requests()[0].headers


def test_a_door_without_keys_sends_nothing(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """A client may be created without keys, but a request to its origin fails."""
    with pytest.raises(errors.CredentialsError, match="missing web_api_key="):
        caller.send(httpx.Request("POST", URL, json={}))
    assert not httpx_mock.get_requests()


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://other.test/steal?a=b", "https://other.test"),
        ("//other.test/steal", "https://other.test"),
        ("https://user:pass@other.test/", "https://other.test"),
        ("/v4/list_invoices", "https://v2.api.finerworks.com"),
        ("http://v2.api.finerworks.com/", "http://v2.api.finerworks.com"),
    ],
)
def test_no_redirect_is_followed(
    caller: Caller, httpx_mock: HTTPXMock, status: int, location: str, target: str
) -> None:
    """A 3xx response is an error that names the target, and nothing is sent there."""
    httpx_mock.add_response(status, headers={"Location": location})
    with pytest.raises(RedirectError, match=f"a redirect to {target}\\.") as caught:
        caller.page(**KEYS)
    assert caught.value.status_code == status
    assert len(httpx_mock.get_requests()) == 1


def test_a_caller_cannot_turn_redirects_on(httpx_mock: HTTPXMock) -> None:
    """`follow_redirects` has no effect, on a request or on the client."""
    httpx_mock.add_response(302, headers={"Location": "https://other.test/"}, is_reusable=True)
    with HTTPClient(**KEYS) as http:
        http.follow_redirects = True
        with pytest.raises(RedirectError):
            http.post("/v3/list_invoices", json={}, follow_redirects=True)
    assert len(httpx_mock.get_requests()) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (402, APIStatusError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, APIStatusError),
        (429, RateLimitError),
        (499, APIStatusError),
        (500, ServerError),
        (520, ServerError),
        (599, ServerError),
        (600, APIStatusError),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b"[]",
        b'"text"',
        b'{"status": 7, "ModelState": 7, "Message": null}',
        b"<html>Bad gateway</html>",
        b"\xff\xfe\x00",
        "é".encode("latin-1"),
        b'\xef\xbb\xbf{"message": "with a BOM"}',
        b"[" * 100_000,
    ],
)
def test_every_status_is_its_error_with_any_body(
    caller: Caller, httpx_mock: HTTPXMock, status: int, kind: type[APIStatusError], body: bytes
) -> None:
    """Each status that is not 2xx raises its typed error, with any body."""
    httpx_mock.add_response(status, content=body)
    with pytest.raises(kind) as caught:
        caller.page(**KEYS, max_retries=0)
    assert type(caught.value) is kind
    assert caught.value.status_code == status
    assert (caught.value.method, caught.value.path) == ("POST", "/v3/list_invoices")
    assert f"HTTP {status}: " in str(caught.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"Message": "The request is invalid."}, "HTTP 400: The request is invalid."),
        ({"message": "no"}, "HTTP 400: no."),
        ({"status": {"message": "no", "reference_id": "r-7"}}, "FinerWorks' reference: r-7."),
        (
            {"Message": "Invalid.", "ModelState": {"request.per_page": ["too", "large"]}},
            "HTTP 400: Invalid. request.per_page: too, large.",
        ),
        ("<html>\n  Not   so </html>", "HTTP 400: <html> Not so </html>."),
        ('\ufeff{"message": "with a BOM"}', "HTTP 400: with a BOM."),
        ("", "HTTP 400: without a body."),
    ],
)
def test_an_error_says_what_the_server_said(
    caller: Caller, httpx_mock: HTTPXMock, body: object, said: str
) -> None:
    """The server's message is found in every shape."""
    if isinstance(body, str):
        httpx_mock.add_response(400, text=body)
    else:
        httpx_mock.add_response(400, json=body)
    with pytest.raises(BadRequestError) as caught:
        caller.page(**KEYS)
    assert said in str(caught.value)


def test_refused_keys_are_an_authentication_error(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """FinerWorks' 400 for wrong keys is an AuthenticationError that says what to check."""
    httpx_mock.add_response(400, json=REFUSED_KEYS)
    with pytest.raises(AuthenticationError) as caught:
        caller.page(**KEYS)
    assert str(caught.value) == (
        "the keys were refused: HTTP 400: The request is invalid. "
        "ApiC.Models.authorization_credentials: Missing or unauthorized api credentials. "
        "FinerWorks does not say which of the two keys it refuses. "
        "Check that web_api_key= (FINERWORKS_WEB_API_KEY) and app_key= (FINERWORKS_APP_KEY) "
        "are both for https://v2.api.finerworks.com. "
        "Request: POST /v3/list_invoices, attempt 1."
    )


@pytest.mark.parametrize(
    ("web_api_key", "app_key", "seen"),
    [
        ("canary-1", "canary-1", "Both keys are equal."),
        ('"canary-1"', "canary-2", "The web_api_key begins and ends with a quotation mark."),
        ("canary-1", "'canary-2'", "The app_key begins and ends with a quotation mark."),
        ("`canary-1`", "canary-2", "The web_api_key begins and ends with a quotation mark."),
        ("canary-1", '"canary-2', ""),
        ("canary-1", '"', ""),
    ],
)
def test_an_error_says_what_can_be_seen_of_refused_keys(
    caller: Caller, httpx_mock: HTTPXMock, web_api_key: str, app_key: str, seen: str
) -> None:
    """Without any part of them; also in a copy."""
    httpx_mock.add_response(401)
    with pytest.raises(AuthenticationError) as caught:
        caller.page(web_api_key=web_api_key, app_key=app_key)
    sentences = f"FinerWorks does not say which of the two keys it refuses. {seen}".rstrip()
    for error in (caught.value, copy.copy(caught.value)):
        assert error.diagnosis == sentences
        assert f"{sentences} Check that web_api_key=" in str(error)
        assert "canary" not in repr(vars(error)) + str(error)


def test_a_host_that_gets_no_keys_does_not_refuse_them(
    caller: Caller, httpx_mock: HTTPXMock
) -> None:
    """It is another one than that of base_url=."""
    httpx_mock.add_response(401)
    with pytest.raises(AuthenticationError) as caught:
        caller.send(httpx.Request("POST", "https://other.test/", json={}), **KEYS)
    assert str(caught.value) == (
        "HTTP 401: without a body. No keys were sent to this host. "
        "They are only for the host of base_url=. Request: POST /, attempt 1."
    )


def test_only_a_400_refuses_keys_by_its_entry(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """The same body with another status is the error of that status."""
    httpx_mock.add_response(500, json=REFUSED_KEYS)
    with pytest.raises(ServerError):
        caller.page(**KEYS, max_retries=0)


def test_a_rejection_is_bounded(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """The server's message with HTTP 200 is truncated like other messages."""
    httpx_mock.add_response(
        json={"status": STATUS | {"success": False, "message": "long " * 1_000_000}}
    )
    with pytest.raises(RequestRejectedError) as caught:
        caller.page(**KEYS)
    assert len(str(caught.value)) < 700


def test_an_error_is_bounded(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """An error keeps at most a line of the body in its message, and 2,000 characters in `body`."""
    httpx_mock.add_response(500, text="long" * 1_000_000)
    with pytest.raises(ServerError) as caught:
        caller.page(**KEYS, max_retries=0)
    assert len(str(caught.value)) < 700
    assert len(caught.value.message) == 500
    assert caught.value.message.endswith("…")
    assert len(caught.value.body) == 2_000


def test_an_error_shows_no_key_that_the_server_echoed(
    caller: Caller, httpx_mock: HTTPXMock
) -> None:
    """Keys that the server echoes on a debug page are not in the error."""
    httpx_mock.add_response(500, text="web_api_key: the-web-api-key\napp_key: the-app-key")
    with pytest.raises(ServerError) as caught:
        caller.page(**KEYS, max_retries=0)
    assert "web_api_key: [key] app_key: [key]" in str(caught.value)
    shown = repr(vars(caught.value)) + repr(caught.value) + str(pickle.dumps(caught.value))
    assert "the-web-api-key" not in shown
    assert "the-app-key" not in shown


@pytest.mark.parametrize("success", [False, True])
def test_a_key_is_redacted_before_a_message_is_cut(
    caller: Caller, httpx_mock: HTTPXMock, success: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """No part of a key is left at the end of a truncated message, or in a log."""
    caplog.set_level(logging.DEBUG)
    echo = "x" * (errors.MAX_MESSAGE - 60) + "the-web-api-key" * 20
    status = STATUS | {"success": success, "message": echo, "reference_id": "the-app-key"}
    httpx_mock.add_response(200 if not success else 500, json={"status": status})
    with pytest.raises(FinerWorksError) as caught:
        caller.page(**KEYS, max_retries=0)
    assert "[key]" in caught.value.message
    assert caught.value.reference_id == "[key]"
    shown = str(vars(caught.value)) + "".join(record.getMessage() for record in caplog.records)
    for part in ("the-web", "-api-key", "the-app"):
        assert part not in shown


def test_a_key_that_begins_another_hides_none_of_it(httpx_mock: HTTPXMock) -> None:
    """If one key begins with the other, the longer one is removed first."""
    httpx_mock.add_response(400, text="bad COMPANY-SECRET-77")
    with (
        HTTPClient(web_api_key="COMPANY", app_key="COMPANY-SECRET-77") as http,
        pytest.raises(BadRequestError, match=r"bad \[key\]\."),
    ):
        http.post("/v3/list_invoices", json={})


@pytest.mark.parametrize(
    "echo",
    [
        r"a\key\\with-backslashes",
        r"a\\key\\\\with-backslashes",
        r"a\u005ckey\u005C\u005cwith-backslashes",
        r"a\\x5ckey\\x5C\\x5cwith-backslashes",
        r"a%5Ckey%5c%5Cwith-backslashes",
        r"a%255Ckey%255C%255Cwith-backslashes",
        r"a&#92;key&#x5C;&bsol;with-backslashes",
    ],
    ids=["as it is", "doubled", "JSON", "JavaScript", "URL", "URL in a URL", "HTML"],
)
def test_a_key_with_backslashes_is_redacted(httpx_mock: HTTPXMock, echo: str) -> None:
    """A key with backslashes is removed, whether they are doubled or escaped as in JSON, a URL or HTML."""
    httpx_mock.add_response(400, text=f"bad {echo} key")
    with (
        HTTPClient(web_api_key=r"a\key\\with-backslashes", app_key="the-app-key") as http,
        pytest.raises(BadRequestError, match=r"bad \[key\] key\."),
    ):
        http.post("/v3/list_invoices", json={})


@pytest.mark.parametrize("echo", ["\\", r"\u005c", r"\\x5c", "%5C"])
def test_many_backslashes_take_no_time(httpx_mock: HTTPXMock, echo: str) -> None:
    """Many backslashes in an error take no time, even if a key begins with one."""
    many = echo * (45_000 // len(echo))
    httpx_mock.add_response(400, text=f"{many}a-secret-key{many}")
    with (
        HTTPClient(web_api_key=r"\a-secret-key", app_key="the-app-key") as http,
        pytest.raises(BadRequestError) as caught,
    ):
        http.post("/v3/list_invoices", json={})
    assert "a-secret-key" not in caught.value.body
    assert caught.value.body.startswith("[key]")


@pytest.mark.parametrize("success", [200, 201, 299])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"NaN", b'{"a": Infinity}', b"[" * 100_000, b"\xff"]
)
def test_a_success_that_is_not_json_is_an_error_and_tried_again(
    caller: Caller, httpx_mock: HTTPXMock, success: int, body: bytes
) -> None:
    """A 2xx response with a damaged body is retried, and then an error."""
    httpx_mock.add_response(success, content=body, is_reusable=True)
    with pytest.raises(ResponseValidationError) as caught:
        caller.page(**KEYS, max_retries=1)
    assert caught.value.field is None
    again = success == 200  # another status violates the contract, which no retry corrects
    assert len(httpx_mock.get_requests()) == 1 + again


BROKEN_ROWS: list[tuple[str, object]] = [
    ("invoice_id", 7),
    ("invoice_id", None),
    ("amount_due", "19.99"),
    ("amount_due", None),
    ("amount_due", True),
    ("due_date", 20260315),
    ("due_date", "15/03/2026"),
    ("due_date", ""),
    ("due_date", "2026-03-15-06:00"),  # Python would read six o'clock
    ("due_date", "2026-03-15"),
    ("due_date", "2026-W11"),
    ("due_date", "2026-02-30T00:00:00Z"),
    ("invoice_month", []),
    ("invoice_date", {}),
]

BROKEN: list[tuple[object, str | None]] = [
    ([], None),
    (None, None),
    ("text", None),
    ({}, "status"),
    ({"status": None}, "status"),
    ({"status": {"success": "yes", "status_code": 200}}, "status.success"),
    ({"status": {"success": True}}, "status.status_code"),
    ({"status": {**STATUS, "status_code": "200"}}, "status.status_code"),
    ({"status": {**STATUS, "reference_id": 7}}, "status.reference_id"),
    ({"status": {**STATUS, "debug": []}}, "status.debug"),
    ({"status": STATUS}, "invoices"),
    (listing([]) | {"invoices": {}}, "invoices"),
    (listing([]) | {"invoices": [7]}, "invoices[0]"),
    (listing([]) | {"total_count": "0"}, "total_count"),
    (listing([]) | {"total_count": True}, "total_count"),
    (listing([]) | {"total_count": 1.5}, "total_count"),
    *[
        (listing([*rows("a", "b", "c"), {**rows("d")[0], field: value}]), f"invoices[3].{field}")
        for field, value in BROKEN_ROWS
    ],
]


@pytest.mark.parametrize(("change", "field"), BROKEN)
def test_an_answer_that_breaks_the_contract_names_the_field(
    caller: Caller, httpx_mock: HTTPXMock, change: object, field: str | None
) -> None:
    """A missing or invalid field is named by its path, and its value is not quoted."""
    httpx_mock.add_response(json=change) if change is not None else httpx_mock.add_response(
        content=b"null"
    )
    with pytest.raises(ResponseValidationError) as caught:
        caller.page(**KEYS)
    assert caught.value.field == field
    assert f"breaks the contract: {field or 'it'} is" in str(caught.value)
    assert "15/03/2026" not in str(caught.value)


@pytest.mark.parametrize(
    ("amount", "valid"),
    [
        ("1e400", True),
        ("1e401", False),
        ("-1e401", False),
        ("9" * 400, True),
        ("-" + "9" * 400, True),
        ("1" + "0" * 400, False),
        ("-1" + "0" * 400, False),
    ],
)
def test_an_amount_has_the_size_that_one_may_have(
    caller: Caller, httpx_mock: HTTPXMock, amount: str, *, valid: bool
) -> None:
    """A number with an exponent above 400, or with more than 400 written digits, is not an amount.

    This is the same on either side of zero.
    """
    text = httpx.Response(200, json=listing(rows("a"))).text.replace("19.99", amount)
    httpx_mock.add_response(text=text)
    if valid:
        (invoice,) = caller.page(**KEYS).invoices or []
        assert invoice.amount_due == Decimal(amount)
    else:
        with pytest.raises(ResponseValidationError, match=r"amount_due is not a finite number"):
            caller.page(**KEYS)


def test_an_error_lists_every_invalid_field_and_shows_the_beginning_of_the_body(
    caller: Caller, httpx_mock: HTTPXMock
) -> None:
    """An error lists every invalid field, and contains the beginning of the body."""
    broken = [
        {**rows("a")[0], "amount_due": "19.99", "due_date": "soon"},
        {**rows("b")[0], "invoice_id": None},
    ]
    body = listing(broken) | {"total_count": "2", "note": "the-web-api-key"}
    httpx_mock.add_response(json=body)
    with pytest.raises(ResponseValidationError) as caught:
        caller.page(**KEYS)
    error = caught.value
    assert error.invalid_fields == (
        ("invoices[0].amount_due", "is not a finite number"),
        ("invoices[0].due_date", "is not a date and time in ISO 8601"),
        ("invoices[1].invoice_id", "is not text"),
        ("total_count", "is not an integer"),
    )
    assert error.field == "invoices[0].amount_due"
    assert "invoices[1].invoice_id is not text; total_count is not an integer" in str(error)
    assert error.body.startswith('{"status":')
    assert "[key]" in error.body
    assert "the-web-api-key" not in error.body


def test_an_error_lists_at_most_twenty_invalid_fields(
    caller: Caller, httpx_mock: HTTPXMock
) -> None:
    """An error lists at most 20 invalid fields."""
    broken = [{**row, "amount_due": None, "due_date": ""} for row in rows(*range(25))]
    httpx_mock.add_response(json=listing(broken))
    with pytest.raises(ResponseValidationError) as caught:
        caller.page(**KEYS)
    assert len(caught.value.invalid_fields) == 20
    assert len(caught.value.body) <= errors.MAX_BODY


# Garbage collection closes the connections of a loop that has ended, with a warning.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_async_client_works_in_one_event_loop_after_another() -> None:
    """An async client opens new connections in each event loop."""
    with Wire() as wire:
        fw = AsyncFinerWorks(**KEYS, base_url=wire.url)

        async def count() -> int:
            return len([invoice async for invoice in fw.invoices.list()])

        async def count_and_close() -> int:
            async with fw:
                return await count()

        assert (asyncio.run(count()), asyncio.run(count_and_close())) == (60, 60)
        gc.collect()


@pytest.mark.parametrize(
    "literal", ["19.90", "12345678901234567.89", "0.1234567890123456789", "1E+300", "-0.00", "1000"]
)
def test_an_amount_has_the_digits_that_the_server_wrote(
    caller: Caller, httpx_mock: HTTPXMock, literal: str
) -> None:
    """An amount keeps every digit, including trailing zeros and those that no float can hold."""
    text = httpx.Response(200, json=listing(rows("a"))).text.replace("19.99", literal)
    httpx_mock.add_response(text=text)
    page = caller.page(**KEYS)
    assert page.invoices is not None
    assert str(page.invoices[0].amount_due) == literal


@pytest.mark.parametrize(
    "literal",
    [
        "1e999",
        "-1e999",
        "1e-999",
        "1e999999999999",
        "1e9999999999999999999",
        "9" * 401,
        "0." + "1" * 400,
    ],
)
def test_an_amount_of_no_plausible_size_is_an_error(
    caller: Caller, httpx_mock: HTTPXMock, literal: str
) -> None:
    """A number with a huge exponent is rejected before it can fill the memory."""
    text = httpx.Response(200, json=listing(rows("a"))).text.replace("19.99", literal)
    httpx_mock.add_response(text=text)
    with pytest.raises(
        ResponseValidationError, match=r"invoices\[0\].amount_due is not a finite number"
    ):
        caller.page(**KEYS)


def test_what_the_contract_allows_is_handed_on(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """Nulls, .NET's empty date, dates without an offset, new fields and integers are valid."""
    row = rows("a")[0] | {"due_date": "0001-01-01T00:00:00", "invoice_date": None, "new": [1]}
    httpx_mock.add_response(json=listing([row | {"amount_due": 1000}]) | {"total_count": None})
    page = caller.page(**KEYS)
    assert page.invoices is not None
    (invoice,) = page.invoices
    assert invoice.due_date is not None
    assert (invoice.due_date.year, invoice.due_date.tzinfo) == (1, None)
    assert invoice.amount_due == Decimal(1000)
    assert invoice.invoice_date is None
    assert invoice.additional_properties == {"new": [1]}


def test_an_empty_account_may_be_null_or_empty(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """A null list and an empty list are both an empty listing."""
    httpx_mock.add_response(json=listing(None))
    httpx_mock.add_response(json=listing([]))
    assert caller.invoices(**KEYS) == caller.invoices(**KEYS) == []


@pytest.mark.parametrize("page", [1, 2])
def test_success_false_is_an_error_on_any_page(
    caller: Caller, httpx_mock: HTTPXMock, page: int
) -> None:
    """HTTP 200 with `success: false` raises an error with the server's message, on any page."""
    if page == 2:
        httpx_mock.add_response(json=listing(rows(*range(25)), 30))
    status = STATUS | {"success": False, "message": "Being updated", "reference_id": "r-9"}
    httpx_mock.add_response(json={"status": status, "invoices": None, "total_count": 0})
    with pytest.raises(RequestRejectedError, match="rejected the request: Being updated") as caught:
        caller.invoices(**KEYS)
    assert caught.value.reference_id == "r-9"


def test_an_answer_larger_than_allowed_is_an_error(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """Reading stops at `max_body_bytes`, and the error names the setting."""
    httpx_mock.add_response(json=listing(rows(*range(25))))
    with pytest.raises(ResponseValidationError, match="larger than max_body_bytes=1,000"):
        caller.page(**KEYS, max_body_bytes=1_000)


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_may_be_as_large_as_allowed_to_the_byte(caller: Caller, *, packed: bool) -> None:
    """A body of `max_body_bytes` is read. One byte more is an error, compressed or not."""
    content = httpx.Response(200, json=listing(rows(*range(10)))).content
    body = gzip.compress(content) if packed else content
    headers = ["Content-Encoding: gzip"] if packed else []
    with Wire(lambda exchange: exchange.send(http(body, 200, *headers))) as wire:
        page = caller.page(**KEYS, base_url=wire.url, max_body_bytes=len(content))
        (error,) = caller.refusals(1, **KEYS, base_url=wire.url, max_body_bytes=len(content) - 1)
    assert len(page.invoices or []) == 10
    assert "larger than max_body_bytes" in str(error)


@pytest.mark.parametrize("kind", ["plain", "bomb", "packed noise"])
def test_a_stream_larger_than_allowed_is_not_read_on(kind: str) -> None:
    """No more than the limit is read or decompressed, also of a decompression bomb."""
    noise = random.Random(1).randbytes(500_000)
    bodies = {
        "plain": b" " * 500_000,
        "bomb": gzip.compress(b" " * 50_000_000),  # compressed, it is small
        "packed noise": gzip.compress(
            noise
        ),  # compressed, it is large, and cut off before it can be decompressed
    }
    bomb, packed = bodies[kind], kind != "plain"
    sent: list[int] = []

    class Body(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for start in range(0, len(bomb), 1_000):
                sent.append(start)
                yield bomb[start : start + 1_000]

    def answer(_: httpx.Request) -> httpx.Response:
        headers = {"Content-Encoding": "gzip"} if packed else {}
        return httpx.Response(200, headers=headers, stream=Body())

    with (
        HTTPClient(**KEYS, transport=httpx.MockTransport(answer), max_body_bytes=100_000) as http,
        pytest.raises(ResponseValidationError, match="larger than max_body_bytes=100,000"),
    ):
        http.post("/v3/list_invoices", json={})
    assert len(sent) <= 102


def test_an_answer_that_unpacks_to_little_may_not_be_large_as_it_comes(caller: Caller) -> None:
    """The limit applies to the compressed body as well."""
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    padding = b"".join(
        packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(30_000)
    )
    packed = packer.compress(httpx.Response(200, json=listing(rows("a"))).content)
    body = padding[:150_000] + packed + packer.flush()
    assert len(zlib.decompress(body, wbits=zlib.MAX_WBITS | 16)) < 1_000
    with Wire(lambda exchange: exchange.send(http(body, 200, "Content-Encoding: gzip"))) as wire:
        (error,) = caller.refusals(1, **KEYS, base_url=wire.url, max_body_bytes=100_000)
    assert "larger than max_body_bytes=100,000" in str(error)
    assert len(wire.exchanges) == 1


def test_a_mocks_answer_may_be_packed() -> None:
    """A mock's body, which httpx has decompressed, is not decompressed again."""
    packed = gzip.compress(httpx.Response(200, json=listing(rows("a"))).content)

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=packed)

    with HTTPClient(**KEYS, transport=httpx.MockTransport(answer)) as http:
        assert http.post("/v3/list_invoices", json={}).json()["total_count"] == 1


@pytest.mark.parametrize("damage", [None, "inside", "cut", "changed and cut", "more behind"])
def test_gzip_is_unpacked(caller: Caller, httpx_mock: HTTPXMock, damage: str | None) -> None:
    """A gzip response is decompressed, and a damaged one is an error."""
    packed = gzip.compress(httpx.Response(200, json=listing(rows("a"))).content, 0)
    packed = {
        "inside": packed[:10] + b"\x00\xff" + packed[12:],
        "cut": packed[:-8],  # its checksum
        "changed and cut": packed.replace(b"19.99", b"91.99")[:-8],
        "more behind": packed + gzip.compress(b"more"),
    }.get(damage or "", packed)

    def answer(_: httpx.Request) -> httpx.Response:
        stream = IteratorStream([packed[:20], packed[20:]])
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=stream)

    httpx_mock.add_callback(answer, is_reusable=True)
    if damage:
        with pytest.raises(ResponseValidationError, match="not JSON"):
            caller.page(**KEYS)
    else:
        assert caller.page(**KEYS).total_count == 1
        assert httpx_mock.get_requests()[0].headers["Accept-Encoding"] == "gzip"


def test_a_trace_of_the_callers_own_is_called() -> None:
    """The caller's own `trace` extension of httpcore is called."""
    seen: list[str] = []

    def trace(name: str, _: object) -> None:
        seen.append(name)

    with Wire() as wire, HTTPClient(**KEYS, base_url=wire.url) as door:
        asked = {"page_number": 1, "per_page": 1}
        assert door.post("/v3/list_invoices", json=asked, extensions={"trace": trace}).is_success
    assert "connection.connect_tcp.started" in seen


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (httpx.ConnectError("refused"), APIConnectionError),
        (httpx.ConnectTimeout("slow"), APITimeoutError),
        (httpx.PoolTimeout("full"), APITimeoutError),
        (httpx.ProxyError("502 Bad Gateway"), APIConnectionError),
        (httpx.ReadError("reset"), APIConnectionError),
        (httpx.ReadTimeout("slow"), APITimeoutError),
        (httpx.WriteError("pipe"), APIConnectionError),
        (httpx.RemoteProtocolError("cut off"), APIConnectionError),
    ],
)
def test_a_failure_of_the_transport_is_typed(
    caller: Caller, httpx_mock: HTTPXMock, raised: Exception, kind: type[APIConnectionError]
) -> None:
    """Each transport failure is a typed error that does not refer to httpx's, which has the headers."""
    httpx_mock.add_exception(raised, is_reusable=True)
    with pytest.raises(
        kind, match=f"https://v2.api.finerworks.com: {type(raised).__name__}"
    ) as got:
        caller.page(**KEYS)
    error = got.value
    assert type(error) is kind
    assert error.attempts == 3
    while error is not None:
        assert not isinstance(error, httpx.HTTPError)
        assert not hasattr(error, "request")
        error = error.__cause__ or error.__context__  # type: ignore[assignment] # any of them


def test_a_bad_certificate_is_not_tried_again(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """A certificate that cannot be verified is not retried."""
    told = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"
    httpx_mock.add_exception(httpx.ConnectError(told))
    with pytest.raises(APIConnectionError, match="certificate verify failed"):
        caller.page(**KEYS)
    assert len(httpx_mock.get_requests()) == 1


class Drip(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that never ends."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b" "

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b" "


def test_an_attempt_that_takes_too_long_ends(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """An attempt whose body never ends is stopped at the time limit."""
    httpx_mock.add_callback(lambda _: httpx.Response(200, stream=Drip()))
    with pytest.raises(APITimeoutError, match="ReadTimeout: the response was not complete in time"):
        caller.page(**KEYS, timeout=0.05, max_retries=0)


@pytest.mark.parametrize(
    ("timeout", "bound"),
    [
        (5, 5),
        (httpx.Timeout(5), 5),
        (httpx.Timeout(5, read=20), 20),
        (httpx.Timeout(5, read=None), math.inf),
        (httpx.Timeout(None), math.inf),
    ],
)
def test_the_longest_part_bounds_the_whole(timeout: float | httpx.Timeout, bound: float) -> None:
    """One number limits the attempt. Of several limits, the longest does. None means no limit."""
    assert create_deadline(httpx.Timeout(timeout).as_dict()).seconds == bound


def test_a_timeout_of_the_callers_own_passes_through(httpx_mock: HTTPXMock) -> None:
    """A TimeoutError of an event hook is not reported as the request's."""
    httpx_mock.add_response(json={})

    async def hook(_: httpx.Request) -> None:
        raise TimeoutError("the hook's own")

    async def use() -> None:
        async with AsyncHTTPClient(**KEYS) as http:
            http.event_hooks = {"request": [hook]}
            with pytest.raises(TimeoutError, match="the hook's own"):
                await http.post("/", json={})
            http.event_hooks = {}
            await http.post("/", json={})

    asyncio.run(use())


def test_each_attempt_has_the_whole_time(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """A slow response does not reduce the time of the next attempt, or of the caller's request."""

    def slow(_: httpx.Request) -> httpx.Response:
        time.sleep(0.2)
        return httpx.Response(503)

    seen: list[float] = []

    def good(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, json=listing([]))

    httpx_mock.add_callback(slow)
    httpx_mock.add_callback(good)
    timeouts = httpx.Timeout(30).as_dict()
    request = httpx.Request("POST", URL, json={}, extensions={"timeout": timeouts})
    caller.send(request, **KEYS)
    assert seen == [30]
    assert timeouts == httpx.Timeout(30).as_dict()


EVERY_ERROR = [
    errors.RateLimitError("m", status_code=429, body="b", reference_id="r", retry_after=7.0),
    errors.APITimeoutError("m"),
    errors.ResponseValidationError(
        "m", invalid_fields=(errors.InvalidField("f", "is bad"),), body="b", reference_id="r"
    ),
    errors.RequestRejectedError("m", reference_id="r"),
    errors.CredentialsError("m"),
    errors.ListingChangedError("m"),
]


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
def test_errors_can_be_pickled_and_copied(error: FinerWorksError) -> None:
    """A pickled or copied error is complete."""
    error.attempts, error.method, error.path = 2, "POST", "/p"
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301 - our own bytes
        assert type(other) is type(error)
        assert vars(other) == vars(error)
        assert str(other) == str(error)


def test_an_error_before_any_request_names_none() -> None:
    """An error before any request has no method, no path and 0 attempts, and can be pickled."""
    with pytest.raises(CredentialsError) as caught:
        HTTPClient(web_api_key="two words", app_key="the-app-key")
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):  # noqa: S301 - our own bytes
        assert error.method is None
        assert error.path is None
        assert error.attempts == 0
        assert str(error).startswith("web_api_key= ")


def test_the_url_of_a_request_may_be_one_of_httpx(httpx_mock: HTTPXMock) -> None:
    """An `httpx.URL` is accepted wherever a path is accepted as text."""
    httpx_mock.add_response(url=URL, json=listing([]), is_reusable=True)

    async def post() -> httpx.Response:
        async with AsyncHTTPClient(**KEYS) as http:
            return await http.post(httpx.URL("/v3/list_invoices"), json={})

    with HTTPClient(**KEYS) as http:
        assert http.post(httpx.URL("/v3/list_invoices"), json={}).json() == listing([])
    assert asyncio.run(post()).json() == listing([])


def test_logs_each_attempt_without_keys(
    caller: Caller, httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture
) -> None:
    """Each attempt is a line with method, path, status, number, reference ID and next step, but no key."""
    caplog.set_level(logging.DEBUG)
    httpx_mock.add_exception(httpx.ConnectError("refused"))
    httpx_mock.add_response(json=listing(rows("a")))
    caller.page(**KEYS)
    ours = [record for record in caplog.records if record.name == "finerworks"]
    lines = [record.getMessage() for record in ours]
    assert [re.sub(r" in \d+\.\d{3} s,", ",", line) for line in lines] == [
        "POST /v3/list_invoices: APIConnectionError, attempt 1, reference_id None, again in 0.0 s",
        "POST /v3/list_invoices: 200, attempt 2, reference_id ref-1",
    ]
    assert [record.levelname for record in ours] == ["INFO", "DEBUG"]
    for record in caplog.records:
        assert "the-app-key" not in f"{record.getMessage()} {record.args} {vars(record)}"
