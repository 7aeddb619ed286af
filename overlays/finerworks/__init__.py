"""FinerWorks' web API for Python: every invoice of an account, exact and whole, or a clear error.

from finerworks import FinerWorks

with FinerWorks() as fw:  # keys from FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY
    for invoice in fw.invoices.list():  # every invoice, page after page
        print(invoice.invoice_id, invoice.amount_due, invoice.due_date)

What needs httpx is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from finerworks import errors, money
from finerworks._version import __version__
from finerworks.errors import *  # noqa: F403 - the whole tree, as its own list names it

if TYPE_CHECKING:
    from finerworks.attempts import PRODUCTION, TEST
    from finerworks.client import AsyncFinerWorks, FinerWorks
    from finerworks.http import AsyncHTTPClient, HTTPClient
    from finerworks.pagination import AsyncPager, Page, Pager

_homes = {
    "PRODUCTION": "attempts",
    "TEST": "attempts",
    "AsyncFinerWorks": "client",
    "FinerWorks": "client",
}
_homes |= {"AsyncHTTPClient": "http", "HTTPClient": "http"}
_homes |= {"AsyncPager": "pagination", "Page": "pagination", "Pager": "pagination"}

__all__ = [
    "PRODUCTION",
    "TEST",
    "AsyncFinerWorks",
    "AsyncHTTPClient",
    "AsyncPager",
    "FinerWorks",
    "HTTPClient",
]
__all__ += ["Page", "Pager", "__version__", "errors", "money"]
__all__ += errors.__all__


def __getattr__(name: str) -> object:
    if name not in _homes:
        raise AttributeError(f"module 'finerworks' has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(f"finerworks.{_homes[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
