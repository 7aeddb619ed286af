"""Convert the bytes of a response to checked JSON, or to an error. Nothing here sends.

Functions that read a body *return* an error instead of raising it, because the traceback of a
raised error would keep the body as a local variable.
"""

import decimal
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import httpx

from finerworks.compression import DamagedBodyError, decompress
from finerworks.credentials import format_origin
from finerworks.errors import (
    MAX_BODY,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    FinerWorksError,
    InvalidField,
    RedirectError,
    RequestRejectedError,
    ResponseValidationError,
    class_for_status,
    replace_unprintable,
)
from finerworks.operations import Operation
from finerworks.retry import parse_retry_after
from finerworks.validation import find_invalid_fields

REJECTED_KEYS = "authorization_credentials"
"""The suffix of the ModelState entry that rejects the keys (observed with the live API)."""

MAX_EXAMINED = 50 * MAX_BODY
"""The maximum length that is read of an error's body, in bytes or characters."""

MAX_DIGITS = 400
"""The maximum length of a number with a fraction or an exponent, in characters."""


class JSONResponse(httpx.Response):
    """A response with JSON that is already decoded, with every digit of its numbers.

    Generated code calls `json()`, which would decode numbers as floats.
    """

    def __init__(
        self, status_code: int, *, headers: httpx.Headers, content: bytes, data: object
    ) -> None:
        super().__init__(status_code, headers=headers, content=content)
        self._data = data

    def json(self, **kwargs: Any) -> Any:  # noqa: ANN401 - as httpx declares it
        """Return the decoded JSON. With arguments, decode it again with `json.loads`."""
        if kwargs:
            return super().json(**kwargs)
        return self._data


Outcome = JSONResponse | FinerWorksError
"""The result of one attempt."""


class Body:
    """The body of a response while it arrives, still compressed.

    Args:
        max_bytes: The maximum size, before and after decompression.

    Attributes:
        content_encoding: The value of `Content-Encoding`. Empty if there is none.
    """

    def __init__(self, max_bytes: int) -> None:
        self.content_encoding = ""
        self._max_bytes = max_bytes
        self._received = bytearray()

    def add(self, chunk: bytes) -> None:
        """Add a part that arrived."""
        self._received += chunk

    @property
    def too_large(self) -> bool:
        """Whether more than the maximum has arrived. If so, there is no need to read on."""
        return len(self._received) > self._max_bytes

    def decode(self) -> bytes:
        """Return the decompressed body, with at most one byte more than the maximum.

        Raises:
            DamagedBodyError: The body is damaged or incomplete.
        """
        return decompress(bytes(self._received), self.content_encoding, self._max_bytes + 1)


def interpret(
    response: httpx.Response,
    body: Body,
    *,
    url: httpx.URL,
    operation: Operation | None,
    max_body_bytes: int,
) -> Outcome:
    """Return the checked response of an attempt, or the corresponding error.

    Args:
        response: The head of the response.
        body: Its body.
        url: The URL of the request.
        operation: The operation of the request, if it is one that only reads.
        max_body_bytes: The maximum size of the body, in bytes.
    """
    damage = ""
    try:
        content = body.decode()
    except DamagedBodyError as error:
        # Do not use any part of it: it could end in the middle of a key.
        content = b""
        damage = f", but {error}"
    if not response.is_success:
        return _status_error(response, content[:MAX_EXAMINED], url)
    if body.too_large or len(content) > max_body_bytes:
        return ResponseValidationError(
            f"the response is larger than max_body_bytes={max_body_bytes:,} allows"
        )
    if operation is not None and response.status_code != 200:
        return ResponseValidationError(
            f"the contract has no HTTP {response.status_code} response here"
        )
    if operation is None and not content and not damage:
        content = b"null"  # an operation that writes may return nothing
    encoding = ""
    if body.content_encoding:
        encoding = f" (Content-Encoding: {body.content_encoding}{damage})"
    return _interpret_content(response, content, operation, encoding)


def _interpret_content(
    response: httpx.Response, content: bytes, operation: Operation | None, encoding: str
) -> Outcome:
    """Return the checked response with a decoded body, or the corresponding error."""
    try:
        data = decode_json(content)
    except ValueError:
        return ResponseValidationError(
            f"HTTP {response.status_code} came with a body that is not JSON{encoding}",
            transient=True,
            body=_decode_text(content),
        )
    error = _find_error(data, content, operation)
    if error is not None:
        return error
    headers = response.headers.copy()
    headers.pop("Content-Encoding", None)  # the returned response has the decoded body
    return JSONResponse(response.status_code, headers=headers, content=content, data=data)


def _find_error(
    data: object, content: bytes, operation: Operation | None
) -> FinerWorksError | None:
    """Return the error in decoded JSON, or None if the response is good."""
    if _get(_get(data, "status"), "success") is False:
        reason = server_message(data) or "it gave no reason"
        return RequestRejectedError(
            f"the server rejected the request: {reason}",
            reference_id=reference_id(data),
            body=_decode_text(content),
        )
    if operation is None:
        return None
    invalid_fields = find_invalid_fields(data, operation.response_model)
    if not invalid_fields:
        return None
    return ResponseValidationError(
        f"the response breaks the contract: {_list_problems(invalid_fields)}",
        invalid_fields=invalid_fields,
        reference_id=reference_id(data),
        body=_decode_text(content),
    )


