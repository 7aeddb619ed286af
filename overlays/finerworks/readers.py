"""Readers, which return the pages of a listing to an iterator, one after the other.

A reader remembers the position. `Listing` decides which page to request, and a prefetcher fetches
it. `finerworks.consistent` has the readers that read a listing until it stops changing.
"""

import os
import threading
from collections.abc import Callable, Coroutine
from typing import Generic, Protocol, TypeVar, runtime_checkable

from finerworks.listing import MAX_PASSES, ItemKey, Listing, Page, PageRequest, Step
from finerworks.prefetch import TaskPrefetcher, ThreadPrefetcher, check_process

T = TypeVar("T")

CLOSED = "this listing was closed while it was being read"
"""The error if another thread or task closed the iterator."""

FetchPage = Callable[[PageRequest], Page[T]]
"""Fetches a page."""

AsyncFetchPage = Callable[[PageRequest], Coroutine[None, None, Page[T]]]
"""Fetches a page, with asyncio."""


@runtime_checkable
class Source(Protocol[T]):
    """The source of a reader, such as a `Pager`, which describes these attributes."""

    fetch: FetchPage[T]
    per_page: int
    key: ItemKey[T]
    concurrency: int
    total_count: int | None


@runtime_checkable
class AsyncSource(Protocol[T]):
    """The source of an asyncio reader, such as an `AsyncPager`."""

    fetch: AsyncFetchPage[T]
    per_page: int
    key: ItemKey[T]
    concurrency: int
    total_count: int | None


@runtime_checkable
class Reader(Protocol[T]):
    """Reads a listing page by page, for an iterator, and remembers its position.

    Attributes:
        lock: Held while an iterator advances, because threads may share it.
        process: The process that started reading. Check it before you acquire the lock, which a
            forked process may have inherited locked.
        returned: Whether the current page was returned to the caller.
    """

    lock: threading.Lock
    process: int
    returned: bool

    def current_page(self) -> Page[T]:
        """Return the current page or, if it was already returned, read the next one.

        Raises:
            StopIteration: There are no more pages.
        """
        ...

    def close(self) -> None:
        """Cancel the requests in flight. There are no further pages."""
        ...


@runtime_checkable
class AsyncReader(Protocol[T]):
    """Reads a listing page by page, for an asyncio iterator; see `Reader`.

    Attributes:
        returned: Whether the current page was returned to the caller.
    """

    returned: bool

    async def current_page(self) -> Page[T]:
        """Return the current page or, if it was already returned, read the next one.

        Raises:
            RuntimeError: Another task is waiting for the page or closed the iterator meanwhile, or
                this process is a fork of the one that started reading.
            StopAsyncIteration: There are no more pages.
        """
        ...

    async def aclose(self) -> None:
        """Cancel the requests in flight. There are no further pages."""
        ...


def still_needed(
    items_needed: int | None, listing: Listing[T], step: Step[T] | None = None
) -> int | None:
    """Return how many more items are needed. None: all of them.

    Args:
        items_needed: The number of items that are needed in all. None: all of them.
        listing: The listing, which knows what it has returned.
        step: The page that is about to be returned, if there is one.
    """
    if items_needed is None:
        return None
    about_to_be_returned = 0 if step is None else len(step.page.items)
    return items_needed - listing.returned - about_to_be_returned


