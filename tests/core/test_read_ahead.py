"""Reading ahead: the number of pages, their order, how it stops, and the effect of a rate limit."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar

import httpx
import pytest

from answers import listing, rows
from callers import KEYS
from finerworks import (
    APIConnectionError,
    AsyncFinerWorks,
    AsyncHTTPClient,
    FinerWorks,
    HTTPClient,
    ServerError,
)
from finerworks.deadline import Deadline
from finerworks.throttle import ListingClosedError, ListingThrottle
from readers import expect_no_readers, readers
from wire import Exchange, Wire, http, page

COUNT = 500
"""Invoices of a listing: 20 pages."""

IDS = [str(each) for each in range(COUNT)]


class Crowd:
    """A server that waits for a number of requests, except for page 1.

    Args:
        size: The number of requests to wait for.
    """

    def __init__(self, size: int) -> None:
        self._size, self._here = size, threading.Condition()
        self.now = self.most = 0

    def __call__(self, exchange: Exchange) -> None:
        """Respond."""
        with self._here:
            self.now += 1
            self.most = max(self.most, self.now)
            self._here.notify_all()
            if exchange.asked["page_number"] > 1:
                self._here.wait_for(lambda: self.most >= self._size, 10)
            self.now -= 1
        exchange.send(page(exchange, COUNT))


def in_threads(url: str, concurrency: int) -> list[str]:
    """List with the sync client."""
    with FinerWorks(**KEYS, base_url=url) as fw:
        return [invoice.invoice_id for invoice in fw.invoices.list(concurrency=concurrency)]


def in_tasks(url: str, concurrency: int) -> list[str]:
    """List with the async client."""

    async def run() -> list[str]:
        async with AsyncFinerWorks(**KEYS, base_url=url) as fw:
            return [
                invoice.invoice_id async for invoice in fw.invoices.list(concurrency=concurrency)
            ]

    return asyncio.run(run())


Lists = Callable[[str, int], list[str]]
both = pytest.mark.parametrize("lists", [in_threads, in_tasks])


@both
@pytest.mark.parametrize("concurrency", [1, 2, 6, 8, 16])
def test_so_many_pages_are_in_flight_and_no_more(lists: Lists, concurrency: int) -> None:
    """No more pages than `concurrency` are in flight, and invoices are in the server's order."""
    crowd = Crowd(concurrency)
    with Wire(crowd) as wire:
        assert lists(wire.url, concurrency) == IDS
    assert crowd.most == concurrency
    assert wire.connections == concurrency
    assert sorted(exchange.asked["page_number"] for exchange in wire.exchanges) == [*range(1, 21)]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_six_is_the_default(kind: str) -> None:
    """The default is six pages, like the connections of a browser to one host."""

    async def run(url: str) -> int:
        async with AsyncFinerWorks(**KEYS, base_url=url) as fw:
            return len([invoice async for invoice in fw.invoices.list()])

    crowd = Crowd(6)
    with Wire(crowd) as wire:
        if kind == "sync":
            with FinerWorks(**KEYS, base_url=wire.url) as fw:
                assert len(list(fw.invoices.list())) == COUNT
        else:
            assert asyncio.run(run(wire.url)) == COUNT
    assert crowd.most == 6


@both
def test_pages_that_come_late_are_given_in_their_turn(lists: Lists) -> None:
    """Pages that arrive in reverse order are returned in order."""

    def does(exchange: Exchange) -> None:
        exchange.pause(
            0.01 * (20 - exchange.asked["page_number"]) if exchange.asked["page_number"] > 1 else 0
        )
        exchange.send(page(exchange, COUNT))

    with Wire(does) as wire:
        assert lists(wire.url, 8) == IDS


def settles(wire: Wire, requests: int) -> None:
    """Check that exactly a number of requests arrive."""
    until = time.monotonic() + 10
    while len(wire.exchanges) < requests and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)
    assert len(wire.exchanges) == requests


@pytest.mark.parametrize("concurrency", [1, 2, 6])
def test_a_slow_consumer_holds_so_many_pages(concurrency: int) -> None:
    """With a slow consumer, no more pages than `concurrency` are held."""
    with Wire(lambda exchange: exchange.send(page(exchange, COUNT))) as wire:
        with (
            FinerWorks(**KEYS, base_url=wire.url) as fw,
            contextlib.closing(fw.invoices.list(concurrency=concurrency).pages()) as pages,
        ):
            assert next(pages).number == 1
            settles(wire, min(concurrency, 2))
            assert len(readers()) == min(concurrency, 2) - 1
            for number in range(2, 6):
                assert next(pages).number == number
                settles(wire, number + concurrency - 1)
                assert len(readers()) == (concurrency if concurrency > 1 else 0)
        expect_no_readers()


