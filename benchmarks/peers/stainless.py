"""The client and models of an SDK that Stainless generated (lithic), with our path."""

from lithic import Lithic
from lithic._models import BaseModel

from benchmarks.peers import KEYS, PATH, PageContent, Pages, of_attribute, of_model, request_body
from benchmarks.peers.models import invoice_list

InvoiceList = invoice_list(BaseModel)


class Peer(Pages):
    """The client of the SDK, with its default retries."""

    amount = of_attribute

    def __init__(self, url: str) -> None:
        self._client = Lithic(api_key="of-the-benchmarks", base_url=url, default_headers=KEYS)

    def page(self, number: int) -> PageContent:
        """Return a page."""
        return of_model(self._client.post(PATH, cast_to=InvoiceList, body=request_body(number)))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
