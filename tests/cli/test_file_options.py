"""The options of `export` that say how a file is written: its layout, and CSV for Excel."""

import csv
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from answers import ROW, listing
from commands import Ended, run
from finerworks.exports import LAYOUTS
from finerworks.exports.layouts import BILL_LAYOUTS
from finerworks.sandbox import Sandbox
from wire import Wire, http

KEYS = {"FINERWORKS_WEB_API_KEY": "a", "FINERWORKS_APP_KEY": "b"}
AS_OF = ("--as-of", "2026-11-24")
NOWHERE = {"FINERWORKS_BASE_URL": "http://127.0.0.1:1"}
"""A host that does not respond: an error about the command line comes before any request."""

Export = Callable[..., Ended]


@pytest.fixture
def export(sandbox: Sandbox) -> Export:
    """Return a function that runs `finerworks invoices export` against the sandbox."""

    def export_there(*arguments: object, **variables: str) -> Ended:
        return run("invoices", "export", *arguments, known={**sandbox.env, **variables})

    return export_there


def header_of(path: Path) -> str:
    """Return the first line of a CSV file."""
    return path.read_text("utf-8").splitlines()[0]


def test_excel_is_plain_and_says_what_it_shows(export: Export, tmp_path: Path) -> None:
    """Excel files have the layout `plain`. The title has the date, the account and the selection."""
    path = tmp_path / "a.xlsx"
    done = export(path, *AS_OF, "--account-key", "seller-aspen", "--limit", "3")
    assert done.status == 0
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert sheet["A2"].value == "As of 2026-11-24, account seller-aspen, only the first 3"
    assert [sheet.cell(6, column).value for column in (1, 2)] == [
        "seller-aspen",
        "ASPEN-202610-0001",
    ]
    assert sheet["B9"].value == "Total of 3 invoices"


def test_a_layout_is_chosen_by_an_option(export: Export, tmp_path: Path) -> None:
    """`--layout` chooses `full` for Excel and `plain` for CSV."""
    assert export(tmp_path / "a.xlsx", "--layout", "full").status == 0
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert sheet["A1"].value == "invoice_id"
    assert sheet.max_column == 12
    assert export(tmp_path / "a.csv", "--layout", "plain", *AS_OF).status == 0
    assert header_of(tmp_path / "a.csv") == (
        "account,invoice,month,invoice_date,due_date,days_past_due,age,amount"
    )


def test_csv_for_excel(export: Export, tmp_path: Path) -> None:
    """`--excel` writes a byte order mark and, unless another layout is chosen, days."""
    assert export(tmp_path / "a.csv", "--excel").status == 0
    assert header_of(tmp_path / "a.csv").startswith("\ufeffaccount,invoice,month")
    assert export(tmp_path / "b.csv", "--excel", "--layout", "full").status == 0
    assert header_of(tmp_path / "b.csv").startswith("\ufeffinvoice_id,amount_due")


@pytest.mark.parametrize("form", ["jsonl", "parquet", "xlsx"])
def test_only_csv_is_for_excel(form: str, export: Export, tmp_path: Path) -> None:
    """`--excel` with another format is wrong usage, and nothing is requested."""
    done = export(tmp_path / f"a.{form}", "--excel", **NOWHERE)
    assert done == (2, "", f"finerworks: --excel is for CSV, not for {form}: leave it out\n")


BOOKS = {
    "xero": ["--account-code", "310", "--tax-code", "Tax Exempt", "--currency", "USD"],
    "quickbooks-online": ["--account-code", "Printing", "--tax-code", "", "--currency", "USD"],
    "quickbooks-desktop": ["--account-code", "Printing"],
    "sage": ["--account-code", "5000", "--tax-code", "No VAT"],
    "beancount": ["--account-code", "Expenses:Printing", "--currency", "USD"],
    "hledger": ["--account-code", "Expenses:Printing", "--currency", "USD"],
}
BOOKS["xero"] += ["--date-format", "DD/MM/YYYY"]


def export_rows(*arguments: object, amounts: dict[str, float]) -> Ended:
    """Run `finerworks invoices export` against a server with invoices of these amounts."""
    rows = [{**ROW, "invoice_id": name, "amount_due": amount} for name, amount in amounts.items()]
    body = http(json.dumps(listing(rows)).encode(), 200, "Content-Type: application/json")
    with Wire(lambda exchange: exchange.send(body)) as wire:
        known = {**KEYS, "FINERWORKS_BASE_URL": wire.url}
        return run("invoices", "export", *arguments, known=known)


def test_each_layout_has_its_file(tmp_path: Path) -> None:
    """Each layout writes its file. The summary has the total, and what the layout leaves out."""
    assert list(BOOKS) == list(LAYOUTS[2:])
    ends = {"quickbooks-desktop": "iif", "beancount": "beancount", "hledger": "journal"}
    for layout, books in BOOKS.items():
        path = tmp_path / f"{layout}.{ends.get(layout, 'csv')}"
        done = export_rows(path, "--layout", layout, *books, amounts={"INV-1": 19.99})
        _, first, *notes = done.err.splitlines()  # whose invoices they are comes first
        assert (done.status, done.out) == (0, "")
        assert first == f"1 invoice, 19.99 due in all, in {path}"
        assert len(notes) == (0 if layout in {"beancount", "hledger"} else 1)
        assert all(note.startswith("Left out: the ") for note in notes)
        assert "19.99" in path.read_text("utf-8")
        assert "2026" in path.read_text("utf-8") or "/26" in path.read_text("utf-8")


