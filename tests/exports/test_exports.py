"""Exports and tables: every invoice with exact amounts, in a file that is complete or not there."""

# The types that pyarrow-stubs has are in part unknown.
# pyright: reportUnknownMemberType=false

import asyncio
import csv
import datetime as dt
import errno
import functools
import gc
import inspect
import io
import json
import os
import re
import stat
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

from callers import KEYS, keys
from finerworks import AsyncFinerWorks, FinerWorks, ListingChangedError, Pager, money
from finerworks.exports import (
    FORMATS,
    ExportError,
    Tally,
    columns,
    excel,
    export as export_in_a_layout,
    file_format,
    frames,
    whole_file,
    workbook,
)
from finerworks.exports.frames import Frame
from finerworks.extras import install_command
from finerworks.sandbox import Sandbox
from finerworks_client.models import Invoice, InvoiceList

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

export = functools.partial(export_in_a_layout, layout="full")
"""test_plain.py tests the layout that Excel has by default."""

CENTRAL = dt.timezone(-dt.timedelta(hours=6))
DATES = ("invoice_month", "invoice_date", "first_day_of_month", "last_day_of_month", "due_date")
DUE = dt.datetime(2026, 3, 15, 23, 59, 59, 999999, CENTRAL)


def invoice(
    name: str = "INV-1",
    amount: float | Decimal = 19.99,
    due: dt.datetime | None = DUE,
    month: dt.datetime | None = DUE,
) -> Invoice:
    """Make an invoice."""
    return Invoice(name, money.exact(amount), month, None, None, None, due)


def read(path: Path) -> list[dict[str, object]]:
    """Read a file with another program: the ID, the amount as a Decimal, and the due date of each row."""
    match path.suffix:
        case ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                rows: list[dict[str, object]] = [dict(row) for row in csv.DictReader(file)]
        case ".jsonl":
            rows = [
                json.loads(line, parse_float=Decimal)
                for line in path.read_text("utf-8").splitlines()
            ]
        case ".parquet":
            rows = pq.read_table(path).to_pylist()
        case _:
            sheets = openpyxl.load_workbook(path, read_only=False).worksheets
            head, *_ = [[cell.value for cell in row] for row in sheets[0].iter_rows(max_row=1)]
            values = [
                list(row)
                for sheet in sheets
                for row in sheet.iter_rows(min_row=2, values_only=True)
            ]
            rows = [dict(zip(map(str, head), row, strict=True)) for row in values]
    for row in rows:
        row["amount_due"] = Decimal(str(row["amount_due"]))
    return rows


