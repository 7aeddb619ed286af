"""What becomes of a command: its exit status, and one or two lines for what went wrong."""

import contextlib
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import typer

from finerworks import errors
from finerworks.cli.app import app
from finerworks.cli.options import Session
from finerworks.cli.selection import SelectionError
from finerworks.exports import ExportError

__all__ = ["run"]

NAME = "finerworks"

_ENDING = [
    number for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None)) if number
]


def run(arguments: Sequence[str]) -> int:
    """Carry a command line out, and give its exit status; `options.STATUSES` says what they mean."""
    if arguments[:1] == ["sandbox"]:
        # As it is: typer would take the `--` out that a command follows.
        from finerworks.sandbox.__main__ import main  # noqa: PLC0415 - not needed for the rest

        return main(arguments[1:])
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(
            stream, "reconfigure", None
        ):  # not every terminal can show every character
            reconfigure(errors="backslashreplace")
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup and its like have it
            signal.signal(number, _end)
    session = Session()
    try:
        status = app(list(arguments), prog_name=NAME, standalone_mode=False, obj=session)
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # typer makes a 1 of it
            return 141
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        with contextlib.suppress(BrokenPipeError):
            _tell(error, debug=session.debug)
        return _status(error)
    if status == 130:  # what typer makes of Ctrl-C
        typer.echo(f"{NAME}: interrupted", err=True)
    return status if isinstance(status, int) else 0


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """Make of a signal what lets half-written files be removed, and let no further one break that off."""
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def _status(error: Exception) -> int:
    match error:
        case typer.TyperException():
            return error.exit_code
        case (
            errors.CredentialsError()
            | errors.AuthenticationError()
            | errors.PermissionDeniedError()
        ):
            return 3
        case (
            errors.ResponseValidationError()
            | errors.ListingChangedError()
            | ExportError()
            | SelectionError()
        ):
            return 5
        case errors.FinerWorksError():
            return 4
        case _:
            return 1


def _tell(error: Exception, *, debug: bool) -> None:
    """Say what went wrong, where, and what to do."""
    if debug:
        traceback.print_exception(error)
    told = error.format_message() if isinstance(error, typer.TyperException) else str(error)
    if _status(error) == 1 and not isinstance(error, (OSError, ModuleNotFoundError)):
        told = f"a fault of this program: {type(error).__name__}: {told}. --debug shows where"
    if told:  # typer shows the help of a group that is given nothing, and is done
        typer.echo(f"{NAME}: {told}", err=True)
    if told and (context := getattr(error, "ctx", None)):
        typer.echo(f"Try '{context.command_path} --help'.", err=True)
