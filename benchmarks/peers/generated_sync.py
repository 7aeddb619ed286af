"""generated/finerworks_client, as openapi-python-client generates it, with its own httpx client."""

from benchmarks.peers import KEYS, PER_PAGE, PageContent, Pages, of_attribute, of_model
from finerworks_client import Client
from finerworks_client.api.invoices import list_invoices
from finerworks_client.models import InvoiceListRequest


class Peer(Pages):
    """A page loop over the generated function."""

    amount = of_attribute

    def __init__(self, url: str) -> None:
        self._client = Client(base_url=url, headers=KEYS)
        self._client.get_httpx_client()

    def page(self, number: int) -> PageContent:
        """Return a page."""
        body = InvoiceListRequest(per_page=PER_PAGE, page_number=number)
        return of_model(list_invoices.sync(client=self._client, body=body))

    def close(self) -> None:
        """Close the connections."""
        self._client.get_httpx_client().close()
