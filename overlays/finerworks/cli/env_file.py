"""The text of `--env-file` and of a profile: both keys and other settings.

python-dotenv parses the text, and skips lines that it cannot parse. Here, such a line is an error:
a key of another account could replace the one that was skipped. The text is decoded here, because
versions of python-dotenv differ in that. References to other variables are errors, too, because
their values would come from the environment.
"""

import codecs
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finerworks.cli.options import WrongUsageError
from finerworks.cli.variables import (
    ACCOUNT_KEY,
    APP_KEY,
    BASE_URL,
    LOG,
    VARIABLES,
    WEB_API_KEY,
    resemblance,
)
from finerworks.config import check_base_url
from finerworks.credentials import Secret, check_key
from finerworks.errors import CredentialsError
from finerworks.lazy import LazyModule

if TYPE_CHECKING:
    from dotenv import parser
else:
    parser = LazyModule("dotenv.parser")

__all__ = ["STANDARD_INPUT", "EnvFile", "parse_env_text", "read_env_file"]

STANDARD_INPUT = Path("-")
"""The argument that means standard input."""

_BOTH_KEYS = "Both keys must be in the file: keys of the environment are not used with it"

MAX_BYTES = 1 << 16
"""The maximum size of a file, in bytes. Parsing larger ones would take time."""

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

LINE_BREAK = re.compile(r"\r\n|\r|\n")

ONLY_A_COMMENT = re.compile(r"[^=]*=[^\S\r\n]+#")
"""A line with only a comment as its value. Older versions of python-dotenv return the comment."""

IN_SINGLE_QUOTES = re.compile(r"[^=]*=[^\S\r\n]*'")
"""A line with a value that a shell would use unchanged."""

ASSIGNMENT = re.compile(r"(\w+)\s*=")
"""The beginning of an assignment, anywhere in a value."""

REFERENCE = re.compile(r"\$[{(]|`")
"""The parts of other values that a shell would replace."""


@dataclass(frozen=True, kw_only=True)
class EnvFile:
    """The settings in a file. None: the file does not set it."""

    name: str
    """The name of the file in errors."""
    place: str
    """The name of the file in other messages."""
    web_api_key: Secret
    app_key: Secret
    account_key: Secret | None
    """The account to read. Empty: the account that the keys belong to."""
    base_url: str | None
    """The base URL. Empty: the default."""
    log: str | None
    """The level to log at. Empty: no logging."""


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A line of the form NAME=VALUE. The lines below it are part of it if a quote is open."""

    number: int
    name: str
    value: Secret
    text: Secret


def read_env_file(path: Path) -> EnvFile:
    """Return the settings in a file, or in standard input for ``-``. The environment is not read.

    Raises:
        WrongUsageError: The file cannot be read or decoded. Or a line cannot be parsed, has a name
            that is almost one of ours, or an invalid value; or two lines set a variable
            differently, or a key is missing. The message has the number of the line and the name
            of the variable, and never the value.
        CredentialsError: Both keys are missing.
    """
    name = f"--env-file {path}"
    try:
        data = _read(path)
    except OSError as error:
        raise WrongUsageError(f"{name} cannot be read: {error.strerror}") from error
    place = "standard input" if path == STANDARD_INPUT else str(path)
    return parse_env_text(data, name, place)


def _read(path: Path) -> bytes:
    """Return the bytes of a file, at most one more than are allowed."""
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def parse_env_text(data: bytes, name: str, place: str) -> EnvFile:
    """Return the settings in the text of a file.

    Args:
        data: The text.
        name: The name of the file in errors.
        place: The name of the file in other messages.

    Raises:
        WrongUsageError: See `read_env_file`.
        CredentialsError: Both keys are missing.
    """
    return _EnvTextReader(name, place).read(data)


class _EnvTextReader:
    """Reads the text of a file. Its errors name the file."""

    def __init__(self, name: str, place: str) -> None:
        self._name = name
        self._place = place

    def read(self, data: bytes) -> EnvFile:
        """Return the settings in the text."""
        lines = list(self._parse(self._decode(data)))
        self._check_names(lines)
        values = self._values_of(lines)
        web_api_key, app_key = self._keys_of(values)
        return EnvFile(
            name=self._name,
            place=self._place,
            web_api_key=web_api_key,
            app_key=app_key,
            account_key=values.get(ACCOUNT_KEY),
            base_url=values.get(BASE_URL),
            log=values.get(LOG),
        )

    def _decode(self, data: bytes) -> str:
        if len(data) > MAX_BYTES:
            raise self._error("is larger than 64 KiB: name a file that has only NAME=VALUE lines")
        try:
            return _decode(data)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(error.encoding)
            line = len(LINE_BREAK.findall(before)) + 1
            # Not chained: the UnicodeDecodeError contains the entire text, with the keys.
            raise self._error(
                f"is not a text file in UTF-8 (see line {line}): save it as UTF-8"
            ) from None

    def _parse(self, text: str) -> Iterator[_Line]:
        """Return the lines of a text, without comments and empty lines."""
        from dotenv.parser import parse_stream  # noqa: PLC0415 - only needed for --env-file

        for binding in parse_stream(io.StringIO(text)):
            line = _line_of(binding)
            is_blank = binding.key is None and not binding.error
            if is_blank:
                continue
            if binding.error or binding.value is None:
                raise self._error_at(line, f"not NAME=VALUE{_question(line.text)}")
            self._check_only_variable(line)
            yield line

    def _check_only_variable(self, line: _Line) -> None:
        """Check that a value does not contain another of our variables, which would be ignored."""
        variable = _variable_in(line.value)
        if variable:
            raise self._error_at(
                line,
                f"the value contains {variable}=: begin a line for it, and close the quotes before",
            )

    def _check_names(self, lines: list[_Line]) -> None:
        """Check that no line was probably meant to set one of our variables."""
        names = {line.name for line in lines}
        for line in lines:
            found = resemblance(line.name)
            if line.name in VARIABLES or found is None:
                continue
            if not line.name.isprintable():
                raise self._error_at(
                    line, f"the name has an invisible character{_question(line.name)} Type it anew"
                )
            if found.is_misspelled:
                raise self._error_at(line, f"the name is misspelled{_question(line.name)}")
            # If the file also sets FINERWORKS_APP_KEY, APP_KEY may belong to another program, and
            # FINERWORKS_APP_KEY_OLD may be an old key.
            variable = found.variables[0]
            if variable not in names:
                raise self._error_at(
                    line,
                    f"the name is not read{_question(line.name)} "
                    f"If it is meant for another program, add a line {variable}= as well",
                )

    def _values_of(self, lines: list[_Line]) -> dict[str, Secret]:
        """Return the values of our variables, checked."""
        first_lines = dict[str, _Line]()
        for line in lines:
            if line.name not in VARIABLES:
                continue
            try:
                _check_value(line)
            except ValueError as error:
                raise self._error_at(line, str(error).rstrip(".")) from error
            first = first_lines.setdefault(line.name, line)
            if first.value != line.value:
                raise self._error_at(line, f"{line.name} has another value in line {first.number}")
        return {name: line.value for name, line in first_lines.items()}

    def _keys_of(self, values: dict[str, Secret]) -> tuple[Secret, Secret]:
        """Return both keys."""
        web_api_key = values.get(WEB_API_KEY)
        app_key = values.get(APP_KEY)
        if not web_api_key and not app_key:
            raise CredentialsError(
                f"{self._name} sets neither {WEB_API_KEY} nor {APP_KEY}. {_BOTH_KEYS}"
            )
        if not web_api_key or not app_key:
            missing = APP_KEY if web_api_key else WEB_API_KEY
            raise self._error(f"does not set {missing}. {_BOTH_KEYS}")
        return web_api_key, app_key

    def _error_at(self, line: _Line, problem: str) -> WrongUsageError:
        return WrongUsageError(f"{self._name}, line {line.number}: {problem}")

    def _error(self, problem: str) -> WrongUsageError:
        return WrongUsageError(f"{self._name} {problem}")


def _decode(data: bytes) -> str:
    """Return the decoded text of a file, by its byte order mark, else as UTF-16 or UTF-8."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return data.removeprefix(mark).decode(encoding)
    # The first character of such a file is in ASCII: one of its two bytes is zero in UTF-16.
    if data[1:2] == b"\0":
        return data.decode("utf-16-le")
    if data[:1] == b"\0":
        return data.decode("utf-16-be")
    return data.decode("utf-8")


