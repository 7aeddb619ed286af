"""Which names of fields and headers may be written.

A name is not a secret, unless it is data: a server could send a map with account IDs as names, or
repeat a key. So an unknown name is written only if it looks like a field name and is not part of
anything that must not be written. All other names are counted.
"""

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

MAX_UNKNOWN_NAMES = 20
"""The maximum number of unknown names that are written for one kind of object. If there are more,
they are probably data, and none is written."""

MIN_SECRET_LENGTH = 3
"""Shorter values are part of too many names."""

# A name has at most two digits, as in "address2", and none after a hyphen, as in "INV-1". More may
# be a number or an id.
_NAME = re.compile(
    r"(?=.{1,40}\Z)(?!(?:.*[0-9]){3})[A-Za-z][A-Za-z0-9_.]*(-[A-Za-z][A-Za-z0-9_.]*)*"
)

HEADERS = frozenset(
    {
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "age",
        "alt-svc",
        "api-supported-versions",
        "cache-control",
        "cf-cache-status",
        "cf-ray",
        "connection",
        "content-encoding",
        "content-length",
        "content-security-policy",
        "content-type",
        "date",
        "etag",
        "expires",
        "keep-alive",
        "last-modified",
        "nel",
        "pragma",
        "referrer-policy",
        "report-to",
        "request-context",
        "request-id",
        "retry-after",
        "server",
        "set-cookie",
        "strict-transport-security",
        "transfer-encoding",
        "vary",
        "via",
        "www-authenticate",
        "x-amz-cf-id",
        "x-amz-cf-pop",
        "x-aspnet-version",
        "x-aspnetmvc-version",
        "x-azure-ref",
        "x-cache",
        "x-content-type-options",
        "x-correlation-id",
        "x-frame-options",
        "x-powered-by",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-request-id",
        "x-xss-protection",
    }
)
"""Names of headers that are known not to be data."""

ERROR_FIELDS = frozenset(
    {
        "ApiC.Models.authorization_credentials",
        "ExceptionMessage",
        "ExceptionType",
        "InnerException",
        "Message",
        "MessageDetail",
        "ModelState",
        "StackTrace",
        "detail",
        "errors",
        "instance",
        "message",
        "status",
        "title",
        "traceId",
        "type",
    }
)
"""Field names in errors of ASP.NET and FinerWorks."""


class Sorted(NamedTuple):
    """Names, sorted by whether they may be written.

    Attributes:
        written: The names that may be written, in alphabetical order.
        not_written: The number of the others.
    """

    written: list[str]
    not_written: int


class NameFilter:
    """Decides which names may be written.

    Args:
        keys: The keys. No name may contain one, or be a part of one.
        values: Every value of the responses. No name may contain one.
    """

    def __init__(self, keys: Iterable[str], values: Iterable[str]) -> None:
        self._keys = [key.lower() for key in keys]
        secrets = {value.lower() for value in values} | set(self._keys)
        self._secrets = {secret for secret in secrets if len(secret) >= MIN_SECRET_LENGTH}

    def sort(self, names: Iterable[str], known: Collection[str]) -> Sorted:
        """Return which names may be written.

        Args:
            names: The names.
            known: Names that may be written in any case.
        """
        distinct = set(names)
        unknown = {name for name in distinct if name not in known}
        safe = set[str]()
        if len(unknown) <= MAX_UNKNOWN_NAMES:
            safe = {name for name in unknown if self._is_safe(name)}
        written = (distinct - unknown) | safe
        return Sorted(sorted(written), len(distinct) - len(written))

    def _is_safe(self, name: str) -> bool:
        if not _NAME.fullmatch(name):
            return False
        lower = name.lower()
        if any(lower in key for key in self._keys):
            return False
        return not any(secret in lower for secret in self._secrets)
