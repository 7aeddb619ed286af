"""Map failures of aiohttp's transport to the errors that httpx's own transport raises.

`httpx_aiohttp.AiohttpTransport` (the extra ``aiohttp``) reports almost every failure as
`httpx.ConnectTimeout`, and does not convert aiohttp's error for a response that is not HTTP.
aiohttp's own error, which is the cause of httpx's, says which failure it was.

The core does not depend on aiohttp, so its classes are recognized by their names.
"""

from typing import NamedTuple

import httpx


class _Meaning(NamedTuple):
    """The meaning of a class of aiohttp's errors.

    Attributes:
        error: The class of httpx's error.
        text: What happened. Empty: the text of aiohttp's error, which quotes nothing that the
            server sent.
    """

    error: type[httpx.TransportError]
    text: str = ""


_MEANINGS = {
    "ConnectionTimeoutError": _Meaning(httpx.ConnectTimeout, "the connection was not open in time"),
    "ServerTimeoutError": _Meaning(httpx.ReadTimeout, "the server sent nothing for too long"),
    "ServerFingerprintMismatch": _Meaning(
        httpx.ConnectError, "the CERTIFICATE has another fingerprint than expected"
    ),
    "ServerDisconnectedError": _Meaning(
        httpx.RemoteProtocolError, "the server disconnected without sending a response"
    ),
    "ClientHttpProxyError": _Meaning(httpx.ProxyError),
    "ClientConnectorError": _Meaning(httpx.ConnectError),
    "ClientOSError": _Meaning(httpx.ReadError),
    "ClientConnectionError": _Meaning(httpx.ReadError),
    "ClientResponseError": _Meaning(
        httpx.RemoteProtocolError, "the server sent a response that is not valid HTTP"
    ),
    "ClientPayloadError": _Meaning(
        httpx.RemoteProtocolError, "the body of the response is incomplete or damaged"
    ),
    "ClientError": _Meaning(httpx.ReadError, "the connection failed"),
}
"""The meaning of aiohttp's error classes. Subclasses have the same meaning."""


def to_httpx_error(error: BaseException, *, timed_out: bool) -> httpx.TransportError | None:
    """Return httpx's error for an exception of a transport.

    Args:
        error: The transport's exception.
        timed_out: Whether the time of the attempt was up.

    Returns:
        httpx's error. None if the exception is not about a connection.
    """
    if timed_out and isinstance(error, TimeoutError):
        return httpx.ReadTimeout("the response was not complete in time")
    for linked in (error, error.__cause__):
        translated = _translate(linked)
        if translated is not None:
            return translated
    return error if isinstance(error, httpx.TransportError) else None


def _translate(error: BaseException | None) -> httpx.TransportError | None:
    """Return httpx's error for one of aiohttp's, or None if it is not aiohttp's."""
    for error_class in type(error).__mro__:
        package = error_class.__module__.partition(".")[0]
        if package != "aiohttp" or error_class.__name__ not in _MEANINGS:
            continue
        meaning = _MEANINGS[error_class.__name__]
        return meaning.error(meaning.text or _describe(error))
    return None


def _describe(error: BaseException | None) -> str:
    """Return the text of aiohttp's error. An error about a proxy gets httpx's wording."""
    status = getattr(error, "status", None)
    if status is None:
        return str(error)
    # aiohttp's own text contains the proxy's URL.
    return f"{status} {getattr(error, 'message', '')}"
