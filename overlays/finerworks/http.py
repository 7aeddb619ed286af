"""The one door that a request leaves by.

`HTTPClient` and `AsyncHTTPClient` are httpx clients whose `send()` does what every operation needs:
it adds the keys, bounds time and size, refuses redirects, checks what came, makes a typed error of
every failure, and tries again what is safe to try again. Put into the generated client, they give
all of it to each generated function; anything else that takes an httpx client has it too.
"""

import contextlib
import copy
import functools
import platform
import ssl
from collections.abc import Callable, Mapping
from typing import Generic, Self, TypeVar, Unpack, cast

import httpx

from finerworks import retries
from finerworks._version import __version__
from finerworks.attempts import Attempt, Policy, Settings

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",  # only what the door itself unpacks, within bounds
    "User-Agent": f"finerworks/{__version__} python/{platform.python_version()} httpx/{httpx.__version__}",
}

Transport = TypeVar("Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)


class Options(Settings, total=False):
    """Settings, and what is handed on to httpx, which describes it."""

    verify: ssl.SSLContext | str | bool
    trust_env: bool
    proxy: str | httpx.URL | httpx.Proxy | None
    limits: httpx.Limits
    event_hooks: Mapping[str, list[Callable[..., object]]]


class _Door(Generic[Transport]):
    """What the sync and the async door share; in each, an httpx client comes after it."""

    _owner: Self | None = None  # of a view: the client whose connections it uses

    def __init__(self, *, transport: Transport | None = None, **options: Unpack[Options]) -> None:
        given: dict[str, object] = {"transport": transport, **options}
        ours = {name: given.pop(name) for name in Settings.__annotations__ if name in given}
        self._policy = policy = Policy(cast(Settings, ours))
        start = cast(Callable[..., None], super().__init__)  # httpx's, of the client that comes after
        start(base_url=policy.base_url, auth=policy.keys, timeout=policy.timeout, headers=_HEADERS, **given)

    def with_options(self, **settings: Unpack[Settings]) -> Self:
        """Give a view with other settings that shares this client's connections.

        Closing a view closes nothing; closing this client ends its views too.
        """
        view = copy.copy(self)
        view._owner = self._owner or self
        view._policy = policy = Policy(self._policy.settings, settings)
        client = cast(httpx.Client, view)  # or its async twin: both have what is set here
        client.base_url, client.auth, client.cookies = policy.base_url, policy.keys, httpx.Cookies()
        client.timeout = client.timeout if settings.get("timeout") is None else policy.timeout
        return view

    def require_keys(self) -> None:
        """Raise CredentialsError if a key is missing."""
        self._policy.keys.require()

    def _begin(self, request: httpx.Request) -> functools.partial[bool | float]:
        if cast(httpx.Client, self._owner or self).is_closed:
            raise RuntimeError("this FinerWorks client is closed: make a new one")
        return functools.partial(retries.verdict, reads=self._policy.model(request) is not None)


class HTTPClient(_Door[httpx.BaseTransport], httpx.Client):
    """An `httpx.Client` through which requests to FinerWorks leave, and answers come back checked.

    Make one to set a proxy, a transport, TLS or event hooks, and hand it to `FinerWorks` as
    ``http_client=``; or use it wherever an `httpx.Client` is taken.

    Args:
        web_api_key, app_key: The keys. None: from `FINERWORKS_WEB_API_KEY`, `FINERWORKS_APP_KEY`.
            They may be missing here and be given to `FinerWorks`; a request fails without them.
        base_url: The origin to speak to, and the only one that the keys go to. None: from
            `FINERWORKS_BASE_URL`, else `PRODUCTION`.
        timeout: Seconds for a whole attempt; or an `httpx.Timeout` for its parts, the longest of
            which then bounds the whole too. A part that is None is not bounded, nor then is the
            whole. Default 30. The clock is looked at when a part of the answer's body comes; until
            its head is there, each part has its own time.
        max_retries: How often a failed request is sent again, from 0. Default 2.
        max_body_bytes: How large an answer may be, in bytes, as it comes and unpacked.
            Default 32 MiB.
        reads: The paths of operations that only read, each with the generated model of its answer:
            their requests may be sent again after a failure, and their answers are checked.
            `FinerWorks` adds those that it knows.
        transport: What to send through in place of httpx's own transport.
        verify, trust_env, proxy, limits, event_hooks: As `httpx.Client` takes them.

    Raises:
        CredentialsError: A key is malformed.
        ValueError: Another argument is out of its range.

    A request raises a `FinerWorksError` for every failure of its own, and lets others, such as an
    event hook's, through as they are. A redirect is never followed, and an answer is read whole
    before it is handed on, whatever `send()` is told about that.
    """

    def send(self, request: httpx.Request, *, auth: object = httpx.USE_CLIENT_DEFAULT, **_: object) -> httpx.Response:
        """Send a request and give its answer, read whole and checked.

        Args:
            request: What to send. It is left as it is: keys are put on a copy of it.
            auth: In place of the keys, as httpx takes it.

        Raises:
            FinerWorksError: The request failed; `finerworks.errors` has the kinds.
        """
        chosen = cast(httpx.Auth, auth)  # httpx has no public name for all that it may be
        for turn in retries.attempts(self._begin(request), attempts=self._policy.max_retries + 1):
            with turn:
                attempt = Attempt(request, self._policy, turn.num)
                try:
                    response = super().send(attempt.request, stream=True, auth=chosen, follow_redirects=False)
                    with contextlib.closing(response):
                        if attempt.head(response):
                            any(not attempt.take(chunk) for chunk in response.iter_raw())
                except httpx.TransportError as exc:
                    attempt.lost(exc)
                return attempt.answer()
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Close the connections. A view has none of its own: it closes nothing."""
        if self._owner is None:
            super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class AsyncHTTPClient(_Door[httpx.AsyncBaseTransport], httpx.AsyncClient):
    """An `httpx.AsyncClient` of the same kind, for asyncio; see `HTTPClient`."""

    async def send(
        self, request: httpx.Request, *, auth: object = httpx.USE_CLIENT_DEFAULT, **_: object
    ) -> httpx.Response:
        """Send a request and give its answer; see `HTTPClient.send`."""
        chosen = cast(httpx.Auth, auth)
        async for turn in retries.attempts(self._begin(request), attempts=self._policy.max_retries + 1):
            with turn:
                attempt = Attempt(request, self._policy, turn.num)
                try:
                    response = await super().send(attempt.request, stream=True, auth=chosen, follow_redirects=False)
                    async with contextlib.aclosing(response):
                        if attempt.head(response):
                            async for chunk in response.aiter_raw():
                                if not attempt.take(chunk):
                                    break
                except httpx.TransportError as exc:
                    attempt.lost(exc)
                return attempt.answer()
        raise AssertionError("the last attempt returns or raises")

    async def aclose(self) -> None:
        """Close the connections. A view has none of its own: it closes nothing."""
        if self._owner is None:
            await super().aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()
