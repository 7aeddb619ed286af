"""The options of `export` that say how the file is written.

`--help` imports this module, so it imports nothing that takes time.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from finerworks.cli.options import WrongUsageError

__all__ = ["Excel", "Layout", "file_format"]

Layout = Annotated[
    Literal["full", "plain"] | None,
    typer.Option(
        help="Columns of the file: 'full' has each field of an invoice, 'plain' has what people "
        "look at. The default is 'plain' for Excel, otherwise 'full'."
    ),
]
Excel = Annotated[
    bool,
    typer.Option(
        "--excel", help="Write CSV that Excel opens as UTF-8, by default in the layout 'plain'."
    ),
]


def file_format(file: Path, given: str | None, *, excel: bool) -> str:
    """Return the format of the file.

    Raises:
        WrongUsageError: The extension of the file is unknown, or --excel is not for its format.
    """
    # Imported here, as --help does not need it.
    from finerworks import exports  # noqa: PLC0415

    try:
        found = exports.file_format(file, given)
    except ValueError as error:
        known = ", ".join(exports.FORMATS)
        raise WrongUsageError(
            f"{file} has an unknown extension: set --format to one of {known}"
        ) from error
    if excel and found != "csv":
        raise WrongUsageError(f"--excel is for CSV, not for {found}: leave it out")
    return found
