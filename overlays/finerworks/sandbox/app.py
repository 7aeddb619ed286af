"""The sandbox's web application: openapi.yaml, played by connexion.

connexion routes by the contract, and checks each request and each answer against it. At /ui is
Swagger UI, to try it on. The contract is changed in memory only: the file says nothing of any server framework.
"""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypedDict, cast

import yaml
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from finerworks.sandbox import data
from finerworks.sandbox.checks import (
    PARSED_BODY,
    Keys,
    RefusedError,
    RequestBody,
    with_errors_answered,
    with_plain_media_type,
)
from finerworks.sandbox.framework import (
    SWAGGER_UI,
    Contract,
    behind_connexion,
    caller,
    operation_id,
)
from finerworks.sandbox.settings import (
    APP_KEY,
    ORDINARY_APP_KEY,
    ORDINARY_WEB_API_KEY,
    WEB_API_KEY,
    Settings,
)

DOCUMENTATION = "http://127.0.0.1:8000/"
"""Where `make docs-serve` has it, unless it is told otherwise."""


class ListRequest(TypedDict, total=False):
    """The body of a request for a listing, checked against the contract already."""

    per_page: int
    page_number: int
    account_key: str | None


# The answer to a request and to the name of who asks.
Operation: TypeAlias = Callable[[ListRequest, str], dict[str, object]]


def contract_path(beside: Path = Path(__file__).parent) -> Path:
    """Where openapi.yaml is: in this package, as the wheel has it, or at a checkout's root."""
    candidates = (beside / "openapi.yaml", beside.parents[2] / "openapi.yaml")
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(
        f"the contract is at neither {candidates[0]} nor {candidates[1]}: install finerworks again"
    )


def build_app(settings: Settings, contract: Contract | None = None) -> ASGIApp:
    """The application, for `contract` or for the contract as it is installed."""
    if contract is None:
        contract = yaml.safe_load(contract_path().read_text(encoding="utf-8"))
    contract = _for_the_sandbox(cast("Contract", contract))
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

    async def play(scope: Scope, receive: Receive, send: Send) -> None:
        asked = operation_id(scope)
        if asked is None:
            raise HTTPException(404)
        if asked not in operations:
            # The contract can run ahead of the sandbox.
            raise HTTPException(501, f"The sandbox does not play {asked} yet.")
        answer = operations[asked](scope[PARSED_BODY], caller(scope, "web_api_key"))
        await JSONResponse(answer)(scope, receive, send)

    async def serve_page(_: Request) -> Response:
        return FileResponse(Path(__file__).with_name("ui.html"))

    pages = [Route("/openapi.json", serve_contract), Route("/ui/", serve_page)]
    router = Router([*pages, Mount("/ui", StaticFiles(directory=SWAGGER_UI))], default=play)
    app = behind_connexion(router, contract, keys=lambda: keys, body=RequestBody)
    return with_errors_answered(with_plain_media_type(app))


def _for_the_sandbox(contract: Contract) -> Contract:
    """The contract as the sandbox serves it: under its own name and address, with its keys."""
    contract = copy.deepcopy(contract)
    info = cast("dict[str, str]", contract["info"])
    info["title"] += " (local sandbox)"
    info["description"] = (
        "**This is a local sandbox, not FinerWorks.** Its invoices are made up and nothing is sent "
        f"anywhere. Authorize with `{WEB_API_KEY}` and `{APP_KEY}`.\n\nThe clone's `make docs-serve` serves the "
        f"documentation at [{DOCUMENTATION}]({DOCUMENTATION}).\n\n{info['description']}"
    )
    contract["servers"] = [{"url": "/", "description": "This sandbox"}]
    return contract


def _operations(settings: Settings, platform: data.Account) -> dict[str, Operation]:
    """What answers each operation, by its operationId. Another listing is another entry."""

    def account_of(body: ListRequest, caller: str) -> data.Account:
        """Whose rows are asked for. Only the platform's account_key is looked at."""
        if caller == data.ORDINARY.key:
            return data.ORDINARY
        key = body.get("account_key")
        if key is None:
            return platform
        if key not in data.SELLERS:
            # How the live API answers this is not known: the shape is its usual one.
            raise RefusedError(
                {"request.account_key": [f"{key!r} is not an account of the sandbox"]}
            )
        return data.SELLERS[key]

    def list_invoices(body: ListRequest, caller: str) -> dict[str, object]:
        account = account_of(body, caller)
        number, asked = body.get("page_number", 1), body.get("per_page", 10)
        size = min(asked, settings.page_cap)
        reference_id = data.reference_id(settings.seed, "invoices", account.key, number, asked)
        answer: dict[str, object] = {
            "status": _good_status(reference_id),
            "invoices": data.page(settings.seed, account, number, size),
            "total_count": account.count,
        }
        return _with_unknown_fields(answer) if settings.unknown_fields else answer

    return {"listInvoices": list_invoices}


def _good_status(reference_id: str) -> dict[str, object]:
    return {
        "success": True,
        "status_code": 200,
        "message": "",
        "debug": None,
        "reference_id": reference_id,
        "domain": None,
    }


def _with_unknown_fields(answer: dict[str, object]) -> dict[str, object]:
    """An answer with a field more in it and in each object of its own."""
    more = {"added_later": {"note": "A server may add fields at any time.", "count": 1}}
    with_more: dict[str, object] = dict(more)
    for name, value in answer.items():
        if isinstance(value, dict):
            with_more[name] = cast("dict[str, object]", value) | more
        elif isinstance(value, list):
            with_more[name] = [row | more for row in cast("list[dict[str, object]]", value)]
        else:
            with_more[name] = value
    return with_more
