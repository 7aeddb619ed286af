"""The errors of a request, as one tree of exceptions.

Catch a branch to catch everything below it.

    FinerWorksError
    ├── CredentialsError          a key is missing or malformed (also a ValueError)
    ├── SettingsError             a variable for proxies or TLS is unusable (also a ValueError)
    ├── APIConnectionError        no response: refused, reset, cut off, bad certificate
    │   └── APITimeoutError       no complete response in time
    ├── APIStatusError            a response with an HTTP status that is not 2xx
    │   ├── RedirectError         3xx: never followed
    │   ├── BadRequestError       400
    │   ├── AuthenticationError   401, and the 400 that rejects the keys
    │   ├── PermissionDeniedError 403
    │   ├── NotFoundError         404
    │   ├── RateLimitError        429
    │   └── ServerError           5xx
    ├── RequestRejectedError      HTTP 200, but `status.success` is false
    ├── ResponseValidationError   a response that breaks the contract
    ├── ListingChangedError       a listing that kept changing while it was read
    ├── MissingMonthError         an invoice without a month, where since= or until= needs it
    └── ClientStateError          the client cannot send: it is closed, or belongs elsewhere
                                  (also a RuntimeError)

No error contains a key, a request object, a header that may contain a secret, or more than the
beginning of a body. All errors can be pickled and copied.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ClientStateError",
    "CredentialsError",
    "FinerWorksError",
    "InvalidField",
    "ListingChangedError",
    "MissingMonthError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RedirectError",
    "RequestRejectedError",
    "ResponseValidationError",
    "ServerError",
    "SettingsError",
]

MAX_MESSAGE = 500
"""The maximum length that an error message quotes of the server's text, in characters."""

MAX_BODY = 2_000
"""The maximum length that an error keeps of a response's body, in characters."""


CLIENT_CLOSED = "this FinerWorks client is closed: create a new one"
"""The message about a client that was closed."""


