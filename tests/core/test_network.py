"""Connections observe a deadline, and the private names of httpx and httpcore that this needs exist."""

# ruff: noqa: ARG002, ASYNC109 - the parameters are httpcore's

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import httpcore
import httpx
import pytest

from callers import KEYS
from finerworks import AsyncFinerWorks, AsyncHTTPClient, FinerWorks, HTTPClient
from finerworks.deadline import Deadline, Timeout
from finerworks.network import (
    AsyncDeadlineBackend,
    AsyncDeadlineStream,
    DeadlineBackend,
    DeadlineStream,
    FailureCount,
)
from wire import Exchange, Wire

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
BODY = {"page_number": 1, "per_page": 1}

Limits = dict[str, float | None]
"""The limit of each step, in seconds."""


class Stream(httpcore.MockStream):
    """A fake connection that records the limit of each step."""

    def __init__(self, limits: Limits) -> None:
        super().__init__([])
        self._limits = limits

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read something."""
        self._limits["read"] = timeout
        return b"x" * max_bytes

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write nothing."""
        self._limits["write"] = timeout

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Encrypt nothing."""
        self._limits["start_tls"] = timeout
        return self


class Backend(httpcore.MockBackend):
    """Opens connections that go nowhere."""

    def __init__(self, limits: Limits) -> None:
        super().__init__([])
        self._limits = limits

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Open one over TCP."""
        self._limits["connect_tcp"] = timeout
        return Stream(self._limits)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Open one to a socket of this machine."""
        self._limits["connect_unix_socket"] = timeout
        return Stream(self._limits)


class AsyncStream(httpcore.AsyncMockStream):
    """The same for asyncio."""

    def __init__(self, limits: Limits) -> None:
        super().__init__([])
        self._limits = limits

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read something."""
        self._limits["read"] = timeout
        return b"x" * max_bytes

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write nothing."""
        self._limits["write"] = timeout

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Encrypt nothing."""
        self._limits["start_tls"] = timeout
        return self


class AsyncBackend(httpcore.AsyncMockBackend):
    """The same for asyncio."""

    def __init__(self, limits: Limits) -> None:
        super().__init__([])
        self._limits = limits

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open one over TCP."""
        self._limits["connect_tcp"] = timeout
        return AsyncStream(self._limits)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open one to a socket of this machine."""
        self._limits["connect_unix_socket"] = timeout
        return AsyncStream(self._limits)


STEPS = {"connect_tcp", "connect_unix_socket", "start_tls", "write", "read"}


def take_every_step(limit: float | None) -> Limits:
    """Run every step of a sync connection, each with the same limit."""
    limits: Limits = {}
    backend = DeadlineBackend(Backend(limits))
    backend.connect_unix_socket("/nowhere", limit)
    stream = backend.connect_tcp("127.0.0.1", 80, limit).start_tls(TLS, timeout=limit)
    stream.write(b"", limit)
    stream.read(1, limit)
    return limits


def take_every_async_step(limit: float | None) -> Limits:
    """Run every step of an async connection, each with the same limit."""
    limits: Limits = {}

    async def take() -> None:
        backend = AsyncDeadlineBackend(AsyncBackend(limits))
        await backend.connect_unix_socket("/nowhere", limit)
        connection = await backend.connect_tcp("127.0.0.1", 80, limit)
        stream = await connection.start_tls(TLS, timeout=limit)
        await stream.write(b"", limit)
        await stream.read(1, limit)

    asyncio.run(take())
    return limits


Take = Callable[[float | None], Limits]
both = pytest.mark.parametrize("take", [take_every_step, take_every_async_step])


@both
def test_a_step_takes_no_longer_than_the_attempt_may(take: Take) -> None:
    """Each step has at most the remaining time of the attempt."""
    deadline = Deadline(30)
    deadline.start()
    limits = take(Timeout(60, deadline))
    assert set(limits) == STEPS
    assert all(limit is not None and 0 < limit <= 30 for limit in limits.values())


@both
def test_a_step_takes_no_longer_than_its_own_limit(take: Take) -> None:
    """The shorter limit applies. A limit without a deadline applies unchanged."""
    deadline = Deadline(30)
    deadline.start()
    assert set(take(Timeout(5, deadline)).values()) == {5}
    assert set(take(7).values()) == {7}
    assert set(take(None).values()) == {None}


@both
def test_no_step_begins_after_the_deadline(take: Take) -> None:
    """After the deadline or a cancellation, every step raises a timeout."""
    late = Deadline(0)
    late.start()
    cancelled = Deadline(30)
    cancelled.start()
    cancelled.cancel()
    for deadline in (late, cancelled):
        with pytest.raises(httpcore.ReadTimeout):
            take(Timeout(60, deadline))


class BreakableStream(Stream):
    """A connection that can break at a step."""

    breaks_at = ""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read something, or break."""
        if self.breaks_at == "read":
            raise httpcore.ReadError("reset")
        return super().read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write nothing, or break."""
        if self.breaks_at == "write":
            raise httpcore.WriteError("reset")


class AsyncBreakableStream(AsyncStream):
    """The same for asyncio."""

    breaks_at = ""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read something, or break."""
        if self.breaks_at == "read":
            raise httpcore.ReadError("reset")
        return await super().read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write nothing, or break."""
        if self.breaks_at == "write":
            raise httpcore.WriteError("reset")


def carry_request(stream: DeadlineStream) -> None:
    """Send a request, and read its response."""
    stream.write(b"request")
    stream.read(1)


async def carry_async_request(stream: AsyncDeadlineStream) -> None:
    """The same for asyncio."""
    await stream.write(b"request")
    await stream.read(1)


