"""The client and models of an SDK that Stainless generated (lithic), with our path."""

from lithic import Lithic
from lithic._models import BaseModel

from benchmarks.peers import KEYS, PATH, Answer, Pages, asked, of_attribute, of_model
from benchmarks.peers.models import invoice_list

InvoiceList = invoice_list(BaseModel)


class Peer(Pages):
    """The client of the SDK, with its default retries."""

    amount = of_attribute

    def __init__(self, url: str) -> None:
        self._client = Lithic(api_key="of-the-benchmarks", base_url=url, default_headers=KEYS)

    def page(self, number: int) -> Answer:
        """Return a page."""
        return of_model(self._client.post(PATH, cast_to=InvoiceList, body=asked(number)))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
