"""Listings as files and tables, with exact amounts.

    from finerworks.exports import export

    export(fw.invoices.list(), "invoices.xlsx")

A format, such as CSV, determines how a file is written. A layout, such as `plain`, determines its
columns. CSV and JSON Lines need no other package. Excel needs XlsxWriter (the extra `cli`), and
Parquet needs pyarrow (the extra `arrow`). The core imports this package only in `to_arrow()`,
`to_polars()` and `to_pandas()`.
"""

import dataclasses
import datetime as dt
import importlib
import os
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import finerworks
from finerworks import money
from finerworks.exports.errors import ExportError, SettingError
from finerworks.exports.files import whole_file
from finerworks.exports.words import joined
from finerworks.extras import install_command

__all__ = [
    "FORMATS",
    "LAYOUTS",
    "TABLE_LAYOUTS",
    "ExportError",
    "Exported",
    "SettingError",
    "Tally",
    "export",
    "extension_problem",
    "file_format",
    "require",
    "table_layout",
    "whole_file",
]

FORMATS = ("csv", "jsonl", "parquet", "xlsx")
"""The file formats, which are also the extensions of the files."""

TABLE_LAYOUTS = ("full", "plain")
"""The layouts for people and programs, in any of the formats."""

LAYOUTS = (
    *TABLE_LAYOUTS,
    "xero",
    "quickbooks-online",
    "quickbooks-desktop",
    "sage",
    "beancount",
    "hledger",
)
"""The layouts. Those after the first two are for accounting programs."""


@dataclasses.dataclass(frozen=True)
class Exported:
    """A written file: its ``path``, the ``count`` of the invoices, and their ``total``.

    Attributes:
        credits: The second file with the credits, if the program of the layout does not import
            them. The ``count`` and the ``total`` of the first include its invoices.
        notes: Notes about the file: what the layout leaves out, and limits of the program.
    """

    path: Path
    count: int
    total: Decimal
    credits: "Exported | None" = None
    notes: tuple[str, ...] = ()


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
    if given is not None:
        if given not in FORMATS:
            raise ValueError(f"unknown format {given!r}: use one of {', '.join(FORMATS)}")
        return given
    extension = Path(path).suffix.lower().removeprefix(".")
    if extension not in FORMATS:
        raise ValueError(f"{extension_problem(path)}, or set format=")
    return extension


def extension_problem(path: str | os.PathLike[str]) -> str:
    """Return why the name of a file does not say its format, and how to name the file."""
    suffix = Path(path).suffix.removeprefix(".")
    problem = "has an unknown extension" if suffix else "has no extension"
    extensions = [f".{known}" for known in FORMATS]
    return f"{os.fspath(path)} {problem}: name it {joined(extensions, 'or')}"


def table_layout(format: str, given: str | None, *, excel: bool = False) -> str:  # noqa: A002
    """Return the layout of a file: ``given``, or else ``plain`` for Excel, ``full`` for others."""
    if given is not None:
        return given
    return "plain" if excel or format == "xlsx" else "full"


def require(*packages: str, extra: str, what: str) -> None:
    """Import packages that belong to an extra.

    Args:
        packages: The packages.
        extra: The extra.
        what: What needs them, as the message begins.

    Raises:
        ModuleNotFoundError: A package is not installed. The message names all that are missing,
            and says how to install them.
    """
    failures = list[ModuleNotFoundError]()
    for package in packages:
        try:
            importlib.import_module(package)
        except ModuleNotFoundError as error:
            failures.append(error)
    if not failures:
        return
    names = " and ".join(str(failure.name) for failure in failures)
    pronoun = "it" if len(failures) == 1 else "them"
    message = (
        f"{what} needs {names} (the extra {extra}): install {pronoun} with {install_command(extra)}"
    )
    raise ModuleNotFoundError(message, name=failures[0].name) from failures[0]


def export(
    invoices: Iterable["finerworks.Invoice"],
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the usual name of the argument
    layout: str | None = None,
    overwrite: bool = False,
    excel: bool = False,
    as_of: dt.date | None = None,
    account_key: str | None = None,
    shown: str | None = None,
    supplier: str | None = None,
    account_code: str | None = None,
    payable_account: str | None = None,
    tax_code: str | None = None,
    currency: str | None = None,
    date_format: str | None = None,
) -> Exported:
    """Write invoices to a file, and return its path, the count and the total.

    The invoices are written one by one to a temporary file in the same folder, which is renamed at
    the end. Memory use does not depend on the number of invoices, except that a table of Excel of
    up to 50,000 invoices is in memory. An error leaves no file.

    Args:
        invoices: Generated invoices, such as those of ``fw.invoices.list()``.
        path: The file to write.
        format: ``csv``, ``jsonl``, ``parquet`` or ``xlsx``. None: the extension of the file.
        layout: ``full`` has every field of an invoice. ``plain`` has the columns that people need:
            account, invoice, month, days instead of times, days past due, age and amount. ``xero``,
            ``quickbooks-online``, ``quickbooks-desktop``, ``sage``, ``beancount`` and ``hledger``
            are for these programs. None: ``plain`` for Excel, otherwise ``full``.
        overwrite: Whether to replace an existing file.
        excel: Whether to write CSV for Excel: with a byte order mark, so that Excel recognizes
            UTF-8, and by default in the layout ``plain``.
        as_of: The day from which ``plain`` counts days past due. None: today, on this machine.
        account_key: The account that the invoices belong to, so that you can combine files. It is
            the column ``account`` of ``plain``, and the last column ``account_key`` of ``full``.
            Empty: the account that owns the keys, with empty cells. None: ``full`` has no such
            column.
        shown: Which invoices were selected, in words, for the title in Excel. None: all of them.
        supplier: The name of FinerWorks in the accounting program. None: ``FinerWorks``.
        account_code: The account for the expense in the accounting program.
        payable_account: The account for bills to pay, in ``quickbooks-desktop``, ``beancount`` and
            ``hledger``. None: ``Accounts Payable`` or ``Liabilities:AccountsPayable``.
        tax_code: The tax code in ``xero``, ``quickbooks-online`` and ``sage``.
        currency: The currency of the amounts, such as ``USD``, because FinerWorks does not report
            it. Not for ``quickbooks-desktop`` and ``sage``.
        date_format: The date format, such as ``DD/MM/YYYY``. Required for ``xero``.

    Raises:
        FileExistsError: The file exists, and ``overwrite`` is False. Nothing was requested.
        ModuleNotFoundError: The package for Parquet or Excel is not installed. Nothing was
            requested.
        ValueError: There is no such format or layout, or ``excel`` is not for this format. Nothing
            was requested.
        SettingError: The layout requires a missing argument, or does not use a given one. It is a
            ValueError. Nothing was requested.
        ExportError: The format or the layout cannot store a value of an invoice.
        OSError: The file cannot be written.
        FinerWorksError: The listing could not be read completely.
    """
    # Imported here, as it imports this module.
    from finerworks.exports.choice import choose  # noqa: PLC0415
    from finerworks.exports.layouts.settings import Settings  # noqa: PLC0415

    settings = Settings(
        supplier=supplier,
        account_code=account_code,
        payable_account=payable_account,
        tax_code=tax_code,
        currency=currency,
        date_format=date_format,
    )
    chosen = choose(path, format=format, layout=layout, excel=excel, settings=settings)
    return chosen.write(
        invoices, overwrite=overwrite, as_of=as_of, account_key=account_key, shown=shown
    )
