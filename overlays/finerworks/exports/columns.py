"""A generated model as columns, read from its annotations, so that another listing needs no line here."""

import dataclasses
import datetime as dt
import functools
from decimal import Context, Decimal
from types import NoneType
from typing import cast, get_args, get_origin, get_type_hints

import attrs

from finerworks import money
from finerworks.errors import shorten
from finerworks.exports.files import ExportError
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
    "item_of",
    "split",
    "split_cells",
]

DIGITS, SCALE = 38, 4
"""Digits of an amount in Arrow and Parquet, and how many of them are decimals: SQL's money types have four."""

OFFSET = "_offset"
"""How the name of the column ends that has the offset of a date."""

Cell = str | Decimal | dt.datetime | int | bool | None
"""What a column holds."""


@dataclasses.dataclass(frozen=True)
class Column:
    """A field of a model, and what it holds: text, a `Decimal`, a `datetime`, an int or a bool, or None."""

    name: str
    kind: type[object]


@functools.cache
def columns(model: type) -> tuple[Column, ...]:
    """Give the columns of a generated model, in the contract's order. What holds a list or an object has none."""
    hints, found = get_type_hints(model, localns=vars(models)), list[Column]()
    for field in (each for each in attrs.fields(model) if each.init):
        hint = hints[field.name]
        (kind, *_) = [each for each in get_args(hint) if each not in (NoneType, Unset)] or [hint]
        if kind in (str, Decimal, dt.datetime, int, bool):
            found.append(Column(field.name, kind))
    return tuple(found)


def item_of(answer: str) -> type:
    """Give the model of the items that a model of an answer lists."""
    for hint in get_type_hints(getattr(models, answer), localns=vars(models)).values():
        for each in (hint, *get_args(hint)):
            if get_origin(each) is list:
                return cast(type, get_args(each)[0])
    raise TypeError(f"{answer} lists nothing")


def cells(model: type, item: object) -> list[Cell]:
    """Give what an item has in each of its model's columns, as it is: amounts as decimals, dates with their offset.

    Raises:
        ExportError: It is text that no encoding has characters for.
    """
    found = list[Cell]()
    for column in columns(model):
        value = getattr(item, column.name)
        if (
            isinstance(value, str)
            and not value.isascii()
            and any("\ud800" <= each <= "\udfff" for each in value)
        ):
            raise ExportError(f"{column.name} {value!r} holds half a character, which no file can")
        found.append(None if isinstance(value, Unset) else value)
    return found


def as_text(value: Cell) -> str:
    """Write a value: an amount with two decimals or more, a date as in ISO 8601, nothing for None."""
    if isinstance(value, Decimal):
        return money.text(value).replace(",", "")
    return (
        value.isoformat() if isinstance(value, dt.datetime) else "" if value is None else str(value)
    )


def split(model: type) -> tuple[Column, ...]:
    """Give a model's columns for what has no offset in its dates: at the end, a further column has it for each."""
    dates = (column for column in columns(model) if column.kind is dt.datetime)
    return (*columns(model), *(Column(column.name + OFFSET, str) for column in dates))


def split_cells(model: type, item: object) -> list[Cell]:
    """Give what an item has in the columns of `split`: dates as the server's wall clock had them, and the offset.

    Raises:
        ExportError: As `cells`, and for an amount of more than `SCALE` decimals, or of too many digits before them.
    """
    found, offsets = list[Cell](), list[Cell]()
    for column, value in zip(columns(model), cells(model, item), strict=True):
        if isinstance(value, Decimal) and value != value.quantize(_PLACES, context=_ROOM):
            told = (
                f"has more than {SCALE} decimals, or {DIGITS - SCALE} digits before them: use CSV"
            )
            raise ExportError(f"{column.name} {value} of {item_name(item)} {told}")
        moment = value if isinstance(value, dt.datetime) else None
        found.append(moment.replace(tzinfo=None) if moment else value)
        if column.kind is dt.datetime:
            offsets.append(
                moment.replace(microsecond=0).isoformat()[19:] or None if moment else None
            )
    return found + offsets


def item_name(item: object) -> str:
    """Name an item in a message: by its first text, as a terminal may show it."""
    return next(
        (shorten(value) for value in cells(type(item), item) if isinstance(value, str)), "an item"
    )


# What has no room becomes NaN, which nothing is equal to.
_PLACES, _ROOM = Decimal(1).scaleb(-SCALE), Context(prec=DIGITS, traps=[])
