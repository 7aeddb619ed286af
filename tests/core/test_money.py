"""Exact amounts."""

import decimal
from decimal import Decimal

import pytest

from finerworks import money

AMOUNTS = ["1234567.89", "0.1", "19.99", "16777217.01", "0.00", "-25.5", "99999999.99", "1.15"]


@pytest.mark.parametrize("written", [*AMOUNTS, "123456789012345", "0.000000000000123", "1e-9"])
def test_a_float_from_elsewhere_becomes_the_decimal_that_was_written(written: str) -> None:
    """A float that was read from at most 15 digits becomes a Decimal with these digits."""
    assert money.exact(float(written)) == Decimal(written)


@pytest.mark.parametrize("written", [*AMOUNTS, "19.90", "12345678901234567.89", "1E+300"])
def test_a_decimal_stays_as_it_is(written: str) -> None:
    """A Decimal keeps its digits, including trailing zeros."""
    assert str(money.exact(Decimal(written))) == written


def test_adds_exactly_whatever_the_callers_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum is exact in any decimal context of the caller."""
    monkeypatch.setattr(decimal.getcontext(), "prec", 3)
    amounts = [Decimal(each) for each in AMOUNTS]
    assert sum(amounts) != Decimal("118011780.63"), "the builtin rounds to the context"
    assert money.total(amounts) == Decimal("118011780.63")


def test_the_builtin_sum_is_exact_up_to_28_digits() -> None:
    """The builtin sum is exact for any realistic listing. `money.total` always is."""
    amounts = [Decimal("99999999.99")] * 1_000_000
    assert sum(amounts) == money.total(amounts) == Decimal("99999999990000.00")
    long = [Decimal("1E+27"), Decimal("0.01")]
    assert sum(long) == Decimal("1E+27")
    assert money.total(long) == Decimal("1000000000000000000000000000.01")


def test_adds_numbers_from_elsewhere_too() -> None:
    """Floats count as their shortest decimals. The sum of nothing is Decimal(0)."""
    assert money.total([1000, 0.1, Decimal("0.01")]) == Decimal("1000.11")
    assert money.total([0.1, 0.2]) == Decimal("0.3")
    assert isinstance(money.total([]), Decimal)
    assert money.total([]) == 0


def test_a_sum_of_too_many_digits_is_an_error() -> None:
    """A sum that would be rounded raises an error."""
    with pytest.raises(decimal.Inexact):
        money.total([Decimal("1E+1000"), Decimal("0.01")])


def test_a_sum_may_have_a_thousand_digits() -> None:
    """A sum may have 1,000 digits, and one more is an error."""
    amounts = [Decimal("1E+999"), Decimal(1)]
    assert money.total(amounts) == 10**999 + 1
    with pytest.raises(decimal.Inexact):
        money.total([*amounts, Decimal("0.1")])


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), Decimal("NaN")])
def test_refuses_what_is_no_amount(amount: float | Decimal) -> None:
    """NaN and infinity are errors."""
    with pytest.raises(ValueError, match="finite"):
        money.exact(amount)
    with pytest.raises(ValueError, match="finite"):
        money.total([1.0, amount])


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (1234567.89, "1,234,567.89"),
        (0.1, "0.10"),
        (-25.5, "-25.50"),
        (1000, "1,000.00"),
        (0.0, "0.00"),
        (1.005, "1.005"),
        (Decimal("19.9"), "19.90"),
        (Decimal("19.9900"), "19.9900"),
        (Decimal("-0.00"), "0.00"),
        (Decimal("1E+3"), "1,000.00"),
        (Decimal("12345678901234567.891"), "12,345,678,901,234,567.891"),
        (1e21, "1,000,000,000,000,000,000,000.00"),
    ],
)
def test_writes_an_amount_without_rounding(amount: float | Decimal, text: str) -> None:
    """An amount is written with at least two decimals, and never rounded."""
    assert money.text(amount) == text


def test_reads_other_kinds_of_float() -> None:
    """A float of another library with its own `repr` is the same amount."""

    class Float64(float):
        def __repr__(self) -> str:
            return f"np.float64({float(self)})"

    assert money.exact(Float64(19.99)) == Decimal("19.99")
