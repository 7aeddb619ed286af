"""The options of `export` that say how a file is written: its layout, and CSV for Excel."""

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from commands import Ended, run
from finerworks.sandbox import Sandbox

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
    """The title has the as-of date, the account and the selection."""
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
    """`full` keeps each field in Excel too, and `plain` is for CSV too."""
    assert export(tmp_path / "a.xlsx", "--layout", "full").status == 0
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert sheet["A1"].value == "invoice_id"
    assert sheet.max_column == 12
    assert export(tmp_path / "a.csv", "--layout", "plain", *AS_OF).status == 0
    assert header_of(tmp_path / "a.csv") == (
        "account,invoice,month,invoice_date,due_date,days_past_due,age,amount"
    )


def test_csv_for_excel(export: Export, tmp_path: Path) -> None:
    """It has a byte order mark and days, unless another layout is chosen."""
    assert export(tmp_path / "a.csv", "--excel").status == 0
    assert header_of(tmp_path / "a.csv").startswith("\ufeffaccount,invoice,month")
    assert export(tmp_path / "b.csv", "--excel", "--layout", "full").status == 0
    assert header_of(tmp_path / "b.csv").startswith("\ufeffinvoice_id,amount_due")


@pytest.mark.parametrize("form", ["jsonl", "parquet", "xlsx"])
def test_only_csv_is_for_excel(form: str, export: Export, tmp_path: Path) -> None:
    """Anything else is wrong usage, and nothing is requested."""
    done = export(tmp_path / f"a.{form}", "--excel", **NOWHERE)
    assert done == (2, "", f"finerworks: --excel is for CSV, not for {form}: leave it out\n")
