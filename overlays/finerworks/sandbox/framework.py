"""connexion, with types: all that the sandbox uses of it, and of jsonschema, comes through here.

Neither has type information, and both warn when they are imported. One module bears with that.
"""

# Where unknown types end, the checkers are told not to mind them.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias, cast

from starlette.types import ASGIApp, Scope

with warnings.catch_warnings():
    # connexion 3.3 imports names that jsonschema and starlette have deprecated. That is between
    # them: whoever starts a sandbox, perhaps with warnings as errors, can do nothing about it.
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
"""The folder of Swagger UI's scripts and styles."""

Contract: TypeAlias = dict[str, object]


class Mistake(Protocol):
    """One thing that is wrong with a document, as jsonschema tells it."""

    message: str
    absolute_path: Iterable[str | int]


def behind_connexion(
    app: ASGIApp, contract: Contract, *, keys: Callable[[], object], body: type
) -> ASGIApp:
    """`app` behind connexion, which lets through only what the contract allows, both ways.

    `keys` makes what checks the security schemes, `body` is what checks a JSON request. Errors come
    out as exceptions: connexion's own answers to them are in no shape of FinerWorks', and the code
    that makes them, as that of connexion's AsyncApp, calls what Python 3.14 deprecates.
    """
    parts = connexion.ConnexionMiddleware.default_middlewares
    answering_errors = (ServerErrorMiddleware, ExceptionMiddleware)

    def resolve(_: str) -> ASGIApp:
        # `app` finds its operations itself.
        return app

    stack = connexion.ConnexionMiddleware(
        app,
        import_name="finerworks.sandbox",
        middlewares=cast("list[ASGIApp]", [part for part in parts if part not in answering_errors]),
    )
    stack.add_api(
        contract,
        resolver=resolve,
        validate_responses=True,
        validator_map={"body": {"application/json": body}},
        security_map={"apiKey": keys},
        # `app` serves both itself: connexion's page has no title of ours, its contract no server.
        swagger_ui_options=SwaggerUIOptions(swagger_ui=False, serve_spec=False),
    )
    return cast("ASGIApp", stack)


def operation_id(scope: Scope) -> str | None:
    """Which operation of the contract a request is for; None if for none."""
    return cast("str | None", scope["extensions"][ROUTING_CONTEXT]["operation_id"])


def caller(scope: Scope, scheme: str) -> str:
    """Whom the check of a security scheme has found to be calling."""
    return cast("str", scope["extensions"]["connexion_context"]["token_info"][scheme])


def checker(schema: Mapping[str, object]) -> Callable[[object], Iterable[Mistake]]:
    """A function that gives all that is wrong with a document, by a schema of the contract."""
    formats = FormatChecker(formats=())
    formats.checks("int32")(_is_int32)
    validator = Draft4RequestValidator(schema, format_checker=formats)
    return cast("Callable[[object], Iterable[Mistake]]", validator.iter_errors)


def _is_int32(value: object) -> bool:
    """Whether a number fits what the contract calls int32, which jsonschema does not know."""
    return not isinstance(value, int) or -(2**31) <= value < 2**31
