"""Invoices: binds `POST /v3/list_invoices`. The only module that knows the endpoint."""

from finerworks.resources import Endpoint
from finerworks.retries import READS
from finerworks_client.api.invoices import list_invoices
from finerworks_client.models import Invoice, InvoiceList, InvoiceListRequest

READS["/v3/list_invoices"] = InvoiceList
INVOICES: Endpoint[InvoiceList, Invoice] = (
    list_invoices,
    InvoiceListRequest,
    lambda answer: answer.invoices,
    lambda invoice: invoice.invoice_id,
)
