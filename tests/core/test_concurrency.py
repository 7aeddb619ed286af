"""Threads and tasks can share a client, and each gets its own complete results."""

import asyncio
import functools
import itertools
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Never

import httpx
import pytest

from answers import listing, rows
from callers import KEYS, Caller
from finerworks import (
    APIConnectionError,
    APITimeoutError,
    AsyncFinerWorks,
    AsyncHTTPClient,
    FinerWorks,
    FinerWorksError,
    HTTPClient,
    ResponseValidationError,
    ServerError,
)
from finerworks_client.models import Invoice
from wire import Does, Exchange, Wire, http, page

WORKERS = 12


class Sellers:
    """A server with an account per seller. Some requests fail, and some are cut off."""

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self._lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        """Respond with the invoices of the requested account."""
        with self._lock:
            number = next(self._count)
        asked = json.loads(exchange.body)
        if number % 5 == 0:
            exchange.send(http(b"", 503))
        elif number % 7 == 0:
            exchange.send(http(b"{", 200, length=9999))
            exchange.close()
        else:
            first = (asked["page_number"] - 1) * asked["per_page"]
            found = [f"{asked['account_key']}-{each}" for each in range(60)][
                first : first + asked["per_page"]
            ]
            exchange.send(http(json.dumps(listing(rows(*found), 60)).encode()))


def expected(seller: str) -> list[str]:
    """Return the IDs of a seller's invoices."""
    return [f"{seller}-{each}" for each in range(60)]


SELLERS = [f"seller-{each}" for each in range(WORKERS)]


def test_threads_share_a_client() -> None:
    """Each thread gets all of its own seller's invoices, in spite of faults and shared connections."""
    with Wire(Sellers()) as wire, FinerWorks(**KEYS, base_url=wire.url, max_retries=20) as fw:

        def read(seller: str) -> list[str]:
            view = fw.with_options(account_key=seller)
            return [
                invoice.invoice_id
                for client in (view, fw)
                for invoice in client.invoices.list(account_key=seller)
            ]

        with ThreadPoolExecutor(WORKERS) as pool:
            given = list(pool.map(read, SELLERS))
    assert given == [expected(seller) * 2 for seller in SELLERS]
    assert wire.connections <= 100


def test_tasks_share_a_client() -> None:
    """Each task gets all of its own seller's invoices, in spite of faults and shared connections."""

    async def use(url: str) -> list[list[str]]:
        async with AsyncFinerWorks(**KEYS, base_url=url, max_retries=20) as fw:

            async def read(seller: str) -> list[str]:
                view = fw.with_options(account_key=seller)
                return [
                    invoice.invoice_id
                    for client in (view, fw)
                    async for invoice in client.invoices.list(account_key=seller)
                ]

            return await asyncio.gather(*map(read, SELLERS))

    with Wire(Sellers()) as wire:
        assert asyncio.run(use(wire.url)) == [expected(seller) * 2 for seller in SELLERS]


def drip_for_one(exchange: Exchange) -> None:
    """Respond, byte by byte if the seller is the slow one."""
    answer = http(json.dumps(listing(rows("a"))).encode())
    if json.loads(exchange.body)["account_key"] == "slow":
        exchange.drip(answer)
    else:
        exchange.send(answer)


def test_the_time_of_one_request_is_not_anothers() -> None:
    """A request that times out does not affect the time limits of other requests."""
    with Wire(drip_for_one) as wire, FinerWorks(**KEYS, base_url=wire.url, max_retries=0) as fw:
        fw.invoices.page(account_key="quick")
        slow = fw.with_options(account_key="slow", timeout=1)
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(slow.invoices.page)
            while not late.done():
                assert fw.invoices.page(account_key="quick").total_count == 1
            with pytest.raises(APITimeoutError):
                late.result()
        with pytest.raises(APITimeoutError):
            slow.invoices.page()
        assert fw.invoices.page(account_key="quick").total_count == 1

    async def use(url: str) -> None:
        async with AsyncFinerWorks(**KEYS, base_url=url, max_retries=0) as fw:
            slow = fw.with_options(account_key="slow", timeout=1)
            late = asyncio.create_task(slow.invoices.page())
            while not late.done():
                assert (await fw.invoices.page(account_key="quick")).total_count == 1
            with pytest.raises(APITimeoutError):
                await late
            assert (await fw.invoices.page(account_key="quick")).total_count == 1

    with Wire(drip_for_one) as wire:
        asyncio.run(use(wire.url))


