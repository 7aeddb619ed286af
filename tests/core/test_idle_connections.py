"""Connections that died while they were idle cost one attempt: the next one opens a new connection."""

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme

from answers import listing, rows
from callers import KEYS, Aiohttp, Async
from finerworks import AsyncFinerWorks, FinerWorks
from wire import Exchange, Wire, http, page

IDLE = 4
"""The number of idle connections when they die."""

TIMEOUT = 2.0
"""Seconds that an attempt may take. On a dead connection, it takes all of them."""


class Mortal:
    """A server with connections that die, all at once and without a sign.

    Until then, requests wait for each other, so that each has its own connection.

    Args:
        death: What the server does with a request on a dead connection.
    """

    def __init__(self, death: Callable[[Exchange], None]) -> None:
        self._death = death
        self._lock = threading.Lock()
        self._together = threading.Barrier(IDLE)
        self._known: set[threading.Thread] = set()
        self._dead: set[threading.Thread] = set()
        self._busy: set[threading.Thread] = set()
        self.held = threading.Event()
        self.release = threading.Event()
        self.met_death = 0
        """The number of requests on dead connections."""
        self.requests: dict[str, int] = {}
        """The number of requests for each account."""

    def kill(self) -> None:
        """Make all existing connections dead, except one with a request that is held."""
        with self._lock:
            self._dead |= self._known - self._busy

    def __call__(self, exchange: Exchange) -> None:
        """Send a page, unless the connection is dead."""
        account = json.loads(exchange.body).get("account_key") or ""
        with self._lock:  # each connection is served by a thread of its own
            self._known.add(threading.current_thread())
            dead = threading.current_thread() in self._dead
            self.met_death += dead
            self.requests[account] = self.requests.get(account, 0) + 1
            if account == "held":
                self._busy.add(threading.current_thread())
        if dead:
            self._death(exchange)
            return
        if account == "warm":
            self._together.wait(30)
        if account == "held":
            self.held.set()
            self.release.wait(60)
        if account in ("warm", "held"):
            exchange.send(http(json.dumps(listing(rows("a"))).encode()))
        else:
            exchange.send(page(exchange))


DEATHS = {"blackhole": Exchange.wait, "reset": Exchange.reset}

deaths = pytest.mark.parametrize("death", DEATHS.values(), ids=DEATHS)


