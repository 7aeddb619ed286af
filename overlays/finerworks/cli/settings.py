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
from finerworks.cli.variables import ACCOUNT_KEY, APP_KEY, BASE_URL, LOG, WEB_API_KEY
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
    known = cast(Session, context.obj)
    known.debug = session.debug
    if session.verbose:
        os.environ[LOG] = "debug"
    if env_file is None:
        _check_environment()
        account_key, account_from = _account_of(account_option)
        known.keys_from = "in the environment"
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
    known.keys_from = f"in {file.place}"
    return Settings(
        web_api_key=file.web_api_key,
        app_key=file.app_key,
        base_url=PRODUCTION if file.base_url == "" else file.base_url,
        keys_from=known.keys_from,
        account_key=account_key,
        account_from=account_from,
    )


def _check_environment() -> None:
    """Check the variables of the environment here, so that errors name variables.

    The SDK names its arguments as well, which the command does not have.

    Raises:
        CredentialsError: A key is missing, or malformed.
        WrongUsageError: The host or the account is malformed.
    """
    _require_keys()
    # Imported here: they import httpx, which `--help` does not need.
    from finerworks.config import check_base_url  # noqa: PLC0415
    from finerworks.credentials import Secret, check_key  # noqa: PLC0415

    for name in (WEB_API_KEY, APP_KEY):
        check_key(name, Secret(os.environ[name]))
    base_url = os.environ.get(BASE_URL)
    if base_url:
        with value_error_as_wrong_usage():
            check_base_url(
                BASE_URL, base_url, allow_insecure_http=False, insecure_advice="use https://"
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
    from finerworks.credentials import Secret  # noqa: PLC0415 - imports httpx

    if option is not None:
        return Secret(option), "--account-key"
    if file is not None and file.account_key is not None:
        return file.account_key, file.place
    account_key = Secret(os.environ.get(ACCOUNT_KEY, ""))
    if account_key and not account_key.strip():
        raise WrongUsageError(
            f"{ACCOUNT_KEY} is blank: unset it to read the account that owns the keys"
        )
    if file is not None and account_key:
        raise WrongUsageError(
            f"{file.name} has the keys, and the environment the account, which may "
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
