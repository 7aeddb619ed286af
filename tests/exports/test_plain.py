"""The layout `plain`: the columns that people need, with days, and as an Excel table with a total."""

# Some types in pyarrow-stubs are unknown.
# pyright: reportUnknownMemberType=false

import csv
import datetime as dt
import json
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from finerworks import ListingChangedError, money
from finerworks.exports import (
    FORMATS,
    LAYOUTS,
    ExportError,
    excel_plain,
    export,
    plain,
    table_layout,
    workbook,
)
from finerworks.exports.age import age_of
from finerworks.exports.columns import columns
from finerworks_client.models import Invoice
from texts import CODES, MAIN, ONE_FOLDER, RICH, TEXTS, decode

CENTRAL = dt.timezone(-dt.timedelta(hours=6))
AS_OF = dt.date(2026, 5, 30)
LATE = dt.datetime(2026, 4, 15, 23, 59, 59, 999999, CENTRAL)
HEADERS = [column.header for column in excel_plain.COLUMNS]
FIRST_ROW = excel_plain.HEADER_ROW + 2
"""The row of the first invoice in Excel, which counts from 1."""

NAMES = [
    "account",
    "invoice",
    "month",
    "invoice_date",
    "due_date",
    "days_past_due",
    "age",
    "amount",
]


def invoice(name: str = "INV-1", amount: str = "19.99", due: dt.datetime | None = LATE) -> Invoice:
    """Return an invoice of March 2026."""
    month = dt.datetime(2026, 3, 1, tzinfo=CENTRAL)
    end = dt.datetime(2026, 3, 31, 22, 30, tzinfo=CENTRAL)
    return Invoice(name, Decimal(amount), month, end, month, end, due)


def sheet_of(path: Path, *, values: bool = False) -> Worksheet:
    """Return the first sheet. With `values`, formulas have the value that was written with them."""
    return openpyxl.load_workbook(path, data_only=values).worksheets[0]


def rows_of(path: Path) -> list[tuple[object, ...]]:
    """Return the rows of a sheet below its headers, with the total."""
    return list(sheet_of(path, values=True).iter_rows(min_row=FIRST_ROW, values_only=True))


def shared_texts(path: Path) -> list[str]:
    """Return the texts of a workbook, which are in one place. openpyxl decodes them wrongly."""
    with zipfile.ZipFile(path) as book:
        root = ET.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314 - our own file
    return [decode(text.text or "") for text in root.iter(f"{MAIN}t")]


def test_csv_has_days_and_no_times(tmp_path: Path) -> None:
    """In CSV, a date is a day of the server's calendar, without time and offset."""
    path = tmp_path / "file.csv"
    export([invoice()], path, layout="plain", as_of=AS_OF, account_key="seller-aspen")
    assert path.read_text("utf-8").splitlines() == [
        ",".join(NAMES),
        "seller-aspen,INV-1,2026-03-01,2026-03-31,2026-04-15,45,31 to 60 days,19.99",
    ]


@pytest.mark.parametrize(
    ("as_of", "amount", "expected"),
    [
        (LATE.date() + dt.timedelta(1), "0.01", 1),
        (LATE.date() + dt.timedelta(684), "5", 684),
        (LATE.date(), "5", None),
        (LATE.date() - dt.timedelta(6), "5", None),
        (LATE.date() + dt.timedelta(684), "0", None),
        (LATE.date() + dt.timedelta(684), "-5", None),
    ],
)
@pytest.mark.parametrize("form", ["jsonl", "xlsx"])
def test_only_what_is_past_its_due_date_has_days_past_due(
    form: str, as_of: dt.date, amount: str, expected: int | None, tmp_path: Path
) -> None:
    """As in the table of the terminal: who owes nothing is not late, however old the invoice."""
    path = tmp_path / f"file.{form}"
    export([invoice(amount=amount)], path, layout="plain", as_of=as_of)
    if form == "jsonl":
        assert json.loads(path.read_text("utf-8"))["days_past_due"] == expected
    else:
        assert rows_of(path)[0][5] == expected


def test_json_lines_have_null_where_there_is_nothing(tmp_path: Path) -> None:
    """In JSON Lines, an unknown account and a due date that was never set are null."""
    path = tmp_path / "file.jsonl"
    export([invoice(due=dt.datetime(1, 1, 1))], path, layout="plain", as_of=AS_OF)  # noqa: DTZ001
    row = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    assert list(row) == NAMES
    assert (row["account"], row["due_date"], row["days_past_due"]) == (None, None, None)
    assert (row["age"], row["amount"]) == ("no due date", Decimal("19.99"))


