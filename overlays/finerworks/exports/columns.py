"""The columns of a generated model, which are read from its annotations."""

import dataclasses
import datetime as dt
import functools
import re
from decimal import Context, Decimal
from types import NoneType
from typing import cast, get_args, get_origin, get_type_hints

import attrs

from finerworks import money
from finerworks.errors import shorten
from finerworks.exports.errors import ExportError
from finerworks_client import models
from finerworks_client.types import Unset

__all__ = [
    "DIGITS",
    "OFFSET",
    "SCALE",
    "Cell",
    "Column",
    "as_text",
    "cells",
    "columns",
    "item_name",
    "item_of",
    "split",
    "split_cells",
]

DIGITS = 38
"""Digits of an amount in Arrow and Parquet."""

SCALE = 4
"""Decimals of an amount in Arrow and Parquet, as many as in the money types of SQL databases."""

OFFSET = "_offset"
"""Suffix of the column with the UTC offset of a date."""

Cell = str | Decimal | dt.date | int | bool | None
"""The value of one column of one item. A `datetime` is a `date` too."""

# A quantized amount that exceeds DIGITS becomes NaN, which is not equal to anything.
_PLACES = Decimal(1).scaleb(-SCALE)
_ARROW = Context(prec=DIGITS, traps=[])

# Integers are int64 in Arrow and Parquet.
_INTEGER_LIMIT = 2**63

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclasses.dataclass(frozen=True)
class Column:
    """A field of a model. `kind` is str, Decimal, date, datetime, int or bool."""

    name: str
    kind: type[object]
    can_be_empty: bool = True
    """Whether the value may be None, or not set."""


_KINDS = (str, Decimal, dt.date, dt.datetime, int, bool)


@functools.cache
def columns(model: type) -> tuple[Column, ...]:
    """Return the columns of a model, in the order of its fields.

    Fields with a list or an object have no column.
    """
    hints = get_type_hints(model, localns=vars(models))
    found = list[Column]()
    for field in attrs.fields(model):
        if not field.init:
            continue
        hint = hints[field.name]
        kind = _without_none(hint)
        if isinstance(kind, type) and kind in _KINDS:
            found.append(Column(field.name, kind, can_be_empty=kind is not hint))
    return tuple(found)


def _without_none(hint: object) -> object:
    """Return the type of a value that is set: `str` for `str | None | Unset`."""
    for kind in get_args(hint):
        if kind not in (NoneType, Unset):
            return kind
    return hint


def item_of(response: str) -> type:
    """Return the model of the listed items. `response` is the name of the model of a response.

    Raises:
        TypeError: The response has no list.
    """
    hints = get_type_hints(getattr(models, response), localns=vars(models))
    for hint in hints.values():
        for candidate in (hint, *get_args(hint)):
            if get_origin(candidate) is list:
                return cast(type, get_args(candidate)[0])
    raise TypeError(f"{response} has no list")


def cells(model: type, item: object) -> list[Cell]:
    """Return the values of an item, one for each of the model's columns.

    Amounts are exact decimals. Dates have their offset, if the server sent one.

    Raises:
        ExportError: A text cannot be encoded, because it contains a lone surrogate.
    """
    found = list[Cell]()
    for column in columns(model):
        value = getattr(item, column.name)
        if isinstance(value, str):
            _check_text(column, value, item)
        found.append(None if isinstance(value, Unset) else value)
    return found


def _check_text(column: Column, text: str, item: object) -> None:
    surrogate = _SURROGATE.search(text)
    if surrogate:
        raise ExportError(
            f"{column.name} of {item_name(item)} has a lone surrogate, "
            f"U+{ord(surrogate[0]):04X}, which no file can hold: leave this item out"
        )


def as_text(value: Cell) -> str:
    """Return a value as text.

    An amount has at least two decimals, a date is in ISO 8601, and None is an empty text.
    """
    match value:
        case None:
            return ""
        case Decimal():
            return money.text(value).replace(",", "")
        case dt.date():
            return value.isoformat()
        case _:
            return str(value)


def split(model: type) -> tuple[Column, ...]:
    """Return the columns of a model for formats that store dates without a UTC offset.

    The offset of each date has its own column, after all other columns.
    """
    offsets = [
        Column(column.name + OFFSET, str) for column in columns(model) if column.kind is dt.datetime
    ]
    return (*columns(model), *offsets)


def split_cells(model: type, item: object) -> list[Cell]:
    """Return the values of an item, one for each of the columns of `split`.

    Dates are in the server's local time. The offset is None if the server sent none.

    Raises:
        ExportError: See `cells`. Or an amount has more than `SCALE` decimals, or more than
            `DIGITS - SCALE` digits before the decimal point. Or an integer exceeds 64 bits.
    """
    found = list[Cell]()
    offsets = list[Cell]()
    for column, value in zip(columns(model), cells(model, item), strict=True):
        match value:
            case Decimal():
                found.append(_with_scale(column, value, item))
            case int():
                _check_integer(column, value, item)
                found.append(value)
            case dt.datetime():
                found.append(value.replace(tzinfo=None))
            case _:
                found.append(value)
        if column.kind is dt.datetime:
            offsets.append(_offset(value) if isinstance(value, dt.datetime) else None)
    return found + offsets


def _with_scale(column: Column, amount: Decimal, item: object) -> Decimal:
    """Return an equal amount with `SCALE` decimals. Arrow cannot read every form of zero."""
    scaled = amount.quantize(_PLACES, context=_ARROW)
    if amount != scaled:
        raise ExportError(
            f"{column.name} {amount} of {item_name(item)} has more than {SCALE} decimals, "
            f"or more than {DIGITS - SCALE} digits before them: use CSV"
        )
    return scaled


def _check_integer(column: Column, number: int, item: object) -> None:
    if not -_INTEGER_LIMIT <= number < _INTEGER_LIMIT:
        raise ExportError(f"{column.name} {number} of {item_name(item)} exceeds 64 bits: use CSV")


def _offset(moment: dt.datetime) -> str | None:
    """Return the UTC offset of a date, such as ``-06:00``. None if it has none."""
    text = moment.replace(microsecond=0).isoformat()
    return text[len("2026-01-31T00:00:00") :] or None


def item_name(item: object) -> str:
    """Return the first text that all items of its kind have, shortened for a message."""
    model: type = type(item)
    for column in columns(model):
        value = getattr(item, column.name)
        if isinstance(value, str) and not column.can_be_empty:
            return shorten(value) or "an item without a name"
    return "an item"
