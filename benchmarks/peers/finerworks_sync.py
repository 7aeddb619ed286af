"""The SDK: typed, checked, tried again."""

from collections.abc import Generator
from functools import partial
from typing import Any, cast

from benchmarks.peers import KEYS, of_attribute
from finerworks import FinerWorks


class Peer:
    """A `FinerWorks`, with so many requests in flight as it is told, or as it has by itself."""

    amount, bare = of_attribute, partial(FinerWorks, **KEYS)
    _begun: Generator[Any] | None = None

    def __init__(self, url: str) -> None:
        self._fw = FinerWorks(base_url=url, **KEYS)

    def stream(self, in_flight: int | None) -> Generator[Any]:
        """Give every invoice."""
        options = {} if in_flight is None else {"concurrency": in_flight}
        return cast(Generator[Any], iter(self._fw.invoices.list(**options)))

    def every(self, in_flight: int | None) -> list[Any]:
        """Give the list of all invoices."""
        return list(self.stream(in_flight))

    def first(self) -> Any:
        """Give the first invoice of all of them."""
        self._begun = self.stream(None)
        return next(self._begun)

    def close(self) -> None:
        """End what was begun, and close the connections."""
        if self._begun is not None:
            self._begun.close()
        self._fw.close()
