"""The command line of `finerworks`: what may be given, and what is done then."""

import contextlib
import dataclasses
import datetime as dt
import os
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from finerworks import CredentialsError, __version__
from finerworks.cli.selection import Selection

if TYPE_CHECKING:
    from finerworks import FinerWorks
    from finerworks_client.models import Invoice

__all__ = ["STATUSES", "Session", "app"]

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


app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=f"FinerWorks' invoices.\n\n{KEYS}")
invoices = typer.Typer(no_args_is_help=True, help="List, export and report an account's invoices.")
app.add_typer(invoices, name="invoices")

EnvFile = Annotated[
    Path | None,
    typer.Option(
        help="A file of lines of NAME=VALUE for the keys and the host; it wins over the environment.",
        exists=True,
        dir_okay=False,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress, and no summary of an export.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log each request on standard error.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error. It holds no key.")]
AccountKey = Annotated[
    str | None, typer.Option(metavar="KEY", help="Whose invoices, for accounts that may read for others.")
]
Since = Annotated[str | None, typer.Option(metavar="YYYY-MM", help="The first month.")]
Until = Annotated[str | None, typer.Option(metavar="YYYY-MM", help="The last month.")]
Overdue = Annotated[bool, typer.Option("--overdue", help="Only what is past its due day, with an amount above zero.")]
AsOf = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The day that counts as today, if not today.")]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many, in the server's order.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file if there is one.")]


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    if wanted:
        typer.echo(f"finerworks {__version__}")
        raise typer.Exit


@app.callback(epilog=STATUSES)
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


def _named(env_file: Path) -> dict[str, str]:
    """Read what a file names. A line that cannot be read is an error: the environment's key is no substitute."""
    from dotenv.parser import parse_stream  # noqa: PLC0415 - only where it is needed

    named = dict[str, str]()
    try:
        with env_file.open(encoding="utf-8") as file:
            lines = [each for each in parse_stream(file) if "FINERWORKS_" in each.original.string]
    except UnicodeDecodeError as error:
        raise WrongUsageError(f"{env_file} is no text in UTF-8") from error
    for key, value, original, wrong in lines:
        if wrong or (key and value is None):
            raise WrongUsageError(f"{env_file}, line {original.line} or after it: not NAME=VALUE")
        if key and value is not None and key.startswith("FINERWORKS_"):
            named[key] = value
    return named


@contextlib.contextmanager
def _client(context: typer.Context, env_file: Path | None, session: Session) -> "Generator[FinerWorks]":
    """Open a client with the keys of the environment, or of a file."""
    from finerworks import FinerWorks  # noqa: PLC0415 - it takes httpx, which help does not

    cast(Session, context.obj).debug = session.debug
    if env_file is not None:
        named = _named(env_file)
        try:
            os.environ.update(named)
        except ValueError:  # its text may have a part of a key
            raise WrongUsageError(f"{env_file} has a character that no key or host has") from None
    if session.verbose:
        os.environ["FINERWORKS_LOG"] = "debug"
    if missing := [key for key in ("FINERWORKS_WEB_API_KEY", "FINERWORKS_APP_KEY") if not os.environ.get(key)]:
        told = f"{' and '.join(missing)} not set"
        raise CredentialsError(f"{told}: set both in the environment, or name a file that has them with --env-file")
    try:
        fw = FinerWorks()
    except CredentialsError:
        raise
    except ValueError as error:  # such as a base URL that is none
        raise WrongUsageError(str(error)) from error
    with fw:
        yield fw


