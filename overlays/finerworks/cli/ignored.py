"""Whether the server ignored the account key, and returned the invoices of the keys' own account.

FinerWorks does so if the keys may not read other accounts. The responses do not say so. One more
request is sent for the keys' own account, and its first rows are compared.
"""

from collections.abc import Iterable, Iterator, Sequence

import typer

import finerworks
from finerworks.credentials import Secret
from finerworks.errors import FinerWorksError

__all__ = [
    "ROWS",
    "FirstRows",
    "warn",
    "warn_if_account_ignored",
    "warn_if_ignored",
    "warn_unchecked",
]

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
    fw: "finerworks.FinerWorks", first: Sequence["finerworks.Invoice"], total_count: int | None
) -> None:
    """Print a warning if the first rows of an account are those of the keys' own account.

    Args:
        fw: The client.
        first: The first rows of the account. Nothing is sent if there are none: an account without
            invoices looks the same whether its key is ignored or not.
        total_count: The number of invoices of the account. None: not known.
    """
    if not first:
        return
    try:
        own_rows, own_total = _first_page(fw, account_key=Secret())
    except FinerWorksError as error:
        # The listing was read, so the command has not failed.
        warn_unchecked(error)
        return
    compared = min(len(first), len(own_rows))
    same_rows = list(first[:compared]) == own_rows[:compared]
    if compared and same_rows and total_count == own_total:
        warn()


def warn_if_account_ignored(fw: "finerworks.FinerWorks") -> None:
    """Do the same for the client's account, after requesting its first rows."""
    try:
        first, total_count = _first_page(fw)
    except FinerWorksError as error:
        warn_unchecked(error)
        return
    warn_if_ignored(fw, first, total_count)


def _first_page(
    fw: "finerworks.FinerWorks", *, account_key: Secret | None = None
) -> tuple[list["finerworks.Invoice"], int | None]:
    """Return the first rows of an account (None: the client's), and its total."""
    page = fw.with_options(max_retries=0).invoices.page(per_page=ROWS, account_key=account_key)
    total_count = page.total_count if isinstance(page.total_count, int) else None
    return page.invoices or [], total_count


def warn() -> None:
    """Print the warning."""
    typer.echo(f"finerworks: warning: {WARNING}", err=True)


def warn_unchecked(error: FinerWorksError | None) -> None:
    """Print that the keys' own account could not be read."""
    typer.echo(
        f"finerworks: warning: could not check whether the account key is ignored: {error}",
        err=True,
    )
