"""Print every invoice of an account: id, amount, due date in UTC."""

import os
import re
import sys
from datetime import UTC, datetime

from openapi_client import ApiClient, ApiException, Configuration, InvoiceListRequest, InvoicesApi
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

REFUSED_KEYS = "ApiC.Models.authorization_credentials"


def utc(due: datetime | None) -> str:
    """Write a due date in UTC, to the microsecond."""
    return "null" if due is None else due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


keys = {
    "web_api_key": os.environ["FINERWORKS_WEB_API_KEY"],
    "app_key": os.environ["FINERWORKS_APP_KEY"],
}
if not all(re.fullmatch("[!-~]+", key) for key in keys.values()):
    sys.exit(
        "a key is empty, or has a character that no key has"
    )  # an error of urllib3's would quote it
# Listing only reads: a server that fails is asked again, though it is a POST. A redirect would take the keys along.
again = Retry(
    total=2,
    redirect=0,
    backoff_factor=0.5,
    allowed_methods=None,
    status_forcelist={429, 500, 502, 503, 504},
)
api = InvoicesApi(
    ApiClient(Configuration(host=os.environ["FINERWORKS_BASE_URL"], api_key=keys, retries=again))
)
account, page, listed = os.environ.get("FINERWORKS_ACCOUNT_KEY"), 1, 0
try:
    while True:
        answer = api.list_invoices(
            InvoiceListRequest(per_page=25, page_number=page, account_key=account)
        )
        if not answer.status.success:
            sys.exit(f"page {page}: {answer.status.message}")
        if not answer.invoices:
            # A missing list is taken for an empty one.
            sys.exit(
                f"page {page}: {listed} invoices came" if listed < (answer.total_count or 0) else 0
            )
        for invoice in answer.invoices:
            print(f"{invoice.invoice_id} {invoice.amount_due:.2f} {utc(invoice.due_date)}")
        page, listed = page + 1, listed + len(answer.invoices)
except ApiException as error:
    told: dict[str, list[str]] = getattr(error.data, "model_state", None) or {}
    for messages in told.values():
        print(*messages, sep="\n", file=sys.stderr)
    sys.exit(3 if REFUSED_KEYS in told else f"page {page}: {error.status} {error.reason}")
except HTTPError as error:  # no connection
    sys.exit(f"page {page}: {error}")
