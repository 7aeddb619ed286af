"""Measure the SDK beside its peers. `make bench` and `make bench-quick` call this.

Each peer is a process of its own, in an environment of its own (`worker.py`); all list the same invoices from one
server (`server.py`), one peer at a time. A round has a block of each, in an order that turns with the rounds, and
ratios are taken within a round: what slows the machine down for seconds slows both sides of them. What each block
listed is compared with what is served, to the cent.

Raw httpx is entered twice. A ratio is over the mean of the two; one of them over the other is the control, and what
that is away from 1 is noise.
"""

import argparse
import contextlib
import datetime as dt
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import FrameType
from typing import Any, NoReturn, TextIO, cast

import attrs

from benchmarks import report
from benchmarks.entries import (
    AGAIN,
    AIOHTTP,
    ASYNC,
    BUILD,
    DEFAULT,
    EIGHT,
    OTHERS,
    OURS,
    RAW,
    ROOT,
    SEQUENTIAL,
    SIXTEEN,
    Entry,
)
from benchmarks.goals import GOALS, INVOICES, PER_PAGE, Figure, Goal, Verdict
from benchmarks.processes import BenchmarkError, Server, Worker, on_processor, surroundings
from benchmarks.server import total_due

Told = Mapping[str, Any]
Blocks = Mapping[str, Sequence[Told]]
"""What came of each entry, by its label: a block a round."""

MANY = {
    "50 ms": {
        "sync-6-at-50ms": DEFAULT,
        "sync-8-at-50ms": EIGHT,
        "sync-16-at-50ms": SIXTEEN,
        "async-8-at-50ms": ASYNC,
    },
    "CPU": {
        "cpu-sequential": SEQUENTIAL,
        "cpu-sync-8": EIGHT,
        "cpu-async-8": ASYNC,
        "cpu-async-8-aiohttp": AIOHTTP,
    },
}
"""Whose figure a goal is about, of those that are measured for many."""

SIZES = (1, 24, 26, 999, 1000, 1001)
"""How many invoices the accounts have whose requests are counted."""

IMPORT = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"
STATEMENTS = {
    RAW: "import httpx",
    AGAIN: "import httpx",
    DEFAULT: "from finerworks import FinerWorks",
}


@attrs.frozen
class Plan:
    """How much is measured: in how many rounds, and of which size.

    Attributes:
        name: "full" or "quick".
        waiting: Whose time is measured at each latency, beside raw httpx's.
        working: Whose CPU is.
        waits: The rounds at each latency in milliseconds.
        cpu, imports, clients, firsts: The rounds of these sections.
        streamed: How many invoices go through memory.
        lists: The rounds of lists of 100,000.
        growth: How many pages a long listing has, and the rounds.
    """

    name: str
    waiting: Sequence[Entry]
    working: Sequence[Entry]
    waits: Mapping[int, int]
    cpu: int
    imports: int
    clients: int
    firsts: int
    streamed: int
    lists: int
    growth: tuple[int, int]


QUICK = Plan(
    "quick",
    waiting=[*MANY["50 ms"].values()],
    working=[*MANY["CPU"].values()],
    waits={50: 3},
    cpu=17,
    imports=7,
    clients=9,
    firsts=9,
    streamed=100_000,
    lists=0,
    growth=(400, 3),
)
FULL = Plan(
    "full",
    waiting=[*OURS, *OTHERS],
    working=[*OURS, *OTHERS],
    waits={20: 5, 50: 5},
    cpu=25,
    imports=15,
    clients=15,
    firsts=15,
    streamed=1_000_000,
    lists=3,
    growth=(4000, 5),
)


def rounds(count: int, entries: Sequence[Entry], measure: Callable[[Entry], Told]) -> Blocks:
    """Measure each entry once a round, in an order that turns with the rounds, forwards and backwards."""
    blocks: dict[str, list[Told]] = {entry.label: [] for entry in entries}
    for number in range(count):
        order, turn = entries[:: -1 if number % 2 else 1], number % len(entries)
        for entry in (*order[turn:], *order[:turn]):
            blocks[entry.label].append(measure(entry))
    return blocks


