"""The common part of all listings of the API, such as ``fw.invoices``.

An `Endpoint` describes a listing. `finerworks.invoices` has one.
"""

import datetime as dt
from collections.abc import Callable, Hashable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, Protocol, TypeVar, runtime_checkable

import httpx

from finerworks.config import check_boolean, check_integer
from finerworks.credentials import Secret, read_account_key
from finerworks.errors import CLIENT_CLOSED, ResponseValidationError
from finerworks.headers import public_headers
from finerworks.http import AsyncHTTPClient, HTTPClient, check_open
from finerworks.listing import Page, PageRequest
from finerworks.pagination import AsyncPager, Pager
from finerworks.raw import RawResponse
from finerworks.selection import Selection, create_selection
from finerworks_client import Client
from finerworks_client.types import UNSET, Unset

MAX_PER_PAGE = 25
"""The maximum number of items on a page (according to FinerWorks' help page)."""

MAX_CONCURRENCY = 100
"""The maximum number of pages in flight: a client has that many connections."""

CLOSED_BEFORE_READ = (
    f"{CLIENT_CLOSED}, or read the listing inside the with block, "
    "as a listing sends nothing before it is iterated"
)
"""The message about a listing that outlived its client."""

Body = TypeVar("Body")
Body_contra = TypeVar("Body_contra", contravariant=True)
Body_co = TypeVar("Body_co", covariant=True)
Response = TypeVar("Response")
Item = TypeVar("Item")


@runtime_checkable
class DetailedResponse(Protocol):
    """The return type of a generated module's detailed functions, such as `types.Response`."""

    @property
    def status_code(self) -> HTTPStatus:
        """The HTTP status."""
        ...

    @property
    def content(self) -> bytes:
        """The body."""
        ...

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The headers."""
        ...

    @property
    def parsed(self) -> object:
        """The model of the response."""
        ...


@runtime_checkable
class OperationModule(Protocol[Body_contra]):
    """A module under `finerworks_client.api`, which sends the request of one operation."""

    def sync(self, *, client: Client, body: Body_contra) -> object:
        """Send the request and return the response."""
        ...

    async def asyncio(self, *, client: Client, body: Body_contra) -> object:
        """Send the request and return the response, with asyncio."""
        ...

    def sync_detailed(self, *, client: Client, body: Body_contra) -> DetailedResponse:
        """Send the request and return the response with its status, headers and body."""
        ...

    async def asyncio_detailed(self, *, client: Client, body: Body_contra) -> DetailedResponse:
        """Send the request and return the response with its status, headers and body."""
        ...


@runtime_checkable
class BodyModel(Protocol[Body_co]):
    """The generated model of a request body for a page of a listing."""

    def __call__(self, *, per_page: int, page_number: int, account_key: str | Unset) -> Body_co:
        """Return a body."""
        ...


@dataclass(frozen=True, kw_only=True)
class Endpoint(Generic[Body, Response, Item]):
    """A listing of the API.

    Attributes:
        operation: The generated module of its operation.
        body: The generated model of its request.
        response: The generated model of its response.
        items: Returns the items of a response.
        key: Returns the unique key of an item.
        month: Returns the first day of an item's month, or None if it has none. None: items have no
            months.
    """

    operation: OperationModule[Body]
    body: BodyModel[Body]
    response: type[Response]
    items: Callable[[Response], list[Item] | None]
    key: Callable[[Item], Hashable]
    month: Callable[[Item], dt.date | None] | None = None

    def request_body(self, account_key: Secret, page_number: int, per_page: int) -> Body:
        """Return the request body for a page.

        Raises:
            ValueError: A number is out of its range.
        """
        return self.body(
            per_page=check_integer("per_page", per_page, minimum=1, maximum=MAX_PER_PAGE),
            page_number=check_integer("page_number", page_number, minimum=1),
            account_key=account_key or UNSET,
        )

    def describe(self, resource: object, methods: str) -> str:
        """Return a resource of this listing on one line, with its methods."""
        return f"<{type(resource).__name__} {self.response.__name__}: {methods}>"

    def check_response(self, response: object) -> Response:
        """Return a response of the expected model.

        Raises:
            ResponseValidationError: It is of another model.
        """
        if not isinstance(response, self.response):
            name = type(response).__name__
            raise ResponseValidationError(f"the response is a {name}, not a listing")
        return response

    def selection(
        self, *, limit: int | None, since: str | dt.date | None, until: str | dt.date | None
    ) -> Selection[Item]:
        """Return the selection that the arguments of ``list()`` describe.

        Raises:
            ValueError: An argument is invalid, or ``since`` is after ``until``.
        """
        return create_selection(
            key=self.key, month=self.month, since=since, until=until, limit=limit
        )

    def to_raw(
        self, detailed: DetailedResponse, http_client: httpx.Client | httpx.AsyncClient
    ) -> RawResponse[Response]:
        """Return a response of a detailed function, without headers that may hold a secret.

        Raises:
            ResponseValidationError: It is of another model.
        """
        redact: Callable[[str], str] = str
        if isinstance(http_client, (HTTPClient, AsyncHTTPClient)):
            redact = http_client.config.credentials.redact
        return RawResponse(
            status_code=int(detailed.status_code),
            headers=public_headers(httpx.Headers(detailed.headers), redact),
            content=detailed.content,
            parsed=self.check_response(detailed.parsed),
        )

    def to_page(self, request: PageRequest, response: Response) -> Page[Item]:
        """Return a response as a page of a listing."""
        total_count = getattr(response, "total_count", None)
        if not isinstance(total_count, int):
            total_count = None
        return Page(request.number, self.items(response) or [], total_count)


def choose_account(account_key: str | None, default: Secret) -> Secret:
    """Return the account to read: the argument, else the client's. Empty: your own."""
    if account_key is None:
        return default
    return read_account_key(account_key)


