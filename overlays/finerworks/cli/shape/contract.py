"""The names of the fields that the contract has, read from the generated models."""

from typing import Final

import attrs

from finerworks_client import models


def _fields_of(model: type) -> frozenset[str]:
    """Return the names of a model's fields. The contract has the same names."""
    return frozenset(field.name for field in attrs.fields(model) if field.init)


ENVELOPE: Final = _fields_of(models.InvoiceList)
STATUS: Final = _fields_of(models.ResponseStatus)
INVOICE: Final = _fields_of(models.Invoice)
