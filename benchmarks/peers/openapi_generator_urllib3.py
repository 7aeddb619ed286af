"""openapi-generator's Python client with its defaults, urllib3 and pydantic."""

import openapi_generator_urllib3 as generated

from benchmarks.peers import KEYS, PER_PAGE, PageContent, Pages, of_attribute, of_model


class Peer(Pages):
    """A page loop over the generated method."""

    amount = of_attribute

    def __init__(self, url: str) -> None:
        self._client = generated.ApiClient(generated.Configuration(host=url, api_key=KEYS))
        self._api = generated.InvoicesApi(self._client)

    def page(self, number: int) -> PageContent:
        """Return a page."""
        return of_model(
            self._api.list_invoices(
                generated.InvoiceListRequest(per_page=PER_PAGE, page_number=number)
            )
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.rest_client.pool_manager.clear()
