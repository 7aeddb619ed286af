from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, to_html, to_json, to_repr

T = TypeVar("T", bound="Failure")


@_attrs_define
class Failure:
    """An error in the plain shape."""

    message: str | Unset = UNSET
    """ What went wrong, in words. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        message = self.message

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if message is not UNSET:
            field_dict["message"] = message

        return {name: to_json(value) for name, value in field_dict.items()}

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = src_dict
        message = d.get("message", UNSET)

        failure = cls(
            message=message,
        )

        if len(d) > 0:
            known = ("message",)
            failure.additional_properties = {key: value for key, value in d.items() if key not in known}
        return failure

    def __repr__(self) -> str:
        """Return the model on one line, with readable dates and amounts."""
        return to_repr(self)

    def _repr_html_(self) -> str:
        """Return what a notebook displays."""
        return to_html(self)
