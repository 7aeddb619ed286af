"""Listings that change while they are read: every row once, or an error, in thousands of histories.

Hypothesis generates the changes between one page and the next, and the real pagers continue. To run
more histories, for minutes, without the timer that ends a test that hangs: `pytest
tests/core/test_listing_histories.py --hypothesis-profile=fuzz -o faulthandler_timeout=0`.
"""

import asyncio
import itertools
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import ClassVar, Literal

import attrs
import httpx
import pytest
from hypothesis import event, given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from answers import STATUS, rows
from callers import KEYS
from finerworks import (
    APIConnectionError,
    AsyncFinerWorks,
    AsyncHTTPClient,
    AsyncPager,
    FinerWorks,
    FinerWorksError,
    HTTPClient,
    ListingChangedError,
    Page,
    Pager,
    RequestRejectedError,
    ResponseValidationError,
    ServerError,
)
from finerworks.listing import MAX_PASSES, PageRequest
from finerworks_client.models import Invoice

ATTEMPTS = 3
"""The default number of attempts of a request."""


@attrs.frozen
class Total:
    """The total that a server reports.

    Attributes:
        kind: None: no total. "rows": the true number. "page": the rows of the page. "off": `by`
            more than the true number. "fixed": always `by`. "restless": another number each time.
        by: A number for the kind.
    """

    kind: Literal["rows", "page", "off", "fixed", "restless"] | None
    by: int = 0

    def told(self, listed: int, on_page: int, answers: int) -> int | None:
        """Return the total for one response."""
        off = max(0, listed + self.by)
        known = {
            "rows": listed,
            "page": on_page,
            "off": off,
            "fixed": self.by,
            "restless": listed + answers,
        }
        return known.get(self.kind or "")

    def is_usable(self, listed: int) -> bool:
        """Return whether a listing that does not change can be read completely with this total."""
        return self.kind != "restless" and 0 <= (self.told(listed, 0, 0) or 0) <= listed


@attrs.frozen
class Answer:
    """One page as the server returns it."""

    items: list[int]
    told: int | None


