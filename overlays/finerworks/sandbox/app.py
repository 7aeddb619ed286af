"""The sandbox's web application: openapi.yaml, served by connexion.

connexion routes requests by the contract, and checks each request and each response against it.
Swagger UI is at /ui. What the sandbox changes in the contract, it changes in memory: the file does
not depend on a server framework.
"""

import copy
import math
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import TypedDict, cast

import yaml
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from finerworks.sandbox import data
from finerworks.sandbox.checks import (
    PARSED_BODY,
    Keys,
    RefusedError,
    RequestBody,
    with_error_responses,
    with_plain_media_type,
)
from finerworks.sandbox.framework import (
    SWAGGER_UI,
    Contract,
    behind_connexion,
    caller,
    operation_id,
)
from finerworks.sandbox.invoices import Account
from finerworks.sandbox.settings import (
    APP_KEY,
    ORDINARY_APP_KEY,
    ORDINARY_WEB_API_KEY,
    WEB_API_KEY,
    Settings,
)
from finerworks.sandbox.shapes import with_shapes

DOCUMENTATION = "http://127.0.0.1:8000/"
"""The address of `make docs-serve` with its default port."""

LARGEST_PAGE = 1000
"""The largest per_page that the sandbox accepts with the shapes `cap-25` and `large-pages`."""


class ListRequest(TypedDict, total=False):
    """The body of a request for a page. It has been checked against the contract."""

    per_page: int
    page_number: int
    account_key: str | None


Operation = Callable[[ListRequest, str], dict[str, object]]
"""A function of the request's body and the caller's name that returns the response's body."""


def contract_path(beside: Path = Path(__file__).parent) -> Path:
    """Return the path of openapi.yaml: in this package (in a wheel), or in the clone."""
    candidates = (beside / "openapi.yaml", beside.parents[2] / "openapi.yaml")
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(
        f"openapi.yaml is at neither {candidates[0]} nor {candidates[1]}: install finerworks again"
    )


def build_app(settings: Settings, contract: Contract | None = None) -> ASGIApp:
    """Return the application, for a contract or, by default, for the installed one."""
    if contract is None:
        contract = yaml.safe_load(contract_path().read_text(encoding="utf-8"))
    contract = _for_the_sandbox(cast("Contract", contract), settings)
    platform = data.platform(settings.invoices)
    operations = _operations(settings, platform)
    keys = Keys(
        {
            (WEB_API_KEY, APP_KEY): platform.key,
            (ORDINARY_WEB_API_KEY, ORDINARY_APP_KEY): data.ORDINARY.key,
        }
    )

    async def serve_contract(_: Request) -> Response:
        return JSONResponse(contract)

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        name = operation_id(scope)
        if name is None:
            raise HTTPException(404)
        if name not in operations:
            # The contract may have operations that the sandbox does not implement yet.
            raise HTTPException(501, f"The sandbox does not implement {name} yet.")
        body = operations[name](scope[PARSED_BODY], caller(scope, "web_api_key"))
        await JSONResponse(body)(scope, receive, send)

    pages = [
        Route("/", _redirect_to_page),
        Route("/openapi.json", serve_contract),
        Route("/ui/", _serve_page),
    ]
    router = Router([*pages, Mount("/ui", StaticFiles(directory=SWAGGER_UI))], default=respond)
    app = behind_connexion(router, contract, keys=lambda: keys, body=RequestBody)
    app = with_error_responses(with_plain_media_type(app))
    if settings.shapes or settings.dates != "offset":
        return with_shapes(app, settings)
    return app


def _for_the_sandbox(contract: Contract, settings: Settings) -> Contract:
    """Return the contract with the sandbox's name, address, keys and largest page."""
    contract = copy.deepcopy(contract)
    info = cast("dict[str, str]", contract["info"])
    info["title"] += " (local sandbox)"
    info["description"] = (
        "**This is a local sandbox, not FinerWorks.** Its invoices are made up, and nothing is "
        f"sent to other hosts. The demo keys, `{WEB_API_KEY}` and `{APP_KEY}`, are filled in. "
        "Press Execute to list invoices.\n\n"
        "In a clone of finerworks, `make docs-serve` serves the documentation at "
        f"[{DOCUMENTATION}]({DOCUMENTATION}).\n\n"
        f"<details><summary>About the API</summary>\n\n{info['description']}\n\n</details>"
    )
    contract["servers"] = [{"url": "/", "description": "This sandbox"}]
    # Swagger UI fills this in. Otherwise, it would make up an account_key.
    _list_request_of(contract)["example"] = {"per_page": 25, "page_number": 1}
    if "cap-25" in settings.shapes or "large-pages" in settings.shapes:
        _per_page_of(contract)["maximum"] = LARGEST_PAGE
    return contract


