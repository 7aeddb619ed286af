"""What a report says: rows, parts that add up exactly, ages and charts. Knows nothing of HTML."""

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from finerworks import money
from finerworks.exports import ages
from finerworks.exports.words import counted
from finerworks_client.models import Invoice

__all__ = ["Bar", "Chart", "Part", "Row", "by_age", "charts", "row_of"]

MOST_MONTHS = 36
"""How many months have a bar of their own, in whole years; the years before have one each."""

BORDERS = (30, 60, 90)
"""The last day of each age; what is older is in one more."""

# Lengths of bars are for the eye: nine digits of any amount, whatever the caller's context.
_EYE = Context(prec=9, traps=[])
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Row:
    """One invoice, as the list shows it."""

    invoice_id: str
    month: dt.date | None
    invoiced: dt.date | None
    due: dt.date | None
    days: int | None
    """Days after the due day; 0 or less: it is not past. None: there is no due day."""
    amount: Decimal

    @property
    def overdue(self) -> bool:
        """Whether it is past its due day and above zero."""
        return self.days is not None and self.days > 0 < self.amount

    @property
    def state(self) -> str:
        """Say in words what is to be done about it."""
        if self.overdue:
            return f"Overdue {counted(self.days or 0, 'day')}"
        if self.amount <= 0:
            return "Credit" if self.amount < 0 else "Nothing due"
        return "No due day" if self.days is None else "Not yet due"


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the invoices, and what they add up to."""

    label: str
    rows: Sequence[Row]

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.rows)

    @property
    def total(self) -> Decimal:
        """What is due in all."""
        return money.total(row.amount for row in self.rows)

    @property
    def late(self) -> "Part":
        """Those that are overdue."""
        return Part("Overdue", [row for row in self.rows if row.overdue])

    @property
    def rest(self) -> "Part":
        """Those that are not."""
        return Part("Not overdue", [row for row in self.rows if not row.overdue])


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row of a chart. Lengths and places are in percent of the chart's width."""

    label: str
    total: Decimal
    late: Decimal
    """How much of the total is overdue."""
    left: Decimal
    """How far the bar goes to the left of 0: credits."""
    hatched: Decimal
    """How far what is overdue goes to the right."""
    plain: Decimal
    """How far the rest goes on from there."""
    breaks: Sequence[Decimal]
    """Where it is broken off, as it is longer than the chart."""

    @property
    def says(self) -> str:
        """Say in words what the bar shows."""
        late = "all" if self.late == self.total else money.text(self.late)
        longer = ", longer than the scale" if self.breaks else ""
        return f"{self.label}: {money.text(self.total)}, {late if self.late else 'none'} overdue{longer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A table with a bar in each row."""

    unit: str
    bars: Sequence[Bar]
    low: Decimal
    """The amount at the left end: 0 or below."""
    high: Decimal
    """The amount at the right end: 0 or above."""
    zero: Decimal
    """Where 0 is, in percent of the width."""
    whole: Part
    """All rows together."""


def row_of(invoice: Invoice, as_of: dt.date | None) -> Row:
    """Read an invoice."""
    return Row(
        invoice.invoice_id,
        ages.month(invoice),
        ages.day(invoice.invoice_date),
        ages.due_day(invoice),
        ages.days_overdue(invoice, as_of),
        invoice.amount_due,
    )


def by_age(rows: Iterable[Row]) -> list[Part]:
    """Divide rows by how long they are overdue. Each is in one part; the last two are there if needed."""
    starts = (1, *(border + 1 for border in BORDERS))
    names = [f"{start} to {end} days" for start, end in zip(starts, BORDERS, strict=False)]
    always = [
        "Current: not yet due",
        *(f"Overdue {name}" for name in names),
        f"Overdue over {BORDERS[-1]} days",
    ]
    settled, undated = "Past its due day, but zero or a credit", "No due day"
    found: dict[str, list[Row]] = {label: [] for label in always}
    for row in rows:
        if row.days is None:
            label = undated
        elif row.days > 0 and not row.overdue:
            label = settled
        else:
            label = always[sum(row.days >= start for start in starts)]
        found.setdefault(label, []).append(row)
    return [Part(label, found[label]) for label in (*always, settled, undated) if label in found]


def charts(rows: Iterable[Row]) -> list[Chart]:
    """Chart the newest months, in whole years, and the years before. What has no month comes after the months."""
    undated: list[Row] = []
    years: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        if row.month is None:
            undated.append(row)
        else:
            month = row.month.isoformat()[:7]
            years.setdefault(month[:4], {}).setdefault(month, []).append(row)
    recent: list[Part] = []
    before: list[Part] = []
    for year, months in sorted(years.items(), reverse=True):
        if not before and (not recent or len(recent) + len(months) <= MOST_MONTHS):
            recent += [Part(month, found) for month, found in sorted(months.items(), reverse=True)]
        else:
            before.append(Part(year, list(itertools.chain.from_iterable(months.values()))))
    if undated:
        recent.append(Part("No month", undated))
    return [_chart(unit, parts) for unit, parts in (("month", recent), ("year", before)) if parts]


def _chart(unit: str, parts: Sequence[Part]) -> Chart:
    """Draw a bar for each part: what is overdue to the right of 0; the rest after it, or left of 0 if it is below."""
    late = [part.late.total for part in parts]
    rest = [part.rest.total for part in parts]
    right = [money.total([one, max(other, _ZERO)]) for one, other in zip(late, rest, strict=True)]
    left = [max(other.copy_negate(), _ZERO) for other in rest]
    most = _longest([*right, *left])
    high, low = (_round_up(min(max(side), most)) for side in (right, left))
    width = money.total([high, low]) or Decimal(1)

    def percent(amount: Decimal, most: Decimal) -> Decimal:
        return _EYE.divide(_EYE.multiply(min(amount, most), Decimal(100)), width)

    bars = [
        Bar(
            label=part.label,
            total=part.total,
            late=late[i],
            left=percent(left[i], low),
            hatched=percent(late[i], high),
            plain=_EYE.subtract(percent(right[i], high), percent(late[i], high)),
            breaks=[
                *([Decimal(2)] if left[i] > low else []),
                *([Decimal(94)] if right[i] > high else []),
            ],
        )
        for i, part in enumerate(parts)
    ]
    whole = Part(f"All of these {unit}s", [row for part in parts for row in part.rows])
    return Chart(
        unit=unit, bars=bars, low=low.copy_negate(), high=high, zero=percent(low, low), whole=whole
    )


def _longest(lengths: Iterable[Decimal]) -> Decimal:
    """Give the length that a chart has room for: that of the longest bar which does not dwarf most of the others."""
    known = sorted(filter(None, lengths))
    if not known:
        return _ZERO
    bound = _EYE.multiply(known[(len(known) - 1) * 3 // 4], Decimal(20))
    return max(length for length in known if length <= bound)


def _round_up(amount: Decimal) -> Decimal:
    """Give the next number of one digit, 1, 2 or 5: where a scale ends. 0 stays 0."""
    ends = (Decimal(f"{digit}E{amount.adjusted()}") for digit in (1, 2, 5, 10))
    return next(end for end in ends if end >= amount) if amount else amount
