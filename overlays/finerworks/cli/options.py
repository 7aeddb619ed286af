"""The options that commands share, and how they are parsed.

`--help` imports this module, so it imports nothing that takes time.
"""

import dataclasses
import datetime as dt
import os
from pathlib import Path
from typing import Annotated

import typer

from finerworks import dates
from finerworks.cli.selection import Selection

__all__ = [
    "EXIT_STATUSES",
    "STATUSES",
    "AccountKey",
    "AsOf",
    "Consistent",
    "Debug",
    "EnvFile",
    "Json",
    "Limit",
    "NoColor",
    "Output",
    "Overdue",
    "Overwrite",
    "PastDue",
    "Profile",
    "Quiet",
    "Session",
    "Since",
    "Until",
    "Verbose",
    "WithAccount",
    "WrongUsageError",
    "check_account_key",
    "read_selection",
]

EXIT_STATUSES = {
    "0": "success",
    "1": "a file or the output could not be written, or a bug in this program",
    "2": "wrong usage, a setting that cannot be used, a missing extra, or the file exists already",
    "3": "missing or rejected credentials",
    "4": "API or network failure",
    "5": "the response broke the contract, or the listing changed while it was read",
    "130": "interrupted",
    "141": "the reader of the output closed it",
    "129 or 143": "terminated",
}
"""The meaning of each exit status."""

_MEANINGS = "; ".join(f"{status} {meaning}" for status, meaning in EXIT_STATUSES.items())
STATUSES = f"Exit status: {_MEANINGS}."


class WrongUsageError(typer.TyperException):
    """The command line requests something impossible. Nothing was sent or written."""

    exit_code = 2


@dataclasses.dataclass
class Session:
    """Options that apply to the entire command."""

    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    profile: str | None = None
    summarized: bool = False
    """Whether the command prints the host and the account itself, in a summary for programs."""
    keys_from: str = ""
    """Where the keys come from, such as "in the environment". Empty: not known yet."""
    host: str = ""
    """The base URL that the keys go to. Empty: not known yet."""


def _disable_color(value: bool) -> None:  # noqa: FBT001 - typer passes it by position
    if value:
        # rich, which draws the table and the help, reads it.
        os.environ["NO_COLOR"] = "1"


EnvFile = Annotated[
    Path | None,
    typer.Option(
        help=(
            "File with NAME=VALUE lines, or - for standard input. Both keys are read from it, and "
            "none from the environment."
        ),
        exists=True,
        dir_okay=False,
        allow_dash=True,
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Use the keys that 'finerworks login --profile NAME' stored. "
        "By default FINERWORKS_PROFILE, or 'default'.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no summary.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Log each request to standard error.")
]
Debug = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error. It contains no keys.")
]
NoColor = Annotated[
    bool,
    typer.Option(
        "--no-color",
        callback=_disable_color,
        is_eager=True,
        help="Print without colour, as if NO_COLOR were set.",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print JSON. An error is JSON too, on standard error.")
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="File to write. - is standard output."),
]
AccountKey = Annotated[
    str | None, typer.Option(metavar="KEY", help="Account to read (platform accounts only).")
]
WithAccount = Annotated[
    bool,
    typer.Option(
        "--with-account",
        help="Add a column account_key, also for the account that owns the keys, whose cells are "
        "empty. If an account is given, the column is always there.",
    ),
]
Since = Annotated[
    str | None, typer.Option(metavar="YYYY-MM", help="First invoice month to include.")
]
Until = Annotated[
    str | None, typer.Option(metavar="YYYY-MM", help="Last invoice month to include.")
]
PastDue = Annotated[
    bool,
    typer.Option(
        "--past-due", help="Only invoices past their due date, with an amount above zero."
    ),
]
Overdue = Annotated[
    bool, typer.Option("--overdue", hidden=True, help="The earlier name of --past-due.")
]
AsOf = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Day to use as today.")]
Limit = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Maximum number of invoices, in the server's order."),
]
Consistent = Annotated[
    bool,
    typer.Option(
        "--consistent",
        help="Read the listing until two consecutive passes agree, in at most four passes.",
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the file if it exists already.")
]


def _parse_month(option: str, text: str | None) -> dt.date | None:
    """Return the first day of the month in an option, or None if it is not set."""
    if text is None:
        return None
    try:
        return dates.to_month(text)
    except ValueError:
        problem = dates.missing_month(text)
        if problem:
            raise WrongUsageError(f"{option} cannot be {text}: {problem}") from None
        raise WrongUsageError(
            f"{option} must be YYYY-MM, for example 2026-01, not {text!r}"
        ) from None


def _parse_day(option: str, text: str | None) -> dt.date | None:
    """Return the day in an option, or None if it is not set."""
    if text is None:
        return None
    try:
        moment = dt.datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        problem = dates.missing_day(text)
        if problem:
            raise WrongUsageError(f"{option} cannot be {text}: {problem}") from None
        raise WrongUsageError(
            f"{option} must be YYYY-MM-DD, for example 2026-01-31, not {text!r}"
        ) from None
    return moment.date()


def check_account_key(account_key: str) -> None:
    """Check the account in an option.

    Raises:
        WrongUsageError: It is blank, or not text.
    """
    if not account_key.strip():
        raise WrongUsageError(
            "--account-key is blank: omit it to read the account that owns the keys"
        )
    try:
        account_key.encode()
    except UnicodeEncodeError as error:
        raise WrongUsageError("--account-key is not valid UTF-8") from error


def read_selection(
    *,
    account_key: str | None,
    since: str | None,
    until: str | None,
    as_of: str | None,
    overdue: bool,
    limit: int | None = None,
) -> Selection:
    """Return the selection that the options describe.

    Raises:
        WrongUsageError: An option cannot be parsed, or `since` is after `until`.
    """
    first_month = _parse_month("--since", since)
    last_month = _parse_month("--until", until)
    if first_month and last_month and first_month > last_month:
        raise WrongUsageError(f"--since {since} is after --until {until}")
    if account_key is not None:
        check_account_key(account_key)
    return Selection(
        account_key=account_key,
        since=first_month,
        until=last_month,
        overdue=overdue,
        as_of=_parse_day("--as-of", as_of),
        limit=limit,
    )
