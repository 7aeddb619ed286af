"""The operations of the API that only read.

Their requests may be retried after a failure, and their responses are checked against the contract.
Nothing is known about other operations. They may write, so they are sent once.
"""

from typing import NamedTuple


class Operation(NamedTuple):
    """An operation that only reads.

    Attributes:
        path: Its path. The method is always POST.
        response_model: The name of the model of its response, in `finerworks_client.models`.
    """

    path: str
    response_model: str


LIST_INVOICES = Operation("/v3/list_invoices", "InvoiceList")

READ_OPERATIONS: dict[str, Operation] = {operation.path: operation for operation in [LIST_INVOICES]}
"""Every operation that only reads, by its path. You may add your own operations."""
