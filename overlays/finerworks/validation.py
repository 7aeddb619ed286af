"""Whether a response matches the contract: one check for every operation.

The generated models accept any value, such as a number as an ID or a text as an amount. But the
annotations of their fields say what the contract allows. Those annotations are read once for each
model, and converted to a tree of `Kind`s, which check decoded JSON before generated code sees it. A
new operation needs no code here, unless its models have a new type.

A field of a model must have the same name in JSON, as all names of the contract do.
"""

# The types of values in lists and objects are what is checked here.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false

import datetime as dt
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from types import NoneType, UnionType
from typing import Protocol, Union, get_args, get_origin, get_type_hints, runtime_checkable

import attrs

from finerworks.errors import InvalidField
from finerworks_client import models
from finerworks_client.types import UNSET, Unset

MAX_INVALID_FIELDS = 20
"""The maximum number of invalid fields that an error lists."""

MAX_MAGNITUDE = 400
"""The maximum exponent of a number. The contract's numbers are doubles, which have at most 309
digits before the point and 324 after it."""

_INTEGER_LIMIT: int = 10**MAX_MAGNITUDE


def find_invalid_fields(data: object, model_name: str) -> tuple[InvalidField, ...]:
    """Check decoded JSON against a generated model.

    Args:
        data: The decoded JSON, with numbers that have a fraction as `decimal.Decimal`.
        model_name: The name of a class in `finerworks_client.models`.

    Returns:
        The invalid fields, at most `MAX_INVALID_FIELDS`. Empty if there are none. A problem
        never quotes a value.
    """
    kind = _kind_of_model(getattr(models, model_name))
    if kind.accepts(data):
        return ()
    return tuple(islice(kind.problems(data, ""), MAX_INVALID_FIELDS))


@runtime_checkable
class Kind(Protocol):
    """The rule for a value of decoded JSON."""

    def accepts(self, value: object) -> bool:
        """Return whether a value is valid, without finding the reason if it is not."""
        ...

    def problems(self, value: object, path: str) -> Iterator[InvalidField]:
        """Yield the invalid fields of a value.

        Args:
            value: The value.
            path: The path of the value, such as ``invoices[3].due_date``.
        """
        ...


def _mismatch(value: object, path: str, expected: str) -> InvalidField:
    if value is UNSET:
        return InvalidField(path, "is missing")
    return InvalidField(path, f"is not {expected}")


@dataclass(frozen=True)
class Scalar:
    """A value of one type.

    Attributes:
        type: Its type.
        expected: The type in words, for messages.
    """

    type: type
    expected: str

    def accepts(self, value: object) -> bool:
        """Return whether a value is of exactly this type: true and false are not integers."""
        return type(value) is self.type

    def problems(self, value: object, path: str) -> Iterator[InvalidField]:
        """Yield the invalid fields of a value."""
        if not self.accepts(value):
            yield _mismatch(value, path, self.expected)


class Number:
    """A finite number that an amount may have: not NaN, and not a million digits long."""

    def accepts(self, value: object) -> bool:
        """Return whether a value is such a number."""
        if type(value) is Decimal:
            return value.is_finite() and abs(value.adjusted()) <= MAX_MAGNITUDE
        if type(value) is int:
            return -_INTEGER_LIMIT < value < _INTEGER_LIMIT
        return False

    def problems(self, value: object, path: str) -> Iterator[InvalidField]:
        """Yield the invalid fields of a value."""
        if not self.accepts(value):
            yield _mismatch(value, path, "a finite number")


class DateTime:
    """A date with a time, in ISO 8601."""

    def accepts(self, value: object) -> bool:
        """Return whether a value is such a text."""
        if type(value) is not str:
            return False
        # fromisoformat() reads "2026-01-31-06:00", a date with an offset, as 06:00 on that day.
        if value[10:11] != "T":
            return False
        try:
            dt.datetime.fromisoformat(value)
        except ValueError:
            return False
        return True

    def problems(self, value: object, path: str) -> Iterator[InvalidField]:
        """Yield the invalid fields of a value."""
        if not self.accepts(value):
            yield _mismatch(value, path, "a date and time in ISO 8601")


