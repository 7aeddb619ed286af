"""The SDK with asyncio."""

from typing import Any

from benchmarks.peers import KEYS, of_attribute
from finerworks import AsyncFinerWorks


class Peer:
    """An `AsyncFinerWorks` with a given number of requests in flight, or its default."""

    amount = of_attribute

    def __init__(self, url: str) -> None:
        self._fw = AsyncFinerWorks(base_url=url, **KEYS)

    async def every(self, in_flight: int | None) -> list[Any]:
        """Return all invoices as a list."""
        options = {} if in_flight is None else {"concurrency": in_flight}
        return [invoice async for invoice in self._fw.invoices.list(**options)]

    async def close(self) -> None:
        """Close the connections."""
        await self._fw.aclose()
