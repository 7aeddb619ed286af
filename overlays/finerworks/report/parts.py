"""The content of a report: rows, exact totals, ages and charts. HTML is left to the template."""

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from finerworks import dates, money
from finerworks.exports.words import counted
from finerworks_client.models import Invoice

__all__ = ["Bar", "Chart", "Part", "Row", "by_age", "charts", "row_of"]

MAX_MONTHS = 36
"""Maximum number of months with a bar of their own. Earlier years have one bar each.

The months of a year are never divided between the two charts.
"""

AGE_LIMITS = (30, 60, 90)
"""The last day of each age of overdue invoices. One more age holds all older invoices."""

# Bars need few digits. The context does not depend on the caller's.
_DRAWING = Context(prec=9, traps=[])
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Row:
    """An invoice in the list of the report."""

    invoice_id: str
    month: dt.date | None
    invoiced: dt.date | None
    due: dt.date | None
    days: int | None
    """Days since the due day. 0 or negative: the day is not past. None: there is no due day."""
    amount: Decimal

    @property
    def overdue(self) -> bool:
        """Whether the invoice is past its due day, with an amount above zero."""
        return self.days is not None and self.days > 0 and self.amount > 0

    @property
    def state(self) -> str:
        """The state of the invoice in words."""
        if self.overdue:
            return f"Overdue {counted(self.days or 0, 'day')}"
        if self.amount < 0:
            return "Credit"
        if self.amount == 0:
            return "Nothing due"
        if self.days is None:
            return "No due day"
        return "Not yet due"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the invoices, with its total."""

    label: str
    rows: Sequence[Row]

    @property
    def count(self) -> int:
        """The number of invoices."""
        return len(self.rows)

    @property
    def total(self) -> Decimal:
        """The sum of the amounts."""
        return money.total(row.amount for row in self.rows)

    @property
    def late(self) -> "Part":
        """The overdue invoices."""
        return Part("Overdue", [row for row in self.rows if row.overdue])

    @property
    def rest(self) -> "Part":
        """The invoices that are not overdue."""
        return Part("Not overdue", [row for row in self.rows if not row.overdue])


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row of a chart. Lengths and positions are in percent of the width of the chart."""

    label: str
    total: Decimal
    late: Decimal
    """The overdue part of the total."""
    left: Decimal
    """Length of the bar to the left of 0, for credits."""
    hatched: Decimal
    """Length of the overdue part, which begins at 0."""
    plain: Decimal
    """Length of the rest, which begins after the overdue part."""
    breaks: Sequence[Decimal]
    """Positions of the marks which show that the bar is longer than the chart."""

    @property
    def says(self) -> str:
        """The bar in words, for those who cannot see it."""
        if not self.late:
            late = "none"
        elif self.late == self.total:
            late = "all"
        else:
            late = money.text(self.late)
        longer = ", longer than the scale" if self.breaks else ""
        return f"{self.label}: {money.text(self.total)}, {late} overdue{longer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A table with a bar in each row."""

    unit: str
    bars: Sequence[Bar]
    low: Decimal
    """The amount at the left end: 0 or negative."""
    high: Decimal
    """The amount at the right end: 0 or positive."""
    zero: Decimal
    """Position of 0, in percent of the width."""
    all_invoices: Part
    """The invoices of all bars."""


def row_of(invoice: Invoice, as_of: dt.date | None) -> Row:
    """Return the row of an invoice."""
    return Row(
        invoice.invoice_id,
        dates.month(invoice),
        dates.day(invoice.invoice_date),
        dates.due_day(invoice),
        dates.days_past_due(invoice, as_of),
        invoice.amount_due,
    )


def by_age(rows: Iterable[Row]) -> list[Part]:
    """Divide the rows by age: by the number of days that they are overdue.

    Each row is in one part. Of the parts, the last two exist only if they have rows.
    """
    starts = (1, *(limit + 1 for limit in AGE_LIMITS))
    labels = ["Current: not yet due"]
    for start, end in zip(starts, AGE_LIMITS, strict=False):
        labels.append(f"Overdue {start} to {end} days")
    labels.append(f"Overdue over {AGE_LIMITS[-1]} days")
    nothing_due = "Past its due day, but zero or a credit"
    no_due_day = "No due day"
    rows_by_label: dict[str, list[Row]] = {label: [] for label in labels}
    for row in rows:
        if row.days is None:
            label = no_due_day
        elif row.days > 0 and not row.overdue:
            label = nothing_due
        else:
            label = labels[sum(row.days >= start for start in starts)]
        rows_by_label.setdefault(label, []).append(row)
    return [
        Part(label, rows_by_label[label])
        for label in (*labels, nothing_due, no_due_day)
        if label in rows_by_label
    ]


