"""The SDK with asyncio, over aiohttp."""

from httpx_aiohttp import AiohttpTransport

from benchmarks.peers import KEYS, finerworks_async
from finerworks import AsyncFinerWorks, AsyncHTTPClient


class Peer(finerworks_async.Peer):
    """An `AsyncFinerWorks` with the transport of httpx-aiohttp."""

    def __init__(self, url: str) -> None:
        self._door = AsyncHTTPClient(transport=AiohttpTransport(), base_url=url, **KEYS)
        self._fw = AsyncFinerWorks(http_client=self._door)

    async def close(self) -> None:
        """Close the connections."""
        await self._door.aclose()