@pytest.fixture(params=["tcp", "tls"])
def tls(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ssl.SSLContext | None:
    """Return the server's TLS context, which clients trust by the environment, or None."""
    if request.param == "tcp":
        return None
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    return context


def warm(fw: FinerWorks) -> None:
    """Open connections, and leave them idle."""
    with ThreadPoolExecutor(IDLE) as pool:
        for each in [pool.submit(fw.invoices.page, account_key="warm") for _ in range(IDLE)]:
            each.result()


async def warm_async(fw: AsyncFinerWorks) -> None:
    """Open connections, and leave them idle."""
    await asyncio.gather(*[fw.invoices.page(account_key="warm") for _ in range(IDLE)])


class Uses:
    """The actions of a test with a client after its connections died, for sync and for async.

    Args:
        server: The server.
        max_retries: The client's.
    """

    def __init__(self, server: Mortal, max_retries: int) -> None:
        self._server = server
        self._max_retries = max_retries

    def one(self, kind: str, url: str, again: int = 0) -> None:
        """Get one page, and then others one after the other."""
        if kind == "sync":
            with self._client(url) as fw:
                warm(fw)
                self._server.kill()
                for _ in range(1 + again):
                    assert fw.invoices.page().total_count == 60
            return

        async def run() -> None:
            async with self._async_client(kind, url) as fw:
                await warm_async(fw)
                self._server.kill()
                for _ in range(1 + again):
                    assert (await fw.invoices.page()).total_count == 60

        asyncio.run(run())

    def together(self, kind: str, url: str) -> None:
        """Get as many pages at the same time as there are dead connections."""
        if kind == "sync":
            with self._client(url) as fw:
                warm(fw)
                self._server.kill()
                with ThreadPoolExecutor(IDLE) as pool:
                    asked = [pool.submit(fw.invoices.page) for _ in range(IDLE)]
                    assert [each.result().total_count for each in asked] == [60] * IDLE
            return

        async def run() -> None:
            async with self._async_client(kind, url) as fw:
                await warm_async(fw)
                self._server.kill()
                pages = await asyncio.gather(*[fw.invoices.page() for _ in range(IDLE)])
                assert [page.total_count for page in pages] == [60] * IDLE

        asyncio.run(run())

    def listing(self, kind: str, url: str) -> None:
        """Get a whole listing, with several pages in flight."""
        if kind == "sync":
            with self._client(url) as fw:
                warm(fw)
                self._server.kill()
                found = [invoice.invoice_id for invoice in fw.invoices.list()]
        else:

            async def run() -> list[str]:
                async with self._async_client(kind, url) as fw:
                    await warm_async(fw)
                    self._server.kill()
                    return [invoice.invoice_id async for invoice in fw.invoices.list()]

            found = asyncio.run(run())
        assert found == [str(each) for each in range(60)]

    def beside_another(self, kind: str, url: str) -> None:
        """Get a page while another request is in flight on a connection that lives."""
        if kind == "sync":
            with self._client(url) as fw, ThreadPoolExecutor(1) as pool:
                warm(fw)
                slow = fw.with_options(timeout=60)
                held = pool.submit(slow.invoices.page, account_key="held")
                assert self._server.held.wait(30)
                self._server.kill()
                try:
                    assert fw.invoices.page().total_count == 60
                finally:
                    self._server.release.set()
                assert held.result().total_count == 1
            return

        async def run() -> None:
            async with self._async_client(kind, url) as fw:
                await warm_async(fw)
                slow = fw.with_options(timeout=60)
                held = asyncio.create_task(slow.invoices.page(account_key="held"))
                assert await asyncio.to_thread(self._server.held.wait, 30)
                self._server.kill()
                try:
                    assert (await fw.invoices.page()).total_count == 60
                finally:
                    self._server.release.set()
                assert (await held).total_count == 1

        asyncio.run(run())

    def _client(self, url: str) -> FinerWorks:
        return FinerWorks(**KEYS, base_url=url, timeout=TIMEOUT, max_retries=self._max_retries)

    @contextlib.asynccontextmanager
    async def _async_client(self, kind: str, url: str) -> AsyncGenerator[AsyncFinerWorks]:
        caller = Aiohttp() if kind == "aiohttp" else Async()
        async with (
            caller.client(
                **KEYS, base_url=url, timeout=TIMEOUT, max_retries=self._max_retries
            ) as http_client,
            AsyncFinerWorks(http_client=http_client) as fw,
        ):
            yield fw


def uses(server: Mortal, max_retries: int = 2) -> Uses:
    """Return what a test does with a client of the server's."""
    return Uses(server, max_retries)


kinds = pytest.mark.parametrize("kind", ["sync", "async", "aiohttp"])


@kinds
@deaths
@pytest.mark.parametrize("max_retries", [1, 2])
def test_the_attempt_after_a_dead_connection_opens_a_new_one(
    kind: str, death: Callable[[Exchange], None], max_retries: int, tls: ssl.SSLContext | None
) -> None:
    """With several dead connections in the pool, only one attempt fails."""
    server = Mortal(death)
    with Wire(server, tls=tls) as wire:
        uses(server, max_retries).one(kind, wire.url)
    assert server.met_death == 1
    assert wire.connections == IDLE + 1


@kinds
@deaths
def test_connections_are_kept_alive_again_afterwards(
    kind: str, death: Callable[[Exchange], None], tls: ssl.SSLContext | None
) -> None:
    """The new connection is reused for the next requests."""
    server = Mortal(death)
    with Wire(server, tls=tls) as wire:
        uses(server).one(kind, wire.url, again=10)
    assert server.met_death == 1
    assert wire.connections == IDLE + 1


@kinds
@deaths
def test_requests_at_the_same_time_lose_one_attempt_each(
    kind: str, death: Callable[[Exchange], None]
) -> None:
    """Concurrent requests lose at most one attempt each, so one retry is enough."""
    server = Mortal(death)
    with Wire(server) as wire:
        uses(server, max_retries=1).together(kind, wire.url)
    assert server.met_death <= IDLE


@kinds
@deaths
def test_a_listing_survives_dead_connections(kind: str, death: Callable[[Exchange], None]) -> None:
    """A listing that begins with dead connections loses one attempt, and is complete."""
    server = Mortal(death)
    with Wire(server) as wire:
        uses(server).listing(kind, wire.url)
    assert server.met_death == 1


@kinds
@deaths
def test_a_dead_connection_does_not_end_requests_on_others(
    kind: str, death: Callable[[Exchange], None], tls: ssl.SSLContext | None
) -> None:
    """A request on a live connection gets its response, and is sent once."""
    server = Mortal(death)
    with Wire(server, tls=tls) as wire:
        uses(server).beside_another(kind, wire.url)
    assert server.met_death == 1
    assert server.requests["held"] == 1


@kinds
def test_a_response_that_refuses_keeps_its_connection(kind: str) -> None:
    """A retry after a 503 uses the same connection."""

    def does(exchange: Exchange) -> None:
        exchange.send(http(b"", 503) if exchange.number == 2 else page(exchange))

    async def run(url: str) -> None:
        caller = Aiohttp() if kind == "aiohttp" else Async()
        async with caller.client(**KEYS, base_url=url) as client:
            for _ in range(3):
                await AsyncFinerWorks(http_client=client).invoices.page()

    with Wire(does) as wire:
        if kind == "sync":
            with FinerWorks(**KEYS, base_url=wire.url) as fw:
                for _ in range(3):
                    fw.invoices.page()
        else:
            asyncio.run(run(wire.url))
    assert len(wire.exchanges) == 4
    assert wire.connections == 1


@kinds
@pytest.mark.parametrize("has_poll", [True, False])
def test_a_connection_that_the_server_closed_is_not_used(
    kind: str, monkeypatch: pytest.MonkeyPatch, *, has_poll: bool
) -> None:
    """A closed connection costs no attempt, even without poll(), as on Windows."""
    if not has_poll:
        monkeypatch.delattr("select.poll")
    closed = threading.Semaphore(0)

    def does(exchange: Exchange) -> None:
        exchange.send(page(exchange))
        exchange.close()
        closed.release()

    async def run(url: str) -> None:
        async with AsyncFinerWorks(**KEYS, base_url=url, max_retries=0) as fw:
            for _ in range(3):
                assert (await fw.invoices.page()).total_count == 60
                assert await asyncio.to_thread(closed.acquire, timeout=30)

    with Wire(does) as wire:
        if kind == "sync":
            with FinerWorks(**KEYS, base_url=wire.url, max_retries=0) as fw:
                for _ in range(3):
                    assert fw.invoices.page().total_count == 60
                    assert closed.acquire(timeout=30)
        else:
            asyncio.run(run(wire.url))
    assert wire.connections == 3