def _list_problems(invalid_fields: tuple[InvalidField, ...]) -> str:
    problems = [f"{field.path or 'it'} {field.problem}" for field in invalid_fields]
    return "; ".join(problems)


def decode_json(content: bytes) -> object:
    """Return decoded JSON. A number with a fraction or an exponent is a `decimal.Decimal`.

    Raises:
        ValueError: It is not JSON. NaN, Infinity and text that is nested too deeply are not.
    """
    try:
        data: object = json.loads(
            content, parse_float=_parse_number, parse_constant=_reject_constant
        )
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return data


# Our own context, because the program's may round, or raise for a number that it cannot hold.
_EXACT = decimal.Context(traps=[])


def _parse_number(literal: str) -> Decimal:
    """Return a number with exactly its digits. NaN, never a valid amount, if it is too long."""
    if len(literal) > MAX_DIGITS:
        return Decimal("NaN")
    return Decimal(literal, _EXACT)


def _reject_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _status_error(response: httpx.Response, content: bytes, url: httpx.URL) -> APIStatusError:
    """Return the error for an HTTP status that is not 2xx, whatever the body contains."""
    text = _decode_text(content)
    try:
        data = decode_json(text.encode())
    except ValueError:
        data = None
    status_code = response.status_code
    error_class = class_for_status(status_code)
    if status_code == 400 and _rejects_keys(data):
        error_class = AuthenticationError
    if error_class is RedirectError:
        message = f"a redirect to {_redirect_target(url, response.headers)}"
    else:
        # Not stripped: the length shows whether the text may have been cut in the middle of a key.
        message = server_message(data) or (text if text.strip() else "without a body")
    return error_class(
        f"HTTP {status_code}: {message}",
        status_code=status_code,
        body=text,
        reference_id=reference_id(data),
        retry_after=parse_retry_after(
            _first_value(response.headers, "Retry-After"),
            date=_first_value(response.headers, "Date"),
            age=_first_value(response.headers, "Age"),
        ),
    )


def _first_value(headers: httpx.Headers, name: str) -> str | None:
    """Return the first value of a header. A proxy may have added another one."""
    values = headers.get_list(name)
    return values[0] if values else None


def _rejects_keys(data: object) -> bool:
    problems = _object(_get(data, "ModelState"))
    return any(name.endswith(REJECTED_KEYS) for name in problems)


def _redirect_target(url: httpx.URL, headers: httpx.Headers) -> str:
    """Return the origin that a redirect from a URL points to."""
    try:
        return format_origin(url.join(headers.get("Location", "")))
    except (httpx.InvalidURL, ValueError):
        return "an address that cannot be read"


def connection_error(error: httpx.TransportError, where: str) -> APIConnectionError:
    """Return the error for a failure of the transport.

    The transport's own exception refers to the request with its headers, so only its text is kept.

    Args:
        error: The transport's own exception.
        where: The beginning of the message, which says which connection failed.
    """
    name = type(error).__name__
    message = f"{where}: {name}"
    if str(error):
        message = f"{message}: {error}"
    if isinstance(error, httpx.TimeoutException):
        return APITimeoutError(message)
    # Another attempt does not make a certificate or a request valid.
    permanent = name == "LocalProtocolError" or "CERTIFICATE" in message
    return APIConnectionError(message, transient=not permanent)


def reference_id(data: object) -> str | None:
    """Return FinerWorks' identifier of a response from its envelope, or None."""
    value = _get(_get(data, "status"), "reference_id")
    if not isinstance(value, str):
        return None
    text = " ".join(value.split())
    return replace_unprintable(text[:MAX_EXAMINED], "?") or None


def server_message(data: object) -> str:
    """Return the server's message, in whichever shape it comes, or an empty text."""
    candidates = [
        _get(data, "Message"),  # ASP.NET
        _get(data, "message"),
        _get(_get(data, "status"), "message"),  # FinerWorks' envelope
    ]
    texts = [text for text in candidates if isinstance(text, str)]
    for name, problems in _object(_get(data, "ModelState")).items():
        texts.append(f"{name}: {_join(problems)}")
    message = " ".join(texts)
    # Lone surrogates, which are valid in JSON, cannot be printed.
    return message[:MAX_EXAMINED].encode(errors="replace").decode()


def _join(problems: object) -> str:
    """Return a list of texts as one text, and any other value as text."""
    if isinstance(problems, list):
        texts = map(str, cast("list[object]", problems))
        return ", ".join(texts)
    return str(problems)


def _object(data: object) -> Mapping[str, object]:
    """Return a JSON object. Return an empty one for any other value."""
    return cast("dict[str, object]", data) if isinstance(data, dict) else {}


def _get(data: object, name: str) -> object:
    """Return a field of a JSON object. None if the field is absent, or the value is no object."""
    return _object(data).get(name)


def _decode_text(content: bytes) -> str:
    """Return the beginning of a body as text, in any encoding."""
    beginning = content[:MAX_EXAMINED]
    text = beginning.decode(json.detect_encoding(beginning), errors="replace")
    return text.removeprefix("\ufeff").replace("\0", "")
