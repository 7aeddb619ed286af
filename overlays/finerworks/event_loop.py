"""Which event loop runs this code. asyncio is the only library whose loops are supported."""

import asyncio

from finerworks.errors import ClientStateError


def running_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop of asyncio that runs this code.

    Raises:
        ClientStateError: asyncio does not run this code, but for example trio does.
    """
    loop = find_running_loop()
    if loop is None:
        raise ClientStateError(
            "AsyncFinerWorks needs asyncio, and no event loop of asyncio is running here: "
            "with trio, use FinerWorks in a thread (trio.to_thread.run_sync)"
        )
    return loop


def find_running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop of asyncio that runs this code, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
