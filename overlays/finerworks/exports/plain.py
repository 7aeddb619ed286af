"""The layout `plain`: the columns that people need, with days instead of times."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal

import attrs

import finerworks
from finerworks.exports import ages

__all__ = ["PlainInvoice", "View", "age", "plain", "today"]

AGE_LIMITS = (30, 60, 90)
"""The last day of each age group. One more group has all older invoices."""


@attrs.frozen
class PlainInvoice:
    """An invoice in the layout `plain`. The fields are its columns, in their order."""

    account: str | None
    """The account key. None: the account that owns the keys, or an account that is not known."""
    invoice: str
    month: dt.date | None
    """The first day of the month that the invoice is for."""
    invoice_date: dt.date | None
    due_date: dt.date | None
    days_past_due: int | None
    """Days from the due date to the as-of date. 0 or negative: the due date is not past."""
    age: str
    amount: Decimal


@dataclasses.dataclass(frozen=True)
class View:
    """How invoices are shown in the layout `plain`."""

    as_of: dt.date
    """The day from which days past due are counted."""
    account: str | None = None
    """The account key. None: the account that owns the keys, or an account that is not known."""
    shown: str | None = None
    """Which invoices were selected, in words. None: all of them."""


def today() -> dt.date:
    """Return the current day of this machine."""
    return dt.datetime.now().astimezone().date()


def plain(invoices: Iterable["finerworks.Invoice"], view: View) -> Iterator[PlainInvoice]:
    """Yield invoices in the layout `plain`."""
    for invoice in invoices:
        days = ages.days_overdue(invoice, view.as_of)
        yield PlainInvoice(
            account=view.account,
            invoice=invoice.invoice_id,
            month=ages.month(invoice),
            invoice_date=ages.day(invoice.invoice_date),
            due_date=ages.due_day(invoice),
            days_past_due=days,
            age=age(days, invoice.amount_due),
            amount=invoice.amount_due,
        )


def age(days_past_due: int | None, amount: Decimal) -> str:
    """Return the age of an invoice: the time since its due date, in the steps of AGE_LIMITS.

    The ages are words, because a spreadsheet would read ``1-30`` as 30 January. An invoice past its
    due date with an amount of zero or less has its own age group, because nothing is late.
    """
    if days_past_due is None:
        return "no due date"
    if days_past_due <= 0:
        return "current"
    if amount <= 0:
        return "zero or credit"
    first = 1
    for last in AGE_LIMITS:
        if days_past_due <= last:
            return f"{first} to {last} days"
        first = last + 1
    return f"over {AGE_LIMITS[-1]} days"
