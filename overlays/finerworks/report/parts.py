"""The content of a report: rows, exact totals, ages and charts. The template writes the HTML."""

import datetime as dt
import heapq
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from finerworks import dates, money
from finerworks.exports.age import ALWAYS_SHOWN, ONLY_IF_ANY, PAST_DUE, age_of
from finerworks.exports.words import counted
from finerworks_client.models import Invoice

__all__ = [
    "Bar",
    "Chart",
    "Part",
    "Payment",
    "Row",
    "by_age",
    "charts",
    "largest",
    "listed",
    "oldest",
    "payments",
    "row_of",
]

MAX_MONTHS = 36
"""Maximum number of months with their own bar. Earlier years have one bar each.

The months of a year are never divided between the two charts.
"""

MAX_LARGEST = 5
"""Maximum number of invoices among the largest ones."""

MAX_LISTED = 1000
"""Maximum number of invoices in the list, so that the file stays below a megabyte."""

LONGEST_FACTOR = 10
"""Maximum length of a bar, as a multiple of the upper quartile. A longer one is off the scale."""

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
    """Days since the due date. 0 or negative: it is not past. None: there is no due date."""
    amount: Decimal

    @property
    def past_due(self) -> bool:
        """Whether the invoice is past its due date, with an amount above zero."""
        return self.days is not None and self.days > 0 and self.amount > 0

    @property
    def state(self) -> str:
        """The state of the invoice in words."""
        if self.amount < 0:
            return "Credit"
        if self.amount == 0:
            return "Nothing due"
        if self.days is None:
            return "No due date"
        if self.days > 0:
            return f"{counted(self.days, 'day')} past due date"
        if self.days == 0:
            return "Due today"
        return f"Due in {counted(-self.days, 'day')}"


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
        """The invoices past their due date."""
        return Part("Past due date", [row for row in self.rows if row.past_due])

    @property
    def rest(self) -> "Part":
        """The invoices that are not past their due date."""
        return Part("Not past due date", [row for row in self.rows if not row.past_due])

    @property
    def nonzero(self) -> "Part":
        """The invoices with an amount other than zero."""
        return Part("With an amount", [row for row in self.rows if row.amount])

    @property
    def zero(self) -> "Part":
        """The invoices with an amount of zero."""
        return Part("Nothing due", [row for row in self.rows if not row.amount])


@dataclass(frozen=True, slots=True)
class Payment:
    """The invoices that are due on the same day, which is not past."""

    due: dt.date
    invoices: Part

    @property
    def when(self) -> str:
        """How soon the day is."""
        days = self.invoices.rows[0].days
        return f"in {counted(-days, 'day')}" if days else "today"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row of a chart. Lengths and positions are in percent of the width of the chart."""

    label: str
    total: Decimal
    late: Decimal
    """The part of the total that is past its due date."""
    left: Decimal
    """Length of the bar to the left of 0, for credits."""
    solid: Decimal
    """Length of the part past its due date, which begins at 0."""
    plain: Decimal
    """Length of the rest, which begins after that part."""
    times: Decimal | None
    """The length of the bar as a multiple of the chart's width. None: it fits, and is drawn."""

    @property
    def says(self) -> str:
        """The bar in words, for people who cannot see it."""
        if not self.late:
            late = "none"
        elif self.late == self.total:
            late = "all"
        else:
            late = money.text(self.late)
        off = f", {self.off_scale}" if self.off_scale else ""
        return f"{self.label}: {money.text(self.total)}, {late} past due date{off}"

    @property
    def off_scale(self) -> str | None:
        """The text that the chart shows instead of the bar. None: it is drawn."""
        if self.times is None:
            return None
        return f"off the scale: {_times(self.times)} as long as this chart"


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


def payments(rows: Iterable[Row]) -> list[Payment]:
    """Return the payments that are due from today on, by due date, the next one first."""
    by_due: dict[dt.date, list[Row]] = {}
    for row in rows:
        if row.due is not None and row.days is not None and row.days <= 0 < row.amount:
            by_due.setdefault(row.due, []).append(row)
    return [Payment(due, Part(due.isoformat(), by_due[due])) for due in sorted(by_due)]


def oldest(rows: Iterable[Row]) -> list[Row]:
    """Return the invoices that are past their due date, the oldest due date first."""
    return sorted((row for row in rows if row.past_due), key=lambda row: row.due or dt.date.min)