class TroubledError(Exception):
    """What an attempt gets instead of a response.

    Args:
        kind: All except "turned down" are retried.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind

    def response(self) -> httpx.Response:
        """Return the response of a failed attempt, or raise its error."""
        if self.kind == "cut off":
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body"
            )
        refusal = {"status": {**STATUS, "success": False}, "invoices": None, "total_count": 0}
        body = b'{"status": {"succ' if self.kind == "half" else json.dumps(refusal).encode()
        return httpx.Response(503 if self.kind == "down" else 200, content=body)

    def typed(self) -> FinerWorksError:
        """Return the error that the caller gets."""
        errors = {
            "down": ServerError(self.kind, status_code=503),
            "cut off": APIConnectionError(self.kind),
            "half": ResponseValidationError(self.kind),
            "turned down": RequestRejectedError(self.kind),
        }
        return errors[self.kind]


class LeftOutError(Exception):
    """An error instead of a response that hides a loss; see `World.deceives_everyone`."""


class World:
    """A server with a listing that may change or fail between any two requests.

    Args:
        count: The number of rows at the beginning.
        per_page: The number of rows that its client requests.
        cap: The maximum number of rows on a page.
        total: The total that it reports.
    """

    def __init__(self, count: int, per_page: int, cap: int, total: Total) -> None:
        self.rows, self.made = list(range(count)), count
        self.per_page, self.cap, self.total = per_page, cap, total
        self.stuck: int | None = None
        self.doubles = False
        self.troubles: list[str] = []
        self.begin()

    def begin(self) -> None:
        """Treat the next request as the first of a new listing."""
        self.there = set(self.rows)  # at every request of the listing
        self.taken: set[int] = set()  # by the pager, which discards some prefetched pages
        self.readings = 0
        self.reading: list[Answer] = []  # since page 1 was last requested
        self.calm = False  # nothing has happened in this pass that keeps it from being complete
        self.due: type[FinerWorksError] | None = None  # how the current request must end
        self.dues: set[type[FinerWorksError]] = (
            set()
        )  # how a prefetched page may end, when it is its turn
        self.failed = 0

    def insert(self, at: int, count: int) -> None:
        """Insert new rows."""
        self.rows[at:at] = range(self.made, self.made + count)
        self.made += count

    def answer(self, ask: PageRequest) -> Answer:
        """Respond to one attempt of a request.

        Raises:
            TroubledError: There is no good response to it.
            LeftOutError: No client could detect from the response that a row is lost.
        """
        self.there &= set(self.rows)
        self._fail()
        if ask.number == 1:
            self.readings, self.reading, self.shape, self.calm = (
                self.readings + 1,
                [],
                self._shape(),
                True,
            )
        # Each page of a pass except the last has a row that no page before it had.
        assert self.readings <= MAX_PASSES, "the listing is read too often"
        assert len(self.reading) <= self.made, "the listing is read for ever"
        answer = self._page(ask)
        self.reading.append(answer)
        self.calm &= (
            self.shape == self._shape() and not self.stuck and self.total.is_usable(len(self.rows))
        )
        if (answer.told or 0) < 0 or len(set(answer.items)) < len(answer.items):
            self.due = ResponseValidationError
            self.dues.add(ResponseValidationError)
        elif self.deceives_everyone():
            raise LeftOutError
        return answer

    def _shape(self) -> tuple[tuple[int, ...], int, Total]:
        return tuple(self.rows), self.cap, self.total

    def _fail(self) -> None:
        if not self.troubles:
            self.failed = 0
            return
        error = TroubledError(self.troubles.pop())
        self.failed += 1
        if error.kind == "turned down" or self.failed == ATTEMPTS:
            self.due = type(error.typed())
        raise error

    def _page(self, ask: PageRequest) -> Answer:
        number, size = self.stuck or ask.number, min(ask.per_page, self.cap)
        items = self.rows[(number - 1) * size : number * size]
        if self.doubles:
            items, self.doubles = items + items[:1], False
        answers = self.readings * 100 + len(self.reading)
        return Answer(items, self.total.told(len(self.rows), len(items), answers))

    def deceives_everyone(self) -> bool:
        """Return whether the last response loses a row, and no response of this pass shows it.

        Pages have only numbers, so a listing whose responses all look unchanged counts as
        unchanged. This is the case if no row appeared twice, no total contradicts another, and one
        of the following is true. These are the only exceptions:

        (a) A row disappeared from a page that was read, and another one appeared before the next
            total. The number of rows matches the total, and the row that moved up was on no page.
        (b) Pages are smaller than requested, and the total counts one page: page 1 looks complete.
        (c) A row disappeared from a page that was read, and page 1 has no total, or one no larger
        than the number of rows: nothing counts the row that moved up. (d) The total is too small,
        and a page ends there: no more rows are expected.
        """
        first, last, come = self.reading[0], self.reading[-1], 0
        for page in self.reading:
            borne_out = first.told is not None and len(first.items) < first.told >= come
            told_anew = None not in (page.told, first.told) and page.told != first.told
            if told_anew and (borne_out or page.told != len(page.items)):
                return False
            come += len(page.items)
        read = {row for page in self.reading for row in page.items}
        if self.there <= self.taken | read or come > len(read):
            return False
        if first.told == come:  # (a), (b), (d)
            return last is not first or come < self.per_page
        return not last.items and (first.told is None or first.told < come)  # (c)


def same(row: int) -> int:
    """Return a row as its own key."""
    return row


def fetched(world: World, ask: PageRequest) -> Page[int]:
    """Fetch a page with the retries of its request."""
    for attempt in itertools.count(1):
        try:
            answer = world.answer(ask)
        except TroubledError as error:
            if error.kind == "turned down" or attempt == ATTEMPTS:
                world.dues.add(type(error.typed()))
                raise error.typed() from None
        else:
            return Page(ask.number, answer.items, answer.told)
    raise AssertionError("an attempt ends it")


def transport(world: World) -> httpx.MockTransport:
    """Put a world behind HTTP. An account without invoices has null for them, or []."""

    def respond(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        try:
            answer = world.answer(PageRequest(asked["page_number"], asked["per_page"]))
        except TroubledError as error:
            return error.response()
        invoices = rows(*answer.items) or (None if world.cap % 2 else [])
        return httpx.Response(
            200, json={"status": STATUS, "invoices": invoices, "total_count": answer.told}
        )

    return httpx.MockTransport(respond)


def ids(page: Page[Invoice]) -> list[int]:
    """Return the rows of a page of invoices."""
    return [int(invoice.invoice_id) for invoice in page.items]


def stepped(pages: AsyncIterator[list[int]]) -> Iterator[list[int]]:
    """Read async pages one at a time, as they are requested."""

    async def step() -> list[int] | None:
        return await anext(pages, None)

    with asyncio.Runner() as runner:
        while (page := runner.run(step())) is not None:
            yield page


FEW = st.integers(1, 4)
PLACES = st.integers(0, 23)
TOTALS = st.one_of(
    st.sampled_from(
        [Total("rows"), Total(None), Total("rows"), Total("page"), Total(None), Total("restless")]
    ),
    st.builds(Total, st.sampled_from(["off", "fixed"]), st.integers(-9, 20)),
)
TROUBLES = st.sampled_from(["down", "cut off", "half", "turned down"])


class Histories(RuleBasedStateMachine):
    """A world that changes, and a consumer that reads page after page, listing after listing."""

    share: ClassVar[int] = 1
    """The divisor of the number of examples, for slow histories."""

    least: ClassVar[int] = 0
    """The minimum number of examples in any profile."""

    concurrency: ClassVar[int] = 1
    """The number of concurrent pages. With more than one, an error may occur before its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: Iterator[list[int]] | None = None
        self.given: list[int] = []

    def read(self) -> Iterator[list[int]]:
        """Begin a listing, and return the rows of its pages."""
        raise AssertionError("each reader has its own")

    @initialize(count=st.integers(0, 20), per_page=FEW, cap=st.integers(1, 12), total=TOTALS)
    def make(self, count: int, per_page: int, cap: int, total: Total) -> None:
        """Create the initial state."""
        self.world = World(count, per_page, cap, total)

    @rule(at=PLACES, count=FEW)
    def insert(self, at: int, count: int) -> None:
        """New rows arrive, in front, between others or at the end."""
        self.world.insert(at % (len(self.world.rows) + 1), count)

    @rule(at=PLACES, count=FEW)
    def delete(self, at: int, count: int) -> None:
        """Rows vanish."""
        at %= len(self.world.rows) + 1
        del self.world.rows[at : at + count]

    @rule(at=PLACES, to=PLACES, count=FEW)
    def replace(self, at: int, to: int, count: int) -> None:
        """Rows vanish between two pages, and as many arrive before the next."""
        self.pull(1)
        before = len(self.world.rows)
        self.delete(at, count)
        self.take()
        self.insert(to, before - len(self.world.rows))

    @rule(at=PLACES, to=PLACES)
    def move(self, at: int, to: int) -> None:
        """A row gets another place."""
        for row in self.world.rows[at : at + 1]:
            self.world.rows.remove(row)
            self.world.rows.insert(to % (len(self.world.rows) + 1), row)

    @rule(cap=FEW)
    def cap(self, cap: int) -> None:
        """Pages get another cap."""
        self.world.cap = cap

    @rule(total=TOTALS)
    def lie(self, total: Total) -> None:
        """The total is counted in another way."""
        self.world.total = total

    @rule(kind=TROUBLES, times=st.integers(1, ATTEMPTS))
    def fail(self, kind: str, times: int) -> None:
        """The next attempts get no good response."""
        self.world.troubles = [kind] * times

    @rule(page=st.sampled_from([None, 1, 2, 3]))
    def spoil(self, page: int | None) -> None:
        """From now on, the same page is returned for every number, or the next page has a row twice."""
        self.world.stuck, self.world.doubles = page, page is None

    @rule()
    def mend(self) -> None:
        """The server works correctly, until something happens again."""
        self.world.stuck, self.world.doubles, self.world.total, self.world.troubles = (
            None,
            False,
            Total("rows"),
            [],
        )

    @rule(times=FEW)
    def pull(self, times: int) -> None:
        """The consumer reads some pages, of a new listing if none is in progress."""
        if self.pages is None:
            self.world.begin()
            self.pages, self.given = self.read(), []
        for _ in range(times):
            self.take()

    @rule()
    def finish(self) -> None:
        """The consumer reads all remaining pages."""
        self.pull(1)
        while self.pages is not None:
            self.take()

    @rule()
    def stop(self) -> None:
        """The consumer leaves the listing."""
        self.pages = None

    def take(self) -> None:
        """Read a page. If there is none, the listing must be complete, or have a reason for its error."""
        pages, self.pages = self.pages, None
        if pages is None:
            return
        try:
            page = next(pages, None)
        except LeftOutError:
            event("left out")
        except FinerWorksError as error:
            self.judge_error(type(error))
        else:
            assert self.world.due is None or self.concurrency > 1, "a broken answer was handed on"
            if page is None:
                self.judge()
            else:
                self.given += page
                assert len(set(self.given)) == len(self.given), "a row was given twice"
                self.pages = pages

    def judge_error(self, kind: type[FinerWorksError]) -> None:
        """Check a listing that ended with an error: of a response, or of a last pass that was disturbed."""
        event(kind.__name__)
        due = self.world.dues if self.concurrency > 1 else {self.world.due} - {None}
        assert kind in due or (kind is ListingChangedError and (self.concurrency > 1 or not due))
        assert due or not self.world.calm, "an error without a reason"

    def judge(self) -> None:
        """Check a listing that ended without an error."""
        again = self.world.readings > 1
        event("whole, read again" if again else "whole")
        assert self.world.there <= set(self.given), "a row was lost"
        if self.world.calm and not again:
            assert tuple(self.given) == self.world.shape[0], "rows out of order"

    def teardown(self) -> None:
        """Read the current listing to its end."""
        while self.pages is not None:
            self.take()


