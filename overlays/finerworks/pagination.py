"""Pages into items: every item once, in the server's order, or an error. Knows nothing of invoices.

`Listing` decides which page to ask for and when a listing is whole; it neither sends nor waits.
`Pager` and `AsyncPager` do, in a few lines each, and ask it what is next.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator
from typing import Generic, NamedTuple, TypeVar, cast

import attrs

from finerworks.errors import ListingChangedError, ResponseValidationError

T = TypeVar("T")
Fetched = TypeVar("Fetched")

MAX_PASSES = 3
"""How often a listing is read from its first page before it is given up as moving."""


@attrs.frozen
class Page(Generic[T]):
    """One page of a listing.

    Attributes:
        number: Which page, from 1.
        items: What is on it, in the server's order.
        total_count: How many items the server says there are on all pages, if it does.
    """

    number: int
    items: list[T]
    total_count: int | None

    def __attrs_post_init__(self) -> None:
        if self.total_count is not None and self.total_count < 0:
            raise ResponseValidationError("the answer breaks the contract: total_count is below 0", field="total_count")


class Ask(NamedTuple):
    """A page to ask for: its number from 1, and how many items to a page."""

    number: int
    per_page: int


class Listing(Generic[T]):
    """One reading of a listing, page by page; whole when nothing more is to be asked for.

    The total that the server names is believed if it is larger than the first page, or if that page
    is short and holds just so many. Else it may count one page only, or nothing at all: then pages
    are asked for until one is empty. Items are told apart by a key, so that one that moved to a later
    page is given once. If the total changes on the way, items are missing at the end, or one comes
    again, all is read again from page 1, and what was not given yet is given then.

    Args:
        per_page: How many items to ask for at a time.
        key: What tells one item from another.
    """

    def __init__(self, per_page: int, key: Callable[[T], Hashable]) -> None:
        self.ask: Ask | None = Ask(1, per_page)
        self._per_page, self._key, self._passes = per_page, key, 1
        self._total, self._believed = cast(int | None, None), False
        self._given: set[Hashable] = set()
        self._read: set[Hashable] = self._given  # in this pass; the same set until there is a second pass

    def take(self, ask: Ask, page: Page[T]) -> list[T]:
        """Take the page that was asked for, and give what is on it that was not given before.

        Raises:
            ListingChangedError: The listing moved in every pass.
            ResponseValidationError: Two items of the page have the same key.
        """
        keys = [self._key(item) for item in page.items]
        if len(set(keys)) < len(keys):
            raise ResponseValidationError("two items of one page have the same id: one would be lost")
        unread = [(key, item) for key, item in zip(keys, page.items, strict=True) if key not in self._read]
        fresh = [item for key, item in unread if key not in self._given]
        self._read.update(keys)
        self._given.update(keys)
        self.ask = self._next(ask, page, repeated=len(unread) < len(keys))
        return fresh

    def _next(self, ask: Ask, page: Page[T], *, repeated: bool) -> Ask | None:
        """Say what to ask for after a page, from top to bottom, the first that holds."""
        count, size, read, told = len(page.items), ask.per_page, len(self._read), page.total_count
        moved = None not in (told, self._total) and told != self._total and (self._believed or told != count)
        if ask.number == 1:
            self._total = told
            if told == count < size and self._read == self._given:
                return None
            self._believed = told is not None and told > count
            size = min(count, size) or size  # where the server makes smaller pages than asked, go on with its size
        elif repeated or moved:
            return self._again()
        if self._believed and self._total is not None:
            if read == self._total:
                return None
            if read > self._total:
                self._believed = False
            elif count == 0 or ask.number * size >= self._total:
                return self._again()
        return Ask(ask.number + 1, size) if self._believed or count else None

    def _again(self) -> Ask:
        if self._passes == MAX_PASSES:
            told = f"{len(self._given)} items were given, and the server counts {self._total}"
            raise ListingChangedError(f"the listing changed in each of {MAX_PASSES} readings: {told}")
        self._passes += 1
        self._read = set()
        return Ask(1, self._per_page)


class _Listable(Generic[T, Fetched]):
    """What a sync and an async pager share."""

    total_count: int | None = None
    """How many items the server last said there are; None before it did, or if it does not."""

    def __init__(self, fetch: Callable[[Ask], Fetched], *, per_page: int, key: Callable[[T], Hashable]) -> None:
        self._fetch, self._per_page, self._key = fetch, per_page, key

    def _take(self, listing: Listing[T], ask: Ask, page: Page[T]) -> Page[T]:
        self.total_count = page.total_count
        return attrs.evolve(page, items=listing.take(ask, page))


class Pager(_Listable[T, Page[T]]):
    """A listing, to be iterated: every item on all pages, once, in the server's order.

    Nothing is sent until it is iterated, and each iteration reads the listing anew. It ends with
    the last item or with an error, never with a part that looks like the whole.
    """

    def pages(self) -> Iterator[Page[T]]:
        """Read page by page; an item that came on an earlier page is left out of a later one.

        Raises:
            FinerWorksError: A page could not be read, after the retries of its own request.
            ListingChangedError: The listing moved in each of three readings.
        """
        listing = Listing(self._per_page, self._key)
        while ask := listing.ask:
            yield self._take(listing, ask, self._fetch(ask))

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items


class AsyncPager(_Listable[T, Awaitable[Page[T]]]):
    """A listing, to be iterated with ``async for``; see `Pager`."""

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Read page by page; see `Pager.pages`."""
        listing = Listing(self._per_page, self._key)
        while ask := listing.ask:
            yield self._take(listing, ask, await self._fetch(ask))

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item
