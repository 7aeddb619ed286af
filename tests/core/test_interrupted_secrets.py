"""An exception that interrupts a request shows no key, in any step.

Error trackers record the local variables of all frames of an exception, and of those that it is chained
to. The frames of httpx, httpcore and aiohttp have the headers, or the bytes that are sent.
"""

import asyncio
import contextlib
import socket
import ssl
import sys
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from types import FrameType
from typing import Never

import httpx
import pytest
import trustme
from httpx_aiohttp import AiohttpTransport

from finerworks import AsyncHTTPClient, FinerWorks, HTTPClient
from finerworks.tracebacks import leave_out_frames
from wire import Exchange, Wire, http

CANARIES = {"FINERWORKS_WEB_API_KEY": "canary-web-7f3a9c", "FINERWORKS_APP_KEY": "canary-app-51d2"}
SOON = 0.4  # seconds for a request to reach the step in which it is blocked
LARGE = 20_000_000  # bytes, more than the buffers between client and server can hold


@pytest.fixture(autouse=True)
def canary_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the keys in the environment, so that no test has them in its own local variables."""
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)


def all_linked(error: BaseException | None) -> Iterator[BaseException]:
    """Return an exception and all that it is chained to or made of, even those that Python hides."""
    seen: list[BaseException] = []
    remaining = [error]
    while remaining:
        linked = remaining.pop()
        if linked is None or any(linked is other for other in seen):
            continue
        seen.append(linked)
        yield linked
        remaining += [linked.__cause__, linked.__context__]
        if isinstance(linked, BaseExceptionGroup):
            remaining += linked.exceptions  # pyright: ignore[reportUnknownMemberType] - isinstance() does not know of what


def recorded(error: BaseException) -> str:
    """Return what an error tracker records of an exception: texts, and all local variables."""
    parts: list[str] = []
    for linked in all_linked(error):
        parts += [repr(linked), repr(vars(linked))]
        for frame, _ in traceback.walk_tb(linked.__traceback__):
            parts.append(frame.f_code.co_filename)
            parts += [repr(value) for value in frame.f_locals.values()]
    return "\n".join(parts)


def assert_no_key(error: BaseException) -> None:
    """Check that an error tracker would record frames of this package, and no key."""
    text = recorded(error)
    assert "transport.py" in text
    for canary in CANARIES.values():
        assert canary not in text


def test_a_recorded_key_would_be_found() -> None:
    """These tests would find a key in a local variable, even of a hidden exception."""

    def fail() -> Never:
        headers = httpx.Headers({"app_key": CANARIES["FINERWORKS_APP_KEY"]})
        raise KeyError(len(headers))

    def hide() -> Never:
        try:
            fail()
        except KeyError:
            raise RuntimeError from None

    with pytest.raises(RuntimeError) as caught:
        hide()
    assert CANARIES["FINERWORKS_APP_KEY"] in recorded(caught.value)


class Step:
    """A step in which requests are blocked.

    Args:
        does: What the server does with a request.
        greets: What it does with a connection.
        tls: Whether it uses TLS.
        accepts: Whether it accepts connections.
        size: The number of bytes to send.
        crowd: The number of concurrent requests. One of them has a connection.
    """

    def __init__(
        self,
        does: Callable[[Exchange], object] = lambda exchange: exchange.wait(),
        *,
        greets: Callable[[Exchange], object] | None = None,
        tls: bool = False,
        accepts: bool = True,
        size: int = 10,
        crowd: int = 1,
    ) -> None:
        self.does = does
        self.greets = greets
        self.tls = tls
        self.accepts = accepts
        self.size = size
        self.crowd = crowd


def stop_in_the_body(exchange: Exchange) -> None:
    """Send half of a response."""
    exchange.send(http(b" " * 1000, length=2000))
    exchange.wait()


def trickle(exchange: Exchange) -> None:
    """Send a body byte by byte."""
    exchange.send(http(length=100_000))
    exchange.drip(b" " * 100_000)


STEPS = {
    "connecting": Step(accepts=False),
    "TLS handshake": Step(greets=lambda exchange: exchange.wait(), tls=True),
    "sending": Step(greets=lambda exchange: exchange.pause(60), size=LARGE),
    "waiting for a response": Step(),
    "waiting for a response, TLS": Step(tls=True),
    "head": Step(lambda exchange: exchange.drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000)),
    "body": Step(stop_in_the_body),
    "body, byte by byte": Step(trickle),
    "waiting for a connection": Step(crowd=3),
}


@pytest.fixture
def authority() -> trustme.CA:
    """Return a certificate authority."""
    return trustme.CA()


def served(authority: trustme.CA) -> ssl.SSLContext:
    """Return the TLS context of a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    return context


