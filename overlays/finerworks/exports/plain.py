"""The layout `plain`: the columns that people need, with days instead of times."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal

import attrs

import finerworks
from finerworks import dates
from finerworks.exports.age import age_of

__all__ = ["PlainInvoice", "View", "plain", "today"]


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
    """Days from the due date to the as-of date. None: the due date is not past, or nothing is due.

    Whoever sorts or filters by it gets the invoices that are past their due date, and no others.
    """
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
        days = dates.days_past_due(invoice, view.as_of)
        yield PlainInvoice(
            account=view.account,
            invoice=invoice.invoice_id,
            month=dates.month(invoice),
            invoice_date=dates.day(invoice.invoice_date),
            due_date=dates.due_day(invoice),
            days_past_due=days if dates.is_past_due(invoice, view.as_of) else None,
            age=age_of(days, invoice.amount_due),
            amount=invoice.amount_due,
        )
