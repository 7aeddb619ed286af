"""The threads in which a listing is read ahead."""

import threading
import time


def readers() -> list[threading.Thread]:
    """Return those that have not ended."""
    return [thread for thread in threading.enumerate() if thread.name == "finerworks"]


def expect_no_readers() -> None:
    """Wait until all have ended.

    Closing a listing waits only a moment for them, which is too short on a busy machine.
    """
    until = time.monotonic() + 30
    while readers():
        assert time.monotonic() < until, f"these did not end: {readers()}"
        time.sleep(0.005)