class PagerHistories(Histories):
    """Histories that a `Pager` reads: a thousand worlds, each with some listings."""

    least = 1_000

    def read(self) -> Iterator[list[int]]:
        """Begin a listing."""

        def fetch(ask: PageRequest) -> Page[int]:
            return fetched(self.world, ask)

        for page in Pager(
            fetch, per_page=self.world.per_page, key=same, concurrency=self.concurrency
        ).pages():
            self.world.taken.update(page.items)
            yield page.items


class AsyncPagerHistories(Histories):
    """Histories that an `AsyncPager` reads."""

    share = 2

    def read(self) -> Iterator[list[int]]:
        """Begin a listing."""

        async def fetch(ask: PageRequest) -> Page[int]:
            await asyncio.sleep(0)
            return fetched(self.world, ask)

        async def pages() -> AsyncIterator[list[int]]:
            pager = AsyncPager(
                fetch, per_page=self.world.per_page, key=same, concurrency=self.concurrency
            )
            async for page in pager.pages():
                self.world.taken.update(page.items)
                yield page.items

        return stepped(pages())


class ClientHistories(Histories):
    """Histories that a whole `FinerWorks` reads over HTTP."""

    share = 10

    def read(self) -> Iterator[list[int]]:
        """Begin a listing."""
        with (
            HTTPClient(transport=transport(self.world), **KEYS) as http,
            FinerWorks(http_client=http) as fw,
        ):
            for page in fw.invoices.list(per_page=self.world.per_page, concurrency=1).pages():
                self.world.taken.update(ids(page))
                yield ids(page)