def with_raw(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Enter raw httpx twice, far from itself in the order."""
    half = len(entries) // 2
    return (RAW, *entries[:half], AGAIN, *entries[half:])


def ratios(blocks: Blocks, label: str, field: str) -> list[float]:
    """Give an entry's figure over raw httpx's, round by round."""
    pairs = zip(blocks[RAW.label], blocks[AGAIN.label], strict=True)
    return [
        2 * it[field] / (one[field] + two[field])
        for it, (one, two) in zip(blocks[label], pairs, strict=True)
    ]


def control(blocks: Blocks, field: str) -> Figure:
    """Give raw httpx's figure over its own."""
    pairs = zip(blocks[RAW.label], blocks[AGAIN.label], strict=True)
    return Figure.of([two[field] / one[field] for one, two in pairs])


def check(entry: Entry, told: Told, invoices: int) -> None:
    """See that an entry listed what is served.

    Raises:
        BenchmarkError: It did not.
    """
    came, served = (told["count"], told["sum"]), (invoices, f"{total_due(invoices):.2f}")
    if came != served:
        raise BenchmarkError(
            f"{entry.label}: listed {came[0]} invoices of {came[1]}, not {served[0]} of {served[1]}"
        )


class Bench:
    """A run: its processes, and what was measured so far.

    Attributes:
        figures: By the names of goals.
        controls: By what a goal names as its control.
        columns: By what was measured of many entries, and by their labels: the ratios, and the median seconds.
    """

    def __init__(self, plan: Plan, server: Server, processes: contextlib.ExitStack) -> None:
        self.figures, self.controls = dict[str, Figure](), dict[str, Figure]()
        self.columns = dict[str, dict[str, tuple[Figure, float]]]()
        self._plan, self._server, self._processes, self._workers = (
            plan,
            server,
            processes,
            dict[str, Worker](),
        )

    def wait(self) -> None:
        """Measure the time of a listing at each latency, by a new client each."""
        for latency_ms, count in self._plan.waits.items():
            listing = partial(self._block, latency_ms=latency_ms, fresh=True)
            blocks = rounds(count, with_raw(self._plan.waiting), listing)
            self._take(f"{latency_ms} ms", blocks, "wall")

    def cpu(self) -> None:
        """Measure the CPU of a listing without latency, by clients that have their connections; and its time."""
        entries = with_raw(self._plan.working)
        for entry in entries:
            self._worker(entry).ask("open")
            self._block(entry)
        blocks = rounds(self._plan.cpu, entries, self._block)
        for entry in entries:
            self._worker(entry).ask("close")
        self._take("CPU", blocks, "cpu")
        self._take("0 ms", blocks, "wall")

    def imports(self) -> None:
        """Measure an import statement in a new process, in the SDK's environment."""
        self._apart("import", 1, self._import)  # leaves compiled files
        self._apart("import", self._plan.imports, self._import)

    def clients(self) -> None:
        """Measure the making of a client where one was made before."""
        self._apart(
            "second-client",
            self._plan.clients,
            lambda entry: self._worker(entry).ask("bare", times=3),
        )

    def first(self) -> None:
        """Measure the time to the first invoice, by a new client."""
        first = partial(self._block, do="first", latency_ms=50, fresh=True)
        self._apart("first-invoice", self._plan.firsts, first)

    def requests(self) -> None:
        """Count the requests of listings; what is kept is the worst."""
        over: list[float] = []
        for size in SIZES:
            self._block(DEFAULT, invoices=size, fresh=True)
            over.append(self._server.stats()["requests"] / -(-size // PER_PAGE))
        self.figures["requests"] = Figure.of([max(over)])

    def memory(self) -> None:
        """Measure the peak of a process that goes through invoices."""
        kib = self._weigh(DEFAULT, "stream", self._plan.streamed)
        self.figures[f"memory-{self._plan.streamed}-mib"] = Figure.of([kib / 1024])

    def lists(self) -> None:
        """Measure the peak of a process that has a list of 100,000 invoices, and of one with dicts."""
        if self._plan.lists:
            weigh = partial(self._weigh, how="every", invoices=100_000, used=True)
            pairs = [(weigh(DEFAULT), weigh(RAW)) for _ in range(self._plan.lists)]
            self.figures["list-of-100000"] = Figure.of([ours / raw for ours, raw in pairs])

    def growth(self) -> None:
        """Measure the time per invoice of a long listing, and of short ones just before and after it."""
        (pages, count), long, apart = self._plan.growth, list[float](), list[float]()
        self._worker(DEFAULT).ask("open")
        for _ in range(count):
            before, it, after = (
                statistics.mean(
                    self._block(DEFAULT, do="stream", invoices=size)["wall"] / size
                    for _ in range(times)
                )
                for size, times in ((INVOICES, 3), (pages * PER_PAGE, 1), (INVOICES, 3))
            )
            long.append(2 * it / (before + after))
            apart.append(after / before)
        self._worker(DEFAULT).ask("close")
        self.figures[f"time-per-invoice-{pages}"], self.controls["growth"] = (
            Figure.of(long),
            Figure.of(apart),
        )

    def _apart(self, goal: str, count: int, measure: Callable[[Entry], Told]) -> None:
        """Measure the SDK as it comes, for a goal of its own."""
        blocks = rounds(count, (RAW, DEFAULT, AGAIN), measure)
        self.figures[goal], self.controls[goal] = (
            Figure.of(ratios(blocks, DEFAULT.label, "wall")),
            control(blocks, "wall"),
        )

    def _take(self, column: str, blocks: Blocks, field: str) -> None:
        """Take what all entries were measured for."""
        self.controls[column] = control(blocks, field)
        self.columns[column] = {
            label: (
                Figure.of(ratios(blocks, label, field)),
                statistics.median(it[field] for it in its),
            )
            for label, its in blocks.items()
        }
        for goal, entry in MANY.get(column, {}).items():
            self.figures[goal], _ = self.columns[column][entry.label]

    def _worker(self, entry: Entry) -> Worker:
        """Give the process of an entry, warm."""
        if entry.label not in self._workers:
            self._workers[entry.label] = self._processes.enter_context(
                Worker(entry, self._server.url)
            )
            self._block(entry, fresh=True)
        return self._workers[entry.label]

    def _block(
        self,
        entry: Entry,
        do: str = "every",
        latency_ms: int = 0,
        invoices: int = INVOICES,
        *,
        fresh: bool = False,
    ) -> Told:
        """Have an entry list what is served, and see that it did.

        Args:
            entry: Who.
            do: The worker's command.
            latency_ms: After which the server answers.
            invoices: How many there are.
            fresh: Whether a new client does it.
        """
        worker = self._worker(entry)
        self._server.control(latency_ms=latency_ms, invoices=invoices)
        if fresh:
            worker.ask("open")
        told = worker.ask(do) if do == "first" else worker.ask(do, in_flight=entry.in_flight)
        if fresh:
            worker.ask("close")
        check(entry, told, 1 if do == "first" else invoices)
        if (at_once := self._server.stats()["max_in_flight"]) > entry.most_in_flight:
            raise BenchmarkError(
                f"{entry.label}: had {at_once} requests in flight, not {entry.most_in_flight}"
            )
        return told

    def _weigh(self, entry: Entry, how: str, invoices: int, *, used: bool = False) -> int:
        """Give the KiB that a new process takes for a listing, above what it has after imports, or a first use."""
        self._server.control(latency_ms=0, invoices=invoices)
        with Worker(entry, self._server.url) as worker:
            worker.ask("open")
            told = worker.ask("weigh", how=how, in_flight=entry.in_flight, used=used)
        check(entry, told, invoices)
        return int(told["kib"])

    def _import(self, entry: Entry) -> Told:
        command = [str(DEFAULT.python), "-P", "-c", IMPORT.format(STATEMENTS[entry])]
        with on_processor(0):
            ran = subprocess.run(
                command, env=surroundings(DEFAULT.sources), capture_output=True, check=True
            )
        return {"wall": float(ran.stdout)}


SECTIONS: Mapping[str, Callable[[Bench], None]] = {
    "wait": Bench.wait,
    "cpu": Bench.cpu,
    "import": Bench.imports,
    "client": Bench.clients,
    "first": Bench.first,
    "requests": Bench.requests,
    "memory": Bench.memory,
    "list": Bench.lists,
    "growth": Bench.growth,
}


def taking_part(plan: Plan) -> Plan:
    """Leave out, and name, the peers that cannot take part.

    Raises:
        BenchmarkError: Raw httpx or the SDK is among them.
    """
    gone = {
        entry: told for entry in (RAW, *plan.waiting, *plan.working) if (told := entry.missing())
    }
    for entry, told in gone.items():
        if entry not in OTHERS:
            raise BenchmarkError(f"{entry.label}: {told}")
        print(f"without {entry.label}: {told}", file=sys.stderr)
    waiting, working = (
        [each for each in entries if each not in gone] for entries in (plan.waiting, plan.working)
    )
    return attrs.evolve(plan, waiting=waiting, working=working)


def judged(bench: Bench, goal: Goal) -> Verdict:
    """Judge what was measured for a goal."""
    return goal.verdict(bench.figures[goal.name], bench.controls.get(goal.control))


def tell(bench: Bench, goal: Goal, out: TextIO) -> None:
    """Print a goal's line, and to standard error what is to be known of one that is not reached."""
    figure, apart, verdict = (
        bench.figures[goal.name],
        bench.controls.get(goal.control),
        judged(bench, goal),
    )
    print(f"{goal.name} {figure.median:.3f} {goal.goal:.3f}", file=out, flush=True)
    if verdict not in ("met", "stretch"):
        noise = f", raw httpx over itself {spread(apart)}" if apart else ""
        print(
            f"{goal.name}: {verdict}: {spread(figure)} in {figure.rounds} rounds{noise}",
            file=sys.stderr,
            flush=True,
        )


def spread(figure: Figure) -> str:
    """Write a figure with its quartiles."""
    return report.spread(figure_data(figure))


def found(bench: Bench, plan: Plan, seconds: float) -> report.Results:
    """Give what a full run found."""
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = {
        "cores": f"{os.cpu_count()} cores",
        "memory": f"{gib:.0f} GiB",
        "system": platform.system(),
        "python": f"Python {platform.python_version()}",
    }
    return {
        "command": "make bench",
        "date": str(dt.datetime.now(dt.UTC).date()),
        "minutes": round(seconds / 60, 1),
        "machine": machine,
        "goals": [
            {
                "name": goal.name,
                "what": goal.what,
                "unit": goal.unit,
                "goal": goal.goal,
                "stretch": goal.stretch,
                "figure": figure_data(bench.figures[goal.name]),
                "control": figure_data(bench.controls[goal.control]) if goal.control else None,
                "verdict": judged(bench, goal),
            }
            for goal in GOALS
            if plan.name in goal.plans
        ],
        "peers": [
            {
                "label": entry.label,
                "versions": entry.versions,
                "in_flight": entry.most_in_flight,
                "ours": entry.ours,
                "ratios": {
                    name: figure_data(column[entry.label][0])
                    for name, column in bench.columns.items()
                },
                "seconds": {
                    name: round(column[entry.label][1], 5) for name, column in bench.columns.items()
                },
            }
            for entry in (RAW, AGAIN, *plan.waiting)
        ],
    }


def figure_data(figure: Figure) -> report.FigureData:
    """Give a figure as it is kept."""
    return cast(report.FigureData, attrs.asdict(figure))


def keep(results: report.Results) -> None:
    """Write what was found: as data, as charts, and into the page."""
    report.RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    report.README.write_text(
        report.with_results(report.README.read_text("utf-8"), results), encoding="utf-8"
    )
    charts = [str(BUILD / "charts" / "bin" / "python"), "-m", "benchmarks.charts"]
    subprocess.run(
        charts, cwd=ROOT, env=surroundings() | {"MPLCONFIGDIR": str(BUILD / "charts")}, check=True
    )


def end(number: int, _: FrameType | None) -> NoReturn:
    """End this program, and all that it started, for a signal."""
    sys.exit(128 + number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and tell.

    Exit status 1: a peer failed or did not list what is served; or, of a quick run, a goal is missed.
    """
    parser = argparse.ArgumentParser(description="Measure the SDK beside its peers, as ratios.")
    parser.add_argument(
        "--quick", action="store_true", help="the main ratios alone, in a minute: `name ratio goal`"
    )
    parser.add_argument("--only", choices=SECTIONS, help="one section; nothing is written")
    asked = parser.parse_args(arguments)
    plan = QUICK if asked.quick else FULL
    goals = [goal for goal in GOALS if plan.name in goal.plans]
    signal.signal(signal.SIGTERM, end)
    began = time.monotonic()
    with contextlib.ExitStack() as processes:
        plan = taking_part(plan)
        bench = Bench(plan, processes.enter_context(Server()), processes)
        for name in [asked.only] if asked.only else SECTIONS:
            at, told = time.monotonic(), set(bench.figures)
            SECTIONS[name](bench)
            print(f"{name}: {time.monotonic() - at:.1f} s", file=sys.stderr, flush=True)
            for goal in goals:
                if goal.name in bench.figures.keys() - told:
                    tell(bench, goal, sys.stdout if asked.quick else sys.stderr)
    if asked.only:
        for name, column in bench.columns.items():
            print(
                "\n".join(
                    f"{name}  {label:32} {spread(figure)}" for label, (figure, _) in column.items()
                ),
                file=sys.stderr,
            )
    elif not asked.quick:
        results = found(bench, plan, time.monotonic() - began)
        keep(results)
        print(f"{report.goals_table(results['goals'])}\n\n{report.peers_table(results['peers'])}")
    missed = [
        goal for goal in goals if goal.name in bench.figures and judged(bench, goal) == "missed"
    ]
    return int(asked.quick and bool(missed))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchmarkError as error:
        sys.exit(f"benchmarks: {error}")
