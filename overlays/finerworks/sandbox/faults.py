"""Failures made on purpose, as a network and an overloaded server make them.

A middleware in front of the application, for the API's own requests only: POST under /v3/. Swagger
UI and the contract stay reachable whatever fails.
"""

import asyncio
import contextlib
import random
import socket
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from finerworks.sandbox.settings import Settings

Fault: TypeAlias = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]


class RateLimit:
    """Lets through so many requests in any one second. Pure: the caller tells the time."""

    def __init__(self, a_second: int) -> None:
        self._a_second = a_second
        self._times: deque[float] = deque()

    def admits(self, now: float) -> bool:
        """Whether a request at `now`, in seconds, goes through; one that does not isn't counted."""
        while self._times and now - self._times[0] >= 1:
            self._times.popleft()
        if len(self._times) >= self._a_second:
            return False
        self._times.append(now)
        return True


class Faults:
    """The middleware. In order: the wait, then the rate limit, then the failures."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._latency = settings.latency
        self._fail_rate = settings.fail_rate
        self._limit = RateLimit(settings.rate_limit) if settings.rate_limit else None
        self._chance = random.Random(settings.seed)
        self._fail_request, self._arrived = settings.fail_request, 0
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Ends every wait, so that the server can stop at once."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or has the application answer it."""
        if not (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and scope["path"].startswith("/v3/")
        ):
            await self._app(scope, receive, send)
            return
        # Decided on arrival: requests that wait together cannot swap their fates.
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
        self._arrived += 1
        if self._arrived == self._fail_request:
            return server_error
        if self._chance.random() < self._fail_rate:
            return FAULTS[int(self._chance.random() * len(FAULTS))]
        return None


def _answer(status: int, media_type: str, body: str, **headers: str) -> Fault:
    """A fault that is a whole answer."""
    start: Message = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
        ],
    }

    async def fault(_app: ASGIApp, _scope: Scope, receive: Receive, send: Send) -> None:
        await _read_request(receive)
        await send(start)
        await send({"type": "http.response.body", "body": body.encode()})

    return fault


too_many_requests: Final = _answer(
    429, "application/json", '{"message": "Too many requests."}', retry_after="1"
)
server_error: Final = _answer(500, "application/json", '{"message": "An error has occurred."}')
bad_gateway: Final = _answer(
    502, "text/html", "<html><head><title>502 Bad Gateway</title></head><body></body></html>"
)
unavailable: Final = _answer(503, "application/json", '{"message": "Service unavailable."}')


async def reset(_app: ASGIApp, scope: Scope, receive: Receive, _send: Send) -> None:
    """Breaks the connection off with a TCP reset instead of an answer."""
    await _read_request(receive)
    transport = _transport(scope)
    # To linger for 0 seconds is to send RST, where an ordinary close sends FIN.
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    await _disconnected(receive)


async def cut_off(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Announces the application's whole answer, sends half of its body and hangs up."""
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
    """The connection that the request came by: the server keeps it in the request's state."""
    transport: asyncio.Transport = scope["state"]["transport"]
    return transport


async def _read_request(receive: Receive) -> None:
    """Takes the request in whole: closing a connection with some of it unread is a reset."""
    while (await receive()).get("more_body"):
        pass


async def _disconnected(receive: Receive) -> None:
    """Waits until the server has seen the end of the connection, or it would complain."""
    while (await receive())["type"] != "http.disconnect":
        pass
