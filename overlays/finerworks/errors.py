"""What can go wrong, as one tree. Catch a branch to catch all that is under it.

    FinerWorksError
    ├── CredentialsError          a key is missing or malformed (also a ValueError)
    ├── APIConnectionError        no answer: refused, reset, cut off, a bad certificate
    │   └── APITimeoutError       no whole answer in time
    ├── APIStatusError            an answer with an HTTP status that is not 2xx
    │   ├── RedirectError         3xx: never followed
    │   ├── BadRequestError       400
    │   ├── AuthenticationError   401, and the 400 that refuses the keys
    │   ├── PermissionDeniedError 403
    │   ├── NotFoundError         404
    │   ├── RateLimitError        429
    │   └── ServerError           5xx
    ├── RequestRejectedError      HTTP 200, but `status.success` is false
    ├── ResponseValidationError   an answer that breaks the contract
    └── ListingChangedError       a listing that moved and could not be read whole

No error holds a key, a header, a request object or a whole body. All can be pickled and copied.
"""

import json
from typing import ClassVar, cast

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "CredentialsError",
    "FinerWorksError",
    "ListingChangedError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RedirectError",
    "RequestRejectedError",
    "ResponseValidationError",
    "ServerError",
]

MAX_MESSAGE = 500
"""Characters of the server's words that a message keeps."""

MAX_BODY = 2_000
"""Characters of an answer's body that an error keeps."""

REFUSED_KEYS = "authorization_credentials"
"""How the name of the ModelState entry ends that refuses the keys (seen of the live API)."""


class FinerWorksError(Exception):
    """The root of every error that this package raises for a request."""

    hint: ClassVar[str] = ""
    """What to do next: the last sentence of ``str(error)``."""

    message: str
    """What happened, in words."""
    reference_id: str | None = None
    """FinerWorks' own name for the answer, if it gave one. Quote it to them."""
    method: str | None = None
    """The HTTP method of the request that failed, once there was one."""
    path: str | None = None
    """The path of that request, without its query."""
    attempts: int = 0
    """How often that request was tried; 0 if it was not."""

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        vars(self).update(details, message=message)

    def __str__(self) -> str:
        tried = f"{self.method} {self.path}, attempt {self.attempts}: " if self.attempts else ""
        asked = f" FinerWorks' reference: {self.reference_id}." if self.reference_id else ""
        return f"{tried}{self.message.rstrip('.')}.{asked} {self.hint}".rstrip()

    def __reduce__(self) -> tuple[object, ...]:
        # As it comes, an exception is made again from its args alone: that fails for keywords.
        return Exception.__new__, (type(self), *self.args), self.__dict__


class CredentialsError(FinerWorksError, ValueError):
    """A key is missing, or cannot be sent as a header. Nothing was sent, and no key is shown."""


class APIConnectionError(FinerWorksError):
    """No whole answer came."""

    hint = "Check the network, a proxy's settings and the base URL."

    transient: bool = True
    """Whether trying again may help: not where a certificate does not verify."""


class APITimeoutError(APIConnectionError):
    """No whole answer came in the time that the client's ``timeout`` allows."""

    hint = "Allow more time with timeout=, or try again later."


class APIStatusError(FinerWorksError):
    """An answer came with an HTTP status that is not 2xx."""

    status_code: int
    """The HTTP status."""
    body: str = ""
    """The beginning of the answer's body, at most 2,000 characters."""
    retry_after: float | None = None
    """Seconds that the server asks to wait, or None when it names no usable time."""


class RedirectError(APIStatusError):
    """The server sent the request elsewhere (3xx). It is not followed: keys stay where they are."""

    hint = "Check the base URL: the API itself does not redirect."


class BadRequestError(APIStatusError):
    """400: the server found the request invalid."""


class AuthenticationError(APIStatusError):
    """The server refused the keys: 401, or FinerWorks' 400 with `authorization_credentials`."""

    hint = "Check web_api_key= (FINERWORKS_WEB_API_KEY) and app_key= (FINERWORKS_APP_KEY), for the host of base_url=."


class PermissionDeniedError(APIStatusError):
    """403: these keys may not do this."""


