"""What holds of the benchmarks without a clock: what is served, what is pinned, how a figure is judged and shown."""

import json
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks import report, run, server, worker
from benchmarks.entries import AGAIN, DEFAULT, OTHERS, OURS, RAW, Entry
from benchmarks.goals import GOALS, Figure, Goal, limit
from benchmarks.processes import BenchmarkError, Server
from finerworks import FinerWorks, money
from finerworks_client.models import InvoiceList

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PINS = sorted(BENCHMARKS.glob("requirements/*.txt"))


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    """Give the server, as a run has it."""
    with Server() as running:
        yield running


def test_its_pages_are_the_contracts_and_add_up() -> None:
    """Each invoice has an id of its own, on whichever page, also where the rest of it comes again."""
    count = 2 * server.CYCLE + 30
    pages = [
        InvoiceList.from_dict(json.loads(server.page(number, 25, count))) for number in range(1, 84)
    ]
    invoices = [invoice for page in pages for invoice in page.invoices or []]
    assert {page.total_count for page in pages} == {count}
    assert [invoice.invoice_id for invoice in invoices] == [
        f"INV-{number:08}" for number in range(1, count + 1)
    ]
    assert money.total(invoice.amount_due for invoice in invoices) == server.total_due(count)
    assert min(invoice.amount_due for invoice in invoices) < 0


def test_it_writes_amounts_and_dates_as_finerworks_does() -> None:
    """Two decimals, seven digits of a second, and an offset of summer or winter."""
    rows = json.loads(server.page(1, 25, 25), parse_float=str)["invoices"]
    assert all(re.fullmatch(r"-?\d+\.\d\d", row.pop("amount_due")) for row in rows)
    assert all(row.pop("invoice_id") for row in rows)
    dates = [date for row in rows for date in row.values()]
    assert all(re.fullmatch(r"[-\d]{10}T[:\d]{8}\.\d{7}-0[56]:00", date) for date in dates)
    assert {date[-6:] for date in dates} == {"-05:00", "-06:00"}


