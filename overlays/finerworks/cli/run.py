"""Running a command, and its exit status."""

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import typer

from finerworks.cli import failures, streams
from finerworks.cli.app import app
from finerworks.cli.failures import NAME
from finerworks.cli.options import Session

__all__ = ["run"]

STOP_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if hasattr(signal, "SIGHUP"):  # Windows does not have it.
    STOP_SIGNALS.append(signal.SIGHUP)


def run(arguments: Sequence[str]) -> int:
    """Run a command line, and return its exit status (see `options.STATUSES`)."""
    if arguments[:1] == ["sandbox"]:
        # Not parsed by typer, which would remove the `--` in front of a command.
        from finerworks.sandbox.__main__ import main  # noqa: PLC0415 - other commands do not need it

        return main(arguments[1:], f"{NAME} sandbox")
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
        failures.report(error, arguments, session)
        return failures.status_of(error)
    if status == 130:  # typer's status after Ctrl-C
        typer.echo(f"{NAME}: interrupted", err=True)
    return status if isinstance(status, int) else 0


def _escape_unprintable_output() -> None:
    """Escape characters that the terminal's encoding does not support, instead of failing."""
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
