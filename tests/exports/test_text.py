"""Every text of an invoice is unchanged in a file, or there is an ExportError and no file."""

# Some types in pyarrow-stubs are unknown.
# pyright: reportUnknownMemberType=false

import csv
import datetime as dt
import functools
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings, strategies as st
from python_calamine import CalamineWorkbook

from finerworks.exports import FORMATS, ExportError, export as export_in_a_layout, frames
from finerworks.report import write_report
from finerworks_client.models import Invoice, InvoiceList, ResponseStatus
from texts import CODES, MAIN, ONE_FOLDER, RICH, TEXTS, decode

export = functools.partial(export_in_a_layout, layout="full")
"""test_plain.py tests the layout that Excel has by default."""

SPACE = "{http://www.w3.org/XML/1998/namespace}space"

HALVES = st.tuples(TEXTS, st.characters(categories=["Cs"]), TEXTS).map("".join)


def invoice(name: str, amount: Decimal = Decimal(1), due: dt.datetime | None = None) -> Invoice:
    """Return an invoice."""
    return Invoice(name, amount, None, None, None, None, due)


def excel_by_openpyxl(path: Path) -> object:
    """Return the first cell below the header, as openpyxl reads it. It does not decode."""
    cell = openpyxl.load_workbook(path).worksheets[0].cell(2, 1)
    assert cell.data_type in {"s", "n"}  # no formula; openpyxl calls an empty cell a number
    assert cell.hyperlink is None
    return decode(str(cell.value or ""))


def excel_by_calamine(path: Path) -> object:
    """Return the first cell below the header, as calamine reads it."""
    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1][0]


def excel_by_xml(path: Path) -> object:
    """Return the text of the cell A2, which must be a plain text whose spaces Excel keeps."""
    with zipfile.ZipFile(path) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own file
    cell = next(cell for cell in sheet.iter(f"{MAIN}c") if cell.get("r") == "A2")
    assert cell.get("t") == "inlineStr"
    ((text,),) = cell
    assert text.tag == f"{MAIN}t"
    found = text.text or ""
    if found != found.strip(" \t\n"):
        assert text.get(SPACE) == "preserve"
    return decode(found)