@dataclass(frozen=True)
class ListOf:
    """A list whose items are all of one kind."""

    item: Kind

    def accepts(self, value: object) -> bool:
        """Return whether a value is a list of valid items."""
        if type(value) is not list:
            return False
        return all(map(self.item.accepts, value))

    def problems(self, value: object, path: str) -> Iterator[InvalidField]:
        """Yield the invalid fields of a value."""
        if not isinstance(value, list):
            yield _mismatch(value, path, "a list")
            return
        for index, item in enumerate(value):
            yield from self.item.problems(item, f"{path}[{index}]")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of an object.

    Attributes:
        name: Its name.
        kind: The rule for it, unless it is null or absent.
        nullable: Whether it may be null.
        required: Whether it must be present.
    """

    name: str
    kind: Kind
    nullable: bool
    required: bool


class Object:
    """An object with known fields. It may have others, because a server may add some at any time.

    Args:
        fields: The known fields.
    """

    def __init__(self, fields: list[Field]) -> None:
        self._fields = fields
        # Looked up once: `accepts` runs for every invoice.
        self._rules = [
            (field.name, field.kind.accepts, field.nullable, field.required) for field in fields
        ]

    def accepts(self, value: object) -> bool:
        """Return whether a value is an object with valid fields."""
        if type(value) is not dict:
            return False
        for name, accepts, nullable, required in self._rules:
            item = value.get(name, UNSET)
            if item is None:
                valid = nullable
            elif item is UNSET:
                valid = not required
            else:
                valid = accepts(item)
            if not valid:
                return False
        return True

    def problems(self, value: object, path: str) -> Iterator[InvalidField]:
        """Yield the invalid fields of a value."""
        if not isinstance(value, dict):
            yield _mismatch(value, path, "an object")
            return
        prefix = f"{path}." if path else ""
        for field in self._fields:
            item = value.get(field.name, UNSET)
            if item is None and field.nullable:
                continue
            if item is UNSET and not field.required:
                continue
            path_of_field = f"{prefix}{field.name}"
            yield from field.kind.problems(item, path_of_field)


_SCALARS: dict[object, Kind] = {
    str: Scalar(str, "text"),
    bool: Scalar(bool, "true or false"),
    int: Scalar(int, "an integer"),
    Decimal: Number(),
    dt.datetime: DateTime(),
}


@functools.cache
def _kind_of_model(model: type) -> Kind:
    """Return the rule for an object, from the annotations of a generated model."""
    annotations = get_type_hints(model)
    fields = [
        _field_of(attribute.name, annotations[attribute.name])
        for attribute in attrs.fields(model)
        if attribute.init
    ]
    return Object(fields)


def _field_of(name: str, annotation: object) -> Field:
    """Return a field, from an annotation as the generator writes it.

    A union combines a single type with null, with "absent", or with both. The contract has no other
    unions.
    """
    alternatives: tuple[object, ...] = (annotation,)
    if get_origin(annotation) in (Union, UnionType):
        alternatives = get_args(annotation)
    (expected,) = [each for each in alternatives if each is not NoneType and each is not Unset]
    return Field(
        name=name,
        kind=_kind_of(expected),
        nullable=NoneType in alternatives,
        required=Unset not in alternatives,
    )


def _kind_of(annotation: object) -> Kind:
    """Return the rule for a value, from an annotation without null and "absent"."""
    if isinstance(annotation, type) and attrs.has(annotation):
        return _kind_of_model(annotation)
    if get_origin(annotation) is list:
        (item,) = get_args(annotation)
        return ListOf(_kind_of(item))
    return _SCALARS[annotation]
