"""The command: its output, its files, and its exit statuses."""

# The types that pyarrow-stubs has are in part unknown.
# pyright: reportUnknownMemberType=false

import csv
import datetime as dt
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from answers import ROW, listing, rows
from callers import keys
from commands import COMMAND, Ended, environment, on_terminal, run
from finerworks import FinerWorks, __version__, dates, money
from finerworks.cli.options import STATUSES
from finerworks.extras import install_command
from finerworks.sandbox import Sandbox
from finerworks_client.models import Invoice
from wire import Exchange, Wire, http

AS_OF = ("--as-of", "2026-11-24")
CANARY = "canary-of-a-key"


def said(status: int, data: object, *headers: str) -> bytes:
    """Send a JSON response."""
    return http(json.dumps(data).encode(), status, "Content-Type: application/json", *headers)


Run = Callable[..., Ended]


@pytest.fixture
def at(sandbox: Sandbox) -> Run:
    """Return a function that runs the command against the sandbox."""

    def run_there(*arguments: object, folder: Path | None = None, **known: str) -> Ended:
        return run(*arguments, known={**sandbox.env, **known}, folder=folder)

    return run_there


def against(wire: Wire, *arguments: object) -> Ended:
    """Run the command against a test server."""
    keys = {"FINERWORKS_WEB_API_KEY": CANARY, "FINERWORKS_APP_KEY": f"{CANARY}-2"}
    return run(*arguments, known={**keys, "FINERWORKS_BASE_URL": wire.url})


@contextmanager
def begun(wire: Wire, *command: str) -> Generator[subprocess.Popen[str]]:
    """Start the command against a test server. Kill it at the end if it still runs."""
    keys = {"FINERWORKS_WEB_API_KEY": CANARY, "FINERWORKS_APP_KEY": f"{CANARY}-2"}
    known = environment({**keys, "FINERWORKS_BASE_URL": wire.url})
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=known, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def listed(sandbox: Sandbox) -> list[Invoice]:
    """Return the sandbox's 250 invoices."""
    with FinerWorks(**keys(sandbox)) as fw:
        return list(fw.invoices.list())


def test_the_table_has_every_invoice_and_exact_totals(at: Run, listed: list[Invoice]) -> None:
    """The table has a line per invoice, marks those past their due date, and has exact totals."""
    done = at("invoices", "list", "--quiet", *AS_OF)
    head, *lines = done.out.splitlines()
    assert (done.status, done.err) == (0, "")
    assert head.split() == ["Invoice", "Month", "Due", "Past", "due", "Amount", "due"]
    assert [line.split()[0] for line in lines[:250]] == [each.invoice_id for each in listed]
    assert [line.split()[-1] for line in lines[:250]] == [
        money.text(each.amount_due) for each in listed
    ]
    late = [each for each in listed if dates.is_past_due(each, dt.date(2026, 11, 24))]
    assert ["day" in line for line in lines[:250]] == [each in late for each in listed]
    owed = money.text(money.total(each.amount_due for each in late))
    (credit,) = [each.amount_due for each in listed if each.amount_due < 0]
    assert lines[250:] == [
        "",
        (
            f"250 invoices, 118,620,104.20 due in all; {len(late)} past due date, {owed}; "
            f"1 credit, {money.text(credit)}"
        ),
        "The API does not say whether an invoice is paid: some of these may be.",
    ]


def last_line(*amounts: float) -> str:
    """Return the line of the table that has the totals of invoices of these amounts."""
    several = [{**ROW, "invoice_id": f"INV-{each}", "amount_due": each} for each in amounts]
    with Wire(lambda each: each.send(said(200, listing(several)))) as wire:
        done = against(wire, "invoices", "list", "-q", "--as-of", "2100-01-01")
    (line,) = [line for line in done.out.splitlines() if "due in all" in line]
    return line


def test_the_table_names_credits_if_there_are_any() -> None:
    """Only with them can what is past its due date be more than what is due in all."""
    assert last_line(100, -73.61) == (
        "2 invoices, 26.39 due in all; 1 past due date, 100.00; 1 credit, -73.61"
    )
    assert last_line(100, -70, -3.61) == (
        "3 invoices, 26.39 due in all; 1 past due date, 100.00; 2 credits, -73.61"
    )
    assert last_line(100, 0) == "2 invoices, 100.00 due in all; 1 past due date, 100.00"


def test_a_table_in_a_pipe_is_clean(at: Run) -> None:
    """A table in a pipe has no colour, no trailing spaces, and is not truncated."""
    done = at("invoices", "list", "-q", "--account-key", "séller-ñandú-木", COLUMNS="20")
    assert "\x1b" not in done.out + done.err
    assert not [line for line in done.out.splitlines() if line != line.rstrip()]
    assert "NANDU-202610-0001" in done.out
    assert done.err == ""


