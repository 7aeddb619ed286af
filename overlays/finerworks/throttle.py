"""How many requests of one listing run concurrently, and when the next one may start.

If a server rejects one page with "too many requests", that concerns the client, not the page. So a
request of a listing that waits before its next attempt holds back all other requests of that
listing. No clock is read: the others continue when the waiting one does.
"""

import contextlib
import threading
import time
from collections.abc import Generator
from contextvars import ContextVar

from finerworks.deadline import Deadline
from finerworks.errors import RateLimitError


class ListingClosedError(Exception):
    """A request belongs to a listing that nobody reads any more. Callers never see this."""


class Throttle:
    """Lets every request be sent at once, for requests that belong to no listing.

    Its methods do nothing. It has no lock, which a forked process could inherit locked.
    """

    @property
    def closed(self) -> bool:
        """Whether no more requests may be sent."""
        return False

    def enter(self, deadline: Deadline) -> None:
        """Wait until a request may be sent."""

    def try_enter(self, deadline: Deadline) -> bool:
        """Return whether a request may be sent now."""
        del deadline
        return True

    def leave(self, deadline: Deadline) -> None:
        """Record that a request is no longer in flight."""

    @contextlib.contextmanager
    def paused(self, error: Exception) -> Generator[None]:
        """Hold back other requests while a request waits before its next attempt."""
        del error
        yield

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class ListingThrottle(Throttle):
    """Decides when a request of one listing may be sent. Threads may share it, and so may tasks.

    Args:
        concurrency: The maximum number of requests in flight at a time.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._waiting = 0
        self._running = set[Deadline]()
        self._closed = False
        # Reentrant, because garbage collection may close a listing at any point. It is entered
        # directly and not through a condition, which is written in Python: a signal handler that
        # raises inside it would leave the lock locked.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._closing = threading.Condition(self._lock)

    @property
    def closed(self) -> bool:
        """Whether the listing was closed."""
        return self._closed

    def enter(self, deadline: Deadline) -> None:
        """Wait until a request may be sent.

        Raises:
            ListingClosedError: The listing was closed.
        """
        with self._lock:
            while not self.try_enter(deadline):
                self._changed.wait()

    def try_enter(self, deadline: Deadline) -> bool:
        """Let a request be sent, or return False if it must wait.

        Raises:
            ListingClosedError: The listing was closed.
        """
        with self._lock:
            if self.closed:
                raise ListingClosedError
            if self._waiting or len(self._running) >= self._concurrency:
                return False
            self._running.add(deadline)
            return True

    def leave(self, deadline: Deadline) -> None:
        """Record that a request is no longer in flight."""
        with self._lock:
            self._running.discard(deadline)
            self._changed.notify_all()

    @contextlib.contextmanager
    def paused(self, error: Exception) -> Generator[None]:
        """Let no other request start while one waits before its next attempt.

        Args:
            error: The error of the attempt. After a rate limit, only half as many requests run
                concurrently from then on. If several hit the limit together, only one counts.
        """
        with self._lock:
            if isinstance(error, RateLimitError) and not self._waiting:
                self._concurrency = max(1, self._concurrency // 2)
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                self._changed.notify_all()

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the listing is closed."""
        with self._lock:
            if not self._closed:
                self._closing.wait(seconds)

    def close(self) -> None:
        """Let no more requests start, and cancel those in flight."""
        with self._lock:
            self._closed = True
            running = list(self._running)
            self._changed.notify_all()
            self._closing.notify_all()
        for deadline in running:
            deadline.cancel()


NO_THROTTLE = Throttle()
"""The throttle of requests that belong to no listing."""

THROTTLE: ContextVar[Throttle] = ContextVar("finerworks_throttle", default=NO_THROTTLE)
"""The throttle of the listing whose page is being fetched.

It is a context variable, because the generated code between the listing and the transport has no
parameter for it.
"""
