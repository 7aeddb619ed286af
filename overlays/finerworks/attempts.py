"""One attempt at a request: bounded in time and size, and judged when the answer is there.

Nothing here sends. The doors in `http` send and read, sync and async; what a setting and an answer
may be, and what becomes of a failure, is decided here, once for both.
"""

import contextlib
import datetime as dt
import json
import logging
import os
import select
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from decimal import Context, Decimal
from functools import partial
from types import MethodType, SimpleNamespace, TracebackType
from typing import TYPE_CHECKING, Self, TypedDict, TypeVar, cast

import httpx

from finerworks import errors, retries
from finerworks.auth import VARIABLES, KeyAuth, hide, named, origin, read_key, shown
from finerworks.pace import FREE, PACE

if TYPE_CHECKING:
    import stamina

PRODUCTION = "https://v2.api.finerworks.com"
"""FinerWorks' production host (the help page's Node sample, and newer clients)."""

TEST = "https://test-api.finerworks.com"
"""FinerWorks' test host (the help page)."""

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
"""This machine: what goes there cannot be read on the way."""

_LOG = logging.getLogger("finerworks")

# stamina reports each retry to its logger. Where nobody has set logging up, Python would print the
# bare name of the event to standard error; a handler that somebody sets gets the report all the same.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class Settings(TypedDict, total=False):
    """Settings of a client; `http.HTTPClient` describes them. None is as good as none given."""

    web_api_key: str | None
    app_key: str | None
    base_url: str | None
    timeout: float | httpx.Timeout | None
    max_retries: int | None
    max_body_bytes: int | None
    allow_insecure_http: bool | None


def settled(*settings: Settings) -> Settings:
    """Give settings with keys that do not show themselves; the later hold where several give one.

    They are hidden in what is given too, which is a local of its caller.

    Raises:
        TypeError: One is no setting.
    """
    for each in settings:
        cast(dict[str, object], each).update(
            {name: hide(each.get(name)) for name in VARIABLES if name in each}
        )
    given = {name: value for each in settings for name, value in each.items() if value is not None}
    if unknown := set[str]().union(*settings) - Settings.__annotations__.keys():
        raise TypeError(
            f"unknown arguments: {', '.join(sorted(unknown))}; what httpx is to know goes on transport="
        )
    return cast(Settings, given)


class Policy:
    """What holds for every request of a client: its settings, checked. Never changed: they share it."""

    def __init__(self, settings: Settings) -> None:
        self.base_url = read_base_url(
            settings.get("base_url"), insecure=settings.get("allow_insecure_http") is True
        )
        self.timeout = read_timeout(settings.get("timeout"))
        self.max_retries = whole_number("max_retries", settings.get("max_retries", 2), 0)
        self.max_body_bytes = whole_number(
            "max_body_bytes", settings.get("max_body_bytes", 32 * 1024 * 1024), 1
        )
        keys = {name: read_key(name, settings.get(name)) for name in VARIABLES}
        self.keys = KeyAuth(self.base_url, **keys)
        # What the environment said once holds for views too.
        self.settings = cast(Settings, {**settings, **keys, "base_url": str(self.base_url)})
        read_log_level()

    def model(self, request: httpx.Request) -> type | str | None:
        """Give the model of the answer to a request that only reads; None if it may do more."""
        ours = request.method == "POST" and origin(request.url) == self.keys.origin
        return retries.READS.get(request.url.path) if ours else None

    def verdict(self, request: httpx.Request) -> Callable[[Exception], bool | float]:
        """Give `retries.verdict` on failures of a request. A body that is gone once sent is sent once."""
        return partial(
            retries.verdict,
            reads=bool(self.model(request)) and type(request.stream) is httpx.ByteStream,
        )


def whole_number(name: str, value: object, least: int, most: int | None = None) -> int:
    """Give back an argument that is a whole number in its range.

    Raises:
        ValueError: It is not; the message has the argument's name.
    """
    if type(value) is int and least <= value <= (value if most is None else most):
        return value
    raise ValueError(
        f"{name}= is a whole number from {least}{f' to {most}' if most else ''}, not {value!r}"
    )


