"""Print every invoice of an account: ID, amount, due date in UTC."""

import os
import re
import sys
from datetime import UTC, datetime

from openapi_client import ApiClient, ApiException, Configuration, InvoiceListRequest, InvoicesApi
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

REFUSED_KEYS = "ApiC.Models.authorization_credentials"


def utc(due: datetime | None) -> str:
    """Return a due date in UTC, with microseconds."""
    return "null" if due is None else due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


keys = {
    "web_api_key": os.environ["FINERWORKS_WEB_API_KEY"],
    "app_key": os.environ["FINERWORKS_APP_KEY"],
}
if not all(re.fullmatch("[!-~]+", key) for key in keys.values()):
    # Otherwise, an error of urllib3 would contain the key.
    sys.exit("a key is empty, or contains an invalid character")
# Listing only reads, so a POST can be retried. A redirect would send the keys to another host.
retries = Retry(
    total=2,
    redirect=0,
    backoff_factor=0.5,
    allowed_methods=None,
    status_forcelist={429, 500, 502, 503, 504},
)
api = InvoicesApi(
    ApiClient(Configuration(host=os.environ["FINERWORKS_BASE_URL"], api_key=keys, retries=retries))
)
account = os.environ.get("FINERWORKS_ACCOUNT_KEY")
page, listed = 1, 0
try:
    while True:
        response = api.list_invoices(
            InvoiceListRequest(per_page=25, page_number=page, account_key=account)
        )
        if not response.status.success:
            sys.exit(f"page {page}: {response.status.message}")
        if not response.invoices:
            # A missing list looks like an empty one.
            if listed < (response.total_count or 0):
                sys.exit(f"page {page}: only {listed} invoices were listed")
            break
        for invoice in response.invoices:
            print(f"{invoice.invoice_id} {invoice.amount_due:.2f} {utc(invoice.due_date)}")
        page += 1
        listed += len(response.invoices)
except ApiException as error:
    errors: dict[str, list[str]] = getattr(error.data, "model_state", None) or {}
    for messages in errors.values():
        print(*messages, sep="\n", file=sys.stderr)
    sys.exit(3 if REFUSED_KEYS in errors else f"page {page}: {error.status} {error.reason}")
except HTTPError as error:  # no connection
    sys.exit(f"page {page}: {error}")
