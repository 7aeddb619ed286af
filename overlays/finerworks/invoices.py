"""Invoices: binds `POST /v3/list_invoices`. The only module that knows its generated code."""

from finerworks import dates
from finerworks.resources import AsyncResource, Endpoint, Resource
from finerworks_client.api.invoices import list_invoices
from finerworks_client.models import Invoice, InvoiceList, InvoiceListRequest

Invoices = Resource[InvoiceListRequest, InvoiceList, Invoice]
AsyncInvoices = AsyncResource[InvoiceListRequest, InvoiceList, Invoice]

INVOICES: Endpoint[InvoiceListRequest, InvoiceList, Invoice] = Endpoint(
    operation=list_invoices,
    body=InvoiceListRequest,
    response=InvoiceList,
    items=lambda response: response.invoices,
    key=lambda invoice: invoice.invoice_id,
    month=dates.month,
)
