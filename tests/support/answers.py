"""Answers of the API, as a test's server gives them."""

import copy
import json
from collections.abc import Callable

import httpx

URL = "https://v2.api.finerworks.com/v3/list_invoices"

ROW: dict[str, object] = {
    "invoice_id": "INV-1",
    "amount_due": 19.99,
    "invoice_month": "2026-02-01T00:00:00.0000000-06:00",
    "invoice_date": "2026-02-28T18:11:17.9111259-06:00",
    "first_day_of_month": "2026-02-01T00:00:00.0000000-06:00",
    "last_day_of_month": "2026-02-28T23:59:59.9999999-06:00",
    "due_date": "2026-03-15T18:11:17.9121259-05:00",
}

STATUS: dict[str, object] = {
    "success": True,
    "status_code": 200,
    "message": "",
    "debug": None,
    "reference_id": "ref-1",
    "domain": None,
}

REFUSED_KEYS = {
    "Message": "The request is invalid.",
    "ModelState": {
        "ApiC.Models.authorization_credentials": ["Missing or unauthorized api credentials"]
    },
}


def rows(*ids: object) -> list[dict[str, object]]:
    """Make invoices with these ids."""
    return [{**ROW, "invoice_id": str(each)} for each in ids]


def listing(
    invoices: list[dict[str, object]] | None, total_count: int | None = None
) -> dict[str, object]:
    """Make a page; its total is the number of its invoices if none is given."""
    total = len(invoices or []) if total_count is None else total_count
    return {"status": copy.copy(STATUS), "invoices": invoices, "total_count": total}


def server(count: int, cap: int = 25) -> Callable[[httpx.Request], httpx.Response]:
    """Make a callback that pages through `count` invoices, at most `cap` to a page."""
    everything = rows(*range(count))

    def answer(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        size = min(asked["per_page"], cap)
        first = (asked["page_number"] - 1) * size
        return httpx.Response(200, json=listing(everything[first : first + size], count))

    return answer


def asked(request: httpx.Request) -> object:
    """Give the body of a request."""
    body: object = json.loads(request.content)
    return body
