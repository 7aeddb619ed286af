"""The one door that a request leaves by.

`HTTPClient` and `AsyncHTTPClient` are httpx clients whose `send()` does what every operation needs:
it adds the keys, bounds time and size, refuses redirects, checks what came, makes a typed error of
every failure, and tries again what is safe to try again. Put into the generated client, they give
all of it to each generated function; anything else that takes an httpx client has it too.
"""

import contextlib
import copy
import functools
import os
import ssl
import sys
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Generic, Self, TypeVar, Unpack, cast
from urllib.request import getproxies, proxy_bypass

import httpx

from finerworks import retries
from finerworks._version import __version__
from finerworks.attempts import LOOPBACK, Attempt, Policy, Settings, settled
from finerworks.pace import PACE

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
}  # what the door itself unpacks, within bounds
_HEADERS["User-Agent"] = (
    f"finerworks/{__version__} python/{sys.version.split()[0]} httpx/{httpx.__version__}"
)

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=60)
"""Connections, and the seconds that an idle one is kept. httpcore counts those in use as kept alive too."""

Transport = TypeVar("Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)


@functools.lru_cache(maxsize=8)
def _tls(*_: str | None) -> ssl.SSLContext:
    """Read the certificates that are trusted, by httpx's rules: once for each setting of the environment."""
    return httpx.create_ssl_context()


@functools.lru_cache(maxsize=256)
def _whole(base: str, path: str) -> httpx.URL:
    return httpx.URL(base).copy_with(raw_path=httpx.URL(path).raw_path)


class _Door(Generic[Transport]):
    """What the sync and the async door share; in each, an httpx client comes after it.

    Of that client's own way of sending nothing is used: it would look for cookies and redirects each time.
    """

    _open: Callable[..., Transport]
    owner: Self | None = None  # of a view: the client whose connections it uses

    def __init__(self, *, transport: Transport | None = None, **settings: Unpack[Settings]) -> None:
        self._policy = own = Policy(settings := settled(settings))
        new: functools.partial[Transport] = functools.partial(type(self)._open, limits=LIMITS)
        if transport is None:
            new.keywords["verify"] = _tls(
                os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
            )
        proxies = getproxies() if transport is None else {}
        named = {scheme: proxies.get(scheme) or proxies.get("all") for scheme in ("http", "https")}
        whole = {
            scheme: it if "://" in it else f"http://{it}" for scheme, it in named.items() if it
        }
        self._proxied: dict[str, Transport] = {
            scheme: new(proxy=proxy) for scheme, proxy in whole.items()
        }
        self._direct: Transport = new() if transport is None else transport
        start = cast(
            Callable[..., None], super().__init__
        )  # httpx's, of the client that comes after
        given = {
            "base_url": own.base_url,
            "auth": own.keys,
            "timeout": own.timeout,
            "headers": _HEADERS,
        }
        # It is to close them.
        start(
            transport=self._direct,
            mounts={f"{scheme}://": it for scheme, it in self._proxied.items()},
            **given,
        )

    def view(self, settings: Settings) -> Self:
        """Give a client with other settings that shares this one's connections: it is this one that is to be closed."""
        view = copy.copy(self)
        view.owner, view._policy = (
            self.owner or self,
            (policy := Policy(settled(self._policy.settings, settings))),
        )
        client = cast(httpx.Client, view)  # or its async twin: both have what is set here
        client.base_url, client.auth, client.headers = (
            policy.base_url,
            policy.keys,
            client.headers,
        )  # a copy of them
        client.timeout = policy.timeout if "timeout" in settings else client.timeout
        return view

    def build_request(self, method: str, url: httpx.URL | str, **options: object) -> httpx.Request:
        """Build a request, as httpx does. The URL of a path is made once, not for each request."""
        client = cast(httpx.Client, super())
        if isinstance(url, str) and url.startswith("/") and not url.startswith("//"):
            url = _whole(str(client.base_url), url)
        return cast(Callable[..., httpx.Request], client.build_request)(method, url, **options)

    def _ready(self, request: httpx.Request) -> httpx.Request:
        if cast(httpx.Client, self.owner or self).is_closed:
            raise RuntimeError("this FinerWorks client is closed: make a new one")
        return request

    def _signing(self, options: dict[str, object]) -> httpx.Auth:
        """Give what puts keys on: the caller's, the client's, or nothing."""
        given = options.get("auth", httpx.USE_CLIENT_DEFAULT)
        chosen = cast(httpx.Client, self).auth if given is httpx.USE_CLIENT_DEFAULT else given
        if not isinstance(chosen, httpx.Auth | None):
            raise TypeError(f"auth= is an httpx.Auth or None, not {type(chosen).__name__}")
        return chosen or httpx.Auth()

    def _wire(self, request: httpx.Request) -> Transport:
        """Give the way of a request. No proxy of the environment is for this machine."""
        host = request.url.host
        proxied = (
            self._proxied
            if self._proxied and host not in LOOPBACK and not proxy_bypass(host)
            else {}
        )
        return proxied.get(request.url.scheme, self._direct)


class HTTPClient(_Door[httpx.BaseTransport], httpx.Client):
    """An `httpx.Client` through which requests to FinerWorks leave, and answers come back checked.

    Make one to set a proxy, TLS or a transport of your own, and hand it to `FinerWorks` as
    ``http_client=``; or use it wherever an `httpx.Client` is taken.

    Args:
        web_api_key, app_key: The keys. None: from `FINERWORKS_WEB_API_KEY`, `FINERWORKS_APP_KEY`.
            They may be missing here and be given to `FinerWorks`; a request fails without them.
        base_url: The origin to speak to, and the only one that the keys go to. None: from
            `FINERWORKS_BASE_URL`, else `PRODUCTION`.
        timeout: Seconds for a whole attempt, from its start to the last byte of the answer's body; or
            an `httpx.Timeout` for its parts, the longest of which then bounds the whole too. A part
            that is None is not bounded, nor then is the whole. Default 30. Waiting for a free
            connection counts; looking up a host's name is the operating system's to bound, and each
            further address of a host that has several has the time that is left anew. Not bounded as a
            whole is the head of an answer on a connection that another client opened on a transport that
            both use, that a request with a ``trace`` extension of its own opened, or, for sync, that goes
            through a proxy that itself speaks TLS: there, each read has this time. Nor, for sync, is the
            sending of a large body, each part of which has it.
        max_retries: How often a failed request is sent again, from 0. Default 2.
        max_body_bytes: How large an answer may be, in bytes, as it comes and unpacked.
            Default 32 MiB.
        allow_insecure_http: Whether ``base_url`` may be http:// on a host other than this machine,
            where others can read the keys on the way.
        transport (httpx.BaseTransport | None): What to send through in place of httpx's own transport, such as
            ``httpx.HTTPTransport(proxy=..., verify=..., limits=...)``. Without one, proxies come from
            the environment, as httpx reads it; not for this machine itself.

    Raises:
        CredentialsError: A key is malformed.
        ValueError: Another argument is out of its range.
        TypeError: There is no such argument.

    A request raises a `FinerWorksError` for every failure of its own, and lets others, such as an
    event hook's, through as they are; only an httpx transport error about this very address is always taken
    for the request's. A redirect is never followed, a cookie of the server's never
    kept, and an answer is read whole before it is handed on, whatever `send()` is told about that.
    """

    _open = httpx.HTTPTransport

    def send(self, request: httpx.Request, **options: object) -> httpx.Response:
        """Send a request and give its answer, read whole and checked.

        Args:
            request: What to send. It is left as it is: keys are put on a copy of it.
            options: As httpx has them; of these, ``auth`` stands in for the keys, and no other has an effect.

        Raises:
            FinerWorksError: The request failed; `finerworks.errors` has the kinds.
        """
        auth, pace = self._signing(options), PACE.get()
        for turn in retries.attempts(
            pace.judging(self._policy.verdict(request)), attempts=self._policy.max_retries + 1
        ):
            with turn:
                attempt = Attempt(self._ready(request), self._policy, turn)
                while wait := attempt.wait():
                    pace.stopped.wait(wait)
                with attempt:
                    attempt.request = asked = next(auth.sync_auth_flow(attempt.request))
                    for hook in attempt.hooks(self.event_hooks["request"]):
                        hook(asked)
                    with contextlib.closing(self._wire(asked).handle_request(asked)) as response:
                        response.request = asked
                        for hook in attempt.hooks(self.event_hooks["response"]):
                            hook(response)
                        for chunk in (
                            cast(Iterable[bytes], response.stream) if attempt.head(response) else ()
                        ):
                            if not attempt.take(chunk):
                                break
                chunk = b""  # a traceback with locals is not to show the answer
                return attempt.answer()
        raise AssertionError("the last attempt returns or raises")


class AsyncHTTPClient(_Door[httpx.AsyncBaseTransport], httpx.AsyncClient):
    """An `httpx.AsyncClient` of the same kind, for asyncio; see `HTTPClient`."""

    _open = httpx.AsyncHTTPTransport

    async def send(self, request: httpx.Request, **options: object) -> httpx.Response:
        """Send a request and give its answer; see `HTTPClient.send`."""
        import asyncio  # noqa: PLC0415 - who is here has it; others need not wait for it

        auth, pace = self._signing(options), PACE.get()
        async for turn in retries.attempts(
            pace.judging(self._policy.verdict(request)), attempts=self._policy.max_retries + 1
        ):
            with turn:
                attempt = Attempt(self._ready(request), self._policy, turn, aio=True)
                while wait := attempt.wait():  # noqa: ASYNC110 - a time is waited for as a rule, or a turn after that
                    await asyncio.sleep(wait)
                with attempt:
                    attempt.request = asked = await anext(auth.async_auth_flow(attempt.request))
                    for hook in attempt.hooks(self.event_hooks["request"]):
                        await hook(asked)
                    async with contextlib.aclosing(
                        await self._wire(asked).handle_async_request(asked)
                    ) as response:
                        response.request = asked
                        for hook in attempt.hooks(self.event_hooks["response"]):
                            await hook(response)
                        if attempt.head(response):
                            async for chunk in cast(AsyncIterable[bytes], response.stream):
                                if not attempt.take(chunk):
                                    break
                chunk = b""  # a traceback with locals is not to show the answer
                return attempt.answer()
        raise AssertionError("the last attempt returns or raises")
