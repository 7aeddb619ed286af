"""pytest-httpx, respx and vcrpy replace the server, and see what it would have received."""

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
import vcr  # pyright: ignore[reportMissingTypeStubs] - it brings no types
from pytest_httpx import HTTPXMock

from answers import URL, asked, listing, rows, server
from callers import KEYS, Caller
from finerworks import HTTPClient, RateLimitError, ServerError
from wire import Exchange, Wire, http, page


def test_pytest_httpx_matches_the_keys(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """`match_headers` sees the keys of the request that is sent."""
    httpx_mock.add_response(url=URL, match_headers=dict(KEYS), json=listing(rows(1)))
    assert [invoice.invoice_id for invoice in caller.invoices(**KEYS)] == ["1"]


def test_pytest_httpx_sees_each_attempt(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """A call with a retry is several requests, each with the keys and the body."""
    httpx_mock.add_response(503)
    httpx_mock.add_exception(httpx.ReadError("cut off"))
    httpx_mock.add_response(json=listing(rows(1)))
    caller.page(**KEYS)
    requests = httpx_mock.get_requests()
    assert [request.headers["app_key"] for request in requests] == [KEYS["app_key"]] * 3
    assert [asked(request) for request in requests] == [{"page_number": 1, "per_page": 10}] * 3


def test_respx_sees_each_attempt(caller: Caller, respx_mock: respx.MockRouter) -> None:
    """By default, respx replaces the network, so its routes see the keys."""
    route = respx_mock.post(URL, headers=dict(KEYS))
    route.side_effect = [
        httpx.Response(503),
        httpx.ConnectError("refused"),
        httpx.Response(200, json=listing(rows(1))),
    ]
    caller.page(**KEYS)
    assert route.call_count == 3


def test_respx_serves_a_listing(caller: Caller, respx_mock: respx.MockRouter) -> None:
    """A side effect of respx can serve the pages of a prefetched listing."""
    respx_mock.post(URL).mock(side_effect=server(60))
    assert len(caller.invoices(**KEYS)) == 60


def test_an_error_of_respx_is_typed(caller: Caller, respx_mock: respx.MockRouter) -> None:
    """A status of the mock raises the same typed error as a server's."""
    respx_mock.post(URL).respond(429, headers={"Retry-After": "7"})
    with pytest.raises(RateLimitError) as caught:
        caller.page(**KEYS, max_retries=0)
    assert caught.value.retry_after == 7


def test_respx_in_place_of_the_transport_skips_the_core() -> None:
    """With `using="httpx"`, respx replaces this package's transport, too.

    Then nothing adds keys, repeats requests or raises a `FinerWorksError`: leave `using` as it is.
    """
    with respx.mock(using="httpx") as router, HTTPClient(**KEYS) as client:
        route = router.post(URL).respond(503)
        response = client.post("/v3/list_invoices", json={})
    assert response.status_code == 503
    assert route.call_count == 1
    assert "app_key" not in route.calls.last.request.headers


RECORDER: Any = vcr.VCR(
    filter_headers=["web_api_key", "app_key"], match_on=["method", "uri", "body"]
)
"""Records without the keys, and tells pages apart by their request's body."""


def test_vcrpy_replays_a_listing_without_the_server(caller: Caller, tmp_path: Path) -> None:
    """A recorded listing of three pages is replayed without the server."""
    cassette = tmp_path / "listing.yaml"
    with Wire() as wire, RECORDER.use_cassette(cassette):
        recorded = caller.invoices(**KEYS, base_url=wire.url)
    assert len(recorded) == 60
    assert KEYS["app_key"].encode() in wire.received()
    text = cassette.read_text("utf-8")
    assert "invoice_id" in text
    assert KEYS["web_api_key"] not in text
    assert KEYS["app_key"] not in text
    with RECORDER.use_cassette(cassette, record_mode="none") as replayed:
        assert caller.invoices(**KEYS, base_url=wire.url) == recorded
    assert replayed.play_count == len(wire.exchanges)


def test_vcrpy_records_each_attempt(caller: Caller, tmp_path: Path) -> None:
    """A recorded failure is replayed, and retried."""
    cassette = tmp_path / "page.yaml"

    def fail_once(exchange: Exchange) -> None:
        exchange.send(http(b"", 503) if exchange.number == 1 else page(exchange))

    with Wire(fail_once) as wire, RECORDER.use_cassette(cassette):
        recorded = caller.page(**KEYS, base_url=wire.url)
    with RECORDER.use_cassette(cassette, record_mode="none") as replayed:
        assert caller.page(**KEYS, base_url=wire.url) == recorded
    assert replayed.play_count == 2
    with RECORDER.use_cassette(cassette, record_mode="none"), pytest.raises(ServerError):
        caller.page(**KEYS, base_url=wire.url, max_retries=0)


def test_vcrpy_replays_a_compressed_response(caller: Caller, tmp_path: Path) -> None:
    """A recorded gzip response is replayed, and decompressed once."""
    cassette = tmp_path / "page.yaml"

    def compress(exchange: Exchange) -> None:
        body = gzip.compress(json.dumps(listing(rows(1))).encode())
        exchange.send(http(body, 200, "Content-Encoding: gzip"))

    with Wire(compress) as wire, RECORDER.use_cassette(cassette):
        recorded = caller.page(**KEYS, base_url=wire.url)
    with RECORDER.use_cassette(cassette, record_mode="none"):
        assert caller.page(**KEYS, base_url=wire.url) == recorded
