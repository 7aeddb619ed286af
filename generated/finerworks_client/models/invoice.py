from __future__ import annotations

import datetime
import decimal
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import to_decimal, to_html, to_json, to_repr

T = TypeVar("T", bound="Invoice")


@_attrs_define
class Invoice:
    """What one account owes for one month. Dates keep the offset that the server wrote, if any,
    and have up to seven fractional digits of a second. `0001-01-01T00:00:00` is .NET's way to
    say that a date was never set.

    """

    invoice_id: str
    """ The invoice's identifier. """
    amount_due: decimal.Decimal
    """ What is owed for the month, with two decimals. Negative for a credit. The help page
    names no currency.
     """
    invoice_month: datetime.datetime | None
    """ The month that the invoice is for. """
    invoice_date: datetime.datetime | None
    """ When the invoice was made. """
    first_day_of_month: datetime.datetime | None
    """ The first day of the month that the invoice is for. """
    last_day_of_month: datetime.datetime | None
    """ The last day of the month that the invoice is for. """
    due_date: datetime.datetime | None
    """ The day by which the amount is to be paid. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        invoice_id = self.invoice_id

        amount_due = self.amount_due

        invoice_month: None | str
        if isinstance(self.invoice_month, datetime.datetime):
            invoice_month = self.invoice_month.isoformat()
        else:
            invoice_month = self.invoice_month

        invoice_date: None | str
        if isinstance(self.invoice_date, datetime.datetime):
            invoice_date = self.invoice_date.isoformat()
        else:
            invoice_date = self.invoice_date

        first_day_of_month: None | str
        if isinstance(self.first_day_of_month, datetime.datetime):
            first_day_of_month = self.first_day_of_month.isoformat()
        else:
            first_day_of_month = self.first_day_of_month

        last_day_of_month: None | str
        if isinstance(self.last_day_of_month, datetime.datetime):
            last_day_of_month = self.last_day_of_month.isoformat()
        else:
            last_day_of_month = self.last_day_of_month

        due_date: None | str
        if isinstance(self.due_date, datetime.datetime):
            due_date = self.due_date.isoformat()
        else:
            due_date = self.due_date

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "invoice_id": invoice_id,
                "amount_due": amount_due,
                "invoice_month": invoice_month,
                "invoice_date": invoice_date,
                "first_day_of_month": first_day_of_month,
                "last_day_of_month": last_day_of_month,
                "due_date": due_date,
            }
        )

        return {name: to_json(value) for name, value in field_dict.items()}

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = src_dict
        invoice_id = d["invoice_id"]

        amount_due = to_decimal(d["amount_due"])

        _invoice_month = d["invoice_month"]
        invoice_month = None if _invoice_month is None else datetime.datetime.fromisoformat(_invoice_month)

        _invoice_date = d["invoice_date"]
        invoice_date = None if _invoice_date is None else datetime.datetime.fromisoformat(_invoice_date)

        _first_day_of_month = d["first_day_of_month"]
        first_day_of_month = (
            None if _first_day_of_month is None else datetime.datetime.fromisoformat(_first_day_of_month)
        )

        _last_day_of_month = d["last_day_of_month"]
        last_day_of_month = None if _last_day_of_month is None else datetime.datetime.fromisoformat(_last_day_of_month)

        _due_date = d["due_date"]
        due_date = None if _due_date is None else datetime.datetime.fromisoformat(_due_date)

        invoice = cls(
            invoice_id=invoice_id,
            amount_due=amount_due,
            invoice_month=invoice_month,
            invoice_date=invoice_date,
            first_day_of_month=first_day_of_month,
            last_day_of_month=last_day_of_month,
            due_date=due_date,
        )

        if len(d) > 7:
            known = (
                "invoice_id",
                "amount_due",
                "invoice_month",
                "invoice_date",
                "first_day_of_month",
                "last_day_of_month",
                "due_date",
            )
            invoice.additional_properties = {key: value for key, value in d.items() if key not in known}
        return invoice

    def __repr__(self) -> str:
        """Return the model on one line, with readable dates and amounts."""
        return to_repr(self)

    def _repr_html_(self) -> str:
        """Return what a notebook displays."""
        return to_html(self)
