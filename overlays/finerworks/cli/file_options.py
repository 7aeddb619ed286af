"""The options of `export` that determine how the file is written.

`--help` imports this module, so it imports nothing that takes time.
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finerworks.cli.options import WrongUsageError
from finerworks.lazy import LazyModule

if TYPE_CHECKING:
    from finerworks.exports import choice
else:
    choice = LazyModule("finerworks.exports.choice")

__all__ = [
    "AccountCode",
    "Currency",
    "DateFormat",
    "Excel",
    "FileOptions",
    "Layout",
    "LayoutName",
    "PayableAccount",
    "Supplier",
    "TaxCode",
]

BOOKS = "For accounting programs"
"""The heading of these options in the help."""

LayoutName = Literal[
    "full",
    "plain",
    "xero",
    "quickbooks-online",
    "quickbooks-desktop",
    "sage",
    "beancount",
    "hledger",
]
Layout = Annotated[
    LayoutName | None,
    typer.Option(
        help="'full' has each field of an invoice, 'plain' has what people look at, and the others "
        "are for these programs. The default is 'plain' for Excel, otherwise 'full'."
    ),
]
Excel = Annotated[
    bool,
    typer.Option(
        "--excel", help="Write CSV that Excel opens as UTF-8, by default in the layout 'plain'."
    ),
]
Supplier = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="FinerWorks in the accounting program. The default is FinerWorks.",
        rich_help_panel=BOOKS,
    ),
]
AccountCode = Annotated[
    str | None,
    typer.Option(
        metavar="ACCOUNT",
        help="Account for the expense, required for accounting programs.",
        rich_help_panel=BOOKS,
    ),
]
PayableAccount = Annotated[
    str | None,
    typer.Option(
        metavar="ACCOUNT",
        help="Account for bills to pay (quickbooks-desktop, beancount, hledger).",
        rich_help_panel=BOOKS,
    ),
]
TaxCode = Annotated[
    str | None,
    typer.Option(
        metavar="CODE",
        help="Tax code, required for xero, quickbooks-online and sage.",
        rich_help_panel=BOOKS,
    ),
]
Currency = Annotated[
    str | None,
    typer.Option(
        metavar="CODE",
        help="Currency of the amounts, such as USD, required except for quickbooks-desktop and "
        "sage. FinerWorks does not name it.",
        rich_help_panel=BOOKS,
    ),
]
DateFormat = Annotated[
    str | None,
    typer.Option(
        metavar="FORMAT",
        help="How dates are written, such as DD/MM/YYYY, required for xero.",
        rich_help_panel=BOOKS,
    ),
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FileOptions:
    """The options that determine how the file is written. None: not given."""

    format: str | None
    layout: str | None
    excel: bool
    supplier: str | None
    account_code: str | None
    payable_account: str | None
    tax_code: str | None
    currency: str | None
    date_format: str | None

    def choose(self, file: Path) -> "choice.Choice":
        """Return what to write to a file.

        Raises:
            ModuleNotFoundError: A package that the format needs is not installed.
            WrongUsageError: The options cannot be combined, or a required one is missing.
        """
        # Imported here, as --help does not need them.
        from finerworks.cli.targets import STANDARD_OUTPUT, export_format  # noqa: PLC0415
        from finerworks.exports import TABLE_LAYOUTS, SettingError  # noqa: PLC0415
        from finerworks.exports.choice import choose  # noqa: PLC0415
        from finerworks.exports.errors import MissingSettingsError  # noqa: PLC0415
        from finerworks.exports.layouts.settings import Settings  # noqa: PLC0415

        if self.layout is not None and self.layout not in TABLE_LAYOUTS:
            self._check_excel(f"--excel is not for --layout {self.layout}")
            if file == STANDARD_OUTPUT:
                file = _file_for_books(self.layout)
        elif (chosen_format := export_format(file, self.format)) != "csv":
            self._check_excel(f"--excel is for CSV, not for {chosen_format}")
        settings = Settings(
            supplier=self.supplier,
            account_code=self.account_code,
            payable_account=self.payable_account,
            tax_code=self.tax_code,
            currency=self.currency,
            date_format=self.date_format,
        )
        try:
            return choose(
                file, format=self.format, layout=self.layout, excel=self.excel, settings=settings
            )
        except MissingSettingsError as error:
            message = error.message(f"--layout {error.layout}", _option_of)
            raise WrongUsageError(message) from error
        except SettingError as error:
            raise WrongUsageError(f"{_option_of(error.setting)} {error.problem}") from error
        except ValueError as error:
            raise WrongUsageError(str(error)) from error

    def _check_excel(self, problem: str) -> None:
        if self.excel:
            raise WrongUsageError(f"{problem}: leave it out")


def _file_for_books(layout_name: str) -> Path:
    """Return a file name that a layout accepts, for output to standard output."""
    from finerworks.exports.layouts import BILL_LAYOUTS  # noqa: PLC0415 - --help does not need it

    layout = BILL_LAYOUTS[layout_name]
    if not layout.has_credits:
        raise WrongUsageError(
            f"--layout {layout.name} writes credits to a second file: name a file instead of -"
        )
    return Path(f"output{layout.extensions[0]}")


def _option_of(setting: str) -> str:
    """Return the option that sets a setting of a layout."""
    return f"--{setting.replace('_', '-')}"
