"""The SDK by asyncio."""

from typing import Any

from benchmarks.peers import KEYS, of_attribute
from finerworks import AsyncFinerWorks


class Peer:
    """An `AsyncFinerWorks`, with so many requests in flight as it is told, or as it has by itself."""

    amount = of_attribute

    def __init__(self, url: str) -> None:
        self._fw = AsyncFinerWorks(base_url=url, **KEYS)

    async def every(self, in_flight: int | None) -> list[Any]:
        """Give the list of all invoices."""
        options = {} if in_flight is None else {"concurrency": in_flight}
        return [invoice async for invoice in self._fw.invoices.list(**options)]

    async def close(self) -> None:
        """Close the connections."""
        await self._fw.aclose()
