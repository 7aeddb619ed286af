"""Whether an answer is what the contract says: one check, for every operation.

The generated models take what they are given: an amount may come as text, an id as a number. What
their fields are annotated with, though, is the contract. Those annotations are read once, made into
a check of decoded JSON, and run before generated code sees an answer. A new operation is checked
without a line written for it, and an error names the field.

A model's field and its name in JSON must be the same, which the contract's names are. What callers
pass is checked here too, as the generated code takes any number.
"""

import datetime as dt
import functools
import types
from collections.abc import Callable
from typing import cast, get_args, get_origin, get_type_hints

import attrs

from finerworks.errors import ResponseValidationError, reference
from finerworks_client import models
from finerworks_client.types import Unset

Check = Callable[[object], tuple[str, str] | None]
"""Gives None, or a path into an answer and what is wrong there."""


def whole_number(name: str, value: object, least: int, most: int | None = None) -> int:
    """Give back an argument that is a whole number in its range.

    Raises:
        ValueError: It is not; the message has the argument's name.
    """
    if type(value) is int and least <= value <= (value if most is None else most):
        return value
    raise ValueError(f"{name}= is a whole number from {least}{f' to {most}' if most else ''}, not {value!r}")


def fault(data: object, model: type) -> ResponseValidationError | None:
    """Check decoded JSON against a generated model.

    Args:
        data: What the JSON decoded to.
        model: A class of `finerworks_client.models`.

    Returns:
        None when it is what the model's fields say, else an error whose ``field`` has the path of
        the first value that is not. The value is not quoted.
    """
    if (wrong := _check(model)(data)) is None:
        return None
    path, said = wrong[0].removeprefix(".") or None, wrong[1]
    told = f"the answer breaks the contract: {path or 'it'} {said}"
    return ResponseValidationError(told, field=path, reference_id=reference(data))


@functools.cache
def _check(annotation: object) -> Check:
    """Make the check of one type, as the generator writes types in its models."""
    if annotation in _SCALARS:
        wrong, fits = ("", f"is not {_SCALARS[annotation][0]}"), _SCALARS[annotation][1]
        return lambda value: None if fits(value) else wrong
    if isinstance(annotation, type) and attrs.has(annotation):
        return _object(annotation)
    if get_origin(annotation) is list:
        return _list(_check(get_args(annotation)[0]))
    # A union: null and absent are the object's to judge. More than one other does not occur.
    (inner,) = (each for each in get_args(annotation) if each not in (types.NoneType, Unset))
    return _check(inner)


def _object(model: type) -> Check:
    """Check the fields of an object. It may have others: a server may add some at any time."""
    hints, absent = get_type_hints(model, localns=vars(models)), (None, ("", "is missing"))
    fields = [
        (each.name, _check(hint), types.NoneType in get_args(hint), absent[each.default is attrs.NOTHING])
        for each in attrs.fields(model)
        if each.init and (hint := hints[each.name])
    ]

    def check(value: object) -> tuple[str, str] | None:
        if not isinstance(value, dict):
            return "", "is not an object"
        given = cast(dict[str, object], value)
        for name, check_field, nullable, missing in fields:
            it = given.get(name, Unset)
            if wrong := missing if it is Unset else None if it is None and nullable else check_field(it):
                return f".{name}{wrong[0]}", wrong[1]
        return None

    return check


def _list(check_item: Check) -> Check:
    def check(value: object) -> tuple[str, str] | None:
        if not isinstance(value, list):
            return "", "is not a list"
        items = enumerate(cast(list[object], value))
        return next(((f"[{index}]{wrong[0]}", wrong[1]) for index, item in items if (wrong := check_item(item))), None)

    return check


def _is_moment(value: object) -> bool:
    try:
        # By itself, Python reads the offset of a date without a time as its time.
        return isinstance(value, str) and value[10:11] == "T" and bool(dt.datetime.fromisoformat(value))
    except ValueError:
        return False


_SCALARS: dict[object, tuple[str, Callable[[object], bool]]] = {
    str: ("text", lambda value: isinstance(value, str)),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number", lambda value: type(value) is int),
    # A Decimal is how the door marks a number that no float holds exactly, or that has no end.
    float: ("a finite number, held exactly", lambda value: type(value) in (int, float)),
    dt.datetime: ("a date and time in ISO 8601", _is_moment),
}
