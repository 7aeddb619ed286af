"""The definition of a layout for an accounting program: a head, and text for each bill."""

import csv
import dataclasses
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from finerworks.exports.layouts.bill import Bill
from finerworks.exports.layouts.settings import Setting, Values

__all__ = ["Column", "Layout", "check_file", "empty", "table_entry", "table_head"]

Column = tuple[str, Callable[[Bill, Values], str]]
"""A column of a table: its header, and its value for a bill."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """A layout for an accounting program.

    Attributes:
        name: The name of the layout.
        program: The name of the program.
        extensions: The valid extensions of the file's name.
        settings: The settings that it uses.
        head: Returns the beginning of the file.
        entry: Returns the text for a bill, or raises UnrepresentableError.
        left_out: The fields that it leaves out, in words.
        has_credits: Whether the program imports credits. Otherwise, they go to a separate file.
        max_bills: The maximum number of bills that the program imports from a file. None: no limit
            is known.
        max_bytes: The maximum size of a file that the program imports. None: no limit is known.
    """

    name: str
    program: str
    extensions: tuple[str, ...]
    settings: tuple[Setting, ...]
    head: Callable[[Values], str]
    entry: Callable[[Bill, Values], str]
    left_out: str
    has_credits: bool = True
    max_bills: int | None = None
    max_bytes: int | None = None


def check_file(layout: Layout, path: str | os.PathLike[str], given_format: str | None) -> None:
    """Check that a file has an extension of the layout, or that the format is given.

    Raises:
        ValueError: The extension is another one, or the layout has another format.
    """
    is_csv = ".csv" in layout.extensions
    known = " or ".join(layout.extensions)
    if given_format is not None and not (is_csv and given_format == "csv"):
        raise ValueError(f"the layout {layout.name} writes {known}, not the format {given_format}")
    if given_format is None and Path(path).suffix.lower() not in layout.extensions:
        raise ValueError(
            f"{os.fspath(path)!r} does not end in {known}, which the layout {layout.name} writes"
        )


def empty(_bill: Bill, _values: Values) -> str:
    """Return an empty text, for a column that is left empty."""
    return ""


def table_head(columns: Sequence[Column]) -> str:
    """Return the headers of a table as a line of CSV."""
    return _csv_line([header for header, _ in columns])


def table_entry(columns: Sequence[Column], bill: Bill, values: Values) -> str:
    """Return a bill as a line of CSV."""
    return _csv_line([value(bill, values) for _, value in columns])


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
