"""The response of the contract as pydantic models, with the base class of a peer."""

import datetime as dt
from typing import Any

from pydantic import BaseModel, create_model

DATES = ("invoice_month", "invoice_date", "first_day_of_month", "last_day_of_month", "due_date")


def invoice_list(base: type[BaseModel]) -> Any:
    """Return the model of a response, which you would usually write as three classes."""
    details: Any = dict.fromkeys(("message", "reference_id", "domain"), (str | None, None))
    dates: Any = dict.fromkeys(DATES, (dt.datetime | None, ...))
    status = create_model(
        "Status",
        __base__=base,
        success=(bool, ...),
        status_code=(int, ...),
        debug=(dict[str, Any] | None, None),
        **details,
    )
    invoice: Any = create_model(
        "Invoice", __base__=base, invoice_id=(str, ...), amount_due=(float, ...), **dates
    )
    return create_model(
        "InvoiceList",
        __base__=base,
        status=(status, ...),
        invoices=(list[invoice] | None, ...),
        total_count=(int | None, None),
    )
