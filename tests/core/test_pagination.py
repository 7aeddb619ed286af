"""When a listing is complete: pages, totals, page caps, and rows that move."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from finerworks import AsyncPager, ListingChangedError, Page, Pager, ResponseValidationError
from finerworks.listing import PageRequest


class Server:
    """A listing on a server that may cap pages, report wrong totals, and change between requests.

    Args:
        rows: What is listed.
        total: The reported total: "rows", "page" (only those of this page), None, or a fixed
            number.
        cap: The maximum number of rows on a page.
        changes: What the listing becomes before the request of that number, from 1.
        caps: What the cap becomes before the request of that number.
    """

    def __init__(
        self,
        rows: list[int],
        total: str | int | None = "rows",
        cap: int = 25,
        changes: dict[int, list[int]] | None = None,
        caps: dict[int, int] | None = None,
    ) -> None:
        self.rows, self.total, self.cap, self.changes, self.caps = (
            rows,
            total,
            cap,
            changes or {},
            caps or {},
        )
        self.asked: list[PageRequest] = []

    def fetch(self, ask: PageRequest) -> Page[int]:
        """Respond to a request."""
        self.asked.append(ask)
        self.rows = self.changes.get(len(self.asked), self.rows)
        self.cap = self.caps.get(len(self.asked), self.cap)
        size = min(ask.per_page, self.cap)
        items = self.rows[(ask.number - 1) * size : ask.number * size]
        named = {"rows": len(self.rows), "page": len(items)}
        total = named[self.total] if isinstance(self.total, str) else self.total
        return Page(ask.number, items, total)

    def pager(self, per_page: int = 25) -> Pager[int]:
        """Return a pager that reads from this server."""

        def key(row: int) -> int:
            return row

        return Pager(self.fetch, per_page=per_page, key=key)


def test_without_a_concurrency_each_page_is_requested_when_it_is_needed() -> None:
    """By default, a pager starts no thread, and prefetches nothing."""
    threads: list[threading.Thread] = []
    server = Server(list(range(60)))

    def fetch(ask: PageRequest) -> Page[int]:
        threads.append(threading.current_thread())
        return server.fetch(ask)

    pages = Pager(fetch, per_page=25, key=lambda row: row).pages()
    for count in (1, 2, 3):
        next(pages)
        assert len(server.asked) == count
    assert threads == [threading.current_thread()] * 3


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 21, 60])
@pytest.mark.parametrize("total", ["rows", "page", None, 0])
@pytest.mark.parametrize("cap", [25, 10])
def test_a_still_listing_is_read_whole(count: int, total: str | int | None, cap: int) -> None:
    """With any total and any page cap, every row is returned once, in order.

    One case looks the same as a short last page: a capped page with a total that counts itself.
    """
    if total == "page" and cap == 10 and count > 10:
        return
    server = Server(list(range(count)), total, cap)
    assert list(server.pager()) == list(range(count))


@pytest.mark.parametrize(
    ("count", "total", "cap", "requests"),
    [
        (0, "rows", 25, 1),
        (24, "rows", 25, 1),
        (25, "rows", 25, 2),  # it may count only one page: the empty page 2 shows that
        (26, "rows", 25, 2),
        (50, "rows", 25, 2),
        (51, "rows", 25, 3),
        (60, "rows", 10, 6),
        (60, None, 25, 4),  # a short page may not be the last: the empty one shows that
        (50, None, 25, 3),
        (10, None, 25, 2),
    ],
)
def test_no_request_is_needless(count: int, total: str | None, cap: int, requests: int) -> None:
    """The last request is for the last page, unless only an empty page shows the end."""
    server = Server(list(range(count)), total, cap)
    assert len(list(server.pager())) == count
    assert len(server.asked) == requests


def test_goes_on_with_the_size_of_a_server_that_caps_pages() -> None:
    """If the server returns 10 rows instead of 25, pages of 10 are requested."""
    server = Server(list(range(30)), cap=10)
    assert list(server.pager()) == list(range(30))
    assert server.asked == [PageRequest(1, 25), PageRequest(2, 10), PageRequest(3, 10)]


def test_a_row_that_arrives_while_reading_is_given_once_and_at_the_end() -> None:
    """If a new row moves another to the next page, both are returned once."""
    server = Server(list(range(60)), changes={2: [100, *range(60)]})
    given = list(server.pager())
    assert sorted(given) == [*range(60), 100]
    assert given[:25] == list(range(25))


def test_a_row_that_vanishes_while_reading_hides_no_other() -> None:
    """If a row disappears, and another moves to a page that was read, the other is returned."""
    server = Server(list(range(60)), changes={2: list(range(1, 60))})
    assert sorted(server.pager()) == list(range(60))


@pytest.mark.parametrize(
    ("changes", "caps"),
    [
        ({}, {2: 3}),  # page 2 is short because the cap fell, not because it is the last
        (
            {2: [9, 0, 1, 2, 3, 4, 5, 6, 7], 3: [0, 1, 2, 3, 4, 5, 6, 7]},
            {},
        ),  # arrived, and went again
    ],
)
@pytest.mark.parametrize("total", [None, 0])
def test_a_row_that_comes_again_is_noticed_without_a_total(
    changes: dict[int, list[int]], caps: dict[int, int], total: int | None
) -> None:
    """Without a total, overlapping pages show that the listing must be read again."""
    server = Server(list(range(8)), total, changes=changes, caps=caps)
    assert list(server.pager(4)) == list(range(8))


def test_a_short_page_is_not_taken_for_the_last() -> None:
    """A short page is not treated as the last one if there is no total."""
    pages = [[1, 2, 3], [4, 6], [7, 8, 9], []]
    assert list(
        Pager(lambda ask: Page(ask.number, pages[ask.number - 1], None), per_page=3, key=int)
    ) == [*pages[0], *pages[1], *pages[2]]


def test_a_total_that_was_not_believed_and_changes_is_noticed() -> None:
    """A change of a total that is not trusted is detected."""
    pages = iter([([0], 1), ([2], 2), ([1], 2), ([2], 2)])
    given = list(Pager(lambda ask: Page(ask.number, *next(pages)), per_page=1, key=int))
    assert given == [0, 2, 1]


def test_a_later_reading_that_has_less_than_an_earlier_one_is_not_taken_for_whole() -> None:
    """A later pass with fewer rows than were already returned does not count as complete."""
    told = iter([3, 1, 1, 1, 1, 1])
    caps = iter([2, 1, 1, 1, 1, 1])
    rows = [0, 1, 2]

    def fetch(ask: PageRequest) -> Page[int]:
        size = next(caps)
        return Page(ask.number, rows[(ask.number - 1) * size : ask.number * size], next(told))

    assert list(Pager(fetch, per_page=2, key=int)) == rows


def test_a_listing_that_never_rests_is_an_error() -> None:
    """A listing that changes in each of three passes raises an error."""
    moving = {n: list(range(n, 60 + n)) + [1000 + n] * (n % 2) for n in range(1, 40)}
    server = Server(list(range(60)), changes=moving)
    with pytest.raises(ListingChangedError, match="in each of 3 passes") as caught:
        list(server.pager())
    assert [ask.number for ask in server.asked].count(1) == 3
    # It is about no single request.
    assert caught.value.attempts == 0
    assert "attempt" not in str(caught.value)


class Moving:
    """A listing that gets a row in front while pages 3 and 4 are prefetched, before page 2 arrives.

    So these two show another state of the listing than page 2, as its total reveals.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.first_ahead = threading.Event()

    def answer(self, ask: PageRequest) -> Page[int]:
        """Respond to a request for a page."""
        self.asked.append(ask.number)
        if {3, 4} <= set(self.asked):
            self.first_ahead.set()
        moved = ask.number == 2 or self.asked.count(1) > 1
        rows = list(range(0 if moved else 1, 9))
        return Page(ask.number, rows[2 * ask.number - 2 : 2 * ask.number], len(rows))

    def fetch(self, ask: PageRequest) -> Page[int]:
        """Respond to threads: page 2 after the prefetched pages."""
        if ask.number == 2:
            assert self.first_ahead.wait(30)
        return self.answer(ask)

    async def fetch_async(self, ask: PageRequest) -> Page[int]:
        """Respond to tasks, in the same order."""
        if ask.number == 2:
            assert await asyncio.to_thread(self.first_ahead.wait, 30)
        return self.answer(ask)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_second_pass_uses_no_page_that_was_fetched_ahead_in_the_first(kind: str) -> None:
    """Pages that were prefetched before the change are requested again."""
    server = Moving()

    def key(row: int) -> int:
        return row

    async def run() -> list[int]:
        pager = AsyncPager(server.fetch_async, per_page=2, key=key, concurrency=4)
        return [row async for row in pager]

    if kind == "sync":
        given = list(Pager(server.fetch, per_page=2, key=key, concurrency=4))
    else:
        given = asyncio.run(run())
    assert sorted(given) == list(range(9))
    assert server.asked.count(1) == 2
    assert server.asked.count(3) == server.asked.count(4) == 2


