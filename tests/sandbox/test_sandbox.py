"""The sandbox's API, its pages and its life, over real sockets."""

import asyncio
import copy
import json
import logging
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from openapi_schema_validator import OAS30Validator, oas30_format_checker

from finerworks.sandbox import ORDINARY_APP_KEY, ORDINARY_WEB_API_KEY, Sandbox, Settings
from finerworks.sandbox.app import build_app, contract_path

LIST = "/v3/list_invoices"
CONTRACT: dict[str, Any] = yaml.safe_load(contract_path().read_text(encoding="utf-8"))
REFUSED_KEYS = {
    "Message": "The request is invalid.",
    "ModelState": {
        "ApiC.Models.authorization_credentials": ["Missing or unauthorized api credentials"]
    },
}


def client_of(sandbox: Sandbox) -> httpx.Client:
    """A client with the demo keys, whatever proxy the environment names."""
    keys = {"web_api_key": sandbox.web_api_key, "app_key": sandbox.app_key}
    return httpx.Client(base_url=sandbox.base_url, headers=keys, trust_env=False)


def mistakes(answer: httpx.Response) -> list[str]:
    """What the contract has against an answer: its status, its media type or its body."""
    responses = CONTRACT["paths"][LIST]["post"]["responses"]
    response = responses.get(str(answer.status_code), responses["default"])
    media_type = answer.headers["content-type"].partition(";")[0]
    if media_type not in response["content"]:
        return [f"media type {media_type}"]
    schema = response["content"][media_type]["schema"] | {"components": CONTRACT["components"]}
    checker = OAS30Validator(schema, format_checker=oas30_format_checker)
    return [error.message for error in checker.iter_errors(answer.json())]


def pages(client: httpx.Client, per_page: int, **body: object) -> Iterator[dict[str, Any]]:
    """Pages from the first to the first empty one."""
    number = 1
    while True:
        body |= {"per_page": per_page, "page_number": number}
        page: dict[str, Any] = client.post(LIST, json=body).json()
        yield page
        if not page["invoices"]:
            return
        number += 1


