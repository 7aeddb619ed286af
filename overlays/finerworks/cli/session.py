"""A command at work: its client, with the keys of the environment or of a file, and the invoices that are wanted."""

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

__all__ = ["host", "opened", "usage", "wanted"]


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
def opened(
    context: typer.Context, env_file: Path | None, session: Session
) -> "Generator[FinerWorks]":
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
    if missing := [
        key for key in ("FINERWORKS_WEB_API_KEY", "FINERWORKS_APP_KEY") if not os.environ.get(key)
    ]:
        told = f"{' and '.join(missing)} not set"
        raise CredentialsError(
            f"{told}: set both in the environment, or name a file that has them with --env-file"
        )
    try:
        fw = FinerWorks()
    except CredentialsError:
        raise
    except ValueError as error:  # such as a base URL that is none
        raise WrongUsageError(str(error)) from error
    with fw:
        yield fw


@contextlib.contextmanager
def wanted(
    context: typer.Context, env_file: Path | None, session: Session, selection: Selection
) -> "Generator[tuple[Iterator[Invoice], FinerWorks]]":
    """Open a client, and give the invoices that are wanted as they come."""
    from finerworks.cli.output import progress  # noqa: PLC0415 - rich takes time to import

    with (
        opened(context, env_file, session) as fw,
        progress(shown=not (session.quiet or session.verbose)) as watch,
    ):
        yield selection.of(watch(fw.invoices.list(account_key=selection.account_key))), fw


def host(fw: "FinerWorks") -> str:
    """Give the origin that a client speaks to."""
    return str(fw.client.get_httpx_client().base_url).rstrip("/")


@contextlib.contextmanager
def usage(kind: type[Exception] = ValueError) -> Generator[None]:
    """Tell of an error as one of usage."""
    try:
        yield
    except kind as error:
        raise WrongUsageError(str(error)) from error