def _line_of(binding: "parser.Binding") -> _Line:
    """Return a line as python-dotenv parsed it."""
    original = binding.original.string
    text = original.lstrip()
    # python-dotenv counts from the first of the empty lines above.
    empty_lines = LINE_BREAK.findall(original.removesuffix(text))
    value = binding.value or ""
    if ONLY_A_COMMENT.match(text):
        value = ""
    return _Line(
        number=binding.original.line + len(empty_lines),
        name=binding.key or "",
        value=Secret(value),
        text=Secret(text),
    )


def _variable_in(value: str) -> str | None:
    """Return a variable that a value sets, as if it had a line of its own, or None."""
    for part in ASSIGNMENT.finditer(value):
        name = part.group(1)
        if name in VARIABLES:
            return name
    # After an unclosed quote, a name may be misspelled as well.
    for below in value.splitlines()[1:]:
        name, equal_sign, _ = below.partition("=")
        found = resemblance(name)
        if found and equal_sign:
            return found.variables[0]
    return None


def _question(text: str) -> str:
    """Return a question to add if a line was probably meant to set a variable."""
    name, _, _ = text.partition("=")
    found = resemblance(name) or resemblance(text)
    if not found:
        return ""
    return f". Did you mean {' or '.join(found.variables)}?"


def _check_value(line: _Line) -> None:
    """Check the value of one of our variables. An empty value counts as unset.

    Raises:
        ValueError: It is invalid. The message does not show it.
    """
    if not line.value:
        return
    if REFERENCE.search(line.value) and not IN_SINGLE_QUOTES.match(line.text):
        raise ValueError(
            f"{line.name} refers to something else, which is not read: "
            "write the value itself, in single quotes if it contains $ or `"
        )
    if line.name in (WEB_API_KEY, APP_KEY):
        check_key(line.name, line.value)
    elif not line.value.isprintable() or not line.value.strip():
        raise ValueError(f"{line.name} is blank, or has a character that cannot be seen")
    elif line.name == BASE_URL:
        check_base_url(
            line.name, line.value, allow_insecure_http=False, insecure_advice="use https://"
        )
    elif line.name == LOG and line.value.lower() not in ("debug", "info"):
        raise ValueError(f"{LOG} must be debug or info")
