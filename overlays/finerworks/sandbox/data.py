"""The sandbox's accounts and invoices: pure functions of a seed, an account and an index.

Nothing is stored and no clock is read, so a million invoices cost nothing until they are asked for,
and the same seed gives the same bytes in every run and on every version of Python.
"""

import calendar
import hashlib
import random
import uuid
from dataclasses import dataclass
from typing import Final, TypedDict

NEWEST_YEAR, NEWEST_MONTH = 2026, 10
OLDEST_YEAR = 1990
MONTHS: Final = (NEWEST_YEAR - OLDEST_YEAR) * 12 + NEWEST_MONTH

# The first invoices of every account: amounts that a float sum, a 32-bit float or a parser that
# expects a decimal point gets wrong, a credit among them.
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

# Which dates are null: every n-th invoice, beginning at the index given second.
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
    """One invoice, as the contract's schema of the same name has it."""

    invoice_id: str
    amount_due: int | float
    invoice_month: str | None
    invoice_date: str | None
    first_day_of_month: str | None
    last_day_of_month: str | None
    due_date: str | None


@dataclass(frozen=True)
class Account:
    """Whose invoices: `key` is its account_key, `prefix` begins its invoices' identifiers."""

    key: str
    prefix: str
    count: int
    null_list: bool = False
    """Whether its list comes as null rather than [], as .NET writes a list never made."""


# Whom the account of the demo keys may read for. 25 fills one page and 26 begins a second.
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
    """The account of the demo keys, with as many invoices of its own as the settings say."""
    return Account("sandbox-platform", "INV", invoices)


def invoice(seed: int, account: Account, index: int) -> Invoice:
    """The account's invoice at `index`, counted from the newest, which is 0."""
    # One a month, or as many a month as it takes for all of them to fit.
    a_month = max(1, -(-account.count // MONTHS))
    months_back, serial = divmod(index, a_month)
    year, month = _month(months_back)
    next_year, next_month = _month(months_back - 1)
    last_day = calendar.monthrange(year, month)[1]
    # Of all that Random can do, only random() is promised to stay the same in later versions.
    chance = random.Random(f"{seed}/{account.key}/{index}")
    amount = int(chance.random() * 500_000) / 100
    ticks = int(chance.random() * LAST_TICK_OF_DAY)
    dates = {
        "invoice_month": _stamp(year, month, 1, 0),
        "invoice_date": _stamp(year, month, last_day, ticks),
        "first_day_of_month": _stamp(year, month, 1, 0),
        "last_day_of_month": _stamp(year, month, last_day, LAST_TICK_OF_DAY),
        "due_date": _stamp(next_year, next_month, 15, ticks),
    }
    shown = {
        name: None if index % every == begin else dates[name]
        for name, (every, begin) in NULLS.items()
    }
    return {
        "invoice_id": f"{account.prefix}-{year}{month:02}-{serial + 1:04}",
        "amount_due": FIRST_AMOUNTS[index] if index < len(FIRST_AMOUNTS) else amount,
        "invoice_month": shown["invoice_month"],
        "invoice_date": shown["invoice_date"],
        "first_day_of_month": shown["first_day_of_month"],
        "last_day_of_month": shown["last_day_of_month"],
        "due_date": shown["due_date"],
    }


def page(seed: int, account: Account, number: int, size: int) -> list[Invoice] | None:
    """The account's invoices on page `number`, counted from 1, of pages of `size`."""
    if account.null_list:
        return None
    start = min((number - 1) * size, account.count)
    return [invoice(seed, account, i) for i in range(start, min(start + size, account.count))]


def reference_id(*what: object) -> str:
    """An identifier made of `what` was asked, so that the same request is answered alike."""
    digest = hashlib.sha256("/".join(map(str, what)).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _month(months_back: int) -> tuple[int, int]:
    """The year and the month so many months before the newest one."""
    year, month = divmod(NEWEST_YEAR * 12 + NEWEST_MONTH - 1 - months_back, 12)
    return year, month + 1


def _stamp(year: int, month: int, day: int, ticks: int) -> str:
    """A date-time as .NET writes it: `ticks`, of 100 nanoseconds each, are seven digits."""
    seconds, fraction = divmod(ticks, TICKS_A_SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    # Central time, whole months for simplicity: it needs no time zone data.
    offset = "-05:00" if 4 <= month <= 10 else "-06:00"
    clock = f"{hour:02}:{minute:02}:{second:02}.{fraction:07}"
    return f"{year:04}-{month:02}-{day:02}T{clock}{offset}"