class PageReader(Generic[T]):
    """Reads the pages of a listing as they arrive; see `Reader`.

    A page stays the current one until `returned` is set. If something interrupts the iterator
    before that, such as a failed request or an exception in a signal handler, the next attempt gets
    the same page.

    Args:
        source: The listing to read.
        max_passes: The maximum number of times that it is read from its first page.
        items_needed: The number of items that are needed. Pages after them are not fetched ahead.
            None: all of them.
    """

    def __init__(
        self, source: Source[T], max_passes: int = MAX_PASSES, items_needed: int | None = None
    ) -> None:
        self.lock = threading.Lock()
        self.process = os.getpid()
        self.returned = False
        self._source = source
        self._items_needed = items_needed
        self._listing = Listing(source.per_page, source.key, max_passes)
        self._prefetcher = ThreadPrefetcher(source.fetch, source.concurrency)
        self._step: Step[T] | None = None
        self._closed = False

    def current_page(self) -> Page[T]:
        """Return the current page or, if it was already returned, read the next one."""
        if self._step is not None and self.returned:
            self._listing.commit(self._step)
            self._step = None
        self.returned = False
        step = self._step or self._read()
        self._step = step
        if step.progress.starts_over:
            self._restart_prefetcher()  # prefetched pages belong to the previous pass
        if self._source.concurrency > 1:
            needed = still_needed(self._items_needed, self._listing, step)
            self._prefetcher.start(step.progress.upcoming(1, needed))
        return step.page

    def _read(self) -> Step[T]:
        progress = self._listing.progress
        if progress.next_request is None or self._closed:
            self.close()
            self._listing.raise_if_given_up()
            raise StopIteration
        needed = still_needed(self._items_needed, self._listing)
        first, *following = progress.upcoming(self._source.concurrency, needed)
        self._prefetcher.start(following)
        try:
            page = self._prefetcher.get(first)
            step = self._listing.evaluate(first, page)
        except BaseException as error:
            self._restart_prefetcher()
            if isinstance(error, Exception) and self._was_closed():
                raise RuntimeError(CLOSED) from error
            raise
        self._source.total_count = page.total_count
        return step

    def _was_closed(self) -> bool:
        return self._closed

    def _restart_prefetcher(self) -> None:
        prefetcher = self._prefetcher
        self._prefetcher = ThreadPrefetcher(self._source.fetch, self._source.concurrency)
        prefetcher.close()

    def close(self) -> None:
        """Cancel the requests in flight. There are no further pages."""
        self._closed = True
        self._step = None
        self._prefetcher.close()

    def __del__(self) -> None:
        self.close()


class AsyncPageReader(Generic[T]):
    """Reads the pages of a listing as they arrive, with asyncio; see `PageReader`."""

    def __init__(
        self, source: AsyncSource[T], max_passes: int = MAX_PASSES, items_needed: int | None = None
    ) -> None:
        self.returned = False
        self._process = os.getpid()
        self._source = source
        self._items_needed = items_needed
        self._listing = Listing(source.per_page, source.key, max_passes)
        self._prefetcher = TaskPrefetcher(source.fetch, source.concurrency)
        self._step: Step[T] | None = None
        self._reading = False
        self._closed = False

    async def current_page(self) -> Page[T]:
        """Return the current page or, if it was already returned, read the next one."""
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
            await self._restart_prefetcher()  # prefetched pages belong to the previous pass
        if self._source.concurrency > 1:
            needed = still_needed(self._items_needed, self._listing, step)
            self._prefetcher.start(step.progress.upcoming(1, needed))
        return step.page

    async def _read(self) -> Step[T]:
        progress = self._listing.progress
        if progress.next_request is None or self._closed:
            await self.aclose()
            self._listing.raise_if_given_up()
            raise StopAsyncIteration
        needed = still_needed(self._items_needed, self._listing)
        first, *following = progress.upcoming(self._source.concurrency, needed)
        self._prefetcher.start(following)
        try:
            page = await self._prefetcher.get(first)
            step = self._listing.evaluate(first, page)
        except Exception as error:
            await self._restart_prefetcher()
            if self._was_closed():
                raise RuntimeError(CLOSED) from error
            raise
        self._source.total_count = page.total_count
        return step

    def _was_closed(self) -> bool:
        return self._closed

    async def _restart_prefetcher(self) -> None:
        prefetcher = self._prefetcher
        self._prefetcher = TaskPrefetcher(self._source.fetch, self._source.concurrency)
        await prefetcher.aclose()

    async def aclose(self) -> None:
        """Cancel the requests in flight. There are no further pages."""
        self._closed = True
        self._step = None
        await self._prefetcher.aclose()

    def __del__(self) -> None:
        self._prefetcher.stop()
