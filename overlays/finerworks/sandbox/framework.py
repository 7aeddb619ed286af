"""A typed interface to the parts of connexion and jsonschema that the sandbox uses.

Neither package has type information, and both emit warnings when they are imported. Only this
module deals with that.
"""

# This module turns the unknown types of connexion into known ones.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, cast, runtime_checkable

from starlette.types import ASGIApp, Scope

with warnings.catch_warnings():
    # connexion 3.3 imports names that jsonschema and starlette have deprecated. A user who turns
    # warnings into errors could not fix that.
    warnings.simplefilter("ignore")
    import connexion  # type: ignore[import-untyped]
    from connexion.json_schema import Draft4RequestValidator  # type: ignore[import-untyped]
    from connexion.middleware.abstract import ROUTING_CONTEXT  # type: ignore[import-untyped]
    from connexion.middleware.exceptions import ExceptionMiddleware  # type: ignore[import-untyped]
    from connexion.middleware.server_error import ServerErrorMiddleware  # type: ignore[import-untyped]
    from connexion.options import SwaggerUIOptions  # type: ignore[import-untyped]
    from jsonschema import FormatChecker
    from swagger_ui_bundle import swagger_ui_path  # type: ignore[import-untyped]

SWAGGER_UI = str(swagger_ui_path)
"""The folder with the scripts and styles of Swagger UI."""

Contract = dict[str, object]


@runtime_checkable
class Mistake(Protocol):
    """A mistake that jsonschema found in a document."""

    message: str
    absolute_path: Iterable[str | int]


def behind_connexion(
    app: ASGIApp, contract: Contract, *, keys: Callable[[], object], body: type
) -> ASGIApp:
    """Return `app` behind connexion, which checks requests and responses against the contract.

    `keys` returns the check of the security schemes, and `body` is the class that checks a JSON
    request. Errors are raised as exceptions. connexion's own error responses do not look like those
    of FinerWorks. The code that makes them, and connexion's AsyncApp, call functions that Python
    3.14 deprecates.
    """
    defaults = connexion.ConnexionMiddleware.default_middlewares
    error_middlewares = (ServerErrorMiddleware, ExceptionMiddleware)
    middlewares = [middleware for middleware in defaults if middleware not in error_middlewares]

    def resolve(_: str) -> ASGIApp:
        # `app` chooses the operation itself.
        return app

    stack = connexion.ConnexionMiddleware(
        app, import_name="finerworks.sandbox", middlewares=cast("list[ASGIApp]", middlewares)
    )
    stack.add_api(
        contract,
        resolver=resolve,
        validate_responses=True,
        validator_map={"body": {"application/json": body}},
        security_map={"apiKey": keys},
        # `app` serves both itself: connexion's page lacks our title, and its contract our server.
        swagger_ui_options=SwaggerUIOptions(swagger_ui=False, serve_spec=False),
    )
    return cast("ASGIApp", stack)


def operation_id(scope: Scope) -> str | None:
    """Return the operationId of a request. None if no operation matches it."""
    return cast("str | None", scope["extensions"][ROUTING_CONTEXT]["operation_id"])


def caller(scope: Scope, scheme: str) -> str:
    """Return the name of the caller that the check of a security scheme found."""
    return cast("str", scope["extensions"]["connexion_context"]["token_info"][scheme])


def checker(schema: Mapping[str, object]) -> Callable[[object], Iterable[Mistake]]:
    """Return a function that finds all mistakes in a document, by a schema of the contract."""
    formats = FormatChecker(formats=())
    formats.checks("int32")(_is_int32)
    validator = Draft4RequestValidator(schema, format_checker=formats)
    return cast("Callable[[object], Iterable[Mistake]]", validator.iter_errors)


def _is_int32(value: object) -> bool:
    """Return whether a number is an int32, a format that jsonschema does not know."""
    return not isinstance(value, int) or -(2**31) <= value < 2**31
