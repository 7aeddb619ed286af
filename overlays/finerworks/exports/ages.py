"""Which month an invoice is for, and how long it is overdue: by the days that the server wrote.

A day is the server's wall clock: `2026-02-28T18:11:17-06:00` is 28 February wherever one reads it. Today is the
day that it is where the due date was written, if that has an offset, else on this machine.
"""

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finerworks_client.models import Invoice

__all__ = ["day", "days_overdue", "due_day", "is_overdue", "month"]


def day(moment: dt.datetime | None) -> dt.date | None:
    """Give the day of a date, as the server's calendar has it; None for null, and for .NET's 0001-01-01: never set."""
    return moment.date() if moment is not None and moment.year > 1 else None


def month(invoice: "Invoice") -> dt.date | None:
    """Give the first of the month that an invoice is for; None where the server says none in any of its fields."""
    for moment in (invoice.invoice_month, invoice.first_day_of_month, invoice.last_day_of_month):
        if found := day(moment):
            return found.replace(day=1)
    return None


def due_day(invoice: "Invoice") -> dt.date | None:
    """Give the day by which an invoice is to be paid; None where the server says none."""
    return day(invoice.due_date)


def days_overdue(invoice: "Invoice", as_of: dt.date | None = None) -> int | None:
    """Give the days from an invoice's due day to ``as_of`` (None: today).

    0 or less: it is not past that day. None: it has none.
    """
    if (due := due_day(invoice)) is None:
        return None
    if as_of is None:
        as_of = dt.datetime.now(
            None if invoice.due_date is None else invoice.due_date.tzinfo
        ).date()
    return (as_of - due).days


def is_overdue(invoice: "Invoice", as_of: dt.date | None = None) -> bool:
    """Say whether something is owed for an invoice, and its due day is past.

    Not known: whether FinerWorks lowers ``amount_due`` when an invoice is paid.
    """
    return invoice.amount_due > 0 and (days_overdue(invoice, as_of) or 0) > 0