def charts(rows: Iterable[Row]) -> list[Chart]:
    """Return a chart of the newest months, and a chart of the years before, if there are any.

    Rows without a month have a bar of their own at the end of the first chart.
    """
    undated: list[Row] = []
    years: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        if row.month is None:
            undated.append(row)
        else:
            # Not strftime, which does not pad a year before 1000.
            month = row.month.isoformat()[: len("2026-01")]
            year = month[: len("2026")]
            years.setdefault(year, {}).setdefault(month, []).append(row)
    recent: list[Part] = []
    before: list[Part] = []
    for year, months in sorted(years.items(), reverse=True):
        has_room = not recent or len(recent) + len(months) <= MAX_MONTHS
        if has_room and not before:
            recent += [Part(month, found) for month, found in sorted(months.items(), reverse=True)]
        else:
            before.append(Part(year, list(itertools.chain.from_iterable(months.values()))))
    if undated:
        recent.append(Part("No month", undated))
    return [_chart(unit, parts) for unit, parts in (("month", recent), ("year", before)) if parts]


def _chart(unit: str, parts: Sequence[Part]) -> Chart:
    """Return a chart with a bar for each part.

    The overdue amount is drawn to the right of 0. The rest follows it, or is drawn to the left of
    0 if it is negative.
    """
    late = [part.late.total for part in parts]
    rest = [part.rest.total for part in parts]
    right = [
        money.total([overdue, max(other, _ZERO)]) for overdue, other in zip(late, rest, strict=True)
    ]
    left = [max(other.copy_negate(), _ZERO) for other in rest]
    longest = _longest([*right, *left])
    high = _round_up(min(max(right), longest))
    low = _round_up(min(max(left), longest))
    width = money.total([high, low]) or Decimal(1)

    def percent(amount: Decimal, limit: Decimal) -> Decimal:
        return _DRAWING.divide(_DRAWING.multiply(min(amount, limit), Decimal(100)), width)

    bars = [
        Bar(
            label=part.label,
            total=part.total,
            late=late[i],
            left=percent(left[i], low),
            hatched=percent(late[i], high),
            plain=_DRAWING.subtract(percent(right[i], high), percent(late[i], high)),
            breaks=_breaks(left_is_cut=left[i] > low, right_is_cut=right[i] > high),
        )
        for i, part in enumerate(parts)
    ]
    return Chart(
        unit=unit,
        bars=bars,
        low=low.copy_negate(),
        high=high,
        zero=percent(low, low),
        all_invoices=Part(f"All of these {unit}s", [row for part in parts for row in part.rows]),
    )


def _breaks(*, left_is_cut: bool, right_is_cut: bool) -> list[Decimal]:
    """Return where to mark that a bar is cut, in percent of the width."""
    breaks: list[Decimal] = []
    if left_is_cut:
        breaks.append(Decimal(2))
    if right_is_cut:
        breaks.append(Decimal(94))
    return breaks


def _longest(lengths: Iterable[Decimal]) -> Decimal:
    """Return the longest length that is at most 20 times the upper quartile.

    A chart of that width cuts longer bars. It would otherwise dwarf most of the others.
    """
    ordered = sorted(length for length in lengths if length)
    if not ordered:
        return _ZERO
    upper_quartile = ordered[(len(ordered) - 1) * 3 // 4]
    bound = _DRAWING.multiply(upper_quartile, Decimal(20))
    return max(length for length in ordered if length <= bound)


def _round_up(amount: Decimal) -> Decimal:
    """Return the end of a scale: the amount, rounded up to 1, 2 or 5 times a power of ten.

    0 stays 0.
    """
    if not amount:
        return amount
    for digit in (1, 2, 5):
        end = Decimal(f"{digit}E{amount.adjusted()}")
        if end >= amount:
            return end
    return Decimal(f"10E{amount.adjusted()}")
