"""`finerworks check` lists each deviation of the API from the contract."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from answers import ROW, STATUS, listing, rows
from command import CANARIES, Ended, run, run_against
from finerworks.sandbox import Sandbox
from finerworks.sandbox.settings import SHAPES, Dates, Shape
from wire import Exchange, Wire, http

NAIVE = "dates without a UTC offset, which are read without one (the documented sample has offsets)"
DATES = ("invoice_month", "invoice_date", "first_day_of_month", "last_day_of_month", "due_date")


def check(**settings: object) -> Ended:
    """Run the command against a sandbox of 60 invoices."""
    with Sandbox(invoices=60, edge_cases=True, **settings) as sandbox:  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - each test passes settings
        return run("check", **sandbox.env)


def deviations(done: Ended) -> list[str]:
    """Return the deviations that the command printed, without the label of their line."""
    lines = [line for line in done.out.splitlines() if line.startswith("deviation ")]
    return [line.removeprefix("deviation ") for line in lines]


def answers(data: object, media_type: str = "application/json") -> Callable[[Exchange], object]:
    """Return a handler that sends the same JSON for every page."""
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    return lambda exchange: exchange.send(http(content, 200, f"Content-Type: {media_type}"))


NAMED: dict[Shape, tuple[int, list[str]]] = {
    "bare-list": (5, ["the response is a bare list of invoices, without status and total_count"]),
    "unknown-fields": (
        0,
        [
            "the response has an unknown field, which is ignored: added_later",
            "status has an unknown field, which is ignored: added_later",
            "an invoice has an unknown field, which is ignored: added_later",
        ],
    ),
    "missing-fields": (
        5,
        ["status.status_code is missing", "due_date is missing in 25 of 25 invoices"],
    ),
    "null-fields": (5, ["amount_due is null in 25 of 25 invoices"]),
    "empty-fields": (5, ["due_date is not a date and time in ISO 8601 in 25 of 25 invoices"]),
    "numbers-as-text": (
        5,
        [
            "total_count is not an integer, but text",
            "amount_due is not a finite number, but text in 25 of 25 invoices",
        ],
    ),
    "ids-as-numbers": (5, ["invoice_id is not text, but number in 25 of 25 invoices"]),
    "total-count-per-page": (
        0,
        ["total_count counts the invoices of the page: listings go on to the first empty page"],
    ),
    "total-count-null": (0, ["total_count is null: listings go on to the first empty page"]),
    "total-count-missing": (0, ["total_count is absent: listings go on to the first empty page"]),
}
"""What is named of each shape of the sandbox. Of the others, there is nothing to name."""


@pytest.mark.parametrize("shape", SHAPES)
def test_each_deviation_is_named_in_a_line(shape: Shape) -> None:
    """Each deviation is one line. The exit status is 5 if the SDK cannot read the response, else 0."""
    done = check(shapes=(shape,))
    assert (done.status, deviations(done)) == NAMED.get(shape, (0, []))
    assert "keys      accepted" in done.out.splitlines()
    assert ("contract  no deviation found" in done.out.splitlines()) == (shape not in NAMED)
    assert len(done.err.splitlines()) == (1 if done.status else 0)


@pytest.mark.parametrize("dates", ["none", "mixed"])
def test_dates_without_an_offset_are_named(dates: Dates) -> None:
    """Dates without an offset are reported with their fields and counts, and are not an error."""
    done = check(dates=dates)
    (named,) = deviations(done)
    fields = re.findall(r"(\w+) (\d+) of (\d+)", named)
    assert done.status == 0
    assert named.startswith(f"{NAIVE}: ")
    assert sorted(name for name, _, _ in fields) == sorted(DATES)
    shares = {int(count) / int(total) for _, count, total in fields}
    assert shares == {1.0} if dates == "none" else all(0 < share < 1 for share in shares)


def test_deviations_of_several_kinds_are_all_named() -> None:
    """All deviations are listed, even in a bare list, of which the SDK reads nothing."""
    done = check(dates="none", shapes=("bare-list", "unknown-fields", "null-fields"))
    named = " | ".join(deviations(done))
    assert done.status == 5
    for part in ("a bare list", "amount_due is null in 25", "unknown field", NAIVE):
        assert part in named


def test_without_a_deviation_it_says_so() -> None:
    """A response without deviations is reported in its own line."""
    done = check()
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[-1] == "contract  no deviation found"
    assert "invoices  60" in done.out


@pytest.mark.parametrize("options", [(), ("--shape", "a.json")])
def test_refused_keys_have_a_line(
    options: tuple[str, ...], sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the error, in place of "accepted". After another failure nothing is known of them."""
    monkeypatch.chdir(tmp_path)
    wrong = {**sandbox.env, "FINERWORKS_APP_KEY": "canary"}
    done = run("check", *options, **wrong)
    assert done.status == 3
    assert done.out.splitlines()[-1] == "keys      refused"
    assert "unauthorized api credentials" in done.err
    nowhere = {**wrong, "FINERWORKS_BASE_URL": "http://127.0.0.1:1"}
    assert not any(line.startswith("keys") for line in run("check", **nowhere).out.splitlines())


def test_a_total_that_counts_something_else_is_not_shown_as_the_number_of_invoices() -> None:
    """If `total_count` counts something else, the number of invoices is shown as unknown."""
    assert "invoices  unknown" in check(shapes=("total-count-per-page",)).out
    assert "invoices  unknown" in check(shapes=("total-count-missing",)).out


