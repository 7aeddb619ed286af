"""Pagers and their iterators: every item of a listing once, in the server's order, or an error.

`Listing` decides which page to request, a prefetcher fetches it, and the iterators here ask
both. Nothing here knows about invoices.
"""

import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from operator import length_hint
from typing import TYPE_CHECKING, Generic, TypeVar

from finerworks.listing import ItemKey, Listing, Page, PageRequest, Step
from finerworks.prefetch import TaskPrefetcher, ThreadPrefetcher, check_process

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

T = TypeVar("T")

CLOSED = "this listing was closed while it was being read"
"""What a reader is told whose iterator another thread or task closed."""

FetchPage = Callable[[PageRequest], Page[T]]
"""Fetches a page."""

AsyncFetchPage = Callable[[PageRequest], Coroutine[None, None, Page[T]]]
"""Fetches a page, with asyncio."""


class PageReader(Generic[T]):
    """Reads a listing page by page, for an iterator, and keeps its place.

    A page stays the current one until `returned` is set. Whatever interrupts the iterator before,
    such as an error of a request or the exception of a signal handler, the next attempt gets the
    same page.

    Args:
        pager: The listing to read.

    Attributes:
        lock: Held while an iterator advances: threads may share it.
        process: The process that started reading. Check it before you take the lock, which a forked
            process may have inherited locked.
        returned: Whether the current page was returned to the caller.
    """

    def __init__(self, pager: "Pager[T]") -> None:
        self.lock = threading.Lock()
        self.process = os.getpid()
        self.returned = False
        self._pager = pager
        self._listing = Listing(pager.per_page, pager.key)
        self._prefetcher = ThreadPrefetcher(pager.fetch, pager.concurrency)
        self._step: Step[T] | None = None
        self._closed = False

    def current_page(self) -> Page[T]:
        """Return the current page; if that was returned already, read the next one.

        Raises:
            StopIteration: There is none.
        """
        if self._step is not None and self.returned:
            self._listing.commit(self._step)
            self._step = None
        self.returned = False
        step = self._step or self._read()
        self._step = step
        if step.progress.starts_over:
            self._restart_prefetcher()  # what was fetched ahead belongs to the previous pass
        if self._pager.concurrency > 1:
            self._prefetcher.start(step.progress.upcoming(1))
        return step.page

    def _read(self) -> Step[T]:
        progress = self._listing.progress
        if progress.next_request is None or self._closed:
            self.close()
            self._listing.raise_if_given_up()
            raise StopIteration
        first, *following = progress.upcoming(self._pager.concurrency)
        self._prefetcher.start(following)
        try:
            page = self._prefetcher.get(first)
            step = self._listing.evaluate(first, page)
        except BaseException as error:
            self._restart_prefetcher()
            if isinstance(error, Exception) and self._was_closed():
                raise RuntimeError(CLOSED) from error
            raise
        self._pager.total_count = page.total_count
        return step

    def _was_closed(self) -> bool:
        return self._closed

    def _restart_prefetcher(self) -> None:
        prefetcher = self._prefetcher
        self._prefetcher = ThreadPrefetcher(self._pager.fetch, self._pager.concurrency)
        prefetcher.close()

    def close(self) -> None:
        """End the requests in flight. There are no further pages."""
        self._closed = True
        self._step = None
        self._prefetcher.close()

    def __del__(self) -> None:
        self.close()


class PageIterator(Iterator[Page[T]]):
    """One reading of a listing, page by page.

    It keeps its place. If a page cannot be read, the error is raised, and the next call of
    `next()` requests the same page again. Unless you close it, it never ends before the last item.

    Args:
        pager: The listing to read.
    """

    def __init__(self, pager: "Pager[T]") -> None:
        self._reader = PageReader(pager)

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
        """End the requests in flight. The iterator ends here."""
        self._reader.close()


class ItemIterator(Iterator[T]):
    """One reading of a listing, item by item. It keeps its place, as `PageIterator` does.

    Args:
        pager: The listing to read.
    """

    def __init__(self, pager: "Pager[T]") -> None:
        self._reader = PageReader(pager)
        self._items: Iterator[T] = iter(())

    def __next__(self) -> T:
        while True:
            # Outside of the lock: a signal handler may raise while that is released.
            for item in self._items:
                return item
            check_process(self._reader.process)
            with self._reader.lock:
                # Another thread may have read a page meanwhile.
                if length_hint(self._items) == 0:
                    self._items = iter(self._reader.current_page().items)
                    self._reader.returned = True

    def close(self) -> None:
        """End the requests in flight. The iterator ends here."""
        self._items = iter(())
        self._reader.close()


