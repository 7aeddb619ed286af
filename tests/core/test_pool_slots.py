"""Requests that end early release their places in the connection pool.

The server of the async tests runs in the client's event loop. So the number of steps that a request takes
is the same each time, and a cancellation after each number of steps covers all of them: connecting, TLS,
sending, receiving and closing.
"""

import asyncio
import gc
import json
import ssl
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

import httpx
import pytest
import trustme

from answers import listing, rows
from callers import KEYS
from finerworks import AsyncFinerWorks, AsyncHTTPClient, FinerWorks, FinerWorksError, HTTPClient
from wire import Exchange, Wire, http

SLOTS = 4
"""Connections of the small pool."""

STEPS = 60
"""Steps of the event loop after which requests are cancelled, from 0: more than a request takes."""

PAGES = 8
"""Pages of a listing."""


class LoopServer:
    """A server in the event loop of the client, which counts its connections.

    Args:
        keep_alive: Whether it keeps connections open after a response.
    """

    def __init__(self, *, keep_alive: bool = True) -> None:
        self._keep_alive = keep_alive
        self._crowd = 0
        self._waiting = 0
        self._complete = asyncio.Event()
        self._handlers: set[asyncio.Task[None]] = set()
        self.open = 0
        """Connections that are open."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                asked = json.loads(await reader.readexactly(length))
                if self._crowd:
                    self._waiting += 1
                    if self._waiting >= self._crowd:
                        self._complete.set()
                    await self._complete.wait()
                writer.write(self._response(asked["page_number"], asked["per_page"]))
                await writer.drain()
                if not self._keep_alive:
                    break
        except (asyncio.IncompleteReadError, OSError):
            pass  # the client hung up
        finally:
            self.open -= 1
            writer.close()

    def _response(self, number: int, per_page: int) -> bytes:
        total = PAGES * 10
        found = rows(*range(total)[(number - 1) * per_page : number * per_page])
        headers = [] if self._keep_alive else ["Connection: close"]
        return http(json.dumps(listing(found, total)).encode(), 200, *headers)

    def hold(self, count: int) -> None:
        """Respond to no request until a number of them run at the same time."""
        self._crowd = count
        self._waiting = 0
        self._complete.clear()

    def release(self) -> None:
        """Respond to all requests that are held, and to each new one."""
        self._crowd = 0
        self._complete.set()


class Certificates:
    """The TLS contexts of server and client."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.path = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.path)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self.server)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
        self.client = ssl.create_default_context(cafile=str(self.path))


@pytest.fixture(params=["tcp", "tls"])
def certificates(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Certificates | None:
    """Return the TLS contexts of server and client, or None."""
    if request.param == "tcp":
        return None
    made = Certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.path))
    return made


Body = Callable[[AsyncFinerWorks, LoopServer], Awaitable[None]]


def run(
    body: Body,
    certificates: Certificates | None = None,
    *,
    keep_alive: bool = True,
    slots: int | None = SLOTS,
) -> None:
    """Run a test's body with a client, and a server in the same event loop.

    Args:
        body: The test's.
        certificates: Their TLS contexts, if they use TLS.
        keep_alive: Whether the server keeps connections open.
        slots: Connections of the pool. None: the client's own pool.
    """

    async def main() -> None:
        server = LoopServer(keep_alive=keep_alive)
        tls = certificates.server if certificates else None
        listener = await asyncio.start_server(server, "127.0.0.1", 0, ssl=tls, backlog=200)
        port = listener.sockets[0].getsockname()[1]
        transport = None
        if slots is not None:
            verify = certificates.client if certificates else False
            limits = httpx.Limits(max_connections=slots)
            transport = httpx.AsyncHTTPTransport(verify=verify, limits=limits)
        client = AsyncHTTPClient(
            **KEYS,
            base_url=f"http{'s' if tls else ''}://127.0.0.1:{port}",
            transport=transport,
            timeout=20,
            max_retries=0,
        )
        try:
            async with client, AsyncFinerWorks(http_client=client) as fw:
                await body(fw, server)
            await has_open(server, 0)
        finally:
            listener.close()

    asyncio.run(asyncio.wait_for(main(), 100))


async def has_open(server: LoopServer, most: int) -> None:
    """Check that no more connections stay open than this."""
    for _ in range(1000):
        if server.open <= most:
            return
        await asyncio.sleep(0.005)
    pytest.fail(f"{server.open} connections stay open, not {most} at most")


async def steps(count: int) -> None:
    """Let the event loop run a number of steps."""
    for _ in range(count):
        await asyncio.sleep(0)


async def ended(task: "asyncio.Task[object]") -> bool:
    """Wait until a task has ended. Return whether it was cancelled."""
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
    return task.cancelled()


