"""What a run found, as it is kept in results.json and shown in README.md."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, cast

from benchmarks.goals import limit

HERE = Path(__file__).parent
RESULTS, README = HERE / "results.json", HERE / "README.md"

COLUMNS = ("CPU", "0 ms", "20 ms", "50 ms")
"""What is measured of every peer: the CPU per invoice, and the time of a listing at each latency."""


class FigureData(TypedDict):
    """A `goals.Figure`."""

    median: float
    q1: float
    q3: float
    rounds: int


class Reached(TypedDict):
    """A goal, and what was reached of it."""

    name: str
    what: str
    unit: str
    goal: float
    stretch: float | None
    figure: FigureData
    control: FigureData | None
    verdict: str


class Row(TypedDict):
    """A peer: its figures over raw httpx's, and the median seconds that they are made of."""

    label: str
    versions: str
    in_flight: int
    ours: bool
    ratios: dict[str, FigureData]
    seconds: dict[str, float]


class Results(TypedDict):
    """A run."""

    command: str
    date: str
    minutes: float
    machine: dict[str, str]
    goals: list[Reached]
    peers: list[Row]


def read() -> Results:
    """Read what the last full run found."""
    return cast(Results, json.loads(RESULTS.read_text("utf-8")))


def machine(results: Results) -> str:
    """Say in a line where and when a run was."""
    return f"{results['date']}, `{results['command']}`, {', '.join(results['machine'].values())}"


def number(value: float, unit: str = "") -> str:
    """Write a figure: a ratio with three digits, a size with its unit."""
    return f"{value:.1f} {unit}" if unit else f"{value:.3f}"


def spread(figure: FigureData, unit: str = "") -> str:
    """Write a median with its quartiles; of a single round, it alone."""
    median = number(figure["median"], unit)
    return f"{median} ({figure['q1']:.3f}..{figure['q3']:.3f})" if figure["rounds"] > 1 else median


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Make a table of Markdown, in columns that a terminal shows straight too."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = [f"| {' | '.join(map(str.ljust, each, widths))} |" for each in (headings, *rows)]
    return "\n".join([lines[0], f"| {' | '.join('-' * width for width in widths)} |", *lines[1:]])


def goals_table(reached: Sequence[Reached]) -> str:
    """What was to be reached, and what was."""
    rows = [
        [
            each["name"],
            spread(each["figure"], each["unit"]),
            number(each["goal"], each["unit"]),
            "" if each["stretch"] is None else number(each["stretch"], each["unit"]),
            each["verdict"],
            each["what"],
        ]
        for each in reached
    ]
    return table(["name", "figure", "goal", "stretch", "verdict", "what"], rows)


def peers_table(peers: Sequence[Row]) -> str:
    """Every peer over raw httpx, and the limits that no client can pass."""
    rows = [
        [
            row["label"],
            str(row["in_flight"]),
            *map(spread, (row["ratios"][each] for each in COLUMNS)),
            row["versions"],
        ]
        for row in peers
    ]
    raw = peers[0]["seconds"]
    for in_flight in sorted({row["in_flight"] for row in peers}):
        over = {
            latency: limit(latency / 1000, in_flight) / raw[f"{latency} ms"] for latency in (20, 50)
        }
        rows.append(["*the limit*", str(in_flight), "", "", *map(number, over.values()), ""])
    return table(["peer", "in flight", *COLUMNS, "with"], rows)


def with_results(readme: str, results: Results) -> str:
    """Put what a run found into the page, each thing behind the line that is for it."""
    put = {
        "run": f"This is a run of {results['minutes']:.1f} minutes: {machine(results)}.",
        "goals": goals_table(results["goals"]),
        "peers": peers_table(results["peers"]),
    }

    def found(kept: re.Match[str]) -> str:
        return f"{kept[1]}{put[kept[2]]}\n\n"

    return re.sub(rf"(<!-- ({'|'.join(put)}) -->\n\n).*?\n\n", found, readme, flags=re.DOTALL)