@pytest.mark.parametrize("layout", [name for name in BOOKS if name != "quickbooks-online"])
def test_a_layout_goes_to_standard_output(layout: str, tmp_path: Path) -> None:
    """Standard output gets the same text as a file."""
    path = tmp_path / f"a{BILL_LAYOUTS[layout].extensions[0]}"
    options = ("--layout", layout, *BOOKS[layout])
    amounts = {"INV-1": 19.99, "INV-2": -5.5}
    assert export_rows(path, *options, amounts=amounts).status == 0
    done = export_rows("-", *options, amounts=amounts)
    assert (done.status, done.out) == (0, path.read_text("utf-8"))


def test_a_layout_with_two_files_does_not_go_to_standard_output() -> None:
    """QuickBooks Online needs a second file for credits. Nothing is requested."""
    options = ("--layout", "quickbooks-online", *BOOKS["quickbooks-online"])
    done = run("invoices", "export", "-", *options, known={})
    problem = "--layout quickbooks-online writes credits to a second file: name a file instead of -"
    assert done == (2, "", f"finerworks: {problem}\n")


def test_credits_for_quickbooks_online_are_named(tmp_path: Path) -> None:
    """Credits go to a second file, which the summary names. `--quiet` prints no summary."""
    path = tmp_path / "bills.csv"
    arguments = (path, "--layout", "quickbooks-online", *BOOKS["quickbooks-online"])
    amounts = {"INV-1": 19.99, "INV-2": -5.5}
    done = export_rows(*arguments, amounts=amounts)
    credit = tmp_path / "bills-credits.csv"
    assert done.err.splitlines()[1:3] == [
        f"2 invoices, 14.49 due in all, in {path}",
        f"1 credit, -5.50, in {credit}: QuickBooks Online imports no credits, so enter them by hand",
    ]
    found = list[Decimal]()
    for each in (path, credit):
        with each.open(encoding="utf-8", newline="") as file:
            found += [Decimal(row["Line Amount"]) for row in csv.DictReader(file)]
    assert sum(found) == Decimal("14.49")
    quiet = export_rows(*arguments, "--overwrite", "--quiet", amounts=amounts)
    assert quiet == (0, "", "")


def test_an_amount_that_does_not_fit_is_5(tmp_path: Path) -> None:
    """An error names the invoice, the amount and the layout. No file is written."""
    path = tmp_path / "bills.csv"
    done = export_rows(path, "--layout", "sage", *BOOKS["sage"], amounts={"INV-1": 0.001})
    assert (done.status, done.out) == (5, "")
    assert done.err == (
        "finerworks: invoice INV-1 of 0.001 does not fit the layout sage: its amount has more than "
        "two decimals\n"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["a.csv", "--layout", "sage", "--tax-code", "No VAT"],
            "--layout sage needs --account-code: the number of a ledger account in Sage, such as 5000",
        ),
        (
            ["a.csv", "--layout", "xero"],
            (
                "--layout xero needs --account-code, --tax-code, --currency and --date-format. "
                "--account-code is the code of an expense account in Xero, such as 310; --tax-code is "
                "the name of a tax rate in Xero, such as 'Tax Exempt'; --currency is the currency of "
                "the amounts, such as USD, as FinerWorks does not name it; --date-format is how dates "
                "are written, one of DD/MM/YYYY, MM/DD/YYYY"
            ),
        ),
        (
            ["a.csv", "--layout", "sage", *BOOKS["sage"], "--currency", "GBP"],
            "--currency is not for the layout sage: leave it out",
        ),
        (["a.csv", "--currency", "USD"], "--currency is not for the layout full: leave it out"),
        (
            ["a.csv", "--layout", "xero", *BOOKS["xero"], "--excel"],
            "--excel is not for --layout xero: leave it out",
        ),
        (
            ["a.xlsx", "--layout", "xero", *BOOKS["xero"]],
            "'a.xlsx' does not end in .csv, which the layout xero writes",
        ),
        (
            ["a.journal", "--layout", "hledger", "--format", "csv", *BOOKS["hledger"]],
            "the layout hledger writes .journal or .hledger or .ledger, not the format csv",
        ),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    arguments: list[str], message: str, export: Export
) -> None:
    """The message names the option instead of the argument, and nothing is requested."""
    assert export(*arguments, **NOWHERE) == (2, "", f"finerworks: {message}\n")


def test_a_file_of_credits_that_exists_is_kept(export: Export, tmp_path: Path) -> None:
    """An existing file of credits is not replaced, and the message names it."""
    (tmp_path / "a-credits.csv").write_text("mine")
    books = BOOKS["quickbooks-online"]
    done = export(tmp_path / "a.csv", "--layout", "quickbooks-online", *books, **NOWHERE)
    assert done.status == 2
    assert done.err == (
        f"finerworks: {tmp_path / 'a-credits.csv'} exists already: choose another name, or add "
        "--overwrite to replace it\n"
    )
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