def test_programs_get_json(at: Run, listed: list[Invoice]) -> None:
    """JSON is an array, and JSON Lines has an object per line, with exact amounts and the server's dates."""
    whole = json.loads(at("invoices", "list", "--format", "json").out, parse_float=Decimal)
    lines = [
        json.loads(each, parse_float=Decimal)
        for each in at("invoices", "list", "--format", "jsonl").out.splitlines()
    ]
    assert whole == lines
    assert [each["amount_due"] for each in whole] == [
        money.exact(each.amount_due) for each in listed
    ]
    assert [each["due_date"] for each in whole] == [
        each.due_date.isoformat() if each.due_date else None for each in listed
    ]
    assert (
        json.loads(at("invoices", "list", "--format", "json", "--account-key", "seller-null").out)
        == []
    )


def test_spreadsheets_get_csv(at: Run, listed: list[Invoice]) -> None:
    """CSV has a header, and its amounts add up to the total."""
    found = list(csv.DictReader(io.StringIO(at("invoices", "list", "--format", "csv").out)))
    assert sum(Decimal(each["amount_due"]) for each in found) == Decimal("118620104.20")
    assert [each["invoice_id"] for each in found] == [each.invoice_id for each in listed]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (
            ("--since", "2026-03", "--until", "2026-06"),
            ["2026-06", "2026-05", "2026-04", "2026-03"],
        ),
        (("--since", "2026-09"), ["2026-10", "2026-09"]),
        (("--until", "2006-02"), ["2006-02", "2006-01"]),
        (("--since", "2024-01", "--until", "2024-01"), ["2024-01"]),
        (("--limit", "3"), ["2026-10", "2026-09", "2026-08"]),
        (("--since", "2030-01"), []),
        (("--until", "2026-10", "--limit", "1"), ["2026-10"]),
    ],
)
def test_months_are_inclusive(at: Run, options: tuple[str, ...], wanted: list[str]) -> None:
    """`--since` and `--until` include the first and the last invoice month."""
    done = at("invoices", "list", "--format", "csv", *options)
    ids = [row["invoice_id"] for row in csv.DictReader(io.StringIO(done.out))]
    assert (done.status, ids) == (0, [f"INV-{each.replace('-', '')}-0001" for each in wanted])


@pytest.mark.parametrize("option", ["--past-due", "--overdue"])
def test_past_due_is_what_is_owed_past_its_day(at: Run, listed: list[Invoice], option: str) -> None:
    """`--past-due` leaves out credits, paid invoices and those due today. Its old name works."""
    for day in (dt.date(2026, 11, 15), dt.date(2026, 11, 16)):
        done = at("invoices", "list", option, "--format", "csv", "--as-of", day)
        ids = [row["invoice_id"] for row in csv.DictReader(io.StringIO(done.out))]
        late = [
            each.invoice_id
            for each in listed
            if each.due_date and each.due_date.date() < day and each.amount_due > 0
        ]
        assert ids == late
        assert ("INV-202610-0001" in ids) == (day.day == 16)


def test_nothing_is_called_overdue(at: Run) -> None:
    """Neither the help nor the table says that an invoice is unpaid, because nobody knows."""
    for command in ("list", "export", "report"):
        shown = at("invoices", command, "--help").out
        assert "--past-due" in shown
        assert "overdue" not in shown.lower()
    assert "overdue" not in at("invoices", "list", *AS_OF).out.lower()


def test_without_anything_past_due_there_is_no_caveat(at: Run) -> None:
    """The caveat appears only next to an amount past its due date."""
    done = at("invoices", "list", "--as-of", "1990-01-01")
    assert "; 0 past due date, 0.00" in done.out
    assert "paid" not in done.out


def test_says_what_is_left_out(at: Run) -> None:
    """A total of selected invoices says which invoices are left out."""
    done = at(
        "invoices",
        "list",
        "--since",
        "2026-01",
        "--until",
        "2026-06",
        "--past-due",
        "--limit",
        "2",
        *AS_OF,
    )
    assert (
        done.out.splitlines()[-1]
        == "Shown: 2026-01 to 2026-06, past due date on 2026-11-24, the first 2."
    )


def test_a_limit_asks_for_no_more_than_it_takes() -> None:
    """`--limit 1` requests only as many pages as it needs."""
    with Wire(lambda each: each.send(said(200, listing(rows(*range(25)), 1000)))) as wire:
        done = against(wire, "invoices", "list", "--limit", "1")
    assert done.status == 0
    assert len(wire.exchanges) < 10


def test_an_invoice_without_a_month_is_an_error_where_months_are_asked_for() -> None:
    """If months are selected, an invoice without a month is an error, and no total is printed."""
    none = dict.fromkeys(("invoice_month", "first_day_of_month", "last_day_of_month"))
    with Wire(
        lambda each: each.send(
            said(200, listing([*rows(1), {**ROW, **none, "invoice_id": "INV-X"}]))
        )
    ) as wire:
        every = against(wire, "invoices", "list")
        done = against(wire, "invoices", "list", "--since", "2026-01")
    assert (every.status, "INV-X" in every.out) == (0, True)
    assert (done.status, done.out) == (5, "")
    assert done.err == "finerworks: Invoice INV-X has no month: omit --since and --until\n"


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "xlsx"])
def test_exports_to_a_file(form: str, at: Run, tmp_path: Path) -> None:
    """An export is complete, and reports its content on standard error unless `--quiet` is given."""
    done = at("invoices", "export", tmp_path / f"a.{form}")
    assert (done.status, done.out) == (0, "")
    assert done.err.splitlines()[1:] == [
        f"250 invoices, 118,620,104.20 due in all, in {tmp_path / f'a.{form}'}"
    ]
    assert at("invoices", "export", tmp_path / "b", "--format", form, "--quiet") == (0, "", "")
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"a.{form}", "b"]


