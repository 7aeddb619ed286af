"""Measure the SDK and its peers. `make bench` and `make bench-quick` run this.

Each peer has a process and an environment of its own (`worker.py`). All list the same invoices from
one server (`server.py`), one peer at a time. A round measures each peer once, in an order that
rotates. Ratios are computed within a round, so that anything that slows the machine down for some
seconds affects both sides. The number of invoices and their exact sum are checked each time.

Raw httpx takes part twice. A ratio is relative to the mean of both. Their own ratio is the control:
its difference from 1 is noise.
"""

import argparse
import contextlib
import datetime as dt
import json
import math
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

Result = Mapping[str, Any]
Blocks = Mapping[str, Sequence[Result]]
"""The results of each entry, by its label, with one result per round."""

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
"""The entry of a goal, for the measurements that are made for several entries."""

SIZES = (1, 24, 26, 999, 1000, 1001)
"""The numbers of invoices in accounts whose requests are counted."""

IMPORT = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"
STATEMENTS = {
    RAW: "import httpx",
    AGAIN: "import httpx",
    DEFAULT: "from finerworks import FinerWorks",
}


@attrs.frozen
class Plan:
    """The measurements of a run.

    Attributes:
        name: "full" or "quick".
        waiting: The entries whose time is measured at each latency, besides raw httpx.
        working: The entries whose CPU is measured, besides raw httpx.
        waits: The number of rounds at each latency in milliseconds.
        cpu, imports, clients, firsts: The number of rounds of these sections.
        streamed: The number of invoices when memory is measured.
        lists: The number of rounds with lists of 100,000 invoices.
        growth: The number of pages of a long listing, and the number of rounds.
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


def rounds(count: int, entries: Sequence[Entry], measure: Callable[[Entry], Result]) -> Blocks:
    """Measure each entry once per round, in an order that rotates and alternates its direction."""
    blocks: dict[str, list[Result]] = {entry.label: [] for entry in entries}
    for number in range(count):
        order = entries[::-1] if number % 2 else entries
        start = number % len(entries)
        for entry in (*order[start:], *order[:start]):
            blocks[entry.label].append(measure(entry))
    return blocks


def with_raw(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the entries with raw httpx at two distant positions."""
    half = len(entries) // 2
    return (RAW, *entries[:half], AGAIN, *entries[half:])


def ratios(blocks: Blocks, label: str, field: str) -> list[float]:
    """Return the ratio of an entry to raw httpx in each round."""
    pairs = zip(blocks[RAW.label], blocks[AGAIN.label], strict=True)
    return [
        2 * block[field] / (raw[field] + again[field])
        for block, (raw, again) in zip(blocks[label], pairs, strict=True)
    ]


def control(blocks: Blocks, field: str) -> Figure:
    """Return the ratio of raw httpx to itself."""
    pairs = zip(blocks[RAW.label], blocks[AGAIN.label], strict=True)
    return Figure.of([again[field] / raw[field] for raw, again in pairs])


def check(entry: Entry, result: Result, invoices: int) -> None:
    """Check that an entry listed the served invoices.

    Raises:
        BenchmarkError: It did not.
    """
    total = f"{total_due(invoices):.2f}"
    if result["count"] != invoices or result["sum"] != total:
        raise BenchmarkError(
            f"{entry.label}: listed {result['count']} invoices with a sum of {result['sum']}, "
            f"not {invoices} with {total}"
        )


