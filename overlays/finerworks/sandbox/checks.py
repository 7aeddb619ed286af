"""What stands in for connexion's own checks, so that requests are refused as FinerWorks does it.

connexion takes any class with these methods: it asks for no base class.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from finerworks.sandbox.framework import checker

# Word for word as the live API has it, and with status 400, not 401.
BAD_CREDENTIALS = {
    "ApiC.Models.authorization_credentials": ["Missing or unauthorized api credentials"]
}
# Where the operations find the request's body, checked and parsed.
PARSED_BODY = "finerworks.sandbox.body"

logger = logging.getLogger("finerworks.sandbox")


class RefusedError(Exception):
    """The request is answered with 400, in the shape of ASP.NET's model validation."""

    def __init__(self, model_state: Mapping[str, list[str]]) -> None:
        super().__init__("The request is invalid.")
        self.model_state = model_state


class WithHeaders(Protocol):
    """A request, as far as the keys are concerned."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by their names in lower case."""
        ...


class Keys:
    """Checks the two keys of a request together, as one alone is worth nothing."""

    def __init__(self, callers: Mapping[tuple[str | None, str | None], str]) -> None:
        """`callers` has the name of each caller by its web API key and app key."""
        self._callers = callers

    def get_fn(self, _scheme: object, _scopes: object) -> Callable[[WithHeaders], str]:
        """The check for one of the contract's two security schemes: the same for both."""
        return self.caller

    def caller(self, request: WithHeaders) -> str:
        """The name of the caller; connexion keeps it for the operation."""
        pair = request.headers.get("web_api_key"), request.headers.get("app_key")
        if pair not in self._callers:
            raise RefusedError(BAD_CREDENTIALS)
        return self._callers[pair]


class RequestBody:
    """Checks a request's body against its schema, and says what is wrong with each field.

    connexion's own check stops at the first mistake, takes a chunked request for an empty one and a
    missing Content-Type for the right one, and fails on a body that is not UTF-8.
    """

    def __init__(self, *, schema: Mapping[str, object], **_: object) -> None:
        """Of all that connexion gives, only the schema is needed."""
        self._mistakes = checker(schema)

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """Reads the whole body, checks it and puts it into the scope."""
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
        except (ValueError, RecursionError) as error:  # ValueError: also of bad UTF-8
            raise RefusedError({"request": [f"The body is not JSON: {error}"]}) from error
        state: dict[str, list[str]] = {}
        for mistake in self._mistakes(body):
            where = ".".join(["request", *map(str, mistake.absolute_path)])
            state.setdefault(where, []).append(mistake.message)
        if state:
            raise RefusedError(state)
        return body


def with_plain_media_type(app: ASGIApp) -> ASGIApp:
    """A middleware that puts the request's Content-Type in lower case, without parameters.

    connexion compares media types as text: with upper case it checks no body at all.
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [
                (name, value.split(b";")[0].strip().lower() if name == b"content-type" else value)
                for name, value in scope["headers"]
            ]
            scope = {**scope, "headers": headers}
        await app(scope, receive, send)

    return middleware


def with_errors_answered(app: ASGIApp) -> ASGIApp:
    """A middleware that answers what `app` raises, in the two shapes of FinerWorks' errors."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        try:
            await app(scope, receive, send)
        except RefusedError as error:
            answer = JSONResponse({"Message": str(error), "ModelState": error.model_state}, 400)
        except HTTPException as error:
            answer = JSONResponse({"message": error.detail}, error.status_code, error.headers)
        except Exception:
            logger.exception("the sandbox has failed")
            answer = JSONResponse({"message": "An error has occurred."}, 500)
        else:
            return
        await answer(scope, receive, send)

    return middleware
