"""One client in several event loops, in sequence or at once, in another library's loop, and in none."""

import asyncio
import gc
import threading
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any

import httpx
import pytest
import trio
from httpx_aiohttp import AiohttpTransport

from answers import listing, rows
from callers import KEYS
from finerworks import AsyncFinerWorks, AsyncHTTPClient, ClientStateError, FinerWorksError, Invoice
from wire import Exchange, Wire, page

# Connections end with their loop. Python warns of those that were open then.
leaves_connections = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed c:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
pytestmark = leaves_connections


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect garbage within each test, so that its warnings belong to it."""
    yield
    gc.collect()


TRANSPORTS: dict[str, Callable[[], httpx.AsyncBaseTransport]] = {
    "httpx": httpx.AsyncHTTPTransport,
    "aiohttp": AiohttpTransport,
}
transports = pytest.mark.parametrize("create", TRANSPORTS.values(), ids=TRANSPORTS)

OTHER_LOOP = "connections of another event loop: create the transport and the client in each"


async def count(fw: AsyncFinerWorks) -> int:
    """Return the number of invoices."""
    return len([invoice async for invoice in fw.invoices.list()])


def test_a_client_is_used_in_one_loop_after_another() -> None:
    """A client can be used in one loop after the other, with new connections in each."""
    with Wire() as wire:
        fw = AsyncFinerWorks(**KEYS, base_url=wire.url)
        for _ in range(3):
            assert asyncio.run(count(fw)) == 60
        asyncio.run(fw.aclose())


def test_a_client_is_used_in_the_loops_of_several_threads() -> None:
    """A client can be used in several loops at once, and closed in yet another one."""
    with Wire() as wire:
        fw = AsyncFinerWorks(**KEYS, base_url=wire.url)
        counts: list[int] = []
        threads = [
            threading.Thread(target=lambda: counts.append(asyncio.run(count(fw)))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        asyncio.run(fw.aclose())
    assert counts == [60] * 4


@pytest.mark.parametrize("end", ["asyncio.run", "loop.close"])
@pytest.mark.parametrize("concurrency", [1, 2, 6])
def test_a_listing_goes_on_in_another_loop(concurrency: int, end: str) -> None:
    """A listing continues in another loop. Requests of the first loop are sent again, and no invoice is lost."""

    def run(coroutine: Coroutine[Any, Any, str]) -> str:
        if end == "asyncio.run":
            return asyncio.run(coroutine)
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(coroutine)
        finally:
            loop.close()  # without cancelling what runs in it

    async def step(invoices: AsyncIterator[Invoice]) -> str:
        return (await anext(invoices)).invoice_id or ""

    with Wire(lambda exchange: exchange.send(page(exchange, 200))) as wire:
        fw = AsyncFinerWorks(**KEYS, base_url=wire.url)
        invoices = aiter(fw.invoices.list(concurrency=concurrency))
        found = [run(step(invoices)) for _ in range(60)]

        async def rest() -> list[str]:
            return [invoice.invoice_id or "" async for invoice in invoices]

        found += asyncio.run(rest())
    assert found == [str(number) for number in range(200)]


def test_a_listing_that_waits_in_one_loop_goes_on_in_another() -> None:
    """A page whose loop ended is requested again, and the listing is complete."""
    held = threading.Event()

    def does(exchange: Exchange) -> None:
        if exchange.asked["page_number"] == 2 and not held.is_set():
            held.set()
            exchange.wait()
        else:
            exchange.send(page(exchange))

    async def begin(pages: AsyncIterator[object]) -> None:
        await anext(pages)
        waiting = asyncio.ensure_future(anext(pages))
        await asyncio.to_thread(held.wait, 30)
        waiting.cancel()

    async def rest(pages: AsyncIterator[Any]) -> list[str]:
        return [invoice.invoice_id async for page in pages for invoice in page.items]

    with Wire(does) as wire:
        fw = AsyncFinerWorks(**KEYS, base_url=wire.url, timeout=600)
        pages = fw.invoices.list(concurrency=2).pages()
        asyncio.run(begin(pages))
        assert asyncio.run(rest(pages)) == [str(number) for number in range(25, 60)]


def test_an_iterator_is_closed_in_another_loop() -> None:
    """Closing an iterator in another loop, or leaving it to garbage collection, raises nothing."""
    with Wire() as wire:
        fw = AsyncFinerWorks(**KEYS, base_url=wire.url)
        for close in (True, False):
            pages = fw.invoices.list().pages()

            async def begin(pages: AsyncIterator[object] = pages) -> None:
                await anext(pages)

            asyncio.run(begin())
            if close:
                asyncio.run(pages.aclose())
            del pages, begin
            gc.collect()


@pytest.mark.parametrize("used", [True, False])
def test_a_client_is_closed_in_another_loop(*, used: bool) -> None:
    """A client can be closed in another loop, and sends nothing afterwards."""

    async def leave(fw: AsyncFinerWorks) -> None:
        async with fw:
            pass

    with Wire() as wire:
        for close in (AsyncFinerWorks.aclose, leave):
            fw = AsyncFinerWorks(**KEYS, base_url=wire.url)
            if used:
                asyncio.run(count(fw))
            before = len(wire.exchanges)
            asyncio.run(close(fw))
            with pytest.raises(ClientStateError, match="client is closed"):
                asyncio.run(count(fw))
            assert len(wire.exchanges) == before


@transports
def test_a_transport_of_the_callers_belongs_to_one_loop(
    create: Callable[[], httpx.AsyncBaseTransport],
) -> None:
    """The caller's transport raises an error in a second loop, before anything is sent."""
    with Wire() as wire, asyncio.Runner() as first:

        async def open_client() -> AsyncFinerWorks:
            client = AsyncHTTPClient(**KEYS, base_url=wire.url, transport=create())
            fw = AsyncFinerWorks(http_client=client, timeout=20)
            assert await count(fw) == 60
            return fw

        fw = first.run(open_client())
        before = len(wire.exchanges)
        uses: list[Callable[[], Coroutine[Any, Any, object]]] = [
            fw.invoices.page,
            lambda: count(fw),
            lambda: anext(fw.invoices.list().pages()),
        ]
        for use in uses:
            with pytest.raises(ClientStateError, match=OTHER_LOOP):
                asyncio.run(use())
        assert len(wire.exchanges) == before
        assert first.run(count(fw)) == 60


