"""Layouts for accounting programs: each invoice is a bill from FinerWorks.

No layout has been tested in a live account of its program. Each module has its headers in one
table.
"""

import dataclasses
import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import finerworks
from finerworks import money
from finerworks.errors import shorten
from finerworks.exports import Exported
from finerworks.exports.errors import ExportError
from finerworks.exports.files import StagedFile, whole_files
from finerworks.exports.layouts.beancount import BEANCOUNT
from finerworks.exports.layouts.bill import Bill, UnrepresentableError, bill_of
from finerworks.exports.layouts.hledger import HLEDGER
from finerworks.exports.layouts.layout import Layout, check_file
from finerworks.exports.layouts.quickbooks_desktop import QUICKBOOKS_DESKTOP
from finerworks.exports.layouts.quickbooks_online import QUICKBOOKS_ONLINE
from finerworks.exports.layouts.sage import SAGE
from finerworks.exports.layouts.settings import Settings, Values, resolve
from finerworks.exports.layouts.xero import XERO
from finerworks.exports.words import counted

__all__ = ["BILL_LAYOUTS", "BillExport", "credits_path", "prepare"]

BILL_LAYOUTS = {
    layout.name: layout
    for layout in (XERO, QUICKBOOKS_ONLINE, QUICKBOOKS_DESKTOP, SAGE, BEANCOUNT, HLEDGER)
}
"""The layouts for accounting programs, by their names."""


def credits_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of the credits of a file: ``bills-credits.csv`` for ``bills.csv``."""
    file = Path(path)
    return file.with_name(f"{file.stem}-credits{file.suffix}")


def prepare(
    name: str,
    path: str | os.PathLike[str],
    format: str | None,  # noqa: A002 - the name of the argument of `export`
    settings: Settings,
) -> "BillExport":
    """Check everything that can be checked before invoices are read.

    Raises:
        ValueError: The layout does not write such a file.
        SettingError: A setting is missing, invalid, or not for this layout.
    """
    layout = BILL_LAYOUTS[name]
    check_file(layout, path, format)
    return BillExport(layout, path, resolve(name, layout.settings, settings))


@dataclasses.dataclass
class _Part:
    """A file of an export, with the number and the total of its bills."""

    staged: StagedFile
    count: int = 0
    zeros: int = 0
    total: Decimal = Decimal(0)
    size: int = 0

    def write(self, text: str) -> None:
        encoded = text.encode()
        self.size += len(encoded)
        self.staged.file.write(encoded)

    def add(self, text: str, amount: Decimal) -> None:
        self.write(text)
        self.count += 1
        self.zeros += not amount
        self.total = money.total((self.total, amount))


@dataclasses.dataclass(frozen=True)
class BillExport:
    """An export in the layout of an accounting program."""

    layout: Layout
    path: str | os.PathLike[str]
    values: Values

    def write(self, invoices: Iterable["finerworks.Invoice"], *, overwrite: bool) -> Exported:
        """Write invoices to one file, or to two if the program imports no credits.

        Raises:
            FileExistsError: A file exists, and ``overwrite`` is False.
            ExportError: The layout cannot represent an invoice.
            OSError: A file cannot be written.
        """
        paths = [Path(self.path)]
        if not self.layout.has_credits:
            paths.append(credits_path(self.path))
        with whole_files(*paths, overwrite=overwrite) as all_staged:
            parts = [_Part(staged) for staged in all_staged]
            bills, credit = parts[0], parts[-1]
            for part in parts:
                part.write(self.layout.head(self.values))
            for invoice in invoices:
                bill = bill_of(invoice)
                part = credit if bill.amount < 0 else bills
                part.add(self._entry(bill), bill.amount)
            if credit is not bills:
                # A file of an earlier export is replaced, so that no old credits are next to it.
                credit.staged.is_wanted = credit.count > 0 or credit.staged.target_exists
        return self._exported(paths, bills, credit)

    def _entry(self, bill: Bill) -> str:
        try:
            return self.layout.entry(bill, self.values)
        except UnrepresentableError as error:
            raise ExportError(
                f"invoice {shorten(bill.invoice_id) or 'without an id'} of "
                f"{shorten(money.text(bill.amount))} does not fit the layout {self.layout.name}: "
                f"{error}"
            ) from None

    def _exported(self, paths: list[Path], bills: _Part, credit: _Part) -> Exported:
        found = None
        count, total = bills.count, bills.total
        if credit is not bills and credit.staged.is_wanted:
            found = Exported(paths[1], credit.count, credit.total)
            count += credit.count
            total = money.total((total, credit.total))
        return Exported(paths[0], count, total, found, tuple(self._notes(bills, found)))

    def _notes(self, bills: _Part, credit: Exported | None) -> Iterable[str]:
        program = self.layout.program
        if credit is not None:
            yield (
                f"{counted(credit.count, 'credit')}, {money.text(credit.total)}, in {credit.path}: "
                f"{program} imports no credits, so enter them by hand"
            )
        if bills.zeros:
            verb = "is" if bills.zeros == 1 else "are"
            yield f"{counted(bills.zeros, 'bill')} {verb} of 0.00"
        if self.layout.left_out:
            yield f"Left out: {self.layout.left_out}"
        if self.layout.max_bills is not None and bills.count > self.layout.max_bills:
            yield (
                f"{program} imports about {self.layout.max_bills} bills per file, and this one has "
                f"{bills.count:,}: export fewer months at a time"
            )
        if self.layout.max_bytes is not None and bills.size > self.layout.max_bytes:
            yield (
                f"{program} imports at most {self.layout.max_bytes:,} bytes per file, and this one "
                f"has {bills.size:,}: export fewer months at a time"
            )
