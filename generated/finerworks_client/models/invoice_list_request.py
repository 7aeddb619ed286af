from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, to_html, to_json, to_repr

T = TypeVar("T", bound="InvoiceListRequest")


@_attrs_define
class InvoiceListRequest:
    """Which page of invoices to give, and of which account."""

    per_page: int | Unset = 10
    """ How many invoices to give on one page, at most 25. """
    page_number: int | Unset = UNSET
    """ Which page to give. The first page is 1. """
    account_key: None | str | Unset = UNSET
    """ Whose invoices to list, for accounts that may read on behalf of others. For any other
    account the server ignores it and lists the account that the keys belong to. Leave it
    out, or null, where it is not needed.
     """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        per_page = self.per_page

        page_number = self.page_number

        account_key: None | str | Unset
        if isinstance(self.account_key, Unset):
            account_key = UNSET
        else:
            account_key = self.account_key

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if per_page is not UNSET:
            field_dict["per_page"] = per_page
        if page_number is not UNSET:
            field_dict["page_number"] = page_number
        if account_key is not UNSET:
            field_dict["account_key"] = account_key

        return {name: to_json(value) for name, value in field_dict.items()}

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = src_dict
        per_page = d.get("per_page", UNSET)

        page_number = d.get("page_number", UNSET)

        def _parse_account_key(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        account_key = _parse_account_key(d.get("account_key", UNSET))

        invoice_list_request = cls(
            per_page=per_page,
            page_number=page_number,
            account_key=account_key,
        )

        if len(d) > 0:
            known = (
                "per_page",
                "page_number",
                "account_key",
            )
            invoice_list_request.additional_properties = {key: value for key, value in d.items() if key not in known}
        return invoice_list_request

    def __repr__(self) -> str:
        """Return the model on one line, with readable dates and amounts."""
        return to_repr(self)

    def _repr_html_(self) -> str:
        """Return what a notebook displays."""
        return to_html(self)
