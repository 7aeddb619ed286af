"""`list()` with `limit`, `since` and `until`, and the results of `first()`, `to_list()` and `count()`."""

import asyncio
import datetime as dt
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Protocol, TypedDict, Unpack

import pytest

from answers import ROW, listing
from callers import KEYS
from finerworks import (
    AsyncFinerWorks,
    AsyncPager,
    BadRequestError,
    FinerWorks,
    FinerWorksError,
    Invoice,
    MissingMonthError,
    Pager,
)
from wire import Exchange, Wire, elsewhere, http

NO_MONTH = dict.fromkeys(("invoice_month", "first_day_of_month", "last_day_of_month"))


class Arguments(TypedDict, total=False):
    """Arguments of `list()`."""

    limit: int | None
    since: str | dt.date | None
    until: str | dt.date | None
    per_page: int
    concurrency: int
    consistent: bool


def row(number: int, month: str | None) -> dict[str, object]:
    """Make an invoice of a month such as 2026-01."""
    made = {**ROW, "invoice_id": str(number)}
    if month is None:
        return {**made, **NO_MONTH}
    return {**made, "invoice_month": f"{month}-01T00:00:00.0000000-06:00"}


def months(*months: str | None) -> list[dict[str, object]]:
    """Make invoices of these months, numbered from 0."""
    return [row(number, month) for number, month in enumerate(months)]


class Serves:
    """A server that responds with the pages of some invoices.

    Args:
        invoices: All invoices.
        total: The reported total. None: the true one.
        refused: The pages that it rejects once.
    """

    def __init__(
        self, invoices: list[dict[str, object]], total: object = None, refused: tuple[int, ...] = ()
    ) -> None:
        self._invoices = invoices
        self._total = len(invoices) if total is None else total
        self._refused = list(refused)
        self.requested: list[int] = []

    def __call__(self, exchange: Exchange) -> None:
        """Respond to a request."""
        number = exchange.asked["page_number"]
        size = exchange.asked["per_page"]
        self.requested.append(number)
        if number in self._refused:
            self._refused.remove(number)
            exchange.send(http(b"", 400))
            return
        found = listing(self._invoices[(number - 1) * size : number * size])
        found["total_count"] = None if self._total == "none" else self._total
        exchange.send(http(json.dumps(found).encode(), 200, "Content-Type: application/json"))


class Reader(Protocol):
    """An interface that is the same for the sync and the async client."""

    def pages(self, wire: Wire, **arguments: Unpack[Arguments]) -> list[list[str]]:
        """Return the ids on each page."""
        ...

    def to_list(self, wire: Wire, **arguments: Unpack[Arguments]) -> list[str]:
        """Return the ids of `to_list()`."""
        ...

    def first(self, wire: Wire, **arguments: Unpack[Arguments]) -> str | None:
        """Return the id of `first()`."""
        ...

    def count(self, wire: Wire, **arguments: Unpack[Arguments]) -> int:
        """Return what `count()` returns."""
        ...

    def resumed(self, wire: Wire, **arguments: Unpack[Arguments]) -> list[str | type]:
        """Return the IDs of one iterator, and the class of each error that it continued after."""
        ...


def ids(invoices: list[Invoice]) -> list[str]:
    """Return the ids of invoices."""
    return [invoice.invoice_id for invoice in invoices]


class SyncReader:
    """Reads with the sync client."""

    def _with(
        self, wire: Wire, arguments: Arguments, use: Callable[[Pager[Invoice]], object]
    ) -> None:
        with FinerWorks(**KEYS, base_url=wire.url) as fw:
            use(fw.invoices.list(**arguments))

    def pages(self, wire: Wire, **arguments: Unpack[Arguments]) -> list[list[str]]:
        """Return the ids on each page."""
        found: list[list[str]] = []
        self._with(
            wire, arguments, lambda pager: found.extend(ids(page.items) for page in pager.pages())
        )
        return found

    def to_list(self, wire: Wire, **arguments: Unpack[Arguments]) -> list[str]:
        """Return the ids of `to_list()`."""
        found: list[str] = []
        self._with(wire, arguments, lambda pager: found.extend(ids(pager.to_list())))
        return found

    def first(self, wire: Wire, **arguments: Unpack[Arguments]) -> str | None:
        """Return the id of `first()`."""
        found: list[Invoice | None] = []
        self._with(wire, arguments, lambda pager: found.append(pager.first()))
        return found[0].invoice_id if found[0] else None

    def count(self, wire: Wire, **arguments: Unpack[Arguments]) -> int:
        """Return what `count()` returns."""
        found: list[int] = []
        self._with(wire, arguments, lambda pager: found.append(pager.count()))
        return found[0]

    def resumed(self, wire: Wire, **arguments: Unpack[Arguments]) -> list[str | type]:
        """Return the IDs of one iterator, and the class of each error that it continued after."""
        found: list[str | type] = []

        def use(pager: Pager[Invoice]) -> None:
            invoices = iter(pager)
            while len(found) < 100:
                try:
                    found.append(next(invoices).invoice_id)
                except StopIteration:
                    return
                except FinerWorksError as error:
                    found.append(type(error))

        self._with(wire, arguments, use)
        return found


