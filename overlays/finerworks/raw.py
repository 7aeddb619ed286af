"""A response as the server sent it, next to what it was parsed to."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import httpx

from finerworks.response import decode_json

__all__ = ["RawResponse"]

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, repr=False)
class RawResponse(Generic[Parsed]):
    """A response of the server that succeeded, after its retries.

    Attributes:
        status_code: The HTTP status.
        headers: The headers, whose names may be written in any case. Those that may hold a secret,
            such as cookies, are left out.
        content: The body, decompressed.
        parsed: The model of the response, which an ordinary call returns.
    """

    status_code: int
    headers: httpx.Headers
    content: bytes
    parsed: Parsed

    def json(self) -> object:
        """Return the decoded JSON of the body.

        A number with a fraction or an exponent is a `decimal.Decimal`, with every digit.
        """
        return decode_json(self.content)

    def __repr__(self) -> str:
        model = type(self.parsed).__name__
        return f"<RawResponse {self.status_code}, {len(self.content):,} bytes, {model}>"