class Reluctant:
    """A listing that changes on page 2, with a prefetched page that is slow to be cancelled.

    So the next pass takes a while to begin, and can be cancelled meanwhile.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.started = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.let_go = asyncio.Event()

    async def fetch(self, ask: PageRequest) -> Page[int]:
        """Respond to a request for a page."""
        self.asked.append(ask.number)
        if ask.number == 3 and self.asked.count(1) == 1:
            self.started.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                await self.let_go.wait()
                raise
        if ask.number == 2:
            await self.started.wait()
        rows = list(range(8 if self.asked == [1] else 9))
        return Page(ask.number, rows[2 * ask.number - 2 : 2 * ask.number], len(rows))

    async def read_and_be_cancelled(self, pages: AsyncIterator[Page[int]]) -> None:
        """Read page 2, cancelled while reading over again begins."""
        task = asyncio.ensure_future(anext(pages))
        await self.cancelled.wait()
        task.cancel()
        self.let_go.set()
        with pytest.raises(asyncio.CancelledError):
            await task


def create_pager(server: Reluctant) -> AsyncPager[int]:
    """Return a pager that fetches ahead."""

    def key(row: int) -> int:
        return row

    return AsyncPager(server.fetch, per_page=2, key=key, concurrency=4)


def test_a_page_that_was_read_is_given_after_a_cancellation_while_another_pass_begins() -> None:
    """A page that was read is returned after a cancellation while another pass begins."""

    async def run() -> list[int]:
        server = Reluctant()
        pages = create_pager(server).pages()
        given = list((await anext(pages)).items)
        await server.read_and_be_cancelled(pages)
        return given + [row async for page in pages for row in page.items]

    assert asyncio.run(run()) == list(range(9))


def test_a_page_that_was_read_is_gone_when_the_listing_is_closed() -> None:
    """After aclose(), no page is returned, not even one that has arrived."""

    async def run() -> None:
        server = Reluctant()
        pages = create_pager(server).pages()
        await anext(pages)
        await server.read_and_be_cancelled(pages)
        await pages.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(pages)

    asyncio.run(run())


def test_a_task_that_reads_is_told_that_another_one_closed_the_listing() -> None:
    """If another task closes the listing, the reading task gets an error, not a cancellation."""
    asked = asyncio.Event()

    async def fetch(ask: PageRequest) -> Page[int]:
        if ask.number > 1:
            asked.set()
            await asyncio.Event().wait()
        return Page(ask.number, [1, 2], 8)

    def key(row: int) -> int:
        return row

    async def run() -> None:
        pages = AsyncPager(fetch, per_page=2, key=key, concurrency=2).pages()
        await anext(pages)
        await asked.wait()
        task = asyncio.ensure_future(anext(pages))
        await asyncio.sleep(0)  # lets the task begin to wait
        await pages.aclose()
        with pytest.raises(RuntimeError, match="closed"):
            await task

    asyncio.run(run())


def test_a_closed_listing_gives_nothing_of_its_last_page() -> None:
    """After closing, the rest of the current page is not returned."""

    def key(row: int) -> int:
        return row

    server = Server(list(range(60)))
    rows = iter(server.pager())
    assert next(rows) == 0
    rows.close()
    assert list(rows) == []

    async def fetch(ask: PageRequest) -> Page[int]:
        return server.fetch(ask)

    async def run() -> None:
        rows = aiter(AsyncPager(fetch, per_page=25, key=key))
        assert await anext(rows) == 0
        await rows.aclose()
        assert [row async for row in rows] == []

    asyncio.run(run())


def test_a_listing_that_nobody_refers_to_any_more_ends_its_tasks() -> None:
    """The tasks of a garbage-collected listing are cancelled."""
    asked = asyncio.Event()
    cancelled = asyncio.Event()
    never = asyncio.Event()

    async def fetch(ask: PageRequest) -> Page[int]:
        if ask.number > 1:
            asked.set()
            try:
                await never.wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise
        return Page(ask.number, [1, 2], 8)

    def key(row: int) -> int:
        return row

    async def run() -> None:
        pages = AsyncPager(fetch, per_page=2, key=key, concurrency=2).pages()
        await anext(pages)
        await asked.wait()
        del pages
        gc.collect()
        await asyncio.wait_for(cancelled.wait(), 30)

    asyncio.run(run())


def test_without_a_concurrency_one_page_is_read_at_a_time() -> None:
    """By default, a pager reads one page at a time, in threads and in tasks."""
    server = Server(list(range(60)))
    assert list(server.pager()) == list(range(60))
    in_flight: list[int] = []

    async def fetch(ask: PageRequest) -> Page[int]:
        in_flight.append(ask.number)
        await asyncio.sleep(0)
        assert in_flight == [ask.number]
        in_flight.remove(ask.number)
        return server.fetch(ask)

    def key(row: int) -> int:
        return row

    async def run() -> list[int]:
        return [row async for row in AsyncPager(fetch, per_page=25, key=key)]

    assert asyncio.run(run()) == list(range(60))


def test_a_page_that_repeats_for_ever_is_an_error() -> None:
    """A server that ignores `page_number` causes an error, not an endless listing."""
    rows = list(range(25))
    asked: list[int] = []

    def fetch(ask: PageRequest) -> Page[int]:
        asked.append(ask.number)
        return Page(ask.number, rows, None)

    def key(row: int) -> int:
        return row

    with pytest.raises(ListingChangedError, match="25 items were returned"):
        list(Pager(fetch, per_page=25, key=key))
    assert asked == [1, 2] * 3


@pytest.mark.parametrize("total", [61, 1000, pytest.param(10**400, id="more than a float")])
def test_rows_that_the_total_counts_and_no_page_has_are_an_error(total: int) -> None:
    """A total that is larger than the number of rows is an error at the end."""
    server = Server(list(range(60)), total)
    given: Iterator[int] = iter(server.pager())
    with pytest.raises(ListingChangedError, match=f"the server counts {str(total)[:99]}"):
        list(given)
    pages = 3 if total == 61 else 4  # an empty page shows the end if more are expected
    assert len(server.asked) == 3 * pages


def test_more_rows_than_the_total_counts_are_given() -> None:
    """A total that is too small loses no row."""
    server = Server(list(range(60)), 30)
    assert list(server.pager()) == list(range(60))


def test_a_negative_total_breaks_the_contract() -> None:
    """A total below 0 is an error that names the field."""
    with pytest.raises(ResponseValidationError, match="total_count is below 0") as caught:
        Page[int](1, [], -1)
    assert caught.value.field == "total_count"


def test_an_error_on_a_page_ends_the_listing() -> None:
    """The error of a page is raised after the rows before it."""
    server = Server(list(range(60)))

    def fetch(ask: PageRequest) -> Page[int]:
        if ask.number == 2:
            raise ConnectionError("gone")
        return server.fetch(ask)

    def key(row: int) -> int:
        return row

    given: list[int] = []
    with pytest.raises(ConnectionError):
        given.extend(Pager(fetch, per_page=25, key=key))
    assert given == list(range(25))


def test_two_items_of_one_id_on_a_page_are_an_error() -> None:
    """Two items with the same ID on a page are an error. Neither is dropped silently."""
    with pytest.raises(ResponseValidationError, match="two items on one page have the same id"):
        list(Server([1, 2, 2]).pager())
