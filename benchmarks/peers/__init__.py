"""The peers. Each module has a class `Peer`, which lists the invoices of the server.

Most peers read one page at a time. The classes here make listings of these, in the same way for
all peers.
"""

import asyncio
import math
from collections.abc import Iterator
from operator import attrgetter, itemgetter
from typing import Any

PATH = "/v3/list_invoices"
PER_PAGE = 25
KEYS = {"web_api_key": "of-the-benchmarks", "app_key": "of-the-benchmarks-too"}

PageContent = tuple[list[Any], int]
"""The invoices of a page, and the number of all invoices."""


def request_body(number: int) -> dict[str, int]:
    """Return the body of a request for a page."""
    return {"per_page": PER_PAGE, "page_number": number}


def of_json(data: dict[str, Any]) -> PageContent:
    """Return the content of a response that was decoded to dicts."""
    return data["invoices"], data["total_count"]


def of_model(response: Any) -> PageContent:
    """Return the content of a response that is an object of a model."""
    return response.invoices, response.total_count


class _Either:
    """The common part of sync and async peers."""

    amount = staticmethod(itemgetter("amount_due"))
    """A function that returns the amount of an invoice. Peers with models use `of_attribute`."""


of_attribute = staticmethod(attrgetter("amount_due"))


class Pages(_Either):
    """A sync peer that reads one page after the other."""

    def page(self, number: int) -> PageContent:
        """Return a page."""
        raise NotImplementedError

    def stream(self, in_flight: int | None) -> Iterator[Any]:
        """Yield all invoices, page by page."""
        if in_flight != 1:
            raise ValueError("a page loop has one request in flight")
        number = 1
        seen = 0
        total = 1
        while seen < total:
            invoices, total = self.page(number)
            yield from invoices
            number += 1
            seen += len(invoices)

    def every(self, in_flight: int | None) -> list[Any]:
        """Return all invoices as a list."""
        return list(self.stream(in_flight))

    def first(self) -> Any:
        """Return the first invoice, by reading one page."""
        return self.page(1)[0][0]


class Json(Pages):
    """A peer that posts like httpx and requests, and decodes the response to dicts."""

    def __init__(self, client: Any, target: str = PATH) -> None:
        self._client, self._target = client, target

    def data(self, number: int) -> dict[str, Any]:
        """Return a page as decoded JSON."""
        return self._client.post(self._target, json=request_body(number)).json()

    def page(self, number: int) -> PageContent:
        """Return a page."""
        return of_json(self.data(number))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class AsyncPages(_Either):
    """An async peer that reads several pages at a time."""

    async def page(self, number: int) -> PageContent:
        """Return a page."""
        raise NotImplementedError

    async def every(self, in_flight: int) -> list[Any]:
        """Return all invoices. The first page contains their number, the others are gathered."""
        invoices, total = await self.page(1)
        last = math.ceil(total / PER_PAGE)
        pages = {1: invoices}
        numbers = iter(range(2, last + 1))

        async def read() -> None:
            for number in numbers:
                pages[number], _ = await self.page(number)

        await asyncio.gather(*(read() for _ in range(in_flight)))
        return [invoice for number in range(1, last + 1) for invoice in pages[number]]