def read_base_url(value: str | None, *, insecure: bool) -> httpx.URL:
    """Check a base URL: an origin, and nothing more. None: from the environment, else production.

    Args:
        value: The URL.
        insecure: Whether plain http may leave the machine, where others can read the keys.

    Raises:
        ValueError: It is no origin, or a refused one; the message says what is wrong with it.
    """
    source = named("base_url", "FINERWORKS_BASE_URL", value)
    try:
        url = httpx.URL(
            os.environ.get("FINERWORKS_BASE_URL") or PRODUCTION if value is None else value
        )
        url.host.encode("idna")
    except (httpx.InvalidURL, TypeError, UnicodeError):
        url = httpx.URL()
    if (
        url.scheme not in ("http", "https")
        or not url.host
        or (url.port is not None and not 0 < url.port < 65536)
    ):
        raise ValueError(f"{source} is not an http:// or https:// address, such as {PRODUCTION}")
    if url.userinfo or url.raw_path != b"/" or url.fragment:
        raise ValueError(
            f"{source} has credentials, a path or a query in it: give {shown(url)} alone"
        )
    if url.scheme == "http" and not insecure and url.host not in LOOPBACK:
        raise ValueError(
            f"{source} would send keys unencrypted: give https:// or, knowingly, allow_insecure_http=True"
        )
    return url


def read_log_level() -> None:
    """Log as `FINERWORKS_LOG` says: to standard error, if the program has not set logging up.

    Raises:
        ValueError: It is neither ``debug`` nor ``info``.
    """
    if level := os.environ.get("FINERWORKS_LOG"):
        if level.upper() not in ("DEBUG", "INFO"):
            raise ValueError(f"FINERWORKS_LOG is debug or info, not {level!r}")
        _LOG.setLevel(level.upper())
        if not _LOG.hasHandlers():
            _LOG.addHandler(logging.StreamHandler())


def read_timeout(value: float | httpx.Timeout | None) -> httpx.Timeout:
    """Check a timeout in seconds, or take the caller's `httpx.Timeout` as it is. None: 30 s.

    Raises:
        ValueError: It is not a finite number above 0.
    """
    if not isinstance(value, httpx.Timeout | None) and (
        type(value) not in (int, float) or not 0 < value < 1e9
    ):
        raise ValueError(f"timeout= is a number of seconds above 0, and below 1e9, not {value!r}")
    return (
        value
        if isinstance(value, httpx.Timeout)
        else httpx.Timeout(30.0 if value is None else value)
    )


_RUNNING: ContextVar["Attempt | None"] = ContextVar("running", default=None)
"""The attempt that runs here."""


def _read(read: MethodType, max_bytes: int, timeout: float | None = None) -> object:
    """Read from a connection, in the time that is left of the attempt that runs here, if one does."""
    if (attempt := _RUNNING.get()) is not None:
        attempt.stream, attempt.heard = cast(SimpleNamespace, read.__self__), True
        timeout = attempt.left(timeout)
    return read(max_bytes, timeout=timeout)


def _look(
    own: socket.socket, poll: Callable[[int], object], ask: Callable[[str], object], info: str
) -> object:
    # Once closed, its number may be another's.
    return (own.fileno() < 0 or bool(poll(0))) if info == "is_readable" else ask(info)


Hook = TypeVar("Hook")


