"""The commands of `finerworks`."""

import sys
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from finerworks import __version__
from finerworks.cli import help_texts, streams
from finerworks.cli.file_options import (
    AccountCode,
    Currency,
    DateFormat,
    Excel,
    FileOptions,
    Layout,
    PayableAccount,
    Supplier,
    TaxCode,
)
from finerworks.cli.options import (
    STATUSES,
    AccountKey,
    AsOf,
    Consistent,
    Debug,
    EnvFile,
    Json,
    Limit,
    NoColor,
    Output,
    Overdue,
    Overwrite,
    PastDue,
    Profile,
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
from finerworks.cli.session import open_client, open_listing

__all__ = ["HELP_OPTIONS", "app"]

HELP_OPTIONS = ["-h", "--help"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": HELP_OPTIONS},
    help=help_texts.ROOT,
)
invoices = typer.Typer(no_args_is_help=True, help=help_texts.INVOICES)
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
    no_color: NoColor = False,
) -> None: ...


@invoices.command("list", help=help_texts.LIST, epilog=STATUSES)
def list_(
    context: typer.Context,
    *,
    format: Annotated[  # noqa: A002 - the usual name of the option
        Literal["table", "json", "jsonl", "csv"] | None,
        typer.Option(
            help="Output format. By default it follows from the extension of --output, or is table."
        ),
    ] = None,
    as_json: Json = False,
    output: Output = None,
    overwrite: Overwrite = False,
    account_key: AccountKey = None,
    since: Since = None,
    until: Until = None,
    past_due: PastDue = False,
    overdue: Overdue = False,
    limit: Limit = None,
    with_account: WithAccount = False,
    as_of: AsOf = None,
    consistent: Consistent = False,
    env_file: EnvFile = None,
    profile: Profile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,  # noqa: ARG001 - its callback uses it
    debug: Debug = False,
) -> None:
    """List invoices."""
    # Imported here, as these modules import rich and the generated models, which takes time.
    from finerworks.cli.output import table  # noqa: PLC0415
    from finerworks.cli.targets import is_standard_output, list_format, open_target  # noqa: PLC0415
    from finerworks.exports.accounts import items_of  # noqa: PLC0415
    from finerworks.exports.writers import WRITERS, json_array  # noqa: PLC0415

    selection = read_selection(
        account_key=account_key,
        since=since,
        until=until,
        as_of=as_of,
        overdue=past_due or overdue,
        limit=limit,
    )
    session = Session(quiet, verbose, debug, profile)
    chosen = list_format(format, output, as_json=as_json)
    with (
        open_target(output, overwrite=overwrite) as file,
        open_listing(context, env_file, session, selection, consistent=consistent) as opened,
    ):
        if chosen == "table":
            is_terminal = is_standard_output(output) and sys.stdout.isatty()
            text = table(
                opened.invoices, selection.as_of, selection.description, is_terminal=is_terminal
            )
            encoding = sys.stdout.encoding if is_standard_output(output) else "utf-8"
            file.write(text.encode(encoding, "backslashreplace"))
            return
        account = opened.account_column(with_account=with_account)
        items, model = items_of(opened.invoices, account)
        if chosen == "json":
            json_array(file, items, model)
        else:
            WRITERS[chosen].write(file, items, model)


@invoices.command(help=help_texts.EXPORT, epilog=STATUSES)
def export(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="File to write: .csv, .jsonl, .parquet or .xlsx, or as the --layout has it. "
            "- is standard output.",
            show_default=False,
        ),
    ] = None,
    *,
    output: Output = None,
    as_json: Json = False,
    format: Annotated[  # noqa: A002 - the usual name of the option
        Literal["csv", "jsonl", "parquet", "xlsx"] | None,
        typer.Option(help="File format. By default it follows from the extension of FILE."),
    ] = None,
    layout: Layout = None,
    excel: Excel = False,
    supplier: Supplier = None,
    account_code: AccountCode = None,
    payable_account: PayableAccount = None,
    tax_code: TaxCode = None,
    currency: Currency = None,
    date_format: DateFormat = None,
    overwrite: Overwrite = False,
    account_key: AccountKey = None,
    since: Since = None,
    until: Until = None,
    past_due: PastDue = False,
    overdue: Overdue = False,
    limit: Limit = None,
    with_account: WithAccount = False,
    as_of: AsOf = None,
    consistent: Consistent = False,
    env_file: EnvFile = None,
    profile: Profile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,  # noqa: ARG001 - its callback uses it
    debug: Debug = False,
) -> None:
    """Write invoices to a file."""
    # Imported here, as these modules import rich and the generated models, which takes time.
    from finerworks.cli.summaries import Summary  # noqa: PLC0415
    from finerworks.cli.targets import check_terminal, choose_target, target_path  # noqa: PLC0415

    selection = read_selection(
        account_key=account_key,
        since=since,
        until=until,
        as_of=as_of,
        overdue=past_due or overdue,
        limit=limit,
    )
    target = choose_target(file, output)
    choice = FileOptions(
        format=format,
        layout=layout,
        excel=excel,
        supplier=supplier,
        account_code=account_code,
        payable_account=payable_account,
        tax_code=tax_code,
        currency=currency,
        date_format=date_format,
    ).choose(target)
    check_terminal(target, choice.format)
    session = Session(quiet, verbose, debug, profile, summarized=as_json)
    with (
        target_path(target) as path,
        open_listing(context, env_file, session, selection, consistent=consistent) as opened,
    ):
        done = choice.at(path).write(
            opened.invoices,
            overwrite=overwrite,
            as_of=selection.as_of,
            account_key=opened.account_column(with_account=with_account),
            shown=selection.description,
        )
    shown = selection.description
    summary = Summary(target, opened.identity, done.count, done.total, done.notes, shown)
    summary.print(as_json=as_json, quiet=quiet)