class AsyncClientHistories(Histories):
    """Histories that a whole `AsyncFinerWorks` reads over HTTP."""

    share = 10

    def read(self) -> Iterator[list[int]]:
        """Begin a listing."""

        async def pages() -> AsyncIterator[list[int]]:
            door = AsyncHTTPClient(transport=transport(self.world), **KEYS)
            async with door, AsyncFinerWorks(http_client=door) as fw:
                async for page in fw.invoices.list(
                    per_page=self.world.per_page, concurrency=1
                ).pages():
                    self.world.taken.update(ids(page))
                    yield ids(page)

        return stepped(pages())


class TwoAheadHistories(AsyncPagerHistories):
    """Histories that an `AsyncPager` reads, two pages at a time."""

    concurrency = 2


class EightAheadHistories(AsyncPagerHistories):
    """Histories that an `AsyncPager` reads, eight pages at a time."""

    concurrency = 8


EVERY = [PagerHistories, AsyncPagerHistories, ClientHistories, AsyncClientHistories]


@pytest.mark.parametrize("histories", [*EVERY, TwoAheadHistories, EightAheadHistories])
def test_every_row_is_given_once_or_an_error_is_raised(histories: type[Histories]) -> None:
    """Whatever happens between two pages, a listing returns every row once, or raises an error."""
    examples = max(settings().max_examples // histories.share, histories.least)
    bounds = settings(max_examples=examples, stateful_step_count=30)
    run_state_machine_as_test(histories, settings=bounds)


class Busy(World):
    """A server for several threads, which gets new rows in front meanwhile.

    Args:
        arrivals: The responses before which a row arrives.
    """

    def __init__(
        self, count: int, per_page: int, cap: int, total: Total, arrivals: set[int]
    ) -> None:
        super().__init__(count, per_page, cap, total)
        self.arrivals, self.lock, self.answered = arrivals, threading.Lock(), 0

    def answer(self, ask: PageRequest) -> Answer:
        """Respond to one attempt of a request, in the order of arrival."""
        with self.lock:
            self.answered += 1
            if self.answered in self.arrivals:
                self.insert(0, 1)
            self._fail()
            return self._page(ask)


@pytest.mark.parametrize("concurrency", [1, 2, 8])
@given(
    count=st.integers(0, 60),
    per_page=FEW,
    cap=st.integers(1, 5),
    total=st.sampled_from([Total("rows"), Total(None)]),
    arrivals=st.sets(st.integers(1, 40), max_size=4),
    troubles=st.lists(TROUBLES, max_size=2),
)
def test_threads_give_every_row_once_or_raise(  # noqa: PLR0917 - Hypothesis gives them by name
    concurrency: int,
    count: int,
    per_page: int,
    cap: int,
    total: Total,
    arrivals: set[int],
    troubles: list[str],
) -> None:
    """In any order of the threads, a listing returns every row once, or raises an error."""
    world = Busy(count, per_page, cap, total, arrivals)
    world.troubles = troubles
    given: list[int] = []
    try:
        pages = Pager(
            lambda ask: fetched(world, ask), per_page=per_page, key=same, concurrency=concurrency
        ).pages()
        given += [row for page in pages for row in page.items]
    except FinerWorksError as error:
        assert type(error) in world.dues or (arrivals and isinstance(error, ListingChangedError))  # noqa: PT017
        return
    assert len(set(given)) == len(given)
    assert set(range(count)) <= set(given)
    if not arrivals:
        assert given == [*range(count)]
