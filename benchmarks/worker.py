"""One peer in a process of its own, in the environment of its own: does what it is told, and measures that.

worker.py PEER URL          PEER is a module of benchmarks.peers, URL where the server is

Each line of standard input is a command in JSON, each line of standard output what came of it. It ends when
its standard input does. What was listed is counted and added up after the clock has stopped.

    {"do": "open"}, {"do": "close"}          make a client; close it
    {"do": "every", "in_flight": 8}          list all invoices
    {"do": "stream", "in_flight": 8}         go through all invoices, keeping none of them
    {"do": "first"}                          have the first invoice
    {"do": "bare", "times": 3}               make clients that are not used
    {"do": "weigh", "how": "stream", ...}    list, or go through, all invoices, and say what memory that took
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
    """What this process has in memory, and the most that it had, in KiB."""
    if not STATUS.exists():  # not Linux: the most alone is known, and stands for both
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (
            1024 if sys.platform == "darwin" else 1
        )
        return most, most
    told = dict(line.split(":", 1) for line in STATUS.read_text("utf-8").splitlines())
    return int(told["VmRSS"].split()[0]), int(told["VmHWM"].split()[0])


def tally(amounts: Iterable[float | Decimal]) -> Told:
    """Count amounts, and add them exactly: a float by its shortest text."""
    count, total = 0, Decimal(0)
    for amount in amounts:
        count, total = count + 1, total + Decimal(str(amount))
    return {"count": count, "sum": f"{total:.2f}"}


class Worker:
    """A peer, and at most one client of it that is open."""

    def __init__(self, peer: str, url: str) -> None:
        self._kind: Any = importlib.import_module(f"benchmarks.peers.{peer}").Peer
        self._imported, _ = memory()
        self._url, self._runner = url, asyncio.Runner()
        self._peer: Any = None

    def do(self, command: Told) -> Told:
        """Carry out a command."""
        told: Told = getattr(self, f"_{command.pop('do')}")(**command)
        return told

    def _call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """Call a peer's method, in the event loop if it is for that."""
        if inspect.iscoroutinefunction(function):
            return self._runner.run(function(*arguments))
        return function(*arguments)

    def _timed(self, function: Callable[..., Any], *arguments: object) -> tuple[Any, Told]:
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        result = self._call(function, *arguments)
        return result, {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}

    def _open(self) -> Told:
        async def made() -> Any:
            return self._kind(self._url)  # some are to be made where an event loop runs

        self._peer = self._runner.run(made())
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
            self._peer.first()  # what a client imports when it is first used is not the invoices'
            self._imported, _ = memory()
        invoices = getattr(self._peer, how)(in_flight)
        told = tally(map(self._peer.amount, invoices))
        return told | {"kib": memory()[1] - self._imported}


def main(peer: str, url: str) -> None:
    """Carry out commands until there are no more."""
    worker = Worker(peer, url)
    for line in sys.stdin:
        try:
            told = worker.do(json.loads(line))
        except Exception:  # noqa: BLE001 - it is told, and ends the run
            told = {"error": traceback.format_exc()}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
