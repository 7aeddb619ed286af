"""Threads, where there are any.

A thread cannot always be started: a container limits their number, memory is short, Python has been
compiled for a browser, or the program is ending (since Python 3.12, also in an `atexit` handler).
Everything here works without threads then, only slower.
"""

import sys
import threading
from collections.abc import Callable


class NoThreadError(Exception):
    """No thread can be started. It never reaches a caller."""


def start_thread(target: Callable[[], None]) -> threading.Thread:
    """Start a thread that calls a function. The end of the program does not wait for it.

    Raises:
        NoThreadError: None can be started.
    """
    # Before Python 3.12, `start()` would wait for a thread that never runs.
    if sys.is_finalizing():
        raise NoThreadError("Python has ended")
    try:
        thread = threading.Thread(target=target, name="finerworks", daemon=True)
        thread.start()
    except (RuntimeError, MemoryError) as error:
        raise NoThreadError(str(error)) from error
    return thread


def can_start_thread() -> bool:
    """Return whether a thread can be started, by starting one that ends at once."""
    try:
        start_thread(_do_nothing)
    except NoThreadError:
        return False
    return True


def _do_nothing() -> None:
    """Do nothing."""
