"""httpx2 and its response.json(): dicts, one page after the other."""

import httpx2

from benchmarks.peers import KEYS, Json


class Peer(Json):
    """An `httpx2.Client`, which is used as httpx's is."""

    def __init__(self, url: str) -> None:
        super().__init__(httpx2.Client(base_url=url, headers=KEYS))
