"""The settings of a client: from the environment or a file, and where each comes from.

Both keys, and the account, are from one place. One of each might belong to two accounts.
"""

import contextlib
import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from finerworks import CredentialsError
from finerworks.cli.options import Session, WrongUsageError
from finerworks.cli.variables import ACCOUNT_KEY, APP_KEY, LOG, WEB_API_KEY
from finerworks.lazy import LazyModule

if TYPE_CHECKING:
    from finerworks import credentials
    from finerworks.cli import env_file as env_files
else:
    credentials = LazyModule("finerworks.credentials")
    env_files = LazyModule("finerworks.cli.env_file")

__all__ = ["Settings", "read_settings", "value_error_as_wrong_usage"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a client. None: the client reads it from the environment."""

    web_api_key: "credentials.Secret | None" = None
    app_key: "credentials.Secret | None" = None
    base_url: str | None = None
    keys_from: str
    """Where the keys come from, such as "in the environment"."""
    account_key: "credentials.Secret"
    """The account to read. Empty: the account that owns the keys."""
    account_from: str
    """Where the account comes from. Empty if there is none."""


def read_settings(
    context: typer.Context,
    env_file: Path | None,
    session: Session,
    account_option: str | None = None,
) -> Settings:
    """Return the settings of a client: from the file, if there is one, else of the environment.

    Both keys are from the same place. The host of the environment applies if the file has none.
    """
    # `run` reads it when the command fails.
    cast(Session, context.obj).debug = session.debug
    if session.verbose:
        os.environ[LOG] = "debug"
    if env_file is None:
        _require_keys()
        account_key, account_from = _account_of(account_option)
        return Settings(
            keys_from="in the environment", account_key=account_key, account_from=account_from
        )
    # Imported here: it imports httpx, which `--help` does not need.
    from finerworks import PRODUCTION  # noqa: PLC0415
    from finerworks.cli.env_file import read_env_file  # noqa: PLC0415

    file = read_env_file(env_file)
    if file.log is not None and not session.verbose:
        os.environ[LOG] = file.log
    account_key, account_from = _account_of(account_option, file)
    return Settings(
        web_api_key=file.web_api_key,
        app_key=file.app_key,
        base_url=PRODUCTION if file.base_url == "" else file.base_url,
        keys_from=f"in {env_file}",
        account_key=account_key,
        account_from=account_from,
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


def _account_of(
    option: str | None, file: "env_files.EnvFile | None" = None
) -> "tuple[credentials.Secret, str]":
    """Return the account to read, and where it comes from.

    The account is empty for the account that owns the keys.

    Raises:
        WrongUsageError: The keys are from a file, and the account would be from the environment.
    """
    from finerworks.credentials import Secret, read_account_key  # noqa: PLC0415 - imports httpx

    if option is not None:
        return Secret(option), "--account-key"
    if file is not None and file.account_key is not None:
        return file.account_key, str(file.path)
    with value_error_as_wrong_usage():
        account_key = read_account_key(None)
    if file is not None and account_key:
        raise WrongUsageError(
            f"--env-file {file.path} has the keys, and the environment the account, which may "
            f"not belong together: add {ACCOUNT_KEY}= to the file, with nothing after it for the "
            "account that owns the keys"
        )
    return account_key, ACCOUNT_KEY


@contextlib.contextmanager
def value_error_as_wrong_usage() -> Generator[None]:
    """Turn a ValueError, for example of FINERWORKS_BASE_URL, into a WrongUsageError."""
    try:
        yield
    except CredentialsError:
        raise
    except ValueError as error:
        raise WrongUsageError(str(error)) from error
