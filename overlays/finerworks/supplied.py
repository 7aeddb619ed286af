"""A transport that the caller supplies, and where it may be used.

We do not open its connections. So we cannot open new ones where the existing ones must not be used:
in a forked process, or in another event loop than their own.
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
"""Transports without connections. Any process and event loop may use them."""

_LOOPS: dict[int, asyncio.AbstractEventLoop] = {}
"""The event loop in which each transport opened its connections, by the identity of the transport.

All clients share this registry, because they may share a transport. An entry is removed with its
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
            # Imported late, because it needs aiohttp, which the transport has already imported.
            from finerworks.integrations.aiohttp_session import secure_session  # noqa: PLC0415

            secure_session(transport)

    def route(self, url: httpx.URL) -> Route:
        """Return the only route. The caller decides whether it has a proxy."""
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
            # With shared connections, each process would receive responses of the other.
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
        """Stop sending. Return the transport if it may be closed in this process and loop."""
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
    """Return whether a transport belongs to an event loop. Its first request decides that."""
    identity = id(transport)
    if identity not in _LOOPS:
        weakref.finalize(transport, _LOOPS.pop, identity, None)
    return _LOOPS.setdefault(identity, loop) is loop


def _is_of_aiohttp(transport: object) -> "TypeGuard[httpx_aiohttp.AiohttpTransport]":
    """Return whether a transport uses aiohttp."""
    packages = [each.__module__.partition(".")[0] for each in type(transport).__mro__]
    return "httpx_aiohttp" in packages