def test_parquet_has_types(tmp_path: Path) -> None:
    """In Parquet, days are dates, days past due are numbers, and amounts are decimals."""
    path = tmp_path / "file.parquet"
    export([invoice()], path, layout="plain", as_of=AS_OF)
    table = pq.read_table(path)
    assert table.column_names == NAMES
    for name in ("month", "invoice_date", "due_date"):
        assert table.schema.field(name).type == pa.date32()
    assert table.schema.field("days_past_due").type == pa.int64()
    assert table.schema.field("amount").type == pa.decimal128(38, 4)
    assert table.column("due_date").to_pylist() == [dt.date(2026, 4, 15)]


@pytest.mark.parametrize(
    ("days", "amount", "age"),
    [
        (None, "1", "no due date"),
        (None, "-1", "credit"),
        (None, "0", "nothing due"),
        (-5, "1", "not yet due"),
        (0, "1", "not yet due"),
        (0, "-1", "credit"),
        (1, "1", "1 to 30 days"),
        (30, "0.01", "1 to 30 days"),
        (31, "1", "31 to 60 days"),
        (60, "1", "31 to 60 days"),
        (61, "1", "61 to 90 days"),
        (90, "1", "61 to 90 days"),
        (91, "1", "over 90 days"),
        (9999, "1", "over 90 days"),
        (91, "0", "nothing due"),
        (1, "-1", "credit"),
    ],
)
def test_an_age_says_how_long_the_due_date_is_past(days: int | None, amount: str, age: str) -> None:
    """A credit or zero is never past due, and a spreadsheet never reads an age as a date."""
    assert age_of(days, Decimal(amount)) == age
    assert not re.fullmatch(r"\d+-\d+", age)


def test_days_are_counted_from_today_by_default(tmp_path: Path) -> None:
    """The default as-of date is this machine's current day, for all rows."""
    while True:
        today = plain.today()
        due = dt.datetime.combine(today, dt.time(), CENTRAL) - dt.timedelta(3)
        export([invoice(due=due)], tmp_path / "file.csv", layout="plain", overwrite=True)
        if plain.today() == today:  # else midnight came in between
            break
    with (tmp_path / "file.csv").open(encoding="utf-8", newline="") as file:
        assert [row["days_past_due"] for row in csv.DictReader(file)] == ["3"]


def test_excel_is_plain_by_default() -> None:
    """`plain` is the default for Excel and for CSV for Excel, and `full` for other formats."""
    assert [table_layout(form, None) for form in FORMATS] == ["full", "full", "full", "plain"]
    assert table_layout("csv", None, excel=True) == "plain"
    for layout in LAYOUTS[:2]:
        assert table_layout("xlsx", layout) == table_layout("csv", layout, excel=True) == layout


def test_excel_has_a_title_headers_and_a_total(tmp_path: Path) -> None:
    """The title has the as-of date, the account and the selection."""
    path = tmp_path / "file.xlsx"
    invoices = [invoice(), invoice("007", "-5.50"), invoice("INV-3", "100", None)]
    export(invoices, path, as_of=AS_OF, account_key="seller-aspen", shown="the first 3")
    lines = [cell.value for cell in sheet_of(path)["A"][: excel_plain.HEADER_ROW]]
    assert lines == [
        "FinerWorks invoices",
        "As of 2026-05-30, account seller-aspen, only the first 3",
        "FinerWorks does not say which invoices are paid.",
        None,
    ]
    header = [cell.value for cell in sheet_of(path)[FIRST_ROW - 1]]
    assert header == HEADERS
    month, end, due = (dt.datetime(2026, *day) for day in ((3, 1), (3, 31), (4, 15)))  # noqa: DTZ001
    assert rows_of(path) == [
        ("seller-aspen", "INV-1", month, end, due, 45, "31 to 60 days", 19.99),
        ("seller-aspen", "007", month, end, due, None, "credit", -5.5),
        ("seller-aspen", "INV-3", month, end, None, None, "no due date", 100),
        (None, "Total of 3 invoices", None, None, None, None, None, 114.49),
    ]


