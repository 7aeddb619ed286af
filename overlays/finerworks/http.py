"""The httpx clients that talk to FinerWorks: httpx's own, with this package's transport in them.

In the generated client they give every generated function the keys, time limits, retries and
typed errors. They also work wherever an httpx client is accepted.
"""

import functools
import os
import ssl
import sys
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any

import httpx

from finerworks._version import __version__
from finerworks.certificates import read_trusted_certificates, trust_nothing
from finerworks.config import Config, Options, change_config, create_config
from finerworks.credentials import format_origin, hide
from finerworks.errors import CLIENT_CLOSED, ClientStateError
from finerworks.lazy import LazyModule
from finerworks.proxies import SOCKS_SCHEMES, Route, create_proxy, read_proxies

if TYPE_CHECKING:
    import finerworks.transport as transports
else:
    transports = LazyModule("finerworks.transport")

INCOMPLETE = "<{name} incomplete>"
"""What is displayed of a client whose constructor raised, as in a traceback with locals."""

_PYTHON_VERSION = sys.version.split()[0]

HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",  # what the transport decodes itself, within the size limit
    "User-Agent": f"finerworks/{__version__} python/{_PYTHON_VERSION} httpx/{httpx.__version__}",
}
"""The headers of every request, to whatever origin: never put a key here."""

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=60)
"""The most connections, and the seconds that an idle one is kept. httpcore counts those in use as
kept alive too."""


class _KeptCookies(CookieJar):
    """The cookies that the caller sets. It keeps none of the server, which could join two accounts.

    httpx passes each response to `extract_cookies`, which would take a lock even if there are no
    cookies: a process that is forked while another thread holds it could never send a request.
    """

    def extract_cookies(self, response: object, request: object) -> None:
        """Keep none."""


