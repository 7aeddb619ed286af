"""A peer in a process and an environment of its own: it runs commands, and measures them.

worker.py PEER URL          PEER is a module of benchmarks.peers, URL is that of the server

Each line of standard input is a command in JSON, and each line of standard output is a result. The
process exits when its standard input is closed. Invoices are counted and added up after the
measurement.

    {"do": "open"}, {"do": "close"}          create a client; close it
    {"do": "every", "in_flight": 8}          list all invoices
    {"do": "stream", "in_flight": 8}         iterate over all invoices, keeping none of them
    {"do": "first"}                          read the first invoice
    {"do": "bare", "times": 3}               create clients that are not used
    {"do": "weigh", "how": "stream", ...}    list, or iterate over, all invoices; measure the memory
"""

import asyncio
import gc
import importlib
import inspect
import json
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

Told = dict[str, Any]

STATUS = Path("/proc/self/status")


def memory() -> tuple[int, int]:
    """Return the current and the maximum memory of this process, in KiB."""
    if not STATUS.exists():  # Not Linux. Only the maximum is known, and returned for both.
        maximum = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if sys.platform == "darwin":
            maximum //= 1024
        return maximum, maximum
    status = dict(line.split(":", 1) for line in STATUS.read_text("utf-8").splitlines())
    return int(status["VmRSS"].split()[0]), int(status["VmHWM"].split()[0])


def tally(amounts: Iterable[float | Decimal]) -> Told:
    """Return the count of amounts, and their exact sum: a float counts by its shortest text."""
    count = 0
    total = Decimal(0)
    for amount in amounts:
        count += 1
        total += Decimal(str(amount))
    return {"count": count, "sum": f"{total:.2f}"}


class Worker:
    """A peer with at most one open client."""

    def __init__(self, peer: str, url: str) -> None:
        self._kind: Any = importlib.import_module(f"benchmarks.peers.{peer}").Peer
        self._imported, _ = memory()
        self._url = url
        self._runner = asyncio.Runner()
        self._peer: Any = None

    def do(self, command: Told) -> Told:
        """Run a command, and return its result."""
        method = getattr(self, f"_{command.pop('do')}")
        result: Told = method(**command)
        return result

    def _call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """Call a method of the peer, in the event loop if it is async."""
        if inspect.iscoroutinefunction(function):
            return self._runner.run(function(*arguments))
        return function(*arguments)

    def _timed(self, function: Callable[..., Any], *arguments: object) -> tuple[Any, Told]:
        gc.collect()
        wall = time.perf_counter()
        cpu = time.process_time()
        result = self._call(function, *arguments)
        return result, {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}

    def _open(self) -> Told:
        async def create() -> Any:
            return self._kind(self._url)  # Some peers must be created in an event loop.

        self._peer = self._runner.run(create())
        return {}

    def _close(self) -> Told:
        self._call(self._peer.close)
        self._peer = None
        return {}

    def _every(self, in_flight: int | None) -> Told:
        invoices, took = self._timed(self._peer.every, in_flight)
        return took | tally(map(self._peer.amount, invoices))

    def _stream(self, in_flight: int | None) -> Told:
        amount = self._peer.amount
        amounts, took = self._timed(
            lambda: [amount(invoice) for invoice in self._peer.stream(in_flight)]
        )
        return took | tally(amounts)

    def _first(self) -> Told:
        invoice, took = self._timed(self._peer.first)
        return took | tally([self._peer.amount(invoice)])

    def _bare(self, times: int) -> Told:
        clients, took = self._timed(lambda: [self._kind.bare() for _ in range(times)])
        for client in clients:
            client.close()
        return {"wall": took["wall"] / times}

    def _weigh(self, how: str, in_flight: int | None, *, used: bool) -> Told:
        if used:
            self._peer.first()  # Do not count what a client imports on first use.
            self._imported, _ = memory()
        invoices = getattr(self._peer, how)(in_flight)
        result = tally(map(self._peer.amount, invoices))
        _, maximum = memory()
        return result | {"kib": maximum - self._imported}


def main(peer: str, url: str) -> None:
    """Run commands until there are no more."""
    worker = Worker(peer, url)
    for line in sys.stdin:
        try:
            result = worker.do(json.loads(line))
        except Exception:  # noqa: BLE001 - it is reported, and ends the run
            result = {"error": traceback.format_exc()}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
