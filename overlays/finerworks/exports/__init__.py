"""Listings as files and tables, with exact amounts.

    from finerworks.exports import export

    export(fw.invoices.list(), "invoices.xlsx")

CSV and JSON Lines need no further package. Excel needs XlsxWriter (the extra `cli`), and Parquet
needs pyarrow (the extra `arrow`). The core imports this package only in `to_arrow()`,
`to_polars()` and `to_pandas()`.
"""

import dataclasses
import importlib
import os
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import finerworks
from finerworks import money
from finerworks.exports.files import ExportError, whole_file
from finerworks.extras import install_command

__all__ = [
    "FORMATS",
    "ExportError",
    "Exported",
    "Tally",
    "export",
    "file_format",
    "require",
    "whole_file",
]

FORMATS = ("csv", "jsonl", "parquet", "xlsx")
"""The file formats, which are also the extensions of the files."""


@dataclasses.dataclass(frozen=True)
class Exported:
    """A written file: its ``path``, the ``count`` of its invoices, and their ``total``."""

    path: Path
    count: int
    total: Decimal


class Tally:
    """An iterable over invoices that counts them and adds up their amounts."""

    def __init__(self, invoices: Iterable["finerworks.Invoice"]) -> None:
        self._invoices = invoices
        self.count = 0
        self.total = Decimal(0)

    def __iter__(self) -> Iterator["finerworks.Invoice"]:
        for invoice in self._invoices:
            self.count += 1
            self.total = money.total((self.total, invoice.amount_due))
            yield invoice


def file_format(path: str | os.PathLike[str], given: str | None = None) -> str:
    """Return the format of a file: ``given``, or else the one of the file's extension.

    Raises:
        ValueError: There is no such format.
    """
    known = ", ".join(FORMATS)
    if given is not None:
        if given not in FORMATS:
            raise ValueError(f"unknown format {given!r}: use one of {known}")
        return given
    extension = Path(path).suffix.lower().removeprefix(".")
    if extension not in FORMATS:
        raise ValueError(
            f"unknown extension in {os.fspath(path)!r}: set the format to one of {known}"
        )
    return extension


def require(package: str, extra: str, what: str) -> None:
    """Import a package that belongs to an extra.

    Raises:
        ModuleNotFoundError: The package is not installed. The message says how to install it.
    """
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        message = f"{what} needs {error.name}: install it with {install_command(extra)}"
        raise ModuleNotFoundError(message, name=error.name) from error


def export(
    invoices: Iterable["finerworks.Invoice"],
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the usual name of the argument
    overwrite: bool = False,
    account_key: str | None = None,
) -> Exported:
    """Write invoices to a file, and return its path, the count and the total.

    The invoices are written one by one to a temporary file in the same folder, which is renamed at
    the end. Memory use does not depend on the number of invoices, and an error leaves no file.

    Args:
        invoices: Generated invoices, such as those of ``fw.invoices.list()``.
        path: The file to write.
        format: ``csv``, ``jsonl``, ``parquet`` or ``xlsx``. None: the extension of the file.
        overwrite: Whether to replace an existing file.
        account_key: The account that the invoices belong to, for a last column ``account_key``, so
            that you can combine files. Empty: the account that owns the keys, whose cells are
            empty. None: no such column.

    Raises:
        FileExistsError: The file exists, and ``overwrite`` is False. Nothing was requested.
        ModuleNotFoundError: The package for Parquet or Excel is not installed. Nothing was
            requested.
        ValueError: There is no such format. Nothing was requested.
        ExportError: The format cannot hold a value of an invoice.
        OSError: The file cannot be written.
        FinerWorksError: The listing could not be read to its end.
    """
    # Imported here, as writers.py imports this module, and the models take time to import.
    from finerworks.exports.accounts import items_of  # noqa: PLC0415
    from finerworks.exports.writers import WRITERS  # noqa: PLC0415

    writer = WRITERS[file_format(path, format)]
    writer.require()
    tally = Tally(invoices)
    items, model = items_of(tally, account_key)
    with whole_file(path, overwrite=overwrite) as file:
        writer.write(file, items, model)
    return Exported(Path(path), tally.count, tally.total)
