"""Exact amounts.

An invoice's amount is a `decimal.Decimal` with the digits that the server wrote. You can add,
compare and store it unchanged. The functions here add amounts without rounding, format them for
people, and convert a number from elsewhere, such as a float from a spreadsheet, to a Decimal.
"""

import functools
from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, InvalidOperation

__all__ = ["exact", "text", "total"]

# The caller's context may round, and a rounded sum is a wrong sum.
_CONTEXT = Context(prec=1000, traps=[Inexact, InvalidOperation])


def exact(amount: float | Decimal) -> Decimal:
    """Return a number from elsewhere as a Decimal. A Decimal is returned unchanged.

    A float becomes the decimal of its shortest representation: ``19.99`` becomes
    ``Decimal("19.99")``, whereas ``Decimal(19.99)`` is the binary fraction,
    ``19.98999999999999843...``. A number that was written with at most 15 digits keeps its value.

    Raises:
        ValueError: The amount is NaN or infinite.
    """
    if isinstance(amount, float):
        value = Decimal(float.__repr__(amount))
    else:
        value = Decimal(amount)
    if not value.is_finite():
        raise ValueError("an amount must be a finite number")
    return value


def total(amounts: Iterable[float | Decimal]) -> Decimal:
    """Return the exact sum of amounts. Without amounts, return ``Decimal(0)``.

    The builtin ``sum()`` rounds to the precision of the caller's decimal context, 28 digits by
    default, and returns the int ``0`` without amounts. This function never rounds.

    Raises:
        ValueError: An amount is NaN or infinite.
        decimal.Inexact: The sum has more than 1,000 digits.
    """
    return functools.reduce(_CONTEXT.add, map(exact, amounts), Decimal(0))


def text(amount: float | Decimal) -> str:
    """Return an amount as text with at least two decimals and no rounding: ``1,234,567.89``.

    Raises:
        ValueError: The amount is NaN or infinite.
    """
    value = exact(amount) or Decimal(0)  # not -0.00
    decimals = max(2, -int(value.as_tuple().exponent))
    return f"{value:,.{decimals}f}"