class Resource(Generic[Body, Response, Item]):
    """A listing of an account, such as ``fw.invoices``.

    Args:
        endpoint: The listing.
        client: The generated client to send with.
        account_key: The default account to read. Empty: your own.
    """

    def __init__(
        self, endpoint: Endpoint[Body, Response, Item], client: Client, account_key: Secret
    ) -> None:
        self._endpoint = endpoint
        self._client = client
        self._account_key = account_key

    def list(
        self,
        *,
        limit: int | None = None,
        since: str | dt.date | None = None,
        until: str | dt.date | None = None,
        account_key: str | None = None,
        per_page: int = 25,
        concurrency: int = 6,
        consistent: bool = False,
    ) -> Pager[Item]:
        """List everything, page by page. Nothing is sent before you iterate over the pager.

        Items are in the server's order, which is not documented. The API cannot filter: ``since``
        and ``until`` are applied after reading, so all pages are read whatever they select. Only
        ``limit`` ends a listing early.

        Args:
            limit: The maximum number of items to return, at least 1. None: all of them. Pages after
                the last item are not requested.
            since: The first month to return: ``"2026-01"``, or any date in it. None: from the first
                month on. `finerworks.dates.month` defines the month of an invoice.
            until: The last month to return, in the same form. None: up to the last month.
            account_key: The account to read (platform accounts only). None: the client's.
            per_page: Items per request, from 1 to 25.
            concurrency: The maximum number of pages in flight and in memory at a time, from 1 to
                100. The first page is requested alone. Further pages are fetched ahead, in threads.
                With 1, each page is requested when it is needed.
            consistent: Whether to read the listing until two consecutive passes agree on every item
                and on the order, with at most four passes. Items are then returned from memory. Use
                it if invoices may disappear while you read: if one disappears and another appears
                between the same two requests, a single pass can miss a third one. All pages are
                read, whatever the ``limit``.

        Raises:
            ValueError: An argument is out of its range, or ``since`` is after ``until``.
            ClientStateError: The client is closed.
        """
        account = choose_account(account_key, self._account_key)
        self._endpoint.request_body(account, 1, per_page)  # checks the arguments
        check_integer("concurrency", concurrency, minimum=1, maximum=MAX_CONCURRENCY)
        check_boolean("consistent", consistent)
        selection = self._endpoint.selection(limit=limit, since=since, until=until)
        check_open(self._client.get_httpx_client())

        def fetch(request: PageRequest) -> Page[Item]:
            check_open(self._client.get_httpx_client(), CLOSED_BEFORE_READ)
            response = self._send(account, request.number, request.per_page)
            return self._endpoint.to_page(request, response)

        return Pager(
            fetch,
            per_page=per_page,
            key=self._endpoint.key,
            concurrency=concurrency,
            consistent=consistent,
            response_model=self._endpoint.response.__name__,
            selection=selection,
        )

    def __repr__(self) -> str:
        return self._endpoint.describe(self, "list(), page()")

    def page(
        self, page_number: int = 1, *, per_page: int = 10, account_key: str | None = None
    ) -> Response:
        """Return one page as the server sent it, including its envelope.

        Args:
            page_number: The number of the page, from 1.
            per_page: Items per page, from 1 to 25.
            account_key: The account to read (platform accounts only). None: the client's.

        Raises:
            ValueError: An argument is out of its range.
            FinerWorksError: The request failed; `finerworks.errors` lists the kinds.
        """
        return self._send(choose_account(account_key, self._account_key), page_number, per_page)

    @property
    def with_raw_response(self) -> "RawResource[Body, Response, Item]":
        """The same methods, which return the response with its status, headers and JSON."""
        return RawResource(self._endpoint, self._client, self._account_key)

    def _send(self, account_key: Secret, page_number: int, per_page: int) -> Response:
        body = self._endpoint.request_body(account_key, page_number, per_page)
        operation = self._endpoint.operation
        response = operation.sync(client=self._client, body=body)
        return self._endpoint.check_response(response)


