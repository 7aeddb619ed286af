"""The layout `plain` as an Excel workbook: a table with a title, a total and print settings."""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import BinaryIO

from finerworks import money
from finerworks.exports import workbook
from finerworks.exports.columns import columns, split_cells
from finerworks.exports.errors import ExportError
from finerworks.exports.plain import PlainInvoice, View
from finerworks.exports.words import counted
from finerworks.exports.workbook import (
    Book,
    Sheet,
    excel_cannot_hold,
    open_workbook,
    problem_of,
    write_cell,
)

__all__ = ["TABLE_ROWS", "write"]

TABLE_ROWS = 50_000
"""The maximum number of invoices in an Excel table, for which XlsxWriter keeps all cells in memory.

More invoices are written row by row. They look the same, with the same total and filter, but
Excel does not treat them as a table.
"""

HEADER_ROW = 4
"""The row of the headers, from 0. The rows above it have the title."""

PAYMENTS_UNKNOWN = "FinerWorks does not say which invoices are paid."


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of the sheet: its header, its width in characters, its type of value."""

    header: str
    width: float
    kind: type
    number_format: str = "General"
    indent: int = 0


COLUMNS = (
    Column("Account", 18, str),
    Column("Invoice", 24, str),
    Column("Month", 10, dt.date, "yyyy-mm"),
    Column("Invoice date", 13, dt.date, "yyyy-mm-dd"),
    Column("Due date", 13, dt.date, "yyyy-mm-dd"),
    Column("Days past due", 14, int, "#,##0"),
    Column("Age", 17, str, indent=1),  # next to numbers, which are aligned to the right
    Column("Amount due", 18, Decimal),
)
"""The columns, one for each field of `PlainInvoice`."""

TABLE = "Invoices"
"""The name of the table, for formulas."""

LABEL = 1
"""The column with the label of a total."""

AMOUNT = len(COLUMNS) - 1
"""The column of the amounts. It is the last one."""


class _Formats:
    """The formats of a workbook."""

    def __init__(self, book: Book) -> None:
        header: dict[str, object] = {"bold": True, "bottom": 1}
        total: dict[str, object] = {"bold": True, "top": 1}
        two_decimals: dict[str, object] = {"num_format": "#,##0.00"}
        four_decimals: dict[str, object] = {"num_format": "#,##0.00##"}
        right: dict[str, object] = {"align": "right"}
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.note = book.add_format({"font_color": "#595959"})
        self.total_label = book.add_format(total)
        self._amount = book.add_format(two_decimals)
        self._long_amount = book.add_format(four_decimals)
        self._total = book.add_format(total | two_decimals)
        self._long_total = book.add_format(total | four_decimals)
        self.cells = list[object]()
        self.headers = list[object]()
        for column in COLUMNS:
            indent = {"indent": column.indent}
            self.cells.append(book.add_format({"num_format": column.number_format, **indent}))
            align = indent if column.kind is str else right
            self.headers.append(book.add_format({**header, **align}))

    def of_amount(self, amount: Decimal) -> object:
        """Return the format that shows all decimals of an amount."""
        return self._long_amount if _is_long(amount) else self._amount

    def of_total(self, total: Decimal) -> object:
        """Return the format that shows all decimals of a total."""
        return self._long_total if _is_long(total) else self._total


def _is_long(amount: Decimal) -> bool:
    """Return whether an amount has more than two decimals."""
    decimals = money.text(amount).rpartition(".")[2]
    return len(decimals.rstrip("0")) > 2


def write(file: BinaryIO, invoices: Iterable[PlainInvoice], view: View) -> None:
    """Write invoices, with a title, as a workbook. Up to `TABLE_ROWS` invoices form an Excel table.

    Raises:
        ExportError: Excel cannot store a value of an invoice, the title, or the total.
        OSError: The file, or a temporary file, cannot be written.
    """
    remaining = iter(invoices)
    first = list(itertools.islice(remaining, TABLE_ROWS + 1))
    is_table = len(first) <= TABLE_ROWS
    with open_workbook(file, constant_memory=not is_table) as book:
        if is_table:
            _write_table(book, first, view)
        else:
            _write_sheets(book, itertools.chain(first, remaining), view)


def _write_table(book: Book, invoices: Sequence[PlainInvoice], view: View) -> None:
    formats = _Formats(book)
    sheet = _add_sheet(book, "Invoices", view, formats)
    last_row, total = _write_rows(sheet, invoices, formats)
    last_row = max(last_row, HEADER_ROW + 1)  # A table has at least one row.
    headers: list[dict[str, object]] = [
        {"header": column.header, "header_format": header_format}
        for column, header_format in zip(COLUMNS, formats.headers, strict=True)
    ]
    label = _label(len(invoices))
    headers[LABEL]["total_string"] = label
    headers[AMOUNT]["total_function"] = "sum"
    headers[AMOUNT]["total_value"] = total
    options: dict[str, object] = {
        "name": TABLE,
        "style": "Table Style Light 1",
        "total_row": True,
        "columns": headers,
    }
    sheet.add_table(HEADER_ROW, 0, last_row + 1, AMOUNT, options)
    # XlsxWriter's own formula lacks the name of the table, and LibreOffice shows an error for it.
    amounts = f"{TABLE}[{COLUMNS[AMOUNT].header}]"
    _write_total(sheet, last_row + 1, (label, amounts, total), formats)


def _write_sheets(book: Book, invoices: Iterable[PlainInvoice], view: View) -> None:
    """Write invoices row by row, on as many sheets as they need. Each sheet has a total."""
    formats = _Formats(book)
    # Below the invoices are the total of the sheet and, on the last sheet, the total of all.
    room = workbook.SHEET_ROWS - HEADER_ROW - 3
    totals = list[Decimal]()
    for number, chunk in enumerate(_chunks(invoices, room), 1):
        name = "Invoices" if number == 1 else f"Invoices {number}"
        sheet = _add_sheet(book, name, view, formats)
        last_row, total = _write_rows(sheet, chunk, formats)
        sheet.autofilter(HEADER_ROW, 0, last_row, AMOUNT)
        amounts = f"H{HEADER_ROW + 2}:H{last_row + 1}"
        _write_total(sheet, last_row + 1, (_label(last_row - HEADER_ROW), amounts, total), formats)
        totals.append(total)
        if len(totals) > 1:
            label = f"Total of sheets 1 to {number}"
            _write_total(sheet, last_row + 2, (label, None, money.total(totals)), formats)


def _chunks(invoices: Iterable[PlainInvoice], size: int) -> Iterator[Iterator[PlainInvoice]]:
    """Yield iterators over at most `size` invoices each. Read each one to its end."""
    remaining = iter(invoices)
    for first in remaining:
        yield itertools.chain([first], itertools.islice(remaining, size - 1))


def _add_sheet(book: Book, name: str, view: View, formats: _Formats) -> Sheet:
    """Add a sheet with its title and its headers."""
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEADER_ROW)
    sheet.freeze_panes(HEADER_ROW + 1, 0)
    sheet.set_footer("&L&A&RPage &P of &N")
    for row, line in enumerate(_title_lines(view)):
        problem = problem_of(line)
        if problem:
            raise ExportError(f"the title {problem}, which Excel cannot hold: use CSV")
        sheet.write_string(row, 0, line, formats.note if row else formats.title)
    for position, column in enumerate(COLUMNS):
        sheet.set_column(position, position, column.width)
        sheet.write_string(HEADER_ROW, position, column.header, formats.headers[position])
    return sheet


def _title_lines(view: View) -> Iterator[str]:
    yield "FinerWorks invoices"
    parts = [f"As of {view.as_of}"]
    if view.account:
        parts.append(f"account {view.account}")
    if view.shown:
        parts.append(f"only {view.shown}")
    yield ", ".join(parts)
    yield PAYMENTS_UNKNOWN


def _write_rows(
    sheet: Sheet, invoices: Iterable[PlainInvoice], formats: _Formats
) -> tuple[int, Decimal]:
    """Write invoices below the headers. Return the last row, and the total of the amounts."""
    row = HEADER_ROW
    total = Decimal(0)
    for invoice in invoices:
        row += 1
        total = money.total((total, invoice.amount))
        _write_row(sheet, row, invoice, formats)
    # Excel would mark an id of digits as a number that is stored as text.
    sheet.ignore_errors({"number_stored_as_text": f"A{HEADER_ROW + 2}:B{row + 2}"})
    return row, total


def _write_row(sheet: Sheet, row: int, invoice: PlainInvoice, formats: _Formats) -> None:
    names = columns(PlainInvoice)
    for position, value in enumerate(split_cells(PlainInvoice, invoice)):
        value_formats = dict.fromkeys((dt.date, int, str), formats.cells[position])
        if isinstance(value, Decimal):
            value_formats = {Decimal: formats.of_amount(value)}
        problem = write_cell(sheet, (row, position), value, value_formats)
        if problem:
            raise excel_cannot_hold(names[position].name, invoice, problem)


def _label(count: int) -> str:
    return f"Total of {counted(count, 'invoice')}"


def _write_total(
    sheet: Sheet, row: int, content: tuple[str, str | None, Decimal], formats: _Formats
) -> None:
    """Write the row of a total: its label, the cells that it adds up, and its exact value.

    Without cells, the total is a number that Excel does not recalculate.
    """
    label, amounts, total = content
    problem = problem_of(total)
    if problem:
        raise ExportError(f"the total {total} {problem}, which Excel cannot hold: use CSV")
    for position in range(AMOUNT):
        sheet.write_blank(row, position, None, formats.total_label)
    sheet.write_string(row, LABEL, label, formats.total_label)
    if amounts is None:
        sheet.write_number(row, AMOUNT, total, formats.of_total(total))
    else:
        formula = f"=SUBTOTAL(109,{amounts})"
        sheet.write_formula(row, AMOUNT, formula, formats.of_total(total), total)
