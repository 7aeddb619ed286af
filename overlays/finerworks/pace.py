"""How fast one listing is read: what its requests share while several of them are in flight."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextvars import ContextVar
from typing import Protocol

from finerworks.errors import RateLimitError
from finerworks.retries import backoff


class Endable(Protocol):
    """An attempt at a request, as far as its pace is concerned."""

    def end(self) -> None:
        """End it, from whatever thread."""


class Pace:
    """Lets the requests of one listing go, or has them wait. Threads and tasks may share one.

    A failure that is tried again holds all of them back, not only the one that met it: a server that
    asks one page to wait means the client. The wait is here, where `stop` can end it.

    Args:
        most: How many may be in flight. None: any number, and none waits for another.
    """

    def __init__(self, most: int | None = None) -> None:
        self.stopped = threading.Event()
        self._most, self._resume, self._running = most, 0.0, set[Endable]()
        self._lock = threading.RLock()  # garbage collection may close a listing wherever it is

    def enter(self, attempt: Endable) -> float:
        """Let an attempt begin: 0. Or give the seconds after which it is to ask again.

        Raises:
            CancelledError: The listing was left.
        """
        if self._most is None:
            return 0.0
        with self._lock:
            if self.stopped.is_set():
                raise CancelledError
            wait = self._resume - time.monotonic()
            if wait <= 0 and len(self._running) < self._most:
                self._running.add(attempt)
                return 0.0
            return max(wait, 0.01)

    def leave(self, attempt: Endable) -> None:
        """Take note that an attempt ended."""
        with self._lock:
            self._running.discard(attempt)

    def judging(
        self, verdict: Callable[[Exception], bool | float]
    ) -> Callable[[Exception], bool | float]:
        """Give `retries.verdict` with this pace's waits in place of its own."""

        def judge(error: Exception) -> bool | float:
            again = not self.stopped.is_set() and verdict(error)
            if self._most is None or not again:
                return again
            now = time.monotonic()
            with self._lock:
                if (
                    isinstance(error, RateLimitError) and now >= self._resume
                ):  # of several at once, one counts
                    self._most = max(1, self._most // 2)
                self._resume = max(
                    self._resume, now + backoff(getattr(error, "attempts", 1), again)
                )
            return 0.0

        return judge

    def stop(self) -> None:
        """Let nothing more go, and end what is in flight."""
        self.stopped.set()
        with self._lock:
            running = list(self._running)
        for attempt in running:
            attempt.end()


FREE = Pace()
"""The pace of a request that belongs to no listing."""

PACE: ContextVar[Pace] = ContextVar("pace", default=FREE)
"""The pace of the listing that runs here."""
