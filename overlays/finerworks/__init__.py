"""FinerWorks' web API for Python: every invoice of an account, exact and whole, or a clear error.

from finerworks import FinerWorks

with FinerWorks() as fw:  # keys from FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY
    for invoice in fw.invoices.list():  # every invoice, page after page
        print(invoice.invoice_id, invoice.amount_due, invoice.due_date)
"""

from finerworks import errors, money
from finerworks._version import __version__
from finerworks.attempts import PRODUCTION, TEST
from finerworks.client import AsyncFinerWorks, FinerWorks
from finerworks.errors import *  # noqa: F403 - the whole tree, as its own list names it
from finerworks.http import AsyncHTTPClient, HTTPClient
from finerworks.pagination import AsyncPager, Page, Pager

__all__ = [
    "PRODUCTION",
    "TEST",
    "AsyncFinerWorks",
    "AsyncHTTPClient",
    "AsyncPager",
    "FinerWorks",
    "HTTPClient",
    "Page",
    "Pager",
    "__version__",
    "errors",
    "money",
]
__all__ += errors.__all__
