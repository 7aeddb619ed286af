"""Which invoices of a listing are wanted."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from finerworks.errors import shorten
from finerworks.exports import ages

if TYPE_CHECKING:
    from finerworks_client.models import Invoice

__all__ = ["Selection", "SelectionError"]


class SelectionError(Exception):
    """An invoice lacks what it would take to say whether it is wanted."""


@dataclasses.dataclass(frozen=True)
class Selection:
    """What is wanted.

    Attributes:
        account_key: Whose invoices; None: those of the keys' account.
        since, until: The first and the last invoice month, as a day of it.
        overdue: Whether only what is past its due day, with an amount above zero.
        as_of: The day that this is asked for; None: today.
        limit: How many at most.
    """

    account_key: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    overdue: bool = False
    as_of: dt.date | None = None
    limit: int | None = None

    def of(self, invoices: "Iterable[Invoice]") -> "Iterator[Invoice]":
        """Give those that are wanted, as they come.

        Raises:
            SelectionError: A month is asked for, and an invoice has none.
        """
        wanted = (each for each in invoices if self._in_time(each))
        if self.overdue:
            wanted = (each for each in wanted if ages.is_overdue(each, self.as_of))
        return islice(wanted, self.limit)

    def _in_time(self, invoice: "Invoice") -> bool:
        if self.since is self.until is None:
            return True
        if (month := ages.month(invoice)) is None:
            told = (
                f"invoice {shorten(invoice.invoice_id)} has no month: leave --since and --until out"
            )
            raise SelectionError(told)
        return (self.since is None or month >= self.since) and (
            self.until is None or month <= self.until
        )

    @property
    def words(self) -> str | None:
        """What is left out, in words; None if nothing is."""
        said = list[str]()
        if self.since or self.until:
            first, last = (f"{each:%Y-%m}" if each else None for each in (self.since, self.until))
            said.append(
                f"{first} to {last}"
                if first and last
                else f"from {first} on"
                if first
                else f"to {last}"
            )
        if self.overdue:
            said.append("overdue only" if self.as_of is None else f"overdue on {self.as_of}")
        if self.limit is not None:
            said.append(f"the first {self.limit}")
        return ", ".join(said) or None
