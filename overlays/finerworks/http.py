"""The clients that talk to FinerWorks: httpx's own, with this package's transport.

In the generated client, they add keys, time limits, retries and typed errors to every function.
They also work wherever an httpx client is accepted.
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
"""The `repr` of a client whose constructor raised, as a traceback with local variables shows it."""

_PYTHON_VERSION = sys.version.split()[0]

HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",  # the transport decompresses this itself, within the size limit
    "User-Agent": f"finerworks/{__version__} python/{_PYTHON_VERSION} httpx/{httpx.__version__}",
}
"""The headers of every request to any origin. Never put a key here."""

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=60)
"""The maximum number of connections, and how many seconds an idle one is kept. For httpcore, those
in use count as kept alive, too."""


class _KeptCookies(CookieJar):
    """The caller's own cookies. Cookies of the server are not kept: they could link two accounts.

    httpx passes each response to `extract_cookies`, which would acquire a lock even if there are no
    cookies. A process that is forked while another thread holds it could never send a request.
    """

    def extract_cookies(self, response: object, request: object) -> None:
        """Ignore the cookies of a response."""


class HTTPClient(httpx.Client):
    """An `httpx.Client` that adds the keys to requests and returns checked responses.

    Create one to configure a proxy, TLS or your own transport, and pass it to `FinerWorks` as
    ``http_client=``, or use it wherever an `httpx.Client` is accepted.

    Every failure of a request raises a `FinerWorksError`. Exceptions in your own code, such as an
    event hook, pass through. Redirects are never followed, cookies of the server are never kept,
    and a response is read completely before it is returned.

    Event hooks run once for each call: a request hook before the first attempt, a response hook
    after the last one, if that succeeded. Hooks never see the keys.

    A request may have the extension ``finerworks_observer``. This function is called for each
    response with two arguments: the `httpx.Response` without its body, and the decompressed body as
    `bytes`. It is called before the response is checked, so you also see responses that are then
    raised as errors. You do not see responses that are late or incomplete. A body that is too large
    is cut off after ``max_body_bytes``.

    Args:
        web_api_key: The web API key. If both keys are None, `FINERWORKS_WEB_API_KEY` and
            `FINERWORKS_APP_KEY` are read; otherwise the environment is not read. You can omit a key
            here and pass it to `FinerWorks`. A request without a key fails.
        app_key: The app key. See ``web_api_key``.
        base_url: The origin to talk to, which is the only one that receives the keys. None: read
            `FINERWORKS_BASE_URL`, else `PRODUCTION`.
        timeout: Seconds that one attempt may take, from its start to the last byte of the response;
            or an `httpx.Timeout` for its steps, the longest of which then limits the attempt as
            well. A step that is None is not limited, and then neither is the attempt. None: 30
            seconds. Waiting for a free connection counts. The lookup of a host name is not limited,
            nor are connections that another client opened on a shared transport. Sync only: each
            address of a host, and each part of a large request body, may take that long.
        max_retries: The maximum number of retries of a failed request, from 0, if its operation
            only reads. None: 2.
        max_body_bytes: The maximum size of a response in bytes, before and after decompression.
            None: 32 MiB.
        allow_insecure_http: Whether ``base_url`` may be http:// on another host than this machine.
            Others can read the keys on the way.
        transport: The transport to use instead of httpx's own, such as
            ``httpx.HTTPTransport(proxy=..., verify=..., limits=...)``. Without one, the
            environment's proxies are used, except for this machine itself. Closing the client
            closes the transport. The transport belongs to this process and, with asyncio, to the
            event loop of its first request.

    Raises:
        CredentialsError: A key is malformed.
        SettingsError: A variable for proxies or certificates that this origin needs is invalid.
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
        """Whether this client, or the one that owns its connections, was closed."""
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

        Without options, this is the client itself. Closing a new one closes nothing. Closing this
        client ends it, too.

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
        client: The other client. Its headers, hooks and so on are copied now.
        options: The settings that differ.
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
    """The same client for asyncio, an `httpx.AsyncClient`; see `HTTPClient`."""

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
        """Whether this client, or the one that owns its connections, was closed."""
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

        Without options, this is the client itself. Closing a new one closes nothing. Closing this
        client ends it, too.

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
        ClientStateError: It is closed. This is the error's message.
    """
    if client.is_closed:
        raise ClientStateError(message)


def _open_connections(base_url: httpx.URL) -> "transports.Connections[httpx.BaseTransport]":
    """Return the connections of a client. Requests open them.

    Raises:
        SettingsError: A variable that the base URL needs is invalid.
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
    """Return the URL of a path. Any other URL is returned unchanged."""
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
        SettingsError: A variable that the route needs is invalid.
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
    """Return the trusted certificates, according to httpx's rules. None if the route has no TLS."""
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
    """Read the trusted certificates, once per process for each state of the variables.

    This takes longer than everything else that a client does. A forked process must not use the
    certificates of its parent: another thread may have locked them in OpenSSL at the time of the
    fork.
    """
    # The result depends on these, because httpx and ssl read the environment themselves.
    del process, file, folder, key_log
    return read_trusted_certificates()
