"""What is retried, and when: the decisions, and the attempts on the wire."""

import email.utils
import time

import httpx
import pytest
from pytest_httpx import HTTPXMock

from answers import REFUSED_KEYS, asked, listing, rows
from callers import KEYS, Caller
from finerworks import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    FinerWorks,
    FinerWorksError,
    HTTPClient,
    RateLimitError,
    RequestRejectedError,
    ResponseValidationError,
    ServerError,
    retry,
)
from wire import Wire, http

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def date(seconds: float) -> str:
    """Return the time a number of seconds from now as an HTTP date."""
    return email.utils.formatdate(NOW + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0.25", 0.25),
        ("121", 121.0),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        (date(20), 20.0),
        (date(-20), 0.0),
        ("Thu Jan  1 00:00:20 2026", 20.0),  # asctime's form, which has no zone: it is GMT
        ("Thursday, 01-Jan-26 00:00:20 GMT", 20.0),
        ("Thu, 01 Jan 2026 00:00:20 UTC", 20.0),
        ("Thu, 01 Jan 2026 00:00:20 +0000", 20.0),
        ("Thu, 01 Jan 2026 00:00:20 -0000", 20.0),
        ("Thu, 01 Jan 2026 00:00:20", 20.0),
        ("Thu, 01 Jan 2026 02:00:20 +0200", 20.0),
        (f"{date(20)}, {date(30)}", 20.0),
        ("-0.5", None),
        ("+7", None),
        (".5", 0.5),
        (".", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799.0 - NOW),
        ("Fri, 31 Dec 100000 23:59:59 GMT", None),
        ("Fri, 99 Foo 2026 99:99:99 GMT", None),
        ("9" * 400, None),
        ("1e3", None),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "America/Chicago", "Asia/Tokyo"])
def test_reads_retry_after(header: str | None, seconds: float | None, zone: str) -> None:
    """Seconds and dates in any time zone are read, and invalid values are ignored."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        read = retry.parse_retry_after(header, date=date(0))
    time.tzset()
    assert read == seconds


def test_a_date_is_compared_with_the_responses_own() -> None:
    """A wrong clock on this machine does not change the wait."""
    assert retry.parse_retry_after(date(3600 + 20), date=date(3600)) == 20
    now = email.utils.formatdate(time.time() + 1000, usegmt=True)
    for unusable in (None, "", "yesterday"):
        assert 990 < (retry.parse_retry_after(now, date=unusable, age="60") or 0) <= 1000


@pytest.mark.parametrize("zone", ["UTC", "America/Chicago", "Asia/Tokyo"])
@pytest.mark.parametrize(
    "own",
    [
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "Thu Jan  1 00:00:00 2026",
        "Thursday, 01-Jan-26 00:00:00 GMT",
        "Thu, 01 Jan 2026 00:00:00",
        "Thu, 01 Jan 2026 00:00:00 GMT, Thu, 01 Jan 2026 00:00:01 GMT",
    ],
)
def test_the_responses_own_date_may_have_any_form(own: str, zone: str) -> None:
    """The response's date may have any form and any time zone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        read = retry.parse_retry_after(date(20), date=own)
    time.tzset()
    assert read == 20


@pytest.mark.parametrize(
    ("age", "seconds"),
    [(None, 200), ("0", 200), ("150", 50), ("500", 0), ("-1", 200), ("old", 200)],
)
def test_the_age_of_a_response_has_passed(age: str | None, seconds: float) -> None:
    """The `Age` of a cached response is subtracted from the wait."""
    assert retry.parse_retry_after(date(200), date=date(0), age=age) == seconds
    assert retry.parse_retry_after("7", date=date(0), age=age) == 7


@pytest.mark.parametrize("code", [302, 429, 503])
def test_a_date_is_read_from_the_wire(caller: Caller, code: int) -> None:
    """The response's own headers are compared, even if a proxy has added others."""
    heads = [
        f"Retry-After: {date(3600 + 200)}",
        "Retry-After: 1",
        f"Date: {date(3600)}",
        f"Date: {date(0)}",
        "Age: 50",
        "Age: 0",
    ]
    with Wire(lambda exchange: exchange.send(http(b"", code, *heads))) as wire:
        (error,) = caller.refusals(1, **KEYS, base_url=wire.url)
    assert isinstance(error, APIStatusError)
    assert error.retry_after == 150
    assert len(wire.exchanges) == 1


