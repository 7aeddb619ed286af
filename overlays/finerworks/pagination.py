"""Pagers and their iterators: every item of a listing once, in the server's order, or an error.

The iterators get their pages from a reader. Nothing here knows about invoices.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from operator import length_hint
from typing import TYPE_CHECKING, Generic, TypeVar

from finerworks.consistent import AsyncConsistentReader, ConsistentReader
from finerworks.lazy import LazyModule
from finerworks.listing import ItemKey, Page, PageRequest, known_count
from finerworks.prefetch import check_process
from finerworks.readers import (
    AsyncFetchPage,
    AsyncPageReader,
    AsyncReader,
    FetchPage,
    PageReader,
    Reader,
)
from finerworks.selection import AsyncSelectingReader, SelectingReader, Selection

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa
else:
    pd = LazyModule("pandas", optional=True)
    pl = LazyModule("polars", optional=True)
    pa = LazyModule("pyarrow", optional=True)

T = TypeVar("T")


class PageIterator(Iterator[Page[T]]):
    """One reading of a listing, page by page.

    It remembers its position. If a page cannot be read, the error is raised, and the next call of
    `next()` requests the same page again. Unless you close it, it never ends before the last item.

    Args:
        pager: The listing to read.
    """

    def __init__(self, pager: "Pager[T]") -> None:
        self._reader = _reader_of(pager)

    def __next__(self) -> Page[T]:
        check_process(self._reader.process)
        page: Page[T] | None = None
        try:
            with self._reader.lock:
                page = self._reader.current_page()
                self._reader.returned = True
        except BaseException:
            # A signal handler may raise while the lock is released.
            if page is not None:
                self._reader.returned = False
            raise
        return page

    def close(self) -> None:
        """Cancel the requests in flight, and end the iterator."""
        self._reader.close()


class ItemIterator(Iterator[T]):
    """One reading of a listing, item by item. Like `PageIterator`, it remembers its position.

    Args:
        pager: The listing to read.
        first_only: Whether to return the first item only.
    """

    def __init__(self, pager: "Pager[T]", *, first_only: bool = False) -> None:
        self._reader = _reader_of(pager, first_only=first_only)
        self._items: Iterator[T] = iter(())

    def __next__(self) -> T:
        while True:
            # Outside of the lock, because a signal handler may raise while it is released.
            for item in self._items:
                return item
            check_process(self._reader.process)
            with self._reader.lock:
                # Another thread may have read a page meanwhile.
                if length_hint(self._items) == 0:
                    self._items = iter(self._reader.current_page().items)
                    self._reader.returned = True

    def close(self) -> None:
        """Cancel the requests in flight, and end the iterator."""
        self._items = iter(())
        self._reader.close()


class Pager(Generic[T]):
    """A listing. Iterate over it to get every item on all pages, once, in the server's order.

    Nothing is sent before you iterate, and each iteration reads the listing again. It ends with the
    last item or raises an error. It never returns an incomplete listing that looks complete.

    Args:
        fetch: Fetches a page.
        per_page: The number of items to request at a time.
        key: Returns the unique key of an item.
        concurrency: The maximum number of pages in flight and in memory at a time.
        consistent: Whether to read until two consecutive passes agree before returning the first
            item.
        response_model: The name of the responses' model in `finerworks_client.models`, which
            defines the columns of tables.
        selection: Which items to return. None: all of them.

    Attributes:
        total_count: The number of items that the server last reported. None if it has not reported
            one.
    """

    def __init__(
        self,
        fetch: FetchPage[T],
        *,
        per_page: int,
        key: ItemKey[T],
        concurrency: int = 1,
        consistent: bool = False,
        response_model: str = "",
        selection: Selection[T] | None = None,
    ) -> None:
        self.fetch = fetch
        self.per_page = per_page
        self.key = key
        self.concurrency = concurrency
        self.consistent = consistent
        self.selection: Selection[T] = selection or Selection(key=key)
        self.total_count: int | None = None
        self.response_model = response_model

    def pages(self) -> PageIterator[T]:
        """Return an iterator over the pages. Items that were on an earlier page are left out.

        The next page is requested before the first one is returned. From the second page on, as
        many pages as ``concurrency`` allows are requested, if the server reports a total. With a
        ``concurrency`` of 1, each page is requested when it is needed. Closing the iterator or
        leaving a loop over it cancels the requests in flight. A page is empty if ``since`` and
        ``until`` select none of its items.

        Raises:
            FinerWorksError: A page could not be read, after its retries. Call `next()` again to
                continue with that page.
            MissingMonthError: An item has no month, and ``since`` or ``until`` is given.
            ListingChangedError: The listing changed in each of three passes, or no two consecutive
                passes of a consistent listing agreed.
            RuntimeError: This process is a fork of the one that started reading.
        """
        return PageIterator(self)

    def __iter__(self) -> ItemIterator[T]:
        return ItemIterator(self)

    def __repr__(self) -> str:
        return _describe(self)

    def _repr_html_(self) -> str:
        """Return what a notebook displays, without a request."""
        return _describe_as_html(self, "for")

    def first(self) -> T | None:
        """Return the first item, or None if there is none.

        It takes one request for ``per_page`` items, unless ``since`` or ``until`` skips items, or
        the listing is a consistent one.

        Raises:
            FinerWorksError: As in `pages`.
        """
        items = ItemIterator(self, first_only=True)
        try:
            return next(items, None)
        finally:
            items.close()

    def to_list(self) -> list[T]:
        """Return all items of the listing as a list, or raise an error.

        Raises:
            FinerWorksError: As in `pages`.
        """
        items = ItemIterator(self)
        try:
            return list(items)
        finally:
            items.close()

    def count(self) -> int:
        """Return the number of items that an iteration would return.

        It takes one request if the first page shows the number: if there is no other page, or if
        the server reports a total that is larger than the first page. Otherwise, the items are read
        and counted. This is so with ``since`` or ``until``, if the server reports no total, if its
        total may count only the items of the page, or if the listing is a consistent one.

        Raises:
            FinerWorksError: As in `pages`.
        """
        if not self.consistent and not self.selection.by_month:
            page = self.fetch(PageRequest(1, self.per_page))
            self.total_count = page.total_count
            known = known_count(page, self.per_page, self.key)
            if known is not None:
                return self.selection.limited(known)
        count = 0
        items = ItemIterator(self)
        try:
            for _ in items:
                count += 1
        finally:
            items.close()
        return count

    def to_arrow(self) -> "pa.Table":
        """Read the listing into an Arrow table (the extra ``arrow``).

        Amounts are ``decimal128(38, 4)``. A date is the server's local time in microseconds. If the
        server sent offsets, a column at the end, such as ``due_date_offset``, contains them.

        Raises:
            finerworks.exports.ExportError: An amount has more than four decimals, or more than 34
                digits before them.
            FinerWorksError: As in `pages`.
            ModuleNotFoundError: The extra is not installed. Nothing was sent.
        """
        from finerworks.exports.tables import create_frame  # noqa: PLC0415 - an optional part

        return create_frame(self.response_model, "arrow").read(self).arrow()

    def to_polars(self) -> "pl.DataFrame":
        """Read the listing into a polars data frame (the extra ``polars``); see `to_arrow`."""
        from finerworks.exports.tables import create_frame  # noqa: PLC0415 - an optional part

        return create_frame(self.response_model, "polars").read(self).polars()

    def to_pandas(self) -> "pd.DataFrame":
        """Read the listing into a pandas data frame (the extra ``pandas``); see `to_arrow`.

        Its columns have Arrow's types. Amounts are ``decimal128(18, 4)``, with which you can
        calculate; if one of them has more than 14 digits before the decimal point, all are
        ``decimal128(38, 4)``. Calculate with a Decimal: a float makes floats of the amounts.

        Arrow raises "Decimal precision out of range" if the type of a result would have more than
        38 digits, whatever its values are. An int counts as 19 digits, and sums of groups have 38.
        Give the amounts a shorter type, or make Python's decimals of them, which are slower:

            short = pd.ArrowDtype(pa.decimal128(18, 4))
            sums = frame.groupby("due_date", dropna=False).amount_due.sum().astype(short)
            taxed = sums * Decimal("1.07")
            doubled_twice = frame.amount_due.astype(object) * 2 * 2
        """
        from finerworks.exports.tables import create_frame  # noqa: PLC0415 - an optional part

        return create_frame(self.response_model, "pandas").read(self).pandas()


def _reader_of(pager: Pager[T], *, first_only: bool = False) -> Reader[T]:
    selection = pager.selection
    if first_only:
        selection = replace(selection, limit=1)
    reader: Reader[T]
    if pager.consistent:
        reader = ConsistentReader(pager)
    else:
        reader = PageReader(pager, items_needed=selection.items_needed)
    return reader if selection.everything else SelectingReader(reader, selection)


class AsyncPageIterator(AsyncIterator[Page[T]]):
    """One reading of a listing, page by page, for asyncio; see `PageIterator`.

    If `anext()` is cancelled, the request continues, and the next call of `anext()` returns its
    page.
    """

    def __init__(self, pager: "AsyncPager[T]") -> None:
        self._reader = _async_reader_of(pager)

    async def __anext__(self) -> Page[T]:
        page = await self._reader.current_page()
        self._reader.returned = True
        return page

    async def aclose(self) -> None:
        """Cancel the requests in flight, and end the iterator."""
        await self._reader.aclose()


class AsyncItemIterator(AsyncIterator[T]):
    """One reading of a listing, item by item, for asyncio; see `ItemIterator`."""

    def __init__(self, pager: "AsyncPager[T]", *, first_only: bool = False) -> None:
        self._reader = _async_reader_of(pager, first_only=first_only)
        self._items: Iterator[T] = iter(())

    async def __anext__(self) -> T:
        while True:
            for item in self._items:
                return item
            page = await self._reader.current_page()
            self._items = iter(page.items)
            self._reader.returned = True

    async def aclose(self) -> None:
        """Cancel the requests in flight, and end the iterator."""
        self._items = iter(())
        await self._reader.aclose()


class AsyncPager(Generic[T]):
    """A listing, for ``async for``; see `Pager`."""

    def __init__(
        self,
        fetch: AsyncFetchPage[T],
        *,
        per_page: int,
        key: ItemKey[T],
        concurrency: int = 1,
        consistent: bool = False,
        response_model: str = "",
        selection: Selection[T] | None = None,
    ) -> None:
        self.fetch = fetch
        self.per_page = per_page
        self.key = key
        self.concurrency = concurrency
        self.consistent = consistent
        self.selection: Selection[T] = selection or Selection(key=key)
        self.total_count: int | None = None
        self.response_model = response_model

    def pages(self) -> AsyncPageIterator[T]:
        """Return an iterator over the pages; see `Pager.pages`."""
        return AsyncPageIterator(self)

    def __aiter__(self) -> AsyncItemIterator[T]:
        return AsyncItemIterator(self)

    def __repr__(self) -> str:
        return _describe(self)

    def _repr_html_(self) -> str:
        """Return what a notebook displays, without a request."""
        return _describe_as_html(self, "async for")

    async def first(self) -> T | None:
        """Return the first item, or None if there is none; see `Pager.first`."""
        items = AsyncItemIterator(self, first_only=True)
        try:
            return await anext(items, None)
        finally:
            await items.aclose()

    async def to_list(self) -> list[T]:
        """Read the listing into a list; see `Pager.to_list`."""
        items = AsyncItemIterator(self)
        try:
            return [item async for item in items]
        finally:
            await items.aclose()

    async def count(self) -> int:
        """Return the number of items that an iteration would return; see `Pager.count`."""
        if not self.consistent and not self.selection.by_month:
            page = await self.fetch(PageRequest(1, self.per_page))
            self.total_count = page.total_count
            known = known_count(page, self.per_page, self.key)
            if known is not None:
                return self.selection.limited(known)
        count = 0
        items = AsyncItemIterator(self)
        try:
            async for _ in items:
                count += 1
        finally:
            await items.aclose()
        return count

    async def to_arrow(self) -> "pa.Table":
        """Read the listing into an Arrow table; see `Pager.to_arrow`."""
        from finerworks.exports.tables import create_frame  # noqa: PLC0415 - an optional part

        return (await create_frame(self.response_model, "arrow").aread(self)).arrow()

    async def to_polars(self) -> "pl.DataFrame":
        """Read the listing into a polars data frame; see `Pager.to_polars`."""
        from finerworks.exports.tables import create_frame  # noqa: PLC0415 - an optional part

        return (await create_frame(self.response_model, "polars").aread(self)).polars()

    async def to_pandas(self) -> "pd.DataFrame":
        """Read the listing into a pandas data frame; see `Pager.to_pandas`."""
        from finerworks.exports.tables import create_frame  # noqa: PLC0415 - an optional part

        return (await create_frame(self.response_model, "pandas").aread(self)).pandas()


def _describe(pager: Pager[T] | AsyncPager[T]) -> str:
    """Return a pager on one line: what it lists, and the total that the server last reported."""
    parts: list[str] = [type(pager).__name__]
    if pager.response_model:
        parts.append(pager.response_model)
    parts += [f"{name}={value}" for name, value in pager.selection.arguments.items()]
    if pager.consistent:
        parts.append("consistent")
    if pager.total_count is not None:
        parts.append(f"total_count={pager.total_count}")
    return f"<{' '.join(parts)}>"


def _describe_as_html(pager: Pager[T] | AsyncPager[T], loop: str) -> str:
    from html import escape  # noqa: PLC0415 - only notebooks need it

    return (
        f"<code>{escape(_describe(pager))}</code><br>Nothing is requested to display it: "
        f"use <code>{loop}</code>, <code>first()</code> or <code>to_list()</code> to read it."
    )


def _async_reader_of(pager: AsyncPager[T], *, first_only: bool = False) -> AsyncReader[T]:
    selection = pager.selection
    if first_only:
        selection = replace(selection, limit=1)
    reader: AsyncReader[T]
    if pager.consistent:
        reader = AsyncConsistentReader(pager)
    else:
        reader = AsyncPageReader(pager, items_needed=selection.items_needed)
    return reader if selection.everything else AsyncSelectingReader(reader, selection)
