"""httpx with pydantic models, a typical handwritten client with types."""

from pydantic import BaseModel

from benchmarks.peers import PageContent, of_attribute, of_model, raw_httpx
from benchmarks.peers.models import invoice_list

InvoiceList = invoice_list(BaseModel)


class Peer(raw_httpx.Peer):
    """An `httpx.Client` whose responses are validated."""

    amount = of_attribute

    def page(self, number: int) -> PageContent:
        """Return a page."""
        return of_model(InvoiceList.model_validate(self.data(number)))
