"""Connections that observe a deadline, detect that they are dead, and never leak.

httpcore opens connections through a public interface, its network backend. The backends here wrap
another one. Their streams do three more things:

- They never wait beyond the deadline in their `Timeout`.
- They remember whether anything was read after the last request was written. If not, the response
  belongs to another request.
- They detect that they may be dead. If a machine is suspended, or a router forgets its connections,
  all idle connections die at once without any sign. After one connection has failed, those that
  were idle before the failure are not used again.

This module is the only one that uses private names of httpx and httpcore, because httpx has no
parameter for the network backend and httpcore does not release every connection of a cancelled
request. `tests/core/test_network.py` fails if one of these names disappears.
"""

# ruff: noqa: ASYNC109 - the parameters named timeout are httpcore's
# The private names are described above; httpcore declares extensions as a dict of anything.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false

import asyncio
import contextlib
import ipaddress
import math
import select
import socket
import ssl
import threading
from collections.abc import Generator, Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import httpcore
import httpx

from finerworks.deadline import Connection, Deadline, Timeout
from finerworks.threads import can_start_thread

CONNECTING_SECONDS = 0.2
"""Seconds that a cancelled request waits for the connection that it was opening, to close it."""


def _begin_step(timeout: float | None, connection: Connection | None) -> float | None:
    """Record which connection the attempt uses, and return the seconds that the step may take.

    `Deadline.cancel` shuts the recorded connection down from another thread.

    Raises:
        httpcore.ReadTimeout: No time is left.
        httpcore.ConnectError: The client was closed. httpcore's pool would still open a connection
            for a request that was waiting for one.
    """
    if not isinstance(timeout, Timeout):
        return timeout
    if timeout.deadline.client_closed:
        raise httpcore.ConnectError("the client was closed")
    timeout.deadline.connection = connection
    remaining = timeout.deadline.remaining
    if remaining <= 0:
        raise httpcore.ReadTimeout("the response was not complete in time")
    return min(timeout, remaining)


class FailureCount:
    """Counts the failures of one pool's connections. It is used instead of a clock."""

    def __init__(self) -> None:
        self.failures = 0


class StreamHealth:
    """The state of a stream's connection.

    Args:
        failure_count: The failures of all connections of its pool.
    """

    def __init__(self, failure_count: FailureCount) -> None:
        self.read_since_write = False
        """Whether anything was read after the last request was written."""
        self._failure_count = failure_count
        self._worked = False
        self._failures_when_it_worked = 0

    def presumed_dead(self) -> bool:
        """Return whether another connection has failed since this one last worked."""
        return self._worked and self._failures_when_it_worked < self._failure_count.failures

    def wrote(self) -> None:
        """Record that a part of a request was written."""
        self.read_since_write = False

    def read(self, data: bytes, timeout: float | None) -> None:
        """Record what was read. Empty means that the server closed the connection."""
        if not data:
            self.failed(timeout)
            return
        self.read_since_write = True
        self._worked = True
        self._failures_when_it_worked = self._failure_count.failures

    def failed(self, timeout: float | None) -> None:
        """Record that reading or writing failed, unless we cancelled the attempt."""
        cancelled = isinstance(timeout, Timeout) and timeout.deadline.cancelled
        if self._worked and not cancelled:
            self._failure_count.failures += 1


class Greeting:
    """The time limit of a SOCKS proxy's handshake, whose steps httpcore does not limit.

    Args:
        timeout: The limit of the request that opens the connection. It applies until the first step
            that has its own limit, as all steps of requests do.
    """

    def __init__(self, timeout: float | None) -> None:
        self._timeout = timeout

    def limit(self, timeout: float | None) -> float | None:
        """Return the limit of a step."""
        if timeout is not None:
            self._timeout = None
            return timeout
        return self._timeout


