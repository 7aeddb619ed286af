"""httpx with pydantic's models: what one writes by hand to have typed invoices."""

from pydantic import BaseModel

from benchmarks.peers import Answer, of_attribute, of_model, raw_httpx
from benchmarks.peers.models import invoice_list

InvoiceList = invoice_list(BaseModel)


class Peer(raw_httpx.Peer):
    """An `httpx.Client` whose answers are validated."""

    amount = of_attribute

    def page(self, number: int) -> Answer:
        """Give a page."""
        return of_model(InvoiceList.model_validate(self.data(number)))
