"""Invoices: binds `POST /v3/list_invoices`. The only module that knows the endpoint."""

from typing import TYPE_CHECKING

from finerworks.resources import Endpoint

if TYPE_CHECKING:
    from finerworks_client.models import Invoice, InvoiceList

INVOICES: "Endpoint[InvoiceList, Invoice]" = Endpoint(
    path="/v3/list_invoices",
    operation="invoices.list_invoices",
    answer="InvoiceList",
    items=lambda page: page.invoices,
    key=lambda invoice: invoice.invoice_id,
)
