"""The client of a command, with keys from the environment or a file, and its listing."""

import contextlib
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

import finerworks
from finerworks import CredentialsError
from finerworks.cli.options import Session, WrongUsageError
from finerworks.cli.selection import Selection
from finerworks.cli.variables import ACCOUNT_KEY, APP_KEY, LOG, WEB_API_KEY
from finerworks.lazy import LazyModule

if TYPE_CHECKING:
    from finerworks import credentials
    from finerworks.cli import env_file as env_files
else:
    credentials = LazyModule("finerworks.credentials")
    env_files = LazyModule("finerworks.cli.env_file")

__all__ = [
    "OpenListing",
    "base_url_of",
    "existing_file_as_wrong_usage",
    "open_client",
    "open_listing",
]


@dataclass(frozen=True)
class OpenClient:
    """A client, with the account that it reads."""

    fw: "finerworks.FinerWorks"
    account_key: "credentials.Secret"
    """The account. Empty: the account that owns the keys."""


@dataclass(frozen=True)
class OpenListing:
    """A listing to read."""

    invoices: Iterator["finerworks.Invoice"]
    """The selected invoices."""
    fw: "finerworks.FinerWorks"
    account_key: str | None
    """The account that is read. None: the account that owns the keys."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """The settings of a client. None: the client reads it from the environment."""

    web_api_key: "credentials.Secret | None" = None
    app_key: "credentials.Secret | None" = None
    base_url: str | None = None
    account_key: "credentials.Secret"
    """The account to read. Empty: the account that owns the keys."""


@contextlib.contextmanager
def open_client(
    context: typer.Context, env_file: Path | None, session: Session
) -> Generator[OpenClient]:
    """Open a client with the keys of the environment or of a file."""
    settings = _read_settings(context, env_file, session)
    with _connect(settings) as fw:
        yield OpenClient(fw, settings.account_key)


@contextlib.contextmanager
def open_listing(
    context: typer.Context,
    env_file: Path | None,
    session: Session,
    selection: Selection,
    *,
    consistent: bool,
) -> Generator[OpenListing]:
    """Open a client, and yield it with an iterator over the selected invoices."""
    from finerworks.cli.output import progress  # noqa: PLC0415 - importing rich takes time

    settings = _read_settings(context, env_file, session, selection.account_key)
    show_progress = not session.quiet and not session.verbose
    with _connect(settings) as fw, progress(shown=show_progress) as watch:
        invoices = selection.select(watch(selection.listing(fw, consistent=consistent)))
        yield OpenListing(invoices, fw, settings.account_key or None)


def _read_settings(
    context: typer.Context,
    env_file: Path | None,
    session: Session,
    account_option: str | None = None,
) -> _Settings:
    """Return the settings of a client: from the file, if there is one, else of the environment.

    Both keys are from the same place. The host of the environment applies if the file has none.
    """
    # `run` reads it when the command fails.
    cast(Session, context.obj).debug = session.debug
    if session.verbose:
        os.environ[LOG] = "debug"
    if env_file is None:
        _require_keys()
        return _Settings(account_key=_account_key(account_option))
    # Imported here: it imports httpx, which `--help` does not need.
    from finerworks import PRODUCTION  # noqa: PLC0415
    from finerworks.cli.env_file import read_env_file  # noqa: PLC0415

    file = read_env_file(env_file)
    if file.log is not None and not session.verbose:
        os.environ[LOG] = file.log
    return _Settings(
        web_api_key=file.web_api_key,
        app_key=file.app_key,
        base_url=PRODUCTION if file.base_url == "" else file.base_url,
        account_key=_account_key(account_option, file),
    )


def _require_keys() -> None:
    """Raise CredentialsError, which says which environment variables are missing."""
    missing = [name for name in (WEB_API_KEY, APP_KEY) if not os.environ.get(name)]
    if not missing:
        return
    if len(missing) == 1:
        message = f"{missing[0]} is not set: set it in the environment"
    else:
        message = f"{' and '.join(missing)} are not set: set them in the environment"
    raise CredentialsError(f"{message}, or set both keys in a file that you name by --env-file")


def _account_key(
    option: str | None, file: "env_files.EnvFile | None" = None
) -> "credentials.Secret":
    """Return the account to read. It is empty for the account that owns the keys.

    Raises:
        WrongUsageError: The keys are from a file, and the account would be from the environment.
    """
    from finerworks.credentials import Secret, read_account_key  # noqa: PLC0415 - imports httpx

    if option is not None:
        return Secret(option)
    if file is not None and file.account_key is not None:
        return file.account_key
    with _value_error_as_wrong_usage():
        account_key = read_account_key(None)
    if file is not None and account_key:
        raise WrongUsageError(
            f"--env-file {file.path} has the keys, and the environment the account, which may "
            f"not belong together: add {ACCOUNT_KEY}= to the file, with nothing after it for the "
            "account that owns the keys"
        )
    return account_key


@contextlib.contextmanager
def _connect(settings: _Settings) -> Generator["finerworks.FinerWorks"]:
    """Open a client."""
    from finerworks import FinerWorks  # noqa: PLC0415 - imports httpx, which --help does not need

    with _value_error_as_wrong_usage():
        fw = FinerWorks(
            web_api_key=settings.web_api_key,
            app_key=settings.app_key,
            account_key=settings.account_key,
            base_url=settings.base_url,
        )
    with fw:
        yield fw


@contextlib.contextmanager
def _value_error_as_wrong_usage() -> Generator[None]:
    """Turn a ValueError, for example of FINERWORKS_BASE_URL, into a WrongUsageError."""
    try:
        yield
    except CredentialsError:
        raise
    except ValueError as error:
        raise WrongUsageError(str(error)) from error


def base_url_of(fw: "finerworks.FinerWorks") -> str:
    """Return the base URL of a client."""
    return str(fw.client.get_httpx_client().base_url).rstrip("/")


@contextlib.contextmanager
def existing_file_as_wrong_usage(file: Path) -> Generator[None]:
    """Turn a FileExistsError into a WrongUsageError that mentions --overwrite."""
    from finerworks.exports.files import TargetExistsError  # noqa: PLC0415 - --help needs no file

    try:
        yield
    except FileExistsError as error:
        existing = error.path if isinstance(error, TargetExistsError) else file
        raise WrongUsageError(
            f"{existing} exists already: choose another name, or add --overwrite to replace it"
        ) from error
