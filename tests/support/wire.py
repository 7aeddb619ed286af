"""A server of our own on a real socket, which does with a connection whatever a test wants."""

import json
import os
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Self, TypedDict, cast

from answers import listing, rows


class Asked(TypedDict):
    """The body of a request for a page."""

    page_number: int
    per_page: int


class Exchange:
    """One request that came, and the connection to answer it on."""

    def __init__(self, connection: socket.socket, over: threading.Event, number: int) -> None:
        self._connection, self._over = connection, over
        self.number = number
        """Which request it is that the server got, from 1; 0 for a connection without one yet."""
        self.head = b""
        self.body = b""

    @property
    def asked(self) -> Asked:
        """The request's JSON."""
        return cast(Asked, json.loads(self.body))

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._connection.sendall(data)

    def drip(self, data: bytes, every: float = 0.02) -> None:
        """Send bytes one by one, for as long as somebody listens."""
        for byte in data:
            self.send(bytes([byte]))
            if self.pause(every):
                return

    def pause(self, seconds: float) -> bool:
        """Wait; say whether the server ends, or nobody listens any more."""
        readable, _, _ = select.select([self._connection], [], [], 0)
        return bool(readable and not self._connection.recv(1, socket.MSG_PEEK)) or self._over.wait(
            seconds
        )

    def wait(self) -> None:
        """Say nothing until the other side hangs up."""
        while not self.pause(0.05):
            pass

    def reset(self) -> None:
        """Break the connection off with a TCP reset."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def send_beneath(self, data: bytes) -> None:
        """Send bytes beneath TLS, as something on the way might."""
        with socket.socket(fileno=os.dup(self._connection.fileno())) as beneath:
            beneath.sendall(data)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def receive(self, count: int) -> bytes:
        """Receive so many bytes, which are not HTTP."""
        came = b""
        while len(came) < count:
            if not (more := self._connection.recv(count - len(came))):
                raise OSError("the other side hung up")
            came += more
        return came

    def tunnel(self, port: int) -> bytes:
        """Pass all on to a port of this machine, and back, as a proxy does; give what passed."""
        passed = b""
        with socket.create_connection(("127.0.0.1", port)) as other:
            ends = {self._connection: other, other: self._connection}
            while not self._over.is_set():
                readable, _, _ = select.select(list(ends), [], [], 0.05)
                for end in readable:
                    if not (data := end.recv(65536)):
                        return passed
                    passed += data
                    ends[end].sendall(data)
        return passed

    def read(self) -> bool:
        """Read a request; say whether a whole one came."""
        came = b""
        while b"\r\n\r\n" not in came:
            if not (more := self._connection.recv(65536)):
                return False
            came += more
        self.head, _, self.body = came.partition(b"\r\n\r\n")
        for line in self.head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                while len(self.body) < int(line.partition(b":")[2]):
                    if not (more := self._connection.recv(65536)):
                        return False
                    self.body += more
        return True


Does = Callable[[Exchange], object]
"""What a server does with a request; afterwards the connection is open for the next, if it still is."""


def http(body: bytes = b"", status: int = 200, *headers: str, length: int | None = None) -> bytes:
    """Write an answer; its length is that of its body if none is given."""
    told = [
        f"HTTP/1.1 {status} Some Reason",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join([*told, "", ""]).encode("latin-1") + body


def page(exchange: Exchange, count: int = 60) -> bytes:
    """Write the page that is asked for, of so many invoices."""
    everything = rows(*range(count))
    first = (exchange.asked["page_number"] - 1) * exchange.asked["per_page"]
    found = everything[first : first + exchange.asked["per_page"]]
    return http(json.dumps(listing(found, count)).encode(), 200, "Content-Type: application/json")


class Wire:
    """A server on this machine, for as long as its context lasts.

    Args:
        does: What it does with each request.
        greets: What it does with each connection before it reads a request.
        tls: How it speaks TLS, if it does.
        backlog: How many connections wait to be accepted; with ``accepts=False`` none ever is.
        accepts: Whether it accepts connections.
    """

    def __init__(
        self,
        does: Does = lambda exchange: exchange.send(page(exchange)),
        *,
        greets: Does | None = None,
        tls: ssl.SSLContext | None = None,
        backlog: int = 100,
        accepts: bool = True,
    ) -> None:
        self._does, self._greets, self._tls, self._accepts = does, greets, tls, accepts
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self.connections = 0
        """How many connections came."""
        self.exchanges: list[Exchange] = []
        """The requests that came, in their order."""

    def __enter__(self) -> Self:
        if self._accepts:
            self._start(self._accept)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[
            :1
        ]:  # the one that accepts: from here on no connection is added
            thread.join(10)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive(), "a connection's thread did not end"
        for connection in self._open:
            connection.close()

    def received(self) -> bytes:
        """Give all that came in requests, heads and bodies."""
        return b"".join(each.head + b"\r\n\r\n" + each.body for each in self.exchanges)

    def _start(self, target: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError, ValueError):  # the other side hung up, or the server ends
            if self._greets:
                self._greets(Exchange(connection, self._over, 0))
            if self._tls:
                with self._lock:
                    self._open.remove(connection)
                    connection = self._tls.wrap_socket(
                        connection, server_side=True, do_handshake_on_connect=False
                    )
                    self._open.append(connection)
                connection.do_handshake()
            while True:
                exchange = Exchange(connection, self._over, 0)
                if not exchange.read():
                    break
                with self._lock:
                    self.exchanges.append(exchange)
                    exchange.number = len(self.exchanges)
                self._does(exchange)
        connection.close()


@contextmanager
def elsewhere() -> Generator[Wire]:
    """Run a server that nothing may reach, and see that nothing did."""
    with Wire() as wire:
        yield wire
    assert wire.connections == 0
