"""How a command reports an error: one or two lines, or JSON, and an exit status."""

import traceback
from collections.abc import Sequence
from typing import cast

import typer

from finerworks import errors
from finerworks.cli.json_text import json_object
from finerworks.cli.options import Session
from finerworks.cli.selection import SelectionError
from finerworks.cli.suggestions import suggest_command, suggest_option
from finerworks.exports import ExportError

__all__ = ["NAME", "report", "status_of"]

NAME = "finerworks"

GROUPED = [("invoices", command) for command in ("list", "export", "report")]
"""Commands of groups, which users may try without the name of the group."""


def status_of(error: Exception) -> int:
    """Return the exit status for an error (see `options.STATUSES`)."""
    match error:
        case typer.TyperException():
            return error.exit_code
        case errors.SettingsError() | ModuleNotFoundError():
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


def report(error: Exception, arguments: Sequence[str], session: Session) -> None:
    """Print an error on standard error: its message, and where to find help on usage.

    Args:
        error: The error.
        arguments: The command line.
        session: The state of the command.
    """
    if session.debug:
        traceback.print_exception(error)
    message = _message_of(error, arguments, session)
    if not message:
        # typer raises an error without a message after it printed the help of a group.
        return
    if _wants_json(arguments):
        typer.echo(json_object({"error": _members_of(error, message)}), err=True)
        return
    typer.echo(f"{NAME}: {message}", err=True)
    context = _context_of(error)
    if context:
        typer.echo(f"Try '{context.command_path} --help'.", err=True)


def _wants_json(arguments: Sequence[str]) -> bool:
    """Return whether --json is on the command line.

    The command line is not parsed for this, because it may be invalid.
    """
    own = list(arguments)
    if "--" in own:
        own = own[: own.index("--")]
    return "--json" in own


def _members_of(error: Exception, message: str) -> dict[str, object]:
    """Return an error as members of a JSON object."""
    kind = "UsageError" if isinstance(error, typer.TyperException) else type(error).__name__
    members: dict[str, object] = {"type": kind, "message": message, "exit_status": status_of(error)}
    if isinstance(error, errors.FinerWorksError):
        members["reference_id"] = error.reference_id
    if isinstance(error, errors.APIStatusError):
        members["http_status"] = error.status_code
    return members


def _message_of(error: Exception, arguments: Sequence[str], session: Session) -> str:
    if isinstance(error, typer.TyperException):
        return _message_of_usage(error, arguments)
    if isinstance(error, errors.FinerWorksError):
        error.hint = _hint_of(error, session)
        return str(error)
    is_expected = isinstance(error, OSError) or status_of(error) != 1
    if is_expected:
        return str(error)
    return (
        f"bug in finerworks: {type(error).__name__}: {error}. Run it with --debug for the traceback"
    )


def _hint_of(error: errors.FinerWorksError, session: Session) -> str:
    """Return what to do next, in the command's terms. The SDK's hints name Python arguments."""
    match error:
        case errors.AuthenticationError():
            return f"{error.diagnosis} {_advice_on_keys(session)}"
        case errors.PermissionDeniedError():
            return _advice_on_keys(session)
        case errors.APITimeoutError():
            return "Try again later."
        case errors.APIConnectionError():
            return f"Check the network, the proxy settings and the host {session.host}."
        case _:
            return error.hint


def _advice_on_keys(session: Session) -> str:
    return (
        f"The keys are those {session.keys_from}. Check that both are for the host {session.host}."
    )


def _message_of_usage(error: typer.TyperException, arguments: Sequence[str]) -> str:
    """Return the message of an error in the command line, with a suggestion."""
    # The classes of these errors are not public.
    option: object = getattr(error, "option_name", None)
    context = _context_of(error)
    is_unknown_option = hasattr(error, "possibilities")
    if is_unknown_option and isinstance(option, str) and context is not None:
        known = [name for parameter in context.command.params for name in parameter.opts]
        meant = suggest_option(option, [*known, "--help"])
        return f"{error.message}. Did you mean {meant}?" if meant else error.message
    message = error.format_message()
    if message.startswith("No such command") and "Did you mean" not in message:
        command = suggest_command(arguments, GROUPED)
        if command:
            return f"{message.rstrip('.')}. Did you mean '{NAME} {command}'?"
    return message


def _context_of(error: Exception) -> typer.Context | None:
    """Return the command that an error in the command line belongs to. None: there is none."""
    return cast("typer.Context | None", getattr(error, "ctx", None))