@pytest.fixture(scope="module")
def listed(sandbox: Sandbox) -> list[Invoice]:
    """Return the sandbox's 250 invoices."""
    with FinerWorks(**keys(sandbox)) as fw:
        return list(fw.invoices.list())


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_has_every_invoice_to_the_cent(
    form: str, listed: list[Invoice], tmp_path: Path
) -> None:
    """Other programs read the IDs, the exact amounts and their sum from a file."""
    path = tmp_path / f"invoices.{form}"
    done = export(listed, path)
    rows = read(path)
    assert [row["invoice_id"] for row in rows] == [each.invoice_id for each in listed]
    assert [row["amount_due"] for row in rows] == [each.amount_due for each in listed]
    assert (done.path, done.count, done.total) == (path, 250, Decimal("118620104.20"))
    assert sum(Decimal(str(row["amount_due"])) for row in rows) == done.total


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=50)
@given(cents=st.lists(st.integers(-(10**15) + 1, 10**15 - 1), max_size=20))
def test_no_amount_is_changed(
    form: str, cents: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every amount of up to 15 digits is read back exactly, and so is the sum."""
    path = tmp_path_factory.mktemp("amounts") / f"file.{form}"
    meant = [Decimal(each) / 100 for each in cents]
    done = export([invoice(amount=each) for each in meant], path)
    assert [row["amount_due"] for row in read(path)] == meant
    assert done.total == sum(meant)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_text_keeps_the_offset_of_a_date(form: str, tmp_path: Path) -> None:
    """In text, a date keeps its offset, or has none if the server sent none."""
    path = tmp_path / f"file.{form}"
    export([invoice(due=DUE), invoice(due=DUE.replace(tzinfo=None)), invoice(due=None)], path)
    due = [row["due_date"] or None for row in read(path)]
    assert due == ["2026-03-15T23:59:59.999999-06:00", "2026-03-15T23:59:59.999999", None]


def test_parquet_has_the_wall_clock_and_the_offset(tmp_path: Path) -> None:
    """In Parquet, a date is in the server's local time, and its offset is in a column of its own."""
    path = tmp_path / "file.parquet"
    never = dt.datetime(1, 1, 1)  # noqa: DTZ001 - as .NET writes it
    export(
        [
            invoice(due=DUE),
            invoice(due=DUE.replace(tzinfo=None)),
            invoice(due=None),
            invoice(due=never),
        ],
        path,
    )
    table = pq.read_table(path)
    assert table.column("due_date").to_pylist() == [DUE.replace(tzinfo=None)] * 2 + [None, never]
    assert table.column("due_date_offset").to_pylist() == ["-06:00", None, None, None]
    assert table.schema.field("amount_due").type == pa.decimal128(38, 4)
    assert table.schema.field("due_date").type == pa.timestamp("us")


def test_excel_has_numbers_and_days(tmp_path: Path) -> None:
    """In Excel, amounts are numbers with two decimals, and dates are dates. Null is an empty cell."""
    path = tmp_path / "file.xlsx"
    never = dt.datetime(1, 1, 1)  # noqa: DTZ001 - as .NET writes it
    export([invoice(due=DUE), invoice(amount=-1000, due=never), invoice(due=None)], path)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    head = [cell.value for cell in next(sheet.iter_rows(max_row=1))]
    amount, due, offset = (
        head.index(name) + 1 for name in ("amount_due", "due_date", "due_date_offset")
    )
    assert [sheet.cell(row, amount).value for row in (2, 3)] == [19.99, -1000]
    assert sheet.cell(2, amount).number_format == "#,##0.00"
    assert [sheet.cell(row, due).value for row in (2, 3, 4)] == [
        dt.datetime(2026, 3, 15, 23, 59, 59),  # noqa: DTZ001 - Excel has no zones
        "0001-01-01T00:00:00",
        None,
    ]
    assert [sheet.cell(row, offset).value for row in (2, 3, 4)] == ["-06:00", None, None]
    assert sheet.freeze_panes == "A2"


def test_all_files_and_tables_have_the_same_columns(listed: list[Invoice], tmp_path: Path) -> None:
    """The columns are those of the contract, in order, with additional columns for offsets."""
    heads = dict[str, list[str]]()
    for form in FORMATS:
        export(listed[:3], tmp_path / f"file.{form}")
        heads[form] = list(read(tmp_path / f"file.{form}")[0])
    assert heads["csv"] == heads["jsonl"] == ["invoice_id", "amount_due", *DATES]
    wide = [*heads["csv"], *(f"{each}_offset" for each in DATES)]
    assert heads["parquet"] == heads["xlsx"] == Frame("InvoiceList").arrow().column_names == wide


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t1", "  =1", "\r=1", "\n=1", "\N{FULLWIDTH EQUALS SIGN}1"],
)
def test_a_spreadsheet_runs_nothing_of_the_servers(name: str, tmp_path: Path) -> None:
    """A formula is stored as text: with an apostrophe in CSV, and with the type in Excel."""
    export([invoice(name, amount=-2.5)], tmp_path / "file.csv")
    (row,) = read(tmp_path / "file.csv")
    assert (row["invoice_id"], row["amount_due"]) == (f"'{name}", Decimal("-2.5"))
    export([invoice(name)], tmp_path / "file.xlsx")
    cell = openpyxl.load_workbook(tmp_path / "file.xlsx").worksheets[0].cell(2, 1)
    assert (cell.data_type, str(cell.value).replace("_x000D_", "\r")) == ("s", name)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_spreadsheet_that_parts_columns_otherwise_runs_nothing_either(
    separator: str, tmp_path: Path
) -> None:
    """A formula after a semicolon or a tab is stored as text, too. Quotes alone are not enough."""
    export([invoice(f"a{separator}=1+1{separator} -2{separator}b")], tmp_path / "file.csv")
    _, row = (tmp_path / "file.csv").read_text("utf-8").splitlines()
    assert row.split(separator)[:3] == ["a", "'=1+1", "' -2"]
    assert row.split(separator)[3].startswith("b,19.99,")