def test_tasks_hold_so_many_pages() -> None:
    """With asyncio, no more pages than `concurrency` are held."""

    async def run(wire: Wire) -> None:
        async with AsyncFinerWorks(**KEYS, base_url=wire.url) as fw:
            async with contextlib.aclosing(fw.invoices.list(concurrency=4).pages()) as pages:
                for number in range(1, 6):
                    assert (await anext(pages)).number == number
                    await asyncio.to_thread(settles, wire, 2 if number == 1 else number + 3)
            assert len(asyncio.all_tasks()) == 1

    with Wire(lambda exchange: exchange.send(page(exchange, COUNT))) as wire:
        asyncio.run(run(wire))


class Silent:
    """A server that sends the first pages, and then nothing until the client hangs up."""

    def __init__(self, first: int = 2) -> None:
        self._first = first
        self.hung_up = threading.Semaphore(0)

    def __call__(self, exchange: Exchange) -> None:
        """Respond, or wait."""
        if exchange.asked["page_number"] > self._first and exchange.asked["per_page"] == 25:
            exchange.wait()
            self.hung_up.release()
            exchange.close()
        else:
            exchange.send(page(exchange, COUNT))


class LeavingError(Exception):
    """An exception of a consumer."""


def leaves(fw: FinerWorks, how: str) -> None:
    """Leave a listing after its second page, while others are in flight."""
    if how == "break":
        for invoice in fw.invoices.list():
            if invoice.invoice_id == "30":
                break
    elif how == "raise":
        with contextlib.suppress(LeavingError):
            for invoice in fw.invoices.list():
                if invoice.invoice_id == "30":
                    raise LeavingError
    else:
        pages = fw.invoices.list().pages()
        assert [next(pages).number, next(pages).number] == [1, 2]
        pages.close()


@pytest.mark.parametrize("how", ["break", "raise", "close"])
def test_who_leaves_waits_for_no_answer_and_leaves_nothing_behind(how: str) -> None:
    """Leaving a listing cancels its requests at once, and the client remains usable."""
    silent = Silent()
    with Wire(silent) as wire, FinerWorks(**KEYS, base_url=wire.url, timeout=600) as fw:
        for _ in range(3):
            leaves(fw, how)
            expect_no_readers()
        for _ in range(3):
            assert silent.hung_up.acquire(timeout=10)
        assert fw.invoices.page(1, per_page=5).total_count == COUNT
    assert not [exchange for exchange in wire.exchanges if exchange.asked["page_number"] > 7]


class Stuck(httpx.BaseTransport):
    """A fetcher that returns page 1, and then blocks like a connection attempt, which cannot be interrupted."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.release = threading.Event()
        self.gave_up = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a page, or wait until the test is over."""
        if json.loads(request.read())["page_number"] > 1:
            self.reached.set()
            self.gave_up = not self.release.wait(60)
        return httpx.Response(200, json=listing(rows(*range(25)), COUNT))


def test_closing_waits_for_no_request_that_cannot_be_ended() -> None:
    """Closing does not wait for a thread that cannot be interrupted."""
    transport = Stuck()
    with HTTPClient(**KEYS, transport=transport) as client:
        pages = FinerWorks(http_client=client).invoices.list(concurrency=2).pages()
        assert next(pages).number == 1
        assert transport.reached.wait(30)
        pages.close()
        assert readers() != []
        assert not transport.gave_up
        transport.release.set()
        for thread in readers():
            thread.join()


def test_connections_come_back_from_requests_that_were_ended() -> None:
    """Cancelled requests of a listing release their connections."""
    silent = Silent()
    limits = httpx.Limits(max_connections=6)
    with Wire(silent) as wire, httpx.HTTPTransport(limits=limits) as transport:
        door = HTTPClient(**KEYS, base_url=wire.url, transport=transport, timeout=600)
        fw = FinerWorks(http_client=door)
        for _ in range(5):
            leaves(fw, "break")
        assert [fw.invoices.page(number, per_page=5).total_count for number in range(1, 8)] == [
            COUNT
        ] * 7


@pytest.mark.parametrize("how", ["break", "cancel", "collect"])
def test_tasks_that_are_left_are_cancelled(how: str) -> None:  # noqa: C901 - three ways to leave
    """A listing that is left, cancelled or garbage-collected leaves no task and no connection."""
    silent = Silent()

    async def reads(fw: AsyncFinerWorks) -> None:
        async for invoice in fw.invoices.list():
            if how != "cancel" and invoice.invoice_id == "30":
                break

    async def run(url: str) -> None:
        limits = httpx.Limits(max_connections=6)
        transport = httpx.AsyncHTTPTransport(limits=limits)
        async with AsyncHTTPClient(**KEYS, base_url=url, transport=transport, timeout=600) as door:
            fw = AsyncFinerWorks(http_client=door)
            for turn in range(10):
                if how == "cancel":
                    task = asyncio.create_task(reads(fw))
                    while len(wire.exchanges) < 7 * (turn + 1):  # noqa: ASYNC110 - they are another thread's
                        await asyncio.sleep(0.01)
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                elif how == "break":
                    await reads(fw)
                else:
                    pages: AsyncIterator[object] = fw.invoices.list().pages()
                    await anext(pages)
                    await anext(pages)
                    del pages
                # A loop closes an abandoned generator in a new task, one iteration later.
                while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert (await fw.invoices.page(1, per_page=5)).total_count == COUNT

    with Wire(silent) as wire:
        asyncio.run(run(wire.url))


