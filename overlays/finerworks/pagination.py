"""Pages into items: every item once, in the server's order, or an error. Knows nothing of invoices.

`Listing` decides which page to ask for and when a listing is whole; it neither sends nor waits.
`Pager` and `AsyncPager` do, and ask it what is next, and what probably comes after that: those pages are
read ahead, by threads or by tasks.
"""

import dataclasses
from collections import defaultdict
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Hashable,
    Iterator,
)
from contextlib import aclosing, closing
from importlib import import_module
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, cast

from finerworks.ahead import Tasks, Threads
from finerworks.errors import ListingChangedError, ResponseValidationError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from finerworks.exports.frames import Frame

T = TypeVar("T")
Fetched = TypeVar("Fetched")
Key = Callable[[T], Hashable]

MAX_PASSES = 3
"""How often a listing is read from its first page before it is given up as moving."""


@dataclasses.dataclass(frozen=True)
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

    def __post_init__(self) -> None:
        if self.total_count is not None and self.total_count < 0:
            raise ResponseValidationError(
                "the answer breaks the contract: total_count is below 0", field="total_count"
            )


class Ask(NamedTuple):
    """A page to ask for: its number from 1, and how many items to a page."""

    number: int
    per_page: int


class _Keys:
    """A set of keys that only grows, in a quarter of a set's memory: their texts, in 2,048 rows of them."""

    def __init__(self) -> None:
        self._rows = defaultdict[int, str](str)
        self.count = 0

    def add(self, keys: list[str]) -> list[bool]:
        """Add keys; say of each whether it was not there."""
        rows, new = self._rows, list[bool]()
        for key in keys:
            row = rows[at := hash(key) & 0x7FF]
            new.append(key not in row)
            if new[-1]:
                rows[at] = row + key
        self.count += sum(new)
        return new


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

    def __init__(self, per_page: int, key: Key[T]) -> None:
        self.ask: Ask | None = Ask(1, per_page)
        self._per_page, self._key, self._passes = per_page, key, 1
        self._total: int | None = None
        self._believed = False
        self._given = _Keys()
        self._read = self._given  # in this pass; the same until there is a second pass

    @property
    def starts_anew(self) -> bool:
        """Whether the next page to ask for is the first, again."""
        return self.ask is not None and self.ask.number == 1

    def coming(self, most: int) -> list[Ask]:
        """Give what is to be asked for next, and what comes after it as far as can be told: at most so many pages."""
        if self.ask is None:
            return []
        number, size = self.ask
        last = -((self._total or 0) // -size) if self._believed and number > 1 else number
        return [
            Ask(each, size) for each in range(number, min(max(last, number) + 1, number + most))
        ]

    def take(self, ask: Ask, page: Page[T]) -> list[T]:
        """Take the page that was asked for, and give what is on it that was not given before.

        Raises:
            ListingChangedError: The listing moved in every pass.
            ResponseValidationError: Two items of the page have the same key.
        """
        # Between zeros, as no text that repr gives has one: no key is found in a part of another.
        keys = [f"\0{self._key(item)!r}\0" for item in page.items]
        if len(set(keys)) < len(keys):
            raise ResponseValidationError(
                "two items of one page have the same id: one would be lost"
            )
        unread = self._read.add(keys)
        fresh = unread if self._read is self._given else self._given.add(keys)
        self.ask = self._next(ask, page, repeated=not all(unread))
        return [item for item, new in zip(page.items, fresh, strict=True) if new]

    def _next(self, ask: Ask, page: Page[T], *, repeated: bool) -> Ask | None:
        """Say what to ask for after a page, from top to bottom, the first that holds."""
        count, size, read, told = len(page.items), ask.per_page, self._read.count, page.total_count
        moved = (
            None not in (told, self._total)
            and told != self._total
            and (self._believed or told != count)
        )
        if ask.number == 1:
            self._total = told
            if told == count < size and self._read.count == self._given.count:
                return None
            self._believed = told is not None and told > count
            size = (
                min(count, size) or size
            )  # where the server makes smaller pages than asked, go on with its size
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
            told = f"{self._given.count} items were given, and the server counts {self._total}"
            raise ListingChangedError(
                f"the listing changed in each of {MAX_PASSES} readings: {told}"
            )
        self._passes += 1
        self._read = _Keys()
        return Ask(1, self._per_page)


class _Listable(Generic[T, Fetched]):
    """What a sync and an async pager share."""

    total_count: int | None = None
    """How many items the server last said there are; None before it did, or if it does not."""

    def __init__(
        self,
        fetch: Callable[[Ask], Fetched],
        *,
        per_page: int,
        key: Key[T],
        concurrency: int = 1,
        answer: str = "",
    ) -> None:
        self._fetch, self._per_page, self._key, self._concurrency = (
            fetch,
            per_page,
            key,
            concurrency,
        )
        self._answer = answer  # the model that says which columns a table has

    def _take(self, listing: Listing[T], ask: Ask, page: Page[T]) -> Page[T]:
        self.total_count = page.total_count
        return Page(page.number, listing.take(ask, page), page.total_count)

    def _frame(self, *packages: str) -> "Frame":
        # By name: it is an optional part, and needs pyarrow.
        return cast(
            "Frame", import_module("finerworks.exports.frames").Frame(self._answer, *packages)
        )


class Pager(_Listable[T, Page[T]]):
    """A listing, to be iterated: every item on all pages, once, in the server's order.

    Nothing is sent until it is iterated, and each iteration reads the listing anew. It ends with
    the last item or with an error, never with a part that looks like the whole.
    """

    def pages(self) -> Generator[Page[T], None, None]:
        """Read page by page; an item that came on an earlier page is left out of a later one.

        The next page is asked for before this one is given, and from the second on as many as
        ``concurrency`` allows, this one counted. Closing what this gives, as leaving a loop over it
        does, ends the requests that are in flight.

        Raises:
            FinerWorksError: A page could not be read, after the retries of its own request.
            ListingChangedError: The listing moved in each of three readings.
            RuntimeError: This process is a fork of the one that began.
        """
        listing, most = Listing(self._per_page, self._key), self._concurrency
        ahead = Threads(self._fetch, most)
        try:
            while ask := listing.ask:
                ahead.start(listing.coming(most)[1:])
                page = self._take(listing, ask, ahead.get(ask))
                if listing.starts_anew:  # what was read ahead in this pass is stale
                    ahead.close()
                    ahead = Threads(self._fetch, most)
                ahead.start(listing.coming(min(most - 1, 1)))
                yield page
        finally:
            ahead.close()

    def __iter__(self) -> Iterator[T]:
        with closing(self.pages()) as pages:
            for page in pages:
                yield from page.items

    def to_arrow(self) -> "pa.Table":
        """Read everything into a table of Arrow (the extra ``arrow``).

        Amounts are ``decimal128(38, 4)``. A date is the server's wall clock, in microseconds, and a column at
        the end, ``due_date_offset`` for ``due_date``, has the offset that the server wrote, if any.

        Raises:
            finerworks.exports.ExportError: An amount has more than four decimals, or 34 digits before them.
            FinerWorksError: As `pages`.
            ModuleNotFoundError: The extra is not installed. Nothing was sent.
        """
        return self._frame().read(self).arrow()

    def to_polars(self) -> "pl.DataFrame":
        """Read everything into a data frame of polars (the extra ``polars``), as `to_arrow`."""
        return self._frame("polars").read(self).polars()

    def to_pandas(self) -> "pd.DataFrame":
        """Read everything into a data frame of pandas (the extra ``pandas``), of Arrow's types; as `to_arrow`."""
        return self._frame("pandas").read(self).pandas()


class AsyncPager(_Listable[T, Coroutine[None, None, Page[T]]]):
    """A listing, to be iterated with ``async for``; see `Pager`."""

    async def pages(self) -> AsyncGenerator[Page[T], None]:
        """Read page by page; see `Pager.pages`."""
        listing, most = Listing(self._per_page, self._key), self._concurrency
        ahead = Tasks(self._fetch, most)
        try:
            while ask := listing.ask:
                ahead.start(listing.coming(most)[1:])
                page = self._take(listing, ask, await ahead.get(ask))
                if listing.starts_anew:
                    await ahead.aclose()
                    ahead = Tasks(self._fetch, most)
                ahead.start(listing.coming(min(most - 1, 1)))
                yield page
        finally:
            await ahead.aclose()

    async def __aiter__(self) -> AsyncIterator[T]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for item in page.items:
                    yield item

    async def to_arrow(self) -> "pa.Table":
        """Read everything into a table of Arrow; see `Pager.to_arrow`."""
        return (await self._frame().aread(self)).arrow()

    async def to_polars(self) -> "pl.DataFrame":
        """Read everything into a data frame of polars; see `Pager.to_polars`."""
        return (await self._frame("polars").aread(self)).polars()

    async def to_pandas(self) -> "pd.DataFrame":
        """Read everything into a data frame of pandas; see `Pager.to_pandas`."""
        return (await self._frame("pandas").aread(self)).pandas()
