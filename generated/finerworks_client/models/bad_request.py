from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, to_html, to_json, to_repr

T = TypeVar("T", bound="BadRequest")


@_attrs_define
class BadRequest:
    """An error in the shape of ASP.NET's model validation."""

    message: str | Unset = UNSET
    """ What went wrong, in words. """
    model_state: BadRequestModelState | Unset = UNSET
    """ What is wrong with the request, as lists of messages by the part concerned. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        message = self.message

        model_state: dict[str, Any] | Unset = UNSET
        if not isinstance(self.model_state, Unset):
            model_state = self.model_state.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if message is not UNSET:
            field_dict["Message"] = message
        if model_state is not UNSET:
            field_dict["ModelState"] = model_state

        return {name: to_json(value) for name, value in field_dict.items()}

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bad_request_model_state import BadRequestModelState  # noqa: PLC0415

        d = src_dict
        message = d.get("Message", UNSET)

        _model_state = d.get("ModelState", UNSET)
        model_state: BadRequestModelState | Unset
        if isinstance(_model_state, Unset):
            model_state = UNSET
        else:
            model_state = BadRequestModelState.from_dict(_model_state)

        bad_request = cls(
            message=message,
            model_state=model_state,
        )

        if len(d) > 0:
            known = (
                "Message",
                "ModelState",
            )
            bad_request.additional_properties = {key: value for key, value in d.items() if key not in known}
        return bad_request

    def __repr__(self) -> str:
        """Return the model on one line, with readable dates and amounts."""
        return to_repr(self)

    def _repr_html_(self) -> str:
        """Return what a notebook displays."""
        return to_html(self)


# Below the class, as models may refer to each other. Annotations name these.
from ..models.bad_request_model_state import BadRequestModelState

# attrs gave it a copy of the names that this module had by then.
BadRequest.__init__.__globals__.update(globals())
