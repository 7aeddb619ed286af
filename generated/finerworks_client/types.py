"""Contains some shared types for properties"""

import datetime
import decimal
import reprlib
import sys
from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from typing import IO, Any, BinaryIO, Generic, Literal, TypeGuard, TypeVar

from attrs import define
from attrs import fields as _fields_of


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


MAX_ROWS = 25
"""How many rows a table has that a notebook displays, at most."""

_MAX_TEXT = 100
"""The longest value that is displayed, in characters."""

_SECRETS = frozenset({"account_key", "app_key", "web_api_key"})
"""Fields whose value is not displayed."""

_REPR = reprlib.Repr()
_REPR.maxstring = _MAX_TEXT
_REPR.maxlong = _MAX_TEXT
_REPR.maxother = _MAX_TEXT


def to_repr(model: Any) -> str:
    """Return a model on one line: amounts and dates as plain text, and no long value."""
    shown = ", ".join(f"{name}={_to_text(name, value)}" for name, value in _fields_with_values(model))
    return f"{type(model).__name__}({shown})"


def to_html(model: Any) -> str:
    """Return what a notebook displays for a model: a table, escaped, with at most `MAX_ROWS` items."""
    known = _fields_with_values(model)
    for name, items in known:
        if _is_list_of_models(items):
            others = [
                f"{other}={_to_text(other, value)}" for other, value in known if other != name and not _is_model(value)
            ]
            return to_html_table(" ".join([type(model).__name__, *others]), items)
    rows = [[name, _to_cell(name, value)] for name, value in known]
    return _write_table(type(model).__name__, ["field", "value"], rows)


def to_html_table(caption: str, models: list[Any]) -> str:
    """Return what a notebook displays for a list of models: a table with at most `MAX_ROWS` rows."""
    if not _is_list_of_models(models):
        return _write_table(caption, [], [])
    names = [field.name for field in _fields_of(type(models[0]))]
    columns = [name for name in names if name != "additional_properties"]
    rows = [[_to_cell(name, getattr(model, name)) for name in columns] for model in models[:MAX_ROWS]]
    if len(models) > MAX_ROWS:
        caption = f"{caption} (the first {MAX_ROWS} of {len(models)})"
    return _write_table(caption, columns, rows)


def _write_table(caption: str, columns: list[str], rows: list[list[str]]) -> str:
    from html import escape  # noqa: PLC0415 - only notebooks need it

    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    table = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return table.encode(errors="replace").decode()  # JSON can spell what cannot be written


def _fields_with_values(model: Any) -> list[tuple[str, Any]]:
    """Return the fields of a model that are set, with their values."""
    found = [(field.name, getattr(model, field.name)) for field in _fields_of(type(model))]
    return [
        (name, value)
        for name, value in found
        if not isinstance(value, Unset) and (value or name != "additional_properties")
    ]


def _to_text(name: str, value: Any) -> str:
    if name in _SECRETS and value is not None:
        return "[key]"
    if isinstance(value, decimal.Decimal):
        return _shorten(str(value))
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if _is_list_of_models(value):
        return f"[{len(value)} x {type(value[0]).__name__}]"
    if _is_model(value):
        return to_repr(value)
    return _REPR.repr(value)


def _to_cell(name: str, value: Any) -> str:
    if isinstance(value, str) and name not in _SECRETS:
        return _shorten(value)
    return "" if value is None or isinstance(value, Unset) else _to_text(name, value)


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."


def _is_model(value: Any) -> bool:
    return hasattr(type(value), "__attrs_attrs__")


def _is_list_of_models(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_model, value))


T = TypeVar("T")


@define
class Response(Generic[T]):
    """A response from an endpoint"""

    status_code: HTTPStatus
    content: bytes
    headers: MutableMapping[str, str]
    parsed: T | None


__all__ = ["UNSET", "File", "FileTypes", "RequestFiles", "Response", "Unset"]
__all__ += ["MAX_ROWS", "is_number", "to_decimal", "to_html", "to_html_table", "to_json", "to_repr"]