def ask_app(contract: dict[str, Any], path: str = LIST) -> httpx.Response:
    """What the sandbox answers when it plays another contract."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(build_app(Settings(), contract), raise_app_exceptions=False)
        keys = {"web_api_key": Sandbox.web_api_key, "app_key": Sandbox.app_key}
        async with httpx.AsyncClient(transport=transport, headers=keys) as client:
            return await client.post(f"http://sandbox{path}", json={})

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox with edge cases, for the tests that change nothing about it."""
    with Sandbox(invoices=250, edge_cases=True) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client of that sandbox."""
    with client_of(sandbox) as client:
        yield client


def test_a_good_answer_has_the_envelope_of_the_live_api(client: httpx.Client) -> None:
    """Success comes with 200, an empty message, a reference and nulls for the rest."""
    answer = client.post(LIST, json={"per_page": 2})
    body = answer.json()
    assert answer.status_code == 200
    assert mistakes(answer) == []
    assert body["status"].pop("reference_id")
    assert body["status"] == {
        "success": True,
        "status_code": 200,
        "message": "",
        "debug": None,
        "domain": None,
    }
    assert len(body["invoices"]) == 2
    assert body["total_count"] == 250


def test_an_empty_request_gives_the_documented_defaults(client: httpx.Client) -> None:
    """Nothing asked for is page 1, with ten invoices."""
    nothing = client.post(LIST, json={}).json()
    assert nothing == client.post(LIST, json={"per_page": 10, "page_number": 1}).json()
    assert len(nothing["invoices"]) == 10


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"web_api_key": Sandbox.web_api_key},
        {"app_key": Sandbox.app_key},
        {"web_api_key": Sandbox.web_api_key, "app_key": Sandbox.web_api_key},
        {"web_api_key": Sandbox.app_key, "app_key": Sandbox.app_key},
        {"web_api_key": Sandbox.app_key, "app_key": Sandbox.web_api_key},
        {"web_api_key": Sandbox.web_api_key, "app_key": ORDINARY_APP_KEY},
        {"web_api_key": "", "app_key": ""},
        {"authorization": f"Bearer {Sandbox.web_api_key}"},
    ],
)
def test_anything_but_the_right_pair_of_keys_is_refused(
    sandbox: Sandbox, keys: dict[str, str]
) -> None:
    """No keys, one alone, one for both or two of different accounts: 400, word for word."""
    url = sandbox.base_url + LIST
    answer = httpx.post(url, json={}, headers=keys, trust_env=False)
    assert (answer.status_code, answer.json()) == (400, REFUSED_KEYS)
    assert mistakes(answer) == []


def test_keys_are_looked_at_before_the_body(sandbox: Sandbox) -> None:
    """A stranger with a bad body hears of the keys only."""
    answer = httpx.post(sandbox.base_url + LIST, json={"per_page": 99}, trust_env=False)
    assert answer.json() == REFUSED_KEYS


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"per_page": 26}, "request.per_page", "26 is greater than the maximum of 25"),
        ({"per_page": 0}, "request.per_page", "0 is less than the minimum of 1"),
        ({"per_page": "10"}, "request.per_page", "'10' is not of type 'integer'"),
        ({"per_page": 2.5}, "request.per_page", "2.5 is not of type 'integer'"),
        ({"per_page": None}, "request.per_page", "None is not of type 'integer'"),
        ({"page_number": 0}, "request.page_number", "0 is less than the minimum of 1"),
        ({"page_number": True}, "request.page_number", "True is not of type 'integer'"),
        ({"page_number": 2**31}, "request.page_number", "2147483648 is not a 'int32'"),
        ({"account_key": 5}, "request.account_key", "5 is not of type 'string'"),
        ([], "request", "[] is not of type 'object'"),
        (None, "request", "None is not of type 'object'"),
    ],
)
def test_a_value_that_the_contract_does_not_allow_is_refused_by_its_field(
    client: httpx.Client, body: object, field: str, message: str
) -> None:
    """400 in the shape of ASP.NET, with the field and the validator's own words."""
    headers = {"content-type": "application/json"}
    answer = client.post(LIST, content=json.dumps(body), headers=headers)
    assert answer.status_code == 400
    assert answer.json() == {"Message": "The request is invalid.", "ModelState": {field: [message]}}
    assert mistakes(answer) == []