async def _redirect_to_page(_: Request) -> Response:
    return RedirectResponse("/ui/")


async def _serve_page(_: Request) -> Response:
    """Return Swagger UI, with the demo keys filled in."""
    page = Template(Path(__file__).with_name("ui.html").read_text(encoding="utf-8"))
    return HTMLResponse(page.substitute(web_api_key=WEB_API_KEY, app_key=APP_KEY))


def _list_request_of(contract: Contract) -> dict[str, object]:
    """Return the schema of a request for a page."""
    schema = contract
    for name in ("components", "schemas", "InvoiceListRequest"):
        schema = cast("dict[str, object]", schema[name])
    return schema


def _per_page_of(contract: Contract) -> dict[str, object]:
    """Return the schema of per_page."""
    properties = cast("dict[str, object]", _list_request_of(contract)["properties"])
    return cast("dict[str, object]", properties["per_page"])


def _operations(settings: Settings, platform: Account) -> dict[str, Operation]:
    """Return the function for each operationId of the contract."""
    order = _order(settings)
    adds_fields = settings.unknown_fields or "unknown-fields" in settings.shapes

    def account_of(body: ListRequest, caller: str) -> Account:
        """Return the account to list. Only the platform may set account_key."""
        if caller == data.ORDINARY.key:
            return data.ORDINARY
        key = body.get("account_key")
        if key is None:
            return platform
        if key not in data.SELLERS:
            # The live API's response to this is not documented. This is its usual shape.
            raise RefusedError(
                {"request.account_key": [f"{key!r} is not an account of the sandbox"]}
            )
        return data.SELLERS[key]

    def list_invoices(body: ListRequest, caller: str) -> dict[str, object]:
        account = account_of(body, caller)
        if settings.edge_cases:
            account = data.with_edge_cases(account)
        number = body.get("page_number", 1)
        per_page = body.get("per_page", 10)
        size = _page_size(per_page, settings)
        if "last-page-repeats" in settings.shapes:
            number = min(number, max(1, math.ceil(account.count / size)))
        reference_id = data.reference_id(settings.seed, "invoices", account.key, number, per_page)
        response: dict[str, object] = {
            "status": _good_status(reference_id),
            "invoices": data.page(settings.seed, account, number, size, order),
            "total_count": account.count,
        }
        return _with_unknown_fields(response) if adds_fields else response

    return {"listInvoices": list_invoices}


def _page_size(per_page: int, settings: Settings) -> int:
    """Return the number of invoices on a full page."""
    if "large-pages" in settings.shapes:
        return per_page
    return min(per_page, settings.page_cap)


def _order(settings: Settings) -> data.Order:
    """Return the order of the invoices."""
    if "ascending" in settings.shapes:
        return data.ascending
    if "unordered" in settings.shapes:
        return data.unordered
    return data.descending


def _good_status(reference_id: str) -> dict[str, object]:
    return {
        "success": True,
        "status_code": 200,
        "message": "",
        "debug": None,
        "reference_id": reference_id,
        "domain": None,
    }


def _with_unknown_fields(response: dict[str, object]) -> dict[str, object]:
    """Return a response with an additional field in the response and in each object in it."""
    unknown = {"added_later": {"note": "A server may add fields at any time.", "count": 1}}
    extended: dict[str, object] = dict(unknown)
    for name, value in response.items():
        if isinstance(value, dict):
            extended[name] = cast("dict[str, object]", value) | unknown
        elif isinstance(value, list):
            extended[name] = [row | unknown for row in cast("list[dict[str, object]]", value)]
        else:
            extended[name] = value
    return extended
