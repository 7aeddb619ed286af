"""The client of a command, and its listing."""

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

import finerworks
from finerworks.cli.identity import Identity
from finerworks.cli.options import Session, WrongUsageError
from finerworks.cli.selection import Selection
from finerworks.cli.settings import Settings, read_settings, value_error_as_wrong_usage
from finerworks.lazy import LazyModule

if TYPE_CHECKING:
    from finerworks import credentials
else:
    credentials = LazyModule("finerworks.credentials")

__all__ = [
    "OpenListing",
    "base_url_of",
    "connect",
    "existing_file_as_wrong_usage",
    "identity_of",
    "keys_of",
    "open_client",
    "open_listing",
]


@dataclass(frozen=True)
class OpenClient:
    """A client, with the host and the account that it reads."""

    fw: "finerworks.FinerWorks"
    identity: Identity


@dataclass(frozen=True)
class OpenListing:
    """A listing to read."""

    invoices: Iterator["finerworks.Invoice"]
    """The selected invoices."""
    fw: "finerworks.FinerWorks"
    identity: Identity

    def account_column(self, *, with_account: bool) -> str | None:
        """Return the account for a column of a file. Empty: the account that owns the keys.

        None: there is no such column, because no account was given and the user did not request it.
        """
        if self.identity.account_key or with_account:
            return self.identity.account_key
        return None


@contextlib.contextmanager
def open_client(
    context: typer.Context,
    env_file: Path | None,
    session: Session,
    account_option: str | None = None,
) -> Generator[OpenClient]:
    """Open a client with the keys of the environment or of a file."""
    settings = read_settings(context, env_file, session, account_option)
    with connect(context, settings) as fw:
        yield OpenClient(fw, identity_of(fw, settings))


@contextlib.contextmanager
def open_listing(
    context: typer.Context,
    env_file: Path | None,
    session: Session,
    selection: Selection,
    *,
    consistent: bool,
) -> Generator[OpenListing]:
    """Open a client, and yield it with an iterator over the selected invoices.

    After they were read, print the account, and warn if the account key appears to be ignored.
    """
    from finerworks.cli import ignored  # noqa: PLC0415 - imports httpx
    from finerworks.cli.output import progress  # noqa: PLC0415 - importing rich takes time

    settings = read_settings(context, env_file, session, selection.account_key)
    show_progress = not session.quiet and not session.verbose
    with connect(context, settings) as fw:
        first = ignored.FirstRows()
        pager = selection.listing(fw, consistent=consistent)
        identity = identity_of(fw, settings)
        with progress(shown=show_progress) as watch:
            invoices = selection.select(first.record(watch(pager)))
            yield OpenListing(invoices, fw, identity)
        if not session.quiet and not session.summarized:
            typer.echo(identity.sentence, err=True)
        if settings.account_key and pager.selection.by_month:
            ignored.warn_if_account_ignored(fw)  # what was read are not its first rows
        elif settings.account_key:
            ignored.warn_if_ignored(fw, first.rows, pager.total_count)


def identity_of(fw: "finerworks.FinerWorks", settings: Settings) -> Identity:
    """Return the host and the account that a client reads."""
    return Identity(
        host=base_url_of(fw),
        keys_from=settings.keys_from,
        account_key=settings.account_key,
        account_from=settings.account_from,
    )


@contextlib.contextmanager
def connect(context: typer.Context, settings: Settings) -> Generator["finerworks.FinerWorks"]:
    """Open a client. `context` learns its host, and where the keys come from."""
    from finerworks import FinerWorks  # noqa: PLC0415 - imports httpx, which --help does not need

    with value_error_as_wrong_usage():
        fw = FinerWorks(
            web_api_key=settings.web_api_key,
            app_key=settings.app_key,
            account_key=settings.account_key,
            base_url=settings.base_url,
        )
    # `run` reads it when the command fails.
    known = cast(Session, context.obj)
    known.host = base_url_of(fw)
    known.keys_from = settings.keys_from
    with fw:
        yield fw


def keys_of(fw: "finerworks.FinerWorks") -> "tuple[credentials.Secret, credentials.Secret]":
    """Return the two keys of a client, `web_api_key` first."""
    from finerworks import HTTPClient  # noqa: PLC0415 - imports httpx, which --help does not need

    client = fw.client.get_httpx_client()
    if not isinstance(client, HTTPClient):
        raise TypeError("a FinerWorks client sends with an HTTPClient")
    return client.config.credentials.require()


def base_url_of(fw: "finerworks.FinerWorks") -> str:
    """Return the base URL of a client."""
    return str(fw.client.get_httpx_client().base_url).rstrip("/")


@contextlib.contextmanager
def existing_file_as_wrong_usage(file: Path) -> Generator[None]:
    """Convert a FileExistsError to a WrongUsageError that mentions --overwrite."""
    from finerworks.exports.files import TargetExistsError  # noqa: PLC0415 - --help needs no file

    try:
        yield
    except FileExistsError as error:
        existing = error.path if isinstance(error, TargetExistsError) else file
        raise WrongUsageError(
            f"{existing} exists already: choose another name, or add --overwrite to replace it"
        ) from error
