"""Which invoices of a listing the user selects."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice

import finerworks
from finerworks import MissingMonthError, dates

__all__ = ["Selection", "SelectionError"]


class SelectionError(Exception):
    """An invoice lacks the month that the selection needs."""


@dataclasses.dataclass(frozen=True)
class Selection:
    """A selection of invoices.

    Attributes:
        account_key: The account to read. None is the account that owns the keys.
        since: The first invoice month, as any day of it. None is no limit.
        until: The last invoice month, as any day of it. None is no limit.
        overdue: Whether to leave out all invoices except those that are past their due date, with
            an amount above zero.
        as_of: The day to use as today. None is the current day.
        limit: The maximum number of invoices. None is no limit.
    """

    account_key: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    overdue: bool = False
    as_of: dt.date | None = None
    limit: int | None = None

    def listing(
        self, fw: "finerworks.FinerWorks", *, consistent: bool
    ) -> "finerworks.Pager[finerworks.Invoice]":
        """Return the listing with the selected months, to pass through `select`."""
        # Whether an invoice is overdue is not known to the listing, so it cannot count those.
        limit = None if self.overdue else self.limit
        return fw.invoices.list(
            limit=limit, since=self.since, until=self.until, consistent=consistent
        )

    def select(self, invoices: Iterable["finerworks.Invoice"]) -> Iterator["finerworks.Invoice"]:
        """Return the selected invoices of a `listing`, in the same order.

        Raises:
            SelectionError: `since` or `until` is set, and an invoice has no month.
        """
        selected = _with_months(invoices)
        if self.overdue:
            selected = (invoice for invoice in selected if dates.is_past_due(invoice, self.as_of))
        return islice(selected, self.limit)

    @property
    def description(self) -> str | None:
        """What the selection leaves out, in words. None if it leaves nothing out."""
        parts = list[str]()
        if self.since and self.until:
            parts.append(f"{self.since:%Y-%m} to {self.until:%Y-%m}")
        elif self.since:
            parts.append(f"from {self.since:%Y-%m} on")
        elif self.until:
            parts.append(f"to {self.until:%Y-%m}")
        if self.overdue and self.as_of:
            parts.append(f"past due date on {self.as_of}")
        elif self.overdue:
            parts.append("past due date only")
        if self.limit is not None:
            parts.append(f"the first {self.limit}")
        return ", ".join(parts) or None


def _with_months(invoices: Iterable["finerworks.Invoice"]) -> Iterator["finerworks.Invoice"]:
    """Yield invoices, and turn the error of one without a month into the command's own."""
    try:
        yield from invoices
    except MissingMonthError as error:
        raise SelectionError(f"{error.message}: omit --since and --until") from error
