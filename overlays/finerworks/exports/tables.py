"""An empty table for a listing. Checks first that the packages for it are installed."""

from typing import TYPE_CHECKING

from finerworks.exports import require
from finerworks.lazy import LazyModule

if TYPE_CHECKING:
    from finerworks.exports import frames
else:
    frames = LazyModule("finerworks.exports.frames", optional=True)

__all__ = ["create_frame"]


def create_frame(response: str, extra: str) -> "frames.Frame":
    """Return a table to which items are added.

    Args:
        response: The name of the response's model in `finerworks_client.models`.
        extra: The extra for what is made of the table: ``arrow``, ``polars`` or ``pandas``. Its
            packages are imported at once, so that a missing one is found before anything is
            requested.

    Raises:
        ModuleNotFoundError: Packages are not installed. The message names all of them.
    """
    if extra == "arrow":
        require("pyarrow", extra=extra, what="a table")
    else:
        require("pyarrow", extra, extra=extra, what=f"a {extra} data frame")
    from finerworks.exports.frames import Frame  # noqa: PLC0415 - imports pyarrow

    return Frame(response)
