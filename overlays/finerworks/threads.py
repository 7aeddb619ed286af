"""Start threads, if the interpreter can.

Sometimes no thread can be started: a container limits their number, memory is low, Python runs in a
browser, or the program is exiting (since Python 3.12, also in an `atexit` handler). The package
then works without threads, only slower.
"""

import sys
import threading
from collections.abc import Callable


class NoThreadError(Exception):
    """No thread can be started. Callers never see this."""


def start_thread(target: Callable[[], None]) -> threading.Thread:
    """Start a thread that calls a function. The program does not wait for it when it exits.

    Raises:
        NoThreadError: No thread can be started.
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