class AsyncReader:
    """Reads with the async client."""

    def _with(
        self,
        wire: Wire,
        arguments: Arguments,
        use: Callable[[AsyncPager[Invoice]], Awaitable[None]],
    ) -> None:
        async def call() -> None:
            async with AsyncFinerWorks(**KEYS, base_url=wire.url) as fw:
                await use(fw.invoices.list(**arguments))

        asyncio.run(call())

    def pages(self, wire: Wire, **arguments: Unpack[Arguments]) -> list[list[str]]:
        """Return the ids on each page."""
        found: list[list[str]] = []

        async def use(pager: AsyncPager[Invoice]) -> None:
            found.extend([ids(page.items) async for page in pager.pages()])

        self._with(wire, arguments, use)
        return found

    def to_list(self, wire: Wire, **arguments: Unpack[Arguments]) -> list[str]:
        """Return the ids of `to_list()`."""
        found: list[str] = []

        async def use(pager: AsyncPager[Invoice]) -> None:
            found.extend(ids(await pager.to_list()))

        self._with(wire, arguments, use)
        return found

    def first(self, wire: Wire, **arguments: Unpack[Arguments]) -> str | None:
        """Return the id of `first()`."""
        found: list[Invoice | None] = []

        async def use(pager: AsyncPager[Invoice]) -> None:
            found.append(await pager.first())

        self._with(wire, arguments, use)
        return found[0].invoice_id if found[0] else None

    def count(self, wire: Wire, **arguments: Unpack[Arguments]) -> int:
        """Return what `count()` returns."""
        found: list[int] = []

        async def use(pager: AsyncPager[Invoice]) -> None:
            found.append(await pager.count())

        self._with(wire, arguments, use)
        return found[0]

    def resumed(self, wire: Wire, **arguments: Unpack[Arguments]) -> list[str | type]:
        """Return the IDs of one iterator, and the class of each error that it continued after."""
        found: list[str | type] = []

        async def use(pager: AsyncPager[Invoice]) -> None:
            invoices = aiter(pager)
            while len(found) < 100:
                try:
                    found.append((await anext(invoices)).invoice_id)
                except StopAsyncIteration:
                    return
                except FinerWorksError as error:
                    found.append(type(error))

        self._with(wire, arguments, use)
        return found


sync_and_async = pytest.mark.parametrize(
    "reader", [SyncReader(), AsyncReader()], ids=["sync", "async"]
)

SIX = months("2026-03", "2026-02", "2026-02", "2026-01", "2025-12", "2026-02")
"""Invoices that are not in the order of their months."""


@sync_and_async
@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2026-02", None, ["0", "1", "2", "5"]),
        (None, "2026-01", ["3", "4"]),
        ("2026-01", "2026-02", ["1", "2", "3", "5"]),
        (dt.date(2026, 2, 28), None, ["0", "1", "2", "5"]),
        (None, dt.date(2026, 1, 1), ["3", "4"]),
        (dt.datetime(2026, 2, 28, 23, 59, tzinfo=dt.UTC), dt.date(2026, 2, 1), ["1", "2", "5"]),
        ("2027-01", None, []),
    ],
)
def test_since_and_until_select_months_in_the_servers_order(
    reader: Reader, since: str | dt.date | None, until: str | dt.date | None, expected: list[str]
) -> None:
    """Both months are included, and a date means its month."""
    serves = Serves(SIX)
    with Wire(serves) as wire:
        assert reader.to_list(wire, since=since, until=until, per_page=2) == expected
    assert serves.requested.count(3) == 1, "all pages are read"