@pytest.mark.parametrize(
    ("name", "form", "reason"),
    [
        ("<r>A & B</r>", "xlsx", "begins with <r> and ends with </r>, which Excel cannot hold"),
        ("half \ud83d", "xlsx", "has a lone surrogate, U+D83D, which no file can hold"),
        ("half \ud83d", "csv", "has a lone surrogate, U+D83D, which no file can hold"),
        ("half \ud83d", "jsonl", "has a lone surrogate, U+D83D, which no file can hold"),
        ("half \ud83d", "parquet", "has a lone surrogate, U+D83D, which no file can hold"),
    ],
)
def test_a_text_that_a_file_cannot_hold_is_5(
    name: str, form: str, reason: str, tmp_path: Path
) -> None:
    """A text that a file cannot store is an error that names the column, the invoice and the reason."""
    path = tmp_path / f"a.{form}"
    with Wire(lambda each: each.send(said(200, listing(rows("INV-1", name))))) as wire:
        done = against(wire, "invoices", "export", path)
    assert (done.status, done.out) == (5, "")
    column = "invoice" if form == "xlsx" else "invoice_id"  # of the layout that it has by default
    assert done.err.startswith(f"finerworks: {column} of ")
    assert name.removesuffix("\ud83d") in done.err
    assert reason in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_a_text_that_no_output_can_hold_is_5(form: str) -> None:
    """A text that no format can store is an error without output. A table shows its code points."""
    with Wire(lambda each: each.send(said(200, listing(rows("half \ud83d"))))) as wire:
        done = against(wire, "invoices", "list", "--format", form)
        shown = against(wire, "invoices", "list")
    assert (done.status, done.out) == (5, "")
    assert done.err.startswith("finerworks: invoice_id of half has a lone surrogate, U+D83D, ")
    assert (shown.status, "half <U+D83D>" in shown.out) == (0, True)


def test_an_export_takes_the_filters(at: Run, tmp_path: Path) -> None:
    """`export` accepts the same filters as `list`."""
    at(
        "invoices",
        "export",
        tmp_path / "a.parquet",
        "--since",
        "2026-01",
        "--until",
        "2026-02",
        *AS_OF,
    )
    ids = pq.read_table(tmp_path / "a.parquet").column("invoice_id").to_pylist()
    assert ids == ["INV-202602-0001", "INV-202601-0001"]


@pytest.mark.parametrize("command", ["export", "report"])
def test_keeps_a_file_that_is_there(command: str, at: Run, tmp_path: Path) -> None:
    """An existing file is wrong usage before anything is sent. `--overwrite` replaces it."""
    path = tmp_path / ("file.csv" if command == "export" else "file.html")
    path.write_text("mine")
    done = at("invoices", command, path, FINERWORKS_BASE_URL="http://127.0.0.1:1")
    assert (done.status, path.read_text()) == (2, "mine")
    assert (
        done.err
        == f"finerworks: {path} exists already: choose another name, or add --overwrite to replace it\n"
    )
    assert at("invoices", command, path, "--overwrite").status == 0
    assert "INV-202610-0001" in path.read_text()


def test_check_says_what_one_wants_to_know(at: Run) -> None:
    """`check` prints the host, whether the keys work, the number of invoices and the response times."""
    done = at("check")
    host, account, keys, invoices, speed, contract = done.out.splitlines()
    assert account == "account   the owner of the keys in the environment"
    assert contract == "contract  no deviation found"
    assert done.status == 0
    assert re.fullmatch(r"host      http://127\.0\.0\.1:\d+", host)
    assert (keys, invoices) == ("keys      accepted", "invoices  250")
    assert re.fullmatch(r"speed     \d+ ms for the first response, \d+ ms for later ones", speed)
    assert "invoices  60" in at("check", FINERWORKS_ACCOUNT_KEY="seller-aspen").out


def test_runs_a_sandbox_around_a_command() -> None:
    """`finerworks sandbox` accepts the options and the command of `python -m finerworks.sandbox`."""
    code = "import os; print(os.environ['FINERWORKS_WEB_API_KEY'])"
    done = run("sandbox", "--invoices", "3", "--", sys.executable, "-c", code)
    assert done == (0, "sandbox-web-api-key\n", "")
    inner = run("sandbox", "--invoices", "3", "--", COMMAND, "invoices", "list")
    assert inner.out.splitlines()[-1].startswith("3 invoices, ")
    assert "--fail-rate" in run("sandbox", "--help").out


