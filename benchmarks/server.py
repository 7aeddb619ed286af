"""The server of the benchmarks, from which all peers list invoices. It listens on the loopback.

It serves an account with a given number of invoices, after a given latency. Everything except the
IDs of the invoices is rendered in advance, so that a page takes only some microseconds.

    POST /v3/list_invoices   return a page, by the contract, after the latency
    POST /control            {"latency_ms": 50, "invoices": 1000}: set both, and reset the counts
    GET /stats               return the counts

It prints its port as a line of JSON, and exits when its standard input is closed.
"""

import asyncio
import datetime as dt
import json
import sys
from decimal import Decimal
from functools import partial
from typing import TypedDict, cast

CYCLE = 1000
"""The number of different invoices. After these, only the IDs differ."""

STATUS = (
    b'{"success":true,"status_code":200,"message":"",'
    b'"debug":null,"reference_id":null,"domain":null}'
)


class Stats(TypedDict):
    """The counts since the last control request."""

    requests: int
    connections: int
    max_in_flight: int


def cents(index: int) -> int:
    """Return the amount of an invoice by its index from 0. Some are credits."""
    return index % CYCLE * 104_729 % 500_000 - 2_500


def total_due(count: int) -> Decimal:
    """Return the exact sum of the first invoices."""
    cycles, rest = divmod(count, CYCLE)
    return Decimal(cycles * sum(map(cents, range(CYCLE))) + sum(map(cents, range(rest)))).scaleb(-2)


def _row(index: int) -> bytes:
    """Return an invoice as JSON, with a placeholder for its number."""
    month = dt.date(2026 - index // 12 % 20, 12 - index % 12, 1)
    last = (month + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    offset = "-05:00" if 4 <= month.month <= 10 else "-06:00"
    clock = (
        f"18:{index * 7 % 60:02}:{index * 11 % 60:02}.{index * 9_111_259 % 10_000_000:07}{offset}"
    )
    row = {
        "invoice_id": "INV-%08d",
        "amount_due": "AMOUNT",
        "invoice_month": f"{month}T00:00:00.0000000{offset}",
        "invoice_date": f"{last}T{clock}",
        "first_day_of_month": f"{month}T00:00:00.0000000{offset}",
        "last_day_of_month": f"{last}T23:59:59.9999999{offset}",
        "due_date": f"{last + dt.timedelta(days=15)}T{clock}",
    }
    amount = str(Decimal(cents(index)).scaleb(-2))
    return json.dumps(row, separators=(",", ":")).replace('"AMOUNT"', amount).encode()


ROWS = [_row(index) for index in range(CYCLE)]


def page(number: int, per_page: int, count: int) -> bytes:
    """Return the body of a page, for an account of `count` invoices."""
    first = (number - 1) * per_page
    rows = [
        ROWS[index % CYCLE] % (index + 1) for index in range(first, min(first + per_page, count))
    ]
    return b'{"status":%b,"invoices":[%b],"total_count":%d}' % (STATUS, b",".join(rows), count)


def _response(body: bytes, status: bytes = b"200 OK") -> bytes:
    head = (
        b"HTTP/1.1 %b\r\n"
        b"Content-Type: application/json; charset=utf-8\r\n"
        b"Content-Length: %d\r\n"
        b"\r\n"
    )
    return head % (status, len(body)) + body


class Account:
    """The served account, the latency, and the counts of requests."""

    def __init__(self) -> None:
        self.control(latency_ms=0, invoices=CYCLE)

    def control(self, *, latency_ms: float, invoices: int) -> None:
        """Set the latency and the number of invoices, and reset the counts."""
        self.latency = latency_ms / 1000
        self.invoices = invoices
        self.stats: Stats = {"requests": 0, "connections": 0, "max_in_flight": 0}
        self.in_flight = 0

    def began(self) -> None:
        """Count a request that waits for its response."""
        self.stats["requests"] += 1
        self.in_flight += 1
        self.stats["max_in_flight"] = max(self.stats["max_in_flight"], self.in_flight)


class Connection(asyncio.Protocol):
    """A persistent connection. asyncio sets TCP_NODELAY on each."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._counted: Stats | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport for responses."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Discard later responses."""
        del exc
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Respond to each complete request."""
        self._received += data
        while (head_end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:head_end].lower()
            _, _, length = head.partition(b"\r\ncontent-length:")
            body_start = head_end + 4
            body_end = body_start + int(length.partition(b"\r\n")[0] or 0)
            if len(self._received) < body_end:
                return
            body = self._received[body_start:body_end]
            self._received = self._received[body_end:]
            self._respond(head, body)

    def _respond(self, head: bytes, body: bytes) -> None:
        account = self._account
        target = head.partition(b" http/")[0]
        if target == b"get /stats":
            self._write(_response(json.dumps(account.stats).encode()))
        elif target == b"post /control":
            account.control(**json.loads(body))
            self._write(_response(b"{}"))
        else:
            if self._counted is not account.stats:  # the first page on this connection
                self._counted = account.stats
                account.stats["connections"] += 1
            account.began()
            request = json.loads(body or b"{}")
            number = request.get("page_number", 1)
            size = request.get("per_page", 10)
            if target != b"post /v3/list_invoices" or not (1 <= size <= 25 and number >= 1):
                response = _response(b'{"Message":"The request is invalid."}', b"400 Bad Request")
            elif not all(b"\r\n%b: " % key in head for key in (b"web_api_key", b"app_key")):
                response = _response(
                    b'{"Message":"Missing or unauthorized api credentials"}', b"400 Bad Request"
                )
            else:
                response = _response(page(number, size, account.invoices))
            if account.latency:
                asyncio.get_running_loop().call_later(account.latency, self._finish, response)
            else:
                self._finish(response)

    def _finish(self, response: bytes) -> None:
        self._account.in_flight -= 1
        self._write(response)

    def _write(self, response: bytes) -> None:
        if self._transport is not None:
            self._transport.write(response)


async def main() -> None:
    """Serve until standard input is closed."""
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()
    server = await loop.create_server(partial(Connection, Account()), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    loop.add_reader(sys.stdin.fileno(), closed.set)
    await closed.wait()


if __name__ == "__main__":
    asyncio.run(main())
