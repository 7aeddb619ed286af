"""The file to write, checked before anything is requested."""

import dataclasses
import datetime as dt
import os
from collections.abc import Iterable
from pathlib import Path

import finerworks
from finerworks.exports import LAYOUTS, Exported, Tally, file_format, table_layout
from finerworks.exports.accounts import items_of
from finerworks.exports.files import whole_file
from finerworks.exports.layouts import BILL_LAYOUTS, BillExport, prepare
from finerworks.exports.layouts.settings import Settings, resolve
from finerworks.exports.plain import View, today
from finerworks.exports.writers import BYTE_ORDER_MARK, WRITERS, write_plain

__all__ = ["Choice", "choose"]


@dataclasses.dataclass(frozen=True)
class Choice:
    """A file to write.

    Attributes:
        path: The file.
        format: Its format. Empty for an accounting program, whose layout includes the format.
        layout: Its layout.
        excel: Whether it is CSV with a byte order mark.
        bills: The export for an accounting program. None: it is for people and other programs.
    """

    path: str | os.PathLike[str]
    format: str
    layout: str
    excel: bool = False
    bills: BillExport | None = None

    def at(self, path: Path) -> "Choice":
        """Return the same choice for a file at another path."""
        bills = None if self.bills is None else dataclasses.replace(self.bills, path=path)
        return dataclasses.replace(self, path=path, bills=bills)

    def write(
        self,
        invoices: Iterable["finerworks.Invoice"],
        *,
        overwrite: bool,
        as_of: dt.date | None = None,
        account_key: str | None = None,
        shown: str | None = None,
    ) -> Exported:
        """Write invoices to the file. `finerworks.exports.export` has the arguments and errors."""
        if self.bills is not None:
            return self.bills.write(invoices, overwrite=overwrite)
        tally = Tally(invoices)
        with whole_file(self.path, overwrite=overwrite) as file:
            if self.excel:
                file.write(BYTE_ORDER_MARK)
            if self.layout == "plain":
                view = View(as_of or today(), account_key or None, shown)
                write_plain(file, tally, self.format, view)
            else:
                items, model = items_of(tally, account_key)
                WRITERS[self.format].write(file, items, model)
        return Exported(Path(self.path), tally.count, tally.total)


def choose(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the usual name of the argument
    layout: str | None = None,
    excel: bool = False,
    settings: Settings,
) -> Choice:
    """Return what file to write.

    Raises:
        ModuleNotFoundError: A package that the format needs is not installed.
        SettingError: A setting is missing, invalid, or not for this layout.
        ValueError: The other arguments cannot be combined.
    """
    if layout is not None and layout not in LAYOUTS:
        raise ValueError(f"unknown layout {layout!r}: use one of {', '.join(LAYOUTS)}")
    if layout is not None and layout in BILL_LAYOUTS:
        if excel:
            raise ValueError(f"CSV for Excel is not for the layout {layout}")
        return Choice(path, "", layout, bills=prepare(layout, path, format, settings))
    chosen_format = file_format(path, format)
    if excel and chosen_format != "csv":
        raise ValueError(f"CSV for Excel is not for the format {chosen_format}")
    chosen_layout = table_layout(chosen_format, layout, excel=excel)
    resolve(chosen_layout, (), settings)  # It uses none of them.
    WRITERS[chosen_format].require()
    return Choice(path, chosen_format, chosen_layout, excel)
