"""Everything that can go wrong with a request, as one tree of exceptions.

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

No error holds a key, a request object, a header that may hold a secret, or more than the beginning
of a body. All errors can be pickled and copied.
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
"""The longest part of a server's text that an error message quotes, in characters."""

MAX_BODY = 2_000
"""The longest part of a response's body that an error keeps, in characters."""


CLIENT_CLOSED = "this FinerWorks client is closed: create a new one"
"""The message about a client that was closed."""


class FinerWorksError(Exception):
    """The root of every error that this package raises for a request.

    Attributes:
        message: What happened.
        reference_id: FinerWorks' own identifier of the response, if it sent one. Quote it when
            you contact FinerWorks.
        body: The beginning of the response's body, at most 2,000 characters. Empty if there was
            no response.
        method: The HTTP method of the failed request, if there was one.
        path: The path of that request, without its query.
        attempts: How many attempts were made. 0 if there was none.
        headers: The headers of the response, whose names may be written in any case. Those that may
            hold a secret, such as cookies, are left out. Empty if there was no response.
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
        # By default an exception is rebuilt by calling its class with `args` alone, which fails
        # for classes that require keyword arguments.
        return Exception.__new__, (type(self), *self.args), self.__dict__

    def add_request(
        self, *, method: str, path: str, attempts: int, redact: Callable[[str], str]
    ) -> None:
        """Record which request failed, and remove the keys from every text the server sent.

        Texts are shortened only after that, so that no part of a key is left at a cut.

        Args:
            method: The HTTP method of the request.
            path: The path of the request.
            attempts: How often it was sent.
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
    """A variable of the environment for proxies or certificates cannot be used.

    It is raised when a client is created, or by the request that needs the setting. Nothing was
    sent. The message names the variable, and shows no part of a proxy's address.

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
    """A response arrived whose HTTP status is not 2xx.

    It also has the attributes of `FinerWorksError`.

    Attributes:
        status_code: The HTTP status.
        retry_after: The seconds that the server asks to wait. None if it names no usable time.
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
    """3xx: the server sent the request elsewhere. Redirects are never followed.

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
    """429: too many requests. ``retry_after`` holds the seconds to wait, if the server says.

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
    """A part of a response that breaks the contract.

    Attributes:
        path: Where it is, such as ``invoices[3].due_date``. Empty for the response as a whole.
        problem: What is wrong, such as ``is missing``.
    """

    path: str
    problem: str


class ResponseValidationError(FinerWorksError):
    """A response breaks the contract.

    It is not JSON, too large, of an unexpected status, or a field is missing or has a wrong type.

    It also has the attributes of `FinerWorksError`.

    Attributes:
        invalid_fields: Every invalid field, at most 20.
        field: The path of the first one, such as ``invoices[3].due_date``. None if the response
            as a whole is invalid.
        transient: Whether the response was damaged on its way, so that another attempt may
            succeed.
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

    It is not left out silently. The iterator keeps its place: its next call raises this again.

    It has the attributes of `FinerWorksError`.
    """

    hint = (
        "since= and until= cannot be applied to it: list without them, and select by another date."
    )


class ClientStateError(FinerWorksError, RuntimeError):
    """The client cannot send.

    It is closed, its transport belongs to another process or event loop, or asyncio is not running.
    This request was not sent. If it was in flight when another thread or task closed the client, it
    may have been.

    It has the attributes of `FinerWorksError`.
    """


def class_for_status(status_code: int) -> type[APIStatusError]:
    """Return the class of the error for an HTTP status that is not 2xx."""
    if status_code in _CLASSES:
        return _CLASSES[status_code]
    if 300 <= status_code < 400:
        return RedirectError
    if 500 <= status_code < 600:
        return ServerError
    return APIStatusError


# A class here takes precedence over that of a range.
_CLASSES: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    429: RateLimitError,
}


def shorten(text: str) -> str:
    """Return a text on one line, without control characters, at most `MAX_MESSAGE` long."""
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
