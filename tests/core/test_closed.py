"""A closed client: every use raises the same error before anything is sent, also by requests that were waiting."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from callers import KEYS
from finerworks import (
    AsyncFinerWorks,
    AsyncHTTPClient,
    ClientStateError,
    FinerWorks,
    FinerWorksError,
    HTTPClient,
)
from finerworks_client.api.invoices import list_invoices
from finerworks_client.models import InvoiceListRequest
from wire import Exchange, Wire, page

CLOSED = r"this FinerWorks client is closed: create a new one"
BODY = InvoiceListRequest(page_number=1, per_page=1)


@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize("of", ["client", "view"])
def test_every_use_of_a_closed_client_is_the_same_error(of: str, *, used: bool) -> None:
    """Every use of a closed client raises the same error, also by its pagers and generated functions."""
    with Wire() as wire:
        fw = FinerWorks(**KEYS, base_url=wire.url)
        which = fw if of == "client" else fw.with_options(timeout=5)
        pager = which.invoices.list()
        pages = which.invoices.list(concurrency=1).pages()
        if used:
            next(pages)
        fw.close()
        fw.close()
        before = len(wire.exchanges)
        uses: list[Callable[[], object]] = [
            which.__enter__,
            which.with_options,
            lambda: which.with_options(timeout=5),
            which.invoices.list,
            which.invoices.page,
            lambda: list(pager),
            lambda: next(pages),
            lambda: list_invoices.sync(client=which.client, body=BODY),
        ]
        for use in uses:
            with pytest.raises(ClientStateError, match=CLOSED):
                use()
        assert len(wire.exchanges) == before


@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize("of", ["client", "view"])
def test_every_use_of_a_closed_async_client_is_the_same_error(of: str, *, used: bool) -> None:
    """Every use of a closed async client raises the same error."""

    async def use_all(wire: Wire) -> None:
        fw = AsyncFinerWorks(**KEYS, base_url=wire.url)
        which = fw if of == "client" else fw.with_options(timeout=5)
        pager = which.invoices.list()
        pages = which.invoices.list(concurrency=1).pages()
        if used:
            await anext(pages)
        await fw.aclose()
        await fw.aclose()
        before = len(wire.exchanges)
        uses: list[Callable[[], Coroutine[Any, Any, object]]] = [
            which.__aenter__,
            which.invoices.page,
            lambda: anext(aiter(pager)),
            lambda: anext(pages),
            lambda: list_invoices.asyncio(client=which.client, body=BODY),
        ]
        for use in uses:
            with pytest.raises(ClientStateError, match=CLOSED):
                await use()
        for make in (which.invoices.list, which.with_options):
            with pytest.raises(ClientStateError, match=CLOSED):
                make()
        assert len(wire.exchanges) == before

    with Wire() as wire:
        asyncio.run(use_all(wire))


LATE = "this FinerWorks client is closed: create a new one, or read the listing inside the with block, as a listing sends nothing before it is iterated."


@pytest.mark.parametrize("concurrency", [1, 6])
def test_a_listing_that_is_read_after_the_with_block_says_so(concurrency: int) -> None:
    """Its own error: a page that is requested late is not about a listing."""
    with FinerWorks(**KEYS) as fw:
        listing = fw.invoices.list(concurrency=concurrency)
    for read in (lambda: list(listing), listing.to_list, listing.first, listing.count):
        with pytest.raises(ClientStateError) as caught:
            read()
        assert str(caught.value) == LATE
    with pytest.raises(ClientStateError, match=f"{CLOSED}\\.$"):
        fw.invoices.page()

    async def run() -> str:
        async with AsyncFinerWorks(**KEYS) as fw:
            listing = fw.invoices.list(concurrency=concurrency)
        with pytest.raises(ClientStateError) as caught:
            await listing.to_list()
        return str(caught.value)

    assert asyncio.run(run()) == LATE


def test_a_closed_http_client_is_not_used_by_a_new_client() -> None:
    """A closed `http_client=` raises the same error."""
    http_client = HTTPClient(**KEYS)
    fw = FinerWorks(http_client=http_client)
    http_client.close()
    uses: list[Callable[[], object]] = [
        lambda: FinerWorks(http_client=http_client),
        fw.__enter__,
        fw.invoices.page,
        lambda: http_client.post("/v3/list_invoices"),
    ]
    for use in uses:
        with pytest.raises(ClientStateError, match=CLOSED):
            use()


def test_a_view_is_entered_again_after_it_was_left() -> None:
    """A client from `with_options()` can be entered again: leaving it closes nothing."""
    with Wire() as wire, FinerWorks(**KEYS, base_url=wire.url) as fw:
        view = fw.with_options(timeout=5)
        for _ in range(2):
            with view:
                assert view.invoices.page().total_count == 60
        assert not view.client.get_httpx_client().is_closed
    assert view.client.get_httpx_client().is_closed


class Gate:
    """A server that holds its first response until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        """Send a page."""
        if exchange.number == 1:
            self.reached.set()
            self.opened.wait(60)
        exchange.send(page(exchange))


def wait_in_queue(transport: httpx.HTTPTransport | httpx.AsyncHTTPTransport, count: int) -> bool:
    """Return whether a number of requests wait for a place in httpcore's pool."""
    requests = transport._pool._requests  # pyright: ignore[reportPrivateUsage] - what a test waits for
    return [each.is_queued() for each in requests].count(True) == count  # pyright: ignore[reportPrivateUsage]