class AsyncResource(Generic[Body, Response, Item]):
    """A listing of an account, such as ``fw.invoices`` of an `AsyncFinerWorks`; see `Resource`."""

    def __init__(
        self, endpoint: Endpoint[Body, Response, Item], client: Client, account_key: Secret
    ) -> None:
        self._endpoint = endpoint
        self._client = client
        self._account_key = account_key

    def list(
        self,
        *,
        limit: int | None = None,
        since: str | dt.date | None = None,
        until: str | dt.date | None = None,
        account_key: str | None = None,
        per_page: int = 25,
        concurrency: int = 6,
        consistent: bool = False,
    ) -> AsyncPager[Item]:
        """List everything, for ``async for``; see `Resource.list`."""
        account = choose_account(account_key, self._account_key)
        self._endpoint.request_body(account, 1, per_page)  # checks the arguments
        check_integer("concurrency", concurrency, minimum=1, maximum=MAX_CONCURRENCY)
        check_boolean("consistent", consistent)
        selection = self._endpoint.selection(limit=limit, since=since, until=until)
        check_open(self._client.get_async_httpx_client())

        async def fetch(request: PageRequest) -> Page[Item]:
            check_open(self._client.get_async_httpx_client(), CLOSED_BEFORE_READ)
            response = await self._send(account, request.number, request.per_page)
            return self._endpoint.to_page(request, response)

        return AsyncPager(
            fetch,
            per_page=per_page,
            key=self._endpoint.key,
            concurrency=concurrency,
            consistent=consistent,
            response_model=self._endpoint.response.__name__,
            selection=selection,
        )

    def __repr__(self) -> str:
        return self._endpoint.describe(self, "list(), page()")

    async def page(
        self, page_number: int = 1, *, per_page: int = 10, account_key: str | None = None
    ) -> Response:
        """Return one page as the server sent it; see `Resource.page`."""
        return await self._send(
            choose_account(account_key, self._account_key), page_number, per_page
        )

    @property
    def with_raw_response(self) -> "AsyncRawResource[Body, Response, Item]":
        """The same methods, which return the response with its status, headers and JSON."""
        return AsyncRawResource(self._endpoint, self._client, self._account_key)

    async def _send(self, account_key: Secret, page_number: int, per_page: int) -> Response:
        body = self._endpoint.request_body(account_key, page_number, per_page)
        operation = self._endpoint.operation
        response = await operation.asyncio(client=self._client, body=body)
        return self._endpoint.check_response(response)


class RawResource(Generic[Body, Response, Item]):
    """A listing whose methods return raw responses, such as ``fw.invoices.with_raw_response``.

    Args:
        endpoint: The listing.
        client: The generated client to send with.
        account_key: The default account to read. Empty: your own.
    """

    def __init__(
        self, endpoint: Endpoint[Body, Response, Item], client: Client, account_key: Secret
    ) -> None:
        self._endpoint = endpoint
        self._client = client
        self._account_key = account_key

    def __repr__(self) -> str:
        return self._endpoint.describe(self, "page()")

    def page(
        self, page_number: int = 1, *, per_page: int = 10, account_key: str | None = None
    ) -> RawResponse[Response]:
        """Return one page with the status, headers and JSON of its response.

        It is requested, retried and checked as in `Resource.page`, and raises the same errors.

        Args:
            page_number: The number of the page, from 1.
            per_page: Items per page, from 1 to 25.
            account_key: The account to read (platform accounts only). None: the client's.
        """
        account = choose_account(account_key, self._account_key)
        body = self._endpoint.request_body(account, page_number, per_page)
        detailed = self._endpoint.operation.sync_detailed(client=self._client, body=body)
        return self._endpoint.to_raw(detailed, self._client.get_httpx_client())


class AsyncRawResource(Generic[Body, Response, Item]):
    """A listing whose methods return raw responses, for asyncio; see `RawResource`."""

    def __init__(
        self, endpoint: Endpoint[Body, Response, Item], client: Client, account_key: Secret
    ) -> None:
        self._endpoint = endpoint
        self._client = client
        self._account_key = account_key

    def __repr__(self) -> str:
        return self._endpoint.describe(self, "page()")

    async def page(
        self, page_number: int = 1, *, per_page: int = 10, account_key: str | None = None
    ) -> RawResponse[Response]:
        """Return one page with the status, headers and JSON of its response."""
        account = choose_account(account_key, self._account_key)
        body = self._endpoint.request_body(account, page_number, per_page)
        operation = self._endpoint.operation
        detailed = await operation.asyncio_detailed(client=self._client, body=body)
        return self._endpoint.to_raw(detailed, self._client.get_async_httpx_client())
