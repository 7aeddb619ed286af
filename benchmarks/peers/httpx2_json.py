"""httpx2 and its response.json(): dicts, one page after the other."""

import httpx2

from benchmarks.peers import KEYS, Json


class Peer(Json):
    """An `httpx2.Client`, which has the same methods as httpx's."""

    def __init__(self, url: str) -> None:
        super().__init__(httpx2.Client(base_url=url, headers=KEYS))
