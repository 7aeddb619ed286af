"""The total time that one attempt may take.

httpx limits each step of a request, and each read from a socket. A server that sends a byte now and
then never exceeds those limits. Here, the limit of a step is a `Timeout`: a float that carries the
deadline of the entire attempt. httpx and httpcore pass it unchanged to the connection
(`finerworks.network`), which never waits longer than the deadline allows.
"""

import contextlib
import math
import socket
import time
from collections.abc import Mapping
from typing import Any, Protocol, Self, runtime_checkable

STEPS = ("connect", "read", "write", "pool")
"""The steps of a request that httpx limits."""

UNLIMITED = 2_000_000.0
"""Seconds that mean "no limit": the maximum that the sockets of every platform accept."""


@runtime_checkable
class Connection(Protocol):
    """A connection with access to its socket, such as httpcore's network streams."""

    def get_extra_info(self, info: str, /) -> Any:  # noqa: ANN401 - as httpcore declares it
        """Return the information with a name, such as ``"socket"``."""
        ...


@runtime_checkable
class Closable(Protocol):
    """A scope that a client closes. Afterwards, no attempt of the client may continue."""

    closed: bool


class Deadline:
    """The time at which an attempt must end. Another thread can cancel it.

    Args:
        seconds: The seconds that the attempt may take from its start. May be `math.inf`.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.cancelled = False
        self.connection: Connection | None = None
        """The connection that the attempt is using."""
        self.client: Closable | None = None
        """The scope that the attempt belongs to."""
        self._end = math.inf

    def start(self) -> None:
        """Start the clock."""
        self._end = time.monotonic() + self.seconds

    @property
    def remaining(self) -> float:
        """The remaining seconds. 0 or less: the deadline has passed."""
        if self.cancelled:
            return 0.0
        return self._end - time.monotonic()

    @property
    def client_closed(self) -> bool:
        """Whether the client of the attempt was closed."""
        return self.client is not None and self.client.closed

    def cancel(self) -> None:
        """Cancel the attempt: if it is waiting on its connection, that fails at once.

        Connecting continues. So does reading with uvloop, whose sockets cannot be shut down.
        """
        self.cancelled = True
        if self.connection is None:
            return
        own_socket = self.connection.get_extra_info("socket")
        if own_socket is None:
            return
        # OSError: it is closed already. TypeError: uvloop's sockets cannot be shut down.
        with contextlib.suppress(OSError, TypeError):
            if isinstance(own_socket, socket.socket):
                # Not the method of a TLS socket, which would turn off TLS first: a thread that is
                # about to send would send the keys unencrypted.
                socket.socket.shutdown(own_socket, socket.SHUT_RDWR)
            else:
                own_socket.shutdown(socket.SHUT_RDWR)


class Timeout(float):
    """The seconds that one step of an attempt may take, with the attempt's deadline."""

    __slots__ = ("deadline",)

    deadline: Deadline

    def __new__(cls, seconds: float | None, deadline: Deadline) -> Self:
        """Create a timeout. None means that the step is not limited."""
        if seconds is None:
            seconds = UNLIMITED
        timeout = super().__new__(cls, seconds)
        timeout.deadline = deadline
        return timeout


def create_deadline(step_timeouts: Mapping[str, float | None]) -> Deadline:
    """Return the deadline of an attempt, which is the longest limit of its steps.

    Args:
        step_timeouts: httpx's limits for ``connect``, ``read``, ``write`` and ``pool``, in seconds.
            If one is None, neither the step nor the attempt is limited.
    """
    limits = [math.inf if seconds is None else seconds for seconds in step_timeouts.values()]
    return Deadline(max(limits))


def with_deadline(
    step_timeouts: Mapping[str, float | None], deadline: Deadline
) -> dict[str, Timeout]:
    """Return the limits of the steps, each carrying the deadline of the attempt."""
    limits = set(step_timeouts.values())  # usually a single limit, which all steps share
    timeouts = {seconds: Timeout(seconds, deadline) for seconds in limits}
    return {step: timeouts[seconds] for step, seconds in step_timeouts.items()}
