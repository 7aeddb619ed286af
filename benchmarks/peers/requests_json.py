"""requests and its response.json(): dicts, one page after the other."""

import requests

from benchmarks.peers import KEYS, PATH, Json


class Peer(Json):
    """A `requests.Session`."""

    def __init__(self, url: str) -> None:
        session = requests.Session()
        session.headers.update(KEYS)
        super().__init__(session, url + PATH)
