"""Which month an invoice is for, and how long it is overdue, by the server's calendar."""

import datetime as dt

import pytest

from finerworks import money
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
    """It is so whatever day this machine has, and nothing is overdue on its due day."""
    while True:
        today = dt.datetime.now(zone).replace(hour=0)
        found = [ages.days_overdue(invoice(today + dt.timedelta(days))) for days in (-1, 0, 1)]
        late = [ages.is_overdue(invoice(today + dt.timedelta(days))) for days in (-1, 0, 1)]
        if dt.datetime.now(zone).date() == today.date():  # else midnight came in between
            break
    assert (found, late) == ([1, 0, -1], [True, False, False])


@pytest.mark.parametrize("hour", [0, 23])
@pytest.mark.parametrize("zone", [*FAR, None])
def test_a_day_is_the_servers_wall_clock(zone: dt.timezone | None, hour: int) -> None:
    """Its offset moves no date to the day before or after."""
    due = dt.datetime(2026, 3, 1, hour, 59, 59, 999999, zone)
    assert ages.due_day(invoice(due)) == dt.date(2026, 3, 1)
    assert ages.month(invoice(month=due)) == dt.date(2026, 3, 1)
    assert ages.days_overdue(invoice(due), dt.date(2026, 3, 31)) == 30


def test_what_was_never_set_is_no_day() -> None:
    """Null, and .NET's 0001-01-01, with an offset too."""
    for never in (None, dt.datetime(1, 1, 1), dt.datetime(1, 1, 1, tzinfo=FAR[0])):  # noqa: DTZ001 - as .NET writes it
        assert ages.due_day(invoice(never)) is None
        assert ages.days_overdue(invoice(never)) is None
        assert not ages.is_overdue(invoice(never), dt.date(2026, 3, 1))
        assert ages.month(invoice(month=never)) is None


def test_a_month_is_told_by_three_fields() -> None:
    """The first of them that says one."""
    march, april, may = (dt.datetime(2026, month, 28, tzinfo=FAR[1]) for month in (3, 4, 5))
    assert ages.month(invoice(month=march, first=april, last=may)) == dt.date(2026, 3, 1)
    assert ages.month(invoice(first=april, last=may)) == dt.date(2026, 4, 1)
    assert ages.month(invoice(last=may)) == dt.date(2026, 5, 1)
    assert ages.month(invoice(due=may)) is None


@pytest.mark.parametrize(("amount", "owed"), [(0.01, True), (0, False), (-0.0, False), (-5, False)])
def test_only_what_is_owed_is_overdue(amount: float, owed: bool) -> None:
    """A credit, or nothing, is not."""
    due = dt.datetime(2026, 3, 1, tzinfo=FAR[0])
    assert ages.is_overdue(invoice(due, amount), dt.date(2026, 3, 2)) == owed
