"""The session of aiohttp's transport, made as safe as httpx's own connections.

This is the only module that imports aiohttp. It is imported only for a client with the transport
`httpx_aiohttp.AiohttpTransport`.
"""

import asyncio
import select
import socket
from collections.abc import Awaitable
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from httpx_aiohttp import AiohttpTransport

from finerworks.network import FailureCount, StreamHealth


class _UnusableConnectionError(aiohttp.ClientError):
    """An idle connection must not be used again. Nothing was sent on it."""


class ConnectionChecks:
    """The state of one session's connections. It is a middleware of that session.

    aiohttp would send a request on any idle connection, even if it is presumed dead, or if a
    response has already arrived on it, which aiohttp would use for this request. Here, such a
    connection is closed, and the request is sent on another one.
    """

    def __init__(self) -> None:
        self._failure_count = FailureCount()
        self._health: WeakKeyDictionary[ResponseHandler, StreamHealth] = WeakKeyDictionary()

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send a request, and remember whether its connection works."""
        if not isinstance(request, CheckedRequest):
            return await handler(request)
        request.checks = self
        while True:
            try:
                response = await handler(request)
            except _UnusableConnectionError:
                continue
            except BaseException:
                # Also for a cancellation: it may mean that the time ran out on a dead connection.
                request.failed()
                raise
            request.check_status(response)
            return response

    def check(self, protocol: ResponseHandler) -> StreamHealth:
        """Return what is known about a connection that a request is about to use.

        Raises:
            _UnusableConnectionError: The connection was idle, and must not be used again.
            aiohttp.ClientConnectionError: The connection is new, and must not be used.
        """
        health = self._health.get(protocol)
        if health is None:
            if protocol.should_close:
                raise aiohttp.ClientConnectionError(
                    "the server hung up, or sent something, before the request was sent"
                )
            health = StreamHealth(self._failure_count)
            self._health[protocol] = health
        elif protocol.should_close or health.presumed_dead():
            protocol.abort()
            raise _UnusableConnectionError
        return health


class CheckedRequest(aiohttp.ClientRequest):
    """A request that checks its connection before it is sent.

    Attributes:
        checks: The checks of its session.
        protocol: Its connection, or None before it has one.
        health: What is known about that connection.
    """

    checks: ConnectionChecks | None = None
    protocol: ResponseHandler | None = None
    health: StreamHealth | None = None

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send the request.

        Raises:
            aiohttp.ClientError: The request must not be sent on this connection.
        """
        if conn.transport is not None and _is_readable(conn.transport):
            # Data that arrived while the event loop was busy is read in the second step from here.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        self.health = None
        self.protocol = conn.protocol
        if self.protocol is not None and self.checks is not None:
            self.health = self.checks.check(self.protocol)
        return await super().send(conn)

    def failed(self) -> None:
        """Record that the connection failed before a response arrived."""
        if self.health is not None:
            self.health.failed(None)

    def check_status(self, response: aiohttp.ClientResponse) -> None:
        """Record that a response arrived on the connection.

        Raises:
            aiohttp.ClientConnectionError: The connection switched to another protocol.
        """
        if response.status < 200:
            # After a response without a body, the connection is already available to the next
            # request.
            if self.protocol is not None:
                self.protocol.force_close()
            raise aiohttp.ClientConnectionError("the server switched to another protocol")
        if self.health is not None:
            self.health.read(b"the head of a response", None)


def _is_readable(transport: asyncio.Transport) -> bool:
    """Return whether data has arrived, or may have, that the event loop has not read yet."""
    own_socket: socket.socket | None = transport.get_extra_info("socket")
    if own_socket is None or own_socket.fileno() < 0 or not hasattr(select, "poll"):
        return True
    poll = select.poll()
    poll.register(own_socket, select.POLLIN)
    return bool(poll.poll(0))


class CheckedResponse(aiohttp.ClientResponse):
    """A response that closes its connection at once if it was not read completely.

    aiohttp would begin a TLS shutdown, which continues after its session is closed. If the event
    loop ends before that, Python warns about an open connection.
    """

    def close(self) -> None:
        """Close the connection."""
        protocol = None if self.connection is None else self.connection.protocol
        if protocol is not None:
            protocol.abort()
        super().close()

    def release(self) -> Awaitable[None]:
        """Release the connection for the next request, or close it if it cannot be used again."""
        protocol = None if self.connection is None else self.connection.protocol
        if protocol is not None and protocol.should_close:
            protocol.abort()
        released: Awaitable[None] = super().release()
        return released


def secure_session(transport: AiohttpTransport) -> None:
    """Make a transport open a session that checks its connections and keeps no cookies.

    Cookies could link two accounts. A session that the caller supplied is not changed.

    Args:
        transport: The transport. It opens its session with its public attribute `client`.
    """

    def open_session() -> aiohttp.ClientSession:
        transport.client = None
        # It has the transport's certificates and limits, but no arguments for the rest.
        plain = transport.get_client()
        connector = plain.connector
        plain.detach()
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=CheckedRequest,
            response_class=CheckedResponse,
            middlewares=[ConnectionChecks()],
        )

    if transport.client is None:
        transport.client = open_session
