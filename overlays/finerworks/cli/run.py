"""Running a command: its exit status, and one or two lines for an error."""

import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import typer

from finerworks import errors
from finerworks.cli import streams
from finerworks.cli.app import app
from finerworks.cli.options import Session
from finerworks.cli.selection import SelectionError
from finerworks.exports import ExportError

__all__ = ["run"]

NAME = "finerworks"

STOP_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if hasattr(signal, "SIGHUP"):  # Windows does not have it.
    STOP_SIGNALS.append(signal.SIGHUP)


def run(arguments: Sequence[str]) -> int:
    """Run a command line, and return its exit status (see `options.STATUSES`)."""
    if arguments[:1] == ["sandbox"]:
        # Not parsed by typer, which would remove the `--` in front of a command.
        from finerworks.sandbox.__main__ import main  # noqa: PLC0415 - other commands do not need it

        return main(arguments[1:])
    _escape_unprintable_output()
    _handle_stop_signals()
    session = Session()
    try:
        status = app(list(arguments), prog_name=NAME, standalone_mode=False, obj=session)
    except SystemExit as error:
        # typer turns a closed pipe into status 1.
        if isinstance(error.__context__, BrokenPipeError):
            return streams.BROKEN_PIPE
        raise
    except Exception as error:  # noqa: BLE001 - every error becomes a line and a status
        _report(error, debug=session.debug)
        return _status_of(error)
    if status == 130:  # typer's status after Ctrl-C
        typer.echo(f"{NAME}: interrupted", err=True)
    return status if isinstance(status, int) else 0


def _escape_unprintable_output() -> None:
    """Escape characters that the terminal's encoding does not have, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


def _handle_stop_signals() -> None:
    for number in STOP_SIGNALS:
        # A parent such as nohup may have set a signal to be ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    """Raise an exception for a signal, so that `finally` blocks remove incomplete files.

    Further signals are ignored, as they would interrupt the removal.
    """
    for stop_signal in STOP_SIGNALS:
        signal.signal(stop_signal, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def _status_of(error: Exception) -> int:
    match error:
        case typer.TyperException():
            return error.exit_code
        case errors.SettingsError():
            return 2
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


def _report(error: Exception, *, debug: bool) -> None:
    """Print an error on standard error: its message, and where to find help on usage."""
    if debug:
        traceback.print_exception(error)
    message = _message_of(error)
    if not message:
        # typer raises an error without a message after it printed the help of a group.
        return
    typer.echo(f"{NAME}: {message}", err=True)
    context = getattr(error, "ctx", None)
    if context:
        typer.echo(f"Try '{context.command_path} --help'.", err=True)


def _message_of(error: Exception) -> str:
    if isinstance(error, typer.TyperException):
        return error.format_message()
    is_expected = isinstance(error, (OSError, ModuleNotFoundError)) or _status_of(error) != 1
    if is_expected:
        return str(error)
    return (
        f"bug in finerworks: {type(error).__name__}: {error}. Run it with --debug for the traceback"
    )
