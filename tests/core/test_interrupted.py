"""Other threads, signals and cancellations in the middle of a request."""

import asyncio
import socket
import ssl
import threading
import time

import httpx
import pytest
import trustme

from callers import KEYS
from finerworks import AsyncFinerWorks, AsyncHTTPClient, FinerWorks, HTTPClient
from finerworks.deadline import Deadline
from wire import Exchange, Wire, http, page


class Connection:
    """A connection with a socket."""

    def __init__(self, own_socket: socket.socket) -> None:
        self._socket = own_socket

    def get_extra_info(self, _: str) -> socket.socket:
        """Return the socket."""
        return self._socket


def test_what_is_sent_while_an_attempt_is_cancelled_is_never_plain() -> None:
    """A thread that is about to send over TLS when the attempt ends sends nothing unencrypted."""
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("127.0.0.1").configure_cert(served)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    authority.configure_trust(trusted)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    with Wire(tls=served) as wire:
        plain = socket.create_connection(("127.0.0.1", wire.port))
        with trusted.wrap_socket(plain, server_hostname="127.0.0.1") as encrypted:
            deadline = Deadline(30)
            deadline.connection = Connection(encrypted)
            deadline.cancel()
            assert encrypted.version() is not None, "it is not a TLS connection any more"
            with pytest.raises(OSError, match=r".+"):
                encrypted.send(b"web_api_key: the-web-api-key")


@pytest.mark.waits
def test_a_closed_client_sends_nothing_that_waited_in_a_listing() -> None:
    """A page that waits for its turn is not sent after the client was closed."""
    closed_at: list[float] = []
    came: list[float] = []

    def does(exchange: Exchange) -> None:
        came.append(time.monotonic())
        if exchange.asked["page_number"] in (2, 3) and len(came) <= 3:
            exchange.send(http(b"", 503, "Retry-After: 1"))
        else:
            exchange.send(page(exchange, 300))

    def read() -> None:
        with pytest.raises(RuntimeError, match="closed"):
            list(fw.invoices.list(concurrency=2))

    with Wire(does) as wire:
        fw = FinerWorks(**KEYS, base_url=wire.url)
        reader = threading.Thread(target=read)
        reader.start()
        while len(came) < 3:
            time.sleep(0.01)
        fw.close()
        closed_at.append(time.monotonic())
        reader.join(30)
        assert not reader.is_alive()
    assert [moment for moment in came if moment > closed_at[0]] == []


def test_a_cancelled_request_gives_its_place_to_the_one_that_waits() -> None:
    """After a cancelled request, the next one in the queue is sent at once."""

    def does(exchange: Exchange) -> None:
        if exchange.asked["page_number"] == 1:
            exchange.pause(0.2)
        last = b"Connection: close\r\nContent-Type"
        exchange.send(page(exchange, 300).replace(b"Content-Type", last))
        exchange.close()

    async def run(url: str) -> object:
        limits = httpx.Limits(max_connections=1)
        transport = httpx.AsyncHTTPTransport(limits=limits)
        async with AsyncHTTPClient(
            **KEYS, base_url=url, transport=transport, timeout=20, max_retries=0
        ) as client:
            fw = AsyncFinerWorks(http_client=client)
            second: asyncio.Task[object]

            async def send_first() -> None:
                await fw.invoices.page(1)
                second.cancel()

            first = asyncio.create_task(send_first())
            await asyncio.sleep(0.05)
            second = asyncio.create_task(fw.invoices.page(2))
            await asyncio.sleep(0.05)
            third = asyncio.create_task(fw.invoices.page(3))
            await first
            return (await asyncio.wait_for(third, 10)).total_count

    with Wire(does) as wire:
        assert asyncio.run(run(wire.url)) == 300


class Interrupted(BaseException):
    """An exception of a signal handler."""


class InterruptedTransport(httpx.HTTPTransport):
    """A transport with one connection that is interrupted when another request waits for it.

    Args:
        other: Sends the other request, in a thread.
    """

    def __init__(self, other: threading.Thread) -> None:
        super().__init__(limits=httpx.Limits(max_connections=1))
        self._other = other

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. The first one is interrupted when its response headers have arrived."""
        response = super().handle_request(request)
        if self._other.ident is None:
            self._other.start()
            while not any(each.is_queued() for each in self._pool._requests):  # pyright: ignore[reportPrivateUsage] - what the test waits for
                time.sleep(0.01)
            raise Interrupted
        return response


def test_an_interrupted_request_gives_its_place_to_the_one_that_waits() -> None:
    """The waiting thread continues at once, not when its time for waiting is over."""
    totals: list[object] = []
    other = threading.Thread(target=lambda: totals.append(fw.invoices.page().total_count))
    with (
        Wire() as wire,
        HTTPClient(
            **KEYS,
            base_url=wire.url,
            transport=InterruptedTransport(other),
            timeout=20,
            max_retries=0,
        ) as client,
    ):
        fw = FinerWorks(http_client=client)
        with pytest.raises(Interrupted):
            fw.invoices.page()
        other.join(60)
        assert not other.is_alive()
    assert totals == [60]


def test_closing_an_iterator_tells_the_thread_that_waits_in_it() -> None:
    """Closing an iterator raises an error at once in the thread that waits for a response."""
    held = threading.Event()

    def does(exchange: Exchange) -> None:
        if exchange.asked["page_number"] == 2:
            held.set()
            exchange.wait()
        else:
            exchange.send(page(exchange, 300))

    outcomes: list[str] = []

    def read() -> None:
        try:
            list(pages)
        except RuntimeError as error:
            outcomes.append(str(error))

    with Wire(does) as wire, FinerWorks(**KEYS, base_url=wire.url, timeout=600) as fw:
        pages = fw.invoices.list(concurrency=2).pages()
        reader = threading.Thread(target=read)
        reader.start()
        assert held.wait(30)
        pages.close()
        reader.join(30)
        assert not reader.is_alive()
    assert outcomes == ["this listing was closed while it was being read"]
