"""The goals, and when a figure misses one. Nothing here measures."""

import math
import statistics
from collections.abc import Sequence
from typing import Literal, Self

import attrs

PAGES, PER_PAGE = 40, 25
INVOICES = PAGES * PER_PAGE
"""The default number of invoices in a listing: 40 full pages."""

Verdict = Literal["stretch", "met", "within noise", "missed"]


@attrs.frozen
class Figure:
    """The result of the rounds of a measurement."""

    median: float
    q1: float
    q3: float
    rounds: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Self:
        """Return the median and the quartiles of samples, one per round, with four decimals."""
        if len(samples) > 1:
            q1, median, q3 = statistics.quantiles(samples, n=4, method="inclusive")
        else:
            q1 = median = q3 = samples[0]
        return cls(round(median, 4), round(q1, 4), round(q3, 4), len(samples))


@attrs.frozen
class Goal:
    """A maximum for a figure.

    Attributes:
        name: The name without spaces, as `make bench-quick` prints it.
        what: A description.
        goal: The maximum.
        stretch: A lower maximum, which would be better still.
        control: The measurement whose control shows the noise. "" if there is no noise.
        unit: The unit of a figure that is not a ratio.
        plans: The runs that measure it: the full one, the quick one, or both.
    """

    name: str
    what: str
    goal: float
    stretch: float | None = None
    control: str = ""
    unit: str = ""
    plans: tuple[str, ...] = ("full", "quick")

    def verdict(self, figure: Figure, control: Figure | None) -> Verdict:
        """Return the verdict on a figure: the first one that is true, from top to bottom.

        A goal is missed if even the lower quartile is above it, by more than the control differs
        from 1. A smaller difference says nothing about the SDK.

        Args:
            figure: The measured figure.
            control: The ratio of two measurements of the same client, in the same rounds.
        """
        if self.stretch is not None and figure.median <= self.stretch:
            return "stretch"
        if figure.median <= self.goal:
            return "met"
        noise = 1.0 if control is None else max(control.median, 1 / control.median)
        return "within noise" if figure.q1 <= self.goal * noise else "missed"


def limit(latency: float, in_flight: int, pages: int = PAGES) -> float:
    """Return the minimum time of a listing, in the unit of the latency.

    The first page comes alone, as it contains the number of invoices. The others come in groups.
    """
    groups = math.ceil((pages - 1) / in_flight)
    return latency * (1 + groups)


_TIME = "time at 50 ms"
_CPU = "CPU per invoice"
_MEMORY = "peak memory above import, invoices streamed"
_GROWTH = "time per invoice of {} pages, over that of 40"

GOALS = (
    Goal("sync-6-at-50ms", f"{_TIME}: 6 in flight, as it comes", 0.21, None, "50 ms"),
    Goal("sync-8-at-50ms", f"{_TIME}: 8 in flight", 0.160, 0.153, "50 ms"),
    Goal("sync-16-at-50ms", f"{_TIME}: 16 in flight", 0.110, 0.104, "50 ms"),
    Goal("async-8-at-50ms", f"{_TIME}: asyncio, 8 in flight", 0.175, 0.160, "50 ms"),
    Goal("cpu-sequential", f"{_CPU}: one page after the other", 1.00, 0.90, "CPU"),
    Goal("cpu-sync-8", f"{_CPU}: 8 in flight", 1.20, 1.10, "CPU"),
    Goal("cpu-async-8", f"{_CPU}: asyncio, 8 in flight", 1.65, 1.40, "CPU"),
    Goal("cpu-async-8-aiohttp", f"{_CPU}: asyncio over aiohttp, 8 in flight", 0.95, 0.80, "CPU"),
    Goal(
        "import", "`from finerworks import FinerWorks`, over `import httpx`", 1.25, 1.10, "import"
    ),
    Goal(
        "second-client",
        "making a second client in a process, over `httpx.Client()`",
        0.03,
        0.02,
        "second-client",
    ),
    Goal(
        "first-invoice",
        "time to the first invoice at 50 ms, over raw httpx's first page",
        1.10,
        1.05,
        "first-invoice",
    ),
    Goal("requests", "requests for N invoices, over the pages of 25 that hold them", 1, 1),
    Goal("memory-100000-mib", f"{_MEMORY}: 100,000", 18, unit="MiB", plans=("quick",)),
    Goal("memory-1000000-mib", f"{_MEMORY}: 1,000,000", 64, unit="MiB", plans=("full",)),
    Goal(
        "list-of-100000",
        "memory of a list of 100,000 invoices, over a list of raw httpx's dicts",
        1.08,
        plans=("full",),
    ),
    Goal("time-per-invoice-400", _GROWTH.format("400"), 1.1, None, "growth", plans=("quick",)),
    Goal("time-per-invoice-4000", _GROWTH.format("4,000"), 1.1, None, "growth", plans=("full",)),
)
