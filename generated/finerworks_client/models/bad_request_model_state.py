from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import to_html, to_json, to_repr

T = TypeVar("T", bound="BadRequestModelState")


@_attrs_define
class BadRequestModelState:
    """What is wrong with the request, as lists of messages by the part concerned."""

    additional_properties: dict[str, list[str]] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        field_dict: dict[str, Any] = {}
        for prop_name, prop in self.additional_properties.items():
            field_dict[prop_name] = prop

        return {name: to_json(value) for name, value in field_dict.items()}

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = src_dict
        bad_request_model_state = cls()

        additional_properties = {}
        for prop_name, prop_dict in d.items():
            if prop_name in ():
                continue
            additional_property = cast(list[str], prop_dict)

            additional_properties[prop_name] = additional_property

        bad_request_model_state.additional_properties = additional_properties
        return bad_request_model_state

    def __repr__(self) -> str:
        """Return the model on one line, with readable dates and amounts."""
        return to_repr(self)

    def _repr_html_(self) -> str:
        """Return what a notebook displays."""
        return to_html(self)