@pytest.mark.parametrize("form", FORMATS)
def test_text_of_any_script_comes_back(form: str, tmp_path: Path) -> None:
    """Files are UTF-8, and keep quotes, commas, line breaks and emoji."""
    name = 'séller "ñ", 木\nline two 🖼'
    export([invoice(name)], tmp_path / f"file.{form}")
    assert read(tmp_path / f"file.{form}")[0]["invoice_id"] == name


@pytest.mark.parametrize("form", FORMATS)
def test_half_a_character_is_an_error(form: str, tmp_path: Path) -> None:
    """A lone surrogate, which no file can store, is an error."""
    with pytest.raises(ExportError, match="invoice_id"):
        export([invoice("a\ud800b")], tmp_path / f"file.{form}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", ["parquet", "xlsx"])
def test_an_amount_that_does_not_fit_is_an_error(form: str, tmp_path: Path) -> None:
    """More than four decimals are an error that names the invoice, except in CSV."""
    odd = [invoice(), invoice("INV-ODD", amount=0.00001)]
    with pytest.raises(ExportError, match=r"amount_due 0\.00001 of INV-ODD .* use CSV"):
        export(odd, tmp_path / f"file.{form}")
    assert not list(tmp_path.iterdir())
    export(odd, tmp_path / "file.csv")
    assert read(tmp_path / "file.csv")[1]["amount_due"] == Decimal("0.00001")


@pytest.mark.parametrize(
    ("amount", "form"),
    [
        (9007199254740993, "xlsx"),
        (Decimal("1E+308"), "xlsx"),
        (Decimal("12345678901234567.89"), "xlsx"),
        (Decimal("12345678901234567.00001"), "parquet"),
        (12345678901234567, "xlsx"),
        (1234567890123.4568, "xlsx"),
        (10**34, "parquet"),
        (-(10**36), "parquet"),
        (1e300, "parquet"),
        (10**500, "parquet"),
    ],
)
def test_an_amount_of_too_many_digits_is_an_error(
    amount: float | Decimal, form: str, tmp_path: Path
) -> None:
    """More than 15 significant digits in Excel, or 34 before the point in Parquet, are an error."""
    with pytest.raises(ExportError, match=r"^amount_due .* use CSV"):
        export([invoice(amount=amount)], tmp_path / f"file.{form}")
    assert not list(tmp_path.iterdir())


def test_amounts_of_as_many_digits_as_fit_are_exact(tmp_path: Path) -> None:
    """An amount with the maximum number of digits is exact. Trailing zeros do not count in Excel."""
    digits = Decimal("1234567890123456789012345678.1234")
    longest: dict[str, list[float | Decimal]] = {
        "xlsx": [99999999999.9999, -(10**15) + 1, 10**30],
        "parquet": [10**34 - 1, digits],
        "csv": [10**34 - 1, digits, Decimal("0.000000000000000000000000000001")],
        "jsonl": [10**34 - 1, digits, Decimal("0.000000000000000000000000000001")],
    }
    for form, amounts in longest.items():
        export([invoice(amount=each) for each in amounts], tmp_path / f"file.{form}")
        assert [row["amount_due"] for row in read(tmp_path / f"file.{form}")] == [
            money.exact(each) for each in amounts
        ]


def test_text_too_long_for_excel_is_an_error(tmp_path: Path) -> None:
    """A text that XlsxWriter would truncate or leave out is an error."""
    with pytest.raises(ExportError, match="invoice_id of xxx"):
        export([invoice("x" * 32_768)], tmp_path / "file.xlsx")
    assert not list(tmp_path.iterdir())


