"""generated/finerworks_client with asyncio, and its own httpx client."""

from benchmarks.peers import KEYS, PER_PAGE, AsyncPages, PageContent, of_attribute, of_model
from finerworks_client import Client
from finerworks_client.api.invoices import list_invoices
from finerworks_client.models import InvoiceListRequest


class Peer(AsyncPages):
    """A page loop over the generated function."""

    amount = of_attribute

    def __init__(self, url: str) -> None:
        self._client = Client(base_url=url, headers=KEYS)
        self._client.get_async_httpx_client()

    async def page(self, number: int) -> PageContent:
        """Return a page."""
        body = InvoiceListRequest(per_page=PER_PAGE, page_number=number)
        return of_model(await list_invoices.asyncio(client=self._client, body=body))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.get_async_httpx_client().aclose()
