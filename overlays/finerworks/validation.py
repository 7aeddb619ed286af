"""Whether an answer is what the contract says: one check, for every operation.

The generated models take what they are given: an amount may come as text, an id as a number. What
their fields are annotated with, though, is the contract. Those annotations are read once, made into
a check of decoded JSON, and run before generated code sees an answer. A new operation is checked
without a line written for it, and an error names the field.

A model's field and its name in JSON must be the same, which the contract's names are.
"""

import contextlib
import datetime as dt
import functools
from collections.abc import Callable
from decimal import Decimal
from types import NoneType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import attrs

from finerworks.errors import ResponseValidationError, reference
from finerworks_client import models
from finerworks_client.types import Unset

Check = Callable[[Any], tuple[str, str] | None]
"""Takes a value of the type that it is for. Gives None, or a path into it and what is wrong there."""


class Kind(NamedTuple):
    """What a value is to be.

    Attributes:
        said: In words.
        looks: The types that it may have in decoded JSON, each with what checks it further.
        quick: What says in one expression, of the value in the place of ``{0}``, that it is right; or nothing.
        fits: The same as a function, of an object. It may also raise where the object is wrong.
    """

    said: str
    looks: dict[type[object], Check | None]
    quick: str = "False"
    fits: Callable[[Any], object] = lambda _: False


def fault(data: object, model: type | str) -> ResponseValidationError | None:
    """Check decoded JSON against a generated model.

    Args:
        data: What the JSON decoded to.
        model: A class of `finerworks_client.models`, or its name.

    Returns:
        None when it is what the model's fields say, else an error whose ``field`` has the path of
        the first value that is not. The value is not quoted.
    """
    if (wrong := _check(getattr(models, model) if isinstance(model, str) else model)(data)) is None:
        return None
    path, said = wrong[0].removeprefix(".") or None, wrong[1]
    told = f"the answer breaks the contract: {path or 'it'} {said}"
    return ResponseValidationError(told, field=path, reference_id=reference(data))


@functools.cache
def _check(model: type) -> Check:
    check, wrong = _kind(model).looks[dict] or _wrong(""), _wrong("an object")
    return lambda value: (check if isinstance(value, dict) else wrong)(value)


def _wrong(said: str) -> Check:
    return lambda value: ("", "is missing" if value is Unset else f"is not {said}")


def _kind(annotation: object) -> Kind:
    """Read one type, as the generator writes types in its models."""
    if isinstance(annotation, type) and attrs.has(annotation):
        return _object(annotation)
    if get_origin(annotation) is list:
        return Kind("a list", {list: _list(_kind(get_args(annotation)[0]))})
    if args := get_args(
        annotation
    ):  # a union, of null and of what is absent with one other: more does not occur
        (kind,) = (_kind(each) for each in args if each not in (NoneType, Unset))
        quick = f"({{0}} is None or {kind.quick})" if NoneType in args else kind.quick
        return kind._replace(
            looks=kind.looks | ({NoneType: None} if NoneType in args else {}), quick=quick
        )
    return _SCALARS[annotation]


def _object(model: type) -> Kind:
    """Check the fields of an object. It may have others: a server may add some at any time."""
    hints, fields, quick = (
        get_type_hints(model, localns=vars(models)),
        list[_Field](),
        ["type(d) is dict"],
    )
    for each in (it for it in attrs.fields(model) if it.init):
        kind, needed = _kind(hints[each.name]), each.default is attrs.NOTHING
        fields.append(
            (each.name, kind.looks if needed else {**kind.looks, type: None}, _wrong(kind.said))
        )
        quick.append(kind.quick.format(f"d[{each.name!r}]") if needed else "False")

    def check(value: dict[str, object]) -> tuple[str, str] | None:
        get = value.get
        for name, looks, otherwise in fields:
            it = get(name, Unset)
            if (look := looks.get(type(it), otherwise)) and (wrong := look(it)):
                return f".{name}{wrong[0]}", wrong[1]
        return None

    # As attrs writes its methods, and for the same reason: it is called for every invoice.
    fits = eval(f"lambda d: {' and '.join(quick)}", _NAMES)  # noqa: S307
    return Kind("an object", {dict: check}, fits=fits)


_Field = tuple[str, dict[type[object], Check | None], Check]


def _list(kind: Kind) -> Check:
    fits, looks, otherwise = kind.fits, kind.looks, _wrong(kind.said)

    def check(value: list[object]) -> tuple[str, str] | None:
        with contextlib.suppress(KeyError, ValueError):
            if all(map(fits, value)):
                return None
        for index, it in enumerate(value):
            if (look := looks.get(type(it), otherwise)) and (wrong := look(it)):
                return f"[{index}]{wrong[0]}", wrong[1]
        return None

    return check


def _moment(value: str) -> tuple[str, str] | None:
    try:
        # By itself, Python reads the offset of a date without a time as its time.
        dt.datetime.fromisoformat(value if value[10:11] == "T" else "")
    except ValueError:
        return _wrong(_SCALARS[dt.datetime].said)(value)
    return None


MOST_DIGITS = 308
"""Digits before the point, or zeros after it, that a number may have: those of a float.

1E+999999999999 is a short number on the wire, and as text it fills the memory.
"""


def _in_range(value: Decimal) -> bool:
    return value.is_finite() and abs(value.adjusted()) <= MOST_DIGITS


def _number(value: Decimal) -> tuple[str, str] | None:
    return None if _in_range(value) else _wrong(_SCALARS[Decimal].said)(value)


_NAMES = {"moment": dt.datetime.fromisoformat, "Decimal": Decimal, "number": _in_range}

_SCALARS: dict[object, Kind] = {
    str: Kind("text", {str: None}, "type({0}) is str"),
    bool: Kind("true or false", {bool: None}, "type({0}) is bool"),
    int: Kind("a whole number", {int: None}, "type({0}) is int"),
    Decimal: Kind(
        "a finite number",
        {int: None, Decimal: _number},
        "(type({0}) is int or type({0}) is Decimal and number({0}))",
    ),
    dt.datetime: Kind(
        "a date and time in ISO 8601",
        {str: _moment},
        "type({0}) is str and {0}[10:11] == 'T' and moment({0})",
    ),
}