def test_a_request_that_waits_for_a_connection_is_not_sent_by_a_closed_client() -> None:
    """A request that waits for a connection is not sent after the client was closed."""
    gate = Gate()
    outcomes: list[FinerWorksError] = []

    def send(fw: FinerWorks) -> None:
        with pytest.raises(FinerWorksError) as caught:
            fw.invoices.page()
        outcomes.append(caught.value)

    with Wire(gate) as wire:
        transport = httpx.HTTPTransport(limits=httpx.Limits(max_connections=1))
        client = HTTPClient(**KEYS, base_url=wire.url, transport=transport, max_retries=0)
        fw = FinerWorks(http_client=client)
        threads = [threading.Thread(target=send, args=(fw,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert gate.reached.wait(30)
        while not wait_in_queue(transport, 2):
            threading.Event().wait(0.01)
        client.close()
        gate.opened.set()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        assert len(wire.exchanges) == wire.connections == 1
    assert [type(each) for each in outcomes] == [ClientStateError] * 3


def test_a_task_that_waits_for_a_connection_sends_nothing_by_a_closed_client() -> None:
    """A task that waits for a connection sends nothing after the client was closed."""
    gate = Gate()

    async def run(url: str) -> list[object]:
        transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=1))
        client = AsyncHTTPClient(**KEYS, base_url=url, transport=transport, max_retries=0)
        fw = AsyncFinerWorks(http_client=client)
        tasks = [asyncio.create_task(fw.invoices.page()) for _ in range(3)]
        assert await asyncio.to_thread(gate.reached.wait, 30)
        while not wait_in_queue(transport, 2):  # noqa: ASYNC110 - httpcore has no event for it
            await asyncio.sleep(0.01)
        await client.aclose()
        gate.opened.set()
        return [type(each) for each in await asyncio.gather(*tasks, return_exceptions=True)]

    with Wire(gate) as wire:
        assert asyncio.run(run(wire.url)) == [ClientStateError] * 3
        assert len(wire.exchanges) == wire.connections == 1


def test_no_retry_is_sent_by_a_client_that_is_closed_meanwhile() -> None:
    """A closed client sends no retry, even over an open transport of the caller's."""
    received: list[httpx.Request] = []

    def close_and_fail(request: httpx.Request) -> httpx.Response:
        received.append(request)
        client.close()
        return httpx.Response(503)

    client = HTTPClient(**KEYS, transport=httpx.MockTransport(close_and_fail))
    with pytest.raises(ClientStateError, match=CLOSED):
        client.post("/v3/list_invoices", json={"page_number": 1, "per_page": 1})
    assert len(received) == 1


def test_no_retry_is_sent_by_an_async_client_that_is_closed_meanwhile() -> None:
    """A closed async client sends no retry."""
    received: list[httpx.Request] = []

    async def run() -> None:
        async def close_and_fail(request: httpx.Request) -> httpx.Response:
            received.append(request)
            await client.aclose()
            return httpx.Response(503)

        client = AsyncHTTPClient(**KEYS, transport=httpx.MockTransport(close_and_fail))
        with pytest.raises(ClientStateError, match=CLOSED):
            await client.post("/v3/list_invoices", json={"page_number": 1, "per_page": 1})

    asyncio.run(run())
    assert len(received) == 1


def test_another_client_on_the_same_transport_goes_on() -> None:
    """Closing a client does not end requests of other clients on the same transport."""
    with Wire() as wire, httpx.HTTPTransport() as transport:
        first = HTTPClient(**KEYS, base_url=wire.url, transport=transport)
        second = HTTPClient(**KEYS, base_url=wire.url, transport=transport)
        FinerWorks(http_client=first).invoices.page()
        first.close()
        assert FinerWorks(http_client=second).invoices.page().total_count == 60


class Watched(httpx.MockTransport):
    """A transport that counts how often it was closed."""

    def __init__(self) -> None:
        super().__init__(lambda _: httpx.Response(204))
        self.closed = 0

    def close(self) -> None:
        """Count."""
        self.closed += 1

    async def aclose(self) -> None:
        """Count."""
        self.closed += 1


def test_a_transport_of_the_callers_is_closed_without_a_request() -> None:
    """The caller's transport is closed once, by `close()` or `with`, even without a request."""
    transport = Watched()
    client = HTTPClient(**KEYS, transport=transport)
    FinerWorks(http_client=client, timeout=5).close()
    assert transport.closed == 0
    client.close()
    client.close()
    assert transport.closed == 1

    async def run() -> int:
        transport = Watched()
        async with AsyncHTTPClient(**KEYS, transport=transport):
            assert transport.closed == 0
        return transport.closed

    assert asyncio.run(run()) == 1


def test_a_session_of_aiohttp_is_closed_without_a_request() -> None:
    """The session of aiohttp is closed even without a request, so it does not warn."""

    async def run() -> bool:
        transport = AiohttpTransport()
        transport.client = session = transport.get_client()
        async with AsyncHTTPClient(**KEYS, transport=transport):
            pass
        return session.closed

    assert asyncio.run(run())
