"""The month of an invoice, and the days past its due date, in the server's calendar."""

import datetime as dt

import pytest

from finerworks import dates, money
from finerworks.exports import ages
from finerworks_client.models import Invoice

FAR = (dt.timezone(dt.timedelta(hours=14)), dt.timezone(-dt.timedelta(hours=12)))
"""Two offsets that never have the same day."""


Moment = dt.datetime | None


def invoice(
    due: Moment = None,
    amount: float = 1,
    *,
    month: Moment = None,
    first: Moment = None,
    last: Moment = None,
) -> Invoice:
    """Make an invoice."""
    return Invoice("INV-1", money.exact(amount), month, None, first, last, due)


@pytest.mark.parametrize("zone", FAR)
def test_today_is_the_day_where_the_due_date_was_written(zone: dt.timezone) -> None:
    """Today is the current day in the due date's offset, whatever day this machine has."""
    while True:
        today = dt.datetime.now(zone).replace(hour=0)
        invoices = [invoice(today + dt.timedelta(days)) for days in (-1, 0, 1)]
        found = [dates.days_past_due(each) for each in invoices]
        past = [dates.is_past_due(each) for each in invoices]
        if dt.datetime.now(zone).date() == today.date():  # else midnight came in between
            break
    assert (found, past) == ([1, 0, -1], [True, False, False])


@pytest.mark.parametrize("hour", [0, 23])
@pytest.mark.parametrize("zone", [*FAR, None])
def test_a_day_is_the_servers_wall_clock(zone: dt.timezone | None, hour: int) -> None:
    """The offset of a date never changes its day."""
    due = dt.datetime(2026, 3, 1, hour, 59, 59, 999999, zone)
    assert dates.day(due) == dates.due_day(invoice(due)) == dt.date(2026, 3, 1)
    assert dates.month(invoice(month=due)) == dt.date(2026, 3, 1)
    assert dates.days_past_due(invoice(due), dt.date(2026, 3, 31)) == 30


@pytest.mark.parametrize("zone", [*FAR, None])
def test_as_of_a_moment_its_day_counts(zone: dt.timezone | None) -> None:
    """If `as_of` is a `datetime`, only its day counts."""
    due = invoice(dt.datetime(2026, 3, 1, 23, 59, tzinfo=FAR[1]))
    assert dates.days_past_due(due, dt.datetime(2026, 3, 2, 0, 1, tzinfo=zone)) == 1
    assert dates.days_past_due(due, dt.datetime(2026, 3, 1, 0, 1, tzinfo=zone)) == 0


def test_what_was_never_set_is_no_day() -> None:
    """Null and .NET's 0001-01-01 are not days, with any offset."""
    for never in (None, dt.datetime(1, 1, 1), dt.datetime(1, 1, 1, tzinfo=FAR[0])):  # noqa: DTZ001 - as .NET writes it
        assert dates.day(never) is None
        assert dates.due_day(invoice(never)) is None
        assert dates.days_past_due(invoice(never)) is None
        assert not dates.is_past_due(invoice(never), dt.date(2026, 3, 1))
        assert dates.month(invoice(month=never)) is None


def test_the_month_is_the_first_of_three_fields_that_is_set() -> None:
    """The month is the first of three fields that is set. The due date is not one of them."""
    march, april, may = (dt.datetime(2026, month, 28, tzinfo=FAR[1]) for month in (3, 4, 5))
    assert dates.month(invoice(month=march, first=april, last=may)) == dt.date(2026, 3, 1)
    assert dates.month(invoice(first=april, last=may)) == dt.date(2026, 4, 1)
    assert dates.month(invoice(last=may)) == dt.date(2026, 5, 1)
    assert dates.month(invoice(due=may)) is None


@pytest.mark.parametrize(("amount", "owed"), [(0.01, True), (0, False), (-0.0, False), (-5, False)])
def test_only_an_amount_above_zero_is_past_due(amount: float, owed: bool) -> None:
    """An amount of zero or a credit is never past due."""
    due = dt.datetime(2026, 3, 1, tzinfo=FAR[0])
    assert dates.is_past_due(invoice(due, amount), dt.date(2026, 3, 2)) == owed


@pytest.mark.parametrize(
    ("value", "first_day"),
    [
        ("2026-02", dt.date(2026, 2, 1)),
        ("2026-2", dt.date(2026, 2, 1)),
        (dt.date(2026, 2, 28), dt.date(2026, 2, 1)),
        (dt.datetime(2026, 2, 28, 23, 59, tzinfo=FAR[1]), dt.date(2026, 2, 1)),
    ],
)
def test_a_month_is_text_or_any_date_in_it(value: str | dt.date, first_day: dt.date) -> None:
    """A month is given as text or any date, and converted to its first day."""
    found = dates.to_month(value)
    assert (found, type(found)) == (first_day, dt.date)


@pytest.mark.parametrize(
    "value", ["", "2026", "2026-130", "2026-02-28", "02/2026", "02-2026", 2026]
)
def test_anything_else_is_no_month(value: str) -> None:
    """The error about an invalid month shows the value and the correct form."""
    with pytest.raises(ValueError, match=r"YYYY-MM.*2026-01.*not ") as caught:
        dates.to_month(value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2026-13", "a month cannot be '2026-13': there is no month 13"),
        ("2026-00", "a month cannot be '2026-00': there is no month 00"),
    ],
)
def test_there_are_twelve_months(value: str, message: str) -> None:
    """The form is right, so the error is about the number."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        dates.to_month(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-28", None),
        ("2028-02-29", None),
        ("2026-02-29", "there is no day 29 in 2026-02"),
        ("2026-11-31", "there is no day 31 in 2026-11"),
        ("2026-11-00", "there is no day 00 in 2026-11"),
        ("2026-13-01", "there is no month 13"),
        ("2026-13", None),
        ("0000-01-01", None),
        ("yesterday", None),
    ],
)
def test_a_day_that_does_not_exist_is_named(text: str, expected: str | None) -> None:
    """Its form is right. A text of another form is not a day that is missing."""
    assert dates.missing_day(text) == expected


def test_the_former_names_warn_and_are_the_new_functions() -> None:
    """`finerworks.exports.ages` still works, with a warning."""
    with pytest.warns(DeprecationWarning, match=r"finerworks\.dates\.days_past_due"):
        assert ages.days_overdue is dates.days_past_due
    with pytest.warns(DeprecationWarning, match=r"finerworks\.dates\.month"):
        assert ages.month is dates.month
    assert not hasattr(ages, "weeks_overdue")
