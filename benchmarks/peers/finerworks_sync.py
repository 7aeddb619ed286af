"""The SDK, with types, validation and retries."""

from collections.abc import Generator
from functools import partial
from typing import Any, cast

from benchmarks.peers import KEYS, of_attribute
from finerworks import FinerWorks


class Peer:
    """A `FinerWorks` with a given number of requests in flight, or its default."""

    amount = of_attribute
    bare = partial(FinerWorks, **KEYS)
    _begun: Generator[Any] | None = None

    def __init__(self, url: str) -> None:
        self._fw = FinerWorks(base_url=url, **KEYS)

    def stream(self, in_flight: int | None) -> Generator[Any]:
        """Return an iterator over all invoices."""
        options = {} if in_flight is None else {"concurrency": in_flight}
        return cast(Generator[Any], iter(self._fw.invoices.list(**options)))

    def every(self, in_flight: int | None) -> list[Any]:
        """Return all invoices as a list."""
        return list(self.stream(in_flight))

    def first(self) -> Any:
        """Return the first invoice of a listing."""
        self._begun = self.stream(None)
        return next(self._begun)

    def close(self) -> None:
        """Stop the listing that `first` started, and close the connections."""
        if self._begun is not None:
            self._begun.close()
        self._fw.close()
