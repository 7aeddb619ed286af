"""The settings of a client: from a file, the environment or a profile, and their sources.

Both keys and the account come from one place. Otherwise, they might belong to different accounts.
"""

import contextlib
import os
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from finerworks import CredentialsError
from finerworks.cli.options import Session, WrongUsageError
from finerworks.cli.variables import ACCOUNT_KEY, APP_KEY, BASE_URL, LOG, PROFILE, WEB_API_KEY
from finerworks.lazy import LazyModule

if TYPE_CHECKING:
    from finerworks import credentials
    from finerworks.cli import env_file as env_files
else:
    credentials = LazyModule("finerworks.credentials")
    env_files = LazyModule("finerworks.cli.env_file")

__all__ = ["Settings", "keys_in_environment", "read_settings", "value_error_as_wrong_usage"]


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
    """Where the account comes from. It has no meaning if the account is empty."""
    profile: str | None = None
    """The profile that the keys come from. None: they come from elsewhere."""


def read_settings(
    context: typer.Context,
    env_file: Path | None,
    session: Session,
    account_option: str | None = None,
) -> Settings:
    """Return the settings of a client: from a file, else the environment, else a profile.

    Both keys come from the same place. The environment's host applies if the file has none.

    Raises:
        CredentialsError: There are no keys, or they cannot be sent.
        WrongUsageError: The file is wrong, or two sources would be combined.
        StoreError: The profile cannot be read.
    """
    # `run` reads it when the command fails.
    known = cast(Session, context.obj)
    known.debug = session.debug
    if session.verbose:
        os.environ[LOG] = "debug"
    settings = _first_source(env_file, session, account_option)
    known.keys_from = settings.keys_from
    return settings


def _first_source(env_file: Path | None, session: Session, account_option: str | None) -> Settings:
    """Return the settings of the first source that exists."""
    # Imported here: they import httpx, which `--help` does not need.
    from finerworks.cli.env_file import read_env_file  # noqa: PLC0415
    from finerworks.cli.profiles import Profile, chosen_name  # noqa: PLC0415

    if env_file is not None and session.profile is not None:
        raise WrongUsageError("--env-file and --profile name two sources of keys: omit one of them")
    if env_file is not None:
        return _of_file(read_env_file(env_file), session, account_option)
    if keys_in_environment():
        _refuse_profile(session)
        return _of_environment(account_option)
    profile = Profile(chosen_name(session.profile))
    is_chosen = session.profile is not None or bool(os.environ.get(PROFILE))
    if not is_chosen and not profile.stores():
        return _of_environment(account_option)
    file = profile.read()
    _refuse_other_host(file)
    if account_option is None:
        _refuse_other_account(file)
    if profile.file.exists() and profile.file.is_readable_by_others():
        path = profile.file.path
        typer.echo(
            f"finerworks: warning: others can read the keys in {path}: run chmod 600 '{path}'",
            err=True,
        )
    return replace(_of_file(file, session, account_option), profile=profile.name)


def keys_in_environment() -> list[str]:
    """Return the names of the keys that the environment sets."""
    return [name for name in (WEB_API_KEY, APP_KEY) if os.environ.get(name)]


def _refuse_profile(session: Session) -> None:
    """Refuse an option for a profile if the environment has keys, and warn about its variable.

    The environment takes precedence, so the keys would not be those that the user expects.
    """
    if session.profile is not None:
        names = " and ".join(keys_in_environment())
        raise WrongUsageError(
            f"--profile {session.profile}: keys of the environment take precedence over a profile. "
            f"Unset {names}, or omit --profile"
        )
    if os.environ.get(PROFILE) and not session.quiet:
        typer.echo(
            f"finerworks: warning: {PROFILE} is not used, as keys of the environment take "
            "precedence over a profile",
            err=True,
        )


def _refuse_other_host(profile: "env_files.EnvFile") -> None:
    """Refuse to send the keys of a profile to a host other than that of its login."""
    from finerworks.config import read_base_url  # noqa: PLC0415 - imports httpx

    if not os.environ.get(BASE_URL):
        return
    with value_error_as_wrong_usage():
        of_environment = read_base_url(os.environ[BASE_URL], allow_insecure_http=False)
        of_profile = read_base_url(profile.base_url, allow_insecure_http=False)
    if of_environment != of_profile:
        raise WrongUsageError(
            f"{BASE_URL} is another host than {profile.base_url}, at which the keys of "
            f"{profile.place} were checked: unset it, or use another profile"
        )


def _refuse_other_account(profile: "env_files.EnvFile") -> None:
    """Refuse to read an account other than its own with the keys of a profile."""
    of_environment = os.environ.get(ACCOUNT_KEY)
    if of_environment and of_environment != profile.account_key:
        raise WrongUsageError(
            f"{profile.place} has the keys, and {ACCOUNT_KEY} an account, which may not belong "
            "together: unset it, or name the account by --account-key"
        )


def _of_environment(account_option: str | None) -> Settings:
    """Return the settings of the environment."""
    _check_environment()
    account_key, account_from = _account_of(account_option)
    return Settings(
        keys_from="in the environment", account_key=account_key, account_from=account_from
    )


def _of_file(file: "env_files.EnvFile", session: Session, account_option: str | None) -> Settings:
    """Return the settings of a file, or of a profile."""
    from finerworks import PRODUCTION  # noqa: PLC0415 - imports httpx

    if file.log is not None and not session.verbose:
        os.environ[LOG] = file.log
    account_key, account_from = _account_of(account_option, file)
    return Settings(
        web_api_key=file.web_api_key,
        app_key=file.app_key,
        base_url=PRODUCTION if file.base_url == "" else file.base_url,
        keys_from=f"in {file.place}",
        account_key=account_key,
        account_from=account_from,
    )


def _check_environment() -> None:
    """Check the variables of the environment here, so that errors name variables.

    The SDK's errors also name arguments, which the command does not have.

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
    raise CredentialsError(
        f"{message}, set both keys in a file that you name by --env-file, "
        "or store them with 'finerworks login'"
    )


def _account_of(
    option: str | None, file: "env_files.EnvFile | None" = None
) -> "tuple[credentials.Secret, str]":
    """Return the account to read, and where it comes from.

    The account is empty for the account that owns the keys.

    Raises:
        WrongUsageError: The keys are from a file, but the account is from the environment.
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
    """Convert a ValueError, for example about FINERWORKS_BASE_URL, to a WrongUsageError."""
    try:
        yield
    except CredentialsError:
        raise
    except ValueError as error:
        raise WrongUsageError(str(error)) from error
