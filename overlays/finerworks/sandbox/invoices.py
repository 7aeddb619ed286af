"""The sandbox's invoices: those of a typical seller, and edge cases.

Both are pure functions of a seed, an account and an index.
"""

import calendar
import datetime as dt
import math
import random
from dataclasses import dataclass
from typing import Final, NamedTuple, TypedDict

NEWEST_YEAR, NEWEST_MONTH = 2026, 10
OLDEST_YEAR = 1990

MONTHS: Final = (NEWEST_YEAR - OLDEST_YEAR) * 12 + NEWEST_MONTH
"""The number of months that edge cases are from."""

TYPICAL_MONTHS: Final = 24
"""The number of months that a typical seller's invoices are from."""


class _Kind(NamedTuple):
    """One of the invoices that a typical seller gets each month."""

    lowest: int
    """The lowest amount, in cents."""
    highest: int
    days: int
    """The number of days from the invoice date to the due date."""


_KINDS: Final = (_Kind(90_000, 390_000, 30), _Kind(18_000, 90_000, 30), _Kind(2_400, 18_000, 45))

# The typical invoices that are not paid, by months before the newest one, and by kind.
_UNPAID: Final = frozenset(
    {(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2), (3, 0), (5, 1), (8, 2), (14, 2)}
)
_CREDIT: Final = (3, 2)
_WITHOUT_DUE_DATE: Final = (4, 1)

# The amounts of an account's first edge cases. They reveal sums of floats, 32-bit floats and
# parsers that require a decimal point. One of them is a credit.
FIRST_AMOUNTS: Final[tuple[int | float, ...]] = (
    1234567.89,
    0.1,
    19.99,
    16777217.01,
    0.0,
    -25.5,
    0.29,
    1.15,
    4.35,
    99999999.99,
    1000,
)

# Which dates of edge cases are null. (41, 20) is the invoice at index 20 and every 41st after it.
NULLS: Final = {
    "due_date": (9, 4),
    "invoice_date": (41, 20),
    "invoice_month": (67, 33),
    "first_day_of_month": (67, 44),
    "last_day_of_month": (67, 55),
}

TICKS_A_SECOND: Final = 10_000_000
LAST_TICK_OF_DAY: Final = 24 * 60 * 60 * TICKS_A_SECOND - 1


class Invoice(TypedDict):
    """An invoice, as the contract describes it in the schema of the same name."""

    invoice_id: str
    amount_due: int | float
    invoice_month: str | None
    invoice_date: str | None
    first_day_of_month: str | None
    last_day_of_month: str | None
    due_date: str | None


@dataclass(frozen=True)
class Account:
    """An account with `count` invoices. `key` is its account_key.

    The identifiers of its invoices begin with `prefix`.
    """

    key: str
    prefix: str
    count: int
    null_list: bool = False
    """Whether its list is null instead of [], as .NET serializes a list that was never created."""
    edge_cases: bool = False
    """Whether its invoices are edge cases, instead of those of a typical seller."""


def typical(seed: int, account: Account, index: int) -> Invoice:
    """Return an invoice of a typical seller. The newest one has index 0.

    FinerWorks does not document whether it lowers `amount_due` when an invoice is paid. Here it
    does: most invoices are paid, and have an amount of 0. The others have amounts from tens to
    thousands. One of them is a credit, and one has no due date.
    """
    per_month = max(len(_KINDS), math.ceil(account.count / TYPICAL_MONTHS))
    months_back, serial = divmod(index, per_month)
    number = serial % len(_KINDS)
    kind = _KINDS[number]
    year, month = _month(months_back)
    invoiced = dt.date(year, month, calendar.monthrange(year, month)[1])
    due = invoiced + dt.timedelta(days=kind.days)
    chance = _chance(seed, account, index)
    cents = kind.lowest + int(chance.random() * (kind.highest - kind.lowest))
    ticks = int(chance.random() * LAST_TICK_OF_DAY)
    place = (months_back, number)
    if place == _CREDIT:
        cents = -cents
    elif place not in _UNPAID and place != _WITHOUT_DUE_DATE:
        cents = 0
    return {
        "invoice_id": _identifier(account, year, month, serial),
        "amount_due": cents / 100,
        "invoice_month": _stamp(year, month, 1, 0),
        "invoice_date": _stamp(year, month, invoiced.day, ticks),
        "first_day_of_month": _stamp(year, month, 1, 0),
        "last_day_of_month": _stamp(year, month, invoiced.day, LAST_TICK_OF_DAY),
        "due_date": (
            None if place == _WITHOUT_DUE_DATE else _stamp(due.year, due.month, due.day, ticks)
        ),
    }


def edge_case(seed: int, account: Account, index: int) -> Invoice:
    """Return an invoice that a program may fail to read. The newest one has index 0.

    There is one per month, back to 1990. Amounts and dates are awkward, and dates can be null.
    """
    # Usually 1, and more if there are more invoices than months.
    per_month = max(1, math.ceil(account.count / MONTHS))
    months_back, serial = divmod(index, per_month)
    year, month = _month(months_back)
    next_year, next_month = _month(months_back - 1)
    last_day = calendar.monthrange(year, month)[1]
    chance = _chance(seed, account, index)
    amount = int(chance.random() * 500_000) / 100
    ticks = int(chance.random() * LAST_TICK_OF_DAY)
    dates: dict[str, str | None] = {
        "invoice_month": _stamp(year, month, 1, 0),
        "invoice_date": _stamp(year, month, last_day, ticks),
        "first_day_of_month": _stamp(year, month, 1, 0),
        "last_day_of_month": _stamp(year, month, last_day, LAST_TICK_OF_DAY),
        "due_date": _stamp(next_year, next_month, 15, ticks),
    }
    for name, (every, begin) in NULLS.items():
        if index % every == begin:
            dates[name] = None
    return {
        "invoice_id": _identifier(account, year, month, serial),
        "amount_due": FIRST_AMOUNTS[index] if index < len(FIRST_AMOUNTS) else amount,
        "invoice_month": dates["invoice_month"],
        "invoice_date": dates["invoice_date"],
        "first_day_of_month": dates["first_day_of_month"],
        "last_day_of_month": dates["last_day_of_month"],
        "due_date": dates["due_date"],
    }


def _chance(seed: int, account: Account, index: int) -> random.Random:
    """Return a source of random numbers that are always the same for an invoice.

    Use only its method random(): the results of others change with the version of Python.
    """
    return random.Random(f"{seed}/{account.key}/{index}")


def _identifier(account: Account, year: int, month: int, serial: int) -> str:
    """Return the identifier of an account's invoice. The first one of a month has serial 0."""
    return f"{account.prefix}-{year}{month:02}-{serial + 1:04}"


def _month(months_back: int) -> tuple[int, int]:
    """Return the year and the month that is `months_back` months before the newest one."""
    year, month = divmod(NEWEST_YEAR * 12 + NEWEST_MONTH - 1 - months_back, 12)
    return year, month + 1


def _stamp(year: int, month: int, day: int, ticks: int) -> str:
    """Return a date and time as .NET writes it. A tick is 100 nanoseconds: seven decimals."""
    seconds, fraction = divmod(ticks, TICKS_A_SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    # Central time. Summer time is rounded to full months, so that no time zone data is needed.
    offset = "-05:00" if 4 <= month <= 10 else "-06:00"
    clock = f"{hour:02}:{minute:02}:{second:02}.{fraction:07}"
    return f"{year:04}-{month:02}-{day:02}T{clock}{offset}"
