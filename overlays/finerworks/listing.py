"""When a listing is complete, and which page comes next. Nothing here sends or waits.

`Listing` is a state machine. It says which page to request, receives the page, and says which page
to request next, until the listing is complete.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

from finerworks.errors import InvalidField, ListingChangedError, ResponseValidationError, shorten

T = TypeVar("T")

ItemKey = Callable[[T], Hashable]
"""Returns the unique key of an item, such as its ID."""

MAX_PASSES = 3
"""The maximum number of times that a listing is read from its first page."""

_BUCKETS = 2048


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a listing.

    Attributes:
        number: The number of the page, from 1.
        items: Its items, in the server's order.
        total_count: The number of items on all pages, if the server reports it.
    """

    number: int
    items: list[T]
    total_count: int | None

    def __post_init__(self) -> None:
        if self.total_count is not None and self.total_count < 0:
            raise ResponseValidationError(
                "the response breaks the contract: total_count is below 0",
                invalid_fields=(InvalidField("total_count", "is below 0"),),
            )

    def __repr__(self) -> str:
        return (
            f"Page(number={self.number}, {len(self.items)} items, total_count={self.total_count})"
        )

    def _repr_html_(self) -> str:
        """Return what a notebook displays: a table, escaped and with a limited number of rows."""
        from finerworks_client.types import to_html_table  # noqa: PLC0415 - only notebooks need it

        return to_html_table(repr(self), self.items)