@pytest.mark.parametrize("step", ["read", "write"])
def test_a_connection_that_breaks_puts_those_in_doubt_that_worked_before(step: str) -> None:
    """After a failure, connections that were idle before count as closed, but not newer ones."""
    count = FailureCount()
    broken = BreakableStream({})
    first, other, new = (
        DeadlineStream(stream, count) for stream in (broken, Stream({}), Stream({}))
    )
    for stream in (first, other):
        carry_request(stream)
    assert not other.get_extra_info("is_readable")
    broken.breaks_at = step
    with pytest.raises(httpcore.NetworkError):
        carry_request(first)
    assert other.get_extra_info("is_readable")
    assert not new.get_extra_info("is_readable")
    other.read(1)
    assert not other.get_extra_info("is_readable")


def test_what_does_not_tell_of_dead_connections_puts_none_in_doubt() -> None:
    """A connection that never worked, or a cancelled attempt, puts no others in doubt."""
    count = FailureCount()
    never_worked = BreakableStream({})
    never_worked.breaks_at = "read"
    ended = BreakableStream({})
    first, second, other = (
        DeadlineStream(stream, count) for stream in (never_worked, ended, Stream({}))
    )
    carry_request(other)
    with pytest.raises(httpcore.ReadError):
        carry_request(first)
    assert not other.get_extra_info("is_readable")

    carry_request(second)
    ended.breaks_at = "read"
    deadline = Deadline(30)
    deadline.start()
    deadline.cancel()
    with pytest.raises(httpcore.ReadTimeout):
        second.read(1, Timeout(30, deadline))
    assert not other.get_extra_info("is_readable")


@pytest.mark.parametrize("step", ["read", "write"])
def test_an_async_connection_that_breaks_puts_others_in_doubt_as_well(step: str) -> None:
    """After a failure with asyncio, older idle connections count as closed."""
    count = FailureCount()
    broken = AsyncBreakableStream({})
    first, other, new = (
        AsyncDeadlineStream(stream, count) for stream in (broken, AsyncStream({}), AsyncStream({}))
    )

    async def use() -> None:
        for stream in (first, other):
            await carry_async_request(stream)
        assert not other.get_extra_info("is_readable")
        broken.breaks_at = step
        with pytest.raises(httpcore.NetworkError):
            await carry_async_request(first)
        assert other.get_extra_info("is_readable")
        assert not new.get_extra_info("is_readable")
        await other.read(1)
        assert not other.get_extra_info("is_readable")

    asyncio.run(use())


def test_the_connections_of_a_client_keep_to_deadlines() -> None:
    """The pool of httpx uses our backend: the private attribute still exists."""
    streams: list[object] = []

    class Watching(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            streams.append(response.extensions["network_stream"])
            return response

    with Wire() as wire, HTTPClient(**KEYS, base_url=wire.url, transport=Watching()) as client:
        client.post("/v3/list_invoices", json=BODY)
    assert [type(stream) for stream in streams] == [DeadlineStream]


def test_the_connections_of_an_async_client_keep_to_deadlines() -> None:
    """The async pool of httpx uses our backend: the private attribute still exists."""
    streams: list[object] = []

    class Watching(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            streams.append(response.extensions["network_stream"])
            return response

    async def use(url: str) -> None:
        async with AsyncHTTPClient(**KEYS, base_url=url, transport=Watching()) as client:
            await client.post("/v3/list_invoices", json=BODY)

    with Wire() as wire:
        asyncio.run(use(wire.url))
    assert [type(stream) for stream in streams] == [AsyncDeadlineStream]


@contextlib.contextmanager
def unix_socket(path: Path, port: int) -> Generator[None]:
    """Pass one connection to a Unix socket on to a port of this machine."""
    ended = threading.Event()

    def carry() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                Exchange(connection, ended, 0).tunnel(port)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=carry)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(30)
        assert not thread.is_alive()


def test_a_unix_socket_carries_a_listing(tmp_path: Path) -> None:
    """The caller's transport may connect to a Unix socket, such as a gateway on this machine."""
    with Wire() as wire, unix_socket(tmp_path / "gateway", wire.port):
        transport = httpx.HTTPTransport(uds=str(tmp_path / "gateway"))
        with HTTPClient(**KEYS, base_url=wire.url, transport=transport) as client:
            fw = FinerWorks(http_client=client)
            assert len(list(fw.invoices.list(concurrency=1))) == 60
    assert wire.connections == 1


def test_a_unix_socket_carries_a_listing_with_asyncio(tmp_path: Path) -> None:
    """The caller's async transport may connect to a Unix socket."""

    async def count(url: str) -> int:
        transport = httpx.AsyncHTTPTransport(uds=str(tmp_path / "gateway"))
        async with AsyncHTTPClient(**KEYS, base_url=url, transport=transport) as client:
            fw = AsyncFinerWorks(http_client=client)
            return len([invoice async for invoice in fw.invoices.list(concurrency=1)])

    with Wire() as wire, unix_socket(tmp_path / "gateway", wire.port):
        assert asyncio.run(count(wire.url)) == 60
    assert wire.connections == 1


def test_the_names_that_give_places_back_exist() -> None:
    """The private names that release places in the pool exist."""
    pool = httpx.AsyncHTTPTransport()._pool  # pyright: ignore[reportPrivateUsage] - what is tested
    assert isinstance(pool._requests, list)  # pyright: ignore[reportPrivateUsage]
    assert isinstance(pool._connections, list)  # pyright: ignore[reportPrivateUsage]
