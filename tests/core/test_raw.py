"""Raw responses: status, headers and JSON next to the model, without secrets."""

import asyncio
import copy
import gzip
import json
import pickle
from decimal import Decimal

import pytest

from answers import REFUSED_KEYS, STATUS, listing, rows
from callers import CALLERS, KEYS, Caller
from finerworks import (
    APIConnectionError,
    AsyncFinerWorks,
    AuthenticationError,
    FinerWorks,
    FinerWorksError,
    InvoiceList,
    RateLimitError,
    RawResponse,
    RequestRejectedError,
    ResponseValidationError,
)
from finerworks.headers import MAX_HEADERS, MAX_VALUE
from wire import Does, Exchange, Wire, elsewhere, http

SECRET_HEADERS = [
    "Set-Cookie: ASP.NET_SessionId=SECRET; path=/",
    "Set-Cookie2: a=SECRET",
    "WWW-Authenticate: Bearer realm=SECRET",
    "Proxy-Authenticate: Basic realm=SECRET",
    "Authentication-Info: nextnonce=SECRET",
    "Authorization: Bearer SECRET",
    "X-Amz-Security-Token: SECRET",
    "X-CSRF-Token: SECRET",
    "X-Session-Id: SECRET",
    "X-Api-Key: SECRET",
    "web_api_key: SECRET",
    "X-Signature: SECRET",
    "Location: https://elsewhere.invalid/?code=SECRET",
    "Content-Location: /?code=SECRET",
    "Refresh: 5; url=/?code=SECRET",
    "Link: </?code=SECRET>; rel=next",
]
PUBLIC_HEADERS = ["X-Request-Id: abc-123", "RateLimit-Remaining: 7", "Via: 1.1 a", "Via: 1.1 b"]

both = pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)


def raw_pages(
    wire: Wire, page_number: int = 1, per_page: int = 10, account_key: str | None = None
) -> list[RawResponse[InvoiceList]]:
    """Return a raw page of the sync client, and the same one of the async client."""

    async def read() -> RawResponse[InvoiceList]:
        async with AsyncFinerWorks(**KEYS, base_url=wire.url) as fw:
            return await fw.invoices.with_raw_response.page(
                page_number, per_page=per_page, account_key=account_key
            )

    with FinerWorks(**KEYS, base_url=wire.url) as fw:
        raw = fw.invoices.with_raw_response.page(
            page_number, per_page=per_page, account_key=account_key
        )
    return [raw, asyncio.run(read())]


BODY = json.dumps(listing(rows(1, 2), 2)).replace("19.99", "12345678901234567.890").encode()


def test_a_raw_page_has_status_headers_json_and_model() -> None:
    """The JSON has every digit that the server sent, and the model is that of `page()`."""
    packed = ["Content-Type: application/json", "Content-Encoding: gzip", *PUBLIC_HEADERS]
    with Wire(lambda each: each.send(http(gzip.compress(BODY), 200, *packed))) as wire:
        for raw in raw_pages(wire):
            assert raw.status_code == 200
            assert raw.headers["x-request-id"] == raw.headers["X-REQUEST-ID"] == "abc-123"
            assert raw.headers.get_list("Via") == ["1.1 a", "1.1 b"]
            assert raw.content == BODY
            data = raw.json()
            assert isinstance(data, dict)
            assert data == json.loads(BODY, parse_float=Decimal)
            assert raw.parsed == InvoiceList.from_dict(json.loads(BODY, parse_float=Decimal))
            assert str((raw.parsed.invoices or [])[0].amount_due) == "12345678901234567.890"
            assert repr(raw) == f"<RawResponse 200, {len(BODY)} bytes, InvoiceList>"
            assert pickle.loads(pickle.dumps(raw)) == raw  # noqa: S301 - our own