def test_the_connections_of_a_shared_transport_are_bound_to_no_time_of_ours() -> None:
    """Our time limits do not apply to a plain httpx client on the same transport."""
    dripped = http(b"x" * 150)  # four seconds, twice the time limit of our requests

    def does(exchange: Exchange) -> None:
        exchange.drip(dripped) if b"/slow" in exchange.head else exchange.send(page(exchange))

    with Wire(does) as wire, httpx.HTTPTransport() as transport:
        door = HTTPClient(**KEYS, base_url=wire.url, transport=transport, timeout=2)
        assert len(list(FinerWorks(http_client=door).invoices.list(concurrency=1))) == 60
        with httpx.Client(transport=transport, timeout=30) as plain:
            assert plain.get(f"{wire.url}/slow").text == "x" * 150
    assert wire.connections == 1


@pytest.mark.parametrize("times", [3])
def test_closing_is_idempotent_and_use_afterwards_an_error(times: int) -> None:
    """A client can be closed repeatedly. Later requests and running listings raise an error."""
    with Wire() as wire:
        fw = FinerWorks(**KEYS, base_url=wire.url)
        view, pages = fw.with_options(timeout=5), fw.invoices.list(concurrency=1).pages()
        next(pages)
        for _ in range(times):
            fw.close()
        for use in (fw.invoices.page, view.invoices.page, functools.partial(next, pages)):
            with pytest.raises(RuntimeError, match=r"client (is|has been) closed"):
                use()

        async def use_async() -> None:
            fw = AsyncFinerWorks(**KEYS, base_url=wire.url)
            view, pages = fw.with_options(timeout=5), fw.invoices.list(concurrency=1).pages()
            await anext(pages)
            for _ in range(times):
                await fw.aclose()
            used: list[Callable[[], Awaitable[object]]] = [
                fw.invoices.page,
                view.invoices.page,
                pages.__anext__,
            ]
            for use in used:
                with pytest.raises(RuntimeError, match=r"client (is|has been) closed"):
                    await use()

        asyncio.run(use_async())
    assert len(wire.exchanges) == 2


def test_cancelled_tasks_give_their_connections_back() -> None:
    """Cancelled requests release their connections."""

    async def use(wire: Wire) -> int:
        transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=2))
        async with AsyncHTTPClient(**KEYS, base_url=wire.url, transport=transport) as door:
            fw = AsyncFinerWorks(http_client=door)
            for number in range(20):
                task = asyncio.create_task(fw.invoices.page(account_key="slow"))
                await arrived(wire, number + 1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            pages = await asyncio.gather(*[fw.invoices.page(account_key="quick") for _ in range(6)])
            return sum(page.total_count or 0 for page in pages)

    with Wire(drip_for_one) as wire:
        assert asyncio.run(use(wire)) == 6


async def arrived(wire: Wire, count: int) -> None:
    """Wait until a server has received a number of requests."""
    while len(wire.exchanges) < count:  # noqa: ASYNC110 - they come in by a thread, which sets no event
        await asyncio.sleep(0.01)


def busy(exchange: Exchange) -> None:
    """Request a wait of a minute."""
    exchange.send(http(b"", 503, "Retry-After: 60"))


@pytest.mark.waits
def test_a_cancelled_task_does_not_wait_for_the_next_attempt() -> None:
    """Cancelling a task between two attempts ends it at once, and nothing more is sent."""

    async def use(wire: Wire) -> None:
        async with AsyncFinerWorks(**KEYS, base_url=wire.url) as fw:
            task = asyncio.create_task(fw.invoices.page())
            await arrived(wire, 1)
            await asyncio.sleep(0.1)
            assert not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, 30)

    with Wire(busy) as wire:
        asyncio.run(use(wire))
    assert len(wire.exchanges) == 1


class OwnError(Exception):
    """An exception of the caller's code."""


@pytest.mark.waits
def test_what_a_signal_raises_ends_a_wait() -> None:
    """An exception of a signal handler between two attempts is raised, and nothing more is sent."""

    def handle(*_: object) -> None:
        raise OwnError

    before = signal.signal(signal.SIGALRM, handle)
    try:
        with Wire(busy) as wire, FinerWorks(**KEYS, base_url=wire.url) as fw:
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            with pytest.raises(OwnError):
                fw.invoices.page()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(wire.exchanges) == 1


INTERRUPTED = """
import asyncio, sys
from finerworks import AsyncFinerWorks, FinerWorks

async def use():
    async with AsyncFinerWorks(web_api_key="web", app_key="app", base_url=sys.argv[1]) as fw:
        await fw.invoices.page()

if sys.argv[2] == "async":
    asyncio.run(use())
with FinerWorks(web_api_key="web", app_key="app", base_url=sys.argv[1]) as fw:
    fw.invoices.page()
"""


def test_ctrl_c_ends_a_wait(caller: Caller) -> None:
    """Ctrl-C between two attempts ends the program, and nothing more is sent."""
    with Wire(busy) as wire:
        command = [sys.executable, "-c", INTERRUPTED, wire.url, caller.name]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
            while not wire.exchanges:
                assert program.poll() is None
                threading.Event().wait(0.05)
            threading.Event().wait(0.3)
            program.send_signal(signal.SIGINT)
            _, told = program.communicate(timeout=30)
    assert program.returncode == -signal.SIGINT
    assert told.rstrip().endswith("KeyboardInterrupt")
    assert len(wire.exchanges) == 1


