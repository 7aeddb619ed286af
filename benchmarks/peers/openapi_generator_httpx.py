"""openapi-generator's Python client with httpx's async client and pydantic."""

import openapi_generator_httpx as generated

from benchmarks.peers import KEYS, PER_PAGE, AsyncPages, PageContent, of_attribute, of_model


class Peer(AsyncPages):
    """A page loop over the generated method."""

    amount = of_attribute

    def __init__(self, url: str) -> None:
        self._client = generated.ApiClient(generated.Configuration(host=url, api_key=KEYS))
        self._api = generated.InvoicesApi(self._client)

    async def page(self, number: int) -> PageContent:
        """Return a page."""
        body = generated.InvoiceListRequest(per_page=PER_PAGE, page_number=number)
        return of_model(await self._api.list_invoices(body))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
