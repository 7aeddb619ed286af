"""Where the result of a command goes: a file, or standard output."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, Literal

from finerworks import exports
from finerworks.cli.options import WrongUsageError
from finerworks.cli.output import buffered_output
from finerworks.cli.session import existing_file_as_wrong_usage
from finerworks.exports import whole_file

__all__ = [
    "STANDARD_OUTPUT",
    "check_extension_of_report",
    "check_terminal",
    "choose_target",
    "export_format",
    "is_standard_output",
    "list_format",
    "open_target",
    "target_path",
]

STANDARD_OUTPUT = Path("-")
"""The argument that means standard output."""

BINARY_FORMATS = ("parquet", "xlsx")
"""Formats that a terminal cannot show."""

BINARY_EXTENSIONS = {".ods", ".parquet", ".pdf", ".xls", ".xlsx"}
TEXT_EXTENSIONS = {".csv", ".html", ".json", ".jsonl", ".txt"}
"""Extensions by which programs choose how to read a file."""

ListFormat = Literal["table", "json", "jsonl", "csv"]

LIST_FORMATS: dict[str, ListFormat] = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".txt": "table",
}
"""The format of a list by the extension of its file."""


def is_standard_output(target: Path | None) -> bool:
    """Return whether the result goes to standard output."""
    return target is None or target == STANDARD_OUTPUT


def list_format(given: ListFormat | None, target: Path | None, *, as_json: bool) -> ListFormat:
    """Return the format of a list, from --format, --json, or the extension of its file.

    Raises:
        WrongUsageError: Two of them are given and differ, or the extension is unknown.
    """
    if as_json and given not in (None, "json"):
        raise WrongUsageError(f"--json and --format {given} are two formats: omit one of them")
    if as_json:
        return "json"
    if given is not None:
        return given
    if target is None or target == STANDARD_OUTPUT:
        return "table"
    extension = target.suffix.lower()
    if extension not in LIST_FORMATS:
        problem = "has an unknown extension" if extension else "has no extension"
        raise WrongUsageError(
            f"{target} {problem}: set --format to one of table, json, jsonl, csv. "
            "For other kinds of files, use 'finerworks invoices export'"
        )
    return LIST_FORMATS[extension]


def export_format(target: Path, given: str | None) -> str:
    """Return the format of an export, from --format, else from the extension of its file.

    Raises:
        WrongUsageError: Neither specifies the format, or the extension is that of another kind of
            file.
    """
    if given is not None:
        _check_extension(target, given)
    try:
        return exports.file_format(target, given)
    except ValueError as error:
        if target == STANDARD_OUTPUT:
            known = ", ".join(exports.FORMATS)
            message = f"standard output has no extension: set --format to one of {known}"
        else:
            message = f"{exports.extension_problem(target)}, or set --format"
        raise WrongUsageError(message) from error


def _check_extension(target: Path, given_format: str) -> None:
    """Check that programs which choose by the extension how to read a file can read it.

    Raises:
        WrongUsageError: The extension is that of another kind of file.
    """
    others = BINARY_EXTENSIONS
    if given_format in BINARY_FORMATS:
        others = BINARY_EXTENSIONS | TEXT_EXTENSIONS
    own = f".{given_format}"
    extension = target.suffix.lower()
    if extension != own and extension in others:
        raise WrongUsageError(
            f"{target} does not end in {own}, which --format {given_format} writes: name it "
            f"{target.with_suffix(own)}"
        )


def check_extension_of_report(target: Path) -> None:
    """Check that a browser can open a report.

    Raises:
        WrongUsageError: The file's name does not end in .html.
    """
    if target != STANDARD_OUTPUT and target.suffix.lower() not in {".html", ".htm"}:
        raise WrongUsageError(f"{target} must end in .html, so that a browser opens it")


def choose_target(file: Path | None, output: Path | None) -> Path:
    """Return the file to write, from the argument or from --output.

    Raises:
        WrongUsageError: Neither or both are given.
    """
    if file is not None and output is not None:
        raise WrongUsageError("the file is named twice: omit FILE, or --output")
    target = output if file is None else file
    if target is None:
        raise WrongUsageError(
            "Missing argument 'FILE': name the file to write, or - for standard output"
        )
    return target


def check_terminal(target: Path, file_format: str) -> None:
    """Check that no binary file goes to a terminal.

    Raises:
        WrongUsageError: The file would go to a terminal.
    """
    if target == STANDARD_OUTPUT and file_format in BINARY_FORMATS and sys.stdout.isatty():
        raise WrongUsageError(
            f"a terminal cannot show {file_format}: name a file, or redirect standard output"
        )


@contextlib.contextmanager
def open_target(target: Path | None, *, overwrite: bool) -> Generator[BinaryIO]:
    """Yield a file to write to. Its content appears when the `with` block ends.

    Args:
        target: The file. None, and `STANDARD_OUTPUT`: standard output.
        overwrite: Whether to replace an existing file.
    """
    if target is None or target == STANDARD_OUTPUT:
        with buffered_output() as file:
            yield file
        return
    with existing_file_as_wrong_usage(target), whole_file(target, overwrite=overwrite) as file:
        yield file


@contextlib.contextmanager
def target_path(target: Path) -> Generator[Path]:
    """Yield the path of a file to write: the target, or a temporary file.

    The temporary file goes to standard output when the `with` block ends.
    """
    if target != STANDARD_OUTPUT:
        with existing_file_as_wrong_usage(target):
            yield target
        return
    with buffered_output() as output, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output"
        yield path
        with path.open("rb") as file:
            shutil.copyfileobj(file, output)