def run_program(program: str, url: str) -> subprocess.CompletedProcess[str]:
    """Run a program against a test server."""
    environment = {
        **os.environ,
        "FINERWORKS_BASE_URL": url,
        "FINERWORKS_WEB_API_KEY": "the-web-api-key",
    }
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**environment, "FINERWORKS_APP_KEY": "the-app-key"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_program_that_dies_while_it_reads_does_not_wait() -> None:
    """An uncaught error ends the program, although pages are in flight."""
    program = """
        from finerworks import FinerWorks
        pages = FinerWorks(timeout=600).invoices.list().pages()  # a name that is there to the end: nobody closes it
        next(pages), next(pages)
        raise SystemError("enough")
    """
    with Wire(Silent()) as wire:
        ran = run_program(program, wire.url)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == "SystemError: enough"


def test_a_fork_is_told_that_the_listing_is_not_its_own() -> None:
    """In a forked child, the listing raises an error."""
    program = """
        import os
        from finerworks import FinerWorks
        pages = FinerWorks().invoices.list().pages()
        next(pages), next(pages)
        if not (child := os.fork()):
            try:
                next(pages)
            except RuntimeError as error:
                print(error, flush=True)
            pages.close()
            os._exit(0)
        os.waitpid(child, 0)
        print(sum(len(page.items) for page in pages))
    """
    with Wire(lambda exchange: exchange.send(page(exchange, COUNT))) as wire:
        ran = run_program(program, wire.url)
    told, rest = ran.stdout.splitlines()
    assert told.startswith("this listing is being read in another process")
    assert rest == "450"


def test_it_reads_ahead_under_a_running_event_loop() -> None:
    """The sync client works while an event loop runs, which it blocks."""

    async def run(url: str) -> list[str]:
        return in_threads(url, 6)

    with Wire(lambda exchange: exchange.send(page(exchange, COUNT))) as wire:
        assert asyncio.run(run(wire.url)) == IDS


@both
def test_a_page_that_fails_for_good_ends_the_listing_in_its_turn(lists: Lists) -> None:
    """The error of a page is raised after the pages before it, even if later ones have arrived."""

    def does(exchange: Exchange) -> None:
        number = exchange.asked["page_number"]
        if number == 3:
            exchange.pause(0.1)
        exchange.send(http(b"", 501) if number == 3 else page(exchange, COUNT))

    with Wire(does) as wire:
        with pytest.raises(ServerError):
            lists(wire.url, 6)
        with (
            FinerWorks(**KEYS, base_url=wire.url) as fw,
            contextlib.closing(fw.invoices.list().pages()) as pages,
        ):
            assert [next(pages).number, next(pages).number] == [1, 2]
            with pytest.raises(ServerError, match="501"):
                next(pages)
        expect_no_readers()


class Limited:
    """A server that rejects pages 3 to 8, which are in flight together, the first time."""

    def __init__(self, *headers: str) -> None:
        self._headers, self._lock = headers, threading.Lock()
        self._first = {3, 4, 5, 6, 7, 8}
        self.refused: list[float] = []
        self.came: list[float] = []
        """The times of accepted requests, from page 3 on."""
        self.now = self.most = 0

    def __call__(self, exchange: Exchange) -> None:
        """Respond, or refuse."""
        with self._lock:
            number = exchange.asked["page_number"]
            refuses = number in self._first
            self._first.discard(number)
            if number > 2:
                (self.refused if refuses else self.came).append(time.monotonic())
            self.now += not refuses
            self.most = max(self.most, self.now) if self.refused else 0
        exchange.pause(0.03)
        with self._lock:
            self.now -= not refuses
        exchange.send(http(b"", 429, *self._headers) if refuses else page(exchange, COUNT))


@pytest.mark.waits
@both
@pytest.mark.parametrize("headers", [["Retry-After: 1"], []])
def test_a_rate_limit_pauses_the_listing_and_lowers_the_number_in_flight(
    lists: Lists, headers: list[str]
) -> None:
    """A rate limit pauses the listing, then halves the pages in flight. All pages are returned."""
    limited = Limited(*headers)
    with Wire(limited) as wire:
        assert lists(wire.url, 6) == IDS
    assert len(limited.refused) == 6
    assert min(limited.came) >= limited.refused[0] + (1 if headers else 0.5)
    assert 1 <= limited.most <= 3