class Pager(Generic[T]):
    """A listing. Iterate over it to get every item on all pages, once, in the server's order.

    Nothing is sent before you iterate, and each iteration reads the listing anew. It ends with
    the last item or raises an error; it never returns a part that looks complete.

    Args:
        fetch: Fetches a page.
        per_page: How many items to request at a time.
        key: Returns what distinguishes an item from the others.
        concurrency: How many pages may be in flight, and in memory, at a time.
        response_model: The name of the model of the responses, in `finerworks_client.models`.
            Tables have its columns.

    Attributes:
        total_count: How many items the server last reported. None before it did, or if it does
            not.
    """

    def __init__(
        self,
        fetch: FetchPage[T],
        *,
        per_page: int,
        key: ItemKey[T],
        concurrency: int = 1,
        response_model: str = "",
    ) -> None:
        self.fetch = fetch
        self.per_page = per_page
        self.key = key
        self.concurrency = concurrency
        self.total_count: int | None = None
        self._response_model = response_model

    def pages(self) -> PageIterator[T]:
        """Return an iterator over the pages. An item that was on an earlier page is left out.

        The next page is requested before the first one is returned, and from the second page on as
        many as ``concurrency`` allows, if the server reports a total. With a ``concurrency`` of 1,
        each page is requested when it is needed. Closing the iterator ends the requests in flight;
        so does leaving a loop over it.

        Raises:
            FinerWorksError: A page could not be read, after its retries. Call `next()` again to
                continue with that page.
            ListingChangedError: The listing changed in each of three passes.
            RuntimeError: This process is a fork of the one that started reading.
        """
        return PageIterator(self)

    def __iter__(self) -> ItemIterator[T]:
        return ItemIterator(self)

    def to_arrow(self) -> "pa.Table":
        """Read the listing into an Arrow table (the extra ``arrow``).

        Amounts are ``decimal128(38, 4)``. A date is the server's wall clock, in microseconds, and
        a column at the end, such as ``due_date_offset``, holds the offset, if the server sent one.

        Raises:
            finerworks.exports.ExportError: An amount has more than four decimals, or more than 34
                digits before them.
            FinerWorksError: As `pages`.
            ModuleNotFoundError: The extra is not installed. Nothing was sent.
        """
        from finerworks.exports.frames import Frame  # noqa: PLC0415 - an optional part

        return Frame(self._response_model).read(self).arrow()

    def to_polars(self) -> "pl.DataFrame":
        """Read the listing into a polars data frame (the extra ``polars``); see `to_arrow`."""
        from finerworks.exports.frames import Frame  # noqa: PLC0415 - an optional part

        return Frame(self._response_model, "polars").read(self).polars()

    def to_pandas(self) -> "pd.DataFrame":
        """Read the listing into a pandas data frame (the extra ``pandas``); see `to_arrow`.

        Its columns have Arrow's types.
        """
        from finerworks.exports.frames import Frame  # noqa: PLC0415 - an optional part

        return Frame(self._response_model, "pandas").read(self).pandas()