def test_what_does_not_fit_on_a_sheet_goes_on_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invoices that do not fit on a sheet go to the next one."""
    monkeypatch.setattr(workbook, "SHEET_ROWS", 4)
    export([invoice(str(each)) for each in range(8)], tmp_path / "file.xlsx")
    assert [row["invoice_id"] for row in read(tmp_path / "file.xlsx")] == [
        str(each) for each in range(8)
    ]
    sheets = openpyxl.load_workbook(tmp_path / "file.xlsx").worksheets
    assert [(each.title, each.auto_filter.ref) for each in sheets] == [
        ("Invoices", "A1:L4"),
        ("Invoices 2", "A1:L4"),
        ("Invoices 3", "A1:L3"),
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_is_there_after_a_failure(form: str, tmp_path: Path) -> None:
    """A listing that fails leaves no file, and does not change an existing one."""

    def broken() -> Iterator[Invoice]:
        yield from (invoice(str(each)) for each in range(100))
        raise ListingChangedError("it moved")

    path = tmp_path / f"file.{form}"
    with pytest.raises(ListingChangedError):
        export(broken(), path)
    assert not list(tmp_path.iterdir())
    path.write_text("mine")
    with pytest.raises(ListingChangedError):
        export(broken(), path, overwrite=True)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["mine"]
    gc.collect()  # what was left open would warn


def test_a_file_that_exists_is_kept_unless_one_says_otherwise(tmp_path: Path) -> None:
    """An existing file is an error before anything is read. `overwrite=` replaces it."""
    path, asked = tmp_path / "file.csv", list[int]()

    def listing() -> Iterator[Invoice]:
        asked.append(1)
        yield invoice()

    path.write_text("mine")
    with pytest.raises(FileExistsError, match=r"file\.csv exists"):
        export(listing(), path)
    assert (path.read_text(), asked) == ("mine", [])
    export(listing(), path, overwrite=True)
    assert len(read(path)) == 1


def test_a_file_that_is_replaced_keeps_who_may_read_it(tmp_path: Path) -> None:
    """A file that is replaced keeps its permissions."""
    path = tmp_path / "file.csv"
    path.write_text("mine")
    path.chmod(0o600)
    export([], path, overwrite=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_came_in_the_meantime_is_kept(tmp_path: Path) -> None:
    """A file that another program wrote during the listing is kept."""
    path = tmp_path / "file.csv"
    with pytest.raises(FileExistsError), whole_file(path):
        path.write_text("theirs")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["theirs"]


def test_one_that_came_last_of_all_is_kept_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that appears just before the rename is kept."""
    path, link = tmp_path / "file.csv", Path.hardlink_to

    def late(self: Path, target: Path) -> None:
        path.write_text("theirs")
        link(self, target)

    monkeypatch.setattr(Path, "hardlink_to", late)
    with pytest.raises(FileExistsError, match=r"file\.csv exists"), whole_file(path) as file:
        file.write(b"ours")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["theirs"]


def test_a_file_system_without_hard_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system without hard links, the file is renamed."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with whole_file(tmp_path / "file") as file:
        file.write(b"ours")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"ours"]


def test_all_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is synced before it gets its name, and the folder is synced afterwards."""
    order, sync = list[tuple[bool, bool]](), os.fsync
    path = tmp_path / "file"

    def watched(number: int) -> None:
        order.append((stat.S_ISDIR(os.fstat(number).st_mode), path.exists()))
        sync(number)

    monkeypatch.setattr(os, "fsync", watched)
    with whole_file(path) as file:
        file.write(b"x")
    assert order == [(False, False), (True, True)]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_is_no_file(overwrite: bool, tmp_path: Path) -> None:
    """A folder or a device is not replaced."""
    for path in (tmp_path, Path(os.devnull)):
        with pytest.raises(OSError, match=r"exists|is not a file"):
            export([], path, format="csv", overwrite=overwrite)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error names the requested file, not the temporary one."""
    with pytest.raises(OSError, match=r"cannot write .*gone/file\.csv: No such file or directory"):
        export([], tmp_path / "gone" / "file.csv")


def test_a_link_leads_to_the_file(tmp_path: Path) -> None:
    """The target of a link is replaced, and the link stays."""
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    export([invoice()], link, overwrite=True)
    assert link.is_symlink()
    assert len(read(real)) == 1