class FinerWorksError(Exception):
    """The base class of all errors that this package raises for a request.

    Attributes:
        message: What happened.
        reference_id: FinerWorks' own identifier of the response, if it sent one. Quote it when
            you contact FinerWorks.
        body: The beginning of the response's body, at most 2,000 characters. Empty if there was
            no response.
        method: The HTTP method of the failed request, if there was one.
        path: The path of that request, without its query.
        attempts: The number of attempts. 0 if there was none.
        headers: The headers of the response. Names are case-insensitive. Headers that may contain a
            secret, such as cookies, are left out. Empty if there was no response.
    """

    hint: str = ""
    """What to do next: the last sentences of ``str(error)``."""

    def __init__(self, message: str, *, reference_id: str | None = None, body: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.reference_id = reference_id
        self.body = body
        self.method: str | None = None
        self.path: str | None = None
        self.attempts = 0
        self.headers: Mapping[str, str] = {}

    def __str__(self) -> str:
        if not self.attempts:
            return self._sentences()
        return f"{self._describe_request()}: {self._sentences()}"

    def _sentences(self) -> str:
        """Return what happened, and what to do next."""
        sentences = [f"{self.message.rstrip('.')}."]
        if self.reference_id:
            sentences.append(f"FinerWorks' reference: {self.reference_id}.")
        if self.hint:
            sentences.append(self.hint)
        return " ".join(sentences)

    def _describe_request(self) -> str:
        """Return which request failed, and how often it was sent."""
        return f"{self.method} {self.path}, attempt {self.attempts}"

    def __reduce__(self) -> tuple[object, ...]:
        # By default, pickle creates an exception by calling its class with only `args`, which fails
        # for classes that require keyword arguments.
        return Exception.__new__, (type(self), *self.args), self.__dict__

    def add_request(
        self, *, method: str, path: str, attempts: int, redact: Callable[[str], str]
    ) -> None:
        """Record which request failed, and remove the keys from every text of the server.

        Texts are truncated only after that, so that no part of a key is left at the end.

        Args:
            method: The HTTP method of the request.
            path: The path of the request.
            attempts: The number of attempts.
            redact: Returns a text without the keys.
        """
        self.method = method
        self.path = path
        self.attempts = attempts
        self.message = shorten(redact(self.message))
        self.args = (self.message,)
        self.body = redact(self.body)[:MAX_BODY]
        if self.reference_id is not None:
            self.reference_id = redact(self.reference_id)[:MAX_BODY]


class CredentialsError(FinerWorksError, ValueError):
    """A key is missing, or cannot be sent as a header. Nothing was sent. No key is shown.

    It has the attributes of `FinerWorksError`.
    """


class SettingsError(FinerWorksError, ValueError):
    """An environment variable for proxies or certificates is invalid.

    It is raised when a client is created, or by the request that needs the setting. Nothing was
    sent. The message names the variable, but shows no part of a proxy's address.

    It has the attributes of `FinerWorksError`.
    """


class APIConnectionError(FinerWorksError):
    """No complete response arrived.

    It also has the attributes of `FinerWorksError`.

    Attributes:
        transient: Whether another attempt may succeed. False for a certificate that cannot be
            verified, a request that is not valid HTTP, or a proxy that refuses the request.
    """

    hint = "Check the network, the proxy settings and the base URL."

    def __init__(self, message: str, *, transient: bool = True) -> None:
        super().__init__(message)
        self.transient = transient


class APITimeoutError(APIConnectionError):
    """No complete response arrived within the client's ``timeout``.

    It has the attributes of `APIConnectionError`, such as ``transient``, and of `FinerWorksError`.
    """

    hint = "Allow more time with timeout=, or try again later."


class APIStatusError(FinerWorksError):
    """A response arrived with an HTTP status that is not 2xx.

    It also has the attributes of `FinerWorksError`.

    Attributes:
        status_code: The HTTP status.
        retry_after: The seconds to wait, from the server's `Retry-After`. None if there is no valid
            one.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        body: str = "",
        reference_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, reference_id=reference_id, body=body)
        self.status_code = status_code
        self.retry_after = retry_after


class RedirectError(APIStatusError):
    """3xx: the server redirected the request. Redirects are never followed.

    It has the attributes of `APIStatusError`, such as ``status_code``, and of `FinerWorksError`.
    """

    hint = "Check the base URL: the API itself does not redirect."


class BadRequestError(APIStatusError):
    """400: the server found the request invalid.

    It has the attributes of `APIStatusError`, such as ``status_code``, and of `FinerWorksError`.
    """


class AuthenticationError(APIStatusError):
    """The server refused the keys: 401, or FinerWorks' 400 with `authorization_credentials`.

    It also has the attributes of `APIStatusError`, such as ``status_code``, and those of
    `FinerWorksError`.

    Attributes:
        diagnosis: What is known of the keys, in sentences: FinerWorks does not say which of the two
            it refuses, but they may be equal, or have quotation marks around them. No part of a
            key is in it.
    """

    hint = "Check web_api_key= (FINERWORKS_WEB_API_KEY) and app_key= (FINERWORKS_APP_KEY)."

    diagnosis: str = "FinerWorks does not say which of the two keys it refuses."

    def __str__(self) -> str:
        # The first words must be that the keys were refused.
        if not self.attempts:
            return self._sentences()
        return f"{self._sentences()} Request: {self._describe_request()}."


class PermissionDeniedError(APIStatusError):
    """403: these keys may not do this.

    It has the attributes of `APIStatusError`, such as ``status_code``, and of `FinerWorksError`.
    """


class NotFoundError(APIStatusError):
    """404: this host has no such path.

    It has the attributes of `APIStatusError`, such as ``status_code``, and of `FinerWorksError`.
    """

    hint = "Check the base URL."


class RateLimitError(APIStatusError):
    """429: too many requests. ``retry_after`` is the seconds to wait, if the server says so.

    It has the attributes of `APIStatusError`, such as ``status_code``, and of `FinerWorksError`.
    """

    hint = "Wait before the next request."


class ServerError(APIStatusError):
    """5xx: the server failed, or a gateway in front of it.

    It has the attributes of `APIStatusError`, such as ``status_code``, and of `FinerWorksError`.
    """

    hint = "Try again later."


class RequestRejectedError(FinerWorksError):
    """The server rejected the request with HTTP 200: `status.success` is false.

    It has the attributes of `FinerWorksError`.
    """


class InvalidField(NamedTuple):
    """A part of a response that violates the contract.

    Attributes:
        path: The path, such as ``invoices[3].due_date``. Empty for the entire response.
        problem: What is wrong, such as ``is missing``.
    """

    path: str
    problem: str


class ResponseValidationError(FinerWorksError):
    """A response violates the contract.

    It is not JSON, is too large, has an unexpected status, or a field is missing or has a wrong
    type.

    It also has the attributes of `FinerWorksError`.

    Attributes:
        invalid_fields: Every invalid field, at most 20.
        field: The path of the first one, such as ``invoices[3].due_date``. None if the entire
            response is invalid.
        transient: Whether the response was damaged in transit, so that another attempt may succeed.
    """

    hint = "The response was discarded. If this happens again, the API has changed: report it."

    def __init__(
        self,
        message: str,
        *,
        invalid_fields: tuple[InvalidField, ...] = (),
        transient: bool = False,
        body: str = "",
        reference_id: str | None = None,
    ) -> None:
        super().__init__(message, reference_id=reference_id, body=body)
        self.invalid_fields = invalid_fields
        self.field: str | None = None
        if invalid_fields:
            self.field = invalid_fields[0].path or None
        self.transient = transient


class ListingChangedError(FinerWorksError):
    """The listing kept changing while it was read, so it may be incomplete.

    It has the attributes of `FinerWorksError`.
    """

    hint = "The invoices so far may not be all of them: read the listing again."


class MissingMonthError(FinerWorksError):
    """An item of a listing has no month, so ``since`` and ``until`` cannot be applied to it.

    It is not skipped silently. The iterator keeps its position: the next call raises this error
    again.

    It has the attributes of `FinerWorksError`.
    """

    hint = (
        "since= and until= cannot be applied to it: list without them, and select by another date."
    )


class ClientStateError(FinerWorksError, RuntimeError):
    """The client cannot send.

    It is closed, its transport belongs to another process or event loop, or asyncio is not running.
    This request was not sent. Only if it was in flight when another thread or task closed the
    client, it may have been sent.

    It has the attributes of `FinerWorksError`.
    """


def class_for_status(status_code: int) -> type[APIStatusError]:
    """Return the error class for an HTTP status that is not 2xx."""
    if status_code in _CLASSES:
        return _CLASSES[status_code]
    if 300 <= status_code < 400:
        return RedirectError
    if 500 <= status_code < 600:
        return ServerError
    return APIStatusError


# A class for a status takes precedence over the class for a range.
_CLASSES: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    429: RateLimitError,
}


def shorten(text: str) -> str:
    """Return up to `MAX_MESSAGE` characters of a text, on one line, without control characters."""
    beginning = text[: 2 * MAX_MESSAGE]
    visible = replace_unprintable(beginning, " ")
    line = " ".join(visible.split())
    if len(line) <= MAX_MESSAGE:
        return line
    return line[: MAX_MESSAGE - 1] + "…"


def replace_unprintable(text: str, replacement: str) -> str:
    """Return a text with a replacement for each control character, lone surrogate and the like."""
    characters = [char if char.isprintable() else replacement for char in text]
    return "".join(characters)