@pytest.mark.parametrize("count", [1, 60])
def test_the_sdk_lists_what_it_serves(served: Server, count: int) -> None:
    """It takes the SDK's requests, checks that both keys come, and counts."""
    served.control(latency_ms=1, invoices=count)
    with FinerWorks(web_api_key="some", app_key="other", base_url=served.url) as fw:
        invoices = list(fw.invoices.list())
    assert (len(invoices), money.total(one.amount_due for one in invoices)) == (
        count,
        server.total_due(count),
    )
    assert served.stats()["requests"] == -(-count // 25)
    assert 1 <= served.stats()["connections"] <= DEFAULT.most_in_flight
    assert 1 <= served.stats()["max_in_flight"] <= DEFAULT.most_in_flight


def test_a_tally_is_exact() -> None:
    """Where a sum of floats is not."""
    assert worker.tally([0.1] * 3 + [-0.3]) == {"count": 4, "sum": "0.00"}
    assert worker.tally(map(float, ["1234567.89", "16777217.01"])) == {
        "count": 2,
        "sum": "18011784.90",
    }
    assert f"{server.total_due(3):.2f}" == str(Decimal(sum(map(server.cents, range(3)))).scaleb(-2))


def test_the_least_time_is_that_of_waves() -> None:
    """Page 1 by itself, then as many at a time as are in flight."""
    assert [limit(50, in_flight) for in_flight in (1, 6, 8, 16)] == [2000, 400, 300, 200]


GOAL = Goal("some", "of some thing", goal=1.0, stretch=0.9)
STEADY = Figure(1.0, 0.99, 1.01, 5)


@pytest.mark.parametrize(
    ("samples", "control", "verdict"),
    [
        ([0.8, 0.9, 1.5], STEADY, "stretch"),
        ([0.8, 0.95, 1.5], STEADY, "met"),
        ([1.0, 1.0, 1.0], STEADY, "met"),
        ([0.8, 1.1, 1.5], STEADY, "within noise"),
        ([1.05, 1.1, 1.5], STEADY, "missed"),
        ([1.05, 1.1, 1.5], Figure(1.2, 1.1, 1.3, 5), "within noise"),
        ([1.05, 1.1, 1.5], Figure(0.8, 0.7, 0.9, 5), "within noise"),
        ([1.55, 1.6, 1.7], Figure(0.8, 0.7, 0.9, 5), "missed"),
        ([1.01], None, "missed"),
        ([1.0], None, "met"),
    ],
)
def test_a_goal_is_missed_by_more_than_the_noise(
    samples: list[float], control: Figure | None, verdict: str
) -> None:
    """The quartiles are its own noise, and what the control is off is the machine's."""
    assert GOAL.verdict(Figure.of(samples), control) == verdict


def test_a_goal_without_a_stretch_is_met_or_missed() -> None:
    """The middle verdicts stay."""
    goal = Goal("some", "of some thing", goal=1.0)
    assert [goal.verdict(Figure.of([each]), STEADY) for each in (0.5, 1.5)] == ["met", "missed"]


def test_the_order_turns_and_ratios_are_of_one_round() -> None:
    """A machine that is twice as slow in the second round changes no ratio; nobody is always first."""
    order: list[str] = []
    takes = {RAW.label: 1.0, DEFAULT.label: 3.0, AGAIN.label: 1.5}

    def measure(entry: Entry) -> run.Result:
        order.append(entry.label)
        return {"wall": takes[entry.label] * (1 + len(order) // 4)}

    blocks = run.rounds(2, run.with_raw([DEFAULT]), measure)
    assert order[0] != order[3]
    assert set(order[:3]) == set(order[3:]) == set(takes)
    assert run.ratios(blocks, DEFAULT.label, "wall") == [2.4, 2.4]
    assert run.control(blocks, "wall").median == 1.5


def test_a_peer_that_lists_something_else_ends_the_run() -> None:
    """By a cent, or by an invoice; the error names it."""
    run.check(RAW, {"count": 40, "sum": f"{server.total_due(40):.2f}"}, 40)
    for told in ({"count": 39, "sum": f"{server.total_due(40):.2f}"}, {"count": 40, "sum": "0.01"}):
        with pytest.raises(BenchmarkError, match=re.escape(f"{RAW.label}: listed")):
            run.check(RAW, told, 40)


def test_every_goal_has_a_name_of_its_own_in_one_field() -> None:
    """`make bench-quick` prints three fields to a line."""
    names = [goal.name for goal in GOALS]
    assert len({*names}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)


@pytest.mark.parametrize("pins", PINS, ids=lambda pins: pins.stem)
def test_pins_are_exact(pins: Path) -> None:
    """Nothing but names, versions and for which Python they are: no ranges, no address that they come from."""
    lines = pins.read_text("utf-8").splitlines()
    assert lines
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [^/@]+)?", line) for line in lines)


def test_what_is_measured_is_pinned_and_what_is_pinned_measured() -> None:
    """Each list of pins is of an entry, or of the charts, and has a list of what is wanted beside it."""
    environments = {entry.environment for entry in (RAW, *OURS, *OTHERS) if entry.peer != "node"}
    assert {pins.stem for pins in PINS} == environments | {"charts"}
    assert all(pins.with_suffix(".in").exists() for pins in PINS)
    assert all(
        (BENCHMARKS / "peers" / f"{each.peer}.py").exists()
        for each in (RAW, *OURS, *OTHERS)
        if each.peer != "node"
    )


@pytest.mark.parametrize("environment", ["finerworks", "httpx", "openapi-python-client"])
def test_they_have_the_versions_that_are_tested(environment: str) -> None:
    """The SDK is measured with what its tests run with, and raw httpx is the same httpx."""
    constraints = (BENCHMARKS.parent / "constraints.txt").read_text("utf-8").splitlines()
    pins = (BENCHMARKS / "requirements" / f"{environment}.txt").read_text("utf-8").splitlines()
    assert {line.partition(" ;")[0] for line in pins} <= {
        line.partition(" ;")[0] for line in constraints
    }


def test_the_lock_of_npm_names_no_registry() -> None:
    """It has versions and digests alone."""
    lock = json.loads((BENCHMARKS / "node" / "package-lock.json").read_text("utf-8"))
    assert not any("resolved" in package for package in lock["packages"].values())


def test_the_results_have_every_goal_and_every_peer() -> None:
    """What is shown is of a whole run, judged by the goals of today."""
    results = report.read()
    goals = [goal for goal in GOALS if "full" in goal.plans]
    assert [(each["name"], each["goal"], each["stretch"]) for each in results["goals"]] == [
        (goal.name, goal.goal, goal.stretch) for goal in goals
    ]
    for goal, each in zip(goals, results["goals"], strict=True):
        figure, control = Figure(**each["figure"]), each["control"] and Figure(**each["control"])
        assert goal.verdict(figure, control) == each["verdict"]
    shown = {row["label"]: row for row in results["peers"]}
    assert {RAW.label, AGAIN.label, *(entry.label for entry in (*OURS, *OTHERS))} == shown.keys()
    assert all(row["ratios"].keys() == {*report.COLUMNS} for row in shown.values())


def test_the_page_and_the_charts_show_the_results() -> None:
    """`make bench` writes all of them at once."""
    results, page = report.read(), report.README.read_text("utf-8")
    assert report.with_results(page, results) == page
    for name in ("time-by-latency", "cpu-per-invoice"):
        chart = (BENCHMARKS / f"{name}.svg").read_text("utf-8")
        assert f"]({name}.svg)" in page
        assert report.machine(results).replace("`", "") in chart
        assert all(row["label"] in chart for row in results["peers"]) or name == "time-by-latency"
