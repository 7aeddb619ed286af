"""Excel workbooks, written by XlsxWriter. This module declares the types that XlsxWriter lacks."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import contextlib
import datetime as dt
import tempfile
from collections.abc import Iterable
from decimal import Decimal
from typing import BinaryIO, Protocol, cast

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]

from finerworks.exports.columns import Cell, as_text, split, split_cells
from finerworks.exports.files import ExportError

__all__ = ["SHEET_ROWS", "write"]

SHEET_ROWS = 1_048_576
"""Rows of a sheet in Excel, including the header. Further rows go to another sheet."""

NUMBER_DIGITS = 15
"""Digits of a number in Excel, which rounds a longer number without a warning."""

NUMBER_SIZE = 308
"""Digits before the point that a number in Excel may have, zeros included."""

FIRST_YEAR = 1901
"""The first year whose dates Excel represents correctly. Earlier dates are written as text."""


class _Sheet(Protocol):
    """A worksheet. Its methods return 0, or a negative number if they could not write the value."""

    def autofilter(
        self, first_row: int, first_col: int, last_row: int, last_col: int
    ) -> object: ...
    def freeze_panes(self, row: int, col: int) -> object: ...
    def set_column(self, first: int, last: int, width: float) -> object: ...
    def write_boolean(self, row: int, col: int, value: bool) -> int: ...  # noqa: FBT001 - XlsxWriter's signature
    def write_datetime(self, row: int, col: int, value: dt.datetime, form: object) -> int: ...
    def write_number(
        self, row: int, col: int, value: Decimal | int, form: object = None
    ) -> int: ...
    def write_string(self, row: int, col: int, value: str, form: object = None) -> int: ...


class _Book(Protocol):
    """The part of a workbook that this module uses."""

    def add_format(self, properties: dict[str, object]) -> object: ...
    def add_worksheet(self, name: str) -> _Sheet: ...
    def close(self) -> None: ...


class _Sink(contextlib.AbstractContextManager["_Sink"]):
    """A file for XlsxWriter's `ZipFile` that discards everything after it is closed.

    A `ZipFile` that failed writes again when it is garbage-collected.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._position = 0
        self.closed = False

    def __exit__(self, *exc_info: object) -> None:
        self.closed = True

    def write(self, data: bytes) -> int:
        self._position += len(data)
        if self.closed:
            return len(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> int:
        self._position = position
        if self.closed:
            return position
        return self._file.seek(position)

    def flush(self) -> None:
        if not self.closed:
            self._file.flush()


def write(file: BinaryIO, items: Iterable[object], model: type) -> None:
    """Write items of a generated model as a workbook, row by row, in constant memory.

    Raises:
        ExportError: Excel cannot hold a value of an item.
        OSError: The file, or a temporary file, cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder, _Sink(file) as sink:
        options = {"constant_memory": True, "tmpdir": folder}
        book = cast(_Book, xlsxwriter.Workbook(cast(BinaryIO, sink), options))
        try:
            _fill(book, items, model)
        except BaseException:
            sink.closed = True
            with contextlib.suppress(FileCreateError):
                book.close()
            raise
        try:
            book.close()
        except FileCreateError as error:
            raise cast(OSError, error.args[0]) from error


def _fill(book: _Book, items: Iterable[object], model: type) -> None:
    header_format = book.add_format({"bold": True, "bottom": 1})
    formats: dict[type, object] = {
        Decimal: book.add_format({"num_format": "#,##0.00"}),
        dt.datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    }
    all_columns = split(model)
    last_column = len(all_columns) - 1
    sheet_number = 1
    row = 0
    sheet = _add_sheet(book, model, header_format, sheet_number)
    for item in items:
        row += 1
        if row == SHEET_ROWS:
            sheet.autofilter(0, 0, row - 1, last_column)
            sheet_number += 1
            row = 1
            sheet = _add_sheet(book, model, header_format, sheet_number)
        for position, value in enumerate(split_cells(model, item)):
            if _write_cell(sheet, (row, position), value, formats) != 0:
                raise ExportError(
                    f"{all_columns[position].name} of row {row} does not fit into a cell of Excel: "
                    "use CSV"
                )
    sheet.autofilter(0, 0, row, last_column)


def _add_sheet(book: _Book, model: type, header_format: object, number: int) -> _Sheet:
    name = f"{model.__name__}s"
    if number > 1:
        name += f" {number}"
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for position, column in enumerate(split(model)):
        width = 20 if column.kind is dt.datetime else max(17, len(column.name))
        sheet.set_column(position, position, width)
        sheet.write_string(0, position, column.name, header_format)
    return sheet


def _write_cell(
    sheet: _Sheet, cell: tuple[int, int], value: Cell, formats: dict[type, object]
) -> int:
    """Write a value to a cell, given by its row and column. Return 0 if it fits."""
    match value:
        case None:
            return 0
        case bool():
            return sheet.write_boolean(*cell, value)
        case int() | Decimal():
            number = Decimal(value)
            rounded = Decimal(f"{number:.{NUMBER_DIGITS}G}")
            if rounded != number or number.adjusted() >= NUMBER_SIZE:
                return -1
            return sheet.write_number(*cell, value, formats.get(type(value)))
        case dt.datetime() if value.year >= FIRST_YEAR:
            # Excel rounds to the nearest second, which may be on the next day.
            return sheet.write_datetime(*cell, value.replace(microsecond=0), formats[dt.datetime])
        case _:
            return sheet.write_string(*cell, as_text(value))