def status(code: int, retry_after: float | None = None) -> APIStatusError:
    """Return the error of a status."""
    return APIStatusError("m", status_code=code, retry_after=retry_after)


@pytest.mark.waits
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (APIConnectionError("refused"), "backoff"),
        (APIConnectionError("certificate", transient=False), None),
        (APITimeoutError("no answer"), "backoff"),
        *[(status(code), "backoff") for code in (408, 425, 429, 500, 502, 503, 504, 520, 599)],
        *[(status(code), None) for code in (302, 400, 401, 403, 404, 409, 422, 499, 501, 505)],
        (status(429, 7.5), 7.5),
        (status(503, 120.0), 120.0),
        (status(503, 121.0), None),
        (status(503, 0.0), "backoff"),  # else attempts would follow each other at once
        (status(404, 1.0), None),
        (ResponseValidationError("not JSON", transient=True), "backoff"),
        (ResponseValidationError("no id"), None),
        (RequestRejectedError("no"), None),
    ],
)
def test_decides(error: FinerWorksError, expected: float | str | None) -> None:
    """Transient failures are retried after the time that the server requests."""
    decision = retry.decide(error, attempt=1, max_retries=1)
    assert decision.retry == (expected is not None)
    if expected == "backoff":
        assert 0.5 <= decision.delay <= 1
    else:
        assert decision.delay == (expected or 0)
    assert retry.decide(error, attempt=2, max_retries=1) == retry.GIVE_UP


