"""httpx, and dicts whose amounts are decimals, one page after the other."""

import json
from decimal import Decimal
from typing import Any

import httpx

from benchmarks.peers import KEYS, PATH, Json, request_body


class Peer(Json):
    """An `httpx.Client`."""

    bare = httpx.Client

    def __init__(self, url: str) -> None:
        super().__init__(httpx.Client(base_url=url, headers=KEYS))

    def data(self, number: int) -> dict[str, Any]:
        """Return a page as decoded JSON."""
        response = self._client.post(PATH, json=request_body(number))
        data: dict[str, Any] = json.loads(response.content, parse_float=Decimal)
        return data
