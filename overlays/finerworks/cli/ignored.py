"""Whether the server ignored the account key, and returned the invoices of the keys' own account.

FinerWorks does so if the keys may not read other accounts. The responses do not say so. One more
request is sent for the keys' own account, and its first rows are compared.
"""

from collections.abc import Iterable, Iterator, Sequence

import typer

import finerworks
from finerworks.credentials import Secret
from finerworks.errors import FinerWorksError
from finerworks.selection import Selection

__all__ = ["ROWS", "FirstRows", "warn", "warn_if_ignored", "warn_unchecked"]

ROWS = 25
"""The number of rows that are compared: the maximum size of a page."""

WARNING = (
    "the account key appears to be ignored: these are the invoices of the account that owns the "
    "keys. Use keys that may read for this account, or omit the account key if the account is your "
    "own"
)
"""The warning, without the account key, so that it can be quoted."""


class FirstRows:
    """The first rows of a listing, recorded while it is read."""

    def __init__(self) -> None:
        self.rows = list[finerworks.Invoice]()

    def record(self, invoices: Iterable["finerworks.Invoice"]) -> Iterator["finerworks.Invoice"]:
        """Return the same invoices."""
        for invoice in invoices:
            if len(self.rows) < ROWS:
                self.rows.append(invoice)
            yield invoice


def warn_if_ignored(
    fw: "finerworks.FinerWorks",
    first: Sequence["finerworks.Invoice"],
    total_count: int | None,
    selection: Selection["finerworks.Invoice"] | None = None,
) -> None:
    """Print a warning if the first rows of an account are those of the keys' own account.

    Args:
        fw: The client.
        first: The first rows of the account. Nothing is sent if there are none: an account without
            invoices looks the same whether its key is ignored or not.
        total_count: The number of invoices of the account. None: not known.
        selection: What was selected of the account, if the rows are not simply its first.
    """
    if not first:
        return
    try:
        own = fw.with_options(max_retries=0).invoices.page(per_page=ROWS, account_key=Secret())
        own_rows = own.invoices or []
        if selection is not None:
            own_rows = selection.choose(own_rows, chosen_before=0)
    except FinerWorksError as error:
        # The listing was read, so the command has not failed.
        warn_unchecked(error)
        return
    compared = min(len(first), len(own_rows))
    same_rows = list(first[:compared]) == own_rows[:compared]
    own_total = own.total_count if isinstance(own.total_count, int) else None
    same_total = total_count == own_total
    if compared and same_rows and same_total:
        warn()


def warn() -> None:
    """Print the warning."""
    typer.echo(f"finerworks: warning: {WARNING}", err=True)


def warn_unchecked(error: FinerWorksError | None) -> None:
    """Print that the keys' own account could not be read."""
    typer.echo(
        f"finerworks: warning: could not check whether the account key is ignored: {error}",
        err=True,
    )