def csv_by_python(path: Path) -> object:
    """Return the first cell below the header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1][0]


def csv_by_polars(path: Path) -> object:
    """Return the first cell below the header. polars reads an empty one as null."""
    return pl.read_csv(path, infer_schema=False)["invoice_id"][0] or ""


def json_lines(path: Path) -> object:
    """Return the ID in the first line, however the reader splits lines."""
    by_bytes, by_text = path.read_bytes().splitlines(), path.read_text("utf-8").splitlines()
    assert len(by_bytes) == len(by_text) == 1
    assert json.loads(by_bytes[0]) == json.loads(by_text[0])
    return json.loads(by_text[0])["invoice_id"]


def parquet_by_pyarrow(path: Path) -> object:
    """Return the id in the first row."""
    return pq.read_table(path)["invoice_id"].to_pylist()[0]


def parquet_by_polars(path: Path) -> object:
    """Return the id in the first row."""
    return pl.read_parquet(path)["invoice_id"][0]


READERS: dict[str, list[Callable[[Path], object]]] = {
    "xlsx": [excel_by_openpyxl, excel_by_calamine, excel_by_xml],
    "csv": [csv_by_python, csv_by_polars],
    "jsonl": [json_lines],
    "parquet": [parquet_by_pyarrow, parquet_by_polars],
}


def as_in(form: str, text: str) -> str:
    """Return a text without what CSV adds to it: an apostrophe in front of a formula."""
    return text.replace("'", "") if form == "csv" else text


@pytest.mark.parametrize("form", FORMATS)
@settings(suppress_health_check=ONE_FOLDER)
@given(text=TEXTS)
@example(text=RICH[0])
@example(text=CODES[0])
@example(text=CODES[1])
@example(text="a\u2028b")
@example(text="\ufffe")
def test_a_text_comes_back_unchanged_or_is_an_error(form: str, text: str, tmp_path: Path) -> None:
    """Every reader reads the text unchanged, or there is an ExportError and no new file."""
    path = tmp_path / f"file.{form}"
    path.unlink(missing_ok=True)
    try:
        export([invoice(text)], path)
    except ExportError:
        assert form == "xlsx"
        assert not list(tmp_path.iterdir())
        return
    for reader in READERS[form]:
        assert as_in(form, str(reader(path))) == as_in(form, text), reader.__name__


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *[(text, "begins with <r> and ends with </r>") for text in RICH],
        *[(text, "contains _x.... in front of another character code") for text in CODES],
        ("a\ufffeb", r"contains U\+FFFE"),
        ("a\uffffb", r"contains U\+FFFF"),
        ("x" * 32_768, "is longer than 32,767 characters"),
        ("🖼" * 16_384, "is longer than 32,767 characters"),
    ],
)
def test_a_text_that_excel_cannot_hold_is_an_error(text: str, reason: str, tmp_path: Path) -> None:
    """The error has the column, the invoice, the reason and a format that can store the text."""
    with pytest.raises(ExportError, match=rf"^invoice_id of .+ {reason}, which Excel .* use CSV$"):
        export([invoice("INV-1"), invoice(text)], tmp_path / "file.xlsx")
    assert not list(tmp_path.iterdir())
    export([invoice(text)], tmp_path / "file.csv")
    assert csv_by_python(tmp_path / "file.csv") == text


@pytest.mark.parametrize(
    "text",
    [
        *["<r>A", "B</r>", " <r>A</r>", "<r>A</r> ", "<R>A</R>", "<r/>", "<rPr>A</rPr>"],
        *["_x0041_", "_x005F_", "__x0041_", "_x0041__x0042_", "\rx0041_", "_X0041_x0042_"],
        *["=1+1", "{=1+1}", "http://a.test", "mailto:a@b.test", "internal:Sheet1!A1", "#N/A"],
        *["x" * 32_767, "🖼" * 16_383, " a ", "\n", "", "\0\x01\x1f\r\n", "007", "1e5", "TRUE"],
    ],
)
def test_a_text_that_looks_similar_is_a_text(text: str, tmp_path: Path) -> None:
    """Only texts that would be changed are errors."""
    export([invoice(text)], tmp_path / "file.xlsx")
    for reader in READERS["xlsx"]:
        assert reader(tmp_path / "file.xlsx") == text, reader.__name__


@pytest.mark.parametrize("form", FORMATS)
@settings(suppress_health_check=ONE_FOLDER, max_examples=50)
@given(text=HALVES)
def test_half_a_character_is_an_error_in_every_format(form: str, text: str, tmp_path: Path) -> None:
    """A lone surrogate is an error that names the column and the code, and can be printed."""
    with pytest.raises(ExportError, match=r"^invoice_id of .+ lone surrogate, U\+D") as caught:
        export([invoice("INV-1"), invoice(text)], tmp_path / f"file.{form}")
    str(caught.value).encode()
    assert not list(tmp_path.iterdir())


@settings(suppress_health_check=ONE_FOLDER, max_examples=50)
@given(text=st.one_of(TEXTS, HALVES))
def test_a_report_shows_every_text_as_text(text: str, tmp_path: Path) -> None:
    """A report shows every text without markup, and never raises an error."""
    path = tmp_path / "report.html"
    write_report([invoice(f"<b>&lt;{text}")], path, host="http://127.0.0.1", overwrite=True)
    page = path.read_text("utf-8")
    assert "<bdi>&lt;b&gt;&amp;lt;" in page
    assert "<b>" not in page


EDGES = [
    dt.datetime(1, 1, 1),  # noqa: DTZ001 - as .NET writes a date that was never set
    dt.datetime(1900, 2, 28, 12),  # noqa: DTZ001 - Excel has a 29 February in this year
    dt.datetime(1900, 12, 31, 23, 59, 59),  # noqa: DTZ001
    dt.datetime(1901, 1, 1),  # noqa: DTZ001
    dt.datetime(9999, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
]


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
@settings(suppress_health_check=ONE_FOLDER, max_examples=20)
@given(moments=st.lists(st.datetimes(), max_size=20))
def test_dates_come_back_unchanged(form: str, moments: list[dt.datetime], tmp_path: Path) -> None:
    """Dates are unchanged. Excel stores text for years in which its calendar is wrong."""
    path = tmp_path / f"file.{form}"
    moments = EDGES + moments
    export([invoice("a", due=moment) for moment in moments], path, overwrite=True)
    if form == "parquet":
        assert pq.read_table(path)["due_date"].to_pylist() == moments
        return
    sheet = openpyxl.load_workbook(path).worksheets[0]
    head, *rows = sheet.iter_rows(values_only=True)
    found = [row[head.index("due_date")] for row in rows]
    assert found == [
        moment.isoformat() if moment.year < 1901 else moment.replace(microsecond=0)
        for moment in moments
    ]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("zero", ["0E+400", "0E-400", "-0.00", "0", "0.0000000"])
def test_every_spelling_of_zero_is_zero(form: str, zero: str, tmp_path: Path) -> None:
    """A zero with any exponent is zero, although Arrow cannot read all of them."""
    path = tmp_path / f"file.{form}"
    export([invoice("a", Decimal(zero))], path)
    match form:
        case "csv":
            with path.open(encoding="utf-8", newline="") as file:
                found = [row["amount_due"] for row in csv.DictReader(file)]
        case "jsonl":
            found = [json.loads(path.read_text("utf-8"), parse_float=Decimal)["amount_due"]]
        case "parquet":
            found = pq.read_table(path)["amount_due"].to_pylist()
        case _:
            found = [openpyxl.load_workbook(path).worksheets[0].cell(2, 2).value]
    assert [Decimal(str(each)) for each in found] == [Decimal(0)]


def test_an_integer_that_a_table_cannot_hold_is_an_error() -> None:
    """An integer of more than 64 bits is an error in a table."""
    rows = frames.Rows(InvoiceList)
    envelope = InvoiceList(ResponseStatus(success=True, status_code=200), [], 2**63 - 1)
    rows.add(envelope)
    envelope.total_count = 2**63
    with pytest.raises(ExportError, match=r"^total_count 9223372036854775808 .* 64 bits: use CSV"):
        rows.add(envelope)
    assert rows.batch().to_pylist() == [{"total_count": 2**63 - 1}]
