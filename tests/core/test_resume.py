"""An iterator that raised keeps its position: the next step continues, and no invoice is lost."""

import asyncio
import gc
import json
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from types import FrameType

import pytest

from answers import listing, rows
from callers import KEYS
from finerworks import (
    APIStatusError,
    AsyncFinerWorks,
    FinerWorks,
    FinerWorksError,
    ListingChangedError,
    prefetch,
)
from finerworks.threads import start_thread
from finerworks_client.models import Invoice
from readers import expect_no_readers
from wire import Exchange, Wire, http, page

COUNT = 60
"""Invoices of a listing: three pages."""

IDS = [str(each) for each in range(COUNT)]

concurrent = pytest.mark.parametrize("concurrency", [1, 6])


class Fails:
    """A server that rejects some pages a number of times, and holds others back.

    Args:
        times: How often each page is rejected, by its number.
        status: The status of rejections. 400 and 501 are not retried.
        count: The number of invoices.
        held: The pages that are held back until `released` is set.
    """

    def __init__(
        self,
        times: dict[int, int],
        status: int = 400,
        count: int = COUNT,
        held: tuple[int, ...] = (),
    ) -> None:
        self._times = dict(times)
        self._status = status
        self._count = count
        self._held = held
        self._lock = threading.Lock()
        self.released = threading.Event()
        self.hung_up = threading.Semaphore(0)
        self.requested: list[int] = []

    def __call__(self, exchange: Exchange) -> None:
        """Send the page, refuse it, or hold it back."""
        number = exchange.asked["page_number"]
        with self._lock:
            refused = self._times.get(number, 0) > 0
            self._times[number] = self._times.get(number, 0) - 1
            self.requested.append(number)
        if refused:
            exchange.send(http(b"", self._status))
            return
        if number in self._held:
            while not self.released.is_set():
                if exchange.pause(0.02):
                    self.hung_up.release()
                    exchange.close()
                    return
        exchange.send(page(exchange, self._count))

    def has_requests(self, number: int, count: int = 1) -> bool:
        """Return whether a page was requested as often as this."""
        with self._lock:
            return self.requested.count(number) >= count


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)


def read_on(ids: Iterator[list[str]], failures: list[Exception], most: int = 20) -> list[str]:
    """Step through an iterator to its end, and continue after each failure."""
    found: list[str] = []
    while len(failures) <= most:
        try:
            found += next(ids)
        except StopIteration:
            return found
        except FinerWorksError as error:
            failures.append(error)
    pytest.fail(f"it failed again and again: {failures[-1]!r}")


async def read_on_async(ids: AsyncIterator[list[str]], failures: list[Exception]) -> list[str]:
    """Do what `read_on` does, for asyncio."""
    found: list[str] = []
    while len(failures) <= 20:
        try:
            found += await anext(ids)
        except StopAsyncIteration:
            return found
        except FinerWorksError as error:
            failures.append(error)
    pytest.fail(f"it failed again and again: {failures[-1]!r}")


class Ids(Iterator[list[str]]):
    """The IDs that each step of a listing returns: of one invoice, or of a page."""

    def __init__(self, fw: FinerWorks, how: str, concurrency: int) -> None:
        pager = fw.invoices.list(concurrency=concurrency)
        self._invoices: Iterator[Invoice] = iter(pager)
        self._pages = pager.pages()
        self._how = how

    def __next__(self) -> list[str]:
        """Execute a step."""
        if self._how == "items":
            return [next(self._invoices).invoice_id]
        return [invoice.invoice_id for invoice in next(self._pages).items]


class AsyncIds(AsyncIterator[list[str]]):
    """The same with asyncio."""

    def __init__(self, fw: AsyncFinerWorks, how: str, concurrency: int) -> None:
        pager = fw.invoices.list(concurrency=concurrency)
        self._invoices: AsyncIterator[Invoice] = aiter(pager)
        self._pages = pager.pages()
        self._how = how

    async def __anext__(self) -> list[str]:
        """Execute a step."""
        if self._how == "items":
            return [(await anext(self._invoices)).invoice_id]
        return [invoice.invoice_id for invoice in (await anext(self._pages)).items]


