"""Invoices: binds `POST /v3/list_invoices` to pagers. The only module that knows the endpoint."""

from operator import attrgetter
from typing import cast

from finerworks.auth import read_account_key
from finerworks.pagination import Ask, AsyncPager, Page, Pager
from finerworks.retries import READS
from finerworks.validation import whole_number
from finerworks_client import Client
from finerworks_client.api.invoices import list_invoices
from finerworks_client.models import Invoice, InvoiceList, InvoiceListRequest
from finerworks_client.types import UNSET

READS["/v3/list_invoices"] = InvoiceList

MAX_PER_PAGE = 25
"""The most invoices that FinerWorks puts on one page (the help page)."""


class _Resource:
    def __init__(self, client: Client, account_key: str) -> None:
        self._client, self._account_key = client, account_key

    def _body(self, page_number: int, per_page: int, account_key: str | None) -> InvoiceListRequest:
        account = self._account_key if account_key is None else read_account_key(account_key)
        size, number = whole_number("per_page", per_page, 1, MAX_PER_PAGE), whole_number("page_number", page_number, 1)
        return InvoiceListRequest(per_page=size, page_number=number, account_key=account or UNSET)


class Invoices(_Resource):
    """The invoices of an account: ``fw.invoices``."""

    def list(self, *, account_key: str | None = None, per_page: int = MAX_PER_PAGE) -> Pager[Invoice]:
        """List every invoice, page after page. Nothing is sent until the pager is iterated.

        The order is the server's; none is documented.

        Args:
            account_key: Whose invoices, for accounts that may read for others. None: the client's.
            per_page: How many to ask for in one request, from 1 to 25.

        Raises:
            ValueError: An argument is out of its range.
        """
        self._body(1, per_page, account_key)

        def fetch(ask: Ask) -> Page[Invoice]:
            return _page(ask, self.page(ask.number, per_page=ask.per_page, account_key=account_key))

        return Pager(fetch, per_page=per_page, key=attrgetter("invoice_id"))

    def page(self, page_number: int = 1, *, per_page: int = 10, account_key: str | None = None) -> InvoiceList:
        """Give one page as the server sent it, with its envelope.

        Args:
            page_number: Which page, from 1.
            per_page: How many to a page, from 1 to 25.
            account_key: Whose invoices, for accounts that may read for others. None: the client's.

        Raises:
            ValueError: An argument is out of its range.
            FinerWorksError: The request failed; `finerworks.errors` has the kinds.
        """
        body = self._body(page_number, per_page, account_key)
        return cast(InvoiceList, list_invoices.sync(client=self._client, body=body))


class AsyncInvoices(_Resource):
    """The invoices of an account: ``fw.invoices`` of an `AsyncFinerWorks`."""

    def list(self, *, account_key: str | None = None, per_page: int = MAX_PER_PAGE) -> AsyncPager[Invoice]:
        """List every invoice with ``async for``; see `Invoices.list`."""
        self._body(1, per_page, account_key)

        async def fetch(ask: Ask) -> Page[Invoice]:
            page = await self.page(ask.number, per_page=ask.per_page, account_key=account_key)
            return _page(ask, page)

        return AsyncPager(fetch, per_page=per_page, key=attrgetter("invoice_id"))

    async def page(self, page_number: int = 1, *, per_page: int = 10, account_key: str | None = None) -> InvoiceList:
        """Give one page as the server sent it; see `Invoices.page`."""
        body = self._body(page_number, per_page, account_key)
        return cast(InvoiceList, await list_invoices.asyncio(client=self._client, body=body))


def _page(ask: Ask, answer: InvoiceList) -> Page[Invoice]:
    total = answer.total_count
    return Page(ask.number, answer.invoices or [], total if isinstance(total, int) else None)
