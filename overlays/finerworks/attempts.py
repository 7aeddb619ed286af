"""One attempt at a request: bounded in time and size, and judged when the answer is there.

Nothing here sends. The doors in `http` send and read, sync and async; what a setting and an answer
may be, and what becomes of a failure, is decided here, once for both.
"""

import datetime as dt
import json
import logging
import os
import time
import zlib
from collections.abc import Mapping
from typing import TypedDict, cast

import httpx

from finerworks import errors, retries
from finerworks.auth import KeyAuth, named, origin, read_key, shown
from finerworks.money import parse_number
from finerworks.validation import fault, whole_number

PRODUCTION = "https://v2.api.finerworks.com"
"""FinerWorks' production host (the help page's Node sample, and newer clients)."""

TEST = "https://test-api.finerworks.com"
"""FinerWorks' test host (the help page)."""

BASE_URL = "FINERWORKS_BASE_URL"

_LOG = logging.getLogger("finerworks")

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""Failures that come before the first byte of a request has left."""

_FRAMING = {"content-encoding", "content-length", "transfer-encoding"}
"""Headers about the bytes on the wire, which are false of a body that was read and unpacked."""


Timeout = float | httpx.Timeout
"""Seconds for a whole attempt, or httpx's times for its parts."""


class Settings(TypedDict, total=False):
    """Settings of a client; `http.HTTPClient` describes them. None is as good as none given."""

    web_api_key: str | None
    app_key: str | None
    base_url: str | None
    timeout: Timeout | None
    max_retries: int | None
    max_body_bytes: int | None
    reads: Mapping[str, type]


class Policy:
    """What holds for every request of a client: its settings, checked. Never changed: they share it.

    Args:
        settings: The later ones hold where several give a setting.
    """

    def __init__(self, *settings: Settings) -> None:
        given = {name: value for each in settings for name, value in each.items() if value is not None}
        given["reads"] = {path: model for each in settings for path, model in (each.get("reads") or {}).items()}
        self.settings = known = cast(Settings, given)
        self.base_url = read_base_url(known.get("base_url"))
        known["base_url"] = str(self.base_url)  # what the environment said once holds for views too
        self.timeout = read_timeout(known.get("timeout"))
        self.max_retries = whole_number("max_retries", given.get("max_retries", 2), 0)
        self.max_body_bytes = whole_number("max_body_bytes", given.get("max_body_bytes", 32 * 1024 * 1024), 1)
        self.reads = known.get("reads", {})
        known["web_api_key"] = read_key("web_api_key", known.get("web_api_key"))
        known["app_key"] = read_key("app_key", known.get("app_key"))
        self.keys = KeyAuth(self.base_url, web_api_key=known["web_api_key"], app_key=known["app_key"])

    def model(self, request: httpx.Request) -> type | None:
        """Give the model of the answer to a request that only reads; None if it may do more."""
        ours = request.method == "POST" and origin(request.url) == origin(self.base_url)
        return self.reads.get(request.url.path) if ours else None


def read_base_url(value: str | None) -> httpx.URL:
    """Check a base URL: an origin, and nothing more. None: from the environment, else production.

    Raises:
        ValueError: It is no origin; the message says what is wrong with it.
    """
    source = named("base_url", BASE_URL, value)
    try:
        url = httpx.URL(os.environ.get(BASE_URL) or PRODUCTION if value is None else value)
        url.host.encode("idna")
    except (httpx.InvalidURL, TypeError, UnicodeError):
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host or url.port not in (None, *range(1, 65536)):
        raise ValueError(f"{source} is not an http:// or https:// address, such as {PRODUCTION}")
    if url.userinfo or url.raw_path != b"/" or url.fragment:
        raise ValueError(f"{source} has credentials, a path or a query in it: give {shown(url)} alone")
    return url


def read_timeout(value: Timeout | None) -> httpx.Timeout:
    """Check a timeout in seconds, or take the caller's `httpx.Timeout` as it is. None: 30 s.

    Raises:
        ValueError: It is not a finite number above 0.
    """
    if not isinstance(value, httpx.Timeout | None) and (
        type(value) not in (int, float) or not 0 < value < float("inf")
    ):
        raise ValueError(f"timeout= is a number of seconds above 0, not {value!r}")
    return value if isinstance(value, httpx.Timeout) else httpx.Timeout(value or 30.0)


