"""The age of an invoice: the number of days past its due date, in steps of a month.

The ages are words, because a spreadsheet would read ``1-30`` as 30 January.
"""

from bisect import bisect_left
from decimal import Decimal

__all__ = ["ALWAYS_SHOWN", "ONLY_IF_ANY", "PAST_DUE", "age_of"]

_LIMITS = (30, 60, 90)
"""The last day of each step. One more step has all older invoices."""

PAST_DUE = ("1 to 30 days", "31 to 60 days", "61 to 90 days", "over 90 days")
"""The ages of invoices past their due date."""

_NOT_YET_DUE = "not yet due"
_NO_DUE_DATE = "no due date"
_CREDIT = "credit"
_NOTHING_DUE = "nothing due"

ALWAYS_SHOWN = (_NOT_YET_DUE, *PAST_DUE)
"""The ages that a summary shows even if no invoice has them, in their order."""

ONLY_IF_ANY = (_NO_DUE_DATE, _CREDIT, _NOTHING_DUE)
"""The other ages."""


def age_of(days_past_due: int | None, amount: Decimal) -> str:
    """Return the age of an invoice.

    Credits and invoices with nothing due have their own ages, because nothing is late.

    Args:
        days_past_due: Days from the due date to the as-of date. None: there is no due date.
        amount: The amount due.
    """
    if amount < 0:
        return _CREDIT
    if not amount:
        return _NOTHING_DUE
    if days_past_due is None:
        return _NO_DUE_DATE
    if days_past_due <= 0:
        return _NOT_YET_DUE
    return PAST_DUE[bisect_left(_LIMITS, days_past_due)]
