"""Simulated failures of a network and of an overloaded server.

They are a middleware in front of the application, and affect only requests to the API: POST
requests below /v3/. Swagger UI and the contract are always available.
"""

import asyncio
import contextlib
import random
import socket
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from finerworks.sandbox.settings import Settings

Fault = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]


class RateLimit:
    """A limit on the number of requests in any second. The caller passes the time."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._times: deque[float] = deque()

    def admits(self, now: float) -> bool:
        """Return whether a request at `now`, in seconds, is accepted.

        Only accepted requests count towards the limit.
        """
        while self._times and now - self._times[0] >= 1:
            self._times.popleft()
        if len(self._times) >= self._per_second:
            return False
        self._times.append(now)
        return True


class Faults:
    """The middleware. It waits first, then applies the rate limit, then fails."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._latency = settings.latency
        self._fail_rate = settings.fail_rate
        self._limit = RateLimit(settings.rate_limit) if settings.rate_limit else None
        self._chance = random.Random(settings.seed)
        self._fail_request = settings.fail_request
        self._request_count = 0
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End all waits, so that the server can stop at once."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, or respond with a failure."""
        if not _is_api_request(scope):
            await self._app(scope, receive, send)
            return
        # Chosen when the request arrives, so that the order of concurrent waits does not matter.
        fault = self._next_fault()
        if self._latency:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._latency)
        if self._limit and not self._limit.admits(time.monotonic()):
            fault = too_many_requests
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await fault(self._app, scope, receive, send)

    def _next_fault(self) -> Fault | None:
        self._request_count += 1
        if self._request_count == self._fail_request:
            return server_error
        if self._chance.random() < self._fail_rate:
            return FAULTS[int(self._chance.random() * len(FAULTS))]
        return None


def _is_api_request(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    path: str = scope["path"]
    return path.startswith("/v3/")


def _response(status: int, media_type: str, body: str, *headers: tuple[bytes, bytes]) -> Fault:
    """Return a fault that sends a response."""
    start: Message = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            *headers,
        ],
    }

    async def fault(_app: ASGIApp, _scope: Scope, receive: Receive, send: Send) -> None:
        await _read_request(receive)
        await send(start)
        await send({"type": "http.response.body", "body": body.encode()})

    return fault


too_many_requests: Final = _response(
    429, "application/json", '{"message": "Too many requests."}', (b"retry-after", b"1")
)
server_error: Final = _response(500, "application/json", '{"message": "An error has occurred."}')
bad_gateway: Final = _response(
    502, "text/html", "<html><head><title>502 Bad Gateway</title></head><body></body></html>"
)
unavailable: Final = _response(503, "application/json", '{"message": "Service unavailable."}')


async def reset(_app: ASGIApp, scope: Scope, receive: Receive, _send: Send) -> None:
    """Reset the TCP connection instead of sending a response."""
    await _read_request(receive)
    transport = _transport(scope)
    # With a linger time of 0 seconds, closing sends RST instead of FIN.
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    await _disconnected(receive)


async def cut_off(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Announce the application's full response, send half of its body, and disconnect."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    body = b"".join(message.get("body", b"") for message in messages)
    await send(messages[0])
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    _transport(scope).close()
    await _disconnected(receive)


FAULTS: Final[tuple[Fault, ...]] = (
    too_many_requests,
    server_error,
    bad_gateway,
    unavailable,
    reset,
    cut_off,
)


def _transport(scope: Scope) -> asyncio.Transport:
    """Return the connection of a request, which server.py puts into the request's state."""
    transport: asyncio.Transport = scope["state"]["transport"]
    return transport


async def _read_request(receive: Receive) -> None:
    """Read the complete request. Closing a connection with unread data would reset it."""
    while (await receive()).get("more_body"):
        pass


async def _disconnected(receive: Receive) -> None:
    """Wait until the server has noticed the end of the connection. Else it would log an error."""
    while (await receive())["type"] != "http.disconnect":
        pass
