"""Exact amounts.

The API sends amounts as JSON numbers, and the generated model holds them as `float`, which adds up
wrongly: ``0.1 + 0.2`` is not ``0.3``. The decimal that the server meant is still there: the shortest
text of the float, exact up to 15 digits. Add, compare, print and store that.
"""

import functools
from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, InvalidOperation

__all__ = ["exact", "text", "total"]

# Of our own: the caller's context may round, and a sum that was rounded is a wrong sum.
_CONTEXT = Context(prec=100, traps=[Inexact, InvalidOperation])
_READING = Context(traps=[])


def exact(amount: float | Decimal) -> Decimal:
    """Give the decimal that the server wrote for an amount.

    Raises:
        ValueError: It is not finite.
    """
    value = Decimal(float.__repr__(amount)) if isinstance(amount, float) else Decimal(amount)
    if not value.is_finite():
        raise ValueError("an amount is a finite number")
    return value


def total(amounts: Iterable[float | Decimal]) -> Decimal:
    """Add amounts exactly; 0 when there are none.

    Raises:
        ValueError: One is not finite.
        decimal.Inexact: They have more than 100 digits between them.
    """
    return functools.reduce(_CONTEXT.add, map(exact, amounts), Decimal(0))


def text(amount: float | Decimal) -> str:
    """Write an amount with at least two decimals and no rounding: ``1,234,567.89``."""
    value = exact(amount) or Decimal(0)  # not -0.00
    return f"{value:,.{max(2, -int(value.as_tuple().exponent))}f}"


def parse_number(literal: str) -> float | Decimal:
    """Read a JSON number with a fraction: a float if that holds it exactly, else a Decimal.

    The check of an answer refuses the Decimal, so that no amount is changed by being read. It is NaN
    where no Decimal holds the number either.
    """
    value = float(literal)
    if len(literal) < 17 and "e" not in literal and "E" not in literal:
        return value  # at most 15 digits: a float holds each of them
    meant = Decimal(literal, _READING)
    return value if meant == Decimal(repr(value)) else meant