@pytest.mark.parametrize("where", ["request", "response"])
@pytest.mark.parametrize(
    "raised", [OwnError, TimeoutError, OSError, UnicodeError, KeyboardInterrupt]
)
def test_what_a_hook_raises_passes_through(where: str, raised: type[BaseException]) -> None:
    """An exception of the caller's code is neither wrapped nor retried."""

    def hook(_: object) -> None:
        raise raised

    async def async_hook(_: object) -> None:
        raise raised

    with Wire() as wire:
        with HTTPClient(**KEYS, base_url=wire.url) as door:
            door.event_hooks = {where: [hook]}
            with pytest.raises(raised):
                FinerWorks(http_client=door).invoices.page()

        async def use() -> None:
            async with AsyncHTTPClient(**KEYS, base_url=wire.url) as door:
                door.event_hooks = {where: [async_hook]}
                with pytest.raises(raised):
                    await AsyncFinerWorks(http_client=door).invoices.page()

        asyncio.run(use())
    assert len(wire.exchanges) == (2 if where == "response" else 0)


def test_what_a_hook_of_httpx_raises_is_not_the_transports() -> None:
    """A request that fails inside a hook does not cause a retry of the outer request."""
    with Wire(lambda exchange: exchange.send(http(b"{}"))) as wire, httpx.Client() as plain:
        with Wire() as gone:
            url = gone.url

        def audit(_: httpx.Response) -> None:
            plain.post(url)

        def times_out(_: httpx.Response) -> None:
            raise httpx.ReadTimeout("my own")

        with HTTPClient(**KEYS, base_url=wire.url) as door:
            door.event_hooks = {"response": [audit]}
            with pytest.raises(httpx.ConnectError):
                door.post("/v3/submit_order", json={})
            door.event_hooks = {"response": [times_out]}
            with pytest.raises(httpx.ReadTimeout, match="my own"):
                door.post("/v3/submit_order", json={})
    assert len(wire.exchanges) == 2


class Copies(httpx.Auth):
    """An authentication that sends a copy of each request, as one that signs may."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Yield the copy."""
        yield httpx.Request(
            request.method, request.url, content=request.content, extensions=request.extensions
        )


class HoldingError(Exception):
    """The caller's error, which refers to a response without a request."""

    def __init__(self) -> None:
        super().__init__()
        self.response = httpx.Response(200)


def test_an_error_of_a_hook_is_not_looked_into() -> None:
    """The attributes of a hook's exception are not read, because that could raise."""

    def hook(_: httpx.Response) -> Never:
        raise HoldingError

    with Wire() as wire, HTTPClient(**KEYS, base_url=wire.url) as door:
        door.event_hooks = {"response": [hook]}
        with pytest.raises(HoldingError):
            door.post("/v3/list_invoices", json={"page_number": 1, "per_page": 1})
    assert len(wire.exchanges) == 1


class Signs(httpx.Auth):
    """The caller's authentication, which signs in the query."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request to the same path with a query."""
        request.url = request.url.copy_merge_params({"signature": "abc"})
        yield request


def test_a_failure_of_a_signed_request_is_typed() -> None:
    """A failure is typed even if the caller's authentication changed the request's query."""
    with Wire(Exchange.reset) as wire, HTTPClient(**KEYS, base_url=wire.url) as door:
        with pytest.raises(APIConnectionError) as caught:
            door.post("/v3/list_invoices", json={}, auth=Signs())
        assert caught.value.attempts == len(wire.exchanges) == 3


@pytest.mark.parametrize("which", ["client", "view"])
def test_no_attempt_is_made_once_a_client_is_closed(which: str) -> None:
    """After a client was closed during an attempt, no further attempt is made."""
    fw = FinerWorks(**KEYS, base_url="http://127.0.0.1:1")

    def does(exchange: Exchange) -> None:
        fw.close()
        exchange.send(http(b"", 503))

    with Wire(does) as wire:
        fw = FinerWorks(**KEYS, base_url=wire.url)
        asks = fw if which == "client" else fw.with_options(timeout=5)
        with pytest.raises(RuntimeError, match=r"client (is|has been) closed"):
            asks.invoices.page()
    assert len(wire.exchanges) == wire.connections == 1


