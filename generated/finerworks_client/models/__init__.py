"""Contains all the data models used in inputs/outputs"""

from .bad_request import BadRequest
from .bad_request_model_state import BadRequestModelState
from .failure import Failure
from .invoice import Invoice
from .invoice_list import InvoiceList
from .invoice_list_request import InvoiceListRequest
from .response_status import ResponseStatus
from .response_status_debug_type_0 import ResponseStatusDebugType0

__all__ = (
    "BadRequest",
    "BadRequestModelState",
    "Failure",
    "Invoice",
    "InvoiceList",
    "InvoiceListRequest",
    "ResponseStatus",
    "ResponseStatusDebugType0",
)