@sync_and_async
def test_pages_without_a_selected_invoice_are_empty(reader: Reader) -> None:
    """A page without a selected invoice is returned empty."""
    with Wire(Serves(SIX)) as wire:
        assert reader.pages(wire, since="2026-03", per_page=2) == [["0"], [], []]


@sync_and_async
@pytest.mark.parametrize("concurrency", [1, 6])
@pytest.mark.parametrize(
    ("limit", "pages", "requested"),
    [(1, 1, [1]), (10, 1, [1]), (11, 2, [1, 2]), (25, 3, [1, 2, 3]), (99, 6, [1, 2, 3, 4, 5, 6])],
)
def test_a_limit_requests_no_page_that_is_not_needed(
    reader: Reader, concurrency: int, limit: int, pages: int, requested: list[int]
) -> None:
    """A limit requests and prefetches no page that is not needed."""
    serves = Serves(months(*["2026-01"] * 60))
    with Wire(serves) as wire:
        found = reader.pages(wire, limit=limit, per_page=10, concurrency=concurrency)
    flat = [each for page in found for each in page]
    assert flat == [str(number) for number in range(min(limit, 60))]
    assert len(found) == pages
    assert sorted(serves.requested) == requested


@pytest.mark.parametrize("limit", [1, 10])
def test_nothing_is_fetched_ahead_of_the_last_page_that_a_limit_needs(limit: int) -> None:
    """A limit does not prefetch the second page. A listing without a limit does."""
    with Wire(Serves(months(*["2026-01"] * 60))) as wire:
        with FinerWorks(**KEYS, base_url=wire.url) as fw:
            pages = fw.invoices.list(limit=limit, per_page=10).pages()
            next(pages)
            assert not [each for each in threading.enumerate() if each.name == "finerworks"]

        async def read() -> int:
            async with AsyncFinerWorks(**KEYS, base_url=wire.url) as fw:
                pages = fw.invoices.list(limit=limit, per_page=10).pages()
                await anext(pages)
                return len(asyncio.all_tasks())

        assert asyncio.run(read()) == 1


@sync_and_async
def test_a_limit_counts_what_is_selected(reader: Reader) -> None:
    """A limit counts selected invoices: the third one is on the last page."""
    with Wire(Serves(SIX)) as wire:
        assert reader.to_list(wire, limit=2, since="2026-02", until="2026-02") == ["1", "2"]
        assert reader.to_list(wire, limit=3, since="2026-02", until="2026-02") == ["1", "2", "5"]
        assert reader.to_list(wire, limit=9, until="2026-01", per_page=1) == ["3", "4"]


@sync_and_async
@pytest.mark.parametrize("concurrency", [1, 6])
def test_a_selection_goes_on_after_an_error(reader: Reader, concurrency: int) -> None:
    """A failed page is requested again, and the limit counts each invoice once."""
    serves = Serves(months(*["2026-01", "2026-02"] * 10), refused=(1, 3, 3))
    with Wire(serves) as wire:
        found = reader.resumed(wire, since="2026-02", limit=8, per_page=4, concurrency=concurrency)
    selected = [each for each in found if isinstance(each, str)]
    assert selected == ["1", "3", "5", "7", "9", "11", "13", "15"]
    assert [each for each in found if not isinstance(each, str)] == [BadRequestError] * 3


@sync_and_async
def test_an_invoice_without_a_month_is_never_left_out_silently(reader: Reader) -> None:
    """An invoice without a month raises an error, and so does the next step."""
    undated = Serves(months("2026-01", "2026-02", "2026-03", None, "2026-02", "2026-01"))
    with Wire(undated) as wire:
        found = reader.resumed(wire, since="2026-02", per_page=2)
        assert found == ["1", *[MissingMonthError] * 99]
        for arguments in (Arguments(since="2026-02"), Arguments(until="2026-02")):
            with pytest.raises(MissingMonthError, match="Invoice 3 has no month"):
                reader.to_list(wire, **arguments)
            with pytest.raises(MissingMonthError, match="Invoice 3 has no month"):
                reader.count(wire, **arguments)
            with pytest.raises(MissingMonthError, match="Invoice 3 has no month"):
                reader.pages(wire, **arguments)
        assert len(reader.to_list(wire, limit=4)) == 4, "no month is needed"
        assert reader.to_list(wire, since="2026-02", limit=2) == ["1", "2"], "it is after these"
        assert reader.first(wire, since="2026-03") == "2"


