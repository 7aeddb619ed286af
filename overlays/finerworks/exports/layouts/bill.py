"""An invoice as a bill, and its values as exact text. A value that is not exact is an error."""

import dataclasses
import datetime as dt
from decimal import Decimal

import finerworks
from finerworks import dates, money
from finerworks.exports.layouts.settings import text_problem
from finerworks.exports.writers import FORMULA

__all__ = [
    "COMMON_DIGITS",
    "Bill",
    "UnrepresentableError",
    "bill_of",
    "cents",
    "date_text",
    "due_date",
    "exact",
    "invoice_date",
    "month_text",
    "negated",
    "printable_id",
    "reference",
]

COMMON_DIGITS = 12
"""Digits of an amount before the decimal point that are exact in any program, even as a float."""

YEARS = range(1900, 2100)
"""The years that every program supports. beancount supports no others."""

SHORT_YEARS = range(2000, 2050)
"""The years that every program reads correctly from two digits."""


class UnrepresentableError(Exception):
    """A layout cannot represent a value of a bill. The message says why, without the invoice."""


@dataclasses.dataclass(frozen=True)
class Bill:
    """An invoice as a bill. A credit has a negative amount."""

    invoice_id: str
    month: dt.date | None
    invoice_date: dt.date | None
    due_date: dt.date | None
    amount: Decimal


def bill_of(invoice: "finerworks.Invoice") -> Bill:
    """Return an invoice as a bill."""
    return Bill(
        invoice.invoice_id,
        dates.month(invoice),
        dates.day(invoice.invoice_date),
        dates.due_day(invoice),
        invoice.amount_due,
    )


def reference(bill: Bill, max_length: int) -> str:
    """Return the id of the invoice.

    Raises:
        UnrepresentableError: It is empty, is longer than `max_length`, or would be changed or
            executed.
    """
    text = printable_id(bill)
    if len(text) > max_length:
        raise UnrepresentableError(
            f"its id has {len(text)} characters, and at most {max_length} fit"
        )
    if FORMULA.search(text):
        raise UnrepresentableError("a spreadsheet could run its id as a formula")
    return text


def printable_id(bill: Bill) -> str:
    """Return the id of the invoice.

    Raises:
        UnrepresentableError: It is empty, or a file cannot store it unchanged.
    """
    problem = text_problem(bill.invoice_id)
    if not bill.invoice_id:
        problem = "is empty"
    if problem:
        raise UnrepresentableError(f"its id {problem}")
    return bill.invoice_id


def cents(bill: Bill, max_digits: int) -> str:
    """Return the amount with two decimals.

    Raises:
        UnrepresentableError: It has more than two decimals, or more digits before them.
    """
    if _decimals(bill.amount) > 2:
        raise UnrepresentableError("its amount has more than two decimals")
    _check_digits(bill.amount, max_digits)
    return f"{bill.amount or Decimal(0):.2f}"  # not -0.00; this does not round


def exact(bill: Bill, max_digits: int) -> str:
    """Return the amount with all of its decimals, and at least two.

    Raises:
        UnrepresentableError: It has more digits before or after the decimal point.
    """
    if _decimals(bill.amount) > max_digits:
        raise UnrepresentableError(f"its amount has more than {max_digits} decimals")
    _check_digits(bill.amount, max_digits)
    return money.text(bill.amount).replace(",", "")


def negated(amount: str) -> str:
    """Return the text of an amount with the other sign. Zero is not changed."""
    if not amount.strip("0."):
        return amount
    if amount.startswith("-"):
        return amount[1:]
    return f"-{amount}"


def _decimals(amount: Decimal) -> int:
    """Return the number of decimals, without trailing zeros."""
    digits = amount.as_tuple()
    zeros = len(digits.digits) - len("".join(map(str, digits.digits)).rstrip("0"))
    return max(0, -int(digits.exponent) - zeros) if amount else 0


def _check_digits(amount: Decimal, max_digits: int) -> None:
    if amount and amount.adjusted() >= max_digits:
        raise UnrepresentableError(
            f"its amount has more than {max_digits} digits before the decimal point"
        )


def invoice_date(bill: Bill, date_format: str) -> str:
    """Return the invoice date as text.

    Raises:
        UnrepresentableError: The invoice has no such date, or the format cannot represent it.
    """
    if bill.invoice_date is None:
        raise UnrepresentableError("it has no invoice date")
    return date_text(bill.invoice_date, date_format)


def due_date(bill: Bill, date_format: str) -> str:
    """Return the due date as text.

    Raises:
        UnrepresentableError: The invoice has no such date, or the format cannot represent it.
    """
    if bill.due_date is None:
        raise UnrepresentableError("it has no due date")
    return date_text(bill.due_date, date_format)


def date_text(day: dt.date, date_format: str) -> str:
    """Return a day in a format such as ``DD/MM/YYYY`` or ``MM/DD/YY``.

    Raises:
        UnrepresentableError: The format cannot represent the year.
    """
    has_short_year = "YYYY" not in date_format
    years = SHORT_YEARS if has_short_year else YEARS
    if day.year not in years:
        raise UnrepresentableError(f"the year of {day} is not from {years[0]} to {years[-1]}")
    year = f"{day.year:04}"
    text = date_format.replace("YYYY", year).replace("YY", year[2:])
    return text.replace("MM", f"{day.month:02}").replace("DD", f"{day.day:02}")


def month_text(bill: Bill) -> str:
    """Return the month of the invoice, such as ``2026-01``, or an empty text."""
    return f"{bill.month:%Y-%m}" if bill.month else ""