def largest(rows: Iterable[Row]) -> list[Row]:
    """Return the invoices with the largest amounts above zero, the largest first."""
    return heapq.nlargest(
        MAX_LARGEST, (row for row in rows if row.amount > 0), key=lambda row: row.amount
    )


def listed(rows: Sequence[Row]) -> Part:
    """Return the invoices to list, in their order: all, or those with the largest amounts."""
    if len(rows) <= MAX_LISTED:
        return Part("Total", rows)
    places = heapq.nlargest(
        MAX_LISTED, range(len(rows)), key=lambda place: rows[place].amount.copy_abs()
    )
    return Part("Total of these", [rows[place] for place in sorted(places)])


def by_age(rows: Iterable[Row]) -> list[Part]:
    """Divide the rows by age: by the number of days that they are past their due date.

    Each row is in one part.
    """
    rows_by_age: dict[str, list[Row]] = {age: [] for age in ALWAYS_SHOWN}
    for row in rows:
        rows_by_age.setdefault(age_of(row.days, row.amount), []).append(row)
    return [
        Part(_age_label(age), rows_by_age[age])
        for age in (*ALWAYS_SHOWN, *ONLY_IF_ANY)
        if age in rows_by_age
    ]


def _age_label(age: str) -> str:
    label = f"{age[0].upper()}{age[1:]}"
    if age in PAST_DUE:
        return f"{label} past due date"
    return "Credits" if label == "Credit" else label


def charts(rows: Iterable[Row]) -> list[Chart]:
    """Return a chart of the newest months, and a chart of the years before, if there are any.

    Amounts of zero are left out, and so are months without other amounts. Rows without a month have
    their own bar at the end of the first chart.
    """
    undated: list[Row] = []
    years: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        if not row.amount:
            continue
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
    """Return a chart with a bar for each part. All bars have one scale, which begins at 0.

    The amount past its due date is drawn to the right of 0. The rest follows it, or is drawn to the
    left of 0 if it is negative. A bar that would make the others too short to compare is not drawn.
    """
    late = [part.late.total for part in parts]
    rest = [part.rest.total for part in parts]
    right = [money.total([past, max(other, _ZERO)]) for past, other in zip(late, rest, strict=True)]
    left = [max(other.copy_negate(), _ZERO) for other in rest]
    longest = _longest([*right, *left])
    fits = [max(ends) <= longest for ends in zip(right, left, strict=True)]
    high = _round_up(max(itertools.compress(right, fits), default=_ZERO))
    low = _round_up(max(itertools.compress(left, fits), default=_ZERO))
    width = money.total([high, low]) or Decimal(1)

    def percent(amount: Decimal) -> Decimal:
        return _DRAWING.divide(_DRAWING.multiply(amount, Decimal(100)), width)

    bars = [
        Bar(
            label=part.label,
            total=part.total,
            late=late[i],
            left=percent(left[i]) if fits[i] else _ZERO,
            solid=percent(late[i]) if fits[i] else _ZERO,
            plain=percent(max(rest[i], _ZERO)) if fits[i] else _ZERO,
            times=None if fits[i] else _DRAWING.divide(max(right[i], left[i]), width),
        )
        for i, part in enumerate(parts)
    ]
    return Chart(
        unit=unit,
        bars=bars,
        low=low.copy_negate(),
        high=high,
        zero=percent(low),
        all_invoices=Part(f"All of these {unit}s", [row for part in parts for row in part.rows]),
    )


def _times(factor: Decimal) -> str:
    """Return a factor in words, with about two digits."""
    if factor < 10:
        return f"{factor:.1f} times"
    if factor < 1_000_000:
        return f"{factor:,.0f} times"
    return "over a million times"


def _longest(lengths: Iterable[Decimal]) -> Decimal:
    """Return the maximum length that is at most LONGEST_FACTOR times the upper quartile.

    Longer bars would dwarf most of the others.
    """
    ordered = sorted(length for length in lengths if length)
    if not ordered:
        return _ZERO
    upper_quartile = ordered[(len(ordered) - 1) * 3 // 4]
    bound = _DRAWING.multiply(upper_quartile, Decimal(LONGEST_FACTOR))
    return max(length for length in ordered if length <= bound)


def _round_up(amount: Decimal) -> Decimal:
    """Return the end of a scale: the amount, rounded up to one digit that is not 7 or 9.

    0 stays 0.
    """
    if not amount:
        return amount
    for digit in (1, 2, 3, 4, 5, 6, 8):
        end = Decimal(f"{digit}E{amount.adjusted()}")
        if end >= amount:
            return end
    return Decimal(f"10E{amount.adjusted()}")