class AsyncPageReader(Generic[T]):
    """Reads a listing page by page, for an iterator of asyncio; see `PageReader`.

    Attributes:
        returned: Whether the current page was returned to the caller.
    """

    def __init__(self, pager: "AsyncPager[T]") -> None:
        self.returned = False
        self._process = os.getpid()
        self._pager = pager
        self._listing = Listing(pager.per_page, pager.key)
        self._prefetcher = TaskPrefetcher(pager.fetch, pager.concurrency)
        self._step: Step[T] | None = None
        self._reading = False
        self._closed = False

    async def current_page(self) -> Page[T]:
        """Return the current page; if that was returned already, read the next one.

        Raises:
            RuntimeError: Another task is waiting for it, or closed the iterator meanwhile, or this
                process is a fork of the one that started reading.
            StopAsyncIteration: There is none.
        """
        check_process(self._process)
        if self._reading:
            raise RuntimeError("this iterator is already being advanced, in another task")
        self._reading = True
        try:
            return await self._current_page()
        finally:
            self._reading = False

    async def _current_page(self) -> Page[T]:
        if self._step is not None and self.returned:
            self._listing.commit(self._step)
            self._step = None
        self.returned = False
        if self._prefetcher.is_elsewhere:
            await self._restart_prefetcher()
        step = self._step or await self._read()
        self._step = step
        if step.progress.starts_over:
            await self._restart_prefetcher()  # what was fetched ahead belongs to the previous pass
        if self._pager.concurrency > 1:
            self._prefetcher.start(step.progress.upcoming(1))
        return step.page

    async def _read(self) -> Step[T]:
        progress = self._listing.progress
        if progress.next_request is None or self._closed:
            await self.aclose()
            self._listing.raise_if_given_up()
            raise StopAsyncIteration
        first, *following = progress.upcoming(self._pager.concurrency)
        self._prefetcher.start(following)
        try:
            page = await self._prefetcher.get(first)
            step = self._listing.evaluate(first, page)
        except Exception as error:
            await self._restart_prefetcher()
            if self._was_closed():
                raise RuntimeError(CLOSED) from error
            raise
        self._pager.total_count = page.total_count
        return step

    def _was_closed(self) -> bool:
        return self._closed

    async def _restart_prefetcher(self) -> None:
        prefetcher = self._prefetcher
        self._prefetcher = TaskPrefetcher(self._pager.fetch, self._pager.concurrency)
        await prefetcher.aclose()

    async def aclose(self) -> None:
        """End the requests in flight. There are no further pages."""
        self._closed = True
        self._step = None
        await self._prefetcher.aclose()

    def __del__(self) -> None:
        self._prefetcher.stop()


class AsyncPageIterator(AsyncIterator[Page[T]]):
    """One reading of a listing, page by page, for asyncio; see `PageIterator`.

    If `anext()` is cancelled, the request goes on, and the next call of `anext()` returns its page.
    """

    def __init__(self, pager: "AsyncPager[T]") -> None:
        self._reader = AsyncPageReader(pager)

    async def __anext__(self) -> Page[T]:
        page = await self._reader.current_page()
        self._reader.returned = True
        return page

    async def aclose(self) -> None:
        """End the requests in flight. The iterator ends here."""
        await self._reader.aclose()


class AsyncItemIterator(AsyncIterator[T]):
    """One reading of a listing, item by item, for asyncio; see `ItemIterator`."""

    def __init__(self, pager: "AsyncPager[T]") -> None:
        self._reader = AsyncPageReader(pager)
        self._items: Iterator[T] = iter(())

    async def __anext__(self) -> T:
        while True:
            for item in self._items:
                return item
            page = await self._reader.current_page()
            self._items = iter(page.items)
            self._reader.returned = True

    async def aclose(self) -> None:
        """End the requests in flight. The iterator ends here."""
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
        response_model: str = "",
    ) -> None:
        self.fetch = fetch
        self.per_page = per_page
        self.key = key
        self.concurrency = concurrency
        self.total_count: int | None = None
        self._response_model = response_model

    def pages(self) -> AsyncPageIterator[T]:
        """Return an iterator over the pages; see `Pager.pages`."""
        return AsyncPageIterator(self)

    def __aiter__(self) -> AsyncItemIterator[T]:
        return AsyncItemIterator(self)

    async def to_arrow(self) -> "pa.Table":
        """Read the listing into an Arrow table; see `Pager.to_arrow`."""
        from finerworks.exports.frames import Frame  # noqa: PLC0415 - an optional part

        return (await Frame(self._response_model).aread(self)).arrow()

    async def to_polars(self) -> "pl.DataFrame":
        """Read the listing into a polars data frame; see `Pager.to_polars`."""
        from finerworks.exports.frames import Frame  # noqa: PLC0415 - an optional part

        return (await Frame(self._response_model, "polars").aread(self)).polars()

    async def to_pandas(self) -> "pd.DataFrame":
        """Read the listing into a pandas data frame; see `Pager.to_pandas`."""
        from finerworks.exports.frames import Frame  # noqa: PLC0415 - an optional part

        return (await Frame(self._response_model, "pandas").aread(self)).pandas()