def read_all(
    kind: str, url: str, how: str, concurrency: int, failures: list[Exception]
) -> list[str]:
    """Read a listing through its failures, by the sync or the async client."""
    if kind == "sync":
        with FinerWorks(**KEYS, base_url=url) as fw:
            return read_on(Ids(fw, how, concurrency), failures)

    async def run() -> list[str]:
        async with AsyncFinerWorks(**KEYS, base_url=url) as fw:
            return await read_on_async(AsyncIds(fw, how, concurrency), failures)

    return asyncio.run(run())


@concurrent
@pytest.mark.parametrize("how", ["items", "pages"])
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    ("times", "status"),
    [({1: 1}, 400), ({2: 1}, 400), ({2: 1}, 501), ({3: 1}, 400), ({1: 1, 2: 3, 3: 2}, 501)],
    ids=["first", "second", "second 501", "last", "several in a row"],
)
def test_it_goes_on_after_a_failure(
    kind: str, how: str, concurrency: int, times: dict[int, int], status: int
) -> None:
    """A failed page is requested again, and each invoice is returned once, in order."""
    failures: list[Exception] = []
    with Wire(Fails(times, status)) as wire:
        assert read_all(kind, wire.url, how, concurrency, failures) == IDS
    if (
        concurrency == 1
    ):  # otherwise, a page that failed while it was prefetched may be requested again unnoticed
        assert len(failures) == sum(times.values())
    assert {getattr(each, "status_code", None) for each in failures} == {status}
    expect_no_readers()


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_it_goes_on_amid_pages_that_were_read_ahead(kind: str) -> None:
    """With many pages in flight, failures lose no invoice, and keep the order."""
    failures: list[Exception] = []
    with Wire(Fails({3: 1, 4: 2, 9: 1, 20: 1}, 501, count=500)) as wire:
        found = read_all(kind, wire.url, "items", 6, failures)
    assert found == [str(each) for each in range(500)]
    assert failures


@concurrent
@pytest.mark.parametrize("how", ["items", "pages"])
@pytest.mark.parametrize("leaves", ["wait_for", "cancel"])
def test_a_step_that_was_given_up_is_taken_up_again(
    how: str, concurrency: int, leaves: str
) -> None:
    """After a timeout or a cancellation, the next step returns the same page.

    The request goes on meanwhile, and is not made again.
    """

    async def run(url: str) -> list[str]:
        async with AsyncFinerWorks(**KEYS, base_url=url) as fw:
            ids = AsyncIds(fw, how, concurrency)
            found: list[str] = []
            while len(found) < 25:
                found += await anext(ids)
            if leaves == "wait_for":
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(ids), 0.2)
            else:
                step = asyncio.ensure_future(anext(ids))
                await asyncio.to_thread(wait_until, lambda: server.has_requests(2))
                step.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await step
            await asyncio.to_thread(wait_until, lambda: server.has_requests(2))
            server.released.set()
            return found + await read_on_async(ids, [])

    server = Fails({}, held=(2,))
    with Wire(server) as wire:
        assert asyncio.run(run(wire.url)) == IDS
    assert sorted(server.requested) == [1, 2, 3]


@concurrent
def test_steps_that_are_given_up_many_times_lose_nothing(concurrency: int) -> None:
    """Cancelled at any step of the event loop, a listing returns each invoice once."""

    async def run(url: str) -> list[str]:
        async with AsyncFinerWorks(**KEYS, base_url=url) as fw:
            ids = AsyncIds(fw, "items", concurrency)
            found: list[str] = []
            for turns in range(100_000):
                step = asyncio.ensure_future(anext(ids))
                for _ in range(turns % 40):
                    await asyncio.sleep(0)
                step.cancel()
                try:
                    found += await step
                except asyncio.CancelledError:
                    continue
                except StopAsyncIteration:
                    return found
        pytest.fail("it never ended")

    server = Fails({})
    with Wire(server) as wire:
        assert asyncio.run(run(wire.url)) == IDS
    assert sorted(server.requested) == [1, 2, 3]