def _day(option: str, text: str | None, form: str, like: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(text, form).date() if text is not None else None  # noqa: DTZ007 - a day of any zone
    except ValueError:
        raise WrongUsageError(f"{option} is to be as {like} is, not {text!r}") from None


def _selection(account_key: str | None, since: str | None, until: str | None, as_of: str | None) -> Selection:
    first, last = (_day(*each, "%Y-%m", "2026-01") for each in (("--since", since), ("--until", until)))
    if first and last and first > last:
        raise WrongUsageError(f"--since {since} is after --until {until}")
    if account_key is not None and not account_key.strip():
        raise WrongUsageError("--account-key is blank: give the account's key, or leave it out for your own")
    try:
        (account_key or "").encode()
    except UnicodeEncodeError as error:
        raise WrongUsageError("--account-key is no text in UTF-8") from error
    day = _day("--as-of", as_of, "%Y-%m-%d", "2026-01-31")
    return Selection(account_key=account_key, since=first, until=last, as_of=day)


@contextlib.contextmanager
def _wanted(
    context: typer.Context, env_file: Path | None, session: Session, selection: Selection
) -> "Generator[tuple[Iterator[Invoice], FinerWorks]]":
    """Open a client, and give the invoices that are wanted as they come."""
    from finerworks.cli.output import progress  # noqa: PLC0415 - rich takes time to import

    with _client(context, env_file, session) as fw, progress(shown=not session.quiet | session.verbose) as watch:
        yield selection.of(watch(fw.invoices.list(account_key=selection.account_key))), fw


@invoices.command("list", epilog=STATUSES)
def list_(
    context: typer.Context,
    *,
    format: Annotated[  # noqa: A002 - its usual name
        Literal["table", "json", "jsonl", "csv"], typer.Option(help="How they are written.")
    ] = "table",
    account_key: AccountKey = None,
    since: Since = None,
    until: Until = None,
    overdue: Overdue = False,
    limit: Limit = None,
    as_of: AsOf = None,
    env_file: EnvFile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """List invoices: a table with exact totals, or what programs read.

    Nothing is written before all of it is there: what comes out is whole, or there is an error.
    """
    from finerworks.cli.output import table, whole_output  # noqa: PLC0415 - rich takes time to import
    from finerworks.exports.writers import WRITERS, json_array  # noqa: PLC0415 - as for the generated models
    from finerworks_client.models import Invoice  # noqa: PLC0415 - brings attrs

    chosen = _selection(account_key, since, until, as_of)
    chosen = dataclasses.replace(chosen, overdue=overdue, limit=limit)
    with whole_output() as file, _wanted(context, env_file, Session(quiet, verbose, debug), chosen) as (found, _):
        if format == "table":
            file.write(table(found, chosen.as_of, chosen.words).encode(sys.stdout.encoding, "backslashreplace"))
        else:
            (json_array if format == "json" else WRITERS[format].write)(file, found, Invoice)


@invoices.command(epilog=STATUSES)
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write: .csv, .jsonl, .parquet or .xlsx.")],
    *,
    format: Annotated[  # noqa: A002 - its usual name
        Literal["csv", "jsonl", "parquet", "xlsx"] | None, typer.Option(help="How it is written; else as FILE ends.")
    ] = None,
    overwrite: Overwrite = False,
    account_key: AccountKey = None,
    since: Since = None,
    until: Until = None,
    overdue: Overdue = False,
    limit: Limit = None,
    as_of: AsOf = None,
    env_file: EnvFile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """Write invoices to a file, whole or not at all, with exact amounts.

    Dates keep the offset that the server wrote: in their text in CSV and JSON Lines, in a column of their own after
    each in Parquet and Excel.
    """
    from finerworks import exports  # noqa: PLC0415 - as for the generated models
    from finerworks.cli.output import summary  # noqa: PLC0415 - rich takes time to import

    chosen = _selection(account_key, since, until, as_of)
    chosen = dataclasses.replace(chosen, overdue=overdue, limit=limit)
    with _usage():
        kind = exports.file_format(file, format)
    with _wanted(context, env_file, Session(quiet, verbose, debug), chosen) as (found, _), _usage(FileExistsError):
        done = exports.export(found, file, format=kind, overwrite=overwrite)
    if not quiet:
        typer.echo(f"{summary(done.count, done.total)}, in {file}", err=True)


@invoices.command(epilog=STATUSES)
def report(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.html", help="The page to write.")],
    *,
    overwrite: Overwrite = False,
    account_key: AccountKey = None,
    since: Since = None,
    until: Until = None,
    overdue: Overdue = False,
    as_of: AsOf = None,
    env_file: EnvFile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """Write a page for people: what is due by month, what is overdue and for how long, totals, the list.

    It is one file, and loads nothing from elsewhere.
    """
    from finerworks.cli.output import summary  # noqa: PLC0415 - rich takes time to import
    from finerworks.report import write_report  # noqa: PLC0415 - brings jinja2

    chosen = dataclasses.replace(_selection(account_key, since, until, as_of), overdue=overdue)
    if file.suffix.lower() not in {".html", ".htm"}:
        raise WrongUsageError(f"{file} is to end in .html, for a browser to open it")
    with _wanted(context, env_file, Session(quiet, verbose, debug), chosen) as (found, fw), _usage(FileExistsError):
        host, account = _host(fw), account_key or os.environ.get("FINERWORKS_ACCOUNT_KEY") or None
        shown, day = chosen.words, chosen.as_of
        done = write_report(found, file, as_of=day, host=host, account=account, shown=shown, overwrite=overwrite)
    if not quiet:
        typer.echo(f"{summary(done.count, done.total)}, in {file}: open it in a browser", err=True)


@app.command(epilog=STATUSES)
def check(context: typer.Context, *, env_file: EnvFile = None, verbose: Verbose = False, debug: Debug = False) -> None:
    """Say whether the keys are good, at which host, how many invoices there are, and how fast answers come."""
    with _client(context, env_file, Session(verbose=verbose, debug=debug)) as fw:
        typer.echo(f"host      {_host(fw)}")
        seconds, count = list[float](), "not told"
        for _ in range(4):
            started = time.perf_counter()
            told = fw.invoices.page(1, per_page=1).total_count
            seconds.append(1000 * (time.perf_counter() - started))
            count = f"{told:,}" if isinstance(told, int) else count
    typer.echo("keys      accepted")
    typer.echo(f"invoices  {count}")
    typer.echo(f"speed     {seconds[0]:.0f} ms for the first answer, {sorted(seconds[1:])[1]:.0f} ms for a further one")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def sandbox(context: typer.Context) -> None:
    """Run a stand-in for FinerWorks on this machine, to try things on (the extra `sandbox`)."""
    from finerworks.sandbox.__main__ import main  # noqa: PLC0415 - not needed for the rest

    raise typer.Exit(main(context.args))


def _host(fw: "FinerWorks") -> str:
    return str(fw.client.get_httpx_client().base_url).rstrip("/")


@contextlib.contextmanager
def _usage(kind: type[Exception] = ValueError) -> Generator[None]:
    """Tell of an error as one of usage."""
    try:
        yield
    except kind as error:
        raise WrongUsageError(str(error)) from error