def test_links_in_a_circle_lead_to_no_file(tmp_path: Path) -> None:
    """Links in a cycle count as an existing file, in every version of Python."""
    (tmp_path / "a.csv").symlink_to(tmp_path / "b.csv")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(OSError, match=r"a\.csv"):
        export([invoice()], tmp_path / "a.csv")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", "b.csv"]


@pytest.mark.parametrize("letter", ["a", "木", "🖼"])
def test_a_name_may_be_as_long_as_the_system_lets_it(letter: str, tmp_path: Path) -> None:
    """A name may have the maximum length, in any script."""
    path = tmp_path / f"{letter * (251 // len(letter.encode()))}.csv"
    export([invoice()], path)
    assert list(tmp_path.iterdir()) == [path]


def test_who_may_read_it_is_the_users_to_say(tmp_path: Path) -> None:
    """A file has the permissions of the user's other new files."""
    before = os.umask(0o027)
    try:
        export([], tmp_path / "file.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file.csv").stat().st_mode) == 0o640


@pytest.mark.parametrize("room", [-1, 300, 3000])
def test_a_disk_that_is_full_is_an_os_error(room: int) -> None:
    """A full disk raises OSError, also for Excel."""

    class Full(io.BytesIO):
        def write(self, data: "Buffer") -> int:
            if self.tell() > room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    with pytest.raises(OSError, match="No space left on device") as caught:
        excel.write(Full(), [invoice()], Invoice)
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(ExportError, match="invoice_id of xxx"):  # the first error is reported
        excel.write(Full(), [invoice("x" * 32_768)], Invoice)


def test_a_program_that_is_killed_leaves_no_file_by_that_name(tmp_path: Path) -> None:
    """A killed program leaves only a temporary file, which begins with a dot and ends in .part."""
    program = """
import os, signal, sys
from finerworks.exports import export
from test_exports import invoice
def listing():
    yield from (invoice(str(each)) for each in range(5000))
    os.kill(os.getpid(), signal.SIGKILL)
export(listing(), sys.argv[1])
"""
    known = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "file.csv")], env=known, check=False
    )
    assert run.returncode == -9
    (left,) = tmp_path.iterdir()
    assert (left.name.startswith(".file.csv."), left.suffix) == (True, ".part")


def test_the_name_says_the_format() -> None:
    """The extension or the argument determines the format. The error lists all formats."""
    assert [file_format(f"A.{form.upper()}") for form in FORMATS] == list(FORMATS)
    assert file_format("a.dat", "csv") == "csv"
    for path, problem in (("a.ods", "a.ods has an unknown extension"), ("a", "a has no extension")):
        with pytest.raises(ValueError, match=problem) as caught:
            file_format(path)
        assert "name it .csv, .jsonl, .parquet or .xlsx, or set format=" in str(caught.value)
    with pytest.raises(ValueError, match="use one of csv, jsonl, parquet, xlsx"):
        file_format("a.csv", "xls")


