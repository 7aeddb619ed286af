from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, to_html, to_json, to_repr

T = TypeVar("T", bound="ResponseStatus")


@_attrs_define
class ResponseStatus:
    """How the request went, as the envelope of every answer tells it."""

    success: bool
    """ Whether the request was carried out. False can come with HTTP status 200. """
    status_code: int
    """ The API's own status code. Live answers have 200 here, the help page's sample has 100:
    go by `success`.
     """
    message: None | str | Unset = UNSET
    """ What went wrong, in words. Empty in a good answer. """
    debug: None | ResponseStatusDebugType0 | Unset = UNSET
    """ Details for FinerWorks' own use. Null in live answers. """
    reference_id: None | str | Unset = UNSET
    """ Names this answer. Quote it when you ask FinerWorks about a request. """
    domain: None | str | Unset = UNSET
    """ Documented as text and no more. Null in live answers. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.response_status_debug_type_0 import ResponseStatusDebugType0  # noqa: PLC0415

        success = self.success

        status_code = self.status_code

        message: None | str | Unset
        if isinstance(self.message, Unset):
            message = UNSET
        else:
            message = self.message

        debug: dict[str, Any] | None | Unset
        if isinstance(self.debug, Unset):
            debug = UNSET
        elif isinstance(self.debug, ResponseStatusDebugType0):
            debug = self.debug.to_dict()
        else:
            debug = self.debug

        reference_id: None | str | Unset
        if isinstance(self.reference_id, Unset):
            reference_id = UNSET
        else:
            reference_id = self.reference_id

        domain: None | str | Unset
        if isinstance(self.domain, Unset):
            domain = UNSET
        else:
            domain = self.domain

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "success": success,
                "status_code": status_code,
            }
        )
        if message is not UNSET:
            field_dict["message"] = message
        if debug is not UNSET:
            field_dict["debug"] = debug
        if reference_id is not UNSET:
            field_dict["reference_id"] = reference_id
        if domain is not UNSET:
            field_dict["domain"] = domain

        return {name: to_json(value) for name, value in field_dict.items()}

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.response_status_debug_type_0 import ResponseStatusDebugType0  # noqa: PLC0415

        d = src_dict
        success = d["success"]

        status_code = d["status_code"]

        def _parse_message(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        message = _parse_message(d.get("message", UNSET))

        def _parse_debug(data: object) -> None | ResponseStatusDebugType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            if not isinstance(data, dict):
                raise TypeError()
            debug_type_0 = ResponseStatusDebugType0.from_dict(data)

            return debug_type_0

        debug = _parse_debug(d.get("debug", UNSET))

        def _parse_reference_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        reference_id = _parse_reference_id(d.get("reference_id", UNSET))

        def _parse_domain(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        domain = _parse_domain(d.get("domain", UNSET))

        response_status = cls(
            success=success,
            status_code=status_code,
            message=message,
            debug=debug,
            reference_id=reference_id,
            domain=domain,
        )

        if len(d) > 2:
            known = (
                "success",
                "status_code",
                "message",
                "debug",
                "reference_id",
                "domain",
            )
            response_status.additional_properties = {key: value for key, value in d.items() if key not in known}
        return response_status

    def __repr__(self) -> str:
        """Return the model on one line, with readable dates and amounts."""
        return to_repr(self)

    def _repr_html_(self) -> str:
        """Return what a notebook displays."""
        return to_html(self)


# Below the class, as models may refer to each other. Annotations name these.
from ..models.response_status_debug_type_0 import ResponseStatusDebugType0

# attrs gave it a copy of the names that this module had by then.
ResponseStatus.__init__.__globals__.update(globals())
