"""Consistent listings are read until two passes agree, so that no exchange of rows hides a third row."""

import asyncio
import contextlib
import itertools
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest
from hypothesis import event, given, settings, strategies as st

from callers import KEYS
from finerworks import (
    AsyncFinerWorks,
    AsyncPager,
    FinerWorks,
    ListingChangedError,
    Page,
    Pager,
    ServerError,
)
from finerworks.consistent import MAX_CONSISTENT_PASSES
from finerworks.listing import PageRequest
from wire import Exchange, Wire, http, page

if TYPE_CHECKING:
    from _typeshed import TraceFunction


class Row(NamedTuple):
    """A row of a listing, with a field that may change."""

    number: int
    amount: int = 0


def number_of(row: Row) -> int:
    """Return the unique key of a row."""
    return row.number


def make_rows(count: int) -> list[Row]:
    """Return rows with the numbers from 0."""
    return [Row(number) for number in range(count)]


Change = Callable[[list[Row]], None]
"""Changes the rows of a server in place."""


class Server:
    """A listing that changes between requests.

    Args:
        rows: What is listed at first.
        changes: What happens before the request of that number, from 1.
        reports_total: Whether responses have a total.
        failures: The requests that fail, by their number.

    Attributes:
        requested: The number of the page of each request.
        states: What was listed at each request.
    """

    def __init__(
        self,
        rows: list[Row],
        changes: dict[int, Change] | None = None,
        *,
        reports_total: bool = True,
        failures: tuple[int, ...] = (),
    ) -> None:
        self.rows = list(rows)
        self.requested: list[int] = []
        self.states: list[list[Row]] = []
        self._changes = changes or {}
        self._reports_total = reports_total
        self._failures = failures

    def fetch(self, request: PageRequest) -> Page[Row]:
        """Return a page, or fail."""
        self.requested.append(request.number)
        change = self._changes.get(len(self.requested))
        if change is not None:
            change(self.rows)
        self.states.append(list(self.rows))
        if len(self.requested) in self._failures:
            raise ServerError("down", status_code=503)
        first = (request.number - 1) * request.per_page
        items = self.rows[first : first + request.per_page]
        return Page(request.number, items, len(self.rows) if self._reports_total else None)

    async def fetch_async(self, request: PageRequest) -> Page[Row]:
        """Return a page, with asyncio."""
        await asyncio.sleep(0)
        return self.fetch(request)

    @property
    def passes(self) -> int:
        """The number of requests for the first page."""
        return self.requested.count(1)


class Read(Protocol):
    """Reads a listing to its end."""

    def __call__(
        self, server: Server, per_page: int, *, consistent: bool = True, concurrency: int = 1
    ) -> list[Row]:
        """Return all rows."""
        ...


def read(
    server: Server, per_page: int, *, consistent: bool = True, concurrency: int = 1
) -> list[Row]:
    """Read a listing to its end."""
    pager = Pager(
        server.fetch,
        per_page=per_page,
        key=number_of,
        concurrency=concurrency,
        consistent=consistent,
    )
    return list(pager)


def read_with_asyncio(
    server: Server, per_page: int, *, consistent: bool = True, concurrency: int = 1
) -> list[Row]:
    """Read a listing to its end, with asyncio."""
    pager = AsyncPager(
        server.fetch_async,
        per_page=per_page,
        key=number_of,
        concurrency=concurrency,
        consistent=consistent,
    )

    async def run() -> list[Row]:
        return [row async for row in pager]

    return asyncio.run(run())


both = pytest.mark.parametrize("read_all", [read, read_with_asyncio])


def exchange_rows(rows: list[Row]) -> None:
    """Remove the first row, and add one at the end: the total stays the same."""
    del rows[0]
    rows.append(Row(max(rows).number + 1))


@both
def test_an_exchange_of_rows_hides_no_other_row(read_all: Read) -> None:
    """A consistent listing has the row that a single pass misses without a sign."""
    rows = make_rows(6)
    single_pass = read_all(Server(rows, {2: exchange_rows}), 2, consistent=False)
    assert Row(2) not in single_pass
    server = Server(rows, {2: exchange_rows})
    assert read_all(server, 2) == [*rows[1:], Row(6)]
    assert server.passes == 3


