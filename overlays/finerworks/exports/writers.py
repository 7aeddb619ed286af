"""What writes items to a file, a format a class: row by row, or batch by batch."""

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable, Iterable
from typing import BinaryIO, NamedTuple

from finerworks.exports import require
from finerworks.exports.columns import Cell, as_text, cells, columns

__all__ = ["WRITERS", "Writer", "json_array"]


class Writer(NamedTuple):
    """A format: what writes items of a model to a file, and what fails where its package is not installed."""

    write: Callable[[BinaryIO, Iterable[object], type], None]
    require: Callable[[], None]


_FORMULA = re.compile(r"(^|(?<=[;\t]))(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])")
"""Where a spreadsheet sees a formula, and runs it: their full-width forms too, and where it parts columns at a
semicolon or a tab, what quotes do not prevent."""


def _harmless(value: Cell) -> str:
    text = as_text(value)
    return _FORMULA.sub("'", text) if isinstance(value, str) else text


def _csv(file: BinaryIO, items: Iterable[object], model: type) -> None:
    text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    # By itself, csv before Python 3.13 quotes no carriage return, at which its own reader begins a row.
    plain, quoted = (
        csv.writer(text, lineterminator="\n"),
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n"),
    )
    plain.writerow([column.name for column in columns(model)])
    for item in items:
        row = [_harmless(cell) for cell in cells(model, item)]
        (quoted if any("\r" in each for each in row) else plain).writerow(row)
    text.detach()


def _object(model: type, item: object) -> bytes:
    parts = list[str]()
    for column, value in zip(columns(model), cells(model, item), strict=True):
        plain = value is None or isinstance(value, (bool, int, str))
        literal = json.dumps(value, ensure_ascii=False) if plain else as_text(value)
        parts.append(
            f'"{column.name}": {json.dumps(literal) if isinstance(value, dt.datetime) else literal}'
        )
    return f"{{{', '.join(parts)}}}".encode()


def _jsonl(file: BinaryIO, items: Iterable[object], model: type) -> None:
    file.writelines(_object(model, item) + b"\n" for item in items)


def json_array(file: BinaryIO, items: Iterable[object], model: type) -> None:
    """Write items as one JSON array, an item a line; amounts are numbers, to the digit."""
    before = b"[\n"
    for item in items:
        file.write(before + _object(model, item))
        before = b",\n"
    file.write(b"[]\n" if before == b"[\n" else b"\n]\n")


def _parquet(file: BinaryIO, items: Iterable[object], model: type) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - of an extra

    from finerworks.exports.frames import ROWS, Rows, schema  # noqa: PLC0415 - as it imports pyarrow

    rows = Rows(model)
    with pq.ParquetWriter(file, schema(model), compression="zstd") as parquet:
        for item in items:
            rows.add(item)
            if len(rows) == ROWS:
                parquet.write_batch(rows.batch())
        parquet.write_batch(rows.batch())


def _xlsx(file: BinaryIO, items: Iterable[object], model: type) -> None:
    from finerworks.exports.excel import write  # noqa: PLC0415 - as it imports XlsxWriter

    write(file, items, model)


def _nothing() -> None:
    """Need no package."""


WRITERS = {
    "csv": Writer(_csv, _nothing),
    "jsonl": Writer(_jsonl, _nothing),
    "parquet": Writer(_parquet, lambda: require("pyarrow.parquet", "arrow", "Parquet")),
    "xlsx": Writer(_xlsx, lambda: require("xlsxwriter", "cli", "Excel")),
}
