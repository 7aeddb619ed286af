from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Invoice")


@_attrs_define
class Invoice:
    """What one account owes for one month. Dates keep the offset that the server wrote, if any,
    and have up to seven fractional digits of a second. `0001-01-01T00:00:00` is .NET's way to
    say that a date was never set.

    """

    invoice_id: str
    """ The invoice's identifier. """
    amount_due: float
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

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        invoice_id = d.pop("invoice_id")

        amount_due = d.pop("amount_due")

        def _parse_invoice_month(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            if not isinstance(data, str):
                raise TypeError()
            invoice_month_type_0 = datetime.datetime.fromisoformat(data)

            return invoice_month_type_0

        invoice_month = _parse_invoice_month(d.pop("invoice_month"))

        def _parse_invoice_date(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            if not isinstance(data, str):
                raise TypeError()
            invoice_date_type_0 = datetime.datetime.fromisoformat(data)

            return invoice_date_type_0

        invoice_date = _parse_invoice_date(d.pop("invoice_date"))

        def _parse_first_day_of_month(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            if not isinstance(data, str):
                raise TypeError()
            first_day_of_month_type_0 = datetime.datetime.fromisoformat(data)

            return first_day_of_month_type_0

        first_day_of_month = _parse_first_day_of_month(d.pop("first_day_of_month"))

        def _parse_last_day_of_month(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            if not isinstance(data, str):
                raise TypeError()
            last_day_of_month_type_0 = datetime.datetime.fromisoformat(data)

            return last_day_of_month_type_0

        last_day_of_month = _parse_last_day_of_month(d.pop("last_day_of_month"))

        def _parse_due_date(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            if not isinstance(data, str):
                raise TypeError()
            due_date_type_0 = datetime.datetime.fromisoformat(data)

            return due_date_type_0

        due_date = _parse_due_date(d.pop("due_date"))

        invoice = cls(
            invoice_id=invoice_id,
            amount_due=amount_due,
            invoice_month=invoice_month,
            invoice_date=invoice_date,
            first_day_of_month=first_day_of_month,
            last_day_of_month=last_day_of_month,
            due_date=due_date,
        )

        invoice.additional_properties = d
        return invoice

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