class Interrupted(BaseException):
    """An exception of a signal handler."""


@pytest.fixture
def interrupts() -> Generator[Callable[[], None]]:
    """Return a function that interrupts the main thread, like Ctrl-C, from any thread."""

    def handle(_: int, __: FrameType | None) -> None:
        raise Interrupted

    def interrupt() -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, handle)
    yield interrupt
    signal.signal(signal.SIGUSR1, before)


@concurrent
@pytest.mark.parametrize("how", ["items", "pages"])
def test_it_goes_on_after_ctrl_c(
    how: str, concurrency: int, interrupts: Callable[[], None]
) -> None:
    """An exception of a signal handler while a page is awaited loses no invoice."""
    server = Fails({}, held=(2,))
    with Wire(server) as wire, FinerWorks(**KEYS, base_url=wire.url) as fw:
        ids = Ids(fw, how, concurrency)
        found: list[str] = []
        while len(found) < 25:
            found += next(ids)

        def strikes() -> None:
            wait_until(lambda: server.has_requests(2))
            interrupts()

        striking = threading.Thread(target=strikes)

        def step() -> None:
            striking.start()
            next(ids)

        with pytest.raises(Interrupted):
            step()
        striking.join()
        server.released.set()
        assert found + read_on(ids, []) == IDS
    expect_no_readers()


def test_an_interruption_while_a_thread_is_started_leaves_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread that was just started when the iterator was interrupted ends with the listing."""
    started: list[threading.Thread] = []

    def interrupted_start(target: Callable[[], None]) -> threading.Thread:
        started.append(start_thread(target))
        if len(started) == 2:
            raise Interrupted
        return started[-1]

    monkeypatch.setattr(prefetch, "start_thread", interrupted_start)
    with Wire(Fails({})) as wire, FinerWorks(**KEYS, base_url=wire.url) as fw:
        ids = Ids(fw, "pages", 6)
        found: list[str] = []

        def read() -> None:
            while len(found) < COUNT:
                found.extend(next(ids))

        with pytest.raises(Interrupted):
            read()
        assert found + read_on(ids, []) == IDS
    wait_until(lambda: not any(thread.is_alive() for thread in started))


class Tracing:
    """Raises when a function of the package is called, as a signal handler may do."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.struck: str | None = None

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """Record a call, or raise."""
        code = frame.f_code
        ours = "/finerworks/" in code.co_filename and code.co_name not in ("__del__", "close")
        ours = ours and not code.co_filename.endswith(("validation.py", "money.py"))  # many calls
        if event == "call" and ours and self.struck is None:
            self._left -= 1
            if self._left == 0:
                self.struck = f"{code.co_filename}:{code.co_firstlineno} {code.co_name}"
                raise Interrupted


def interrupted_listing(fw: FinerWorks, concurrency: int, at: int) -> tuple[list[str], str | None]:
    """Read a listing that is interrupted at one call. Return its IDs, and where that was."""
    tracing, before = Tracing(at), sys.gettrace()
    ids = Ids(fw, "pages", concurrency)
    found: list[str] = []
    while True:
        sys.settrace(tracing)
        try:
            step = next(ids)
        except Interrupted:
            continue
        except StopIteration:
            return found, tracing.struck
        finally:
            sys.settrace(before)
        found += step


# A generator may be interrupted while garbage collection closes it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@concurrent
def test_wherever_it_is_interrupted_it_goes_on(concurrency: int) -> None:
    """An exception at the start of any function of the package loses no invoice."""
    lost: list[str] = []
    with Wire() as wire, FinerWorks(**KEYS, base_url=wire.url) as fw:
        for at in range(1, 2_000):
            found, struck = interrupted_listing(fw, concurrency, at)
            if struck is None:
                break
            if found != IDS:
                lost.append(f"{len(found)} of {COUNT}: {struck}")
        else:
            pytest.fail("there are more calls than it tried")
    assert lost == []