@invoices.command(help=help_texts.REPORT, epilog=STATUSES)
def report(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE.html",
            help="HTML file to write. - is standard output.",
            show_default=False,
        ),
    ] = None,
    *,
    output: Output = None,
    as_json: Json = False,
    overwrite: Overwrite = False,
    account_key: AccountKey = None,
    since: Since = None,
    until: Until = None,
    past_due: PastDue = False,
    overdue: Overdue = False,
    as_of: AsOf = None,
    consistent: Consistent = False,
    env_file: EnvFile = None,
    profile: Profile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,  # noqa: ARG001 - its callback uses it
    debug: Debug = False,
) -> None:
    """Write a report."""
    # Imported here, as these modules import rich and jinja2, which takes time.
    from finerworks.cli.summaries import Summary  # noqa: PLC0415
    from finerworks.cli.targets import check_extension_of_report, choose_target, target_path  # noqa: PLC0415
    from finerworks.report import write_report  # noqa: PLC0415

    selection = read_selection(
        account_key=account_key, since=since, until=until, as_of=as_of, overdue=past_due or overdue
    )
    target = choose_target(file, output)
    check_extension_of_report(target)
    session = Session(quiet, verbose, debug, profile, summarized=as_json)
    with (
        target_path(target) as path,
        open_listing(context, env_file, session, selection, consistent=consistent) as opened,
    ):
        done = write_report(
            opened.invoices,
            path,
            as_of=selection.as_of,
            host=opened.identity.host,
            account=opened.identity.account_key or None,
            shown=selection.description,
            overwrite=overwrite,
        )
    shown = selection.description
    summary = Summary(target, opened.identity, done.count, done.total, shown=shown)
    summary.print(as_json=as_json, quiet=quiet, advice="open it in a browser")


@app.command(help=help_texts.CHECK, epilog=STATUSES)
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
    as_json: Json = False,
    account_key: AccountKey = None,
    env_file: EnvFile = None,
    profile: Profile = None,
    verbose: Verbose = False,
    no_color: NoColor = False,  # noqa: ARG001 - its callback uses it
    debug: Debug = False,
) -> None:
    """Check the keys and the API."""
    # Imported here, as this module imports httpx, which takes time.
    from finerworks.cli.check import check_api, record_shape  # noqa: PLC0415
    from finerworks.cli.results import Results  # noqa: PLC0415

    if overwrite and shape is None:
        raise WrongUsageError("--overwrite is for --shape, which is missing")
    session = Session(verbose=verbose, debug=debug, profile=profile)
    if account_key is not None:
        check_account_key(account_key)
    if shape is None:
        streams.check_output()
    with open_client(context, env_file, session, account_key) as opened:
        results = Results(as_json=as_json)
        if shape is None:
            check_api(opened.fw, opened.identity, results)
        else:
            record_shape(opened.fw, opened.identity, results, shape, overwrite=overwrite)


@app.command(help=help_texts.LOGIN, epilog=STATUSES)
def login(
    context: typer.Context,
    *,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name to store the keys under. By default FINERWORKS_PROFILE, or 'default'.",
        ),
    ] = None,
    store: Annotated[
        Literal["keyring", "file"],
        typer.Option(
            help="Where to store the keys: in the system's keyring (extra 'keyring'), or in a file "
            "that only you can read."
        ),
    ] = "keyring",
    env_file: EnvFile = None,
    account_key: AccountKey = None,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Do not ask for keys: fail if there is no file.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Store keys."""
    # Imported here, as this module imports httpx, which takes time.
    from finerworks.cli.login import log_in  # noqa: PLC0415

    cast(Session, context.obj).debug = debug
    if account_key is not None:
        check_account_key(account_key)
    log_in(
        context,
        profile_option=profile,
        store_name=store,
        env_file=env_file,
        account_option=account_key,
        allow_input=not no_input,
    )


@app.command(help=help_texts.LOGOUT, epilog=STATUSES)
def logout(context: typer.Context, *, profile: Profile = None, debug: Debug = False) -> None:
    """Remove stored keys."""
    # Imported here, as this module imports httpx, which takes time.
    from finerworks.cli.login import log_out  # noqa: PLC0415

    cast(Session, context.obj).debug = debug
    log_out(profile)


@app.command(help=help_texts.WHOAMI, epilog=STATUSES)
def whoami(
    context: typer.Context,
    *,
    check_keys: Annotated[
        bool, typer.Option("--check", help="Send a request, to see if the host accepts the keys.")
    ] = False,
    as_json: Json = False,
    account_key: AccountKey = None,
    env_file: EnvFile = None,
    profile: Profile = None,
    debug: Debug = False,
) -> None:
    """Show the account and the keys."""
    # Imported here, as these modules import httpx, which takes time.
    from finerworks.cli.login import who_am_i  # noqa: PLC0415
    from finerworks.cli.settings import read_settings  # noqa: PLC0415

    if account_key is not None:
        check_account_key(account_key)
    session = Session(debug=debug, profile=profile)
    settings = read_settings(context, env_file, session, account_key)
    who_am_i(context, settings, as_json=as_json, check=check_keys)


@app.command(help=help_texts.SANDBOX, add_help_option=False)
def sandbox() -> None:
    """Run the sandbox."""
    # Declared for the help and for completion. `run` starts the sandbox itself, before typer
    # removes the `--` in front of a command.
