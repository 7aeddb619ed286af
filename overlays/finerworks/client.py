"""`FinerWorks` and `AsyncFinerWorks`: keys, an HTTP client and resources in one object."""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Generic, Never, Self, TypeVar, Unpack, cast

import httpx

from finerworks.attempts import Settings, settled
from finerworks.auth import KeyAuth, read_account_key
from finerworks.http import AsyncHTTPClient, HTTPClient
from finerworks.invoices import INVOICES
from finerworks.resources import AsyncResource, Resource

if TYPE_CHECKING:
    from finerworks_client import Client

Door = TypeVar("Door", HTTPClient, AsyncHTTPClient)


def _refuse(_: httpx.Request) -> Never:
    raise RuntimeError(
        "no keys here: FinerWorks is for sync, AsyncFinerWorks for async, with_options() for settings"
    )


class _FinerWorks(Generic[Door]):
    """What the sync and the async client share."""

    _kind: type[Door]
    _put: str

    client: "Client"
    """The generated client, ready for the functions under `finerworks_client.api`. It is opened and
    closed with this one: use it without ``with``."""

    def __init__(
        self,
        *,
        account_key: str | None = None,
        http_client: Door | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        settings, self.account_key = settled(settings), read_account_key(account_key)
        # For callers without a type checker.
        if not isinstance(http_client, self._kind | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(
                f"http_client= is a finerworks.{self._kind.__name__}, not {type(http_client).__name__}"
            )
        self._door: Door = (
            self._kind(**settings) if http_client is None else http_client.view(settings)
        )
        cast(KeyAuth, self._door.auth).require()
        from finerworks_client import Client  # noqa: PLC0415 - brings attrs, which takes time to import

        # The transport stands where the generated client would open a door of its own, without keys or bounds.
        self.client = Client(
            str(self._door.base_url), httpx_args={"transport": httpx.MockTransport(_refuse)}
        )
        getattr(self.client, self._put)(self._door)

    def with_options(self, *, account_key: str | None = None, **settings: Unpack[Settings]) -> Self:
        """Give a view with other settings that shares the connections; None leaves a setting.

        Closing a view closes nothing; closing this client ends its views too.
        """
        settings, account = (
            settled(settings),
            self.account_key if account_key is None else account_key,
        )
        return type(self)(account_key=account, http_client=self._door, **settings)


class FinerWorks(_FinerWorks[HTTPClient], AbstractContextManager["FinerWorks"]):
    """FinerWorks' web API, for one pair of keys.

    A context manager: leaving it closes its connections. Many threads may use one at once.

    Attributes:
        invoices: The account's invoices: ``invoices.list()`` gives all of them, ``invoices.page()`` one page.
        client: The generated client, ready for the functions under `finerworks_client.api`.

    Args:
        web_api_key, app_key: The two keys; both are needed. None: from `FINERWORKS_WEB_API_KEY` and
            `FINERWORKS_APP_KEY`.
        account_key: Whose data to read, for accounts that may read for others. None: from
            `FINERWORKS_ACCOUNT_KEY`, else the account that the keys belong to.
        base_url: The origin to speak to. None: from `FINERWORKS_BASE_URL`, else `PRODUCTION`.
        timeout: Seconds that one attempt may take as a whole, or an `httpx.Timeout` for its parts;
            see `HTTPClient`. None: 30 seconds, or what ``http_client`` has.
        max_retries: How often a failed request is sent again. None: 2, or what ``http_client`` has.
        max_body_bytes, allow_insecure_http: As `HTTPClient` has them.
        http_client (HTTPClient | None): A client with a proxy or a transport of your own. What is not given here is
            taken from it, as it is now: set its hooks before. It stays yours to close.

    Raises:
        CredentialsError: A key is missing or malformed. The message does not show it.
        ValueError: Another argument is out of its range.
        TypeError: There is no such argument, or ``http_client`` is of another kind.
    """

    _kind, _put = HTTPClient, "set_httpx_client"

    invoices = Resource(INVOICES)
    """The account's invoices."""

    def close(self) -> None:
        """Close the connections; those of an ``http_client`` of yours stay open."""
        if self._door.owner is None:
            self._door.close()

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class AsyncFinerWorks(_FinerWorks[AsyncHTTPClient], AbstractAsyncContextManager["AsyncFinerWorks"]):
    """FinerWorks' web API for asyncio, for one pair of keys; its arguments are `FinerWorks`'.

    An async context manager, for the one event loop that it is used in.
    """

    _kind, _put = AsyncHTTPClient, "set_async_httpx_client"

    invoices = AsyncResource(INVOICES)
    """The account's invoices."""

    async def aclose(self) -> None:
        """Close the connections; those of an ``http_client`` of yours stay open."""
        if self._door.owner is None:
            await self._door.aclose()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()