def test_all_mistakes_of_a_request_are_told_at_once(client: httpx.Client) -> None:
    """Two bad fields are two entries."""
    state = client.post(LIST, json={"per_page": 26, "page_number": -1}).json()["ModelState"]
    assert sorted(state) == ["request.page_number", "request.per_page"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\xff", b"[" * 100_000, b"1" * 5000])
def test_a_body_that_is_not_json_is_refused(client: httpx.Client, body: bytes) -> None:
    """Nothing, half a document, bytes that are no text, and what exhausts a parser: 400."""
    answer = client.post(LIST, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["ModelState"]["request"][0].startswith("The body is not JSON: ")


def test_a_chunked_request_is_read(client: httpx.Client) -> None:
    """Some languages' clients send JSON without a Content-Length."""
    chunks = iter([b'{"per_page"', b": 3}"])
    answer = client.post(LIST, content=chunks, headers={"content-type": "application/json"})
    assert "content-length" not in answer.request.headers
    assert len(answer.json()["invoices"]) == 3


@pytest.mark.parametrize("media_type", ["text/json", "text/plain", "json", None])
def test_another_media_type_is_not_taken(client: httpx.Client, media_type: str | None) -> None:
    """415 in the plain shape, also without a Content-Type, as it is documented as needed."""
    headers = {} if media_type is None else {"content-type": media_type}
    answer = client.post(LIST, content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert list(answer.json()) == ["message"]
    assert mistakes(answer) == []


@pytest.mark.parametrize(
    "media_type",
    ["application/json; charset=utf-8", "Application/JSON", "application/json;odd=a/b"],
)
def test_the_media_type_is_read_as_http_says(client: httpx.Client, media_type: str) -> None:
    """Case and parameters change nothing: the body is checked and the request answered."""
    headers = {"content-type": media_type}
    good = client.post(LIST, content=b'{"per_page": 4}', headers=headers)
    bad = client.post(LIST, content=b'{"per_page": 44}', headers=headers)
    assert len(good.json()["invoices"]) == 4
    assert bad.status_code == 400


def test_an_unknown_path_is_not_found(client: httpx.Client) -> None:
    """404 in the plain shape."""
    answer = client.post("/v3/list_nothing", json={})
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_another_method_is_not_allowed(client: httpx.Client) -> None:
    """405 in the plain shape, naming the method that is."""
    answer = client.get(LIST)
    assert (answer.status_code, answer.json()) == (405, {"message": "Method Not Allowed"})
    assert answer.headers["allow"] == "POST"


def test_an_operation_that_only_the_contract_has_is_not_implemented() -> None:
    """501 in the plain shape: the contract can run ahead of the sandbox."""
    contract = copy.deepcopy(CONTRACT)
    payments = copy.deepcopy(contract["paths"][LIST])
    payments["post"]["operationId"] = "listPayments"
    contract["paths"]["/v3/list_payments"] = payments
    answer = ask_app(contract, "/v3/list_payments")
    assert answer.status_code == 501
    assert answer.json() == {"message": "The sandbox does not implement listPayments yet."}
    assert ask_app(contract).status_code == 200


def test_an_answer_that_breaks_the_contract_is_not_sent() -> None:
    """The sandbox checks itself: it fails rather than teach a client something wrong."""
    contract = copy.deepcopy(CONTRACT)
    contract["components"]["schemas"]["Invoice"]["required"].append("currency")
    answer = ask_app(contract)
    assert answer.status_code == 500
    assert "'currency' is a required property" in answer.json()["message"]


def test_a_mistake_in_the_sandbox_is_a_plain_500_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The answer tells nothing; the log has the traceback."""
    contract = copy.deepcopy(CONTRACT)
    contract["security"] = []
    answer = ask_app(contract)
    assert (answer.status_code, answer.json()) == (500, {"message": "An error has occurred."})
    assert [record.message for record in caplog.records] == ["the sandbox failed"]
    assert caplog.records[0].exc_info is not None


def test_it_is_logged_also_where_existing_loggers_were_disabled(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`logging.config` disables all loggers that exist, which is not meant for this one."""
    for name in ("finerworks.sandbox", "finerworks.sandbox.witness"):
        monkeypatch.setattr(logging.getLogger(name), "disabled", True)
    contract = copy.deepcopy(CONTRACT)
    contract["security"] = []
    ask_app(contract)
    assert [record.message for record in caplog.records] == ["the sandbox failed"]


@pytest.mark.parametrize("per_page", [1, 7, 10, 25])
def test_paging_gives_every_invoice_once(per_page: int) -> None:
    """Every page is full but the last, no invoice is missing or twice, and totals agree."""
    with Sandbox(invoices=53) as sandbox, client_of(sandbox) as client:
        listing = list(pages(client, per_page))
        whole = list(pages(client, 25))
    sizes = [len(page["invoices"]) for page in listing]
    full, rest = divmod(53, per_page)
    assert sizes == [per_page] * full + [rest] * bool(rest) + [0]
    assert {page["total_count"] for page in listing} == {53}
    invoices = [invoice for page in listing for invoice in page["invoices"]]
    assert len({invoice["invoice_id"] for invoice in invoices}) == 53
    assert invoices == [invoice for page in whole for invoice in page["invoices"]]


def test_a_page_beyond_the_last_is_empty(client: httpx.Client) -> None:
    """Not an error, and [] rather than null."""
    page = client.post(LIST, json={"page_number": 2**31 - 1}).json()
    assert (page["invoices"], page["total_count"]) == ([], 250)


def test_the_json_has_the_exact_amounts(client: httpx.Client) -> None:
    """The digits on the wire, before any parser has made floats of them."""
    text = client.post(LIST, json={"per_page": 25}).text
    invoices = json.loads(text, parse_float=str, parse_int=str)["invoices"]
    amounts = [invoice["amount_due"] for invoice in invoices]
    assert amounts[:11] == [
        "1234567.89",
        "0.1",
        "19.99",
        "16777217.01",
        "0.0",
        "-25.5",
        "0.29",
        "1.15",
        "4.35",
        "99999999.99",
        "1000",
    ]
    assert all(Decimal(amount) == round(Decimal(amount), 2) for amount in amounts)


@pytest.mark.parametrize("per_page", [5, 8, 25])
def test_a_page_cap_makes_pages_smaller_and_loses_nothing(per_page: int) -> None:
    """Pages of more than the cap are cut to it, and counted by what they hold."""
    with Sandbox(invoices=20, page_cap=8) as sandbox, client_of(sandbox) as client:
        listing = list(pages(client, per_page))
    size = min(per_page, 8)
    assert [len(page["invoices"]) for page in listing][:2] == [size, size]
    ids = [invoice["invoice_id"] for page in listing for invoice in page["invoices"]]
    assert len(ids) == len(set(ids)) == 20
    assert {page["total_count"] for page in listing} == {20}


@pytest.mark.parametrize(
    ("account_key", "count"),
    [
        ("seller-aspen", 60),
        ("seller-birch", 26),
        ("seller-cedar", 25),
        ("seller-empty", 0),
        ("séller-ñandú-木", 63),
        (None, 250),
    ],
)
def test_the_platform_reads_for_its_sellers(
    client: httpx.Client, account_key: str | None, count: int
) -> None:
    """Each account_key, non-ASCII ones too, gives that seller's invoices and no other's."""
    listing = list(pages(client, 25, account_key=account_key))
    assert {page["total_count"] for page in listing} == {count}
    assert sum(len(page["invoices"]) for page in listing) == count


def test_unknown_fields_come_at_every_level_and_change_no_other() -> None:
    """As a server may add them at any time: a client that refuses them fails on that day."""
    with Sandbox() as plain, Sandbox(unknown_fields=True) as sandbox:
        keys = {"web_api_key": sandbox.web_api_key, "app_key": sandbox.app_key}
        with httpx.Client(headers=keys, trust_env=False) as client:
            bodies = [
                client.post(f"{each.base_url}{LIST}", json={"per_page": 2}).json()
                for each in (plain, sandbox)
            ]
    for each in (bodies[1], bodies[1]["status"], *bodies[1]["invoices"]):
        assert each.pop("added_later")["count"] == 1
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(("account_key", "invoices"), [("seller-empty", []), ("seller-null", None)])
def test_an_account_without_invoices_comes_both_ways(
    client: httpx.Client, account_key: str, invoices: list[object] | None
) -> None:
    """[] for one and null for the other: which of them the live API sends is not known."""
    answer = client.post(LIST, json={"account_key": account_key})
    assert (answer.json()["invoices"], answer.json()["total_count"]) == (invoices, 0)
    assert mistakes(answer) == []


@pytest.mark.parametrize("account_key", ["seller-oak", "", "木", "\ud800"])
def test_an_account_that_is_not_there_is_refused(client: httpx.Client, account_key: str) -> None:
    """The sandbox's own choice, in the shape of other refusals."""
    body = json.dumps({"account_key": account_key})
    answer = client.post(LIST, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    state = answer.json()["ModelState"]
    assert state == {"request.account_key": [f"{account_key!r} is not an account of the sandbox"]}


@pytest.mark.parametrize("account_key", ["seller-aspen", "seller-oak"])
def test_an_ordinary_account_has_its_account_key_ignored(
    sandbox: Sandbox, account_key: str
) -> None:
    """As documented: it gets its own invoices, whoever's it asks for."""
    keys = {"web_api_key": ORDINARY_WEB_API_KEY, "app_key": ORDINARY_APP_KEY}
    with httpx.Client(base_url=sandbox.base_url, headers=keys, trust_env=False) as client:
        own = client.post(LIST, json={"per_page": 25}).json()
        other = client.post(LIST, json={"per_page": 25, "account_key": account_key}).json()
    assert own == other
    assert (len(own["invoices"]), own["total_count"]) == (12, 12)


def test_a_seed_gives_the_same_bytes_in_every_run() -> None:
    """Two sandboxes of one seed answer alike to the byte; another seed is another world."""

    def bodies(seed: int) -> list[bytes]:
        with Sandbox(seed=seed) as sandbox, client_of(sandbox) as client:
            requests = [{"page_number": 3}, {"account_key": "seller-aspen", "per_page": 25}]
            return [client.post(LIST, json=request).content for request in requests]

    first = bodies(7)
    assert first == bodies(7)
    assert all(one != other for one, other in zip(first, bodies(8), strict=True))


def test_different_requests_have_different_references(client: httpx.Client) -> None:
    """A reference names one answer, as one needs it to when quoting it."""
    requests = [{"page_number": 1}, {"page_number": 2}, {"per_page": 3}]
    answers = [client.post(LIST, json=request).json() for request in requests]
    assert len({answer["status"]["reference_id"] for answer in answers}) == 3


def test_the_address_alone_leads_to_swagger_ui(client: httpx.Client) -> None:
    """Whoever opens the printed address finds a page, not a 404 response; nothing else is there."""
    page = client.get("/", follow_redirects=True)
    assert (page.status_code, page.url.path) == (200, "/ui/")
    assert client.post("/", json={}).status_code == 405


def test_the_demo_keys_are_filled_in(client: httpx.Client) -> None:
    """Swagger UI gets both under the names that the contract gives to its security schemes."""
    page = client.get("/ui/").text
    for name, key in (("web_api_key", Sandbox.web_api_key), ("app_key", Sandbox.app_key)):
        assert f'preauthorizeApiKey("{name}", "{key}")' in page
        assert name in CONTRACT["components"]["securitySchemes"]


def test_swagger_ui_loads_with_all_its_parts(client: httpx.Client) -> None:
    """The page, its scripts and its style come from the sandbox, and it reads the contract."""
    page = client.get("/ui", follow_redirects=True)
    assert page.status_code == 200
    assert 'url: "/openapi.json"' in page.text
    for part in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"):
        assert part in page.text
        assert client.get(f"/ui/{part}").status_code == 200


def test_the_contract_it_serves_points_at_itself(client: httpx.Client) -> None:
    """No button in Swagger UI calls FinerWorks; both keys are asked for; the rest is as it is."""
    served = client.get("/openapi.json").json()
    assert [server["url"] for server in served["servers"]] == ["/"]
    assert "not FinerWorks" in served["info"]["description"]
    assert served["security"] == [{"web_api_key": [], "app_key": []}]
    assert served["paths"] == CONTRACT["paths"]
    example = served["components"]["schemas"]["InvoiceListRequest"].pop("example")
    assert "account_key" not in example
    assert served["components"] == CONTRACT["components"]


def test_a_page_of_an_origin_that_is_named_may_call_it() -> None:
    """A browser asks first, about both key headers, and may then read answers and Retry-After."""
    origin = "http://localhost:5173"
    asking = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "app_key,content-type,web_api_key",
    }
    with Sandbox(cors_origins=(origin,)) as sandbox, client_of(sandbox) as client:
        asked = client.options(LIST, headers=asking)
        answered = client.post(LIST, json={}, headers={"origin": origin})
        other = client.options(LIST, headers=asking | {"origin": "http://elsewhere.test"})
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == origin
    assert answered.headers["access-control-allow-origin"] == origin
    assert answered.headers["access-control-expose-headers"] == "Retry-After"
    assert other.status_code == 400


def test_no_page_of_another_origin_may_call_it_by_default(client: httpx.Client) -> None:
    """Without the option there is no word of other origins."""
    answer = client.post(LIST, json={}, headers={"origin": "http://localhost:5173"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_installed_contract_goes_before_the_checkouts(tmp_path: Path) -> None:
    """A wheel has the contract beside the modules, an editable checkout at its root."""
    beside = tmp_path / "overlays" / "finerworks" / "sandbox"
    beside.mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="install finerworks again"):
        contract_path(beside)
    (tmp_path / "openapi.yaml").touch()
    assert contract_path(beside) == tmp_path / "openapi.yaml"
    (beside / "openapi.yaml").touch()
    assert contract_path(beside) == beside / "openapi.yaml"


def test_env_points_a_client_at_the_sandbox(sandbox: Sandbox) -> None:
    """The three variables, with an address on this machine."""
    assert sandbox.env == {
        "FINERWORKS_WEB_API_KEY": "sandbox-web-api-key",
        "FINERWORKS_APP_KEY": "sandbox-app-key",
        "FINERWORKS_BASE_URL": sandbox.base_url,
    }
    assert sandbox.base_url.startswith("http://127.0.0.1:")
    assert sandbox.is_loopback


def test_leaving_it_stops_it_whole() -> None:
    """Also with a connection kept open: no thread is left and nobody listens any more."""
    before = threading.enumerate()
    sandbox = Sandbox()
    with sandbox:
        client = client_of(sandbox)
        assert client.post(LIST, json={}).status_code == 200
        assert threading.enumerate() != before
    assert threading.enumerate() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(client.base_url, trust_env=False)
    client.close()


def test_it_has_an_address_only_while_it_runs() -> None:
    """Asked before or after, it says how it is used rather than guess."""
    sandbox = Sandbox()
    with pytest.raises(RuntimeError, match="not running: use it in a with statement"):
        _ = sandbox.base_url
    with sandbox:
        assert sandbox.base_url
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.env


def test_it_can_be_entered_again_but_not_twice_at_once() -> None:
    """One object, one server at a time."""
    sandbox = Sandbox()
    with sandbox, client_of(sandbox) as client:
        first = client.post(LIST, json={}).content
        with pytest.raises(RuntimeError, match="already running"):
            sandbox.__enter__()
    with sandbox, client_of(sandbox) as client:
        assert client.post(LIST, json={}).content == first


def test_a_port_that_is_taken_is_an_os_error(sandbox: Sandbox) -> None:
    """The caller hears of it, and nothing is left running."""
    before = threading.enumerate()
    port = httpx.URL(sandbox.base_url).port or 0
    with pytest.raises(OSError, match="Address already in use"), Sandbox(port=port):
        pass
    assert threading.enumerate() == before


def test_a_server_that_cannot_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a wait for ever, and nothing is left running."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    def build_broken(_: Settings) -> object:
        return broken

    before = threading.enumerate()
    monkeypatch.setattr("finerworks.sandbox.server.build_app", build_broken)
    with pytest.raises(RuntimeError, match="the sandbox cannot start"), Sandbox():
        pass
    assert threading.enumerate() == before


def test_it_listens_where_it_is_told() -> None:
    """On an address of IPv6, and on every address, it names one that can be called."""
    with Sandbox(host="::1") as sandbox, client_of(sandbox) as client:
        assert sandbox.base_url.startswith("http://[::1]:")
        assert client.post(LIST, json={}).status_code == 200
    with Sandbox(host="0.0.0.0") as sandbox, client_of(sandbox) as client:  # noqa: S104
        assert sandbox.base_url.startswith("http://127.0.0.1:")
        assert not sandbox.is_loopback
        assert client.post(LIST, json={}).status_code == 200


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("port", -1),
        ("port", 65536),
        ("invoices", -1),
        ("invoices", 2**31),
        ("page_cap", 0),
        ("page_cap", 26),
        ("latency", -0.1),
        ("latency", float("inf")),
        ("fail_rate", 1.1),
        ("fail_rate", float("nan")),
        ("rate_limit", 0),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(setting: str, value: Any) -> None:  # noqa: ANN401
    """Before anything is started."""
    with pytest.raises(ValueError, match=f"^{setting} must be from"):
        Sandbox(**{setting: value})