def test_says_its_version() -> None:
    """`--version` prints only the version, on standard output."""
    assert run("--version") == (0, f"finerworks {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments", [(), ("invoices",), ("invoices", "list"), ("check",), ("sandbox",)]
)
def test_help_says_it_all_without_httpx(arguments: tuple[str, ...]) -> None:
    """Each command has a help page, which is printed without importing httpx."""
    command = [sys.executable, "-X", "importtime", "-m", "finerworks.cli", *arguments, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "--help" in done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "finerworks.cli" in imported
    assert not imported & {"httpx", "connexion", "pyarrow", "jinja2", "xlsxwriter"}


def test_help_has_the_exit_statuses(at: Run) -> None:
    """The help lists all exit statuses."""
    told = " ".join(at("invoices", "list", "--help").out.split())
    assert STATUSES in told
    assert [int(each) for each in re.findall(r"(\d+) (?!or)[a-zA-Z]", STATUSES)] == [
        0,
        1,
        2,
        3,
        4,
        5,
        130,
        141,
        143,
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("invoices", "list", "--nonsense"), "No such option: --nonsense"),
        (("invoices", "list", "--format", "xml"), "'xml' is not one of"),
        (("invoices", "list", "--limit", "0"), "0 is not in the range"),
        (
            ("invoices", "list", "--since", "2026-7-1"),
            "--since must be YYYY-MM, for example 2026-01, not '2026-7-1'",
        ),
        (
            ("invoices", "list", "--since", "2026-13"),
            "--since cannot be 2026-13: there is no month 13",
        ),
        (
            ("invoices", "report", "a.html", "--until", "2026-00"),
            "--until cannot be 2026-00: there is no month 00",
        ),
        (
            ("invoices", "list", "--as-of", "2026-02-30"),
            "--as-of cannot be 2026-02-30: there is no day 30 in 2026-02",
        ),
        (
            ("invoices", "list", "--as-of", "2026-13-01"),
            "--as-of cannot be 2026-13-01: there is no month 13",
        ),
        (
            ("invoices", "list", "--since", "2026-06", "--until", "2026-05"),
            "--since 2026-06 is after --until 2026-05",
        ),
        (("invoices", "list", "--account-key", " "), "--account-key is blank"),
        (("invoices", "list", "--account-key", b"k\xff"), "--account-key is not valid UTF-8"),
        (("invoices", "export"), "Missing argument 'FILE'"),
        (
            ("invoices", "list", "--as-of", "yesterday"),
            "--as-of must be YYYY-MM-DD, for example 2026-01-31, not 'yesterday'",
        ),
        (("invoices", "report", "a.txt"), "a.txt must end in .html"),
        (
            ("invoices", "export", "a.ods"),
            "name it .csv, .jsonl, .parquet or .xlsx, or set --format",
        ),
        (("check", "--env-file", "not-there.env"), "'not-there.env' does not exist"),
    ],
)
def test_wrong_usage_is_2(at: Run, arguments: tuple[str | bytes, ...], told: str) -> None:
    """Wrong usage exits with 2 and a message of one or two lines. Nothing is sent."""
    done = at(*arguments, FINERWORKS_BASE_URL="http://127.0.0.1:1")
    assert (done.status, done.out) == (2, "")
    assert told in done.err
    assert done.err.startswith("finerworks: ")
    assert len(done.err.splitlines()) <= 2


def test_an_unusable_host_is_wrong_usage(at: Run) -> None:
    """An invalid host is wrong usage, not a failure of the API."""
    done = at("check", FINERWORKS_BASE_URL="nonsense")
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    assert "FINERWORKS_BASE_URL" in done.err


@pytest.mark.parametrize(
    ("command", "variable", "value"),
    [
        ("check", "SSL_CERT_FILE", "missing.pem"),
        ("invoices list", "SSLKEYLOGFILE", "missing/keys.log"),
        ("invoices export x.csv", "ALL_PROXY", f"socks4://me:{CANARY}@proxy.test"),
        ("check", "HTTPS_PROXY", f"http://me:{CANARY}#x@proxy.test:3128"),
        ("check", "FINERWORKS_BASE_URL", f"https://me:12#{CANARY}@api.test"),
    ],
)
def test_a_setting_that_cannot_be_used_is_2(
    at: Run, tmp_path: Path, command: str, variable: str, value: str
) -> None:
    """An invalid variable is named in one line without secrets. Nothing is sent or written."""
    known = {"FINERWORKS_BASE_URL": "https://127.0.0.2:9", "NO_PROXY": "", variable: value}
    done = at(*command.split(), folder=tmp_path, **known)
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert variable in done.err
    assert CANARY not in done.err
    assert list(tmp_path.iterdir()) == []


def test_the_sandbox_needs_none_of_these_settings(at: Run, tmp_path: Path) -> None:
    """Plain http on this machine works with invalid settings for certificates and proxies."""
    missing = str(tmp_path / "missing" / "file")
    known = dict.fromkeys(["SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"], missing)
    known |= dict.fromkeys(["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"], "socks4://proxy.test")
    assert at("check", **known).status == 0


