"""When a listing is complete, and which page comes next. Nothing here sends or waits.

`Listing` is a state machine: it says which page to request, is given the page, and says which
page to request next, until it is complete.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from finerworks.errors import InvalidField, ListingChangedError, ResponseValidationError

T = TypeVar("T")

ItemKey = Callable[[T], Hashable]
"""Returns what distinguishes an item of a listing from the others, such as its id."""

MAX_PASSES = 3
"""How often a listing is read from its first page before it is given up."""

_BUCKETS = 2048


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a listing.

    Attributes:
        number: Which page it is, from 1.
        items: Its items, in the server's order.
        total_count: How many items all pages have, if the server says so.
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


class PageRequest(NamedTuple):
    """Which page to request: its number, from 1, and how many items a page has."""

    number: int
    per_page: int


class _KeySet:
    """A set of texts that only grows, in a quarter of the memory of a Python set.

    The texts are joined, in buckets. A text must begin and end with a character that it does not
    contain otherwise, so that it is not found across two others.
    """

    def __init__(self) -> None:
        self._buckets: defaultdict[int, str] = defaultdict(str)
        self.count = 0

    def add(self, key: str) -> bool:
        """Add a text. Return whether it is new."""
        number = hash(key) % _BUCKETS
        bucket = self._buckets[number]
        if key in bucket:
            return False
        self._buckets[number] = bucket + key
        self.count += 1
        return True


class Listing(Generic[T]):
    """One reading of a listing, page by page.

    Items are distinguished by a key, so an item that moved to a later page is returned once. If
    the total changes meanwhile, if items are missing at the end, or if one appears twice, the
    listing changed while it was read. It is then read again from page 1, and the items that were
    not returned yet follow. After `MAX_PASSES` passes it is given up.

    The total that the server reports is trusted in two cases: it is larger than the first page,
    or the first page is short and has exactly that many items. Otherwise it may count one page
    only, or nothing at all, and pages are requested until one is empty.

    Args:
        per_page: How many items to request at a time.
        key: Returns what distinguishes an item from the others.

    Attributes:
        next_request: The page to request next. None: the listing is complete, or was given up.
    """

    def __init__(self, per_page: int, key: ItemKey[T]) -> None:
        self.next_request: PageRequest | None = PageRequest(1, per_page)
        self._per_page = per_page
        self._key = key
        self._passes = 1
        self._failure: str | None = None
        self._total: int | None = None
        self._total_trusted = False
        self._returned = _KeySet()
        # The items of the current pass. In the first pass these are all that were returned.
        self._seen = self._returned

    @property
    def starts_over(self) -> bool:
        """Whether the next page to request is the first one."""
        return self.next_request is not None and self.next_request.number == 1

    def raise_if_given_up(self) -> None:
        """Raise if the listing was given up.

        Raises:
            ListingChangedError: It changed in every pass.
        """
        if self._failure is not None:
            raise ListingChangedError(self._failure)

    def upcoming(self, limit: int) -> list[PageRequest]:
        """Return the next page to request, and those that will probably follow it.

        Args:
            limit: The most pages to return.
        """
        if self.next_request is None:
            return []
        number, per_page = self.next_request
        last = number
        if self._total_trusted and self._total is not None and number > 1:
            last = max(number, _pages(self._total, per_page))
        end = min(last + 1, number + limit)
        return [PageRequest(each, per_page) for each in range(number, end)]

    def add(self, request: PageRequest, page: Page[T]) -> list[T]:
        """Add the page that was requested. Return its items that were not returned before.

        Raises:
            ResponseValidationError: Two items of the page have the same key.
        """
        # repr() writes no zero byte as it is, so no key is found inside another.
        keys = [f"\0{self._key(item)!r}\0" for item in page.items]
        if len(set(keys)) < len(keys):
            raise ResponseValidationError(
                "two items on one page have the same id: one of them would be lost"
            )
        unseen = [self._seen.add(key) for key in keys]
        new = unseen
        if self._seen is not self._returned:
            new = [self._returned.add(key) for key in keys]
        self.next_request = self._decide(request, page, overlaps=not all(unseen))
        return [item for item, is_new in zip(page.items, new, strict=True) if is_new]

    def _decide(self, request: PageRequest, page: Page[T], *, overlaps: bool) -> PageRequest | None:
        """Return the page to request after another one. The first rule that applies decides.

        Args:
            request: The page that was requested.
            page: What arrived.
            overlaps: Whether one of its items was on an earlier page of this pass.
        """
        if request.number == 1:
            return self._decide_after_first_page(request, page)
        if overlaps or self._total_changed(page):
            return self._start_over()
        return self._decide_by_total(request, page, request.per_page)

    def _decide_after_first_page(self, request: PageRequest, page: Page[T]) -> PageRequest | None:
        count = len(page.items)
        self._total = page.total_count
        is_short = count < request.per_page
        nothing_missing = self._seen.count == self._returned.count
        if page.total_count == count and is_short and nothing_missing:
            return None
        self._total_trusted = page.total_count is not None and page.total_count > count
        # A server may make smaller pages than requested: go on with its size.
        per_page = min(count, request.per_page) or request.per_page
        return self._decide_by_total(request, page, per_page)

    def _decide_by_total(
        self, request: PageRequest, page: Page[T], per_page: int
    ) -> PageRequest | None:
        following = PageRequest(request.number + 1, per_page)
        if self._total_trusted and self._total is not None:
            if self._seen.count == self._total:
                return None
            if self._seen.count > self._total:
                self._total_trusted = False
            elif not page.items or request.number * per_page >= self._total:
                return self._start_over()
            else:
                return following
        return following if page.items else None

    def _total_changed(self, page: Page[T]) -> bool:
        if page.total_count is None or self._total is None or page.total_count == self._total:
            return False
        # A total that only counts the items of its own page differs on a shorter page.
        return self._total_trusted or page.total_count != len(page.items)

    def _start_over(self) -> PageRequest | None:
        """Begin another pass, or give up."""
        if self._passes == MAX_PASSES:
            self._failure = (
                f"the listing changed in each of {MAX_PASSES} passes: "
                f"{self._returned.count} items were returned, and the server counts {self._total}"
            )
            return None
        self._passes += 1
        self._seen = _KeySet()
        return PageRequest(1, self._per_page)


def _pages(total: int, per_page: int) -> int:
    """Return how many pages a total fills."""
    return -(-total // per_page)
