"""Exact amounts."""

import decimal
from decimal import Decimal

import pytest

from finerworks import money

AMOUNTS = ["1234567.89", "0.1", "19.99", "16777217.01", "0.00", "-25.5", "99999999.99", "1.15"]


@pytest.mark.parametrize("written", [*AMOUNTS, "123456789012345", "0.000000000000123", "1e-9"])
def test_gives_the_decimal_that_was_written(written: str) -> None:
    """A float that was read from up to 15 digits gives those digits back."""
    assert money.exact(float(written)) == Decimal(written)


def test_adds_exactly_whatever_the_callers_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum has no rounding, even where the caller's decimals round to three digits."""
    monkeypatch.setattr(decimal.getcontext(), "prec", 3)
    assert money.total([0.1] * 10) == 1
    assert str(money.total(float(each) for each in AMOUNTS)) == "118011780.63"
    assert 0.1 + 0.2 != 0.3, "what floats would have said"
    assert money.total([0.1, 0.2]) == Decimal("0.3")


def test_adds_decimals_and_whole_numbers_too() -> None:
    """All that an amount can be adds up; nothing adds up to 0."""
    assert money.total([1000, 0.1, Decimal("0.01")]) == Decimal("1000.11")
    assert money.total([]) == 0


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), Decimal("NaN")])
def test_refuses_what_is_no_amount(amount: float | Decimal) -> None:
    """Not a number, and infinity, are errors, never a total."""
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
        (1e21, "1,000,000,000,000,000,000,000.00"),
    ],
)
def test_writes_an_amount_without_rounding(amount: float, text: str) -> None:
    """At least two decimals, more where there are more."""
    assert money.text(amount) == text


@pytest.mark.parametrize("literal", ["19.99", "0.1", "1e3", "100000000000000000000.0", "-0.0"])
def test_reads_a_number_that_a_float_holds(literal: str) -> None:
    """A JSON number that comes through unchanged is a float."""
    assert money.parse_number(literal) == float(literal)
    assert isinstance(money.parse_number(literal), float)


@pytest.mark.parametrize(
    "literal", ["12345678901234567.89", "0.1234567890123456789", "1e-400", "1e999"]
)
def test_marks_a_number_that_no_float_holds(literal: str) -> None:
    """A JSON number that a float would change stays the decimal that it is."""
    assert money.parse_number(literal) == Decimal(literal)


def test_reads_other_kinds_of_float() -> None:
    """A float of another library, whose repr says what it is, is the same amount."""

    class Float64(float):
        def __repr__(self) -> str:
            return f"np.float64({float(self)})"

    assert money.exact(Float64(19.99)) == Decimal("19.99")
