"""Readers that read a listing until two consecutive passes agree.

A single pass can miss an item without any sign. If one item disappears from an earlier page and
another one appears before the next request, the total stays the same, but the first item of the
next page has moved to a page that was already read. Two passes that agree on every item and on the
order have seen the same listing.
"""

import os
import threading
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from finerworks.errors import ListingChangedError
from finerworks.listing import MAX_PASSES, Page
from finerworks.prefetch import check_process
from finerworks.readers import CLOSED, AsyncPageReader, AsyncSource, PageReader, Source

T = TypeVar("T")
PassReader = TypeVar("PassReader")

MAX_CONSISTENT_PASSES = MAX_PASSES + 1
"""The maximum number of passes over a listing."""


@dataclass(frozen=True)
class Pass(Generic[T, PassReader]):
    """One pass over a listing.

    Attributes:
        number: The number of the pass, from 1.
        reader: Reads the pass, and raises ListingChangedError if it shows a change.
        previous_items: The items of the previous pass. None if it showed a change, or if this is
            the first pass.
        pages: The pages that were read, by number, so that a page which is read again after an
            interruption counts once.
    """

    number: int
    reader: PassReader
    previous_items: list[T] | None
    pages: dict[int, Page[T]] = field(default_factory=dict[int, Page[T]])

    def items(self) -> list[T]:
        """Return the items of all pages, in the server's order."""
        return [item for page in self.pages.values() for item in page.items]

    def check_last(self) -> None:
        """Raise if there must not be another pass.

        Raises:
            ListingChangedError: This is the last pass.
        """
        if self.number == MAX_CONSISTENT_PASSES:
            raise ListingChangedError(
                f"no two consecutive passes of {MAX_CONSISTENT_PASSES} agreed: the listing kept "
                "changing while it was read. Nothing was returned. Read it again later"
            )

    def next(self, reader: PassReader, items: list[T] | None) -> "Pass[T, PassReader]":
        """Return the next pass.

        Args:
            reader: Reads the pass.
            items: The items of this pass. None if it showed a change.
        """
        return Pass(self.number + 1, reader, items)


class ConsistentReader(Generic[T]):
    """Reads a listing until two consecutive passes agree; see `finerworks.readers.Reader`.

    Args:
        source: The listing to read.
    """

    def __init__(self, source: Source[T]) -> None:
        self.lock = threading.Lock()
        self.process = os.getpid()
        self.returned = False
        self._source = source
        self._pass: Pass[T, PageReader[T]] = Pass(1, self._new_reader(), None)
        self._pages: list[Page[T]] | None = None  # the items to return, when two passes have agreed
        self._position = 0  # of the current page
        self._handed_out = 0  # the position of the page that was returned last
        self._closed = False

    def _new_reader(self) -> PageReader[T]:
        return PageReader(self._source, max_passes=1)

    def current_page(self) -> Page[T]:
        """Return the current page. Before the first one, read until two passes agree.

        Raises:
            ListingChangedError: No two consecutive passes agreed.
            StopIteration: There is no page left.
        """
        # These statements can be repeated after any interruption.
        if self.returned:
            self._position = self._handed_out + 1
            self.returned = False
        if self._closed:
            raise StopIteration
        pages = self._pages
        if pages is None:
            pages = self._read_until_consistent()
            self._pages = pages
        if self._position == len(pages):
            self.close()
            raise StopIteration
        self._handed_out = self._position
        return pages[self._position]

    def _read_until_consistent(self) -> list[Page[T]]:
        while True:
            current = self._pass
            items: list[T] | None = None
            try:
                self._read_pass(current)
                items = current.items()
            except ListingChangedError:
                current.reader.close()
            if items is not None and items == current.previous_items:
                return list(current.pages.values())
            current.check_last()
            self._pass = current.next(self._new_reader(), items)

    def _read_pass(self, current: Pass[T, PageReader[T]]) -> None:
        """Read the remaining pages of a pass.

        Raises:
            ListingChangedError: The pass shows that the listing changed.
            RuntimeError: The reader was closed meanwhile.
        """
        while not self._was_closed():
            try:
                page = current.reader.current_page()
            except StopIteration:
                if self._was_closed():
                    break
                return
            current.pages[page.number] = page
            current.reader.returned = True
        raise RuntimeError(CLOSED)

    def _was_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Cancel the requests in flight. There are no further pages."""
        self._closed = True
        self._pages = None
        self._pass.reader.close()


class AsyncConsistentReader(Generic[T]):
    """Reads a listing until two consecutive passes agree, with asyncio; see `ConsistentReader`."""

    def __init__(self, source: AsyncSource[T]) -> None:
        self.returned = False
        self._process = os.getpid()
        self._source = source
        self._pass: Pass[T, AsyncPageReader[T]] = Pass(1, self._new_reader(), None)
        self._pages: list[Page[T]] | None = None
        self._position = 0
        self._handed_out = 0
        self._reading = False
        self._closed = False

    def _new_reader(self) -> AsyncPageReader[T]:
        return AsyncPageReader(self._source, max_passes=1)

    async def current_page(self) -> Page[T]:
        """Return the current page. Before the first one, read until two passes agree.

        Raises:
            ListingChangedError: No two consecutive passes agreed.
            StopAsyncIteration: There is no page left.
        """
        check_process(self._process)
        if self.returned:
            self._position = self._handed_out + 1
            self.returned = False
        if self._closed:
            raise StopAsyncIteration
        pages = self._pages
        if pages is None:
            pages = await self._read_alone()
            self._pages = pages
        if self._position == len(pages):
            await self.aclose()
            raise StopAsyncIteration
        self._handed_out = self._position
        return pages[self._position]

    async def _read_alone(self) -> list[Page[T]]:
        """Read until two passes agree, unless another task is doing so."""
        if self._reading:
            raise RuntimeError("this iterator is already being advanced, in another task")
        self._reading = True
        try:
            return await self._read_until_consistent()
        finally:
            self._reading = False

    async def _read_until_consistent(self) -> list[Page[T]]:
        while True:
            current = self._pass
            items: list[T] | None = None
            try:
                await self._read_pass(current)
                items = current.items()
            except ListingChangedError:
                await current.reader.aclose()
            if items is not None and items == current.previous_items:
                return list(current.pages.values())
            current.check_last()
            self._pass = current.next(self._new_reader(), items)

    async def _read_pass(self, current: Pass[T, AsyncPageReader[T]]) -> None:
        """Read the remaining pages of a pass.

        Raises:
            ListingChangedError: The pass shows that the listing changed.
            RuntimeError: The reader was closed meanwhile.
        """
        while not self._was_closed():
            try:
                page = await current.reader.current_page()
            except StopAsyncIteration:
                if self._was_closed():
                    break
                return
            current.pages[page.number] = page
            current.reader.returned = True
        raise RuntimeError(CLOSED)

    def _was_closed(self) -> bool:
        return self._closed

    async def aclose(self) -> None:
        """Cancel the requests in flight. There are no further pages."""
        self._closed = True
        self._pages = None
        await self._pass.reader.aclose()
