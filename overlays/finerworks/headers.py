"""Which headers of a response the caller sees: all, except those that may contain a secret."""

from collections.abc import Callable

import httpx

__all__ = ["MAX_HEADERS", "MAX_VALUE", "public_headers"]

MAX_HEADERS = 100
"""The maximum number of headers of a response that are kept."""

MAX_VALUE = 1_000
"""The maximum length that is kept of a header's name or value, in characters."""

_SECRET_WORDS = (
    "auth",  # Authorization, WWW-Authenticate, Proxy-Authenticate, Authentication-Info
    "cookie",
    "credential",
    "csrf",
    "key",
    "password",
    "secret",
    "session",
    "signature",
    "token",
    "xsrf",
)
"""A header with one of these in its name may contain a secret, of this caller or of another."""

_ADDRESSES = frozenset({"content-location", "link", "location", "refresh"})
"""Headers with an address, which may contain a secret in its query."""


def public_headers(headers: httpx.Headers, redact: Callable[[str], str]) -> httpx.Headers:
    """Return a copy of a response's headers, without those that may contain a secret.

    Args:
        headers: The headers of the response.
        redact: Returns a text without the keys.
    """
    public = [(name, value) for name, value in headers.multi_items() if _is_public(name)]
    kept = [
        (redact(name)[:MAX_VALUE], redact(value)[:MAX_VALUE])
        for name, value in public[:MAX_HEADERS]
    ]
    return httpx.Headers(kept, encoding="utf-8")


def _is_public(name: str) -> bool:
    lowered = name.lower()
    if lowered in _ADDRESSES:
        return False
    return not any(word in lowered for word in _SECRET_WORDS)
