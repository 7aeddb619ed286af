"""A response as the server sent it, together with its parsed model."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import httpx

from finerworks.response import decode_json

__all__ = ["RawResponse"]

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, repr=False)
class RawResponse(Generic[Parsed]):
    """A successful response, after any retries.

    Attributes:
        status_code: The HTTP status.
        headers: The headers. Names are case-insensitive. Headers that may contain a secret, such as
            cookies, are left out.
        content: The body, decompressed.
        parsed: The model that an ordinary call returns.
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
