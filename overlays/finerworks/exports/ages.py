"""The former name of `finerworks.dates`. Each use of a name warns; a later release removes it."""

import warnings
from typing import TYPE_CHECKING

from finerworks import dates

if TYPE_CHECKING:
    from finerworks.dates import (
        day,
        days_past_due as days_overdue,
        due_day,
        is_past_due as is_overdue,
        month,
    )

__all__ = ["day", "days_overdue", "due_day", "is_overdue", "month"]

_NEW_NAMES = {
    "day": "day",
    "days_overdue": "days_past_due",
    "due_day": "due_day",
    "is_overdue": "is_past_due",
    "month": "month",
}


def __getattr__(name: str) -> object:
    new_name = _NEW_NAMES.get(name)
    if new_name is None:
        raise AttributeError(f"module 'finerworks.exports.ages' has no attribute {name!r}")
    warnings.warn(
        f"finerworks.exports.ages.{name} is now finerworks.dates.{new_name}",
        DeprecationWarning,
        stacklevel=2,
    )
    value: object = getattr(dates, new_name)
    return value