@sync_and_async
def test_a_consistent_listing_has_a_selection(reader: Reader) -> None:
    """Two complete passes must agree before selected invoices are returned."""
    serves = Serves(SIX)
    with Wire(serves) as wire:
        assert reader.to_list(
            wire, consistent=True, limit=2, since="2026-02", until="2026-02", per_page=2
        ) == ["1", "2"]
        assert sorted(serves.requested) == [1, 1, 2, 2, 3, 3]
        assert reader.first(wire, consistent=True) == "0"
        assert reader.count(wire, consistent=True, limit=4) == 4


@sync_and_async
def test_the_first_is_one_request(reader: Reader) -> None:
    """`first()` sends one request, and returns None if there is no invoice."""
    serves = Serves(months(*["2026-01"] * 60))
    with Wire(serves) as wire:
        assert reader.first(wire) == "0"
    assert serves.requested == [1]
    with Wire(Serves(SIX)) as wire:
        assert reader.first(wire, until="2025-12", per_page=2) == "4"
        assert reader.first(wire, since="2027-01", per_page=2) is None
    with Wire(Serves([])) as wire:
        assert reader.first(wire) is None


@sync_and_async
@pytest.mark.parametrize(
    ("count", "total", "arguments", "expected"),
    [
        (60, None, Arguments(), (60, 1)),
        (60, None, Arguments(limit=40), (40, 1)),
        (60, None, Arguments(limit=90), (60, 1)),
        (7, None, Arguments(), (7, 1)),
        (0, None, Arguments(), (0, 1)),
        # The total may count the invoices of the page only: it is read.
        (25, None, Arguments(), (25, 3)),
        (60, 25, Arguments(), (60, 5)),
        (60, 7, Arguments(), (60, 5)),
        (60, 0, Arguments(), (60, 5)),
        (60, "none", Arguments(), (60, 5)),
        (60, "none", Arguments(limit=30), (30, 3)),
        # The API cannot filter.
        (60, None, Arguments(since="2026-01"), (60, 3)),
        (60, None, Arguments(since="2026-02"), (0, 3)),
    ],
)
def test_a_count_is_that_of_an_iteration(
    reader: Reader, count: int, total: object, arguments: Arguments, expected: tuple[int, int]
) -> None:
    """`count()` sends one request if the first page shows the number. Otherwise, it counts."""
    serves = Serves(months(*["2026-01"] * count), total)
    arguments["concurrency"] = 1
    with Wire(serves) as wire:
        assert (reader.count(wire, **arguments), len(serves.requested)) == expected
        assert len(reader.to_list(wire, **arguments)) == expected[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (Arguments(limit=0), "limit= must be an integer of at least 1, not 0"),
        (Arguments(limit=True), "limit= must be an integer of at least 1, not True"),
        (
            Arguments(since="last month"),
            (
                "since= must be YYYY-MM, for example '2026-01', or a datetime.date, "
                "not the text 'last month'"
            ),
        ),
        (Arguments(since="2026-07-15"), "or a datetime.date, not the text '2026-07-15'"),
        (Arguments(since="2026-13"), "since= cannot be '2026-13': there is no month 13"),
        (Arguments(until="2026-13"), "until= cannot be '2026-13': there is no month 13"),
        (Arguments(until="2026-01-31"), "until= must be YYYY-MM"),
        (Arguments(since="2026-02", until="2026-01"), "since=2026-02 is after until=2026-01"),
        (Arguments(since=dt.date(2026, 2, 1), until="2026-01"), "since=2026-02-01 is after until="),
    ],
)
def test_a_wrong_argument_is_an_error_before_anything_is_sent(
    arguments: Arguments, message: str
) -> None:
    """An invalid argument raises ValueError in `list()` itself."""
    with elsewhere() as wire:
        with FinerWorks(**KEYS, base_url=wire.url) as fw, pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is below
            fw.invoices.list(**arguments)
        assert message in str(caught.value)
        fw_async = AsyncFinerWorks(**KEYS, base_url=wire.url)
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is below
            fw_async.invoices.list(**arguments)
        assert message in str(caught.value)


def test_the_total_is_the_servers_whatever_is_selected() -> None:
    """`total_count` is the server's total, whatever is selected. `count()` sets it, too."""
    with Wire(Serves(SIX)) as wire, FinerWorks(**KEYS, base_url=wire.url) as fw:
        pager = fw.invoices.list(since="2026-03", per_page=2)
        assert (len(pager.to_list()), pager.total_count) == (1, 6)
        counted = fw.invoices.list(per_page=2)
        assert (counted.count(), counted.total_count) == (6, 6)
