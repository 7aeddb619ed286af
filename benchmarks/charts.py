"""Draw charts of results.json: time by latency, and CPU per invoice.

`make bench` runs this in the environment that has matplotlib.
"""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from benchmarks.goals import INVOICES, PAGES, limit
from benchmarks.report import HERE, Results, Row, machine, read

OURS, OTHERS, QUIET = "#0b62c4", "#8a8f98", "#5b6068"
LATENCIES = (0, 20, 50)
LEGEND = ("other clients", "finerworks", "finerworks, asyncio", "the least that it can take")

STYLE = {
    "svg.hashsalt": "finerworks",  # the same figures produce the same file
    "svg.fonttype": "none",  # keep text as text: searchable, accessible, small
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": QUIET,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    # A background, so that the chart is legible on light and dark pages.
    "figure.facecolor": "white",
}


def drawing(results: Results, title: str, height: float) -> Drawing:
    """Return an empty chart with a title, and a note on where it was measured."""
    figure = Drawing(figsize=(8.4, height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    figure.supxlabel(machine(results).replace("`", ""), x=0.01, ha="left", fontsize=8, color=QUIET)
    return figure


def write(figure: Drawing, name: str) -> None:
    """Write a chart, without the current time."""
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None, "Creator": None})


def time_by_latency(results: Results) -> None:
    """Draw the time of a listing, and its theoretical minimum.

    One chart shows all clients, and another one those that have several requests in flight.
    """
    figure = drawing(results, f"Time to list {INVOICES:,} invoices on {PAGES} pages", 4.6)
    everyone, ahead = figure.subplots(1, 2)
    everyone.set_title("every client", loc="left", fontsize=10)
    ahead.set_title("nearer: those with several pages in flight", loc="left", fontsize=10)
    draw_times(everyone, results["peers"], (1, 8), 2.3)
    draw_times(ahead, [row for row in results["peers"] if row["in_flight"] > 1], (6, 8, 16), 0.6)
    everyone.set_ylabel("seconds")
    lines = {label: line for line, label in zip(*everyone.get_legend_handles_labels(), strict=True)}
    everyone.legend([lines[each] for each in LEGEND], LEGEND, loc="upper left", frameon=False)
    write(figure, "time-by-latency")


def draw_times(axes: Axes, rows: Sequence[Row], marked: Sequence[int], top: float) -> None:
    """Draw the times of some clients, and the minimums. `marked` minimums have a label."""
    for row in sorted(rows, key=lambda row: row["ours"]):
        style = (
            {"linewidth": 1.8, "marker": "o", "markersize": 5} if row["ours"] else {"linewidth": 1}
        )
        if kind(row) == "finerworks, asyncio":
            style |= {"linestyle": "--", "markerfacecolor": "white"}
        times = [row["seconds"][f"{latency} ms"] for latency in LATENCIES]
        axes.plot(LATENCIES, times, color=OURS if row["ours"] else OTHERS, label=kind(row), **style)
    for in_flight in sorted({row["in_flight"] for row in rows}):
        least = [limit(latency / 1000, in_flight) for latency in LATENCIES]
        axes.plot(LATENCIES, least, color="black", linewidth=1, linestyle=":", label=LEGEND[-1])
        if in_flight in marked:
            axes.annotate(
                f"{in_flight} in flight",
                (LATENCIES[-1], least[-1]),
                (7, -3),
                textcoords="offset points",
                color=QUIET,
            )
    axes.set(xlabel="latency of a response, ms", xticks=LATENCIES, xlim=(-1, 64), ylim=(0, top))
    axes.grid(axis="y", color="#e3e5e8")


def kind(row: Row) -> str:
    """Return the name of a line in the legend."""
    if not row["ours"]:
        return LEGEND[0]
    return LEGEND[2 if "asyncio" in row["label"] else 1]


def cpu_per_invoice(results: Results) -> None:
    """Draw the CPU time per invoice, relative to raw httpx."""
    rows = sorted(results["peers"], key=lambda row: -row["ratios"]["CPU"]["median"])
    figure = drawing(
        results, "CPU per invoice, over that of raw httpx + json", 0.9 + 0.27 * len(rows)
    )
    axes = figure.subplots()
    figures = [row["ratios"]["CPU"] for row in rows]
    medians = [each["median"] for each in figures]
    quartiles = [
        [each["median"] - each["q1"] for each in figures],
        [each["q3"] - each["median"] for each in figures],
    ]
    names = [row["label"] for row in rows]
    colors = [OURS if row["ours"] else OTHERS for row in rows]
    axes.barh(
        names,
        medians,
        color=colors,
        height=0.7,
        xerr=quartiles,
        error_kw={"ecolor": "black", "elinewidth": 1},
    )
    for place, each in enumerate(figures):
        axes.annotate(
            f"{each['median']:.2f}",
            (each["q3"], place),
            (5, 0),
            textcoords="offset points",
            va="center",
        )
    axes.axvline(1, color="black", linewidth=1, linestyle=":")
    axes.set(
        xlabel="ratio: the median of the rounds, and their quartiles",
        xlim=(0, 1.1 * max(each["q3"] for each in figures)),
    )
    axes.tick_params(axis="y", length=0, labelcolor="black")
    axes.margins(y=0.01)
    write(figure, "cpu-per-invoice")


if __name__ == "__main__":
    with mpl.rc_context(STYLE):
        time_by_latency(read())
        cpu_per_invoice(read())
