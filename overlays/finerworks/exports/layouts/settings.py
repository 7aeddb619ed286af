"""The user's settings for accounting: supplier, accounts, tax code and currency."""

import dataclasses
import re
from collections.abc import Callable, Iterable

from finerworks.exports.errors import MissingSettingsError, SettingError
from finerworks.exports.writers import FORMULA

__all__ = [
    "CURRENCY",
    "SUPPLIER",
    "Setting",
    "Settings",
    "Values",
    "date_setting",
    "journal_accounts",
    "resolve",
    "text_problem",
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a layout. None: not given."""

    supplier: str | None = None
    account_code: str | None = None
    payable_account: str | None = None
    tax_code: str | None = None
    currency: str | None = None
    date_format: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Values:
    """The settings that a layout uses, with their defaults. Empty: the layout does not use it."""

    supplier: str = ""
    account_code: str = ""
    payable_account: str = ""
    tax_code: str = ""
    currency: str = ""
    date_format: str = ""


def no_problem(_value: str) -> str | None:
    """Accept any value."""
    return None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting that a layout uses.

    Attributes:
        name: Its name in `Settings`.
        meaning: A description with an example, for the error about a missing setting.
        default: The value if it is not given. None: it is required.
        may_be_empty: Whether an empty value is valid.
        in_capitals: Whether the value is written in capitals, in whatever case it is given.
        problem: Returns the problem with a value, or None.
    """

    name: str
    meaning: str
    default: str | None = None
    may_be_empty: bool = False
    in_capitals: bool = False
    problem: Callable[[str], str | None] = no_problem


def journal_accounts(problem: Callable[[str], str | None]) -> tuple[Setting, Setting]:
    """Return the settings for the two accounts of a transaction in a plain-text journal."""
    return (
        Setting(
            name="account_code",
            meaning="an account for the expense, such as Expenses:Printing",
            problem=problem,
        ),
        Setting(
            name="payable_account",
            meaning="an account for bills to pay, such as Liabilities:AccountsPayable",
            default="Liabilities:AccountsPayable",
            problem=problem,
        ),
    )


def resolve(layout: str, known: Iterable[Setting], given: Settings) -> Values:
    """Return the values of the settings that a layout uses.

    Raises:
        MissingSettingsError: Some settings are missing. It names all of them.
        SettingError: A setting is invalid, or not for this layout.
    """
    found = dict[str, str]()
    missing = dict[str, str]()
    remaining = {name: value for name, value in vars(given).items() if value is not None}
    for setting in known:
        value = remaining.pop(setting.name, setting.default)
        if value is None:
            missing[setting.name] = setting.meaning
        else:
            found[setting.name] = _checked(setting, value)
    if missing:
        raise MissingSettingsError(layout, missing)
    for name in remaining:
        raise SettingError(name, f"is not for the layout {layout}: leave it out")
    return Values(**found)


def _checked(setting: Setting, given: str) -> str:
    """Return a value as the file has it.

    Raises:
        SettingError: It cannot be used.
    """
    value = given
    # Other alphabets are left as they are: the capitals of "ß" are two letters.
    if setting.in_capitals and given.isascii():
        value = given.upper()
    problem = _problem(setting, value)
    if problem:
        raise SettingError(setting.name, f"{given!r} {problem}: {setting.meaning}")
    return value


def _problem(setting: Setting, value: str) -> str | None:
    if not value:
        return None if setting.may_be_empty else "is empty"
    if FORMULA.search(value):
        return "could be run as a formula by a spreadsheet"
    return text_problem(value) or setting.problem(value)


def text_problem(text: str) -> str | None:
    """Return why a file cannot store a text unchanged, in any layout. None: it can."""
    if not text.isprintable():
        return "contains a character that is not printable"
    if text != text.strip():
        return "begins or ends with a space"
    return None


def _currency_problem(currency: str) -> str | None:
    if re.fullmatch("[A-Z]{3}", currency):
        return None
    return "is not three letters"


SUPPLIER = Setting(
    name="supplier", meaning="the name of FinerWorks in your books", default="FinerWorks"
)
CURRENCY = Setting(
    name="currency",
    meaning="the currency of the amounts, such as USD, as FinerWorks does not name it",
    in_capitals=True,
    problem=_currency_problem,
)


def date_setting(*formats: str, default: str | None = None) -> Setting:
    """Return the setting for the date format, which must be one of the given formats."""

    def problem(value: str) -> str | None:
        return None if value in formats else "is not a format of this layout"

    return Setting(
        name="date_format",
        meaning=f"how dates are written, one of {', '.join(formats)}",
        default=default,
        in_capitals=True,
        problem=problem,
    )
