"""Errors for requests that failed because of a proxy. Nothing here sends.

A proxy's text is never quoted: its error page may repeat the request, including the password.
"""

import re
from http import HTTPStatus

import httpx

from finerworks.credentials import format_origin
from finerworks.errors import APIConnectionError, APIStatusError
from finerworks.proxies import Proxy
from finerworks.retry import is_retryable_status

UNKNOWN_PROXY = "the proxy"
"""A proxy of the caller's own transport, whose address is not known here."""

_STATUS = re.compile(r"([1-9][0-9]{2})\b")
"""The beginning of httpx's message about a proxy that responds to CONNECT with an error."""

_USERINFO = re.compile(r"//[^/\s]*@")

_SOCKS_REPLY = "Proxy Server could not connect: "
"""The beginning of httpcore's message about a SOCKS proxy that could not connect."""

_SOCKS_REFUSALS = (
    "Connection not allowed by ruleset",
    "Command not supported",
    "Address type not supported",
)
"""Replies of a SOCKS proxy that are final, in httpcore's words."""

_SOCKS_LOGIN_FAILURES = ("Requested ", "Invalid username/password")
"""The beginnings of httpcore's messages about a SOCKS proxy that rejects the user."""


def proxy_error(error: httpx.ProxyError, url: httpx.URL, proxy: Proxy | None) -> APIConnectionError:
    """Return the error for a proxy that could not connect.

    Args:
        error: httpx's exception, whose message begins with the status of an HTTP proxy.
        url: The URL of the request.
        proxy: The proxy from the environment. None: one of the caller's own transport.
    """
    text = str(error)
    status = _STATUS.match(text)
    if status is not None:
        return proxy_refusal(int(status[1]), url, proxy)
    if text.startswith(_SOCKS_LOGIN_FAILURES):
        failure = _failure(url, proxy, "rejected the user", transient=False)
        failure.hint = _login_hint(proxy)
        return failure
    if text.startswith(_SOCKS_REPLY):
        reply = text.removeprefix(_SOCKS_REPLY).rstrip(".")
        refused = reply in _SOCKS_REFUSALS
        failure = _failure(url, proxy, f"did not connect: {reply}", transient=not refused)
        if refused:
            failure.hint = _permission_hint(url)
        return failure
    return _failure(url, proxy, f"failed: {_USERINFO.sub('//', text)}", transient=True)


def proxy_refusal(status_code: int, url: httpx.URL, proxy: Proxy | None) -> APIConnectionError:
    """Return the error for the HTTP status that a proxy responded with."""
    transient = is_retryable_status(status_code)
    failure = _failure(
        url, proxy, f"responded with {_describe_status(status_code)}", transient=transient
    )
    if status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        failure.hint = _login_hint(proxy)
    elif not transient:
        failure.hint = _permission_hint(url)
    return failure


def describe_way(
    error: httpx.TransportError, url: httpx.URL, proxy: Proxy | None, *, connected: bool
) -> str:
    """Return the beginning of an error message, which says where the request failed.

    Args:
        error: httpx's exception.
        url: The URL of the request.
        proxy: The proxy from the environment that was used, if any.
        connected: Whether the request had a connection (to the proxy, if there is one).
    """
    origin = format_origin(url)
    if proxy is None:
        return origin
    if not connected and isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return f"{origin}: {proxy.describe()} cannot be reached"
    return f"{origin} through {proxy.describe()}"


def add_tls_hint(failure: APIConnectionError, proxy: Proxy | None) -> None:
    """Add a hint about a common mistake in a proxy's address to a TLS error."""
    if proxy is None or proxy.scheme != "https" or "SSL" not in failure.message:
        return
    failure.hint = (
        f"The address in {proxy.source} begins with https://, so the proxy must speak TLS itself. "
        "Most proxies do not: write http://."
    )


def add_forwarding_hint(failure: APIStatusError, proxy: Proxy) -> None:
    """Add a hint to an error over plain http that the response may be the proxy's own."""
    sentence = f"The response may be that of {proxy.describe()}."
    failure.hint = f"{failure.hint} {sentence}".lstrip()


def _failure(
    url: httpx.URL, proxy: Proxy | None, what: str, *, transient: bool
) -> APIConnectionError:
    name = UNKNOWN_PROXY if proxy is None else proxy.describe()
    message = f"{format_origin(url)}: ProxyError: {name} {what}"
    return APIConnectionError(message, transient=transient)


def _describe_status(status_code: int) -> str:
    """Return a status with its standard phrase instead of the proxy's."""
    try:
        return f"{status_code} {HTTPStatus(status_code).phrase}"
    except ValueError:
        return f"HTTP status {status_code}"


def _login_hint(proxy: Proxy | None) -> str:
    source = "the address of the proxy" if proxy is None else proxy.source
    return (
        f"Check the user name and password in {source}, as in "
        "http://USER:PASSWORD@proxy.example:3128, with # written as %23 and @ as %40."
    )


def _permission_hint(url: httpx.URL) -> str:
    return (
        f"The proxy does not allow connections to {format_origin(url)}: ask those who run it. "
        "A host that can be reached without it belongs in NO_PROXY."
    )