@both
@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("count", [0, 1, 3, 5, 40])
def test_a_quiet_listing_is_read_twice(read_all: Read, count: int, concurrency: int) -> None:
    """If nothing changes, each page is requested twice, and every row is returned once."""
    server = Server(make_rows(count))
    assert read_all(server, 2, concurrency=concurrency) == make_rows(count)
    pages = max(1, -(-count // 2))
    assert sorted(server.requested) == sorted([*range(1, pages + 1)] * 2)


def change_amount(rows: list[Row]) -> None:
    """Change a row in its place."""
    rows[3] = rows[3]._replace(amount=1)


def add_row(rows: list[Row]) -> None:
    """Add a row at the end: the total changes."""
    rows.append(Row(max(rows, default=Row(0)).number + 1))


def swap_rows(rows: list[Row]) -> None:
    """Change the order within a page."""
    rows[2], rows[3] = rows[3], rows[2]


@both
@pytest.mark.parametrize("change", [change_amount, swap_rows, exchange_rows])
def test_passes_that_differ_in_a_row_or_in_the_order_do_not_agree(
    read_all: Read, change: Change
) -> None:
    """If the second pass differs from the first, a third one follows, which is returned."""
    server = Server(make_rows(6), {4: change})
    assert read_all(server, 2) == server.rows
    assert server.passes == 3


@both
def test_the_first_item_comes_after_two_passes(read_all: Read) -> None:
    """A pass that showed a change never counts as agreeing with another."""
    server = Server(make_rows(6), {2: add_row})
    assert read_all(server, 2) == server.rows
    assert server.requested == [1, 2, *[1, 2, 3, 4] * 2]


@both
def test_a_listing_that_never_agrees_is_an_error(read_all: Read) -> None:
    """If each of four passes differs, an error is raised, and nothing is returned."""
    changes: dict[int, Change] = dict.fromkeys(range(1, 100), exchange_rows)
    server = Server(make_rows(2), changes)
    with pytest.raises(ListingChangedError, match="no two consecutive passes of 4 agreed"):
        read_all(server, 2)
    assert server.passes == MAX_CONSISTENT_PASSES == 4


def test_a_listing_that_never_agreed_does_not_end_as_if_complete() -> None:
    """After that error, each further step raises it again, and requests nothing."""
    for change in (exchange_rows, add_row):
        changes: dict[int, Change] = dict.fromkeys(range(1, 100), change)
        server = Server(make_rows(5), changes)
        items = iter(Pager(server.fetch, per_page=2, key=number_of, consistent=True))
        for _ in range(3):
            with pytest.raises(ListingChangedError, match="Nothing was returned"):
                next(items)
        assert server.passes == 4

        async def step(changes: dict[int, Change] = changes) -> int:
            server = Server(make_rows(5), changes)
            pager = AsyncPager(server.fetch_async, per_page=2, key=number_of, consistent=True)
            items = aiter(pager)
            for _ in range(3):
                with pytest.raises(ListingChangedError, match="Nothing was returned"):
                    await anext(items)
            return server.passes

        assert asyncio.run(step()) == 4


def test_pages_are_those_of_the_pass_that_was_confirmed() -> None:
    """`pages()` returns the pages of the confirmed pass, with their numbers and the total."""
    server = Server(make_rows(5), {3: exchange_rows})
    pager = Pager(server.fetch, per_page=2, key=number_of, consistent=True)
    found = list(pager.pages())
    assert [page.number for page in found] == [1, 2, 3]
    assert [len(page.items) for page in found] == [2, 2, 1]
    assert [row for page in found for row in page.items] == server.rows
    assert pager.total_count == 5


@pytest.mark.parametrize("failed", range(1, 7))
def test_an_iterator_that_raised_continues_with_the_page_that_failed(failed: int) -> None:
    """After a failed request, the next step continues with that page, and returns every row once."""
    server = Server(make_rows(6), failures=(failed,))
    items = iter(Pager(server.fetch, per_page=2, key=number_of, consistent=True))
    with pytest.raises(ServerError):
        next(items)
    assert list(items) == make_rows(6)
    assert len(server.requested) == 7

    async def run() -> list[Row]:
        server = Server(make_rows(6), failures=(failed,))
        pager = AsyncPager(server.fetch_async, per_page=2, key=number_of, consistent=True)
        items = aiter(pager)
        with pytest.raises(ServerError):
            await anext(items)
        return [row async for row in items]

    assert asyncio.run(run()) == make_rows(6)


class SignalError(Exception):
    """An exception of a signal handler."""


def raise_at(line: int) -> "TraceFunction":
    """Return a trace function that raises in front of a line of the readers, counted as they run."""
    left = line

    def trace(frame: FrameType, event: str, _: object) -> "TraceFunction | None":
        nonlocal left
        if "consistent.py" not in frame.f_code.co_filename:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise SignalError
        return trace

    return trace


def read_interrupted(line: int) -> bool:
    """Read a listing with an interruption before a line. Return whether there was one."""
    server = Server(make_rows(6), {3: exchange_rows})
    pages = Pager(server.fetch, per_page=2, key=number_of, consistent=True).pages()
    found: list[Row] = []
    was_interrupted = False
    sys.settrace(raise_at(line))
    while True:
        try:
            found += next(pages).items
        except SignalError:
            was_interrupted = True
        except StopIteration:
            break
    sys.settrace(None)
    assert found == server.rows, f"interrupted in front of line {line}"
    return was_interrupted


def test_a_signal_between_two_statements_loses_no_row() -> None:
    """An exception of a signal handler at any line of the reader loses no row."""
    interrupted = 0
    for line in range(1, 1_000):
        # In a thread of its own: where a trace function raises in an `except` clause, Python goes
        # on as if it were in that clause until the thread ends.
        with ThreadPoolExecutor(1) as pool:
            was_interrupted = pool.submit(read_interrupted, line).result()
        if not was_interrupted:
            break
        interrupted += 1
    assert 50 < interrupted < 999


def test_a_cancelled_step_loses_no_row() -> None:
    """After a cancelled `anext()`, the next one returns the same row."""

    async def run(steps: int) -> list[Row]:
        server = Server(make_rows(6), {3: exchange_rows})
        pager = AsyncPager(server.fetch_async, per_page=2, key=number_of, consistent=True)
        items: AsyncIterator[Row] = aiter(pager)
        step = asyncio.ensure_future(anext(items))
        for _ in range(steps):
            await asyncio.sleep(0)
        step.cancel()
        await asyncio.wait([step])
        found = [] if step.cancelled() else [step.result()]
        found += [row async for row in items]
        assert found == server.rows
        return found

    for steps in range(60):
        asyncio.run(run(steps))


def test_two_tasks_do_not_read_with_one_iterator() -> None:
    """A second task that uses the same iterator gets an error."""

    async def run() -> None:
        server = Server(make_rows(6))
        pager = AsyncPager(server.fetch_async, per_page=2, key=number_of, consistent=True)
        items: AsyncIterator[Row] = aiter(pager)
        first = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="in another task"):
            await anext(items)
        assert await first == Row(0)

    asyncio.run(run())


def test_a_second_task_disturbs_no_pass() -> None:
    """A second task never disturbs a pass, whenever it starts."""

    async def run(steps: int) -> bool:
        server = Server(make_rows(12), {2: add_row})
        pager = AsyncPager(
            server.fetch_async, per_page=2, key=number_of, concurrency=3, consistent=True
        )
        items: AsyncIterator[Row] = aiter(pager)
        first = asyncio.ensure_future(anext(items))
        for _ in range(steps):
            await asyncio.sleep(0)
        if first.done():
            return False
        with pytest.raises(RuntimeError, match="in another task"):
            await anext(items)
        assert [await first, *[row async for row in items]] == server.rows
        return True

    disturbed = 0
    while asyncio.run(run(disturbed + 1)):
        disturbed += 1
    assert 10 < disturbed < 999


def test_closing_ends_the_iterator() -> None:
    """A closed iterator ends, and requests nothing more, before, during and after the passes."""
    server = Server(make_rows(6))
    pager = Pager(server.fetch, per_page=2, key=number_of, consistent=True)
    unread = pager.pages()
    unread.close()
    assert list(unread) == []
    assert server.requested == []
    begun = pager.pages()
    assert next(begun).number == 1
    begun.close()
    assert list(begun) == []
    assert len(server.requested) == 6

    async def run() -> None:
        pager = AsyncPager(server.fetch_async, per_page=2, key=number_of, consistent=True)
        pages = pager.pages()
        assert (await anext(pages)).number == 1
        await pages.aclose()
        assert [page async for page in pages] == []

    asyncio.run(run())


def test_closing_tells_the_thread_that_reads() -> None:
    """Closing raises an error in the thread that is reading, instead of returning a part."""
    held = threading.Event()
    outcomes: list[str] = []

    def does(exchange: Exchange) -> None:
        if exchange.asked["page_number"] == 2:
            held.set()
            exchange.wait()
        else:
            exchange.send(page(exchange, 300))

    def run() -> None:
        try:
            outcomes.append(f"{len(list(pages))} pages")
        except RuntimeError as error:
            outcomes.append(str(error))

    with Wire(does) as wire, FinerWorks(**KEYS, base_url=wire.url, timeout=600) as fw:
        pages = fw.invoices.list(consistent=True).pages()
        reader = threading.Thread(target=run)
        reader.start()
        assert held.wait(30)
        pages.close()
        reader.join(30)
        assert not reader.is_alive()
    assert outcomes == ["this listing was closed while it was being read"]


def test_a_client_lists_consistently() -> None:
    """`list(consistent=...)` works for both clients, and accepts only True or False."""
    requested: list[int] = []

    def does(exchange: Exchange) -> None:
        requested.append(exchange.asked["page_number"])
        if len(requested) == 2:
            exchange.send(http(b"", 503))
        else:
            exchange.send(page(exchange, 60))

    with Wire(does) as wire, FinerWorks(**KEYS, base_url=wire.url) as fw:
        ids = [invoice.invoice_id for invoice in fw.invoices.list(consistent=True)]
        assert ids == [str(each) for each in range(60)]
        assert sorted(requested) in ([1, 1, 2, 2, 2, 3, 3], [1, 1, 2, 2, 3, 3, 3])
        with pytest.raises(ValueError, match="consistent= must be True or False, not 'no'"):
            fw.invoices.list(consistent="no")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - what is tested

    async def run(url: str) -> int:
        async with AsyncFinerWorks(**KEYS, base_url=url) as fw:
            return len([invoice async for invoice in fw.invoices.list(consistent=True)])

    requested.clear()
    with Wire(does) as wire:
        assert asyncio.run(run(wire.url)) == 60
        assert len(requested) == 7


# --- histories ------------------------------------------------------------------------------------


def make_change(random: Random, at: float, to: float) -> Change:
    """Return a change of some kind, at a place and to a place (both from 0 to 1)."""
    kind = random.choice(["exchange", "exchange", "insert", "delete", "move", "amount"])
    number = random.randrange(100, 1_000_000_000)

    def change(rows: list[Row]) -> None:
        first = int(at * len(rows))
        second = int(to * (len(rows) + 1))
        if kind in ("exchange", "insert"):
            rows.insert(second, Row(number))
        if not rows:
            return
        if kind in ("exchange", "delete"):
            del rows[first]
        elif kind == "move":
            rows.append(rows.pop(first))
        elif kind == "amount":
            rows[first] = rows[first]._replace(amount=number)

    return change


def make_changes(random: Random) -> dict[int, Change]:
    """Return what happens before which request: mostly exchanges, for some or for most of the time."""
    last = random.randrange(1, 24)
    share = random.choice([0.1, 0.3, 0.8])
    return {
        number: make_change(random, random.random(), random.random())
        for number in range(1, last + 1)
        if random.random() < share
    }


def passes_of(server: Server) -> Iterator[list[list[Row]]]:
    """Return what was listed at each request, pass by pass."""
    starts = [index for index, number in enumerate(server.requested) if number == 1]
    for start, end in zip(starts, [*starts[1:], len(server.requested)], strict=True):
        yield server.states[start:end]


def check_history(
    read_all: Read, seed: int, count: int, per_page: int, reports_total: bool
) -> None:
    """Read a listing while it changes, and compare the outcome with what the server went through."""
    changes = make_changes(Random(seed))
    server = Server(make_rows(count), changes, reports_total=reports_total)
    found: list[Row] | None = None
    with contextlib.suppress(ListingChangedError):
        found = read_all(server, per_page)
    passes = list(passes_of(server))
    assert len(passes) <= MAX_CONSISTENT_PASSES
    quiet = [
        all(state == first[0] for state in [*first, *second])
        for first, second in itertools.pairwise(passes)
    ]
    if found is None:
        event("ListingChangedError")
        assert len(passes) == MAX_CONSISTENT_PASSES
        assert not any(quiet), "two passes saw the same listing, and it was not returned"
        return
    event(f"returned after {len(passes)} passes")
    assert len(set(found)) == len(found)
    assert not any(quiet[:-1]), "a listing that did not change was read again"
    if quiet[-1]:
        assert found == passes[-1][0], "a row of a listing that did not change was lost"


a_seed = st.integers(0, 2**64)
a_count = st.integers(0, 12)
a_page_size = st.integers(1, 4)


@given(seed=a_seed, count=a_count, per_page=a_page_size, reports_total=st.booleans())
@settings(max_examples=10_000)
def test_no_row_of_a_listing_that_holds_still_for_two_passes_is_lost(
    seed: int, count: int, per_page: int, reports_total: bool
) -> None:
    """In 10,000 histories, a listing returns the exact rows or raises ListingChangedError."""
    check_history(read, seed, count, per_page, reports_total)


@given(seed=a_seed, count=a_count, per_page=a_page_size, reports_total=st.booleans())
@settings(max_examples=1_000)
def test_no_row_is_lost_with_asyncio(
    seed: int, count: int, per_page: int, reports_total: bool
) -> None:
    """In 1,000 histories with asyncio, the same is true."""
    check_history(read_with_asyncio, seed, count, per_page, reports_total)