@pytest.mark.parametrize(
    "command", [("check",), ("invoices", "list"), ("invoices", "export", "x.csv")]
)
def test_refused_credentials_are_3(command: tuple[str, ...], at: Run, tmp_path: Path) -> None:
    """Missing, malformed or rejected keys exit with 3 and one line of advice that shows no key."""
    done = [
        at(*command, FINERWORKS_APP_KEY=wrong, folder=tmp_path)  # sandbox's web_api_key is good
        for wrong in ("", f"{CANARY}-wrong", f"{CANARY} with a blank")
    ]
    assert [each.status for each in done] == [3, 3, 3]
    assert "FINERWORKS_APP_KEY is not set: set it in the environment" in done[0].err
    assert "--env-file" in done[0].err
    assert "unauthorized api credentials" in done[1].err
    assert "copy the key again" in done[2].err
    assert all(len(each.err.splitlines()) == 1 and CANARY not in each.err for each in done)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (said(403, {"message": "not yours"}), 3),
        (said(404, {"message": "nothing here"}), 4),
        (said(429, {"message": "slowly"}, "retry-after: 1000"), 4),
        (said(200, {"status": {"success": False, "status_code": 0}, "invoices": None}), 4),
        (said(302, {}, "location: https://elsewhere.test/"), 4),
        (said(200, {"status": {"success": True, "status_code": 200}}), 5),
        (said(200, listing([{**ROW, "amount_due": "19.99"}])), 5),
    ],
)
def test_a_failure_has_its_status(answer: bytes, status: int, tmp_path: Path) -> None:
    """A failure exits with 3, 4 or 5, and prints one line on standard error. No file is written."""
    with Wire(lambda each: each.send(answer)) as wire:
        done = [
            against(wire, "invoices", "list", "--format", form) for form in ("table", "json", "csv")
        ] + [against(wire, "invoices", "export", tmp_path / "a.csv"), against(wire, "check")]
    assert [each.status for each in done] == [status] * 5
    assert [each.out for each in done[:4]] == [""] * 4
    assert all(
        each.err.startswith("finerworks: POST /v3/list_invoices, attempt 1: ") for each in done
    )
    assert all(CANARY not in each.err and len(each.err.splitlines()) == 1 for each in done)
    assert CANARY.encode() in wire.exchanges[0].head, "the keys were on the wire"
    assert not list(tmp_path.iterdir())


def test_no_server_is_4() -> None:
    """The status is 4 if nothing listens at the host."""
    keys = {
        "FINERWORKS_WEB_API_KEY": "a",
        "FINERWORKS_APP_KEY": "b",
        "FINERWORKS_BASE_URL": "http://127.0.0.1:1",
    }
    done = run("check", known=keys)
    assert (done.status, len(done.err.splitlines())) == (4, 1)
    assert "Connection refused" in done.err


def test_a_listing_that_breaks_off_gives_nothing() -> None:
    """A listing that fails in the middle prints nothing, because it would look complete."""

    def answer(each: Exchange) -> None:
        number = each.asked["page_number"]
        first = 25 * (number - 1)
        good = said(200, listing(rows(*range(first, first + 25)), 100))
        each.send(good if number < 3 else said(404, {"message": "gone"}))

    with Wire(answer) as wire:
        done = [
            against(wire, "invoices", "list", "--format", form)
            for form in ("csv", "jsonl", "json", "table")
        ]
    assert [(each.status, each.out) for each in done] == [(4, "")] * 4


def test_a_listing_that_moves_is_5() -> None:
    """A listing that keeps changing exits with 5, and prints nothing."""
    with Wire(
        lambda each: each.send(said(200, listing(rows(*range(25)), 1000 + each.number)))
    ) as wire:
        done = against(wire, "invoices", "list", "--format", "csv")
    assert (done.status, done.out) == (5, "")
    assert "changed" in done.err


def exchanges(each: Exchange) -> None:
    """Send a page of 60 invoices. One is replaced before the second request."""
    numbers = range(60) if each.number == 1 else range(1, 61)
    everything = [f"INV-{number:03}" for number in numbers]
    first = 25 * (each.asked["page_number"] - 1)
    each.send(said(200, listing(rows(*everything[first : first + 25]), 60)))


@pytest.mark.parametrize("command", ["list", "export", "report"])
def test_a_consistent_listing_misses_no_invoice(command: str, tmp_path: Path) -> None:
    """`--consistent` finds the invoice that a single pass misses without a sign."""
    name = {"list": [], "export": [tmp_path / "all.csv"], "report": [tmp_path / "all.html"]}
    arguments = ["invoices", command, *name[command]]
    if command == "list":
        arguments += ["--format", "csv"]

    def output(*options: str) -> str:
        with Wire(exchanges) as wire:
            done = against(wire, *arguments, *options)
        assert done.status == 0, done.err
        return Path(name[command][0]).read_text("utf-8") if name[command] else done.out

    assert "INV-025" not in output()
    found = output("--consistent", *([] if command == "list" else ["--overwrite"]))
    assert all(f"INV-{number:03}" in found for number in range(1, 61))