def trusted(authority: trustme.CA) -> ssl.SSLContext:
    """Return the TLS context of a client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    return context


def transport_of(kind: str, verify: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    """Return a transport that has one connection."""
    limits = httpx.Limits(max_connections=1)
    if kind == "aiohttp":
        return AiohttpTransport(verify=verify, limits=limits)
    return httpx.AsyncHTTPTransport(verify=verify, limits=limits)


Request = Callable[[], Coroutine[None, None, object]]
"""Sends a request."""


async def end_by_timeout(request: Request) -> BaseException:
    """End a request with `asyncio.timeout`. Return the exception."""
    try:
        async with asyncio.timeout(SOON):
            await request()
    except TimeoutError as error:
        return error
    raise AssertionError("the request ended by itself")


async def end_by_cancelling(request: Request) -> BaseException:
    """Cancel the task of a request. Return the exception."""
    task = asyncio.create_task(request())
    await asyncio.sleep(SOON)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError as error:
        return error
    raise AssertionError("the request ended by itself")


async def ended(
    client: AsyncHTTPClient, step: Step, end: Callable[[Request], Awaitable[BaseException]]
) -> BaseException:
    """Send requests that are blocked in a step, and end the last one. Return the exception."""

    def request() -> Coroutine[None, None, object]:
        return client.post("/v3/list_invoices", content=b"0" * step.size)

    async with asyncio.TaskGroup() as others:
        tasks = [others.create_task(request()) for _ in range(step.crowd - 1)]
        error = await end(request)
        for task in tasks:
            task.cancel()
    return error


@pytest.mark.parametrize("kind", ["async", "aiohttp"])
@pytest.mark.parametrize("end", [end_by_timeout, end_by_cancelling], ids=["timeout", "cancel"])
@pytest.mark.parametrize("name", STEPS)
def test_a_request_that_is_cancelled_shows_no_key(
    kind: str, end: Callable[[Request], Awaitable[BaseException]], name: str, authority: trustme.CA
) -> None:
    """The frames of a timeout or a cancellation of asyncio contain no key."""
    step = STEPS[name]
    tls = served(authority) if step.tls else None
    verify = trusted(authority)

    async def run(url: str) -> None:
        transport = transport_of(kind, verify)
        async with AsyncHTTPClient(base_url=url, transport=transport) as client:
            assert_no_key(await ended(client, step, end))

    backlog = 100 if step.accepts else 0
    with (
        contextlib.ExitStack() as stack,
        Wire(step.does, greets=step.greets, tls=tls, accepts=step.accepts, backlog=backlog) as wire,
    ):
        for _ in range(0 if step.accepts else 3):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(("127.0.0.1", wire.port))
        asyncio.run(run(wire.url))


class Interrupted(BaseException):
    """An exception of a signal handler."""


class OwnError(Exception):
    """An exception of another signal handler."""


class Tracing:
    """Raises when a function of the HTTP library is called, as a signal handler may do anywhere.

    Args:
        at: The number of the call.
        raised: The exception.
    """

    def __init__(self, at: int, raised: type[BaseException]) -> None:
        self._left = at
        self._raised = raised
        self.struck = False

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """Record a call, or raise."""
        name = frame.f_code.co_filename.replace("\\", "/")
        theirs = any(f"/{package}/" in name for package in ("httpcore", "h11"))
        if event != "call" or not theirs or "_synchronization" in name or self.struck:
            return
        self._left -= 1
        if self._left == 0:
            self.struck = True
            raise self._raised


# About a socket that has no owner yet, and a generator that was interrupted while it was closed.
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("raised", [Interrupted, OwnError])
def test_what_a_signal_handler_raises_shows_no_key(raised: type[BaseException]) -> None:
    """The frames of httpcore are removed from an exception of a signal handler."""
    struck = 0
    with Wire() as wire, FinerWorks(base_url=wire.url, max_retries=0) as fw:
        fw.invoices.page()
        for at in range(1, 1_000):
            tracing = Tracing(at, raised)
            before = sys.gettrace()
            sys.settrace(tracing)
            try:
                fw.invoices.page()
            except raised as error:
                assert_no_key(error)
            finally:
                sys.settrace(before)
            if not tracing.struck:
                break
            struck += 1
    assert 50 < struck < 900


class Breaking(httpx.HTTPTransport):
    """The caller's transport, with a bug in a frame that has the keys."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Fail."""
        headers = list(request.headers.items())
        raise LookupError(len(headers))


def test_what_is_raised_in_a_transport_says_where() -> None:
    """Frames with the keys are removed, and a note names the file and the line instead."""
    with HTTPClient(transport=Breaking()) as client, pytest.raises(LookupError) as caught:
        FinerWorks(http_client=client).invoices.page()
    assert_no_key(caught.value)
    (note,) = caught.value.__notes__
    line = Breaking.handle_request.__code__.co_firstlineno + 3
    assert note.startswith(f"Raised in {__file__}, line {line}. The frames of the transport")


def test_what_a_mock_raises_keeps_its_frames() -> None:
    """An exception of a mock keeps its frames, which the author of the test needs."""

    def respond(_: httpx.Request) -> httpx.Response:
        raise LookupError

    transport = httpx.MockTransport(respond)
    with HTTPClient(transport=transport) as client, pytest.raises(LookupError) as caught:
        FinerWorks(http_client=client).invoices.page()
    assert caught.traceback[-1].name == "respond"
    assert not hasattr(caught.value, "__notes__")


def test_an_exception_that_the_caller_was_handling_keeps_its_traceback() -> None:
    """An exception that the caller was handling keeps its traceback."""

    def fail() -> Never:
        raise KeyError

    def recover(fw: FinerWorks) -> None:
        try:
            fail()
        except KeyError:
            fw.invoices.page()

    with HTTPClient(transport=Breaking()) as client, pytest.raises(LookupError) as caught:
        recover(FinerWorks(http_client=client))
    handled = caught.value.__context__
    assert isinstance(handled, KeyError)
    assert [frame.f_code.co_name for frame, _ in traceback.walk_tb(handled.__traceback__)] == [
        "recover",
        "fail",
    ]


def test_the_frames_of_a_group_are_left_out() -> None:
    """Frames are removed from each exception of a group, even if contexts form a cycle."""
    inner = ValueError("inner")
    outer = ExceptionGroup("group", [inner])
    inner.__context__ = outer
    for error in (inner, outer):
        with contextlib.suppress(ValueError, ExceptionGroup):
            raise error
    leave_out_frames(outer, None)
    assert [each.__traceback__ for each in (inner, outer)] == [None, None]
