"""What is recorded about a JSON value: its type and form, but nothing of its content.

Everything that `FieldShape.to_json` returns is a count, one of the words in this module, or a UTC
offset.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

MAX_FRACTION_DIGITS = 20
"""The maximum number of fraction digits that are counted. Longer fractions count as ``more``."""

NO_OFFSET = "none"
OTHER = "another"
"""Replaces a word that is not in a list of known words."""

# [0-9], because \d also matches the digits of other scripts.
_DATE = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:(?P<separator>[T ])[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.(?P<fraction>[0-9]+))?)?"
    r"(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_OTHER_DATES = {
    "/Date(...)/": re.compile(r"/Date\(-?[0-9]+([+-][0-9]{4})?\)/"),
    "with slashes": re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}( .*)?"),
}
_FORMS = {"T": "date T time", " ": "date and time", None: "date alone"}
# The offsets that exist on earth.
_OFFSET = re.compile(r"Z|[+-](0[0-9]|1[0-4]):?(00|15|30|45)")
_NUMBER = re.compile(r"-?[0-9]+(\.(?P<fraction>[0-9]+))?(?P<exponent>[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_UNSET_DAY = "0001-01-01"
"""The form in which .NET writes a date that was never set."""


@dataclass(frozen=True)
class NumberLiteral:
    """A JSON number, with the characters that the server sent."""

    text: str

    def as_integer(self) -> int | None:
        """Return the number. None if it is not an integer, or a very large one."""
        return int(self.text) if _INTEGER.fullmatch(self.text) else None


def decode(content: bytes) -> object:
    """Return decoded JSON with each number as a `NumberLiteral`.

    Raises:
        ValueError: It is not JSON.
    """
    try:
        data: object = json.loads(
            content,
            parse_float=NumberLiteral,
            parse_int=NumberLiteral,
            parse_constant=_reject_constant,
        )
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return data


def _reject_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def json_type(value: object) -> str:
    """Return the name of a value's type in JSON, decoded here or by the SDK."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case NumberLiteral() | int() | Decimal():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case _:
            return "object"


def texts_of(data: object) -> Iterator[str]:
    """Yield every text and every number in decoded JSON."""
    # Not recursive: JSON may be nested deeper than Python functions can be.
    remaining = [data]
    while remaining:
        value = remaining.pop()
        match value:
            case str():
                yield value
            case NumberLiteral():
                yield value.text
            case list():
                remaining.extend(cast("list[object]", value))
            case dict():
                remaining.extend(cast("dict[str, object]", value).values())
            case _:
                pass


def wall_clock(value: object) -> str | None:
    """Return a date without its offset, in a form that sorts by time. None if it is not a date."""
    if not isinstance(value, str):
        return None
    date = _DATE.fullmatch(value)
    if date is None or date["day"] == _UNSET_DAY:
        return None
    return value.removesuffix(date["offset"] or "").replace(" ", "T")


def has_offset(value: object) -> bool | None:
    """Return whether a date with a time has an offset. None if it is no such date, or not set."""
    if not isinstance(value, str):
        return None
    date = _DATE.fullmatch(value)
    if date is None or date["separator"] is None or date["day"] == _UNSET_DAY:
        return None
    return date["offset"] is not None


@dataclass
class DateShape:
    """The forms of a field's dates, counted."""

    forms: Counter[str] = field(default_factory=Counter[str])
    offsets: Counter[str] = field(default_factory=Counter[str])
    fraction_digits: Counter[str] = field(default_factory=Counter[str])
    unset: int = 0

    def add(self, text: str) -> bool:
        """Count a text if it is a date. Return whether it is one."""
        for form, pattern in _OTHER_DATES.items():
            if pattern.fullmatch(text):
                self.forms[form] += 1
                return True
        date = _DATE.fullmatch(text)
        if date is None:
            return False
        self.forms[_FORMS[date["separator"]]] += 1
        if date["day"] == _UNSET_DAY:
            self.unset += 1
        elif date["separator"] is not None:
            self.offsets[_known_offset(date["offset"])] += 1
            self.fraction_digits[_count_digits(date["fraction"])] += 1
        return True

    def to_json(self) -> dict[str, object]:
        """Return the counts."""
        return {
            "forms": _sorted(self.forms),
            "offsets": _sorted(self.offsets),
            "fraction_digits": _sorted(self.fraction_digits),
            "unset": self.unset,
        }


@dataclass
class NumberShape:
    """The forms of a field's numbers, counted. A number may also be the content of a text."""

    fraction_digits: Counter[str] = field(default_factory=Counter[str])
    with_exponent: int = 0
    in_text: int = 0

    def add(self, text: str, *, is_text: bool) -> None:
        """Count a number, or a text if it is one."""
        number = _NUMBER.fullmatch(text)
        if number is None:
            return
        self.fraction_digits[_count_digits(number["fraction"])] += 1
        self.with_exponent += number["exponent"] is not None
        self.in_text += is_text

    def to_json(self) -> dict[str, object]:
        """Return the counts."""
        return {
            "fraction_digits": _sorted(self.fraction_digits),
            "with_exponent": self.with_exponent,
            "in_text": self.in_text,
        }


@dataclass
class FieldShape:
    """The values that a field has, counted."""

    present: int = 0
    null: int = 0
    empty: int = 0
    types: Counter[str] = field(default_factory=Counter[str])
    numbers: NumberShape = field(default_factory=NumberShape)
    dates: DateShape = field(default_factory=DateShape)

    def add(self, value: object) -> None:
        """Count a value."""
        self.present += 1
        if value is None:
            self.null += 1
            return
        self.types[json_type(value)] += 1
        if value in ("", [], {}):
            self.empty += 1
        elif isinstance(value, NumberLiteral):
            self.numbers.add(value.text, is_text=False)
        elif isinstance(value, str) and not self.dates.add(value):
            self.numbers.add(value, is_text=True)

    def to_json(self, objects: int) -> dict[str, object]:
        """Return the counts. Counts of dates and numbers are left out if there are none.

        Args:
            objects: The number of objects that may have the field.
        """
        shape: dict[str, object] = {
            "present": self.present,
            "absent": objects - self.present,
            "null": self.null,
            "empty": self.empty,
            "types": _sorted(self.types),
        }
        if self.dates.forms:
            shape["dates"] = self.dates.to_json()
        if self.numbers.fraction_digits:
            shape["numbers"] = self.numbers.to_json()
        return shape


def _known_offset(offset: str | None) -> str:
    if offset is None:
        return NO_OFFSET
    return offset if _OFFSET.fullmatch(offset) else OTHER


def _count_digits(fraction: str | None) -> str:
    count = len(fraction or "")
    return str(count) if count <= MAX_FRACTION_DIGITS else "more"


def _sorted(counter: Counter[str]) -> dict[str, int]:
    """Return the counts in the order of their names, so that the same responses give one file."""
    return dict(sorted(counter.items()))