@transports
def test_a_transport_of_the_callers_whose_loop_has_ended_is_an_error(
    create: Callable[[], httpx.AsyncBaseTransport],
) -> None:
    """A transport whose loop has ended raises the same error in each client that shares it."""
    with Wire() as wire:
        transport = create()
        first, second = (
            AsyncHTTPClient(**KEYS, base_url=wire.url, transport=transport) for _ in range(2)
        )
        asyncio.run(count(AsyncFinerWorks(http_client=first)))
        before = len(wire.exchanges)
        for client in (first, second):
            with pytest.raises(ClientStateError, match=OTHER_LOOP):
                asyncio.run(count(AsyncFinerWorks(http_client=client)))
        assert len(wire.exchanges) == before
        for client in (first, second):
            asyncio.run(client.aclose())


def test_a_transport_that_was_closed_in_its_loop_may_be_used_in_another() -> None:
    """After httpx's transport was closed in its loop, it opens connections in another one."""

    async def run(transport: httpx.AsyncHTTPTransport, url: str) -> int:
        client = AsyncHTTPClient(**KEYS, base_url=url, transport=transport)
        async with client, AsyncFinerWorks(http_client=client) as fw:
            return await count(fw)

    with Wire() as wire:
        transport = httpx.AsyncHTTPTransport()
        assert [asyncio.run(run(transport, wire.url)) for _ in range(2)] == [60, 60]


def test_a_transport_without_connections_belongs_to_no_loop() -> None:
    """A mock transport can be used in every loop."""
    mock = httpx.MockTransport(lambda _: httpx.Response(200, json=listing(rows("a"))))
    fw = AsyncFinerWorks(http_client=AsyncHTTPClient(**KEYS, transport=mock))
    assert [asyncio.run(count(fw)) for _ in range(2)] == [1, 1]