class Bench:
    """A run: its processes, and the measurements so far.

    Attributes:
        figures: The figures, by the names of goals.
        controls: The controls, by their names in goals.
        columns: The measurements of several entries, by the name of the measurement and the label
            of the entry: the ratio, and the median in seconds.
    """

    def __init__(self, plan: Plan, server: Server, processes: contextlib.ExitStack) -> None:
        self.figures = dict[str, Figure]()
        self.controls = dict[str, Figure]()
        self.columns = dict[str, dict[str, tuple[Figure, float]]]()
        self._plan = plan
        self._server = server
        self._processes = processes
        self._workers = dict[str, Worker]()

    def wait(self) -> None:
        """Measure the time of a listing at each latency, with a new client each time."""
        for latency_ms, count in self._plan.waits.items():
            listing = partial(self._block, latency_ms=latency_ms, fresh=True)
            blocks = rounds(count, with_raw(self._plan.waiting), listing)
            self._take(f"{latency_ms} ms", blocks, "wall")

    def cpu(self) -> None:
        """Measure the CPU and the time of a listing without latency, on open connections."""
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
        """Measure an import statement in a new process, in the environment of the SDK."""
        self._apart("import", 1, self._import)  # The first import compiles the modules.
        self._apart("import", self._plan.imports, self._import)

    def clients(self) -> None:
        """Measure the creation of a client that is not the first one in its process."""
        self._apart(
            "second-client",
            self._plan.clients,
            lambda entry: self._worker(entry).ask("bare", times=3),
        )

    def first(self) -> None:
        """Measure the time to the first invoice, with a new client."""
        first = partial(self._block, do="first", latency_ms=50, fresh=True)
        self._apart("first-invoice", self._plan.firsts, first)

    def requests(self) -> None:
        """Count the requests of listings, and keep the worst ratio."""
        ratios: list[float] = []
        for size in SIZES:
            self._block(DEFAULT, invoices=size, fresh=True)
            pages = math.ceil(size / PER_PAGE)
            ratios.append(self._server.stats()["requests"] / pages)
        self.figures["requests"] = Figure.of([max(ratios)])

    def memory(self) -> None:
        """Measure the maximum memory of a process that iterates over invoices."""
        kib = self._weigh(DEFAULT, "stream", self._plan.streamed)
        self.figures[f"memory-{self._plan.streamed}-mib"] = Figure.of([kib / 1024])

    def lists(self) -> None:
        """Measure the maximum memory of a process with a list of 100,000 invoices, or of dicts."""
        if self._plan.lists:
            weigh = partial(self._weigh, how="every", invoices=100_000, used=True)
            pairs = [(weigh(DEFAULT), weigh(RAW)) for _ in range(self._plan.lists)]
            self.figures["list-of-100000"] = Figure.of([ours / raw for ours, raw in pairs])

    def growth(self) -> None:
        """Measure the time per invoice of a long listing, relative to short ones around it."""
        pages, count = self._plan.growth
        ratios = list[float]()
        controls = list[float]()
        self._worker(DEFAULT).ask("open")
        for _ in range(count):
            before = self._time_per_invoice(INVOICES, times=3)
            long = self._time_per_invoice(pages * PER_PAGE, times=1)
            after = self._time_per_invoice(INVOICES, times=3)
            ratios.append(2 * long / (before + after))
            controls.append(after / before)
        self._worker(DEFAULT).ask("close")
        self.figures[f"time-per-invoice-{pages}"] = Figure.of(ratios)
        self.controls["growth"] = Figure.of(controls)

    def _time_per_invoice(self, invoices: int, *, times: int) -> float:
        """Return the mean time per invoice of some listings."""
        seconds: list[float] = [
            self._block(DEFAULT, do="stream", invoices=invoices)["wall"] for _ in range(times)
        ]
        return statistics.mean(seconds) / invoices

    def _apart(self, goal: str, count: int, measure: Callable[[Entry], Result]) -> None:
        """Measure the SDK with its defaults, for a single goal."""
        blocks = rounds(count, (RAW, DEFAULT, AGAIN), measure)
        self.figures[goal] = Figure.of(ratios(blocks, DEFAULT.label, "wall"))
        self.controls[goal] = control(blocks, "wall")

    def _take(self, column: str, blocks: Blocks, field: str) -> None:
        """Store a measurement of several entries."""
        self.controls[column] = control(blocks, field)
        self.columns[column] = {
            label: (
                Figure.of(ratios(blocks, label, field)),
                statistics.median(block[field] for block in rounds),
            )
            for label, rounds in blocks.items()
        }
        for goal, entry in MANY.get(column, {}).items():
            self.figures[goal], _ = self.columns[column][entry.label]

    def _worker(self, entry: Entry) -> Worker:
        """Return the process of an entry, which has run a listing before."""
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
    ) -> Result:
        """Run a listing of an entry, check it, and return the measurement.

        Args:
            entry: The entry.
            do: The command of the worker.
            latency_ms: The latency of the server.
            invoices: The number of served invoices.
            fresh: Whether to use a new client.
        """
        worker = self._worker(entry)
        self._server.control(latency_ms=latency_ms, invoices=invoices)
        if fresh:
            worker.ask("open")
        options = {} if do == "first" else {"in_flight": entry.in_flight}
        result = worker.ask(do, **options)
        if fresh:
            worker.ask("close")
        check(entry, result, 1 if do == "first" else invoices)
        in_flight = self._server.stats()["max_in_flight"]
        if in_flight > entry.most_in_flight:
            raise BenchmarkError(
                f"{entry.label}: had {in_flight} requests in flight, not {entry.most_in_flight}"
            )
        return result

    def _weigh(self, entry: Entry, how: str, invoices: int, *, used: bool = False) -> int:
        """Return the KiB that a new process needs for a listing.

        They are counted from the end of the imports, or, with `used`, from the first use.
        """
        self._server.control(latency_ms=0, invoices=invoices)
        with Worker(entry, self._server.url) as worker:
            worker.ask("open")
            result = worker.ask("weigh", how=how, in_flight=entry.in_flight, used=used)
        check(entry, result, invoices)
        return int(result["kib"])

    def _import(self, entry: Entry) -> Result:
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
    """Return the plan without the peers that cannot run, and print these.

    Raises:
        BenchmarkError: Raw httpx or the SDK cannot run.
    """
    missing: set[Entry] = set()
    for entry in dict.fromkeys((RAW, *plan.waiting, *plan.working)):
        reason = entry.missing()
        if reason is None:
            continue
        if entry not in OTHERS:
            raise BenchmarkError(f"{entry.label}: {reason}")
        print(f"without {entry.label}: {reason}", file=sys.stderr)
        missing.add(entry)
    return attrs.evolve(
        plan,
        waiting=[entry for entry in plan.waiting if entry not in missing],
        working=[entry for entry in plan.working if entry not in missing],
    )


