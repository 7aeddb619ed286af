"""Listings as files and tables, with exact amounts. An optional part: the core imports it by name, when asked to.

    from finerworks.exports import export

    export(fw.invoices.list(), "invoices.xlsx")

CSV and JSON Lines need nothing more; Excel needs XlsxWriter (the extra `cli`), Parquet pyarrow (`arrow`).
"""

import dataclasses
import importlib
import os
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finerworks import money
from finerworks.exports.files import ExportError, whole_file

if TYPE_CHECKING:
    from finerworks_client.models import Invoice

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
"""What a file can be: as its name ends, or as one says."""


@dataclasses.dataclass(frozen=True)
class Exported:
    """What was written: ``count`` invoices that add up to ``total``, in the file at ``path``."""

    path: Path
    count: int
    total: Decimal


class Tally:
    """Invoices that are counted and added up, exactly, while they pass."""

    def __init__(self, invoices: "Iterable[Invoice]") -> None:
        self._invoices, self.count, self.total = invoices, 0, Decimal(0)

    def __iter__(self) -> "Iterator[Invoice]":
        for invoice in self._invoices:
            self.count, self.total = self.count + 1, money.total((self.total, invoice.amount_due))
            yield invoice


def file_format(path: str | os.PathLike[str], given: str | None = None) -> str:
    """Give the format of a file: the one that is given, or the one that its name ends in.

    Raises:
        ValueError: There is no such format.
    """
    known = ", ".join(FORMATS)
    if (
        found := Path(path).suffix.lower().removeprefix(".") if given is None else given
    ) in FORMATS:
        return found
    if given is None:
        raise ValueError(f"{os.fspath(path)!r} names no format by its end: give one of {known}")
    raise ValueError(f"{given!r} is none of the formats {known}")


def require(package: str, extra: str, what: str) -> None:
    """Import a package of an extra.

    Raises:
        ModuleNotFoundError: It is not installed; the message says how to.
    """
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        told = f"{what} needs {error.name}: pip install '.[{extra}]' in the clone"
        raise ModuleNotFoundError(told, name=error.name) from error


def export(
    invoices: "Iterable[Invoice]",
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - its usual name
    overwrite: bool = False,
) -> Exported:
    """Write invoices to a file, whole or not at all.

    They are written as they come, to a file beside it that takes its name in the end: a million of them need
    no more memory than a thousand, and what fails on the way leaves nothing behind.

    Args:
        invoices: Generated invoices, such as ``fw.invoices.list()`` gives.
        path: The file.
        format: ``csv``, ``jsonl``, ``parquet`` or ``xlsx``. None: as the file's name ends.
        overwrite: Whether a file of that name is replaced.

    Raises:
        FileExistsError: There is such a file, and ``overwrite`` is not set. Nothing was read.
        ModuleNotFoundError: Parquet or Excel, and its package is not installed. Nothing was read.
        ValueError: There is no such format. Nothing was read.
        ExportError: An invoice holds what the format cannot.
        OSError: The file cannot be written.
        FinerWorksError: The listing could not be read whole.
    """
    # Here, as each of them may need a package of its own.
    from finerworks.exports.writers import WRITERS  # noqa: PLC0415
    from finerworks_client.models import Invoice  # noqa: PLC0415

    writer = WRITERS[file_format(path, format)]
    writer.require()
    tally = Tally(invoices)
    with whole_file(path, overwrite=overwrite) as file:
        writer.write(file, tally, Invoice)
    return Exported(Path(path), tally.count, tally.total)