class Attempt:
    """One attempt: what to send, how long it may take, and what came of it.

    A context, in which the attempt is made. A failure of the transport ends there: the exception,
    which has headers, is let go, and `answer` says what it was.

    Args:
        request: As the caller has it. It is left so, without keys; a copy is sent.
        policy: The client's.
        turn: Which attempt this is.
        aio: Whether it is made by asyncio.
    """

    _failed: object = None  # what made the last step of httpcore's that failed fail
    stream: SimpleNamespace | None = None  # httpcore's, of the connection that it reads from

    def __init__(
        self, request: httpx.Request, policy: Policy, turn: "stamina.Attempt", *, aio: bool = False
    ) -> None:
        method, url, stream, extensions = (
            request.method,
            request.url,
            request.stream,
            dict(request.extensions),
        )
        extensions["timeout"] = timeouts = extensions.get("timeout") or policy.timeout.as_dict()
        extensions.setdefault("trace", self.async_trace if aio else self.trace)
        self.request = httpx.Request(
            method, url, headers=request.headers, stream=stream, extensions=extensions
        )
        if isinstance(stream, httpx.ByteStream):
            self.request.read()  # for a hook that looks at its content
        self.seconds = max(
            float("inf") if seconds is None else seconds for seconds in timeouts.values()
        )
        self._asked, self._policy, self._turn, self._pace = request, policy, turn, PACE.get()
        self._response: httpx.Response | None = None
        self._body, self._problem, self._hooked = (
            bytearray(),
            cast(errors.FinerWorksError | None, None),
            False,
        )

    def wait(self) -> float:
        """Ask whether it may begin: 0. Else the seconds to wait before asking again."""
        return self._pace.enter(self)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._tokens = (
            _RUNNING.set(self),
            PACE.set(FREE),
        )  # a hook's own requests do not wait for this one
        return self

    def __exit__(
        self, _: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> bool:
        _RUNNING.reset(self._tokens[0])
        PACE.reset(self._tokens[1])
        self._pace.leave(self)
        if exc is None:
            return False
        failed, self._failed = self._failed, None
        # What a hook raises is the caller's own, but for what came of reading this very answer: that has the request in
        # it. With asyncio, an error of TLS comes as it is.
        asked = [
            (it.url.host, it.url.path) for it in vars(exc).values() if isinstance(it, httpx.Request)
        ]
        ours = (self.request.url.host, self.request.url.path) in asked if self._hooked else True
        mine = isinstance(exc, httpx.TransportError) and ours
        if not mine and not (isinstance(exc, OSError) and exc is failed):
            return False
        told = f"{shown(self.request.url)}: {type(exc).__name__}: {exc}".rstrip(": ")
        kind = (
            errors.APITimeoutError
            if isinstance(exc, httpx.TimeoutException)
            else errors.APIConnectionError
        )
        # Trying again mends no certificate, and no request that cannot be written as HTTP.
        self._problem = kind(
            told, transient=not any(word in told for word in ("LocalProtocol", "CERTIFICATE"))
        )
        return True

    def hooks(self, of: list[Hook]) -> Iterator[Hook]:
        """Give the caller's hooks, to be called while one is given."""
        self._hooked = True
        yield from of
        self._hooked = False

    def left(self, seconds: float | None = None) -> float | None:
        """Lower a time to what is left of the attempt's. None is without bound, as then the attempt is.

        Raises:
            httpx.ReadTimeout: Nothing is left.
        """
        if (left := self._began + self.seconds - time.monotonic()) <= 0:
            raise httpx.ReadTimeout("the answer was not whole in time", request=self.request)
        return seconds if seconds is None else min(seconds, left)

    def end(self) -> None:
        """End it, from another thread: what it waits for on its connection fails at once."""
        self.seconds = float("-inf")
        if (connection := self.stream and self.stream.get_extra_info("socket")) is not None:
            with contextlib.suppress(OSError, TypeError):  # uvloop's has none
                connection.shutdown(socket.SHUT_RDWR)

    def trace(self, name: str, info: dict[str, object]) -> None:
        """Bound the whole of an attempt, where httpx bounds each step of it and each read. httpcore calls this.

        A server that sends the head of an answer a byte at a time would else have the whole ``read``
        time for each byte, and nobody has a hold on the connection before the head is there. So each
        connection's reads are bounded from when it is opened, by the attempt that makes them.
        """
        if name == "http11.receive_response_headers.started":
            self.heard = (
                _RUNNING.get() is not self
            )  # a transport may read elsewhere: nothing is known then
        elif "exception" in info:
            self._failed = info["exception"]
        elif "timeout" in info:  # a step that opens a connection begins
            info["timeout"] = self.left(cast(float | None, info["timeout"]))
        elif hasattr(
            stream := cast(SimpleNamespace, info.get("return_value")), "read"
        ):  # one ended: its `read` counts
            self.stream, stream.read = stream, partial(_read, stream.read)

    async def async_trace(self, name: str, info: dict[str, object]) -> None:
        """Do what `trace` does, for asyncio.

        And have a connection look at its socket by itself when httpcore asks all of them, before and after
        each request, whether they were hung up: anyio gathers all that it knows of a socket each time.
        """
        self.trace(name, info)
        if (
            self.stream is not None
            and info.get("return_value") is self.stream
            and hasattr(select, "poll")
        ):
            own: socket.socket = self.stream.get_extra_info("socket")
            (poll := select.poll()).register(own, select.POLLIN)
            self.stream.get_extra_info = partial(_look, own, poll.poll, self.stream.get_extra_info)

    def head(self, response: httpx.Response) -> bool:
        """Take the head of an answer. Say whether its body is still to be read.

        Raises:
            httpx.RemoteProtocolError: It was there before it was asked for: it is another request's.
        """
        stream = response.extensions.get("network_stream")
        if not getattr(self, "heard", True) and isinstance(getattr(stream, "read", None), partial):
            raise httpx.RemoteProtocolError(
                "an answer came that nobody had asked for", request=self.request
            )
        self._response = response
        if response.is_stream_consumed:  # a mock's answer comes with its body, unpacked
            self._body += response.content
            response.headers.pop("Content-Encoding", None)
        return not response.is_stream_consumed

    def take(self, chunk: bytes) -> bool:
        """Take a part of the body as it came. Say whether to read on."""
        self._body += chunk
        self.left()
        return len(self._body) <= self._policy.max_body_bytes

    def answer(self) -> httpx.Response:
        """Give the answer, whole and checked.

        Raises:
            FinerWorksError: There is none, or it is not a good one.
        """
        response, problem, data, body = self._response, self._problem, None, b""
        if response is not None:
            body = _unpacked(self._body, response, self._policy.max_body_bytes + 1)
            if not response.is_success:
                problem = self._refused(response, body[: 50 * errors.MAX_BODY])
            elif problem is None:
                data, problem = self._decoded(response, body)
        seconds = time.monotonic() - self._began
        if response is None or problem is not None:
            problem = self._told(problem or errors.APIConnectionError("nothing came"))
            came = type(problem).__name__ if response is None else response.status_code
            told = self._line(came, seconds), problem.reference_id, self._next(problem)
            if self.seconds > 0:  # else `end` did it: nothing failed
                _LOG.info("%s, reference_id %s, %s", *told)
            body, data = b"", None  # a traceback with locals is not to show the answer
            raise problem
        if _LOG.isEnabledFor(logging.DEBUG):
            named = self._policy.keys.redact(errors.reference(data) or "None")
            _LOG.debug("%s, reference_id %s", self._line(response.status_code, seconds), named)
        answer = _Answer(
            response.status_code, headers=response.headers, content=body, request=self._asked
        )
        answer.extensions["json"], answer.elapsed = data, dt.timedelta(seconds=seconds)
        return answer

    def _line(self, came: object, seconds: float) -> str:
        method, path = self.request.method, self.request.url.path
        return f"{method} {path}: {came} in {seconds:.3f} s, attempt {self._turn.num}"

    def _refused(self, response: httpx.Response, body: bytes) -> errors.APIStatusError:
        try:
            target = shown(response.url.join(response.headers.get("Location", "")))
        except (httpx.InvalidURL, ValueError):
            target = "an address that cannot be read"
        wait = retries.retry_after(response.headers.get("Retry-After"), now=time.time())
        return errors.status_error(response.status_code, body, retry_after=wait, target=target)

    def _decoded(
        self, response: httpx.Response, body: bytes
    ) -> tuple[object, errors.FinerWorksError | None]:
        most, model = self._policy.max_body_bytes, self._policy.model(self.request)
        status, wrong = f"HTTP {response.status_code}", errors.ResponseValidationError
        if max(len(body), len(self._body)) > most:
            return None, wrong(f"the answer is larger than max_body_bytes={most:,} allows")
        if model is not None and response.status_code != 200:
            return None, wrong(f"the contract knows no {status} here")
        try:
            # No NaN; and an operation that writes may have nothing to say.
            data: object = json.loads(
                body if body or model else b"null", parse_float=_read_number, parse_constant=int
            )
        except (ValueError, RecursionError):
            return None, wrong(f"{status} came with a body that is not JSON", transient=True)
        if (rejected := errors.rejection(data)) is not None or model is None:
            return data, rejected
        from finerworks.validation import fault  # noqa: PLC0415 - brings attrs and the models, which take time

        return data, fault(data, model)

    def _told(self, error: errors.FinerWorksError) -> errors.FinerWorksError:
        """Say in an error which request it is about; take out keys that the server echoed, then cut its texts."""
        for name, value in vars(error).items():
            if isinstance(value, str):
                setattr(error, name, self._policy.keys.redact(value)[: errors.MAX_BODY])
        error.message = errors.shorten(error.message)
        error.args = (error.message,)
        error.method, error.path, error.attempts = (
            self.request.method,
            self.request.url.path,
            self._turn.num,
        )
        return error

    def _next(self, error: errors.FinerWorksError) -> str:
        again = self._turn.num <= self._policy.max_retries and self._policy.verdict(self.request)(
            error
        )
        return (
            f"again in {self._turn.next_wait if again is True else again} s at the earliest"
            if again
            else "given up"
        )


_NO_TRAPS = Context(traps=[])


def _read_number(literal: str) -> Decimal:
    """Return a JSON number with all its digits, or NaN where its exponent is out of range."""
    return Decimal(literal, _NO_TRAPS)


class _Answer(httpx.Response):
    """An answer whose JSON was decoded already: generated code need not do it again."""

    def json(self, **kwargs: object) -> object:
        return super().json(**kwargs) if kwargs else self.extensions["json"]


def _unpacked(body: bytearray, response: httpx.Response, most: int) -> bytes:
    """Unpack a body, and no more than `most` bytes of it, however much it holds. One that is damaged is empty."""
    if response.headers.pop("Content-Encoding", "").lower() != "gzip":
        return bytes(body)
    packed = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        whole = packed.decompress(body, most)
    except zlib.error:
        return b""
    return whole if len(whole) == most or (packed.eof and not packed.unused_data) else b""
