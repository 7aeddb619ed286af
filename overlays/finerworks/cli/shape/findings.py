"""Findings about the API from comparing responses. Each finding is one of a few words.

All functions take exchanges: those of the pages that were read one after the other are `pages`.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import cast

from finerworks.cli.shape.exchange import Exchange
from finerworks.cli.shape.values import NumberLiteral, wall_clock
from finerworks.errors import RequestRejectedError

UNKNOWN = "cannot tell"

ALL_ROWS = "the rows of all pages"

DEFAULT_PAGE_SIZE = 10
"""The size of a page if the request does not specify it (according to the help page)."""


def identity(row: object) -> str | None:
    """Return the id of an invoice. None if it has none."""
    if not isinstance(row, dict):
        return None
    value = cast("dict[str, object]", row).get("invoice_id")
    if isinstance(value, NumberLiteral):
        return value.text
    return value if isinstance(value, str) else None


def identities(pages: Iterable[Exchange]) -> list[str]:
    """Return the ids of all invoices that have one, in their order."""
    found = [identity(row) for page in pages for row in page.rows or []]
    return [each for each in found if each is not None]


def repeated_rows(pages: Sequence[Exchange]) -> int:
    """Return how many invoices appeared again, on a later page or on the same one."""
    ids = identities(pages)
    return len(ids) - len(set(ids))


def order_of(values: Iterable[object]) -> str:
    """Return the order of dates. Nulls and other values that are not dates do not count."""
    moments = [moment for moment in map(wall_clock, values) if moment is not None]
    steps = {(later > earlier) - (later < earlier) for earlier, later in pairwise(moments)}
    if not steps:
        return UNKNOWN
    if steps == {0}:
        return "all equal"
    if -1 not in steps:
        return "ascending"
    if 1 not in steps:
        return "descending"
    return "neither"


def meaning_of_total(
    exchanges: Sequence[Exchange], pages: Sequence[Exchange], *, complete: bool
) -> str:
    """Return what `total_count` counts.

    Args:
        exchanges: All exchanges.
        pages: The pages that were read one after the other.
        complete: Whether these are all pages of the listing.
    """
    envelopes = [exchange.envelope for exchange in exchanges if exchange.envelope is not None]
    if not envelopes:
        return UNKNOWN
    if not any("total_count" in envelope for envelope in envelopes):
        return "absent"
    if all(envelope.get("total_count") is None for envelope in envelopes):
        return "null"
    # A page after the last has no rows, so it says nothing.
    counted = [each for each in exchanges if each.envelope is not None and each.rows]
    totals = [each.total_count for each in counted if each.total_count is not None]
    if len(totals) < len(counted):
        return "not always an integer"
    sizes = [len(each.rows or []) for each in counted]
    return _meaning_of_integers(totals, sizes, rows=len(set(identities(pages))), complete=complete)


def _meaning_of_integers(
    totals: Sequence[int], sizes: Sequence[int], *, rows: int, complete: bool
) -> str:
    """Return what totals count.

    Args:
        totals: The total of each page with rows.
        sizes: The number of rows of each of these pages.
        rows: How many invoices were read.
        complete: Whether these are all.
    """
    if totals == sizes:
        is_one_page = len(set(sizes)) <= 1 and rows <= max(sizes, default=0)
        return UNKNOWN if is_one_page else "the rows of the page"
    if len(set(totals)) > 1:
        return "changes"
    is_all = totals[0] == rows if complete else totals[0] >= rows
    return ALL_ROWS if is_all else "something else"


def page_size(exchange: Exchange | None, asked: int, pages: Sequence[Exchange]) -> str:
    """Return whether a page has the requested size.

    Args:
        exchange: The response.
        asked: The requested number of invoices.
        pages: The pages that were read.
    """
    if exchange is None:
        return "not asked"
    if exchange.rows is None:
        return failure(exchange)
    count = len(exchange.rows)
    if count == asked:
        return "obeyed"
    if count > asked:
        return "more rows than asked for"
    return "cut" if _known_rows(pages) > count else UNKNOWN


def default_page_size(exchange: Exchange | None, pages: Sequence[Exchange]) -> str:
    """Return whether a page has the documented size if the request does not specify it."""
    size = page_size(exchange, DEFAULT_PAGE_SIZE, pages)
    return {
        "obeyed": "10 rows, as documented",
        "cut": "fewer than 10 rows",
        "more rows than asked for": "more than 10 rows",
    }.get(size, size)


def _known_rows(pages: Sequence[Exchange]) -> int:
    """Return the minimum number of invoices."""
    totals = [page.total_count or 0 for page in pages]
    return max(len(set(identities(pages))), *totals)


def page_after_last(exchange: Exchange | None) -> str:
    """Return what the server sends for a page after the last one."""
    if exchange is None:
        return "not asked"
    if exchange.rows:
        return "rows"
    if exchange.rows is not None:
        return "an empty list"
    if exchange.envelope is not None and "invoices" in exchange.envelope:
        return "null" if exchange.envelope["invoices"] is None else "not a list"
    return failure(exchange)


def first_page_again(first: Exchange, again: Exchange | None) -> str:
    """Return whether the first page had the same invoices when it was read again."""
    if again is None:
        return "not asked"
    if again.rows is None:
        return failure(again)
    before, after = identities([first]), identities([again])
    if before == after:
        return "the same rows"
    return "the same rows in another order" if set(before) == set(after) else "other rows"


def failure(exchange: Exchange) -> str:
    """Return how a request failed."""
    if exchange.status is None:
        return "no response"
    if exchange.status >= 500:
        return "server error"
    if exchange.status >= 300 or isinstance(exchange.error, RequestRejectedError):
        return "rejected"
    return "not readable"