def test_excel_has_a_table_and_print_settings(tmp_path: Path) -> None:
    """The table has headers and a total. Headers stay visible, and are printed on each page."""
    path = tmp_path / "file.xlsx"
    export([invoice("007"), invoice(due=None)], path, as_of=AS_OF)
    sheet = sheet_of(path)
    (table,) = sheet.tables.values()
    assert (table.name, table.ref, table.totalsRowCount) == ("Invoices", "A5:H8", 1)
    assert [column.name for column in table.tableColumns] == HEADERS
    assert sheet.cell(8, 8).value == "=SUBTOTAL(109,Invoices[Amount due])"
    assert sheet.freeze_panes == "A6"
    assert sheet.print_title_rows == "$5:$5"
    # Without a number in the file, it is one page wide.
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr is not None
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.page_setup.orientation == "landscape"
    formats = [sheet.cell(6, column).number_format for column in (3, 4, 5, 8)]
    assert formats == ["yyyy-mm", "yyyy-mm-dd", "yyyy-mm-dd", "#,##0.00"]
    assert sheet.cell(6, 2).data_type == "s"
    with zipfile.ZipFile(path) as book:
        text = book.read("xl/worksheets/sheet1.xml").decode()
    assert '<ignoredError sqref="A6:B8" numberStoredAsText="1"/>' in text