class DeadlineStream(httpcore.NetworkStream):
    """A connection that observes the deadline of the request that uses it.

    Args:
        stream: The stream that reads and writes.
        failure_count: The failures of all connections of its pool.
        timeout: The time limit for opening the connection, if it was just opened.
    """

    def __init__(
        self,
        stream: httpcore.NetworkStream,
        failure_count: FailureCount,
        timeout: float | None = None,
    ) -> None:
        self.health = StreamHealth(failure_count)
        self._failure_count = failure_count
        self._stream = stream
        self._greeting = Greeting(timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read at most ``max_bytes``."""
        timeout = self._greeting.limit(timeout)
        try:
            data = self._stream.read(max_bytes, _begin_step(timeout, self))
        except Exception:
            self.health.failed(timeout)
            raise
        self.health.read(data, timeout)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of the buffer."""
        timeout = self._greeting.limit(timeout)
        self.health.wrote()
        try:
            self._stream.write(buffer, _begin_step(timeout, self))
        except Exception:
            self.health.failed(timeout)
            raise

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Return an encrypted stream over this one."""
        time_left = _begin_step(timeout, self)
        try:
            encrypted = self._stream.start_tls(ssl_context, server_hostname, time_left)
        except BaseException:
            self.close()  # httpcore does so only for an `Exception`
            raise
        return DeadlineStream(encrypted, self._failure_count)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore declares it
        """Return what is known under a name.

        The pool asks for ``is_readable`` before it uses an idle connection. If the connection is
        readable, the server has closed it, and the pool discards it.
        """
        if info == "is_readable" and self.health.presumed_dead():
            return True
        return self._stream.get_extra_info(info)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections that observe deadlines.

    Args:
        backend: The backend that opens them.
    """

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend
        self._failure_count = FailureCount()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Open a TCP connection."""
        time_left = _begin_step(timeout, None)
        stream = self._backend.connect_tcp(host, port, time_left, local_address, socket_options)
        return DeadlineStream(stream, self._failure_count, timeout)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Open a connection to a Unix domain socket."""
        time_left = _begin_step(timeout, None)
        stream = self._backend.connect_unix_socket(path, time_left, socket_options)
        return DeadlineStream(stream, self._failure_count)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._backend.sleep(seconds)


@contextlib.contextmanager
def _map_tls_errors(error_class: type[httpcore.NetworkError]) -> Generator[None]:
    """Convert a TLS error to httpcore's. With asyncio, httpcore does not convert it."""
    try:
        yield
    except ssl.SSLError as error:
        raise error_class(str(error)) from error


class AsyncDeadlineStream(httpcore.AsyncNetworkStream):
    """The same as `DeadlineStream`, for asyncio."""

    def __init__(
        self,
        stream: httpcore.AsyncNetworkStream,
        failure_count: FailureCount,
        timeout: float | None = None,
    ) -> None:
        self.health = StreamHealth(failure_count)
        self._failure_count = failure_count
        self._stream = stream
        self._greeting = Greeting(timeout)
        self._readable = _SocketPoll(stream.get_extra_info("socket"))

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read at most ``max_bytes``."""
        timeout = self._greeting.limit(timeout)
        try:
            with _map_tls_errors(httpcore.ReadError):
                data = await self._stream.read(max_bytes, _begin_step(timeout, self))
        except Exception:
            self.health.failed(timeout)
            raise
        self.health.read(data, timeout)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of the buffer."""
        timeout = self._greeting.limit(timeout)
        self.health.wrote()
        try:
            with _map_tls_errors(httpcore.WriteError):
                await self._stream.write(buffer, _begin_step(timeout, self))
        except Exception:
            self.health.failed(timeout)
            raise

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return an encrypted stream over this one."""
        time_left = _begin_step(timeout, self)
        try:
            with _map_tls_errors(httpcore.ConnectError):
                encrypted = await self._stream.start_tls(ssl_context, server_hostname, time_left)
        except BaseException:
            await self.aclose()  # httpcore does so only for an `Exception`
            raise
        return AsyncDeadlineStream(encrypted, self._failure_count)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore declares it
        """Return what is known under a name; see `DeadlineStream.get_extra_info`."""
        if info == "is_readable":
            return self.health.presumed_dead() or self._readable.now(self._stream)
        return self._stream.get_extra_info(info)


@runtime_checkable
class _Socket(Protocol):
    """A socket, or asyncio's view of one."""

    def fileno(self) -> int:
        """Return its file descriptor, or -1 if it is closed."""
        ...


class _SocketPoll:
    """Tells whether a socket is readable.

    httpcore checks every idle connection before and after each request. Its own method collects all
    information about a socket each time.
    """

    def __init__(self, own_socket: _Socket | None) -> None:
        self._socket = own_socket
        # Without an annotation, because `select.poll` is a function at run time, not a type.
        self._poll = select.poll() if hasattr(select, "poll") else None
        if self._poll is not None and own_socket is not None:
            self._poll.register(own_socket, select.POLLIN)

    def now(self, stream: httpcore.AsyncNetworkStream) -> bool:
        """Return whether the socket of a stream is readable or closed."""
        if self._poll is None or self._socket is None:
            return bool(stream.get_extra_info("is_readable"))
        # After a socket is closed, its file descriptor may belong to another one.
        if self._socket.fileno() < 0:
            return True
        return bool(self._poll.poll(0))


class AsyncDeadlineBackend(httpcore.AsyncNetworkBackend):
    """The same as `DeadlineBackend`, for asyncio."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend
        self._failure_count = FailureCount()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a TCP connection."""
        connecting = asyncio.ensure_future(
            self._connect(host, port, timeout, local_address, socket_options)
        )
        try:
            stream = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            await _close_when_connected(connecting)
            raise
        return AsyncDeadlineStream(stream, self._failure_count, timeout)

    async def _connect(
        self,
        host: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a TCP connection, even if asyncio cannot look up the host name.

        asyncio does so in a thread. If no thread can be started, the lookup blocks the event loop.
        """
        if _is_address(host) or can_start_thread():
            # RuntimeError: while the program exits, asyncio starts no thread even if it could.
            with contextlib.suppress(RuntimeError):
                time_left = _begin_step(timeout, None)
                return await self._backend.connect_tcp(
                    host, port, time_left, local_address, socket_options
                )
        problem = httpcore.ConnectError(f"{host} has no address")
        for address in _look_up(host, port):
            try:
                time_left = _begin_step(timeout, None)
                return await self._backend.connect_tcp(
                    address, port, time_left, local_address, socket_options
                )
            except httpcore.ConnectError as error:
                problem = error
        raise problem

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a connection to a Unix domain socket."""
        time_left = _begin_step(timeout, None)
        stream = await self._backend.connect_unix_socket(path, time_left, socket_options)
        return AsyncDeadlineStream(stream, self._failure_count)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._backend.sleep(seconds)


def _is_address(host: str) -> bool:
    """Return whether a host is an IP address, which needs no lookup."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a host, in the system's order.

    Raises:
        httpcore.ConnectError: The host is unknown.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return [str(address[0]) for *_, address in found]


async def _close_when_connected(connecting: asyncio.Future[httpcore.AsyncNetworkStream]) -> None:
    """Close a connection that is no longer needed, when it is open.

    It gets a moment to open, because anyio may leak a connection that is cancelled while it opens.
    """
    with contextlib.suppress(asyncio.CancelledError):  # cancelled again
        await asyncio.wait([connecting], timeout=CONNECTING_SECONDS)
    if not connecting.done():
        connecting.cancel()
    elif connecting.exception() is None:
        await connecting.result().aclose()


def keep_deadlines(transport: httpx.BaseTransport | httpx.AsyncBaseTransport) -> None:
    """Make the new connections of httpx's transport observe deadlines.

    A transport of another kind is not changed.
    """
    if isinstance(transport, httpx.HTTPTransport):
        pool = transport._pool
        if not isinstance(pool._network_backend, DeadlineBackend):
            pool._network_backend = DeadlineBackend(pool._network_backend)
            # httpcore's own lock is written in Python: a signal handler that raises inside its
            # methods would leave it locked forever.
            pool._optional_thread_lock = threading.RLock()  # type: ignore[assignment] # pyright: ignore[reportAttributeAccessIssue] - used as a context manager only
    elif isinstance(transport, httpx.AsyncHTTPTransport):
        async_pool = transport._pool
        if not isinstance(async_pool._network_backend, AsyncDeadlineBackend):
            async_pool._network_backend = AsyncDeadlineBackend(async_pool._network_backend)


async def rehearse() -> None:
    """Send a request over a connection that goes nowhere.

    httpcore and anyio import most of what they need when it is first used.
    """
    backend = httpcore.AsyncMockBackend([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
    async with httpcore.AsyncConnectionPool(network_backend=AsyncDeadlineBackend(backend)) as pool:
        await pool.request("POST", "http://preload.invalid", content=b"{}")


def limit_time(transport: httpx.AsyncBaseTransport, deadline: Deadline) -> asyncio.Timeout:
    """Return a context that ends an attempt at its deadline, if its connections do not.

    Connections of httpx's own transport observe the deadline, and are closed in an order that
    leaves nothing behind in the pool.
    """
    if isinstance(transport, httpx.AsyncHTTPTransport) or math.isinf(deadline.remaining):
        return asyncio.timeout(None)
    return asyncio.timeout(deadline.remaining)


def is_unsolicited(response: httpx.Response) -> bool:
    """Return whether a response arrived before its request was written.

    Such a response belongs to an earlier request on the same connection. The result is False if the
    connection is not one of ours, because nothing is known about it.
    """
    stream = response.extensions.get("network_stream")
    if not isinstance(stream, DeadlineStream | AsyncDeadlineStream):
        return False
    return not stream.health.read_since_write


def abandon(
    transport: httpx.BaseTransport, request: httpx.Request, connection: Connection | None
) -> None:
    """Close the connection of an interrupted request, and release its place in the pool.

    Args:
        transport: The transport that was sending the request when an exception was raised that is
            not an error of the transport, such as one from a signal handler.
        request: The request that was passed to the transport.
        connection: The connection that it used last, if any.
    """
    if isinstance(connection, DeadlineStream):
        connection.close()
    if not isinstance(transport, httpx.HTTPTransport):
        return
    pool = transport._pool
    with pool._optional_thread_lock:
        for pool_request in list(pool._requests):
            if _is_same_request(pool_request.request, request):
                pool._requests.remove(pool_request)
        in_use = [pool_request.connection for pool_request in pool._requests]
        leaked = [each for each in pool._connections if _is_leaked(each, in_use)]
        for leaked_connection in leaked:
            pool._connections.remove(leaked_connection)
        # Requests that are waiting get the places that are free now.
        leaked += pool._assign_requests_to_connections()
    for leaked_connection in leaked:
        leaked_connection.close()


async def async_abandon(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, connection: Connection | None
) -> None:
    """Close the connection of a cancelled request, and release its place in the pool.

    Without this, httpcore may never release the place (encode/httpcore#1093) of a connection that
    was about to be opened, or of a request that was cancelled while its response was being closed.
    After about a hundred of those, the pool is full.

    Args:
        transport: The transport that was sending the request.
        request: The request that was passed to the transport.
        connection: The connection that it used last, if any.
    """
    if isinstance(transport, httpx.AsyncHTTPTransport):
        # Release everything before awaiting anything: the task may be cancelled again.
        pool = transport._pool
        for pool_request in list(pool._requests):
            if _is_same_request(pool_request.request, request):
                pool._requests.remove(pool_request)
        in_use = [pool_request.connection for pool_request in pool._requests]
        leaked = [each for each in pool._connections if _is_leaked(each, in_use)]
        for leaked_connection in leaked:
            pool._connections.remove(leaked_connection)
        # Requests that are waiting get the places that are free now.
        leaked += pool._assign_requests_to_connections()
        for leaked_connection in leaked:
            with contextlib.suppress(asyncio.CancelledError):
                await leaked_connection.aclose()
    if isinstance(connection, AsyncDeadlineStream):
        await connection.aclose()


def _is_leaked(
    connection: httpcore.ConnectionInterface | httpcore.AsyncConnectionInterface,
    in_use: Sequence[object],
) -> bool:
    """Return whether a connection is open for a request that is gone."""
    return not (connection.is_idle() or connection.is_closed() or connection in in_use)


def _is_same_request(sent: httpcore.Request, request: httpx.Request) -> bool:
    """Return whether httpcore's request was created from this one of httpx.

    Each attempt has its own time limits, which httpx passes on unchanged.
    """
    return sent.extensions.get("timeout") is request.extensions["timeout"]