def test_a_file_that_cannot_be_written_is_1(at: Run, tmp_path: Path) -> None:
    """The error names the file that cannot be written, and the reason."""
    done = at("invoices", "export", tmp_path / "gone" / "a.csv")
    assert done == (
        1,
        "",
        f"finerworks: cannot write {tmp_path / 'gone' / 'a.csv'}: No such file or directory\n",
    )


def test_a_full_disk_is_1(at: Run) -> None:
    """A full disk exits with 1, also if it receives standard output."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [COMMAND, "invoices", "list", "--format", "csv"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=environment(at_env(at)),
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr


def at_env(at: Run) -> dict[str, str]:
    """Return the environment that points to the sandbox."""
    url = at("check").out.splitlines()[0].split()[1]
    return {
        "FINERWORKS_WEB_API_KEY": Sandbox.web_api_key,
        "FINERWORKS_APP_KEY": Sandbox.app_key,
        "FINERWORKS_BASE_URL": url,
    }


def test_keys_come_from_a_file(sandbox: Sandbox, tmp_path: Path) -> None:
    """`--env-file` takes precedence over the environment. Other variables in the file are ignored."""
    lines = [f"export {name}='{value}'" for name, value in sandbox.env.items()]
    (tmp_path / "keys.env").write_text(
        "\n".join(["# keys", *lines, "FINERWORKS_ACCOUNT_KEY=", "PATH=/nowhere"])
    )
    wrong = {"FINERWORKS_WEB_API_KEY": "wrong", "FINERWORKS_BASE_URL": "http://127.0.0.1:1"}
    done = run("check", "--env-file", tmp_path / "keys.env", known=wrong)
    assert (done.status, done.err) == (0, "")
    assert "invoices  250" in done.out


def test_what_a_file_leaves_empty_is_empty(sandbox: Sandbox, tmp_path: Path) -> None:
    """An empty account in the file means your own account, even if the environment has another."""
    lines = [f"{name}={value}" for name, value in sandbox.env.items()]
    (tmp_path / "keys.env").write_text("\n".join([*lines, "FINERWORKS_ACCOUNT_KEY="]))
    done = run(
        "check",
        "--env-file",
        tmp_path / "keys.env",
        known={"FINERWORKS_ACCOUNT_KEY": "seller-aspen"},
    )
    assert (done.status, "invoices  250" in done.out) == (0, True)
    (tmp_path / "keys.env").write_text("FINERWORKS_APP_KEY=\n")
    assert run("check", "--env-file", tmp_path / "keys.env", known=sandbox.env).status == 3


def test_no_file_is_read_that_is_not_named(sandbox: Sandbox, tmp_path: Path) -> None:
    """A `.env` file is not read unless `--env-file` names it."""
    (tmp_path / ".env").write_text(
        "\n".join(f"{name}={value}" for name, value in sandbox.env.items())
    )
    assert run("check", folder=tmp_path).status == 3


def test_debug_shows_where_without_keys() -> None:
    """`--debug` prints a traceback without keys before the error."""
    with Wire(lambda each: each.send(said(404, {"message": f"no {CANARY} here"}))) as wire:
        done = against(wire, "invoices", "list", "--debug", "--verbose")
        quiet = against(wire, "invoices", "list")
    assert (done.status, "Traceback" in quiet.err) == (4, False)
    assert "Traceback (most recent call last)" in done.err
    assert done.err.splitlines()[-1].startswith("finerworks: POST")
    assert CANARY not in done.err


def test_verbose_logs_each_request(at: Run) -> None:
    """`--verbose` logs each request on standard error, and does not change standard output."""
    done = at("invoices", "list", "--account-key", "seller-birch", "--verbose")
    logged = [line for line in done.err.splitlines() if line.startswith("POST ")]
    # Two pages, and one of the keys' own account, to see whether the account key is ignored.
    assert [line.split(" in ")[0] for line in logged] == ["POST /v3/list_invoices: 200"] * 3
    assert "26 invoices" in done.out


def test_head_ends_quietly(at: Run) -> None:
    """A reader that closes the pipe early, such as `head`, causes no error message."""
    for arguments in ("--format jsonl", "--format table"):
        script = f"'{COMMAND}' invoices list -q {arguments} | head -n 1; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(
            ["bash", "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env=environment(at_env(at)),
        )
        assert done.stderr == ""
        assert len(done.stdout.splitlines()) == 2
        assert done.stdout.splitlines()[1] in {
            "0",
            "141",
        }  # 0: all of it went into the pipe before head closed it


def test_a_closed_pipe_is_141(at: Run) -> None:
    """The status is 141 if nobody reads standard output."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [COMMAND, "invoices", "list", "--format", "csv", "--quiet"]
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            command, stdout=pipe, stderr=subprocess.PIPE, check=False, env=environment(at_env(at))
        )
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("arguments", [("--version",), ("invoices", "--help"), ("check",)])
def test_a_closed_pipe_is_141_whatever_is_said(arguments: tuple[str, ...], at: Run) -> None:
    """The status is 141 for every output of a command."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [COMMAND, *arguments],
        check=False,
        env=environment(at_env(at)),
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_an_error_that_nobody_reads_has_its_status(tmp_path: Path) -> None:
    """An error keeps its exit status if nobody reads standard error."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [COMMAND, "check"], check=False, cwd=tmp_path, stderr=writing, env=environment({})
    )
    os.close(writing)
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_interrupted_export_leaves_nothing(
    number: signal.Signals, status: int, tmp_path: Path
) -> None:
    """Ctrl-C exits with 130, and leaves neither a file nor a part of one."""

    def answer(each: Exchange) -> None:
        if each.asked["page_number"] > 2:
            os.kill(process.pid, number)
            each.wait()
        first = 25 * (each.asked["page_number"] - 1)
        each.send(said(200, listing(rows(*range(first, first + 25)), 1000)))

    export = (COMMAND, "invoices", "export", str(tmp_path / "a.csv"))
    with Wire(answer) as wire, begun(wire, *export) as process:
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (
        status,
        "finerworks: interrupted\n" if number == signal.SIGINT else "",
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["INT", "HUP"])
def test_a_signal_that_is_ignored_stays_ignored(name: str) -> None:
    """Signals that were ignored at the start, as under nohup, stay ignored."""

    def answer(each: Exchange) -> None:
        os.kill(process.pid, signal.Signals[f"SIG{name}"])
        each.send(said(200, listing(rows(1, 2))))

    ignoring = ["bash", "-c", f"""trap '' {name}; exec "$@" """, "bash"]
    command = (*ignoring, COMMAND, "invoices", "list", "--quiet")
    with Wire(answer) as wire, begun(wire, *command) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "2 invoices" in out