@pytest.mark.parametrize("table_rows", [excel_plain.TABLE_ROWS, 0])
def test_the_total_reconciles_to_the_cent(
    table_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The total is exact, with more digits than a sum of floats."""
    monkeypatch.setattr(excel_plain, "TABLE_ROWS", table_rows)
    amounts = ["0.1"] * 30 + ["1234567.89", "-0.29", "99999999.99"]
    path = tmp_path / "file.xlsx"
    done = export([invoice(amount=amount) for amount in amounts], path, as_of=AS_OF)
    *rows, total = rows_of(path)
    exact = money.total(map(Decimal, amounts))
    assert Decimal(str(total[-1])) == done.total == exact == Decimal("101234570.59")
    assert [Decimal(str(row[-1])) for row in rows] == [Decimal(amount) for amount in amounts]
    with zipfile.ZipFile(path) as book:
        assert "<v>101234570.59</v>" in book.read("xl/worksheets/sheet1.xml").decode()


def test_an_amount_shows_all_of_its_decimals(tmp_path: Path) -> None:
    """Amounts and totals with more than two decimals are shown with four."""
    path = tmp_path / "file.xlsx"
    export([invoice(amount="0.1234"), invoice(amount="1.50")], path, as_of=AS_OF)
    cells = [sheet_of(path).cell(row, 8) for row in (6, 7, 8)]
    assert [cell.number_format for cell in cells] == ["#,##0.00##", "#,##0.00", "#,##0.00##"]


@pytest.mark.parametrize("table_rows", [excel_plain.TABLE_ROWS, 1])
def test_a_total_that_excel_would_round_is_an_error(
    table_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A total with more than 15 digits is an error."""
    monkeypatch.setattr(excel_plain, "TABLE_ROWS", table_rows)
    invoices = [invoice(amount="9999999999999.99")] * 2
    with pytest.raises(ExportError, match=r"^the total 19999999999999\.98 has more than 15 digits"):
        export(invoices, tmp_path / "file.xlsx")
    assert not list(tmp_path.iterdir())


def test_without_invoices_there_is_a_total_of_zero(tmp_path: Path) -> None:
    """Without invoices, the table has one empty row and a total of zero."""
    export([], tmp_path / "file.xlsx", as_of=AS_OF)
    empty, total = rows_of(tmp_path / "file.xlsx")
    assert set(empty) == {None}
    assert (total[1], total[-1]) == ("Total of 0 invoices", 0)


def test_many_invoices_are_not_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many invoices go to several sheets, each with its total, and the last with the total of all."""
    monkeypatch.setattr(excel_plain, "TABLE_ROWS", 2)
    monkeypatch.setattr(workbook, "SHEET_ROWS", excel_plain.HEADER_ROW + 3 + 4)
    path = tmp_path / "file.xlsx"
    export((invoice(str(number), "0.1") for number in range(9)), path, as_of=AS_OF)
    sheets = openpyxl.load_workbook(path, data_only=True).worksheets
    assert [sheet.title for sheet in sheets] == ["Invoices", "Invoices 2", "Invoices 3"]
    assert [sheet.auto_filter.ref for sheet in sheets] == ["A5:H9", "A5:H9", "A5:H6"]
    found = [
        [(row[1], row[7]) for row in sheet.iter_rows(min_row=FIRST_ROW, values_only=True)]
        for sheet in sheets
    ]
    assert found[0] == [*[(str(number), 0.1) for number in range(4)], ("Total of 4 invoices", 0.4)]
    assert found[1][-1] == ("Total of sheets 1 to 2", 0.8)
    assert found[2] == [("8", 0.1), ("Total of 1 invoice", 0.1), ("Total of sheets 1 to 3", 0.9)]
    formulas = [sheet["H10"].value for sheet in openpyxl.load_workbook(path).worksheets[:2]]
    assert formulas == ["=SUBTOTAL(109,H6:H9)"] * 2
    for sheet in sheets:
        assert sheet["A1"].value == "FinerWorks invoices"
        assert sheet.freeze_panes == "A6"


@pytest.mark.parametrize("layout", ["full", "plain"])
def test_equal_invoices_make_equal_workbooks(layout: str, tmp_path: Path) -> None:
    """A workbook does not contain the time at which it was written."""
    for name in ("a.xlsx", "b.xlsx"):
        export([invoice()], tmp_path / name, layout=layout, as_of=AS_OF)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    created = openpyxl.load_workbook(tmp_path / "a.xlsx").properties.created
    assert created == dt.datetime(2000, 1, 1)  # noqa: DTZ001 - openpyxl has no zone


@settings(suppress_health_check=ONE_FOLDER)
@given(text=TEXTS)
@example(text=RICH[0])
@example(text=CODES[0])
@example(text=CODES[1])
@example(text="\ufffe")
def test_a_text_comes_back_unchanged_or_is_an_error(text: str, tmp_path: Path) -> None:
    """In a table and in a sheet without one, a text is unchanged or an error."""
    path = tmp_path / "file.xlsx"
    path.unlink(missing_ok=True)
    try:
        export([invoice(text)], path, as_of=AS_OF)
    except ExportError as error:
        assert str(error).startswith("invoice of ")  # noqa: PT017 - most texts are no error
        assert not list(tmp_path.iterdir())
        return
    cell = sheet_of(path).cell(FIRST_ROW, 2)
    assert cell.data_type in {"s", "n"}  # no formula; openpyxl calls an empty cell a number
    assert cell.hyperlink is None
    assert not text or text in shared_texts(path)
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert rows[FIRST_ROW - 1][1] == text


@pytest.mark.parametrize("account", ["=1+1", "<b>", "séller-ñandú-木"])
def test_an_account_is_a_text(account: str, tmp_path: Path) -> None:
    """An account is text, in the title and in its column."""
    export([invoice()], tmp_path / "file.xlsx", as_of=AS_OF, account_key=account)
    sheet = sheet_of(tmp_path / "file.xlsx")
    cell = sheet.cell(FIRST_ROW, 1)
    assert (cell.data_type, cell.value) == ("s", account)
    assert sheet["A2"].value == f"As of 2026-05-30, account {account}"
    with pytest.raises(ExportError, match=r"^the title is longer than"):
        export([], tmp_path / "b.xlsx", account_key="x" * 32_768)


def test_csv_for_excel_begins_with_a_byte_order_mark(tmp_path: Path) -> None:
    """CSV for Excel begins with a byte order mark, and has no `sep=` line."""
    path = tmp_path / "file.csv"
    export([invoice("木")], path, excel=True, as_of=AS_OF)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfaccount,invoice,")
    export([invoice("木")], path, excel=True, layout="full", overwrite=True)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfinvoice_id,amount_due,")
    export([invoice("木")], path, overwrite=True)
    assert path.read_bytes().startswith(b"invoice_id,amount_due,")


@pytest.mark.parametrize("form", ["jsonl", "parquet", "xlsx"])
def test_a_byte_order_mark_is_for_csv(form: str, tmp_path: Path) -> None:
    """A byte order mark in another format is an error before anything is read."""
    listing = iter([invoice()])
    with pytest.raises(ValueError, match=f"^CSV for Excel is not for the format {form}"):
        export(listing, tmp_path / f"file.{form}", excel=True)
    assert len(list(listing)) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_is_there_after_a_failure(form: str, tmp_path: Path) -> None:
    """A listing that breaks off leaves no file."""

    def broken() -> Iterator[Invoice]:
        yield invoice()
        raise ListingChangedError("it moved")

    with pytest.raises(ListingChangedError):
        export(broken(), tmp_path / f"file.{form}", layout="plain")
    assert not list(tmp_path.iterdir())


def test_an_error_names_the_invoice(tmp_path: Path) -> None:
    """An error names the invoice, not the account in the first column."""
    odd = [invoice("INV-ODD", "0.00001")]
    for form in ("parquet", "xlsx"):
        with pytest.raises(ExportError, match=r"^amount .*of INV-ODD .*use CSV"):
            export(odd, tmp_path / f"file.{form}", layout="plain", account_key="seller-aspen")


def test_the_columns_of_excel_are_those_of_the_other_formats() -> None:
    """Each column of `plain` has a header and a type in Excel."""
    fields = columns(plain.PlainInvoice)
    assert [column.name for column in fields] == NAMES
    assert [column.kind for column in fields] == [column.kind for column in excel_plain.COLUMNS]
