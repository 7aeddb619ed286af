"""The client of a command, with keys from the environment or a file, and its listing."""

import contextlib
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from finerworks import CredentialsError
from finerworks.cli.options import Session, WrongUsageError
from finerworks.cli.selection import Selection

if TYPE_CHECKING:
    from finerworks import FinerWorks
    from finerworks_client.models import Invoice

__all__ = ["base_url_of", "existing_file_as_wrong_usage", "open_client", "open_listing"]

KEY_VARIABLES = ("FINERWORKS_WEB_API_KEY", "FINERWORKS_APP_KEY")


def _read_env_file(env_file: Path) -> dict[str, str]:
    """Return the FINERWORKS_ variables that a file sets.

    Raises:
        WrongUsageError: A line cannot be parsed. It is not skipped, as the environment's key would
            be used in place of the one in the file.
    """
    from dotenv.parser import parse_stream  # noqa: PLC0415 - only needed for --env-file

    try:
        with env_file.open(encoding="utf-8") as file:
            bindings = [
                binding
                for binding in parse_stream(file)
                if "FINERWORKS_" in binding.original.string
            ]
    except UnicodeDecodeError as error:
        raise WrongUsageError(f"--env-file {env_file} is not a text file in UTF-8") from error
    variables = dict[str, str]()
    for name, value, original, has_error in bindings:
        if has_error or (name and value is None):
            raise WrongUsageError(
                f"--env-file {env_file}, line {original.line} or below: not NAME=VALUE"
            )
        if name and value is not None and name.startswith("FINERWORKS_"):
            variables[name] = value
    return variables


def _load_env_file(env_file: Path) -> None:
    """Put the variables of a file into the environment of this process."""
    variables = _read_env_file(env_file)
    try:
        os.environ.update(variables)
    except ValueError:
        # The text of the ValueError may contain a part of a key.
        raise WrongUsageError(
            f"--env-file {env_file} has a character that no key and no host can have"
        ) from None


def _require_keys() -> None:
    """Raise CredentialsError, which says which environment variables are missing."""
    missing = [name for name in KEY_VARIABLES if not os.environ.get(name)]
    if not missing:
        return
    if len(missing) == 1:
        message = f"{missing[0]} is not set: set it"
    else:
        message = f"{' and '.join(missing)} are not set: set them"
    raise CredentialsError(
        f"{message} in the environment, or in a file that you name by --env-file"
    )


@contextlib.contextmanager
def open_client(
    context: typer.Context, env_file: Path | None, session: Session
) -> "Generator[FinerWorks]":
    """Open a client with the keys of the environment or of a file."""
    from finerworks import FinerWorks  # noqa: PLC0415 - imports httpx, which --help does not need

    # `run` reads it when the command fails.
    cast(Session, context.obj).debug = session.debug
    if env_file is not None:
        _load_env_file(env_file)
    if session.verbose:
        os.environ["FINERWORKS_LOG"] = "debug"
    _require_keys()
    try:
        fw = FinerWorks()
    except CredentialsError:
        raise
    except ValueError as error:  # for example, of FINERWORKS_BASE_URL
        raise WrongUsageError(str(error)) from error
    with fw:
        yield fw


@contextlib.contextmanager
def open_listing(
    context: typer.Context,
    env_file: Path | None,
    session: Session,
    selection: Selection,
    *,
    consistent: bool,
) -> "Generator[tuple[Iterator[Invoice], FinerWorks]]":
    """Open a client, and yield it with an iterator over the selected invoices."""
    from finerworks.cli.output import progress  # noqa: PLC0415 - importing rich takes time

    show_progress = not session.quiet and not session.verbose
    with open_client(context, env_file, session) as fw, progress(shown=show_progress) as watch:
        invoices = watch(fw.invoices.list(account_key=selection.account_key, consistent=consistent))
        yield selection.select(invoices), fw


def base_url_of(fw: "FinerWorks") -> str:
    """Return the base URL of a client."""
    return str(fw.client.get_httpx_client().base_url).rstrip("/")


@contextlib.contextmanager
def existing_file_as_wrong_usage(file: Path) -> Generator[None]:
    """Turn a FileExistsError into a WrongUsageError that mentions --overwrite."""
    try:
        yield
    except FileExistsError as error:
        raise WrongUsageError(
            f"{file} exists already: choose another name, or add --overwrite to replace it"
        ) from error