def test_a_raw_page_is_requested_as_any_page() -> None:
    """A raw page is requested with the same arguments and retries."""

    def does(exchange: Exchange) -> None:
        exchange.send(http(BODY) if exchange.number % 2 == 0 else http(b"", 503))

    with Wire(does) as wire:
        found = raw_pages(wire, 3, 7, "an-account")
    assert [raw.status_code for raw in found] == [200, 200]
    assert [dict(each.asked) for each in wire.exchanges] == [
        {"page_number": 3, "per_page": 7, "account_key": "an-account"}
    ] * 4


def test_the_arguments_of_a_raw_page_are_checked() -> None:
    """Arguments are checked before anything is sent."""
    with elsewhere() as wire:
        for arguments in ((0, 10, None), (1, 26, None), (1, 10, " ")):
            with pytest.raises(ValueError, match=r"page_number|per_page|account_key"):
                raw_pages(wire, *arguments)


def test_a_raw_response_has_no_secret() -> None:
    """A raw response has no cookies, no authentication headers and no echoed key."""
    echo = f"X-Echo: you sent {KEYS['web_api_key']} and {KEYS['app_key']}"
    headers = [*SECRET_HEADERS, *PUBLIC_HEADERS, echo]
    with Wire(lambda each: each.send(http(BODY, 200, *headers))) as wire:
        for raw in raw_pages(wire):
            assert "SECRET" not in str(raw.headers.multi_items())
            assert raw.headers["X-Echo"] == "you sent [key] and [key]"
            assert raw.headers["X-Request-Id"] == "abc-123"


def error_of(caller: Caller, does: Does) -> FinerWorksError:
    """Return the error of one page."""
    with Wire(does) as wire:
        return caller.refusals(1, **KEYS, base_url=wire.url, max_retries=0)[0]


REJECTED = {"status": {**STATUS, "success": False}, "invoices": None, "total_count": 0}


@both
@pytest.mark.parametrize(
    ("body", "status", "error_class"),
    [
        (b"", 429, RateLimitError),
        (json.dumps(REFUSED_KEYS).encode(), 400, AuthenticationError),
        (json.dumps(REJECTED).encode(), 200, RequestRejectedError),
        (b"{}", 200, ResponseValidationError),
        (b"<html>", 200, ResponseValidationError),
    ],
)
def test_an_error_has_the_headers_of_its_response(
    caller: Caller, body: bytes, status: int, error_class: type[FinerWorksError]
) -> None:
    """An error has the headers without secrets, also after a copy or a pickle."""
    headers = [*SECRET_HEADERS, *PUBLIC_HEADERS, f"X-Echo: {KEYS['app_key']}"]
    error = error_of(caller, lambda each: each.send(http(body, status, *headers)))
    assert type(error) is error_class
    for each in (error, copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own
        assert each.headers["x-request-id"] == "abc-123"
        assert each.headers["RateLimit-Remaining"] == "7"
        assert each.headers["Via"] == "1.1 a, 1.1 b"
        assert each.headers["X-Echo"] == "[key]"
        assert "SECRET" not in str(vars(each))
        assert "abc-123" not in str(each)


@both
def test_an_error_keeps_a_bounded_number_of_headers(caller: Caller) -> None:
    """The number and length of headers are limited."""
    headers = [f"X-Long: {'a' * 5_000}", *(f"X-{number}: 1" for number in range(80))]
    error = error_of(caller, lambda each: each.send(http(b"", 500, *headers)))
    assert len(error.headers) <= MAX_HEADERS
    assert set(error.headers["X-Long"]) == {"a"}
    assert len(error.headers["X-Long"]) == MAX_VALUE
    assert error.headers["X-79"] == "1"


@both
def test_an_error_without_a_response_has_no_headers(caller: Caller) -> None:
    """Without a response, `error.headers` is an empty mapping."""
    error = error_of(caller, lambda each: each.close())
    assert isinstance(error, APIConnectionError)
    assert error.headers.get("X-Request-Id") is None
    assert dict(pickle.loads(pickle.dumps(error)).headers) == {}  # noqa: S301 - our own
    assert dict(FinerWorksError("what happened").headers) == {}