STUMBLES: list[tuple[object, int, str]] = [
    (listing(rows(1, 1), 2), 5, "two invoices on one page have the same invoice_id"),
    (listing(rows(1), -1), 5, "total_count is below 0"),
    (listing([], 7), 5, "the first page is empty, although total_count is above 0"),
    (listing(None, 7), 5, "the first page is empty, although total_count is above 0"),
    (listing(rows(*range(5)), 99), 0, "the first page has fewer invoices than per_page=25 asks for"),
    (listing(rows(1, 2), 2), 0, "a page has more invoices than per_page=1 allows"),
    ({**listing([]), "status": "good"}, 5, "status is not an object, but text"),
    ({"status": STATUS, "invoices": {"a": 1}}, 5, "invoices is not a list, but object"),
    ({"status": STATUS, "invoices": [3]}, 5, "an invoice is not an object, but number in 1 of 1 invoices"),
    ({"status": STATUS}, 5, "invoices is missing"),
    ({"status": {"success": None}, "invoices": []}, 5, "status.success is null"),
    ({"rows": []}, 5, "the response has an unknown field, which is ignored: rows"),
    ([{**ROW, "amount_due": True}], 5, "amount_due is not a finite number, but boolean in 1 of 1 invoices"),
    ([[]], 5, "an invoice is not an object, but list in 1 of 1 invoices"),
]  # fmt: skip
"""What a server sends for every page, the exit status of `check`, and what it names."""


@pytest.mark.parametrize(("data", "status", "named"), STUMBLES)
def test_what_a_listing_would_stumble_over_is_named(data: object, status: int, named: str) -> None:
    """Deviations that break a listing are listed, even if a single page can be read."""
    with Wire(answers(data)) as wire:
        done = run_against(wire, "check")
    assert done.status == status, done
    assert named in deviations(done)


@pytest.mark.parametrize("media_type", ["text/html", "application/octet-stream"])
def test_another_media_type_is_named(media_type: str) -> None:
    """An unexpected media type is reported. The SDK reads JSON with any media type."""
    with Wire(answers(listing(rows(1)), media_type)) as wire:
        done = run_against(wire, "check")
    assert done.status == 0
    assert "the media type of the response is not application/json" in deviations(done)


@pytest.mark.parametrize("media_type", ["text/json", "Application/JSON; charset=utf-8"])
def test_the_documented_media_types_are_no_deviation(media_type: str) -> None:
    """The documented media types are accepted, with parameters and in any case."""
    with Wire(answers(listing(rows(1)), media_type)) as wire:
        assert not any("media type" in each for each in deviations(run_against(wire, "check")))


@pytest.mark.parametrize("name", [CANARIES["FINERWORKS_APP_KEY"], "OfTheAppKey", "\x1b[31m"])
def test_a_name_that_may_be_data_is_not_shown(name: str) -> None:
    """Field names that may contain a key or data are counted, but not shown."""
    with Wire(answers({**listing(rows(1)), name: 3})) as wire:
        done = run_against(wire, "check")
    assert deviations(done)[0] == (
        "the response has 1 unknown field whose name may be data, so it is not shown here"
    )
    assert name not in done.out + done.err


def test_many_unknown_names_are_data() -> None:
    """Many unknown names, such as those in a map of accounts, are treated as data."""
    names = [f"account_{chr(97 + i)}{chr(97 + j)}" for i in range(5) for j in range(5)]
    with Wire(answers({**listing(rows(1)), **dict.fromkeys(names, 1)})) as wire:
        done = run_against(wire, "check")
    assert "the response has 25 unknown fields" in deviations(done)[0]
    assert "account_" not in done.out


def test_a_number_that_cannot_be_decoded_is_an_error() -> None:
    """A number that is too long for Python is reported in one line, without a traceback."""
    content = json.dumps(listing(rows(1))).replace(
        '"total_count": 1', '"total_count": ' + "9" * 5000
    )
    with Wire(answers(content.encode())) as wire:
        done = run_against(wire, "check")
    assert (done.status, len(done.err.splitlines())) == (5, 1)
    assert "bug in finerworks" not in done.err


def test_a_response_that_nests_deep_is_no_crash() -> None:
    """A deeply nested response does not crash the command."""
    deep = b'{"status": {"success": true, "status_code": 200}, "invoices": [], "x": ' + (
        b"[" * 100_000 + b"]" * 100_000 + b"}"
    )
    with Wire(answers(deep)) as wire:
        done = run_against(wire, "check")
    assert (done.status, len(done.err.splitlines())) == (5, 1)
    assert "bug in finerworks" not in done.err


def test_a_transient_failure_is_retried() -> None:
    """`check` retries transient failures."""

    def answer(exchange: Exchange) -> None:
        failing = exchange.number == 1
        exchange.send(
            http(b"{}", 503)
            if failing
            else http(json.dumps(listing(rows(1))).encode(), 200, "Content-Type: application/json")
        )

    with Wire(answer) as wire:
        done = run_against(wire, "check")
    assert (done.status, deviations(done)) == (0, [])
    assert len(wire.exchanges) == 5


def test_overwrite_is_for_a_shape_alone() -> None:
    """`--overwrite` without `--shape` is wrong usage, and nothing is sent."""
    with Wire() as wire:
        done = run_against(wire, "check", "--overwrite")
    assert (done.status, wire.exchanges) == (2, [])
    assert "--overwrite is for --shape" in done.err