def test_waits_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a requested time, waits double from half a second up to eight seconds."""
    monkeypatch.setattr(retry, "JITTER", 0)
    waits = [retry.backoff(attempt) for attempt in range(1, 8)]
    assert waits == [0.5, 1, 2, 4, 8, 8, 8]
    assert retry.backoff(10_000) == 8


def test_no_two_clients_wait_alike() -> None:
    """A random addition of up to half a second keeps clients from retrying at the same time."""
    waits = {retry.backoff(1) for _ in range(20)}
    assert len(waits) > 10
    assert all(0.5 <= wait <= 1.0 for wait in waits)


@pytest.mark.parametrize("max_retries", [0, 1, 2, 5])
def test_counts_attempts_on_the_wire(
    caller: Caller, httpx_mock: HTTPXMock, max_retries: int
) -> None:
    """`max_retries=2` makes three attempts, and the error says so."""
    httpx_mock.add_response(503, is_reusable=True)
    with pytest.raises(ServerError) as caught:
        caller.page(**KEYS, max_retries=max_retries)
    assert len(httpx_mock.get_requests()) == max_retries + 1
    assert caught.value.attempts == max_retries + 1
    assert f"POST /v3/list_invoices, attempt {max_retries + 1}: HTTP 503" in str(caught.value)


def test_a_failure_that_passes_is_not_seen(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """After a reset and a 503, the caller gets the response. Each attempt has the keys."""
    httpx_mock.add_exception(httpx.ReadError("reset"))
    httpx_mock.add_response(503, headers={"Retry-After": "1"})
    httpx_mock.add_response(json=listing(rows("a")))
    page = caller.page(**KEYS)
    assert page.total_count == 1
    sent = httpx_mock.get_requests()
    assert [request.headers["app_key"] for request in sent] == ["the-app-key"] * 3
    assert [asked(request) for request in sent] == [{"per_page": 10, "page_number": 1}] * 3


def test_a_page_is_retried_by_itself(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """A 503 on page 2 retries page 2, not the listing."""
    httpx_mock.add_response(json=listing(rows(*range(25)), 30))
    httpx_mock.add_response(503)
    httpx_mock.add_response(json=listing(rows(*range(25, 30)), 30))
    assert len(caller.invoices(**KEYS)) == 30
    numbers = [asked(request) for request in httpx_mock.get_requests()]
    assert numbers == [{"per_page": 25, "page_number": n} for n in (1, 2, 2)]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(400, json={"Message": "The request is invalid."}), BadRequestError),
        (httpx.Response(400, json=REFUSED_KEYS), AuthenticationError),
        (httpx.Response(501), ServerError),
        (httpx.Response(429, headers={"Retry-After": "121"}), RateLimitError),
        (httpx.Response(200, json={"status": {"success": False}}), RequestRejectedError),
        (httpx.Response(200, json={"status": 1, "invoices": []}), ResponseValidationError),
    ],
)
def test_what_cannot_be_mended_is_sent_once(
    caller: Caller, httpx_mock: HTTPXMock, answer: httpx.Response, kind: type[Exception]
) -> None:
    """Permanent errors, long waits, and invalid responses raise at once."""
    httpx_mock.add_response(answer.status_code, headers=answer.headers, content=answer.content)
    with pytest.raises(kind):
        caller.page(**KEYS)
    assert len(httpx_mock.get_requests()) == 1


def test_a_long_wait_is_handed_on(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """The error has the seconds of a wait above 120 seconds."""
    httpx_mock.add_response(429, headers={"Retry-After": "3600"})
    with pytest.raises(RateLimitError) as caught:
        caller.page(**KEYS)
    assert caught.value.retry_after == 3600


def test_an_unknown_operation_is_not_sent_again(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """An operation that may write is not retried after a failure."""
    httpx_mock.add_response(503)
    request = httpx.Request("POST", "https://v2.api.finerworks.com/v3/submit_order", json={})
    with pytest.raises(ServerError):
        caller.send(request, **KEYS)
    assert len(httpx_mock.get_requests()) == 1


def test_an_unknown_operation_is_not_tried_again_for_want_of_a_connection(
    caller: Caller, httpx_mock: HTTPXMock
) -> None:
    """An operation that may write is not retried without a connection either."""
    httpx_mock.add_exception(httpx.ConnectError("refused"))
    request = httpx.Request("POST", "https://v2.api.finerworks.com/v3/submit_order", json={})
    with pytest.raises(APIConnectionError) as caught:
        caller.send(request, **KEYS)
    assert caught.value.attempts == 1
    assert len(httpx_mock.get_requests()) == 1


def test_an_operation_that_writes_may_have_nothing_to_say(
    caller: Caller, httpx_mock: HTTPXMock
) -> None:
    """A 204 is valid for an unknown operation, and its headers are returned."""
    httpx_mock.add_response(204, headers={"Location": "/v3/orders/2"})
    request = httpx.Request("DELETE", "https://v2.api.finerworks.com/v3/orders/1")
    answer = caller.send(request, **KEYS)
    assert (answer.status_code, answer.json(), answer.headers["Location"]) == (
        204,
        None,
        "/v3/orders/2",
    )


def test_a_callers_own_exception_passes_through(httpx_mock: HTTPXMock) -> None:
    """An exception of an event hook is neither wrapped nor retried."""

    class OwnError(Exception):
        pass

    def hook(_: httpx.Response) -> None:
        raise OwnError

    httpx_mock.add_response(json=listing([]))
    with HTTPClient(**KEYS) as http:
        http.event_hooks = {"response": [hook]}
        with pytest.raises(OwnError):
            http.post("/v3/list_invoices", json={})
    assert len(httpx_mock.get_requests()) == 1


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("DELETE", "https://v2.api.finerworks.com/v3/list_invoices"),
        ("POST", "https://other.test/v3/list_invoices"),
    ],
)
def test_only_the_operation_itself_is_known_to_read(
    httpx_mock: HTTPXMock, method: str, url: str
) -> None:
    """Another method or host makes it another operation, which is not retried."""
    httpx_mock.add_response(503)
    with FinerWorks(**KEYS) as fw, pytest.raises(ServerError):
        fw.client.get_httpx_client().request(method, url)
    assert len(httpx_mock.get_requests()) == 1
