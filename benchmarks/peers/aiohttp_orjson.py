"""aiohttp and orjson with asyncio.gather: the fastest handwritten client. It returns dicts."""

import aiohttp
import orjson

from benchmarks.peers import KEYS, PATH, AsyncPages, PageContent, of_json, request_body


class Peer(AsyncPages):
    """An `aiohttp.ClientSession`."""

    def __init__(self, url: str) -> None:
        self._session = aiohttp.ClientSession(url, headers=KEYS)

    async def page(self, number: int) -> PageContent:
        """Return a page."""
        async with self._session.post(PATH, json=request_body(number)) as response:
            return of_json(orjson.loads(await response.read()))

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