class Attempt:
    """One attempt: what to send, how long it may take, and what came of it.

    Args:
        request: As the caller has it. It is left so, without keys; a copy is sent.
        policy: The client's.
        number: Which attempt this is, from 1.
    """

    def __init__(self, request: httpx.Request, policy: Policy, number: int) -> None:
        method, url, extensions = request.method, request.url, dict(request.extensions)
        timeouts = extensions["timeout"] = dict(extensions.get("timeout") or policy.timeout.as_dict())
        self.request = httpx.Request(method, url, headers=request.headers, stream=request.stream, extensions=extensions)
        bounds = [seconds for seconds in timeouts.values() if seconds is not None]
        self.seconds = max(bounds) if len(bounds) == len(timeouts) else None
        self._asked, self._policy, self._number = request, policy, number
        self._began = time.monotonic()
        self._response: httpx.Response | None = None
        self._body = bytearray()
        self._problem: errors.FinerWorksError | None = None

    def head(self, response: httpx.Response) -> bool:
        """Take the head of an answer. Say whether its body is still to be read."""
        self._response = response
        if response.is_stream_consumed:  # a mock's answer comes with its body, unpacked
            self._body += response.content
            response.headers.pop("Content-Encoding", None)
        elif self.seconds is not None:
            timeouts, left = self.request.extensions["timeout"], self.seconds - (time.monotonic() - self._began)
            timeouts["read"] = max(min(timeouts["read"], left), 0.001)  # read when the body begins
        return not response.is_stream_consumed

    def take(self, chunk: bytes) -> bool:
        """Take a part of the body as it came. Say whether to read on."""
        self._body += chunk
        if self.seconds is not None and time.monotonic() - self._began > self.seconds:
            said = f"{shown(self.request.url)} gave no whole answer in {self.seconds:g} s"
            self._problem = errors.APITimeoutError(said, sent=True)
        return self._problem is None and len(self._body) <= self._policy.max_body_bytes

    def lost(self, exc: httpx.TransportError) -> None:
        """Take note of a failure of the transport. The exception, which has headers, is let go."""
        told = f": {errors.shorten(str(exc))}" if str(exc) and not isinstance(exc, httpx.LocalProtocolError) else ""
        kind = errors.APITimeoutError if isinstance(exc, httpx.TimeoutException) else errors.APIConnectionError
        permanent = isinstance(exc, httpx.LocalProtocolError) or "CERTIFICATE_VERIFY" in told
        where, sent = f"{shown(self.request.url)}: {type(exc).__name__}", not isinstance(exc, _NOT_SENT)
        self._problem = kind(f"{where}{told}", sent=sent, permanent=permanent)

    def answer(self) -> httpx.Response:
        """Give the answer, whole and checked.

        Raises:
            FinerWorksError: There is none, or it is not a good one.
        """
        response, problem, data, body = self._response, self._problem, None, b""
        if response is not None:
            body = _unpacked(self._body, response, self._policy.max_body_bytes + 1)
            if not response.is_success:
                problem = self._refused(response, body)
            elif problem is None:
                data, problem = self._decoded(response, body)
        where, seconds = f"{self.request.method} {self.request.url.path}", time.monotonic() - self._began
        came = type(problem).__name__ if response is None else response.status_code
        ours = self._policy.keys.redact(str(errors.reference(data) if problem is None else problem.reference_id))
        _LOG.debug("%s: %s, attempt %d, %.3f s, reference_id %s", where, came, self._number, seconds, ours)
        if problem is not None or response is None:
            raise self._told(problem or errors.APIConnectionError("nothing came", sent=True))
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in _FRAMING]
        answer = _Answer(response.status_code, headers=headers, content=body, request=self._asked)
        answer.data, answer.elapsed = data, dt.timedelta(seconds=seconds)
        return answer

    def _refused(self, response: httpx.Response, body: bytes) -> errors.APIStatusError:
        try:
            target = shown(response.url.join(response.headers.get("Location", "")))
        except (httpx.InvalidURL, UnicodeError):
            target = "an address that cannot be read"
        wait = retries.retry_after(response.headers.get("Retry-After"), now=time.time())
        text = self._policy.keys.redact(body.decode(errors="replace"))
        return errors.status_error(response.status_code, text, retry_after=wait, target=target)

    def _decoded(self, response: httpx.Response, body: bytes) -> tuple[object, errors.FinerWorksError | None]:
        most, model = self._policy.max_body_bytes, self._policy.model(self.request)
        status, wrong = f"HTTP {response.status_code}", errors.ResponseValidationError
        if max(len(body), len(self._body)) > most:
            return None, wrong(f"the answer is larger than max_body_bytes={most:,}")
        if model is not None and response.status_code != 200:
            return None, wrong(f"the contract knows no {status} here")
        try:
            data: object = json.loads(body, parse_float=parse_number, parse_constant=int)  # no NaN
        except (ValueError, RecursionError):
            return None, wrong(f"{status} came with a body that is not JSON", transient=True)
        return data, errors.rejection(data) or (None if model is None else fault(data, model))

    def _told(self, error: errors.FinerWorksError) -> errors.FinerWorksError:
        """Say in an error which request it is about, and take out keys that the server echoed."""
        for name, value in vars(error).items():
            if isinstance(value, str):
                setattr(error, name, self._policy.keys.redact(value))
        error.message = errors.shorten(error.message)
        error.args = (error.message,)
        error.method, error.path, error.attempts = self.request.method, self.request.url.path, self._number
        return error


class _Answer(httpx.Response):
    """An answer whose JSON was decoded already: generated code need not do it again."""

    data: object

    def json(self, **kwargs: object) -> object:
        return super().json(**kwargs) if kwargs else self.data


def _unpacked(body: bytearray, response: httpx.Response, most: int) -> bytes:
    """Unpack a body, and no more than `most` bytes of it, however much it holds."""
    if response.headers.get("Content-Encoding", "").lower() != "gzip":
        return bytes(body)
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(body, most)
    except zlib.error:
        return b""
