"""The sandbox's accounts and invoices: pure functions of a seed, an account and an index.

Nothing is stored, so a million invoices cost nothing until they are requested. The same seed
returns the same bytes in every run and on every version of Python.
"""

import calendar
import hashlib
import math
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, TypedDict

NEWEST_YEAR, NEWEST_MONTH = 2026, 10
OLDEST_YEAR = 1990
MONTHS: Final = (NEWEST_YEAR - OLDEST_YEAR) * 12 + NEWEST_MONTH

# The amounts of the first invoices of every account. They reveal sums of floats, 32-bit floats and
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

# Which dates are null. (41, 20) is the invoice at index 20 and every 41st after it.
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


# The accounts that the demo keys may read. 25 invoices fill one page, and 26 begin a second.
SELLERS: Final = {
    account.key: account
    for account in (
        Account("seller-aspen", "ASPEN", 60),
        Account("seller-birch", "BIRCH", 26),
        Account("seller-cedar", "CEDAR", 25),
        Account("seller-empty", "EMPTY", 0),
        Account("seller-null", "NULL", 0, null_list=True),
        Account("séller-ñandú-木", "NANDU", 63),
    )
}
ORDINARY: Final = Account("sandbox-ordinary", "ORD", 12)


def platform(invoices: int) -> Account:
    """Return the account of the demo keys, with the given number of invoices."""
    return Account("sandbox-platform", "INV", invoices)


def invoice(seed: int, account: Account, index: int) -> Invoice:
    """Return an invoice of an account. The newest one has index 0."""
    # Usually 1. More, if there are more invoices than months.
    per_month = max(1, math.ceil(account.count / MONTHS))
    months_back, serial = divmod(index, per_month)
    year, month = _month(months_back)
    next_year, next_month = _month(months_back - 1)
    last_day = calendar.monthrange(year, month)[1]
    # random() is the only method of Random whose results stay the same in later Python versions.
    chance = random.Random(f"{seed}/{account.key}/{index}")
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
        "invoice_id": f"{account.prefix}-{year}{month:02}-{serial + 1:04}",
        "amount_due": FIRST_AMOUNTS[index] if index < len(FIRST_AMOUNTS) else amount,
        "invoice_month": dates["invoice_month"],
        "invoice_date": dates["invoice_date"],
        "first_day_of_month": dates["first_day_of_month"],
        "last_day_of_month": dates["last_day_of_month"],
        "due_date": dates["due_date"],
    }


Order: TypeAlias = Callable[[int, int], int]
"""Returns the index of the invoice at a position in the listing of so many invoices."""


def descending(position: int, _count: int) -> int:
    """Return the index of the invoice at a position: the newest is first."""
    return position


def ascending(position: int, count: int) -> int:
    """Return the index of the invoice at a position: the oldest is first."""
    return count - 1 - position


def unordered(position: int, count: int) -> int:
    """Return the index of the invoice at a position, in no order of dates, but always the same."""
    step = max(2, int(count * 0.38))
    while math.gcd(step, count) != 1:  # otherwise some invoices would never come
        step += 1
    return position * step % count


def page(
    seed: int, account: Account, number: int, size: int, order: Order = descending
) -> list[Invoice] | None:
    """Return the invoices on a page. The first page has number 1."""
    if account.null_list:
        return None
    start = min((number - 1) * size, account.count)
    end = min(start + size, account.count)
    indexes = [order(position, account.count) for position in range(start, end)]
    return [invoice(seed, account, index) for index in indexes]


def reference_id(*request: object) -> str:
    """Return an identifier that is the same for the same request."""
    digest = hashlib.sha256("/".join(map(str, request)).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


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