def test_an_interrupt_before_there_is_a_command_is_130_too() -> None:
    """Ctrl-C during the imports exits with 130 and no traceback."""
    find = (
        "def find_spec(self, name, *_):\n  if name == 'finerworks.cli.run': raise KeyboardInterrupt"
    )
    program = f"import sys\nclass Finder:\n {find}\nsys.meta_path.insert(0, Finder())"
    ends = f"{program}\nfrom finerworks.cli import main\nsys.exit(main())"
    done = subprocess.run([sys.executable, "-c", ends], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_second_signal_leaves_nothing_either(
    number: signal.Signals, status: int, at: Run, tmp_path: Path
) -> None:
    """A second Ctrl-C does not interrupt the cleanup of the first one."""
    again = f"""
import os, pathlib, finerworks.money as m
unlink = pathlib.Path.unlink
def interrupt(*_, **__):
    os.kill(os.getpid(), {number:d})
def clear(*given, **named):
    interrupt()
    unlink(*given, **named)
m.total, pathlib.Path.unlink = interrupt, clear
"""
    (tmp_path / "sitecustomize.py").write_text(again)
    (tmp_path / "out").mkdir()
    done = at("invoices", "export", "a.csv", folder=tmp_path / "out", PYTHONPATH=str(tmp_path))
    assert done == (status, "", "finerworks: interrupted\n" if number == signal.SIGINT else "")
    assert not list((tmp_path / "out").iterdir())


def test_a_fault_of_the_program_is_1_and_says_so(at: Run, tmp_path: Path) -> None:
    """An unexpected exception is reported in one line, and exits with 1."""
    (tmp_path / "sitecustomize.py").write_text("import finerworks.money as m\nm.total = None\n")
    done = at("invoices", "list", PYTHONPATH=str(tmp_path))
    assert (done.status, len(done.err.splitlines())) == (1, 1)
    assert done.err.startswith("finerworks: bug in finerworks: TypeError: ")
    assert done.err.endswith("Run it with --debug for the traceback\n")


def test_without_the_extra_it_says_what_to_install() -> None:
    """Without the extra, the command exists, and says how to install it."""
    program = (
        "import sys; sys.modules['typer'] = None\nfrom finerworks.cli import main\nsys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"finerworks: the command needs typer: install it with {install_command('cli')}\n"
    )


@pytest.mark.parametrize(("package", "extra"), [("pyarrow", "arrow"), ("xlsxwriter", "cli")])
def test_an_extra_that_a_format_needs_is_2(
    package: str, extra: str, at: Run, tmp_path: Path
) -> None:
    """Another way to call the command would work: it is no failure to write a file."""
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{package!r}] = None\n")
    name = "a.parquet" if package == "pyarrow" else "a.xlsx"
    done = at(
        "invoices",
        "export",
        tmp_path / name,
        PYTHONPATH=str(tmp_path),
        FINERWORKS_BASE_URL="http://127.0.0.1:1",
    )
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert f" needs {package}" in done.err
    assert f": install it with {install_command(extra)}\n" in done.err


