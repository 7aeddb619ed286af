"""The one door that a request leaves by.

`HTTPClient` and `AsyncHTTPClient` are httpx clients whose `send()` does what every operation needs:
it adds the keys, bounds time and size, refuses redirects, checks what came, makes a typed error of
every failure, and tries again what is safe to try again. Put into the generated client, they give
all of it to each generated function; anything else that takes an httpx client has it too.
"""

import contextlib
import copy
import platform
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Generic, Self, TypeVar, Unpack, cast

import httpx

from finerworks import retries
from finerworks._version import __version__
from finerworks.attempts import Attempt, Policy, Settings, settled

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip"}  # what the door itself unpacks, within bounds
_HEADERS["User-Agent"] = f"finerworks/{__version__} python/{platform.python_version()} httpx/{httpx.__version__}"

_DIRECT = dict.fromkeys(("all://localhost", "all://127.0.0.1", "all://[::1]"))
"""What a proxy of the environment is not for: this machine."""

Transport = TypeVar("Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)


class _Door(Generic[Transport]):
    """What the sync and the async door share; in each, an httpx client comes after it."""

    owner: Self | None = None  # of a view: the client whose connections it uses

    def __init__(self, *, transport: Transport | None = None, **settings: Unpack[Settings]) -> None:
        self._policy = own = Policy(settings := settled(settings))
        start = cast(Callable[..., None], super().__init__)  # httpx's, of the client that comes after
        given = {"auth": own.keys, "timeout": own.timeout, "transport": transport, "mounts": _DIRECT}
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))  # one that is no text breaks the next request
        start(base_url=own.base_url, headers=_HEADERS, cookies=no_cookies, **given)

    def view(self, settings: Settings) -> Self:
        """Give a client with other settings that shares this one's connections: it is this one that is to be closed."""
        view = copy.copy(self)
        view.owner, view._policy = self.owner or self, (policy := Policy(settled(self._policy.settings, settings)))
        client = cast(httpx.Client, view)  # or its async twin: both have what is set here
        client.base_url, client.auth, client.headers = policy.base_url, policy.keys, client.headers  # a copy of them
        client.timeout = policy.timeout if "timeout" in settings else client.timeout
        return view

    def _ready(self, request: httpx.Request) -> httpx.Request:
        if cast(httpx.Client, self.owner or self).is_closed:
            raise RuntimeError("this FinerWorks client is closed: make a new one")
        keep = _async_keep if isinstance(self, httpx.AsyncClient) else _keep
        if keep not in (hooks := cast(httpx.Client, self).event_hooks["response"]):
            hooks.append(keep)
        return request


def _keep(response: httpx.Response) -> None:
    """Take the target of a redirect out of httpx's sight, which would make the next request of it.

    That request would have the keys, and a target that cannot be read would fail as something else.
    """
    response.extensions.setdefault("location", response.headers.pop("Location", "") if response.is_redirect else "")


async def _async_keep(response: httpx.Response) -> None:
    _keep(response)


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
        transport: What to send through in place of httpx's own transport, such as
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

    def send(self, request: httpx.Request, **options: object) -> httpx.Response:
        """Send a request and give its answer, read whole and checked.

        Args:
            request: What to send. It is left as it is: keys are put on a copy of it.
            options: As httpx has them; of these, ``auth`` stands in for the keys, and no other has an effect.

        Raises:
            FinerWorksError: The request failed; `finerworks.errors` has the kinds.
        """
        # httpx has no public name for all that it may be.
        chosen = cast(httpx.Auth, options.get("auth", httpx.USE_CLIENT_DEFAULT))
        for turn in retries.attempts(self._policy.verdict(request), attempts=self._policy.max_retries + 1):
            with turn:
                with Attempt(self._ready(request), self._policy, turn) as attempt:
                    response = super().send(attempt.request, stream=True, auth=chosen, follow_redirects=False)
                    with contextlib.closing(response):
                        if attempt.head(response):
                            any(not attempt.take(chunk) for chunk in response.iter_raw())
                return attempt.answer()
        raise AssertionError("the last attempt returns or raises")


class AsyncHTTPClient(_Door[httpx.AsyncBaseTransport], httpx.AsyncClient):
    """An `httpx.AsyncClient` of the same kind, for asyncio; see `HTTPClient`."""

    async def send(self, request: httpx.Request, **options: object) -> httpx.Response:
        """Send a request and give its answer; see `HTTPClient.send`."""
        chosen = cast(httpx.Auth, options.get("auth", httpx.USE_CLIENT_DEFAULT))
        async for turn in retries.attempts(self._policy.verdict(request), attempts=self._policy.max_retries + 1):
            with turn:
                with Attempt(self._ready(request), self._policy, turn, aio=True) as attempt:
                    response = await super().send(attempt.request, stream=True, auth=chosen, follow_redirects=False)
                    async with contextlib.aclosing(response):
                        if attempt.head(response):
                            async for chunk in response.aiter_raw():
                                if not attempt.take(chunk):
                                    break
                chunk = b""  # a traceback with locals is not to show the answer
                return attempt.answer()
        raise AssertionError("the last attempt returns or raises")
