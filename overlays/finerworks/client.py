"""`FinerWorks` and `AsyncFinerWorks`: keys, connections and an account's listings."""

from typing import TYPE_CHECKING, Never, Self

import httpx

from finerworks.config import Options
from finerworks.credentials import Secret, format_origin, hide, read_account_key
from finerworks.http import INCOMPLETE, AsyncHTTPClient, HTTPClient, check_open
from finerworks.lazy import LazyModule

if TYPE_CHECKING:
    import finerworks.invoices as listings
    import finerworks_client as generated
else:
    listings = LazyModule("finerworks.invoices")
    generated = LazyModule("finerworks_client")


class FinerWorks:
    """FinerWorks' web API, for one pair of keys.

    Use it as a context manager: leaving it closes its connections. Threads may share it. A forked
    process may use it too, with connections of its own.

    Args:
        web_api_key: The web API key. Pass both keys or neither: if both are None,
            `FINERWORKS_WEB_API_KEY` and `FINERWORKS_APP_KEY` are read.
        app_key: The app key. See ``web_api_key``.
        account_key: The account to read (platform accounts only). None: read
            `FINERWORKS_ACCOUNT_KEY`, else the account that the keys belong to.
        base_url: The origin to talk to. None: read `FINERWORKS_BASE_URL`, else `PRODUCTION`.
        timeout: Seconds that one attempt may take, or an `httpx.Timeout` for its steps; see
            `HTTPClient`. None: 30 seconds, or what ``http_client`` has.
        max_retries: The maximum number of retries of a failed request, from 0. None: 2, or what
            ``http_client`` has.
        max_body_bytes: The maximum size of a response, in bytes. None: 32 MiB, or what
            ``http_client`` has.
        allow_insecure_http: Whether ``base_url`` may be http:// on another host than this machine.
        http_client: A client with your own proxy or transport. Settings that you do not pass here
            are copied from it now, so set its hooks first. You must close it yourself.

    Raises:
        CredentialsError: A key is missing or malformed, or the keys come from different places,
            such as an argument and the environment. The message does not show them.
        SettingsError: A variable for proxies or certificates that this origin needs is invalid.
        ValueError: Another argument is out of its range.
        TypeError: ``http_client`` is of another class.
        ClientStateError: ``http_client`` is closed.

    Attributes:
        invoices: The account's invoices. ``list()`` returns all of them, ``page()`` one page, and
            ``with_raw_response.page()`` one page with the status, the headers and the JSON.
        client: The generated client, for the functions under `finerworks_client.api`.
    """

    client: "generated.Client"
    """The generated client, for the functions under `finerworks_client.api`. It is opened and
    closed with this object: use it without ``with``."""

    invoices: "listings.Invoices"
    """The account's invoices: ``list()`` returns all of them, ``page()`` one page."""

    def __init__(
        self,
        *,
        web_api_key: str | None = None,
        app_key: str | None = None,
        account_key: str | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        max_body_bytes: int | None = None,
        allow_insecure_http: bool | None = None,
        http_client: HTTPClient | None = None,
    ) -> None:
        # A traceback with local variables must not show the keys.
        web_api_key = hide(web_api_key)
        app_key = hide(app_key)
        # Imported late: asyncio and the generated models take time to import.
        from finerworks.invoices import INVOICES  # noqa: PLC0415
        from finerworks.resources import Resource  # noqa: PLC0415

        self._account_key = read_account_key(account_key)
        self._owns_http_client = http_client is None
        if http_client is None:
            http_client = HTTPClient(
                web_api_key=web_api_key,
                app_key=app_key,
                base_url=base_url,
                timeout=timeout,
                max_retries=max_retries,
                max_body_bytes=max_body_bytes,
                allow_insecure_http=allow_insecure_http,
            )
        else:
            _check_class(http_client, HTTPClient)
            http_client = http_client.with_options(
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
        http_client.config.credentials.require()
        self._http_client = http_client
        self.client = _generated_client(http_client)
        self.client.set_httpx_client(http_client)
        self.invoices = Resource(INVOICES, self.client, self._account_key)

    def with_options(
        self,
        *,
        web_api_key: str | None = None,
        app_key: str | None = None,
        account_key: str | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        max_body_bytes: int | None = None,
        allow_insecure_http: bool | None = None,
    ) -> Self:
        """Return a client with other settings that shares the connections of this one.

        An argument that is None keeps the setting unchanged. Closing the new client closes nothing.
        Closing this one ends both, unless you passed an ``http_client``.

        Args:
            web_api_key: As in `FinerWorks`. Pass both keys or neither.
            app_key: As in `FinerWorks`.
            account_key: As in `FinerWorks`.
            base_url: As in `FinerWorks`.
            timeout: As in `FinerWorks`.
            max_retries: As in `FinerWorks`.
            max_body_bytes: As in `FinerWorks`.
            allow_insecure_http: As in `FinerWorks`.

        Raises:
            ClientStateError: This client is closed.
            CredentialsError: A key is malformed, or only one was passed. The message does not show
                it.
            ValueError: Another argument is out of its range.
        """
        # A traceback with local variables must not show the keys.
        web_api_key = hide(web_api_key)
        app_key = hide(app_key)
        return type(self)(
            web_api_key=web_api_key,
            app_key=app_key,
            account_key=self._account_key if account_key is None else account_key,
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
            max_body_bytes=max_body_bytes,
            allow_insecure_http=allow_insecure_http,
            http_client=self._http_client,
        )

    def __repr__(self) -> str:
        try:
            return _describe(self, self._http_client, self._account_key)
        except AttributeError:
            return INCOMPLETE.format(name=type(self).__name__)

    def close(self) -> None:
        """Close the connections. Those of your own ``http_client`` stay open."""
        if self._owns_http_client:
            self._http_client.close()

    def __enter__(self) -> Self:
        check_open(self._http_client)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class AsyncFinerWorks:
    """FinerWorks' web API for asyncio, for one pair of keys.

    It has the same arguments as `FinerWorks`. Use it as an async context manager. It opens its own
    connections in each event loop.

    Attributes:
        invoices: The account's invoices. ``list()`` returns all of them, ``page()`` one page, and
            ``with_raw_response.page()`` one page with the status, the headers and the JSON.
        client: The generated client, for the functions under `finerworks_client.api`.
    """

    client: "generated.Client"
    """The generated client, for the functions under `finerworks_client.api`. It is opened and
    closed with this object: use it without ``with``."""

    invoices: "listings.AsyncInvoices"
    """The account's invoices: ``list()`` returns all of them, ``page()`` one page."""

    def __init__(
        self,
        *,
        web_api_key: str | None = None,
        app_key: str | None = None,
        account_key: str | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        max_body_bytes: int | None = None,
        allow_insecure_http: bool | None = None,
        http_client: AsyncHTTPClient | None = None,
    ) -> None:
        # A traceback with local variables must not show the keys.
        web_api_key = hide(web_api_key)
        app_key = hide(app_key)
        # Imported late: asyncio and the generated models take time to import.
        from finerworks.invoices import INVOICES  # noqa: PLC0415
        from finerworks.resources import AsyncResource  # noqa: PLC0415

        self._account_key = read_account_key(account_key)
        self._owns_http_client = http_client is None
        if http_client is None:
            http_client = AsyncHTTPClient(
                web_api_key=web_api_key,
                app_key=app_key,
                base_url=base_url,
                timeout=timeout,
                max_retries=max_retries,
                max_body_bytes=max_body_bytes,
                allow_insecure_http=allow_insecure_http,
            )
        else:
            _check_class(http_client, AsyncHTTPClient)
            http_client = http_client.with_options(
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
        http_client.config.credentials.require()
        self._http_client = http_client
        self.client = _generated_client(http_client)
        self.client.set_async_httpx_client(http_client)
        self.invoices = AsyncResource(INVOICES, self.client, self._account_key)

    def with_options(
        self,
        *,
        web_api_key: str | None = None,
        app_key: str | None = None,
        account_key: str | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        max_body_bytes: int | None = None,
        allow_insecure_http: bool | None = None,
    ) -> Self:
        """Return a client with other settings that shares the connections of this one.

        See `FinerWorks.with_options`.
        """
        # A traceback with local variables must not show the keys.
        web_api_key = hide(web_api_key)
        app_key = hide(app_key)
        return type(self)(
            web_api_key=web_api_key,
            app_key=app_key,
            account_key=self._account_key if account_key is None else account_key,
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
            max_body_bytes=max_body_bytes,
            allow_insecure_http=allow_insecure_http,
            http_client=self._http_client,
        )

    def __repr__(self) -> str:
        try:
            return _describe(self, self._http_client, self._account_key)
        except AttributeError:
            return INCOMPLETE.format(name=type(self).__name__)

    async def aclose(self) -> None:
        """Close the connections. Those of your own ``http_client`` stay open."""
        if self._owns_http_client:
            await self._http_client.aclose()

    async def __aenter__(self) -> Self:
        # Imported late: asyncio takes time to import.
        from finerworks.event_loop import running_loop  # noqa: PLC0415

        running_loop()
        check_open(self._http_client)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


def _generated_client(http_client: HTTPClient | AsyncHTTPClient) -> "generated.Client":
    """Return a generated client that cannot open connections by itself.

    It would open them without keys and limits, for functions of the other kind (sync or async) and
    for methods such as `with_timeout()`.
    """
    from finerworks_client import Client  # noqa: PLC0415 - brings attrs

    base_url = str(http_client.base_url)
    transport = httpx.MockTransport(_refuse)
    return Client(base_url, httpx_args={"transport": transport})


def _describe(
    client: object, http_client: HTTPClient | AsyncHTTPClient, account_key: Secret
) -> str:
    """Return a client on one line: its host, but no key."""
    parts = [type(client).__name__, format_origin(http_client.base_url)]
    if account_key:
        parts.append("account_key=[key]")
    if http_client.is_closed:
        parts.append("closed")
    return f"<{' '.join(parts)}>"


def _refuse(_: httpx.Request) -> Never:
    raise RuntimeError(
        "this client sends no keys: use FinerWorks for sync and AsyncFinerWorks for async "
        "functions, and with_options() for other settings"
    )


def _check_class(http_client: object, expected: type[httpx.Client | httpx.AsyncClient]) -> None:
    """Check the class of a caller's client, for callers without a type checker."""
    if isinstance(http_client, expected):
        return
    given = type(http_client).__name__
    raise TypeError(f"http_client= must be a finerworks.{expected.__name__}, not {given}")
