"""The results of a run, in results.json and README.md."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, cast

from benchmarks.goals import limit

HERE = Path(__file__).parent
RESULTS, README = HERE / "results.json", HERE / "README.md"

COLUMNS = ("CPU", "0 ms", "20 ms", "50 ms")
"""The measurements of all peers: CPU per invoice, and time of a listing at each latency."""


class FigureData(TypedDict):
    """A `goals.Figure` as data."""

    median: float
    q1: float
    q3: float
    rounds: int


class Reached(TypedDict):
    """A goal with its figure and verdict."""

    name: str
    what: str
    unit: str
    goal: float
    stretch: float | None
    figure: FigureData
    control: FigureData | None
    verdict: str


class Row(TypedDict):
    """A peer with its figures relative to raw httpx, and the median times in seconds."""

    label: str
    versions: str
    in_flight: int
    ours: bool
    ratios: dict[str, FigureData]
    seconds: dict[str, float]


class Results(TypedDict):
    """The results of a run."""

    command: str
    date: str
    minutes: float
    machine: dict[str, str]
    goals: list[Reached]
    peers: list[Row]


def read() -> Results:
    """Return the results of the last full run."""
    return cast(Results, json.loads(RESULTS.read_text("utf-8")))


def machine(results: Results) -> str:
    """Return the date, command and machine of a run as text."""
    return f"{results['date']}, `{results['command']}`, {', '.join(results['machine'].values())}"


def number(value: float, unit: str = "") -> str:
    """Return a figure as text: a ratio with three decimals, or a size with its unit."""
    return f"{value:.1f} {unit}" if unit else f"{value:.3f}"


def spread(figure: FigureData, unit: str = "") -> str:
    """Return a median as text, with its quartiles if there was more than one round."""
    median = number(figure["median"], unit)
    if figure["rounds"] == 1:
        return median
    return f"{median} ({figure['q1']:.3f}..{figure['q3']:.3f})"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, whose columns are aligned in the source too."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    lines = [f"| {' | '.join(map(str.ljust, row, widths))} |" for row in (headings, rule, *rows)]
    return "\n".join(lines)


def goals_table(reached: Sequence[Reached]) -> str:
    """Return the table of goals, figures and verdicts."""
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
    """Return the table of peers relative to raw httpx, and of theoretical minimums."""
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
    """Return the page with the results, each after the line that marks its place."""
    parts = {
        "run": f"This is a run of {results['minutes']:.1f} minutes: {machine(results)}.",
        "goals": goals_table(results["goals"]),
        "peers": peers_table(results["peers"]),
    }

    def replace(match: re.Match[str]) -> str:
        return f"{match[1]}{parts[match[2]]}\n\n"

    names = "|".join(parts)
    return re.sub(rf"(<!-- ({names}) -->\n\n).*?\n\n", replace, readme, flags=re.DOTALL)
