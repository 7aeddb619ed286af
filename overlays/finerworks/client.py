"""`FinerWorks` and `AsyncFinerWorks`: keys, an HTTP client and resources in one object."""

import copy
from typing import Generic, Never, Self, TypeVar

import httpx

from finerworks.attempts import Settings, Timeout
from finerworks.auth import read_account_key
from finerworks.http import AsyncHTTPClient, HTTPClient
from finerworks.invoices import READS, AsyncInvoices, Invoices
from finerworks_client import Client

Door = TypeVar("Door", HTTPClient, AsyncHTTPClient)


def _refuse(_: httpx.Request) -> Never:
    raise RuntimeError(
        "no keys here: use FinerWorks for sync, AsyncFinerWorks for async, their with_options() for both"
    )


_DEAD_END = httpx.MockTransport(_refuse)
"""Stands where the generated client would open a door of its own, without keys or bounds."""


class _FinerWorks(Generic[Door]):
    """What the sync and the async client share."""

    _kind: type[Door]
    _door: Door

    client: Client
    """The generated client, ready for the functions under `finerworks_client.api`."""

    def __init__(
        self,
        *,
        web_api_key: str | None = None,
        app_key: str | None = None,
        account_key: str | None = None,
        base_url: str | None = None,
        timeout: Timeout | None = None,
        max_retries: int | None = None,
        http_client: Door | None = None,
    ) -> None:
        # For callers without a type checker.
        if not isinstance(http_client, self._kind | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"http_client= is a finerworks.{self._kind.__name__}, not {type(http_client).__name__}")
        settings = Settings(web_api_key=web_api_key, app_key=app_key, base_url=base_url, timeout=timeout, reads=READS)
        settings["max_retries"] = max_retries
        door = self._kind(**settings) if http_client is None else http_client.with_options(**settings)
        door.require_keys()
        self._bind(door, read_account_key(account_key))

    def _bind(self, door: Door, account_key: str | None) -> None:
        self._door, self._account_key = door, account_key
        self.client = Client(str(door.base_url), httpx_args={"transport": _DEAD_END})

    def with_options(
        self, *, timeout: Timeout | None = None, max_retries: int | None = None, account_key: str | None = None
    ) -> Self:
        """Give a view with other settings that shares the connections; None leaves a setting.

        Closing a view closes nothing; closing this client ends its views too.
        """
        view = copy.copy(self)
        account = self._account_key if account_key is None else read_account_key(account_key)
        view._bind(self._door.with_options(timeout=timeout, max_retries=max_retries), account)
        return view


class FinerWorks(_FinerWorks[HTTPClient]):
    """FinerWorks' web API, for one pair of keys.

    A context manager: leaving it closes its connections. Many threads may use one at once.

    Args:
        web_api_key, app_key: The two keys; both are needed. None: from `FINERWORKS_WEB_API_KEY` and
            `FINERWORKS_APP_KEY`.
        account_key: Whose data to read, for accounts that may read for others. None: from
            `FINERWORKS_ACCOUNT_KEY`, else the account that the keys belong to.
        base_url: The origin to speak to. None: from `FINERWORKS_BASE_URL`, else `PRODUCTION`.
        timeout: Seconds that one attempt may take as a whole, or an `httpx.Timeout` for its parts;
            see `HTTPClient`. None: 30 seconds, or what ``http_client`` has.
        max_retries: How often a failed request is sent again. None: 2, or what ``http_client`` has.
        http_client: A client with a proxy or a transport of your own. What is None above is taken
            from it. It stays yours to close.

    Raises:
        CredentialsError: A key is missing or malformed. The message does not show it.
        ValueError: Another argument is out of its range.
    """

    _kind = HTTPClient

    def _bind(self, door: HTTPClient, account_key: str | None) -> None:
        super()._bind(door, account_key)
        self.client.set_httpx_client(door)
        self.invoices = Invoices(self.client, account_key)
        """The account's invoices."""

    def close(self) -> None:
        """Close the connections; those of an ``http_client`` of yours stay open."""
        self._door.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class AsyncFinerWorks(_FinerWorks[AsyncHTTPClient]):
    """FinerWorks' web API for asyncio, for one pair of keys; its arguments are `FinerWorks`'.

    An async context manager, for the one event loop that it is used in.
    """

    _kind = AsyncHTTPClient

    def _bind(self, door: AsyncHTTPClient, account_key: str | None) -> None:
        super()._bind(door, account_key)
        self.client.set_async_httpx_client(door)
        self.invoices = AsyncInvoices(self.client, account_key)
        """The account's invoices."""

    async def aclose(self) -> None:
        """Close the connections; those of an ``http_client`` of yours stay open."""
        await self._door.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()