async def cancelled_page(fw: AsyncFinerWorks, after: int) -> bool:
    """Begin a request, and cancel it after a number of steps. Return whether that was in time."""
    task: asyncio.Task[object] = asyncio.create_task(fw.invoices.page(per_page=10))
    await steps(after)
    task.cancel()
    return await ended(task)


async def all_slots(fw: AsyncFinerWorks, server: LoopServer, count: int = SLOTS) -> None:
    """Check that as many requests as there are connections run at the same time."""
    server.hold(count)
    pages = [fw.invoices.page(per_page=10) for _ in range(count)]
    found = await asyncio.gather(*pages, return_exceptions=True)
    server.release()
    assert [each for each in found if isinstance(each, BaseException)] == []


@pytest.mark.parametrize("keep_alive", [True, False], ids=["keep-alive", "close"])
def test_a_request_that_is_cancelled_at_any_step_gives_its_slot_back(
    certificates: Certificates | None, keep_alive: bool
) -> None:
    """After 250 cancellations, at each step in turn, every slot is free, and no connection is left."""

    async def body(fw: AsyncFinerWorks, server: LoopServer) -> None:
        in_time = [0] * STEPS
        for number in range(250 * 2):
            in_time[number % STEPS] += await cancelled_page(fw, number % STEPS)
            if sum(in_time) == 250:
                break
        await has_open(server, 1 if keep_alive else 0)
        await all_slots(fw, server)
        assert in_time[0] > 0
        assert in_time[-1] == 0  # so the steps cover a whole request

    run(body, certificates, keep_alive=keep_alive)


def test_the_clients_own_pool_survives_thousands_of_cancellations() -> None:
    """After 1,500 cancellations, all 100 connections of the default pool can be used."""

    async def body(fw: AsyncFinerWorks, server: LoopServer) -> None:
        for number in range(1_500):
            await cancelled_page(fw, number % 20)
        await has_open(server, 1)
        await all_slots(fw, server, 100)

    run(body, slots=None)


@pytest.mark.parametrize("again", [0, 1, 2, 3])
def test_a_request_that_is_cancelled_twice_gives_its_slot_back(
    certificates: Certificates | None, again: int
) -> None:
    """A second cancellation during the first one leaves nothing behind."""

    async def body(fw: AsyncFinerWorks, server: LoopServer) -> None:
        for number in range(3 * STEPS):
            task: asyncio.Task[object] = asyncio.create_task(fw.invoices.page(per_page=10))
            await steps(number % STEPS)
            task.cancel()
            await steps(again)
            task.cancel()
            await ended(task)
        await has_open(server, 1)
        await all_slots(fw, server)

    run(body, certificates)


@pytest.mark.parametrize("keep_alive", [True, False], ids=["keep-alive", "close"])
def test_a_request_that_is_cancelled_while_it_waits_for_a_slot(
    certificates: Certificates | None, keep_alive: bool
) -> None:
    """A request that is cancelled when it gets a slot passes the slot on."""

    async def body(fw: AsyncFinerWorks, server: LoopServer) -> None:
        for after in range(STEPS):
            server.hold(1_000)
            held = [asyncio.create_task(fw.invoices.page(per_page=10)) for _ in range(SLOTS)]
            await steps(40)
            waiting: list[asyncio.Task[object]] = [
                asyncio.create_task(fw.invoices.page(per_page=10)) for _ in range(2 * SLOTS)
            ]
            await steps(5)
            server.release()
            await steps(after)
            for task in waiting[1:]:
                task.cancel()
            for task in waiting:
                await ended(task)
            await asyncio.gather(*held)
        await has_open(server, SLOTS if keep_alive else 0)
        await all_slots(fw, server)

    run(body, certificates, keep_alive=keep_alive)


async def limited(fw: AsyncFinerWorks, limits: list[asyncio.Timeout]) -> None:
    """Get a page within a time limit, which the caller sets."""
    async with asyncio.timeout(None) as limit:
        limits.append(limit)
        await fw.invoices.page(per_page=10)


def test_a_time_limit_of_asyncio_gives_the_slot_back(certificates: Certificates | None) -> None:
    """`asyncio.timeout` around a call releases its slot at any step."""

    async def body(fw: AsyncFinerWorks, server: LoopServer) -> None:
        loop = asyncio.get_running_loop()
        for number in range(3 * STEPS):
            limits: list[asyncio.Timeout] = []
            task: asyncio.Task[object] = asyncio.create_task(limited(fw, limits))
            await steps(1 + number % STEPS)
            if not task.done():
                limits[0].reschedule(loop.time())
            await asyncio.wait([task])
            assert isinstance(task.exception(), TimeoutError | None)
        await has_open(server, 1)
        await all_slots(fw, server)

    run(body, certificates)


