"""The file formats: functions that write items row by row, or batch by batch."""

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import BinaryIO, NamedTuple

import finerworks
from finerworks.exports import require
from finerworks.exports.columns import Cell, as_text, cells, columns
from finerworks.exports.plain import PlainInvoice, View, plain

__all__ = ["BYTE_ORDER_MARK", "FORMULA", "WRITERS", "Writer", "json_array", "write_plain"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""The beginning of a CSV file by which Excel recognizes UTF-8."""


class Writer(NamedTuple):
    """A file format.

    `write` writes items of a model to a file. `require` raises ModuleNotFoundError if a package
    that `write` needs is not installed.
    """

    write: Callable[[BinaryIO, Iterable[object], type], None]
    require: Callable[[], None]


FORMULA = re.compile(r"(^|(?<=[;\t]))(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])")
"""Matches where a spreadsheet would start and run a formula.

This includes full-width signs. It also includes the text after a semicolon or a tab: a spreadsheet
that separates columns there does so inside quotes as well.
"""

_LINE_BREAK = re.compile(r"[\x85\u2028\u2029]")
"""Characters that JSON allows in a text, but at which Python's `splitlines()` ends a line."""


def _without_formulas(value: Cell) -> str:
    text = as_text(value)
    if isinstance(value, str):
        return FORMULA.sub("'", text)
    return text


def _csv(file: BinaryIO, items: Iterable[object], model: type) -> None:
    text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    plain = csv.writer(text, lineterminator="\n")
    # Before Python 3.13, csv does not quote a carriage return, although its reader ends a row
    # there.
    quoted = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    plain.writerow([column.name for column in columns(model)])
    for item in items:
        row = [_without_formulas(value) for value in cells(model, item)]
        if any("\r" in value for value in row):
            quoted.writerow(row)
        else:
            plain.writerow(row)
    text.detach()


def _json_value(value: Cell) -> str:
    match value:
        case Decimal():
            # A number with all its digits. json.dumps would need a float.
            return as_text(value)
        case dt.date():
            return json.dumps(as_text(value))
        case _:
            text = json.dumps(value, ensure_ascii=False)
            return _LINE_BREAK.sub(_json_escape, text)


def _json_escape(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"


def _json_object(model: type, item: object) -> bytes:
    members = [
        f'"{column.name}": {_json_value(value)}'
        for column, value in zip(columns(model), cells(model, item), strict=True)
    ]
    return f"{{{', '.join(members)}}}".encode()


def _jsonl(file: BinaryIO, items: Iterable[object], model: type) -> None:
    file.writelines(_json_object(model, item) + b"\n" for item in items)


def json_array(file: BinaryIO, items: Iterable[object], model: type) -> None:
    """Write items as a JSON array, with one item per line and exact amounts."""
    separator = b"[\n"
    is_empty = True
    for item in items:
        file.write(separator + _json_object(model, item))
        separator = b",\n"
        is_empty = False
    file.write(b"[]\n" if is_empty else b"\n]\n")


def _parquet(file: BinaryIO, items: Iterable[object], model: type) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - an optional package

    from finerworks.exports.frames import ROWS, Rows, schema  # noqa: PLC0415 - imports pyarrow

    rows = Rows(model)
    with pq.ParquetWriter(file, schema(model), compression="zstd") as parquet:
        for item in items:
            rows.add(item)
            if len(rows) == ROWS:
                parquet.write_batch(rows.batch())
        parquet.write_batch(rows.batch())


def _xlsx(file: BinaryIO, items: Iterable[object], model: type) -> None:
    from finerworks.exports.excel import write  # noqa: PLC0415 - imports XlsxWriter

    write(file, items, model)


def _require_nothing() -> None:
    """Do nothing, because the format needs no package."""


WRITERS = {
    "csv": Writer(_csv, _require_nothing),
    "jsonl": Writer(_jsonl, _require_nothing),
    "parquet": Writer(_parquet, lambda: require("pyarrow.parquet", extra="arrow", what="Parquet")),
    "xlsx": Writer(_xlsx, lambda: require("xlsxwriter", extra="cli", what="Excel")),
}


def write_plain(
    file: BinaryIO,
    invoices: Iterable["finerworks.Invoice"],
    format: str,  # noqa: A002 - the name of the argument of `export`
    view: View,
) -> None:
    """Write invoices in the layout `plain`."""
    items = plain(invoices, view)
    if format == "xlsx":
        from finerworks.exports import excel_plain  # noqa: PLC0415 - imports XlsxWriter

        excel_plain.write(file, items, view)
    else:
        WRITERS[format].write(file, items, PlainInvoice)