class Moves:
    """A server whose total differs from one response to the next, until `settled` is set."""

    def __init__(self) -> None:
        self.settled = False

    def __call__(self, exchange: Exchange) -> None:
        """Send the page that was requested."""
        total = COUNT if self.settled else COUNT + exchange.number
        first = (exchange.asked["page_number"] - 1) * exchange.asked["per_page"]
        found = rows(*IDS[first : first + exchange.asked["per_page"]])
        exchange.send(http(json.dumps(listing(found, total)).encode()))


class Moved:
    """The results and errors of a listing that changed.

    Args:
        moves: The server.
        settles: Whether the listing stops changing after the first error.
    """

    def __init__(self, moves: Moves, *, settles: bool) -> None:
        self._moves = moves
        self._settles = settles
        self.errors: list[ListingChangedError] = []
        self.found: list[str] = []

    def failed(self, error: ListingChangedError) -> None:
        """Record an error."""
        self.errors.append(error)
        self._moves.settled = self._settles

    def read(self, ids: Iterator[list[str]]) -> bool:
        """Continue after each error, a few times. Return whether the listing ended."""
        while len(self.errors) < 5:
            try:
                self.found += next(ids)
            except ListingChangedError as error:
                self.failed(error)
            except StopIteration:
                return True
        return False

    async def read_async(self, ids: AsyncIterator[list[str]]) -> bool:
        """Do the same with asyncio."""
        while len(self.errors) < 5:
            try:
                self.found += await anext(ids)
            except ListingChangedError as error:
                self.failed(error)
            except StopAsyncIteration:
                return True
        return False


@concurrent
@pytest.mark.parametrize("how", ["items", "pages"])
@pytest.mark.parametrize("settles", [False, True])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_listing_that_moved_does_not_end_as_if_complete(
    kind: str, how: str, concurrency: int, settles: bool
) -> None:
    """After `ListingChangedError`, the next step raises again, or the listing is completed."""
    moves = Moves()
    moved = Moved(moves, settles=settles)

    async def use_async(url: str) -> bool:
        async with AsyncFinerWorks(**KEYS, base_url=url) as fw:
            return await moved.read_async(AsyncIds(fw, how, concurrency))

    with Wire(moves) as wire:
        if kind == "sync":
            with FinerWorks(**KEYS, base_url=wire.url) as fw:
                ended = moved.read(Ids(fw, how, concurrency))
        else:
            ended = asyncio.run(use_async(wire.url))
    assert moved.errors
    assert len(moved.found) == len(set(moved.found))
    if ended:
        assert settles
        assert sorted(moved.found, key=int) == IDS


LEAVES = ["close", "break", "collect"]


@pytest.mark.parametrize("how", LEAVES)
def test_leaving_after_a_failure_ends_what_is_in_flight(how: str) -> None:
    """Leaving an iterator after a failure ends its requests and threads."""
    server = Fails({2: 1}, count=500, held=tuple(range(5, 21)))
    with Wire(server) as wire, FinerWorks(**KEYS, base_url=wire.url, timeout=600) as fw:
        pages = fw.invoices.list(concurrency=6).pages()
        assert next(pages).number == 1
        with pytest.raises(APIStatusError):
            next(pages)
        assert [next(pages).number, next(pages).number, next(pages).number] == [2, 3, 4]
        wait_until(lambda: server.has_requests(5) and server.has_requests(6))
        if how == "close":
            pages.close()
            with pytest.raises(StopIteration):
                next(pages)
        else:
            for _ in () if how == "collect" else (1,):
                break
            del pages
            gc.collect()
        for _ in range(2):
            assert server.hung_up.acquire(timeout=30)
        expect_no_readers()
        assert fw.invoices.page(1, per_page=5).total_count == 500


