"""FinerWorks' web API for Python: every invoice of an account, with exact amounts, or an error.

from finerworks import FinerWorks

with FinerWorks() as fw:  # keys from FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY
    for invoice in fw.invoices.list():  # every invoice, page after page
        print(invoice.invoice_id, invoice.amount_due, invoice.due_date)

Names that need httpx or the generated models are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from finerworks import dates, errors, money
from finerworks._version import __version__
from finerworks.errors import *  # noqa: F403 - every error, as its module lists them

if TYPE_CHECKING:
    from finerworks.client import AsyncFinerWorks, FinerWorks
    from finerworks.config import PRODUCTION, TEST
    from finerworks.http import AsyncHTTPClient, HTTPClient
    from finerworks.listing import Page
    from finerworks.pagination import AsyncPager, Pager
    from finerworks.raw import RawResponse
    from finerworks.startup import preload
    from finerworks_client.models import Invoice, InvoiceList

_MODULES = {
    "PRODUCTION": "finerworks.config",
    "TEST": "finerworks.config",
    "AsyncFinerWorks": "finerworks.client",
    "FinerWorks": "finerworks.client",
    "AsyncHTTPClient": "finerworks.http",
    "HTTPClient": "finerworks.http",
    "AsyncPager": "finerworks.pagination",
    "Pager": "finerworks.pagination",
    "Page": "finerworks.listing",
    "RawResponse": "finerworks.raw",
    "Invoice": "finerworks_client.models",
    "InvoiceList": "finerworks_client.models",
    "preload": "finerworks.startup",
}
"""The module of each name that is imported late."""

__all__ = [
    "PRODUCTION",
    "TEST",
    "AsyncFinerWorks",
    "AsyncHTTPClient",
    "AsyncPager",
    "FinerWorks",
    "HTTPClient",
    "Invoice",
    "InvoiceList",
    "Page",
    "Pager",
    "RawResponse",
    "__version__",
    "dates",
    "errors",
    "money",
    "preload",
]
__all__ += errors.__all__


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'finerworks' has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
