"""Checks that replace connexion's own, so that errors look like those of FinerWorks.

connexion accepts any class with these methods, without a base class.
"""

import json
from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from finerworks.logs import get_logger
from finerworks.sandbox.framework import checker

# The text of the live API, whose status is 400, not 401.
BAD_CREDENTIALS = {
    "ApiC.Models.authorization_credentials": ["Missing or unauthorized api credentials"]
}
# The key of the ASGI scope that holds the checked and parsed body of the request.
PARSED_BODY = "finerworks.sandbox.body"

LOGGER = "finerworks.sandbox"
get_logger(LOGGER)  # before the program configures logging


class RefusedError(Exception):
    """A request that gets a 400 response, in the shape of ASP.NET's model validation."""

    def __init__(self, model_state: Mapping[str, list[str]]) -> None:
        super().__init__("The request is invalid.")
        self.model_state = model_state


@runtime_checkable
class WithHeaders(Protocol):
    """The part of a request that has the keys."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, with names in lower case."""
        ...


class Keys:
    """The check of a request's two keys, which are valid only as a pair."""

    def __init__(self, callers: Mapping[tuple[str | None, str | None], str]) -> None:
        """Create the check. `callers` maps a web API key and an app key to the caller's name."""
        self._callers = callers

    def get_fn(self, _scheme: object, _scopes: object) -> Callable[[WithHeaders], str]:
        """Return the check of a security scheme, which is the same for both schemes."""
        return self.caller

    def caller(self, request: WithHeaders) -> str:
        """Return the name of the caller, which connexion keeps for the operation.

        Raises:
            RefusedError: The keys are missing or unknown.
        """
        pair = request.headers.get("web_api_key"), request.headers.get("app_key")
        if pair not in self._callers:
            raise RefusedError(BAD_CREDENTIALS)
        return self._callers[pair]


class RequestBody:
    """The check of a request's body against its schema, which reports all invalid fields.

    connexion's own check stops at the first invalid field, treats a chunked request as empty,
    accepts a missing Content-Type, and fails if the body is not UTF-8.
    """

    def __init__(self, *, schema: Mapping[str, object], **_: object) -> None:
        """Create the check. connexion passes more arguments, which are not needed."""
        self._find_mistakes = checker(schema)

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """Read the body, check it, and return a scope that contains it."""
        if not any(name == b"content-type" for name, _ in scope["headers"]):
            raise HTTPException(415, "Content-Type is missing: send application/json")
        raw = b""
        more = True
        while more:
            message = await receive()
            raw += message.get("body", b"")
            more = message.get("more_body", False)
        return receive, {**scope, PARSED_BODY: self._parse(raw)}

    def _parse(self, raw: bytes) -> object:
        try:
            body: object = json.loads(raw)
        except (ValueError, RecursionError) as error:  # ValueError also means invalid UTF-8.
            raise RefusedError({"request": [f"The body is not JSON: {error}"]}) from error
        state: dict[str, list[str]] = {}
        for mistake in self._find_mistakes(body):
            field = ".".join(["request", *map(str, mistake.absolute_path)])
            state.setdefault(field, []).append(mistake.message)
        if state:
            raise RefusedError(state)
        return body


def with_plain_media_type(app: ASGIApp) -> ASGIApp:
    """Return `app` with a middleware that normalizes the request's Content-Type.

    connexion compares media types as text. If one is in upper case, it does not check the body.
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [_without_parameters(name, value) for name, value in scope["headers"]]
            scope = {**scope, "headers": headers}
        await app(scope, receive, send)

    return middleware


def _without_parameters(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name != b"content-type":
        return name, value
    media_type = value.split(b";")[0]
    return name, media_type.strip().lower()


def with_error_responses(app: ASGIApp) -> ASGIApp:
    """Return `app` with a middleware that turns exceptions into FinerWorks' error responses."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        try:
            await app(scope, receive, send)
        except RefusedError as error:
            response = JSONResponse({"Message": str(error), "ModelState": error.model_state}, 400)
        except HTTPException as error:
            response = JSONResponse({"message": error.detail}, error.status_code, error.headers)
        except Exception:
            logger = get_logger(LOGGER)
            logger.exception("the sandbox failed")
            response = JSONResponse({"message": "An error has occurred."}, 500)
        else:
            return
        await response(scope, receive, send)

    return middleware
