"""The commands of `finerworks`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from finerworks import __version__
from finerworks.cli import streams
from finerworks.cli.options import (
    KEYS,
    STATUSES,
    AccountKey,
    AsOf,
    Consistent,
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
    WithAccount,
    WrongUsageError,
    check_account_key,
    read_selection,
)
from finerworks.cli.session import existing_file_as_wrong_usage, open_client, open_listing

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=f"List, export and report your FinerWorks invoices.\n\n{KEYS}",
)
invoices = typer.Typer(no_args_is_help=True, help="List, export and report invoices.")
app.add_typer(invoices, name="invoices")


def _show_version(value: bool) -> None:  # noqa: FBT001 - typer passes it by position
    if value:
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
    format: Annotated[  # noqa: A002 - the usual name of the option
        Literal["table", "json", "jsonl", "csv"], typer.Option(help="Output format.")
    ] = "table",
    account_key: AccountKey = None,
    since: Since = None,
    until: Until = None,
    overdue: Overdue = False,
    limit: Limit = None,
    with_account: WithAccount = False,
    as_of: AsOf = None,
    consistent: Consistent = False,
    env_file: EnvFile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """List invoices as a table with exact totals, or as JSON or CSV.

    The output starts when all pages have been read. After an error there is no output.
    """
    # Imported here, as these modules import rich and the generated models, which takes time.
    from finerworks.cli.output import buffered_output, table  # noqa: PLC0415
    from finerworks.exports.accounts import items_of  # noqa: PLC0415
    from finerworks.exports.writers import WRITERS, json_array  # noqa: PLC0415

    selection = read_selection(
        account_key=account_key, since=since, until=until, as_of=as_of, overdue=overdue, limit=limit
    )
    session = Session(quiet, verbose, debug)
    with (
        buffered_output() as file,
        open_listing(context, env_file, session, selection, consistent=consistent) as opened,
    ):
        if format == "table":
            text = table(opened.invoices, selection.as_of, selection.description)
            file.write(text.encode(sys.stdout.encoding, "backslashreplace"))
            return
        account = opened.account_column(with_account=with_account)
        items, model = items_of(opened.invoices, account)
        if format == "json":
            json_array(file, items, model)
        else:
            WRITERS[format].write(file, items, model)


@invoices.command(epilog=STATUSES)
def export(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="File to write: .csv, .jsonl, .parquet or .xlsx.")
    ],
    *,
    format: Annotated[  # noqa: A002 - the usual name of the option
        Literal["csv", "jsonl", "parquet", "xlsx"] | None,
        typer.Option(help="File format. By default it follows from the extension of FILE."),
    ] = None,
    overwrite: Overwrite = False,
    account_key: AccountKey = None,
    since: Since = None,
    until: Until = None,
    overdue: Overdue = False,
    limit: Limit = None,
    with_account: WithAccount = False,
    as_of: AsOf = None,
    consistent: Consistent = False,
    env_file: EnvFile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """Write invoices to a file, with exact amounts.

    The file appears when it is complete. After an error there is no file.

    Dates keep their UTC offset: in CSV and JSON Lines it is part of the date, in Parquet and Excel
    it is in columns of its own.
    """
    # Imported here, as these modules import rich and the generated models, which takes time.
    from finerworks import exports  # noqa: PLC0415
    from finerworks.cli.output import summary  # noqa: PLC0415

    selection = read_selection(
        account_key=account_key, since=since, until=until, as_of=as_of, overdue=overdue, limit=limit
    )
    session = Session(quiet, verbose, debug)
    try:
        file_format = exports.file_format(file, format)
    except ValueError as error:
        known = ", ".join(exports.FORMATS)
        raise WrongUsageError(
            f"{file} has an unknown extension: set --format to one of {known}"
        ) from error
    with (
        open_listing(context, env_file, session, selection, consistent=consistent) as opened,
        existing_file_as_wrong_usage(file),
    ):
        done = exports.export(
            opened.invoices,
            file,
            format=file_format,
            overwrite=overwrite,
            account_key=opened.account_column(with_account=with_account),
        )
    if not quiet:
        typer.echo(f"{summary(done.count, done.total)}, in {file}", err=True)


@invoices.command(epilog=STATUSES)
def report(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.html", help="HTML file to write.")],
    *,
    overwrite: Overwrite = False,
    account_key: AccountKey = None,
    since: Since = None,
    until: Until = None,
    overdue: Overdue = False,
    as_of: AsOf = None,
    consistent: Consistent = False,
    env_file: EnvFile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """Write a report for people: totals, amounts by month, overdue amounts by age, all invoices.

    It is a single HTML file that loads nothing from other hosts.
    """
    # Imported here, as these modules import rich and jinja2, which takes time.
    from finerworks.cli.output import summary  # noqa: PLC0415
    from finerworks.report import write_report  # noqa: PLC0415

    selection = read_selection(
        account_key=account_key, since=since, until=until, as_of=as_of, overdue=overdue
    )
    session = Session(quiet, verbose, debug)
    if file.suffix.lower() not in {".html", ".htm"}:
        raise WrongUsageError(f"{file} must end in .html, so that a browser opens it")
    with (
        open_listing(context, env_file, session, selection, consistent=consistent) as opened,
        existing_file_as_wrong_usage(file),
    ):
        done = write_report(
            opened.invoices,
            file,
            as_of=selection.as_of,
            host=opened.identity.host,
            account=opened.identity.account_key or None,
            shown=selection.description,
            overwrite=overwrite,
        )
    if not quiet:
        typer.echo(f"{summary(done.count, done.total)}, in {file}: open it in a browser", err=True)


@app.command(epilog=STATUSES)
def check(
    context: typer.Context,
    *,
    shape: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write what is not known about the API to FILE, as JSON: names of fields, "
            "types and counts, but no ids, amounts, texts or keys. Sends at most ten requests.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    account_key: AccountKey = None,
    env_file: EnvFile = None,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """Check the keys, and show the host, the number of invoices and the response time.

    Names each way in which the responses deviate from the contract.
    """
    # Imported here, as this module imports httpx, which takes time.
    from finerworks.cli.check import check_api, record_shape  # noqa: PLC0415

    if overwrite and shape is None:
        raise WrongUsageError("--overwrite is for --shape, which is missing")
    session = Session(verbose=verbose, debug=debug)
    if account_key is not None:
        check_account_key(account_key)
    if shape is None:
        streams.check_output()
    with open_client(context, env_file, session, account_key) as opened:
        if shape is None:
            check_api(opened.fw, opened.identity)
        else:
            record_shape(opened.fw, opened.identity, shape, overwrite=overwrite)


@app.command(add_help_option=False)
def sandbox() -> None:
    """Run a local stand-in for FinerWorks, to try things without keys (extra `sandbox`)."""
    # Declared for the help and for completion. `run` starts the sandbox itself, before typer
    # removes the `--` in front of a command.