@pytest.mark.waits
def test_a_wait_ends_when_the_listing_is_left() -> None:
    """A thread that waits because of a rate limit ends when the listing is left."""
    limited = Limited("Retry-After: 100")
    with Wire(limited) as wire, FinerWorks(**KEYS, base_url=wire.url) as fw:
        pages = fw.invoices.list().pages()
        assert [next(pages).number, next(pages).number] == [1, 2]
        while not limited.refused:
            time.sleep(0.01)
        time.sleep(0.1)
        pages.close()
        expect_no_readers()
    assert limited.came == []


@pytest.mark.waits
def test_a_request_of_a_hook_does_not_wait_for_the_page_that_it_belongs_to() -> None:
    """A request that a hook sends does not wait for the page that caused it."""
    limited = Limited()

    def asks(answer: httpx.Response) -> None:
        if answer.status_code == 200 and limited.refused and len(extra) < 3:
            extra.append(1)
            fw.invoices.page(1, per_page=5)

    extra: list[int] = []
    with Wire(limited) as wire, HTTPClient(**KEYS, base_url=wire.url) as door:
        door.event_hooks = {"response": [asks]}
        fw = FinerWorks(http_client=door)
        assert len(list(fw.invoices.list(concurrency=2))) == COUNT
    assert len(extra) == 3


def test_a_request_that_waits_for_its_turn_ends_when_the_listing_is_closed() -> None:
    """A waiting request ends when the listing is closed, without waiting for the one before it."""
    throttle = ListingThrottle(1)
    throttle.enter(Deadline(60))
    waits = threading.Event()
    ended = threading.Event()

    def wait() -> None:
        waits.set()
        with pytest.raises(ListingClosedError):
            throttle.enter(Deadline(60))
        ended.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert waits.wait(30)
    time.sleep(0.1)  # lets it begin to wait
    throttle.close()
    assert ended.wait(30)
    thread.join()


def test_a_throttle_that_was_closed_lets_nothing_start() -> None:
    """A closed throttle cancels requests in flight, and refuses new ones."""
    throttle = ListingThrottle(2)
    early, late = Deadline(30), Deadline(30)
    throttle.enter(early)
    throttle.enter(late)
    assert not throttle.try_enter(Deadline(30))
    throttle.leave(early)
    throttle.close()
    assert (early.cancelled, late.cancelled) == (False, True)
    with pytest.raises(ListingClosedError):
        throttle.enter(Deadline(30))


@pytest.mark.parametrize("concurrency", [0, -1, 101, True, 2.0, "6", None])
@pytest.mark.parametrize("kind", [FinerWorks, AsyncFinerWorks])
def test_the_number_is_checked(
    kind: type[FinerWorks] | type[AsyncFinerWorks], concurrency: object
) -> None:
    """`concurrency` must be from 1 to the number of connections, which is checked at once."""
    with pytest.raises(ValueError, match="concurrency= must be an integer from 1 to 100"):
        kind(**KEYS).invoices.list(concurrency=concurrency)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - the error is what is tested


def test_context_variables_reach_the_threads() -> None:
    """Hooks see the context variables of the code that reads the listing."""
    span: ContextVar[str] = ContextVar("span", default="none")
    seen: list[str] = []
    with (
        Wire(lambda exchange: exchange.send(page(exchange, COUNT))) as wire,
        HTTPClient(**KEYS, base_url=wire.url) as door,
    ):

        def looks(_: httpx.Request) -> None:
            seen.append(span.get())

        door.event_hooks = {"request": [looks]}
        span.set("mine")
        list(FinerWorks(http_client=door).invoices.list())
    assert seen == ["mine"] * 20


@both
def test_a_client_that_is_closed_while_it_is_read_ahead_says_so(lists: Lists) -> None:
    """If the client is closed, the listing raises an error after pages that have arrived."""

    def reads(url: str) -> None:
        with FinerWorks(**KEYS, base_url=url) as fw:
            pages = fw.invoices.list().pages()
            assert next(pages).number == 1
        list(pages)

    async def reads_async(url: str) -> None:
        async with AsyncFinerWorks(**KEYS, base_url=url) as fw:
            pages = fw.invoices.list().pages()
            assert (await anext(pages)).number == 1
        [page async for page in pages]

    server = Wire(lambda exchange: exchange.send(page(exchange, COUNT)))
    with server as wire, pytest.raises((RuntimeError, APIConnectionError)):
        reads(wire.url) if lists is in_threads else asyncio.run(reads_async(wire.url))
    assert len(server.exchanges) < 4
    expect_no_readers()
