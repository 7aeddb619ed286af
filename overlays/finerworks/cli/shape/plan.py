"""The requests to send: enough to find out what is not known, and at most ten."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from finerworks.cli.shape.exchange import Exchange, Question
from finerworks.listing import count_pages

MAX_REQUESTS: Final = 10
"""The maximum number of requests that `interview` sends."""

PAGE_SIZE: Final = 25
"""The maximum size of a page (according to the help page)."""

MAX_PAGES: Final = 5
"""The maximum number of pages that are read one after the other."""

FAR_PAGE: Final = 1_000_000
"""A page that no account has: at one invoice per month, it would take two million years."""

PAGE: Final = "page"
OWN_PAGE: Final = "page of the account that owns the keys"
AGAIN: Final = "page 1 again"
ONE_ROW: Final = "per_page 1"
NO_SIZE: Final = "per_page left out"
AFTER_LAST: Final = "a page after the last"
TOO_LARGE: Final = "per_page 26"

Ask = Callable[[Question], Exchange]


def announcement(host: str) -> str:
    """Return a description of what will be sent to a host."""
    return (
        f"sends at most {MAX_REQUESTS} requests to {host}, which only read: up to {MAX_PAGES} "
        f"pages of {PAGE_SIZE} invoices; the first page again, with per_page 1, with per_page 26 "
        "and without per_page; a page after the last. No request is sent twice after a failure"
    )


@dataclass(frozen=True)
class Interview:
    """The requests that were sent, and their results.

    Attributes:
        pages: The pages from the first on, that were read one after the other.
        others: The other requests, by their purpose. Those that were not sent are missing.
    """

    pages: list[Exchange]
    others: dict[str, Exchange]

    @property
    def exchanges(self) -> list[Exchange]:
        """All of them, in the order in which they were sent."""
        return [*self.pages, *self.others.values()]

    @property
    def is_complete(self) -> bool:
        """Whether the last page of the listing was read."""
        return self.pages[-1].rows == [] or _is_last(self.pages)

    @property
    def after_last(self) -> Exchange | None:
        """The request for a page after the last one. None if there was none."""
        return self.others.get(AFTER_LAST) or _empty_page(self.pages)


def interview(ask: Ask) -> Interview:
    """Send the requests, one after the other, and return the results.

    Nothing more is sent after the first request failed, after a rate limit, or after a request
    without a response.
    """
    pages = _read_pages(ask)
    others = dict[str, Exchange]()
    if pages[0].is_page:
        last = pages[-1]
        for question in _further_questions(pages):
            if must_stop(last):
                break
            last = ask(question)
            others[question.purpose] = last
    return Interview(pages, others)


def _further_questions(pages: Sequence[Exchange]) -> list[Question]:
    """Return the requests to send after the pages. Those that are likely to fail come last."""
    questions = [Question(AGAIN, 1, PAGE_SIZE), Question(ONE_ROW, 1, 1), Question(NO_SIZE, 1, None)]
    if _empty_page(pages) is None:
        questions.append(Question(AFTER_LAST, _page_after_last(pages), PAGE_SIZE, may_fail=True))
    questions.append(Question(TOO_LARGE, 1, PAGE_SIZE + 1, may_fail=True))
    return questions


def _read_pages(ask: Ask) -> list[Exchange]:
    """Read pages from the first on: to the last one, if that is among the first `MAX_PAGES`."""
    pages = list[Exchange]()
    for number in range(1, MAX_PAGES + 1):
        # Nothing is known about a page after one that does not exist, except that the list has
        # ended.
        may_fail = bool(pages) and not _more_are_due(pages)
        exchange = ask(Question(f"{PAGE} {number}", number, PAGE_SIZE, may_fail=may_fail))
        pages.append(exchange)
        if not exchange.rows or _is_last(pages):
            break
    return pages


def rows_read(pages: Sequence[Exchange]) -> int:
    """Return the number of invoices on all pages together."""
    return sum(len(page.rows or []) for page in pages)


def _more_are_due(pages: Sequence[Exchange]) -> bool:
    """Return whether the server says that there are more invoices."""
    total = pages[-1].total_count
    return total is not None and total > rows_read(pages)


def _is_last(pages: Sequence[Exchange]) -> bool:
    """Return whether a page is the last one, without a doubt.

    A full page may be followed by another one, whatever the total is: it may count only the page.
    """
    is_full = len(pages[-1].rows or []) >= PAGE_SIZE
    return not is_full and pages[-1].total_count is not None and not _more_are_due(pages)


def _empty_page(pages: Sequence[Exchange]) -> Exchange | None:
    """Return the last page that was read, if it is after the last one of the listing."""
    last = pages[-1]
    is_after_last = last.question.may_fail and last.is_success and not last.rows
    return last if is_after_last else None


def _page_after_last(pages: Sequence[Exchange]) -> int:
    """Return the number of a page that is after the last one."""
    if _is_last(pages):
        return len(pages) + 1
    if not _more_are_due(pages):
        return FAR_PAGE
    size = len(pages[0].rows or []) or 1
    number = count_pages(pages[-1].total_count or 0, size) + 1
    return min(number, FAR_PAGE)


def must_stop(exchange: Exchange) -> bool:
    """Return whether nothing more may be sent, because of a rate limit or a missing response."""
    return exchange.status is None or exchange.status == 429
