"""Workbooks of XlsxWriter, and the values that their cells can store.

This module declares the types that XlsxWriter lacks.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# ruff: noqa: D102 - XlsxWriter documents its methods

import contextlib
import datetime as dt
import re
import tempfile
from collections.abc import Generator
from decimal import Decimal
from typing import BinaryIO, Protocol, cast, runtime_checkable

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]

from finerworks.exports.columns import Cell, as_text, item_name
from finerworks.exports.errors import ExportError

__all__ = [
    "SHEET_ROWS",
    "Book",
    "Position",
    "Sheet",
    "excel_cannot_hold",
    "open_workbook",
    "problem_of",
    "write_cell",
]

SHEET_ROWS = 1_048_576
"""Rows of a sheet in Excel, including the header. Further rows go to another sheet."""

Position = tuple[int, int]
"""The row and the column of a cell, from 0."""

NUMBER_DIGITS = 15
"""Digits of a number in Excel, which rounds a longer number without a warning."""

TEXT_LENGTH = 32_767
"""The maximum length of a text in a cell of Excel, in UTF-16 code units."""

FIRST_YEAR = 1901
"""The first year whose dates Excel represents correctly. Earlier dates are written as text."""

CREATED = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - XlsxWriter's dates have no zone
"""The creation time in each workbook, so that equal invoices make equal files."""

_CODE = "_x[0-9A-Fa-f]{4}_"
_CONTROL = r"[\x00-\x08\x0b-\x1f]"

# In a workbook, `_x000D_` is a carriage return, and `_x005F_` an underscore. XlsxWriter writes such
# a code for each control character, and `_x005F_` for an underscore that would begin a code. But it
# overlooks an underscore that ends a code and begins another one, in `_x0041_x0042_`, and one whose
# code becomes complete by the code of the next character, in `_x0041\r`.
_AMBIGUOUS = re.compile(f"_x[0-9A-Fa-f]{{4}}(?={_CODE}|{_CONTROL})")


# XML does not allow these characters. XlsxWriter writes them as codes, which not every program
# reads.
_NONCHARACTER = re.compile(r"[\ufffe\uffff]")


@runtime_checkable
class Sheet(Protocol):
    """A worksheet. Its methods return 0, or a negative number if they cannot write the value."""

    def add_table(
        self,
        first_row: int,
        first_col: int,
        last_row: int,
        last_col: int,
        options: dict[str, object],
        /,
    ) -> int: ...
    def autofilter(
        self, first_row: int, first_col: int, last_row: int, last_col: int, /
    ) -> object: ...
    def fit_to_pages(self, width: int, height: int, /) -> object: ...
    def freeze_panes(self, row: int, col: int, /) -> object: ...
    def ignore_errors(self, options: dict[str, str], /) -> object: ...
    def repeat_rows(self, first_row: int, /) -> object: ...
    def set_column(self, first: int, last: int, width: float, /) -> object: ...
    def set_footer(self, footer: str, /) -> object: ...
    def set_landscape(self) -> object: ...
    def write_blank(self, row: int, col: int, value: None, form: object, /) -> int: ...
    def write_boolean(self, row: int, col: int, value: bool, /) -> int: ...  # noqa: FBT001 - XlsxWriter's signature
    def write_datetime(self, row: int, col: int, value: dt.date, form: object, /) -> int: ...
    def write_formula(
        self, row: int, col: int, formula: str, form: object, value: Decimal, /
    ) -> int: ...
    def write_number(
        self, row: int, col: int, value: Decimal | int, form: object = None, /
    ) -> int: ...
    def write_string(self, row: int, col: int, value: str, form: object = None, /) -> int: ...


@runtime_checkable
class Book(Protocol):
    """The part of a workbook that this module uses."""

    def add_format(self, properties: dict[str, object], /) -> object: ...
    def add_worksheet(self, name: str, /) -> Sheet: ...
    def close(self) -> None: ...
    def set_properties(self, properties: dict[str, object], /) -> object: ...


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


@contextlib.contextmanager
def open_workbook(file: BinaryIO, *, constant_memory: bool) -> Generator[Book]:
    """Yield a workbook that is written to a file when the `with` block ends.

    With ``constant_memory``, rows are written in their order, and a sheet has no table object.

    Raises:
        OSError: The file, or a temporary file, cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder, _Sink(file) as sink:
        options = {"constant_memory": constant_memory, "tmpdir": folder}
        book = cast(Book, xlsxwriter.Workbook(cast(BinaryIO, sink), options))
        book.set_properties({"created": CREATED})
        try:
            yield book
        except BaseException:
            sink.closed = True
            with contextlib.suppress(FileCreateError):
                book.close()
            raise
        try:
            book.close()
        except FileCreateError as error:
            raise cast(OSError, error.args[0]) from error


def problem_of(value: Cell) -> str | None:
    """Return why a workbook cannot store a value unchanged. None: it can."""
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
    """Return why a workbook of XlsxWriter cannot store a text unchanged. None: it can."""
    # No UTF-16 text is more than twice as long. The quick check is enough for almost all texts.
    if 2 * len(text) > TEXT_LENGTH and len(text.encode("utf-16-le")) > 2 * TEXT_LENGTH:
        return f"is longer than {TEXT_LENGTH:,} characters"
    # XlsxWriter treats such a text as XML, and does not escape it.
    if text.startswith("<r>") and text.endswith("</r>"):
        return "begins with <r> and ends with </r>"
    noncharacter = _NONCHARACTER.search(text)
    if noncharacter:
        return f"contains U+{ord(noncharacter[0]):04X}"
    ambiguous = _AMBIGUOUS.search(text)
    if ambiguous:
        return f"contains {ambiguous[0]} in front of another character code"
    return None


def excel_cannot_hold(column: str, item: object, problem: str) -> ExportError:
    """Return the error about a value that Excel cannot store."""
    return ExportError(f"{column} of {item_name(item)} {problem}, which Excel cannot hold: use CSV")


def write_cell(
    sheet: Sheet, position: Position, value: Cell, formats: dict[type, object]
) -> str | None:
    """Write a value to a cell. Return why Excel cannot store it, or None if it can.

    `formats` has formats for the types of values: amounts, dates with a time, days, texts.
    """
    problem = problem_of(value)
    if not problem and _write(sheet, position, value, formats) != 0:
        problem = "does not fit into a cell"
    return problem


def _write(sheet: Sheet, position: Position, value: Cell, formats: dict[type, object]) -> int:
    match value:
        case None:
            return 0
        case bool():
            return sheet.write_boolean(*position, value)
        case int() | Decimal():
            return sheet.write_number(*position, value, formats.get(type(value)))
        case dt.datetime() if value.year >= FIRST_YEAR:
            # Excel rounds to the nearest second, which may be on the next day.
            return sheet.write_datetime(
                *position, value.replace(microsecond=0), formats[dt.datetime]
            )
        case dt.date() if value.year >= FIRST_YEAR and not isinstance(value, dt.datetime):
            return sheet.write_datetime(*position, value, formats[dt.date])
        case _:
            return sheet.write_string(*position, as_text(value), formats.get(str))
