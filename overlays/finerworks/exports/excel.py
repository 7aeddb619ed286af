"""The layout `full` as an Excel workbook: every field of an invoice, row by row."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import BinaryIO

from finerworks.exports import workbook
from finerworks.exports.columns import split, split_cells
from finerworks.exports.workbook import Book, Sheet, excel_cannot_hold, open_workbook, write_cell

__all__ = ["write"]


def write(file: BinaryIO, items: Iterable[object], model: type) -> None:
    """Write items of a generated model as a workbook, row by row, in constant memory.

    Raises:
        ExportError: Excel cannot store a value of an item.
        OSError: The file, or a temporary file, cannot be written.
    """
    with open_workbook(file, constant_memory=True) as book:
        _fill(book, items, model)


def _fill(book: Book, items: Iterable[object], model: type) -> None:
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
        if row == workbook.SHEET_ROWS:
            sheet.autofilter(0, 0, row - 1, last_column)
            sheet_number += 1
            row = 1
            sheet = _add_sheet(book, model, header_format, sheet_number)
        for position, value in enumerate(split_cells(model, item)):
            problem = write_cell(sheet, (row, position), value, formats)
            if problem:
                raise excel_cannot_hold(all_columns[position].name, item, problem)
    sheet.autofilter(0, 0, row, last_column)


def _add_sheet(book: Book, model: type, header_format: object, number: int) -> Sheet:
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
