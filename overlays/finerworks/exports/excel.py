"""Items as a workbook of Excel, by XlsxWriter, which brings no types: what is used of it comes through here."""

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
"""What a sheet of Excel holds, its head included. What is more goes on a further sheet."""

NUMBER_DIGITS = 15
"""What a number has in Excel. One of more digits would be another number there, with nothing said of it."""

NUMBER_SIZE = 308
"""Digits before the point that a number in Excel may have, zeros included."""

FIRST_YEAR = 1901
"""Before this, Excel has other days than the calendar, or none: such a date is written as text."""


class _Sheet(Protocol):
    """A worksheet. What writes to it gives 0, or a number for what it could not."""

    def autofilter(
        self, first_row: int, first_col: int, last_row: int, last_col: int
    ) -> object: ...
    def freeze_panes(self, row: int, col: int) -> object: ...
    def set_column(self, first: int, last: int, width: float) -> object: ...
    def write_boolean(self, row: int, col: int, value: bool) -> int: ...  # noqa: FBT001 - as it has it
    def write_datetime(self, row: int, col: int, value: dt.datetime, form: object) -> int: ...
    def write_number(
        self, row: int, col: int, value: Decimal | int, form: object = None
    ) -> int: ...
    def write_string(self, row: int, col: int, value: str, form: object = None) -> int: ...


class _Book(Protocol):
    """A workbook, as far as it is needed."""

    def add_format(self, properties: dict[str, object]) -> object: ...
    def add_worksheet(self, name: str) -> _Sheet: ...
    def close(self) -> None: ...


class _Sink(contextlib.AbstractContextManager["_Sink"]):
    """What a `ZipFile` writes to. One that failed tries again when it is collected, which is to do nothing."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.over, self._at = file, False, 0

    def __exit__(self, *exc_info: object) -> None:
        self.over = True

    def write(self, data: bytes) -> int:
        self._at += len(data)
        return len(data) if self.over else self._file.write(data)

    def tell(self) -> int:
        return self._at

    def seek(self, at: int) -> int:
        self._at = at
        return at if self.over else self._file.seek(at)

    def flush(self) -> None:
        if not self.over:
            self._file.flush()


def write(file: BinaryIO, items: Iterable[object], model: type) -> None:
    """Write items of a generated model as a workbook, row by row, in constant memory.

    Raises:
        ExportError: An item holds what Excel cannot.
        OSError: It cannot be written, or a file beside it in the folder for temporary ones.
    """
    with tempfile.TemporaryDirectory() as folder, _Sink(file) as sink:
        book = cast(
            _Book,
            xlsxwriter.Workbook(cast(BinaryIO, sink), {"constant_memory": True, "tmpdir": folder}),
        )
        try:
            _fill(book, items, model)
        except BaseException:
            sink.over = True
            with contextlib.suppress(FileCreateError):
                book.close()
            raise
        try:
            book.close()
        except FileCreateError as error:
            raise cast(OSError, error.args[0]) from error


def _fill(book: _Book, items: Iterable[object], model: type) -> None:
    head = book.add_format({"bold": True, "bottom": 1})
    amount, moment = (
        book.add_format({"num_format": each}) for each in ("#,##0.00", "yyyy-mm-dd hh:mm:ss")
    )
    formats: dict[type, object] = {Decimal: amount, dt.datetime: moment}
    number, row = 1, 0
    sheet = _begin(book, model, head, number)
    for item in items:
        row += 1
        if row == SHEET_ROWS:
            sheet.autofilter(0, 0, row - 1, len(split(model)) - 1)
            number, row = number + 1, 1
            sheet = _begin(book, model, head, number)
        for at, value in enumerate(split_cells(model, item)):
            if _put(sheet, (row, at), value, formats):
                raise ExportError(
                    f"{split(model)[at].name} of row {row} does not fit into a cell of Excel: use CSV"
                )
    sheet.autofilter(0, 0, row, len(split(model)) - 1)


def _begin(book: _Book, model: type, head: object, number: int) -> _Sheet:
    sheet = book.add_worksheet(f"{model.__name__}s{f' {number}' if number > 1 else ''}")
    sheet.freeze_panes(1, 0)
    for at, column in enumerate(split(model)):
        sheet.set_column(at, at, 20 if column.kind is dt.datetime else max(17, len(column.name)))
        sheet.write_string(0, at, column.name, head)
    return sheet


def _put(sheet: _Sheet, cell: tuple[int, int], value: Cell, formats: dict[type, object]) -> int:
    match value:
        case None:
            return 0
        case bool():
            return sheet.write_boolean(*cell, value)
        case int() | Decimal():
            number = Decimal(value)
            rounded = Decimal(f"{number:.{NUMBER_DIGITS}G}")
            fits = rounded == number and number.adjusted() < NUMBER_SIZE
            return sheet.write_number(*cell, value, formats.get(type(value))) if fits else -1
        case dt.datetime() if value.year >= FIRST_YEAR:
            # Excel shows the second that is nearest, which may be of the next day.
            return sheet.write_datetime(*cell, value.replace(microsecond=0), formats[dt.datetime])
        case _:
            return sheet.write_string(*cell, as_text(value))