def test_answers_that_are_refused_give_their_connections_back() -> None:
    """A response that is rejected before its end releases its connection."""
    large = http(b" " * 1_000_000)

    def does(exchange: Exchange) -> None:
        exchange.send(large if exchange.number <= 5 else page(exchange))

    async def use(url: str) -> int:
        limits = httpx.Limits(max_connections=1)
        transport = httpx.AsyncHTTPTransport(limits=limits)
        async with AsyncHTTPClient(
            **KEYS, base_url=url, transport=transport, max_body_bytes=100_000
        ) as door:
            fw = AsyncFinerWorks(http_client=door)
            for _ in range(5):
                with pytest.raises(ResponseValidationError):
                    await fw.invoices.page()
            return len([invoice async for invoice in fw.invoices.list()])

    with Wire(does) as wire:
        assert asyncio.run(use(wire.url)) == 60


def test_a_failure_of_a_copied_request_is_typed() -> None:
    """A failure is typed even if the caller's authentication sends a copy of the request."""
    with Wire(Exchange.reset) as wire, HTTPClient(**KEYS, base_url=wire.url) as door:
        with pytest.raises(APIConnectionError) as caught:
            door.post("/v3/list_invoices", json={}, auth=Copies())
        assert caught.value.attempts == len(wire.exchanges) == 3


def test_a_transport_that_reads_in_another_thread_is_taken_at_its_word() -> None:
    """A valid response is accepted if the transport reads in a thread of its own."""

    class Elsewhere(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(super().handle_request, request).result()

    with Wire() as wire, HTTPClient(**KEYS, base_url=wire.url, transport=Elsewhere()) as door:
        assert len(list(FinerWorks(http_client=door).invoices.list())) == 60


def test_a_hook_can_look_at_the_request() -> None:
    """A request hook sees the same request as with a plain httpx client."""
    seen: list[bytes] = []

    def hook(request: httpx.Request) -> None:
        seen.append(request.content)

    with Wire() as wire, HTTPClient(**KEYS, base_url=wire.url) as door:
        door.event_hooks = {"request": [hook]}
        FinerWorks(http_client=door).invoices.page()
    assert seen == [wire.exchanges[0].body]


def surplus(exchange: Exchange) -> None:
    """Respond with the seller's own invoices. The first response is sent twice."""
    seller = json.loads(exchange.body)["account_key"]
    answer = http(json.dumps(listing(rows(f"{seller}-1"))).encode())
    exchange.send(answer * (2 if exchange.number == 1 else 1))


def test_an_answer_that_nobody_asked_for_is_not_anothers(caller: Caller) -> None:
    """A second response to one request is not used for the next one."""

    def ids(invoices: Iterable[Invoice]) -> list[str]:
        return [invoice.invoice_id for invoice in invoices]

    async def use(url: str) -> list[list[str]]:
        async with AsyncFinerWorks(**KEYS, base_url=url) as fw:
            return [
                ids([each async for each in fw.invoices.list(account_key=seller)])
                for seller in "abc"
            ]

    with Wire(surplus) as wire:
        if caller.name == "async":
            given = asyncio.run(use(wire.url))
        else:
            with FinerWorks(**KEYS, base_url=wire.url) as fw:
                given = [ids(fw.invoices.list(account_key=seller)) for seller in "abc"]
    assert given == [["a-1"], ["b-1"], ["c-1"]]
    assert wire.connections == 2


def test_a_connection_of_a_plain_client_can_be_used() -> None:
    """Responses on connections that a plain httpx client opened are accepted."""
    with (
        Wire() as wire,
        httpx.HTTPTransport() as transport,
        httpx.Client(transport=transport) as plain,
    ):
        plain.post(f"{wire.url}/v3/list_invoices", json={"page_number": 1, "per_page": 1})
        door = HTTPClient(**KEYS, base_url=wire.url, transport=transport)
        assert len(list(FinerWorks(http_client=door).invoices.list(concurrency=1))) == 60
    assert wire.connections == 1


@pytest.mark.parametrize("does", [busy, Exchange.close, Exchange.reset])
def test_a_write_is_sent_once(caller: Caller, does: Does) -> None:
    """An operation that may write is sent only once."""
    with Wire(does) as wire:
        request = httpx.Request("POST", f"{wire.url}/v3/submit_order", json={})
        with pytest.raises(FinerWorksError):
            caller.send(request, **KEYS, base_url=wire.url)
    assert len(wire.exchanges) == 1


def test_a_body_that_can_be_sent_once_is_sent_once() -> None:
    """A request with a generator as its body is not retried."""
    with (
        Wire(lambda exchange: exchange.send(http(b"", 503))) as wire,
        HTTPClient(**KEYS, base_url=wire.url) as door,
    ):
        body = json.dumps({"page_number": 1, "per_page": 1}).encode()
        with pytest.raises(ServerError) as caught:
            door.post(
                "/v3/list_invoices",
                content=iter([body]),
                headers={"Content-Length": str(len(body))},
            )
    assert caught.value.attempts == 1
    assert len(wire.exchanges) == 1