def test_a_terminal_gets_colour_and_progress(sandbox: Sandbox) -> None:
    """A terminal shows progress, and invoices past their due date in bold."""
    status, shown = on_terminal(COMMAND, "invoices", "list", *AS_OF, **sandbox.env)
    assert status == 0
    assert re.search(r"\x1b\[1m *INV-202610-0001", shown)
    assert "10 pages, 250 invoices" in shown
    assert shown.rindex(" pages, ") < shown.index("INV-202610-0001"), (
        "the progress is over when the table comes"
    )
    assert "250 invoices, 118,620,104.20 due in all" in shown


def test_progress_needs_no_thread(sandbox: Sandbox, tmp_path: Path) -> None:
    """Progress is shown even if no thread can be started."""
    no_more = "import threading\nthreading.stack_size(1 << 47)  # as much memory as none can have\n"
    (tmp_path / "sitecustomize.py").write_text(no_more)
    known = {**sandbox.env, "PYTHONPATH": str(tmp_path)}
    status, shown = on_terminal(COMMAND, "invoices", "list", *AS_OF, **known)
    assert status == 0
    assert "10 pages, 250 invoices" in shown
    assert "250 invoices, 118,620,104.20 due in all" in shown


def test_no_color_and_quiet_are_obeyed(sandbox: Sandbox) -> None:
    """`NO_COLOR` turns off colours, and `--quiet` turns off progress."""
    status, shown = on_terminal(
        COMMAND, "invoices", "list", "--quiet", *AS_OF, NO_COLOR="1", **sandbox.env
    )
    assert status == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", shown)
    assert "pages" not in shown
    assert "9 days" in shown


def test_colour_that_is_wished_for_makes_no_terminal_of_a_pipe(at: Run) -> None:
    """`FORCE_COLOR` does not print progress into a pipe."""
    done = at("invoices", "list", "--format", "csv", FORCE_COLOR="1")
    assert (done.status, len(done.err.splitlines())) == (0, 1)
    assert "\x1b" not in done.err


def test_a_narrow_terminal_loses_nothing(sandbox: Sandbox) -> None:
    """A narrow terminal wraps lines, and truncates no ID or amount."""
    narrow = {**sandbox.env, "COLUMNS": "30", "NO_COLOR": "1"}
    _, shown = on_terminal(COMMAND, "invoices", "list", "--limit", "1", "--quiet", *AS_OF, **narrow)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert re.search(r"INV-202610-0001 +2026-10 +2026-11-15 +9 days +1,234,567\.89", plain)
    assert "…" not in shown


def test_a_terminal_obeys_nothing_of_the_servers() -> None:
    """Escape sequences and bidirectional controls from the server are replaced."""
    evil = rows("\x1b]0;owned\x07\x1b[2JINV\u202e\u009b31m-1")
    with Wire(lambda each: each.send(said(200, listing(evil)))) as wire:
        done = against(wire, "invoices", "list")
    assert not [each for each in done.out if not each.isprintable() and each != "\n"]
    assert "INV" in done.out


@pytest.mark.parametrize(
    "command",
    [
        ("list", "--since", "2026-01"),
        ("report", "file.html", "--since", "2026-01"),
        ("export", "file.parquet"),
    ],
)
def test_nor_does_it_where_an_error_names_an_invoice(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error shows an invoice ID on one line, shortened and without control characters."""
    none = dict.fromkeys(("invoice_month", "first_day_of_month", "last_day_of_month"))
    evil = {
        **ROW,
        **none,
        "amount_due": 0.00001,
        "invoice_id": f"\x1b]0;owned\x07\nINV\u009b31m{'x' * 5000}",
    }
    monkeypatch.chdir(tmp_path)
    with Wire(lambda each: each.send(said(200, listing([evil])))) as wire:
        done = against(wire, "invoices", *command)
    assert (done.status, len(done.err.splitlines())) == (5, 1)
    assert not [each for each in done.err if not each.isprintable() and each != "\n"]
    assert "INV" in done.err
    assert len(done.err) < 1000


def completions(words: str) -> Iterator[str]:
    """Return the completions that the shell is offered."""
    at = len(words.split()) - (not words.endswith(" "))
    known = {"_FINERWORKS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(at)}
    yield from run(known=known).out.split()


def test_a_shell_completes_commands_and_options() -> None:
    """Bash completes commands and options. typer supports other shells as well."""
    assert {"invoices", "check", "sandbox"} <= set(completions("finerworks "))
    assert {"list", "export", "report"} <= set(completions("finerworks invoices "))
    assert {"--since", "--until", "--format"} <= set(completions("finerworks invoices list --"))


def test_the_command_runs_as_a_module_too(at: Run) -> None:
    """The command also runs as a module, if its script is not on the PATH."""
    done = subprocess.run(
        [sys.executable, "-m", "finerworks.cli", "check"],
        capture_output=True,
        text=True,
        check=True,
        env=environment(at_env(at)),
    )
    assert "invoices  250" in done.stdout