class HTTPClient(httpx.Client):
    """An `httpx.Client` that adds the keys to requests and returns checked responses.

    Create one to set a proxy, TLS or a transport of your own, and pass it to `FinerWorks` as
    ``http_client=``, or use it wherever an `httpx.Client` is accepted.

    A request raises a `FinerWorksError` for every failure of its own. Exceptions of your own code,
    such as an event hook's, pass through. Redirects are never followed, cookies of the server are
    never kept, and a response is read completely before it is returned.

    Event hooks run once for each call: a request hook before the first attempt, a response hook
    after the last one, if that succeeded. Hooks never see the keys.

    A request may have the extension ``finerworks_observer``: a function that is called with each
    response as it arrived, an `httpx.Response` without a body, and with its decompressed body as
    `bytes`. It is called before the response is checked, so also for one that is then raised as an
    error. A response that is not complete in time, or breaks off, is not passed to it. A body that
    is too large ends after ``max_body_bytes``.

    Args:
        web_api_key: The web API key. If both keys are None, `FINERWORKS_WEB_API_KEY` and
            `FINERWORKS_APP_KEY` are read; otherwise the environment is not. A key may be missing
            here and be passed to `FinerWorks`; a request without it fails.
        app_key: The app key. See ``web_api_key``.
        base_url: The origin to talk to, and the only one that receives the keys. None: read
            `FINERWORKS_BASE_URL`, else `PRODUCTION`.
        timeout: Seconds that one attempt may take, from its start to the last byte of the
            response; or an `httpx.Timeout` for its steps, the longest of which then limits the
            attempt as well. A step that is None is not limited, and then neither is the attempt.
            None: 30 seconds. Waiting for a free connection counts. Not limited are the lookup of a
            host's name, and connections that another client opened on a transport that both use.
            Sync only: each address of a host, and each part of a large request body, has the
            whole time.
        max_retries: How often a failed request is sent again, if its operation only reads. From 0.
            None: 2.
        max_body_bytes: The largest response, in bytes, as it arrives and decompressed. None:
            32 MiB.
        allow_insecure_http: Whether ``base_url`` may be http:// on another host than this machine.
            Others can read the keys on the way.
        transport: What to send through instead of httpx's own transport, such as
            ``httpx.HTTPTransport(proxy=..., verify=..., limits=...)``. Without one, the proxies of
            the environment are used, except for this machine itself. Closing the client closes the
            transport. It belongs to this process, and with asyncio to the event loop of its first
            request.

    Raises:
        CredentialsError: A key is malformed.
        SettingsError: A variable for proxies or certificates, which this origin needs, cannot be
            used.
        ValueError: Another argument is out of its range.
    """

    config: Config
    """The settings of this client."""

    _finerworks_transport: "transports.Transport"

    def __init__(
        self,
        *,
        web_api_key: str | None = None,
        app_key: str | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        max_body_bytes: int | None = None,
        allow_insecure_http: bool | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        # A traceback with local variables must not show the keys.
        web_api_key = hide(web_api_key)
        app_key = hide(app_key)
        # Imported late: httpcore, asyncio and the generated models take time to import.
        from finerworks.supplied import SuppliedConnections  # noqa: PLC0415
        from finerworks.transport import Transport  # noqa: PLC0415

        self.config = create_config(
            Options(
                web_api_key=web_api_key,
                app_key=app_key,
                base_url=base_url,
                timeout=timeout,
                max_retries=max_retries,
                max_body_bytes=max_body_bytes,
                allow_insecure_http=allow_insecure_http,
            )
        )

        connections: transports.AnyConnections[httpx.BaseTransport]
        if transport is None:
            connections = _open_connections(self.config.base_url)
        else:
            connections = SuppliedConnections(transport)
        self._finerworks_transport = Transport(self.config, connections)
        super().__init__(
            base_url=self.config.base_url,
            timeout=self.config.timeout,
            headers=HEADERS,
            cookies=_KeptCookies(),
            transport=self._finerworks_transport,
        )

    @property
    def is_closed(self) -> bool:
        """Whether this client was closed, or the one whose connections it shares."""
        return super().is_closed or self._finerworks_transport.closed

    def __repr__(self) -> str:
        return _describe(self)

    def build_request(
        self,
        method: str,
        url: httpx.URL | str,
        **kwargs: Any,  # noqa: ANN401 - as httpx declares them
    ) -> httpx.Request:
        """Build a request, as httpx does. The URL of a path is parsed once.

        Raises:
            ClientStateError: The client is closed.
        """
        check_open(self)
        absolute_url = _absolute_url(self.base_url, url)
        return super().build_request(method, absolute_url, **kwargs)

    def with_options(self, options: Options) -> "HTTPClient":
        """Return a client with other settings that shares the connections of this one.

        It is this client itself if no option is given. Closing another one closes nothing;
        closing this client ends it.

        Raises:
            ClientStateError: The client is closed.
        """
        check_open(self)
        if options == Options():
            return self
        return _SharingHTTPClient(self, options)


class _SharingHTTPClient(HTTPClient):
    """A client that shares the connections of another.

    Args:
        client: The other client. Its headers, hooks and the like are copied as they are now.
        options: What differs from its settings.
    """

    def __init__(self, client: HTTPClient, options: Options) -> None:
        self.config = change_config(client.config, options)
        self._finerworks_transport = client._finerworks_transport.with_config(self.config)
        # Not HTTPClient's own, which opens connections.
        httpx.Client.__init__(
            self,
            auth=client.auth,
            params=client.params,
            headers=client.headers,
            cookies=_KeptCookies(),
            event_hooks=client.event_hooks,
            base_url=self.config.base_url,
            timeout=client.timeout if options.timeout is None else self.config.timeout,
            transport=self._finerworks_transport,
        )


class AsyncHTTPClient(httpx.AsyncClient):
    """An `httpx.AsyncClient` of the same kind, for asyncio; see `HTTPClient`."""

    config: Config
    """The settings of this client."""

    _finerworks_transport: "transports.AsyncTransport"

    def __init__(
        self,
        *,
        web_api_key: str | None = None,
        app_key: str | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        max_body_bytes: int | None = None,
        allow_insecure_http: bool | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        # A traceback with local variables must not show the keys.
        web_api_key = hide(web_api_key)
        app_key = hide(app_key)
        # Imported late: httpcore, asyncio and the generated models take time to import.
        from finerworks.supplied import SuppliedConnections  # noqa: PLC0415
        from finerworks.transport import AsyncTransport  # noqa: PLC0415

        self.config = create_config(
            Options(
                web_api_key=web_api_key,
                app_key=app_key,
                base_url=base_url,
                timeout=timeout,
                max_retries=max_retries,
                max_body_bytes=max_body_bytes,
                allow_insecure_http=allow_insecure_http,
            )
        )

        connections: transports.AnyConnections[httpx.AsyncBaseTransport]
        if transport is None:
            connections = _open_async_connections(self.config.base_url)
        else:
            connections = SuppliedConnections(transport)
        self._finerworks_transport = AsyncTransport(self.config, connections)
        super().__init__(
            base_url=self.config.base_url,
            timeout=self.config.timeout,
            headers=HEADERS,
            cookies=_KeptCookies(),
            transport=self._finerworks_transport,
        )

    @property
    def is_closed(self) -> bool:
        """Whether this client was closed, or the one whose connections it shares."""
        return super().is_closed or self._finerworks_transport.closed

    def __repr__(self) -> str:
        return _describe(self)

    def build_request(
        self,
        method: str,
        url: httpx.URL | str,
        **kwargs: Any,  # noqa: ANN401 - as httpx declares them
    ) -> httpx.Request:
        """Build a request, as httpx does. The URL of a path is parsed once.

        Raises:
            ClientStateError: The client is closed.
        """
        check_open(self)
        absolute_url = _absolute_url(self.base_url, url)
        return super().build_request(method, absolute_url, **kwargs)

    def with_options(self, options: Options) -> "AsyncHTTPClient":
        """Return a client with other settings that shares the connections of this one.

        It is this client itself if no option is given. Closing another one closes nothing;
        closing this client ends it.

        Raises:
            ClientStateError: The client is closed.
        """
        check_open(self)
        if options == Options():
            return self
        return _SharingAsyncHTTPClient(self, options)


class _SharingAsyncHTTPClient(AsyncHTTPClient):
    """A client that shares the connections of another; see `_SharingHTTPClient`."""

    def __init__(self, client: AsyncHTTPClient, options: Options) -> None:
        self.config = change_config(client.config, options)
        self._finerworks_transport = client._finerworks_transport.with_config(self.config)
        # Not AsyncHTTPClient's own, which opens connections.
        httpx.AsyncClient.__init__(
            self,
            auth=client.auth,
            params=client.params,
            headers=client.headers,
            cookies=_KeptCookies(),
            event_hooks=client.event_hooks,
            base_url=self.config.base_url,
            timeout=client.timeout if options.timeout is None else self.config.timeout,
            transport=self._finerworks_transport,
        )


def _describe(client: HTTPClient | AsyncHTTPClient) -> str:
    """Return a client on one line: its host, but no key."""
    name = type(client).__name__.removeprefix("_Sharing")
    try:
        closed = " closed" if client.is_closed else ""
        return f"<{name} {format_origin(client.base_url)}{closed}>"
    except AttributeError:
        return INCOMPLETE.format(name=name)


def check_open(client: httpx.Client | httpx.AsyncClient, message: str = CLIENT_CLOSED) -> None:
    """Check that a client is not closed.

    Raises:
        ClientStateError: It is, and this is the error's message.
    """
    if client.is_closed:
        raise ClientStateError(message)


def _open_connections(base_url: httpx.URL) -> "transports.Connections[httpx.BaseTransport]":
    """Return the connections of a client, which are opened by its requests.

    Raises:
        SettingsError: A setting of the environment that the base URL needs cannot be used.
    """
    from finerworks.transport import Connections  # noqa: PLC0415 - as in HTTPClient

    route = read_proxies().route
    # Created and discarded: an invalid proxy or certificate file must fail here, not at the first
    # request.
    _create_transport(route(base_url))
    return Connections(_create_transport, route)


def _open_async_connections(
    base_url: httpx.URL,
) -> "transports.Connections[httpx.AsyncBaseTransport]":
    """Return the connections of an asyncio client; see `_open_connections`."""
    from finerworks.transport import Connections  # noqa: PLC0415 - as in HTTPClient

    route = read_proxies().route
    _create_async_transport(route(base_url))
    return Connections(_create_async_transport, route)


def _absolute_url(base_url: httpx.URL, url: httpx.URL | str) -> httpx.URL | str:
    """Return the URL of a path; any other URL stays as it is."""
    if not isinstance(url, str):
        return url
    if not url.startswith("/") or url.startswith("//"):
        return url
    return _join_url(base_url, url)


@functools.lru_cache(maxsize=256)
def _join_url(base_url: httpx.URL, path: str) -> httpx.URL:
    return base_url.join(path)


def _create_transport(route: Route) -> httpx.BaseTransport:
    """Return httpx's transport for a route.

    Raises:
        SettingsError: A setting of the environment that the route needs cannot be used.
    """
    trusted = _trusted_certificates(route)
    if route.proxy is None:
        return httpx.HTTPTransport(verify=trusted, limits=LIMITS)
    proxy = create_proxy(route.proxy, trusted)
    if route.proxy.scheme in SOCKS_SCHEMES:
        from finerworks.socks import SOCKSTransport  # noqa: PLC0415 - httpcore takes time to import

        return SOCKSTransport(verify=trusted, limits=LIMITS, proxy=proxy)
    return httpx.HTTPTransport(verify=trusted, limits=LIMITS, proxy=proxy)


def _create_async_transport(route: Route) -> httpx.AsyncBaseTransport:
    """Return httpx's transport for a route; see `_create_transport`."""
    trusted = _trusted_certificates(route)
    if route.proxy is None:
        return httpx.AsyncHTTPTransport(verify=trusted, limits=LIMITS)
    proxy = create_proxy(route.proxy, trusted)
    if route.proxy.scheme in SOCKS_SCHEMES:
        from finerworks.socks import AsyncSOCKSTransport  # noqa: PLC0415 - as above

        return AsyncSOCKSTransport(verify=trusted, limits=LIMITS, proxy=proxy)
    return httpx.AsyncHTTPTransport(verify=trusted, limits=LIMITS, proxy=proxy)


def _trusted_certificates(route: Route) -> ssl.SSLContext:
    """Return the certificates that are trusted, by httpx's rules; none if the route has no TLS."""
    if not route.encrypted:
        return trust_nothing()
    file = os.environ.get("SSL_CERT_FILE")
    folder = os.environ.get("SSL_CERT_DIR")
    key_log = os.environ.get("SSLKEYLOGFILE")
    return _read_certificates(os.getpid(), file, folder, key_log)


@functools.lru_cache(maxsize=8)
def _read_certificates(
    process: int, file: str | None, folder: str | None, key_log: str | None
) -> ssl.SSLContext:
    """Read the trusted certificates: once for each setting of the environment, in each process.

    Reading them takes longer than everything else that a client needs. A forked process must not
    use those of its parent: OpenSSL may have locked them in another thread at the time of the fork.
    """
    # What the result depends on: httpx and ssl read the environment themselves.
    del process, file, folder, key_log
    return read_trusted_certificates()