# anyio may lose a connection that is cancelled at the moment it opens. Its place in the pool is
# given back, and garbage collection closes it with these warnings.
@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_listing_that_is_cancelled_gives_its_slots_back(
    certificates: Certificates | None,
) -> None:
    """A listing that is cancelled at any step releases all of its slots."""

    async def read(fw: AsyncFinerWorks) -> int:
        pager = fw.invoices.list(per_page=10, concurrency=SLOTS)
        return len([invoice async for invoice in pager])

    async def body(fw: AsyncFinerWorks, server: LoopServer) -> None:
        completed = 0
        for after in range(0, 400, 3):
            task: asyncio.Task[object] = asyncio.create_task(read(fw))
            await steps(after)
            task.cancel()
            completed += not await ended(task)
        await has_open(server, SLOTS)
        await all_slots(fw, server)
        assert completed

    run(body, certificates)


class Interrupted(BaseException):
    """An exception of a signal handler."""


class Tracing:
    """Raises at one call of a function of the HTTP library, as a signal handler may where one is entered.

    Not in the locks of a connection: a lock written in Python can't be left safely there. The pool's
    own lock is another one, see `keep_deadlines()`.
    """

    def __init__(self, at: int) -> None:
        self._left = at
        self.struck: str | None = None

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """Record a call, or raise."""
        name = frame.f_code.co_filename.replace("\\", "/")
        theirs = any(f"/{package}/" in name for package in ("httpcore", "httpx", "h11"))
        caller = frame.f_back.f_code.co_filename if frame.f_back else ""
        safe = "_synchronization" not in name or "connection_pool" in caller
        if event == "call" and theirs and safe and not self.struck:
            self._left -= 1
            if self._left == 0:
                self.struck = f"{name}:{frame.f_code.co_firstlineno} {frame.f_code.co_name}"
                raise Interrupted


def interrupted(fw: FinerWorks, at: int) -> str | None:
    """Get a page, interrupted at one call. Return where, or None if there are fewer calls."""
    tracing, before = Tracing(at), sys.gettrace()
    sys.settrace(tracing)
    try:
        fw.invoices.page(per_page=10)
    except Interrupted:
        pass
    finally:
        sys.settrace(before)
    return tracing.struck


class Crowd:
    """A server that can hold its responses until a number of requests run at the same time."""

    def __init__(self, *headers: str) -> None:
        self._headers = headers
        self.together: threading.Barrier | None = None

    def __call__(self, exchange: Exchange) -> None:
        """Send a page."""
        if self.together is not None:
            self.together.wait(10)
        exchange.send(http(json.dumps(listing(rows("a"))).encode(), 200, *self._headers))
        if self._headers:
            exchange.close()


def watched(call: Callable[[], object], seconds: float = 100) -> None:
    """Make a call in a thread, and fail if it does not end."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it hangs"


@pytest.fixture
def small(certificates: Certificates | None) -> Iterator[httpx.HTTPTransport]:
    """Return a transport with a small pool."""
    verify = certificates.client if certificates else False
    limits = httpx.Limits(max_connections=SLOTS)
    with httpx.HTTPTransport(verify=verify, limits=limits) as transport:
        yield transport


# About a socket that has no owner yet, and a generator that was interrupted while it was closed.
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("headers", [[], ["Connection: close"]], ids=["keep-alive", "close"])
def test_a_request_that_a_signal_handler_interrupts_gives_its_slot_back(
    certificates: Certificates | None, small: httpx.HTTPTransport, headers: list[str]
) -> None:
    """An exception at the start of any function of the HTTP library leaves every slot usable."""
    crowd, tls, places = Crowd(*headers), certificates.server if certificates else None, list[str]()
    with Wire(crowd, tls=tls) as wire:
        client = HTTPClient(**KEYS, base_url=wire.url, transport=small, timeout=5, max_retries=0)
        fw = FinerWorks(http_client=client)

        def sweep() -> None:
            try:
                while (place := interrupted(fw, len(places) + 1)) is not None:
                    places.append(place)
            except FinerWorksError as error:
                errors.append(error)

        def check() -> None:
            with ThreadPoolExecutor(SLOTS) as pool:
                asked = [pool.submit(fw.invoices.page, per_page=10) for _ in range(SLOTS)]
                errors.extend(error for each in asked if (error := each.exception()))

        errors: list[BaseException] = []
        watched(sweep)
        assert errors == [], places[-3:]
        crowd.together = threading.Barrier(SLOTS)
        watched(check)
        gc.collect()
    assert errors == []
    assert len(places) > 20
