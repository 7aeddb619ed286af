"""httpx and its response.json(): dicts, one page after the other. All others are relative to it."""

import httpx

from benchmarks.peers import KEYS, Json


class Peer(Json):
    """An `httpx.Client`."""

    bare = httpx.Client

    def __init__(self, url: str) -> None:
        super().__init__(httpx.Client(base_url=url, headers=KEYS))
