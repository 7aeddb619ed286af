"""Invoices: binds `POST /v3/list_invoices`. The only module that knows the endpoint."""

from finerworks.resources import Endpoint
from finerworks.retries import READS
from finerworks_client.api.invoices import list_invoices
from finerworks_client.models import Invoice, InvoiceList
from finerworks_client.models import InvoiceListRequest as Body

READS["/v3/list_invoices"] = InvoiceList
INVOICES: Endpoint[InvoiceList, Invoice] = (list_invoices, Body, lambda page: page.invoices, lambda it: it.invoice_id)
