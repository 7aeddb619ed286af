"""The server that all peers of a benchmark list their invoices from: one process, on this machine alone.

It has an account of as many invoices as it is told, each with an id of its own, and answers after as long as
it is told. All but the ids is rendered beforehand, so that a page costs it some microseconds.

    POST /v3/list_invoices   a page, by the contract, after the latency that was set
    POST /control            {"latency_ms": 50, "invoices": 1000}: sets both, and counts from 0
    GET /stats               what was counted since then

It prints its port as a line of JSON, and ends when its standard input does.
"""

import asyncio
import datetime as dt
import json
import sys
from decimal import Decimal
from functools import partial
from typing import TypedDict, cast

CYCLE = 1000
"""After how many invoices all but the ids comes again."""

STATUS = b'{"success":true,"status_code":200,"message":"","debug":null,"reference_id":null,"domain":null}'


class Stats(TypedDict):
    """What was counted since the last control request."""

    requests: int
    connections: int
    max_in_flight: int


def cents(index: int) -> int:
    """What the invoice of an index from 0 is about; some are credits."""
    return index % CYCLE * 104_729 % 500_000 - 2_500


def total_due(count: int) -> Decimal:
    """The exact sum of the first invoices."""
    cycles, rest = divmod(count, CYCLE)
    return Decimal(cycles * sum(map(cents, range(CYCLE))) + sum(map(cents, range(rest)))).scaleb(-2)


def _row(index: int) -> bytes:
    """An invoice as JSON, with a place for its number."""
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
    """The body of a page, of an account that has so many invoices."""
    first = (number - 1) * per_page
    rows = [
        ROWS[index % CYCLE] % (index + 1) for index in range(first, min(first + per_page, count))
    ]
    return b'{"status":%b,"invoices":[%b],"total_count":%d}' % (STATUS, b",".join(rows), count)


def _answer(body: bytes, status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


class Account:
    """What is served, after how long, and what was asked for it."""

    def __init__(self) -> None:
        self.control(latency_ms=0, invoices=CYCLE)

    def control(self, *, latency_ms: float, invoices: int) -> None:
        """Serve so many invoices, so slowly, and count anew."""
        self.latency, self.invoices = latency_ms / 1000, invoices
        self.stats: Stats = {"requests": 0, "connections": 0, "max_in_flight": 0}
        self.in_flight = 0

    def began(self) -> None:
        """Count a request that waits for its answer."""
        self.stats["requests"] += 1
        self.in_flight += 1
        self.stats["max_in_flight"] = max(self.stats["max_in_flight"], self.in_flight)


class Connection(asyncio.Protocol):
    """A connection that is kept alive. asyncio sets TCP_NODELAY on each."""

    def __init__(self, account: Account) -> None:
        self._account, self._came = account, b""
        self._transport: asyncio.Transport | None = None
        self._counted: Stats | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let answers that are due later go nowhere."""
        del exc
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._came += data
        while (end := self._came.find(b"\r\n\r\n")) >= 0:
            head = self._came[:end].lower()
            _, _, length = head.partition(b"\r\ncontent-length:")
            whole = end + 4 + int(length.partition(b"\r\n")[0] or 0)
            if len(self._came) < whole:
                return
            body, self._came = self._came[end + 4 : whole], self._came[whole:]
            self._take(head, body)

    def _take(self, head: bytes, body: bytes) -> None:
        account, target = self._account, head.partition(b" http/")[0]
        if target == b"get /stats":
            self._write(_answer(json.dumps(account.stats).encode()))
        elif target == b"post /control":
            account.control(**json.loads(body))
            self._write(_answer(b"{}"))
        else:
            if self._counted is not account.stats:  # the first page that is asked for on it
                self._counted = account.stats
                account.stats["connections"] += 1
            account.began()
            asked = json.loads(body or b"{}")
            number, size = asked.get("page_number", 1), asked.get("per_page", 10)
            if target != b"post /v3/list_invoices" or not (1 <= size <= 25 and number >= 1):
                answer = _answer(b'{"Message":"The request is invalid."}', b"400 Bad Request")
            elif not all(b"\r\n%b: " % key in head for key in (b"web_api_key", b"app_key")):
                answer = _answer(
                    b'{"Message":"Missing or unauthorized api credentials"}', b"400 Bad Request"
                )
            else:
                answer = _answer(page(number, size, account.invoices))
            if account.latency:
                asyncio.get_running_loop().call_later(account.latency, self._done, answer)
            else:
                self._done(answer)

    def _done(self, answer: bytes) -> None:
        self._account.in_flight -= 1
        self._write(answer)

    def _write(self, answer: bytes) -> None:
        if self._transport is not None:
            self._transport.write(answer)


async def main() -> None:
    """Serve until standard input ends."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    server = await loop.create_server(partial(Connection, Account()), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    loop.add_reader(sys.stdin.fileno(), over.set)
    await over.wait()


if __name__ == "__main__":
    asyncio.run(main())
