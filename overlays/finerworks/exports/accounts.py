"""Invoices with the account that they belong to, so that the files of accounts can be combined."""

import datetime  # noqa: ICN001 - by this name, as below
import decimal
from collections.abc import Iterable, Iterator

import attrs

from finerworks_client import models

__all__ = ["Invoice", "items_of"]

NAMED_IN_ANNOTATIONS = (datetime, decimal)
"""Modules that annotations of the model name. attrs copies these to `__init__` of the class below,
where they are resolved with the names of this module."""


# Named as its base, because a sheet of a workbook is named after the model.
@attrs.define
class Invoice(models.Invoice):
    """An invoice with its account. None: the account that owns the keys."""

    account_key: str | None = None


_FIELDS = tuple(field.name for field in attrs.fields(models.Invoice) if field.init)


def items_of(
    invoices: Iterable[models.Invoice], account_key: str | None
) -> tuple[Iterable[models.Invoice], type[models.Invoice]]:
    """Return the rows to write for invoices, and the model that defines their columns.

    Args:
        invoices: The invoices.
        account_key: The account for a column. Empty: the account that owns the keys. None: no such
            column.
    """
    if account_key is None:
        return invoices, models.Invoice
    return _with_account(invoices, account_key), Invoice


def _with_account(invoices: Iterable[models.Invoice], account_key: str) -> Iterator[Invoice]:
    for invoice in invoices:
        values = {name: getattr(invoice, name) for name in _FIELDS}
        yield Invoice(**values, account_key=account_key or None)