@pytest.mark.parametrize("how", LEAVES)
def test_leaving_after_a_failure_ends_the_tasks(how: str) -> None:
    """Leaving an async iterator after a failure ends its tasks without a warning."""

    async def run(url: str) -> None:
        others = asyncio.all_tasks()
        async with AsyncFinerWorks(**KEYS, base_url=url, timeout=600) as fw:
            pages = fw.invoices.list(concurrency=6).pages()
            assert (await anext(pages)).number == 1
            with pytest.raises(APIStatusError):
                await anext(pages)
            assert [(await anext(pages)).number for _ in range(3)] == [2, 3, 4]
            await asyncio.to_thread(
                wait_until, lambda: server.has_requests(5) and server.has_requests(6)
            )
            if how == "close":
                await pages.aclose()
                with pytest.raises(StopAsyncIteration):
                    await anext(pages)
            else:
                del pages
                gc.collect()
            while asyncio.all_tasks() - others:  # noqa: ASYNC110 - each ends on its own
                await asyncio.sleep(0.01)
            for _ in range(2):
                assert await asyncio.to_thread(server.hung_up.acquire, timeout=30)
            assert (await fw.invoices.page(1, per_page=5)).total_count == 500

    server = Fails({2: 1}, count=500, held=tuple(range(5, 21)))
    with Wire(server) as wire:
        asyncio.run(asyncio.wait_for(run(wire.url), 60))
    gc.collect()


@concurrent
@pytest.mark.parametrize("times", [{}, {2: 1}], ids=["no failure", "a failure"])
def test_two_threads_that_share_an_iterator_lose_nothing(  # noqa: C901 - a thread's work is in it
    concurrency: int, times: dict[int, int]
) -> None:
    """If threads share an iterator, each invoice goes to one of them. A concurrent call may be refused."""
    found: list[str] = []
    failures: list[Exception] = []
    together = threading.Barrier(2)

    def read(ids: Iterator[Invoice]) -> None:
        together.wait(30)
        while True:
            try:
                found.append(next(ids).invoice_id)
            except StopIteration:
                return
            except (ValueError, RuntimeError) as error:
                assert "already" in str(error)  # noqa: PT017 - it may come, or not
                time.sleep(0.001)
            except FinerWorksError as error:
                failures.append(error)

    def does(exchange: Exchange) -> None:
        exchange.pause(0.02)
        server(exchange)

    before = sys.getswitchinterval()
    server = Fails(times)
    with Wire(does) as wire, FinerWorks(**KEYS, base_url=wire.url) as fw:
        sys.setswitchinterval(1e-5)
        try:
            ids = iter(fw.invoices.list(concurrency=concurrency))
            threads = [threading.Thread(target=read, args=(ids,)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
                assert not thread.is_alive()
        finally:
            sys.setswitchinterval(before)
    assert sorted(found, key=int) == IDS
    assert len(failures) <= sum(times.values())


@concurrent
def test_two_tasks_that_share_an_iterator_lose_nothing(concurrency: int) -> None:
    """If tasks share an iterator, each invoice goes to one of them."""
    found: list[str] = []

    async def read(ids: AsyncIterator[Invoice]) -> None:
        while True:
            try:
                found.append((await anext(ids)).invoice_id)
            except StopAsyncIteration:
                return
            except (ValueError, RuntimeError) as error:
                assert "already" in str(error)  # noqa: PT017 - it may come, or not
                await asyncio.sleep(0.001)

    async def run(url: str) -> None:
        async with AsyncFinerWorks(**KEYS, base_url=url) as fw:
            ids = aiter(fw.invoices.list(concurrency=concurrency))
            await asyncio.gather(read(ids), read(ids))

    with Wire(Fails({})) as wire:
        asyncio.run(asyncio.wait_for(run(wire.url), 30))
    assert sorted(found, key=int) == IDS
