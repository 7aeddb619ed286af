"""The peers: a module each, with a class `Peer` that lists the invoices of the benchmarks' server.

Most give one page at a time; what is here makes listings of that, one way for all of them.
"""

import asyncio
from collections.abc import Iterator
from operator import attrgetter, itemgetter
from typing import Any

PATH = "/v3/list_invoices"
PER_PAGE = 25
KEYS = {"web_api_key": "of-the-benchmarks", "app_key": "of-the-benchmarks-too"}

Answer = tuple[list[Any], int]
"""The invoices of a page, and how many there are on all pages."""


def asked(number: int) -> dict[str, int]:
    """The body of a request for a page."""
    return {"per_page": PER_PAGE, "page_number": number}


def of_json(data: dict[str, Any]) -> Answer:
    """Read an answer that was decoded to plain dicts."""
    return data["invoices"], data["total_count"]


def of_model(answer: Any) -> Answer:
    """Read an answer that is an object of a model."""
    return answer.invoices, answer.total_count


class _Either:
    """What a sync and an async peer share."""

    amount = staticmethod(itemgetter("amount_due"))
    """Gives what an invoice is about; a peer with models has `of_attribute` here."""


of_attribute = staticmethod(attrgetter("amount_due"))


class Pages(_Either):
    """A sync peer that gives one page at a time: it is asked for one after the other."""

    def page(self, number: int) -> Answer:
        """Give a page."""
        raise NotImplementedError

    def stream(self, in_flight: int | None) -> Iterator[Any]:
        """Give every invoice, page after page."""
        if in_flight != 1:
            raise ValueError("a page loop has one request in flight")
        number, seen, total = 1, 0, 1
        while seen < total:
            invoices, total = self.page(number)
            yield from invoices
            number, seen = number + 1, seen + len(invoices)

    def every(self, in_flight: int | None) -> list[Any]:
        """Give the list of all invoices."""
        return list(self.stream(in_flight))

    def first(self) -> Any:
        """Give the first invoice, by reading one page."""
        return self.page(1)[0][0]


class Json(Pages):
    """A peer that posts as httpx and requests do, and gives the dicts that the answer's JSON decodes to."""

    def __init__(self, client: Any, target: str = PATH) -> None:
        self._client, self._target = client, target

    def data(self, number: int) -> dict[str, Any]:
        """Give a page as decoded JSON."""
        return self._client.post(self._target, json=asked(number)).json()

    def page(self, number: int) -> Answer:
        """Give a page."""
        return of_json(self.data(number))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class AsyncPages(_Either):
    """An async peer that gives one page at a time: it is asked for one after the other, or for many at once."""

    async def page(self, number: int) -> Answer:
        """Give a page."""
        raise NotImplementedError

    async def every(self, in_flight: int) -> list[Any]:
        """Give the list of all invoices: the first page tells how many there are, the rest is gathered."""
        invoices, total = await self.page(1)
        last = -(-total // PER_PAGE)
        pages, numbers = {1: invoices}, iter(range(2, last + 1))

        async def read() -> None:
            for number in numbers:
                pages[number], _ = await self.page(number)

        await asyncio.gather(*(read() for _ in range(in_flight)))
        return [invoice for number in range(1, last + 1) for invoice in pages[number]]
