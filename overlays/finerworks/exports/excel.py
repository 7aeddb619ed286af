"""Excel workbooks, written by XlsxWriter. This module declares the types that XlsxWriter lacks."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import contextlib
import datetime as dt
import re
import tempfile
from collections.abc import Iterable
from decimal import Decimal
from typing import BinaryIO, Protocol, cast, runtime_checkable

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]

from finerworks.exports.columns import Cell, as_text, item_name, split, split_cells
from finerworks.exports.files import ExportError

__all__ = ["SHEET_ROWS", "write"]

SHEET_ROWS = 1_048_576
"""Rows of a sheet in Excel, including the header. Further rows go to another sheet."""

NUMBER_DIGITS = 15
"""Digits of a number in Excel, which rounds a longer number without a warning."""

TEXT_LENGTH = 32_767
"""Length of the longest text that Excel holds in a cell, in UTF-16 code units."""

FIRST_YEAR = 1901
"""The first year whose dates Excel represents correctly. Earlier dates are written as text."""

_CODE = "_x[0-9A-Fa-f]{4}_"
_CONTROL = r"[\x00-\x08\x0b-\x1f]"

# In a workbook, `_x000D_` is a carriage return, and `_x005F_` an underscore. XlsxWriter writes such
# a code for each control character, and `_x005F_` for an underscore that would begin a code. But it
# overlooks an underscore that ends a code and begins another one, in `_x0041_x0042_`, and one whose
# code becomes complete by the code of the next character, in `_x0041\r`.
_AMBIGUOUS = re.compile(f"_x[0-9A-Fa-f]{{4}}(?={_CODE}|{_CONTROL})")


# XML has no such characters. XlsxWriter writes them as codes, which not every program reads.
_NONCHARACTER = re.compile(r"[\ufffe\uffff]")


@runtime_checkable
class _Sheet(Protocol):
    """A worksheet. Its methods return 0, or a negative number if they could not write the value."""

    def autofilter(
        self, first_row: int, first_col: int, last_row: int, last_col: int, /
    ) -> object: ...
    def freeze_panes(self, row: int, col: int, /) -> object: ...
    def set_column(self, first: int, last: int, width: float, /) -> object: ...
    def write_boolean(self, row: int, col: int, value: bool, /) -> int: ...  # noqa: FBT001 - XlsxWriter's signature
    def write_datetime(self, row: int, col: int, value: dt.datetime, form: object, /) -> int: ...
    def write_number(
        self, row: int, col: int, value: Decimal | int, form: object = None, /
    ) -> int: ...
    def write_string(self, row: int, col: int, value: str, form: object = None, /) -> int: ...


@runtime_checkable
class _Book(Protocol):
    """The part of a workbook that this module uses."""

    def add_format(self, properties: dict[str, object], /) -> object: ...
    def add_worksheet(self, name: str, /) -> _Sheet: ...
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
            problem = _problem(value)
            if not problem and _write_cell(sheet, (row, position), value, formats) != 0:
                problem = "does not fit into a cell"
            if problem:
                raise ExportError(
                    f"{all_columns[position].name} of {item_name(item)} {problem}, "
                    "which Excel cannot hold: use CSV"
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


def _problem(value: Cell) -> str | None:
    """Return why a workbook cannot hold a value unchanged. None: it can."""
    match value:
        case str():
            return _problem_of_text(value)
        case bool():
            return None
        case int() | Decimal():
            number = Decimal(value)
            rounded = Decimal(f"{number:.{NUMBER_DIGITS}G}")
            return None if rounded == number else f"has more than {NUMBER_DIGITS} digits"
        case _:
            return None


def _problem_of_text(text: str) -> str | None:
    """Return why a workbook by XlsxWriter cannot hold a text unchanged. None: it can."""
    # No UTF-16 text is more than twice as long. The quick check is enough for almost all texts.
    if 2 * len(text) > TEXT_LENGTH and len(text.encode("utf-16-le")) > 2 * TEXT_LENGTH:
        return f"is longer than {TEXT_LENGTH:,} characters"
    # XlsxWriter takes such a text for XML, and writes it as it is.
    if text.startswith("<r>") and text.endswith("</r>"):
        return "begins with <r> and ends with </r>"
    noncharacter = _NONCHARACTER.search(text)
    if noncharacter:
        return f"contains U+{ord(noncharacter[0]):04X}"
    ambiguous = _AMBIGUOUS.search(text)
    if ambiguous:
        return f"contains {ambiguous[0]} in front of another character code"
    return None


def _write_cell(
    sheet: _Sheet, cell: tuple[int, int], value: Cell, formats: dict[type, object]
) -> int:
    """Write a value to a cell, given by its row and column. Return 0 if it could be written."""
    match value:
        case None:
            return 0
        case bool():
            return sheet.write_boolean(*cell, value)
        case int() | Decimal():
            return sheet.write_number(*cell, value, formats.get(type(value)))
        case dt.datetime() if value.year >= FIRST_YEAR:
            # Excel rounds to the nearest second, which may be on the next day.
            return sheet.write_datetime(*cell, value.replace(microsecond=0), formats[dt.datetime])
        case _:
            return sheet.write_string(*cell, as_text(value))
