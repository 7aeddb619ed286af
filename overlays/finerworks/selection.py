"""Which items of a listing are returned, and the readers that leave out the others.

The API has no filter. A selection is applied to the pages after `Listing` has seen them as the
server sent them, because whether a listing is complete depends on all of its items.
"""

import datetime as dt
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from finerworks.config import check_integer
from finerworks.dates import no_month, to_month
from finerworks.errors import MissingMonthError, shorten
from finerworks.listing import ItemKey, Page
from finerworks.readers import AsyncReader, Reader

T = TypeVar("T")

ItemMonth = Callable[[T], dt.date | None]
"""Returns the first day of an item's month. None: the item has no month."""


@dataclass(frozen=True, kw_only=True)
class Selection(Generic[T]):
    """A selection of the items of a listing.

    Attributes:
        key: Returns the unique key of an item.
        month: Returns the month of an item. None: items have none.
        since: The first day of the first month to return. None is no limit.
        until: The first day of the last month to return. None is no limit.
        limit: The maximum number of items to return. None is no limit.
    """

    key: ItemKey[T]
    month: ItemMonth[T] | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    limit: int | None = None

    @property
    def by_month(self) -> bool:
        """Whether items are left out because of their month."""
        return self.since is not None or self.until is not None

    @property
    def everything(self) -> bool:
        """Whether all items are returned."""
        return self.limit is None and not self.by_month

    @property
    def items_needed(self) -> int | None:
        """The number of items that must be read. None: it depends on the items."""
        return None if self.by_month else self.limit

    @property
    def arguments(self) -> dict[str, object]:
        """The corresponding arguments of ``list()``, as text for people."""
        values: dict[str, object] = {
            "since": self.since and self.since.isoformat()[: len("2026-01")],
            "until": self.until and self.until.isoformat()[: len("2026-01")],
            "limit": self.limit,
        }
        return {name: value for name, value in values.items() if value is not None}

    def limited(self, count: int) -> int:
        """Return how many of a number of items are returned, considering only the limit."""
        return count if self.limit is None else min(count, self.limit)

    def choose(self, items: Iterable[T], *, chosen_before: int) -> list[T]:
        """Return the items that are selected, in their order.

        Args:
            items: The items of a page.
            chosen_before: The number of items that were selected on earlier pages.

        Raises:
            MissingMonthError: An item has no month, so it might belong to the selection.
        """
        chosen: list[T] = []
        for item in items:
            # The remaining items are not needed, even if they have no month.
            if self.limit is not None and chosen_before + len(chosen) >= self.limit:
                break
            if self._includes_month_of(item):
                chosen.append(item)
        return chosen

    def _includes_month_of(self, item: T) -> bool:
        if not self.by_month:
            return True
        month = None if self.month is None else self.month(item)
        if month is None:
            name = shorten(f"{type(item).__name__} {self.key(item)}")
            raise MissingMonthError(f"{name} has no month")
        if self.since is not None and month < self.since:
            return False
        return self.until is None or month <= self.until


def create_selection(
    *,
    key: ItemKey[T],
    month: ItemMonth[T] | None,
    since: str | dt.date | None,
    until: str | dt.date | None,
    limit: int | None,
) -> Selection[T]:
    """Return the selection that the arguments of ``list()`` describe.

    Raises:
        ValueError: An argument is invalid, or ``since`` is after ``until``.
    """
    first_month = _read_month("since", since)
    last_month = _read_month("until", until)
    if first_month and last_month and first_month > last_month:
        raise ValueError(f"since={since!s} is after until={until!s}")
    if limit is not None:
        check_integer("limit", limit, minimum=1)
    selection = Selection(key=key, month=month, since=first_month, until=last_month, limit=limit)
    if selection.by_month and month is None:
        raise ValueError("since= and until= select by month, and these items have none")
    return selection


def _read_month(name: str, value: str | dt.date | None) -> dt.date | None:
    """Return the first day of the month in an argument."""
    if value is None:
        return None
    try:
        return to_month(value)
    except ValueError:
        raise ValueError(no_month(f"{name}=", value)) from None


@dataclass(frozen=True)
class _Place(Generic[T]):
    """How much of a selection was returned. It is always replaced, so it is never half updated.

    Attributes:
        chosen: The number of items that were selected on the pages before the current one.
        page: The current page, with the selected items. None before the first one.
    """

    chosen: int = 0
    page: Page[T] | None = None

    def after_page(self) -> "_Place[T]":
        """Return the position after the current page was returned."""
        if self.page is None:
            return self
        return _Place(self.chosen + len(self.page.items))


class SelectingReader(Generic[T]):
    """Reads the selected items of a listing; see `finerworks.readers.Reader`.

    A page without selected items is returned empty.

    Args:
        reader: Reads the listing.
        selection: The items to return.
    """

    def __init__(self, reader: Reader[T], selection: Selection[T]) -> None:
        self.lock: threading.Lock = reader.lock
        self.process: int = reader.process
        self.returned = False
        self._reader = reader
        self._selection = selection
        self._place = _Place[T]()

    def current_page(self) -> Page[T]:
        """Return the current page or, if it was already returned, read the next one.

        Raises:
            MissingMonthError: An item on it has no month. The next call raises it again.
            StopIteration: There are no more pages, or the limit is reached.
        """
        # These statements can be repeated after any interruption.
        if self.returned:
            self._reader.returned = True
            self._place = self._place.after_page()
            self.returned = False
        chosen = self._place.chosen
        if chosen == self._selection.limit:
            self.close()
            raise StopIteration
        page = self._reader.current_page()
        items = self._selection.choose(page.items, chosen_before=chosen)
        selected = replace(page, items=items)
        self._place = _Place(chosen, selected)
        return selected

    def close(self) -> None:
        """Cancel the requests in flight. There are no further pages."""
        self._reader.close()


class AsyncSelectingReader(Generic[T]):
    """Reads the selected items of a listing, with asyncio; see `SelectingReader`."""

    def __init__(self, reader: AsyncReader[T], selection: Selection[T]) -> None:
        self.returned = False
        self._reader = reader
        self._selection = selection
        self._place = _Place[T]()

    async def current_page(self) -> Page[T]:
        """Return the current page or, if it was already returned, read the next one.

        Raises:
            MissingMonthError: An item on it has no month. The next call raises it again.
            StopAsyncIteration: There are no more pages, or the limit is reached.
        """
        # These statements can be repeated after any interruption.
        if self.returned:
            self._reader.returned = True
            self._place = self._place.after_page()
            self.returned = False
        chosen = self._place.chosen
        if chosen == self._selection.limit:
            await self.aclose()
            raise StopAsyncIteration
        page = await self._reader.current_page()
        items = self._selection.choose(page.items, chosen_before=chosen)
        selected = replace(page, items=items)
        self._place = _Place(chosen, selected)
        return selected

    async def aclose(self) -> None:
        """Cancel the requests in flight. There are no further pages."""
        await self._reader.aclose()
