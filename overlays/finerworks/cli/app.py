"""The command line of `finerworks`: what may be given, and what is done then."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from finerworks import __version__
from finerworks.cli.options import (
    KEYS,
    STATUSES,
    AccountKey,
    AsOf,
    Debug,
    EnvFile,
    Limit,
    Overdue,
    Overwrite,
    Quiet,
    Session,
    Since,
    Until,
    Verbose,
    WrongUsageError,
    selected,
)
from finerworks.cli.session import host, opened, usage, wanted

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help=f"FinerWorks' invoices.\n\n{KEYS}"
)
invoices = typer.Typer(no_args_is_help=True, help="List, export and report an account's invoices.")
app.add_typer(invoices, name="invoices")


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    if wanted:
        typer.echo(f"finerworks {__version__}")
        raise typer.Exit


@app.callback(epilog=STATUSES)
def options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None: ...


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

    chosen = selected(
        account_key=account_key, since=since, until=until, as_of=as_of, overdue=overdue, limit=limit
    )
    with (
        whole_output() as file,
        wanted(context, env_file, Session(quiet, verbose, debug), chosen) as (found, _),
    ):
        if format == "table":
            file.write(
                table(found, chosen.as_of, chosen.words).encode(
                    sys.stdout.encoding, "backslashreplace"
                )
            )
        else:
            (json_array if format == "json" else WRITERS[format].write)(file, found, Invoice)


@invoices.command(epilog=STATUSES)
def export(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What to write: .csv, .jsonl, .parquet or .xlsx.")
    ],
    *,
    format: Annotated[  # noqa: A002 - its usual name
        Literal["csv", "jsonl", "parquet", "xlsx"] | None,
        typer.Option(help="How it is written; else as FILE ends."),
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

    Dates keep the offset that the server wrote: in their text in CSV and JSON Lines, in columns of their own, at the
    end, in Parquet and Excel.
    """
    from finerworks import exports  # noqa: PLC0415 - as for the generated models
    from finerworks.cli.output import summary  # noqa: PLC0415 - rich takes time to import

    chosen = selected(
        account_key=account_key, since=since, until=until, as_of=as_of, overdue=overdue, limit=limit
    )
    with usage():
        kind = exports.file_format(file, format)
    with (
        wanted(context, env_file, Session(quiet, verbose, debug), chosen) as (found, _),
        usage(FileExistsError),
    ):
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

    chosen = selected(
        account_key=account_key, since=since, until=until, as_of=as_of, overdue=overdue
    )
    if file.suffix.lower() not in {".html", ".htm"}:
        raise WrongUsageError(f"{file} is to end in .html, for a browser to open it")
    with (
        wanted(context, env_file, Session(quiet, verbose, debug), chosen) as (found, fw),
        usage(FileExistsError),
    ):
        origin, account = host(fw), account_key or os.environ.get("FINERWORKS_ACCOUNT_KEY") or None
        shown, day = chosen.words, chosen.as_of
        done = write_report(
            found, file, as_of=day, host=origin, account=account, shown=shown, overwrite=overwrite
        )
    if not quiet:
        typer.echo(f"{summary(done.count, done.total)}, in {file}: open it in a browser", err=True)


@app.command(epilog=STATUSES)
def check(
    context: typer.Context,
    *,
    env_file: EnvFile = None,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """Say whether the keys are good, at which host, how many invoices there are, and how fast answers come."""
    with opened(context, env_file, Session(verbose=verbose, debug=debug)) as fw:
        typer.echo(f"host      {host(fw)}")
        seconds, count = list[float](), "not told"
        for _ in range(4):
            started = time.perf_counter()
            told = fw.invoices.page(1, per_page=1).total_count
            seconds.append(1000 * (time.perf_counter() - started))
            count = f"{told:,}" if isinstance(told, int) else count
    typer.echo("keys      accepted")
    typer.echo(f"invoices  {count}")
    typer.echo(
        f"speed     {seconds[0]:.0f} ms for the first answer, {sorted(seconds[1:])[1]:.0f} ms for a further one"
    )


@app.command(add_help_option=False)
def sandbox() -> None:
    """Run a stand-in for FinerWorks on this machine, to try things on (the extra `sandbox`)."""
    # Here for the help and for completion: `run` hands it on before typer takes the `--` out that a command follows.
