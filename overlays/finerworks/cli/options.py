"""What may be given on the command line, and what it is read as. Imports nothing that takes time: help needs it."""

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from finerworks.cli.selection import Selection

__all__ = [
    "KEYS",
    "STATUSES",
    "AccountKey",
    "AsOf",
    "Debug",
    "EnvFile",
    "Limit",
    "Overdue",
    "Overwrite",
    "Quiet",
    "Session",
    "Since",
    "Until",
    "Verbose",
    "WrongUsageError",
    "selected",
]

STATUSES = (
    "Exit status: 0 done; 1 a file could not be written, or a fault of the program; 2 wrong usage, or a file that is "
    "there already; 3 missing or refused credentials; 4 API or network failure; 5 the answer broke the contract, or "
    "the listing moved; 130 interrupted; 141 the reader of the output went away; 129 or 143 terminated."
)
KEYS = (
    "The keys come from FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY, the host from FINERWORKS_BASE_URL, if that is "
    "set: from the environment, or from a file that --env-file names. 'finerworks sandbox' starts a stand-in to try "
    "it on."
)


class WrongUsageError(typer.TyperException):
    """What was asked for cannot be done, and nothing was."""

    exit_code = 2


@dataclasses.dataclass
class Session:
    """What holds for a whole command."""

    quiet: bool = False
    verbose: bool = False
    debug: bool = False


EnvFile = Annotated[
    Path | None,
    typer.Option(
        help="A file of lines of NAME=VALUE for the keys and the host; it wins over the environment.",
        exists=True,
        dir_okay=False,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Show no progress, and no summary of an export.")
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Log each request on standard error.")
]
Debug = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error. It holds no key.")
]
AccountKey = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="Whose invoices, for accounts that may read for others."),
]
Since = Annotated[str | None, typer.Option(metavar="YYYY-MM", help="The first month.")]
Until = Annotated[str | None, typer.Option(metavar="YYYY-MM", help="The last month.")]
Overdue = Annotated[
    bool,
    typer.Option("--overdue", help="Only what is past its due day, with an amount above zero."),
]
AsOf = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM-DD", help="The day that counts as today, if not today."),
]
Limit = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="At most so many, in the server's order.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file if there is one.")]


def _day(option: str, text: str | None, form: str, like: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(text, form).date() if text is not None else None  # noqa: DTZ007 - a day of any zone
    except ValueError:
        raise WrongUsageError(f"{option} is to be as {like} is, not {text!r}") from None


def selected(
    *,
    account_key: str | None,
    since: str | None,
    until: str | None,
    as_of: str | None,
    overdue: bool,
    limit: int | None = None,
) -> Selection:
    """Read what is wanted.

    Raises:
        WrongUsageError: It cannot be read, or holds nothing.
    """
    first, last = (
        _day(*each, "%Y-%m", "2026-01") for each in (("--since", since), ("--until", until))
    )
    if first and last and first > last:
        raise WrongUsageError(f"--since {since} is after --until {until}")
    if account_key is not None and not account_key.strip():
        raise WrongUsageError(
            "--account-key is blank: give the account's key, or leave it out for your own"
        )
    try:
        (account_key or "").encode()
    except UnicodeEncodeError as error:
        raise WrongUsageError("--account-key is no text in UTF-8") from error
    day = _day("--as-of", as_of, "%Y-%m-%d", "2026-01-31")
    return Selection(account_key, first, last, overdue, day, limit)
