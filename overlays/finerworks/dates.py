"""The month of an invoice, and the days past its due date, in the server's calendar.

A day is a day in the server's local time: `2026-02-28T18:11:17-06:00` is 28 February, in any time
zone of this machine. Today is the current day in the UTC offset of the due date. If the due date
has no offset, it is the current day of this machine.

FinerWorks does not say whether an invoice is paid. An invoice that is past its due date may have
been paid.
"""

import calendar
import datetime as dt
import re
from typing import TYPE_CHECKING

from finerworks.lazy import LazyModule

if TYPE_CHECKING:
    import finerworks_client.models as generated
else:
    generated = LazyModule("finerworks_client.models")

__all__ = [
    "day",
    "days_past_due",
    "due_day",
    "is_past_due",
    "missing_day",
    "missing_month",
    "month",
    "no_month",
    "to_month",
]

_MONTH = re.compile(r"(\d{4})-(\d{1,2})", re.ASCII)
_DAY = re.compile(r"(\d{4}-\d{1,2})-(\d{1,2})", re.ASCII)


def day(moment: dt.datetime | None) -> dt.date | None:
    """Return the server's calendar day of a date.

    The result is None for null, and for 0001-01-01, .NET's default for a date that was never set.
    """
    if moment is None or moment.year == 1:
        return None
    return moment.date()


def month(invoice: "generated.Invoice") -> dt.date | None:
    """Return the first day of an invoice's month.

    The result is None if `invoice_month`, `first_day_of_month` and `last_day_of_month` are not set.
    """
    for moment in (invoice.invoice_month, invoice.first_day_of_month, invoice.last_day_of_month):
        found = day(moment)
        if found is not None:
            return found.replace(day=1)
    return None


def due_day(invoice: "generated.Invoice") -> dt.date | None:
    """Return the due day of an invoice. None if it has no due date."""
    return day(invoice.due_date)


def days_past_due(invoice: "generated.Invoice", as_of: dt.date | None = None) -> int | None:
    """Return the number of days from an invoice's due day to ``as_of`` (None: today).

    The number is 0 or negative if the due day is not past. The result is None if the invoice has no
    due day. If ``as_of`` has a time, only its day counts.
    """
    due = due_day(invoice)
    if due is None:
        return None
    if as_of is None:
        offset = None if invoice.due_date is None else invoice.due_date.tzinfo
        as_of = dt.datetime.now(offset)
    return (_without_time(as_of) - due).days


def is_past_due(invoice: "generated.Invoice", as_of: dt.date | None = None) -> bool:
    """Return whether an invoice is past its due day and has an amount above zero.

    FinerWorks does not document whether it lowers ``amount_due`` when an invoice is paid. So such
    an invoice may have been paid.
    """
    if invoice.amount_due <= 0:
        return False
    days = days_past_due(invoice, as_of)
    return days is not None and days > 0


def to_month(value: str | dt.date) -> dt.date:
    """Return the first day of a month, from text such as ``2026-01`` or from a date in it.

    Raises:
        ValueError: The value is neither, or there is no such month.
    """
    if isinstance(value, dt.date):
        return _without_time(value).replace(day=1)
    try:
        moment = dt.datetime.strptime(value, "%Y-%m")  # noqa: DTZ007 - a month has no time zone
    except (TypeError, ValueError):
        raise ValueError(no_month("a month", value)) from None
    return moment.date()


def no_month(name: str, value: object) -> str:
    """Return why a value is no month.

    Args:
        name: What the value is called, such as ``since=``.
        value: The value.
    """
    missing = missing_month(value) if isinstance(value, str) else None
    if missing:
        return f"{name} cannot be {value!r}: {missing}"
    described = f"the text {value!r}" if isinstance(value, str) else repr(value)
    return f"{name} must be YYYY-MM, for example '2026-01', or a datetime.date, not {described}"


def missing_month(text: str) -> str | None:
    """Return that there is no such month, if a text is one in form, such as ``2026-13``."""
    match = _MONTH.fullmatch(text)
    if match is None or 1 <= int(match[2]) <= 12:
        return None
    return f"there is no month {match[2]}"


def missing_day(text: str) -> str | None:
    """Return that there is no such day, if a text is one in form, such as ``2026-02-30``."""
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    month_of_day = match[1]
    try:
        first_day = to_month(month_of_day)
    except ValueError:
        return missing_month(month_of_day)
    last = calendar.monthrange(first_day.year, first_day.month)[1]
    if 1 <= int(match[2]) <= last:
        return None
    return f"there is no day {match[2]} in {month_of_day}"


def _without_time(moment: dt.date) -> dt.date:
    """Return the day of a date and time. A day is returned unchanged."""
    return moment.date() if isinstance(moment, dt.datetime) else moment
