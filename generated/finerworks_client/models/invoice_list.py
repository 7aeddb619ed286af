from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, to_html, to_json, to_repr

T = TypeVar("T", bound="InvoiceList")


@_attrs_define
class InvoiceList:
    """One page of invoices in the envelope that all answers share."""

    status: ResponseStatus
    """ How the request went, as the envelope of every answer tells it. """
    invoices: list[Invoice] | None
    """ The invoices of this page. Null or empty when there are none. """
    total_count: int | None | Unset = UNSET
    """ How many invoices there are on all pages together. Documented as a number and no
    more: take it as a hint, and stop at an empty page whatever it says.
     """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        status = self.status.to_dict()

        invoices: list[dict[str, Any]] | None
        if isinstance(self.invoices, list):
            invoices = []
            for invoices_type_0_item_data in self.invoices:
                invoices_type_0_item = invoices_type_0_item_data.to_dict()
                invoices.append(invoices_type_0_item)

        else:
            invoices = self.invoices

        total_count: int | None | Unset
        if isinstance(self.total_count, Unset):
            total_count = UNSET
        else:
            total_count = self.total_count

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "status": status,
                "invoices": invoices,
            }
        )
        if total_count is not UNSET:
            field_dict["total_count"] = total_count

        return {name: to_json(value) for name, value in field_dict.items()}

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.invoice import Invoice  # noqa: PLC0415
        from ..models.response_status import ResponseStatus  # noqa: PLC0415

        d = src_dict
        status = ResponseStatus.from_dict(d["status"])

        def _parse_invoices(data: object) -> list[Invoice] | None:
            if data is None:
                return data
            if not isinstance(data, list):
                raise TypeError()
            invoices_type_0 = []
            _invoices_type_0 = data
            for invoices_type_0_item_data in _invoices_type_0:
                invoices_type_0_item = Invoice.from_dict(invoices_type_0_item_data)

                invoices_type_0.append(invoices_type_0_item)

            return invoices_type_0

        invoices = _parse_invoices(d["invoices"])

        def _parse_total_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        total_count = _parse_total_count(d.get("total_count", UNSET))

        invoice_list = cls(
            status=status,
            invoices=invoices,
            total_count=total_count,
        )

        if len(d) > 2:
            known = (
                "status",
                "invoices",
                "total_count",
            )
            invoice_list.additional_properties = {key: value for key, value in d.items() if key not in known}
        return invoice_list

    @property
    def items(self) -> list[Invoice]:
        """The items of `invoices`. Empty if that is null or absent."""
        return self.invoices or []

    def __repr__(self) -> str:
        """Return the model on one line, with readable dates and amounts."""
        return to_repr(self)

    def _repr_html_(self) -> str:
        """Return what a notebook displays."""
        return to_html(self)


# Below the class, as models may refer to each other. Annotations name these.
from ..models.invoice import Invoice
from ..models.response_status import ResponseStatus

# attrs gave it a copy of the names that this module had by then.
InvoiceList.__init__.__globals__.update(globals())