class Unhashable(httpx.AsyncHTTPTransport):
    """A transport that is equal to others, so that Python has no hash for it."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unhashable)

    __hash__ = None  # type: ignore[assignment] # pyright: ignore[reportAssignmentType] - what a dataclass has


def test_a_transport_that_has_no_hash_belongs_to_one_loop() -> None:
    """A transport that is not hashable is identified by its identity."""
    with Wire() as wire:
        client = AsyncHTTPClient(**KEYS, base_url=wire.url, transport=Unhashable())
        other = AsyncHTTPClient(**KEYS, base_url=wire.url, transport=Unhashable())
        asyncio.run(count(AsyncFinerWorks(http_client=client)))
        with pytest.raises(ClientStateError, match=OTHER_LOOP):
            asyncio.run(count(AsyncFinerWorks(http_client=client)))
        assert asyncio.run(count(AsyncFinerWorks(http_client=other))) == 60


# --- trio -------------------------------------------------------------------------------------------

NO_ASYNCIO = r"needs asyncio, .* with trio, use FinerWorks in a thread"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("transport", [None, *TRANSPORTS])
def test_trio_is_told_that_asyncio_is_needed(transport: str | None) -> None:
    """Under trio, every use raises one error at once, and nothing is sent."""
    with Wire() as wire, warnings.catch_warnings():
        warnings.simplefilter("error")
        own = TRANSPORTS[transport]() if transport else None
        client = AsyncHTTPClient(**KEYS, base_url=wire.url, transport=own)

        async def use() -> None:
            fw = AsyncFinerWorks(http_client=client)
            uses: list[Callable[[], Awaitable[object]]] = [
                fw.invoices.page,
                lambda: count(fw),
                lambda: anext(fw.invoices.list(concurrency=1).pages()),
                lambda: client.post("/v3/list_invoices", json={}),
                fw.__aenter__,
            ]
            for each in uses:
                with pytest.raises(ClientStateError, match=NO_ASYNCIO):
                    await each()
            await fw.aclose()
            await client.aclose()

        trio.run(use)
        gc.collect()
        assert wire.connections == 0


@pytest.mark.filterwarnings("error")
def test_a_listing_that_asyncio_began_does_not_go_on_in_trio() -> None:
    """A listing that asyncio began raises the error under trio, and continues in asyncio."""

    async def begin(pages: AsyncIterator[Any]) -> int:
        return len((await anext(pages)).items)

    async def fail(pages: AsyncIterator[Any]) -> None:
        with pytest.raises(ClientStateError, match=NO_ASYNCIO):
            await anext(pages)

    with Wire() as wire, asyncio.Runner() as runner:
        fw = AsyncFinerWorks(**KEYS, base_url=wire.url)
        pages = fw.invoices.list(concurrency=1).pages()
        assert runner.run(begin(pages)) == 25
        trio.run(fail, pages)
        assert runner.run(begin(pages)) == 25
        runner.run(fw.aclose())


def test_the_error_can_be_caught_as_either_kind() -> None:
    """The error is a `FinerWorksError` and a `RuntimeError`."""
    assert issubclass(ClientStateError, FinerWorksError)
    assert issubclass(ClientStateError, RuntimeError)


class Unconnected(httpx.AsyncBaseTransport):
    """The caller's transport, which responds without a connection."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Respond with an empty page."""
        del request
        return httpx.Response(200, json=listing([]))


def test_a_new_transport_belongs_to_no_event_loop_of_an_old_one() -> None:
    """A new transport is not tied to the event loop of an old one at the same memory address."""

    async def send() -> int:
        transport = Unconnected()
        client = AsyncHTTPClient(**KEYS, transport=transport)
        await client.post("/v3/list_invoices", json={"page_number": 1, "per_page": 1})
        return id(transport)

    places: list[int] = []
    while len(places) == len(set(places)) and len(places) < 100:
        places.append(asyncio.run(send()))
        gc.collect()