class NotFoundError(APIStatusError):
    """404: there is no such path on this host."""

    hint = "Check the base URL."


class RateLimitError(APIStatusError):
    """429: too many requests. ``retry_after`` has the seconds to wait, if the server named them."""

    hint = "Wait before the next request."


class ServerError(APIStatusError):
    """5xx: the server failed, or a gateway before it."""

    hint = "Try again later."


class RequestRejectedError(FinerWorksError):
    """The server turned the request down under HTTP 200: `status.success` is false."""


class ResponseValidationError(FinerWorksError):
    """An answer came that breaks the contract: not JSON, a field missing or of the wrong type."""

    hint = "Nothing of it was handed on. If this goes on, the API has changed: report it."

    field: str | None = None
    """Where in the answer, such as ``invoices[3].due_date``; None for the answer as a whole."""
    transient: bool = False
    """Whether the answer was damaged on its way, so that asking again may help."""


class ListingChangedError(FinerWorksError):
    """The listing kept changing while it was read, so that nobody can say that it is whole."""

    hint = "What was given until now may not be all: read the listing again."


def shorten(text: str) -> str:
    """Give the text on one line, without control characters, cut to `MAX_MESSAGE` characters."""
    line = " ".join(
        "".join(each if each.isprintable() else " " for each in text[: 2 * MAX_MESSAGE]).split()
    )
    return line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 1] + "…"


def parts(data: object) -> dict[str, object]:
    """Give a JSON object's parts; of anything else, none."""
    return cast(dict[str, object], data) if isinstance(data, dict) else {}


def reference(data: object) -> str | None:
    """Give the reference id of an answer's envelope, if it has one."""
    given = parts(parts(data).get("status")).get("reference_id")
    text = " ".join(given.split())[: 50 * MAX_BODY] if isinstance(given, str) else ""
    return "".join(each if each.isprintable() else "?" for each in text) or None


def explain(data: object) -> str:
    """Give the server's own words from whichever shape it put them in, or nothing."""
    shapes = (
        parts(data).get("Message"),
        parts(data).get("message"),
        parts(parts(data).get("status")).get("message"),
    )
    said = [words for words in shapes if isinstance(words, str)]
    for name, told in parts(parts(data).get("ModelState")).items():
        said.append(
            f"{name}: {', '.join(map(str, cast(list[object], told))) if isinstance(told, list) else told}"
        )
    return " ".join(said)[: 50 * MAX_BODY].encode(errors="replace").decode()


def rejection(data: object) -> RequestRejectedError | None:
    """Give the error of an answer that says, under HTTP 200, that the request was turned down."""
    if parts(parts(data).get("status")).get("success") is not False:
        return None
    told = f"the server turned the request down: {explain(data) or 'it gave no reason'}"
    return RequestRejectedError(told, reference_id=reference(data))


_KINDS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
}
_KINDS.update(
    {404: NotFoundError, 429: RateLimitError, 3: RedirectError, 5: ServerError}
)  # 3: 3xx, 5: 5xx


def status_error(
    status_code: int, content: bytes, *, retry_after: float | None, target: str
) -> APIStatusError:
    """Give the typed error of an HTTP status that is not 2xx, whatever its body is.

    Args:
        status_code: The HTTP status.
        content: The body, or as much of it as is to be looked at.
        retry_after: Seconds that the server asks to wait.
        target: For a redirect, the origin that it names.
    """
    text = (
        content.decode(json.detect_encoding(content), errors="replace")
        .removeprefix("\ufeff")
        .replace("\0", "")
    )
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    kind = _KINDS.get(status_code, _KINDS.get(status_code // 100, APIStatusError))
    if status_code == 400 and any(
        name.endswith(REFUSED_KEYS) for name in parts(parts(data).get("ModelState"))
    ):
        kind = AuthenticationError
    said = (
        f"a redirect to {target}"
        if kind is RedirectError
        else explain(data) or (text.strip() and text)
    )
    told, named = f"HTTP {status_code}: {said or 'without a body'}", reference(data)
    return kind(
        told, status_code=status_code, body=text, reference_id=named, retry_after=retry_after
    )
