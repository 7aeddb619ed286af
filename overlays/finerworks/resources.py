"""Listings as resources, such as ``fw.invoices``: what all of the API's listings have in common. Knows none of them."""

import dataclasses
import functools
import importlib
from collections.abc import Callable, Hashable
from types import ModuleType
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar, cast

from finerworks.attempts import whole_number
from finerworks.auth import Secret, read_account_key
from finerworks.pagination import Ask, AsyncPager, Page, Pager, T
from finerworks.retries import READS

if TYPE_CHECKING:
    from finerworks_client import Client

Answer = TypeVar("Answer")

MAX_PER_PAGE = 25
"""The most items that FinerWorks puts on one page (the help page)."""

CONCURRENCY = 6
"""How many pages are in flight unless the caller says otherwise: as many as a browser opens to one host."""

MAX_CONCURRENCY = 100
"""The most pages in flight: a client has so many connections."""


@dataclasses.dataclass(frozen=True)
class Endpoint(Generic[Answer, T]):
    """A listing of the API. Generated code is named here, and imported when it is used.

    Attributes:
        path: Where it is. That it only reads is said by this.
        operation: The generated module that calls it, under `finerworks_client.api`.
        answer: The model of its answer, in `finerworks_client.models`.
        items: What gives the items of an answer.
        key: What tells one item from another.
    """

    path: str
    operation: str
    answer: str
    items: Callable[[Answer], list[T] | None]
    key: Callable[[T], Hashable]

    def __post_init__(self) -> None:
        READS[self.path] = self.answer

    @functools.cached_property
    def module(self) -> ModuleType:
        """The generated module that calls it."""
        return importlib.import_module(f"finerworks_client.api.{self.operation}")


class Owner(Protocol):
    """A client, as far as its resources are concerned."""

    client: "Client"
    account_key: Secret


class _Resource(Generic[Answer, T]):
    def __init__(self, endpoint: Endpoint[Answer, T], owner: Owner | None = None) -> None:
        self._endpoint, self._owner = endpoint, cast(Owner, owner)

    def __get__(self, owner: Owner, _: type) -> Self:
        return type(self)(self._endpoint, owner)

    def _asked(self, page_number: int, per_page: int, account_key: str | None) -> dict[str, object]:
        account = self._owner.account_key if account_key is None else read_account_key(account_key)
        size, number = (
            whole_number("per_page", per_page, 1, MAX_PER_PAGE),
            whole_number("page_number", page_number, 1),
        )
        body = self._endpoint.module.sync.__annotations__["body"](
            per_page=size, page_number=number, **({"account_key": account} if account else {})
        )
        return {"client": self._owner.client, "body": body}

    def _page(self, ask: Ask, answer: Answer) -> Page[T]:
        total = getattr(answer, "total_count", None)
        return Page(
            ask.number,
            self._endpoint.items(answer) or [],
            total if isinstance(total, int) else None,
        )


class Resource(_Resource[Answer, T]):
    """A listing of an account: ``fw.invoices`` is one."""

    def list(
        self,
        *,
        account_key: str | None = None,
        per_page: int = MAX_PER_PAGE,
        concurrency: int = CONCURRENCY,
    ) -> Pager[T]:
        """List everything, page after page. Nothing is sent until the pager is iterated.

        The order is the server's; none is documented.

        Args:
            account_key: Whose, for accounts that may read for others. None: the client's.
            per_page: How many to ask for in one request, from 1 to 25.
            concurrency: How many pages may be in flight, and in memory, at a time, from 1 to 100. The first page
                is read alone; then pages are read ahead, in threads. 1: one after the other, when asked for.

        Raises:
            ValueError: An argument is out of its range.
        """
        self._asked(1, per_page, account_key)
        most = whole_number("concurrency", concurrency, 1, MAX_CONCURRENCY)

        def fetch(ask: Ask) -> Page[T]:
            return self._page(
                ask, self.page(ask.number, per_page=ask.per_page, account_key=account_key)
            )

        return Pager(
            fetch,
            per_page=per_page,
            key=self._endpoint.key,
            concurrency=most,
            answer=self._endpoint.answer,
        )

    def page(
        self, page_number: int = 1, *, per_page: int = 10, account_key: str | None = None
    ) -> Answer:
        """Give one page as the server sent it, with its envelope.

        Args:
            page_number: Which page, from 1.
            per_page: How many to a page, from 1 to 25.
            account_key: Whose, for accounts that may read for others. None: the client's.

        Raises:
            ValueError: An argument is out of its range.
            FinerWorksError: The request failed; `finerworks.errors` has the kinds.
        """
        return cast(
            Answer, self._endpoint.module.sync(**self._asked(page_number, per_page, account_key))
        )


class AsyncResource(_Resource[Answer, T]):
    """A listing of an account: ``fw.invoices`` of an `AsyncFinerWorks` is one."""

    def list(
        self,
        *,
        account_key: str | None = None,
        per_page: int = MAX_PER_PAGE,
        concurrency: int = CONCURRENCY,
    ) -> AsyncPager[T]:
        """List everything with ``async for``; see `Resource.list`."""
        self._asked(1, per_page, account_key)
        most = whole_number("concurrency", concurrency, 1, MAX_CONCURRENCY)

        async def fetch(ask: Ask) -> Page[T]:
            return self._page(
                ask, await self.page(ask.number, per_page=ask.per_page, account_key=account_key)
            )

        given = self._endpoint
        return AsyncPager(
            fetch, per_page=per_page, key=given.key, concurrency=most, answer=given.answer
        )

    async def page(
        self, page_number: int = 1, *, per_page: int = 10, account_key: str | None = None
    ) -> Answer:
        """Give one page as the server sent it; see `Resource.page`."""
        return cast(
            Answer,
            await self._endpoint.module.asyncio(**self._asked(page_number, per_page, account_key)),
        )