@pytest.mark.parametrize("form", FORMATS)
def test_more_invoices_take_no_more_memory(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six times as many invoices do not need more memory."""
    monkeypatch.setattr(frames, "ROWS", 250)
    peaks = list[int]()
    export(
        (invoice() for _ in range(600)), tmp_path / f"first.{form}"
    )  # what is imported and kept once
    for count in (1_000, 6_000):
        gc.collect()
        tracemalloc.start()
        export((invoice(f"INV-{each}") for each in range(count)), tmp_path / f"{count}.{form}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert len(read(tmp_path / f"6000.{form}")) == 6_000
    assert peaks[1] < 1.5 * peaks[0], peaks


def test_a_tally_counts_and_adds_what_passes() -> None:
    """The count and the total of the exported invoices are exact."""
    tally = Tally(iter([invoice(amount=0.1), invoice(amount=0.2), invoice(amount=5)]))
    passing = iter(tally)
    assert [next(passing).amount_due, next(passing).amount_due] == [Decimal("0.1"), Decimal("0.2")]
    assert (tally.count, tally.total) == (2, Decimal("0.3"))


def test_tables_are_exact(sandbox: Sandbox) -> None:
    """Arrow, polars and pandas have decimals and timestamps, and exact sums."""
    with FinerWorks(**keys(sandbox)) as fw:
        pager = fw.invoices.list()
        arrow, polars, pandas = pager.to_arrow(), pager.to_polars(), pager.to_pandas()
    assert arrow.num_rows == polars.height == len(pandas) == 250
    assert polars.schema["amount_due"] == pl.Decimal(38, 4)
    assert polars.schema["due_date"] == pl.Datetime("us")
    assert [str(pandas.dtypes[name]) for name in ("amount_due", "due_date", "due_date_offset")] == [
        "decimal128(18, 4)[pyarrow]",
        "timestamp[us][pyarrow]",
        "string[pyarrow]",
    ]
    owed = Decimal("118620104.20")
    assert pc.sum(arrow.column("amount_due")).as_py() == polars["amount_due"].sum() == owed
    assert pandas["amount_due"].sum() == owed
    assert (
        polars["invoice_id"].to_list()
        == pandas["invoice_id"].to_list()
        == arrow.column("invoice_id").to_pylist()
    )


def test_pandas_calculates_with_amounts() -> None:
    """Exactly, as decimals."""
    frame = Frame("InvoiceList").read([invoice(amount=12345.67)]).pandas()
    amounts: Any = frame["amount_due"]  # pandas-stubs has no operators for Decimal
    assert (amounts * 2).tolist() == [Decimal("24691.34")]
    assert (amounts / 2).tolist() == [Decimal("6172.835")]
    assert (amounts + 1).tolist() == [Decimal("12346.67")]
    assert (amounts + amounts).tolist() == [Decimal("24691.34")]
    taxed = amounts * Decimal("1.07")
    assert taxed.tolist() == [Decimal("13209.8669")]
    assert (taxed * Decimal(2) + amounts).tolist() == [Decimal("38765.4038")]


def test_sums_in_pandas_exceed_the_digits_of_an_amount() -> None:
    """They are exact nevertheless, in all and in groups."""
    largest = Decimal("99999999999999.9999")
    frame = Frame("InvoiceList").read([invoice(amount=largest)] * 2_000).pandas()
    assert str(frame.dtypes["amount_due"]) == "decimal128(18, 4)[pyarrow]"
    assert frame["amount_due"].sum() == 2_000 * largest
    assert frame.groupby("invoice_id")["amount_due"].sum().tolist() == [2_000 * largest]
    assert frame[["amount_due"]].sum().tolist() == [2_000 * largest]


def test_a_large_amount_keeps_its_digits_in_pandas() -> None:
    """And those next to it have its type."""
    amounts = [Decimal("100000000000000.0001"), Decimal("0.5")]
    frame = Frame("InvoiceList").read(invoice(amount=each) for each in amounts).pandas()
    assert str(frame.dtypes["amount_due"]) == "decimal128(38, 4)[pyarrow]"
    assert frame["amount_due"].tolist() == amounts


def test_the_sample_of_to_pandas_runs() -> None:
    """The lines that are indented in its docstring."""
    sample = re.findall(r"^ {4}.+", inspect.cleandoc(Pager.to_pandas.__doc__ or ""), re.MULTILINE)
    names: dict[str, Any] = {"pd": pd, "pa": pa, "Decimal": Decimal}
    names["frame"] = Frame("InvoiceList").read([invoice(amount=100)] * 2).pandas()
    exec(textwrap.dedent("\n".join(sample)), names)  # noqa: S102 - our own docstring
    assert names["taxed"].tolist() == [Decimal(214)]
    assert names["doubled_twice"].tolist() == [Decimal(400)] * 2


async def tables(sandbox: Sandbox) -> tuple[pa.Table, pl.DataFrame, int]:
    """Read the tables of an empty account and of a full one by asyncio."""
    async with AsyncFinerWorks(**keys(sandbox)) as fw:
        pager = fw.invoices.list()
        empty = await fw.invoices.list(account_key="seller-null").to_arrow()
        return empty, await pager.to_polars(), len(await pager.to_pandas())


def test_asyncio_has_the_same_tables(sandbox: Sandbox) -> None:
    """With asyncio, an empty listing is a table with the same columns and no rows."""
    empty, polars, count = asyncio.run(tables(sandbox))
    assert (empty.num_rows, polars.height, count) == (0, 250, 250)
    assert empty.schema == frames.schema(Invoice)
    assert polars["amount_due"].sum() == Decimal("118620104.20")


def test_a_table_of_many_rows_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of several batches is complete."""
    monkeypatch.setattr(frames, "ROWS", 7)
    for count in (0, 6, 7, 8, 30):
        table = Frame("InvoiceList").read(invoice(str(each)) for each in range(count)).arrow()
        assert table.column("invoice_id").to_pylist() == [str(each) for each in range(count)]


def test_a_table_is_whole_each_time_it_is_given() -> None:
    """A table can be returned several times, in each type."""
    frame = Frame("InvoiceList").read(invoice(str(each)) for each in range(5))
    assert (len(frame.arrow()), len(frame.polars()), len(frame.pandas())) == (5, 5, 5)
    frame.add(invoice("5"))
    assert frame.arrow()["invoice_id"].to_pylist() == ["0", "1", "2", "3", "4", "5"]


def test_columns_are_read_from_the_models() -> None:
    """Objects and lists have no column. Another listing has its own columns."""
    assert [column.name for column in columns.columns(InvoiceList)] == ["total_count"]
    assert columns.item_of("InvoiceList") is Invoice
    with pytest.raises(TypeError, match="has no list"):
        columns.item_of("Invoice")


@pytest.mark.parametrize(
    ("gone", "extra", "program"),
    [
        ("pyarrow", "arrow", "FinerWorks().invoices.list().to_arrow()"),
        ("polars", "polars", "FinerWorks().invoices.list().to_polars()"),
        ("pandas", "pandas", "FinerWorks().invoices.list().to_pandas()"),
        ("polars", "polars", "asyncio.run(AsyncFinerWorks().invoices.list().to_polars())"),
        ("pandas", "pandas", "asyncio.run(AsyncFinerWorks().invoices.list().to_pandas())"),
        ("pyarrow", "arrow", "export([], 'x.parquet')"),
        ("xlsxwriter", "cli", "export([], 'x.xlsx')"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    gone: str, extra: str, program: str, tmp_path: Path
) -> None:
    """A missing package is an error that says what to install, before anything is sent."""
    block = f"import asyncio, sys; sys.modules[{gone!r}] = None\nfrom finerworks import AsyncFinerWorks, FinerWorks\n"
    whole = f"{block}from finerworks.exports import export\n{program}"
    names = {"FINERWORKS_WEB_API_KEY": KEYS["web_api_key"], "FINERWORKS_APP_KEY": KEYS["app_key"]}
    known = {**os.environ, **names, "FINERWORKS_BASE_URL": "http://127.0.0.1:1"}
    run = subprocess.run(
        [sys.executable, "-c", whole],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=known,
    )
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: ")
    assert last.endswith(f": install it with {install_command(extra)}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("extra", ["polars", "pandas"])
def test_all_missing_packages_are_named_at_once(extra: str) -> None:
    """Not the second one only after you have installed the first."""
    program = (
        f"import asyncio, sys; sys.modules['pyarrow'] = sys.modules[{extra!r}] = None\n"
        "from finerworks import AsyncFinerWorks, FinerWorks\n"
        "keys = {'web_api_key': 'web', 'app_key': 'app', 'base_url': 'http://127.0.0.1:1'}\n"
        "try:\n"
        f"    FinerWorks(**keys).invoices.list().to_{extra}()\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error)\n"
        f"asyncio.run(AsyncFinerWorks(**keys).invoices.list().to_{extra}())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    message = (
        f"a {extra} data frame needs pyarrow and {extra} (the extra {extra}): "
        f"install them with {install_command(extra)}"
    )
    assert run.stdout == f"{message}\n"
    assert run.stderr.endswith(f"ModuleNotFoundError: {message}\n")


def test_csv_needs_no_extra(tmp_path: Path) -> None:
    """CSV and JSON Lines need no extra."""
    gone = ("pyarrow", "polars", "pandas", "xlsxwriter", "typer", "rich")
    block = "; ".join(f"sys.modules[{each!r}] = None" for each in gone)
    program = f"import sys; {block}\nfrom finerworks.exports import export\nexport([], 'a.csv'); export([], 'a.jsonl')"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", "a.jsonl"]
