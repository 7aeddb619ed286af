"""A transport that the caller supplies: where it may be used, and what is kept out of it.

Its connections are opened by somebody else, so they cannot be opened anew where they must not be
used: in a forked process, or in another event loop than the one that they were opened in.
"""

import asyncio
import os
import weakref
from typing import TYPE_CHECKING, Generic, TypeGuard, TypeVar

import httpx

from finerworks.errors import CLIENT_CLOSED, ClientStateError
from finerworks.lazy import LazyModule
from finerworks.network import keep_deadlines
from finerworks.proxies import Route

if TYPE_CHECKING:
    import httpx_aiohttp
else:
    httpx_aiohttp = LazyModule("httpx_aiohttp", optional=True)

TransportT = TypeVar("TransportT", httpx.BaseTransport, httpx.AsyncBaseTransport)

IN_PROCESS = (httpx.MockTransport, httpx.ASGITransport, httpx.WSGITransport)
"""Transports without connections, which any process and event loop may use."""

_LOOPS: dict[int, asyncio.AbstractEventLoop] = {}
"""The event loop that each transport opened its connections in, by the identity of the transport.

There is one for all clients, because several may share a transport. An entry ends with its
transport."""


class SuppliedConnections(Generic[TransportT]):
    """The caller's own transport, with the interface of `finerworks.transport.Connections`.

    Args:
        transport: The transport.
    """

    def __init__(self, transport: TransportT) -> None:
        self._transport: TransportT = transport
        self._process = os.getpid()
        self.closed = False
        keep_deadlines(transport)
        if _is_of_aiohttp(transport):
            # Imported late: it needs aiohttp, which the transport has imported.
            from finerworks.integrations.aiohttp_session import secure_session  # noqa: PLC0415

            secure_session(transport)

    def route(self, url: httpx.URL) -> Route:
        """Return the one route that there is. Whether it has a proxy is the caller's affair."""
        del url
        return Route()

    def get(self, route: Route, loop: asyncio.AbstractEventLoop | None = None) -> TransportT:
        """Return the transport.

        Args:
            route: The route of a request, from `route`.
            loop: The event loop that runs the request, with asyncio.

        Raises:
            ClientStateError: The client was closed, or the transport belongs to another process or
                event loop.
        """
        del route
        if self.closed:
            raise ClientStateError(CLIENT_CLOSED)
        if not isinstance(self._transport, IN_PROCESS):
            self._check_process()
            self._check_loop(loop)
        return self._transport

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            # With the same connections, each process would receive responses of the other.
            raise ClientStateError(
                "this client was created in another process, with a transport of your own: "
                "create the client and its transport after the fork"
            )

    def _check_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        if loop is None or _bind(self._transport, loop):
            return
        raise ClientStateError(
            "the transport of this client, which is one of your own, has connections of another "
            "event loop: create the transport and the client in each event loop, or leave out "
            "transport=, as a client opens connections of its own in each"
        )

    def close(self, loop: asyncio.AbstractEventLoop | None = None) -> list[TransportT]:
        """Send nothing more. Return the transport if it may be closed in this process and loop."""
        self.closed = True
        if os.getpid() != self._process:
            return []
        if _LOOPS.get(id(self._transport), loop) is not loop:
            return []
        _LOOPS.pop(id(self._transport), None)
        return [self._transport]


def _bind(
    transport: httpx.BaseTransport | httpx.AsyncBaseTransport, loop: asyncio.AbstractEventLoop
) -> bool:
    """Return whether a transport belongs to an event loop, which it does from its first request."""
    identity = id(transport)
    if identity not in _LOOPS:
        weakref.finalize(transport, _LOOPS.pop, identity, None)
    return _LOOPS.setdefault(identity, loop) is loop


def _is_of_aiohttp(transport: object) -> "TypeGuard[httpx_aiohttp.AiohttpTransport]":
    """Return whether a transport sends over aiohttp."""
    packages = [each.__module__.partition(".")[0] for each in type(transport).__mro__]
    return "httpx_aiohttp" in packages
