"""Contains some shared types for properties"""

import decimal
import sys
from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from typing import IO, Any, BinaryIO, Generic, Literal, TypeGuard, TypeVar

from attrs import define


class Unset:
    def __bool__(self) -> Literal[False]:
        return False

    def __reduce__(self) -> str:
        """Pickle and copy UNSET by its name: `value is UNSET` holds for the copy too."""
        return "UNSET"


UNSET: Unset = Unset()

# The types that `httpx.Client(files=)` can accept, copied from that library.
FileContent = IO[bytes] | bytes | str
FileTypes = (
    # (filename, file (or bytes), content_type)
    tuple[str | None, FileContent, str | None]
    # (filename, file (or bytes), content_type, headers)
    | tuple[str | None, FileContent, str | None, Mapping[str, str]]
)
RequestFiles = list[tuple[str, FileTypes]]


@define
class File:
    """Contains information for file uploads"""

    payload: BinaryIO
    file_name: str | None = None
    mime_type: str | None = None

    def to_tuple(self) -> FileTypes:
        """Return a tuple representation that httpx will accept for multipart/form-data"""
        return self.file_name, self.payload, self.mime_type


def is_number(value: object) -> TypeGuard[int | float | decimal.Decimal]:
    """Return whether a value is a number of JSON. True and False are not."""
    return isinstance(value, (decimal.Decimal, float, int)) and not isinstance(value, bool)


def to_decimal(value: object) -> decimal.Decimal:
    """Return a JSON number as a decimal, with exactly its digits.

    A float is read from its shortest text: 19.99 becomes Decimal("19.99"), the number that was
    sent, and not the binary fraction 19.9899999999999984368... that the float holds.

    Raises:
        TypeError: The value is not a number.
        ValueError: The value is not finite.
    """
    if isinstance(value, decimal.Decimal):
        number = value
    elif isinstance(value, float):
        number = decimal.Decimal(float.__repr__(value))
    elif isinstance(value, int) and not isinstance(value, bool):
        number = decimal.Decimal(value)
    else:
        raise TypeError(f"expected a number, got {type(value).__name__}")
    if not number.is_finite():
        raise ValueError(f"expected a finite number, got {number}")
    return number


def to_json(value: Any) -> Any:
    """Return a value that json.dumps() accepts: each Decimal in it becomes an equal int or float.

    Raises:
        ValueError: Neither an int nor a float has all digits of a Decimal.
    """
    if isinstance(value, decimal.Decimal):
        return _to_json_number(value)
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value


def _to_json_number(value: decimal.Decimal) -> int | float:
    if value.is_finite():
        # Python refuses to write a longer int, and 1E+999999999 as an int would fill the memory.
        is_short = value.adjusted() < sys.int_info.default_max_str_digits
        if is_short and value == value.to_integral_value():
            return int(value)
        nearest = float(value)
        if decimal.Decimal(repr(nearest)) == value:
            return nearest
    raise ValueError(
        f"{str(value)[:60]} cannot be written as a JSON number: neither an int nor a float holds "
        "all its digits. Read the Decimal from the attribute of the model instead"
    )


T = TypeVar("T")


@define
class Response(Generic[T]):
    """A response from an endpoint"""

    status_code: HTTPStatus
    content: bytes
    headers: MutableMapping[str, str]
    parsed: T | None


__all__ = ["UNSET", "File", "FileTypes", "RequestFiles", "Response", "Unset"]
__all__ += ["is_number", "to_decimal", "to_json"]