def judged(bench: Bench, goal: Goal) -> Verdict:
    """Return the verdict on a goal."""
    return goal.verdict(bench.figures[goal.name], bench.controls.get(goal.control))


def print_goal(bench: Bench, goal: Goal, out: TextIO) -> None:
    """Print the line of a goal, and if it is not reached, details on standard error."""
    figure = bench.figures[goal.name]
    noise_figure = bench.controls.get(goal.control)
    verdict = judged(bench, goal)
    print(f"{goal.name} {figure.median:.3f} {goal.goal:.3f}", file=out, flush=True)
    if verdict not in ("met", "stretch"):
        noise = f", raw httpx over itself {spread(noise_figure)}" if noise_figure else ""
        print(
            f"{goal.name}: {verdict}: {spread(figure)} in {figure.rounds} rounds{noise}",
            file=sys.stderr,
            flush=True,
        )


def print_columns(bench: Bench) -> None:
    """Print the measurements of all entries on standard error."""
    for name, column in bench.columns.items():
        for label, (figure, _) in column.items():
            print(f"{name}  {label:32} {spread(figure)}", file=sys.stderr)


def spread(figure: Figure) -> str:
    """Return a figure with its quartiles as text."""
    return report.spread(figure_data(figure))


def found(bench: Bench, plan: Plan, seconds: float) -> report.Results:
    """Return the results of a full run."""
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
    """Return a figure as data for results.json."""
    return cast(report.FigureData, attrs.asdict(figure))


def keep(results: report.Results) -> None:
    """Write the results: as data, as charts, and into README.md."""
    report.RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    report.README.write_text(
        report.with_results(report.README.read_text("utf-8"), results), encoding="utf-8"
    )
    charts = [str(BUILD / "charts" / "bin" / "python"), "-m", "benchmarks.charts"]
    subprocess.run(
        charts, cwd=ROOT, env=surroundings() | {"MPLCONFIGDIR": str(BUILD / "charts")}, check=True
    )


def end(number: int, _: FrameType | None) -> NoReturn:
    """Exit when a signal arrives, which ends all processes that were started."""
    sys.exit(128 + number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the results, and return the exit status.

    It is 1 if a goal is missed in a quick run. A peer that fails raises BenchmarkError.
    """
    parser = argparse.ArgumentParser(description="Measure the SDK relative to its peers.")
    parser.add_argument(
        "--quick", action="store_true", help="only the main ratios, in a minute: `name ratio goal`"
    )
    parser.add_argument("--only", choices=SECTIONS, help="only one section; write no results")
    options = parser.parse_args(arguments)
    plan = QUICK if options.quick else FULL
    goals = [goal for goal in GOALS if plan.name in goal.plans]
    signal.signal(signal.SIGTERM, end)
    began = time.monotonic()
    with contextlib.ExitStack() as processes:
        plan = taking_part(plan)
        bench = Bench(plan, processes.enter_context(Server()), processes)
        for name in [options.only] if options.only else SECTIONS:
            section_began = time.monotonic()
            known = set(bench.figures)
            SECTIONS[name](bench)
            print(f"{name}: {time.monotonic() - section_began:.1f} s", file=sys.stderr, flush=True)
            for goal in goals:
                if goal.name in bench.figures.keys() - known:
                    print_goal(bench, goal, sys.stdout if options.quick else sys.stderr)
    if options.only:
        print_columns(bench)
    elif not options.quick:
        results = found(bench, plan, time.monotonic() - began)
        keep(results)
        print(f"{report.goals_table(results['goals'])}\n\n{report.peers_table(results['peers'])}")
    missed = [
        goal for goal in goals if goal.name in bench.figures and judged(bench, goal) == "missed"
    ]
    return 1 if options.quick and missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchmarkError as error:
        sys.exit(f"benchmarks: {error}")