class PageRequest(NamedTuple):
    """A page to request: its number, from 1, and the number of items on a page."""

    number: int
    per_page: int


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a listing has been read.

    Attributes:
        next_request: The page to request next. None: the listing is complete, or was abandoned.
        passes: The number of this pass, from 1.
        total: The number of items that the server reported on the first page of this pass, if any.
        total_trusted: Whether it is known that ``total`` counts the items of all pages.
        given_up: Whether the listing was abandoned, because it changed in every pass.
    """

    next_request: PageRequest | None
    passes: int = 1
    total: int | None = None
    total_trusted: bool = False
    given_up: bool = False

    @property
    def starts_over(self) -> bool:
        """Whether the next page to request is the first one."""
        return self.next_request is not None and self.next_request.number == 1

    def upcoming(self, limit: int, items_needed: int | None = None) -> list[PageRequest]:
        """Return the next page to request, and those that will probably follow it.

        Args:
            limit: The maximum number of pages to return.
            items_needed: The number of items that are still needed. None: all of them.
        """
        if self.next_request is None:
            return []
        number, per_page = self.next_request
        if items_needed is not None:
            limit = min(limit, count_pages(max(0, items_needed), per_page))
        last = number
        # After a restart the total may differ: wait for the first page.
        if self.total_trusted and self.total is not None and number > 1:
            pages = count_pages(self.total, per_page)
            last = max(number, pages)
        end = min(last + 1, number + limit)
        return [PageRequest(each, per_page) for each in range(number, end)]


def count_pages(items: int, per_page: int) -> int:
    """Return how many pages are needed for the items. A count may be too large for a float."""
    return -(-items // per_page)


@dataclass(frozen=True)
class Step(Generic[T]):
    """The effect of a page on a listing.

    Attributes:
        page: The page, with the items that were not returned before.
        keys: The keys of all its items.
        progress: How far the listing has been read, including this page.
    """

    page: Page[T]
    keys: list[str]
    progress: Progress


class _KeySet:
    """A set of texts that only grows. A large one takes much less memory than a Python set.

    The texts are joined in buckets. A text must begin and end with a character that does not occur
    inside it, so that it is never found across two others.
    """

    def __init__(self) -> None:
        self._buckets: defaultdict[int, str] = defaultdict(str)
        self.count = 0

    def __contains__(self, key: str) -> bool:
        return key in self._buckets[hash(key) % _BUCKETS]

    def add(self, key: str) -> None:
        """Add a text, unless the set contains it."""
        number = hash(key) % _BUCKETS
        bucket = self._buckets[number]
        if key not in bucket:
            self._buckets[number] = bucket + key
            self.count += 1


class Listing(Generic[T]):
    """One reading of a listing, page by page.

    Items are identified by a key, so an item that moved to a later page is returned only once. If
    the total changes, if items are missing at the end, or if one appears twice, the listing changed
    while it was read. It is then read again from page 1, and items that were not returned yet
    follow. After `max_passes` passes, it is abandoned.

    The total that the server reports is trusted in two cases: if it is larger than the first page,
    or if the first page is short and has exactly that many items. Otherwise, it may count only one
    page, or nothing at all, and pages are requested until one is empty.

    A page counts as returned when its step is committed. Until then, nothing changes, so an
    interrupted caller can continue without losing an item.

    Args:
        per_page: The number of items to request at a time.
        key: Returns the unique key of an item.
        max_passes: The maximum number of times that it is read from its first page.

    Attributes:
        progress: How far it has been read.
    """

    def __init__(self, per_page: int, key: ItemKey[T], max_passes: int = MAX_PASSES) -> None:
        self.progress = Progress(next_request=PageRequest(1, per_page))
        self._per_page = per_page
        self._key = key
        self._max_passes = max_passes
        self._returned = _KeySet()
        # The items of the current pass. In the first pass, these are all returned items.
        self._seen = self._returned

    @property
    def returned(self) -> int:
        """The number of items that were returned in all passes."""
        return self._returned.count

    def raise_if_given_up(self) -> None:
        """Raise if the listing was abandoned.

        Raises:
            ListingChangedError: It changed in every pass.
        """
        if self.progress.given_up:
            raise ListingChangedError(
                f"the listing changed in each of {self._max_passes} passes: {self._returned.count} "
                f"items were returned, and the server counts {shorten(str(self.progress.total))}"
            )

    def evaluate(self, request: PageRequest, page: Page[T]) -> Step[T]:
        """Return the effect of the requested page on the listing.

        Raises:
            ResponseValidationError: Two items of the page have the same key.
        """
        # repr() escapes zero bytes, so a key is never found inside another.
        keys = [f"\0{self._key(item)!r}\0" for item in page.items]
        if len(set(keys)) < len(keys):
            raise ResponseValidationError(
                "two items on one page have the same id: one of them would be lost"
            )
        new_items = [
            item for item, key in zip(page.items, keys, strict=True) if key not in self._returned
        ]
        unseen = len(new_items)
        if self._seen is not self._returned:
            unseen = sum(key not in self._seen for key in keys)
        decision = _Decision(
            self.progress,
            request,
            count=len(page.items),
            total=page.total_count,
            overlaps=unseen < len(keys),
            seen=self._seen.count + unseen,
            returned=self._returned.count + len(new_items),
            first_request=PageRequest(1, self._per_page),
            max_passes=self._max_passes,
        )
        new_page = Page(page.number, new_items, page.total_count)
        return Step(new_page, keys, decision.next_progress())

    def commit(self, step: Step[T]) -> None:
        """Count the page of a step as returned.

        An interrupted caller may repeat this: committing the same step again does nothing.
        """
        if step.progress is self.progress:
            return
        for key in step.keys:
            self._returned.add(key)
        if step.progress.passes > self.progress.passes:
            self._seen = _KeySet()
        elif self._seen is not self._returned:
            for key in step.keys:
                self._seen.add(key)
        self.progress = step.progress


def known_count(page: Page[T], per_page: int, key: ItemKey[T]) -> int | None:
    """Return the number of items in a listing, from its first page. None if it is unknown.

    It is known if the listing ends with that page, or if the total is trusted (see `Listing`).

    Args:
        page: The first page.
        per_page: The number of items that were requested.
        key: Returns the unique key of an item.
    """
    step = Listing(per_page, key).evaluate(PageRequest(1, per_page), page)
    if step.progress.next_request is None:
        return len(page.items)
    if step.progress.total_trusted:
        return step.progress.total
    return None


@dataclass(frozen=True)
class _Decision:
    """Decides what follows a page. In each method, the first rule that applies decides.

    Attributes:
        progress: How far the listing had been read before the page.
        request: The page that was requested.
        count: The number of items that arrived.
        total: The total that arrived with them.
        overlaps: Whether an item was also on an earlier page of this pass.
        seen: The number of items in this pass, including the page.
        returned: The number of items that were returned in all passes, including the page.
        first_request: The first page of a pass.
        max_passes: The maximum number of passes.
    """

    progress: Progress
    request: PageRequest
    count: int
    total: int | None
    overlaps: bool
    seen: int
    returned: int
    first_request: PageRequest
    max_passes: int

    def next_progress(self) -> Progress:
        """Return how far the listing has been read, including the page."""
        if self.request.number == 1:
            return self._after_first_page()
        if self.overlaps or self._total_changed():
            return self._start_over(self.progress)
        return self._by_total(self.progress, self.request.per_page)

    def _after_first_page(self) -> Progress:
        progress = Progress(
            next_request=None,
            passes=self.progress.passes,
            total=self.total,
            total_trusted=self.total is not None and self.total > self.count,
        )
        is_short = self.count < self.request.per_page
        nothing_missing = self.seen == self.returned
        if self.total == self.count and is_short and nothing_missing:
            return progress
        # A server may send smaller pages than requested: continue with its size.
        per_page = self.request.per_page
        if 0 < self.count < per_page:
            per_page = self.count
        return self._by_total(progress, per_page)

    def _by_total(self, progress: Progress, per_page: int) -> Progress:
        following = PageRequest(self.request.number + 1, per_page)
        if progress.total_trusted and progress.total is not None:
            if self.seen == progress.total:
                return replace(progress, next_request=None)
            if self.seen < progress.total:
                reached = self.request.number * per_page >= progress.total
                if reached or self.count == 0:
                    return self._start_over(progress)
                return replace(progress, next_request=following)
            progress = replace(progress, total_trusted=False)
        return replace(progress, next_request=following if self.count else None)

    def _total_changed(self) -> bool:
        before = self.progress.total
        if before is None or self.total is None:
            return False
        if self.total == before:
            return False
        # A total that counts only the items of its own page differs on a shorter page.
        return self.progress.total_trusted or self.total != self.count

    def _start_over(self, progress: Progress) -> Progress:
        """Begin another pass, or abandon the listing."""
        if progress.passes == self.max_passes:
            return replace(progress, next_request=None, given_up=True)
        return replace(progress, next_request=self.first_request, passes=progress.passes + 1)
