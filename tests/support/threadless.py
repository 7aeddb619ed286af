"""A program that lists invoices where no thread can be started: `threadless.py URL PART LIMIT`.

PART is the name of a function below. LIMIT is "none" where it can start threads until it ends.
"""

import asyncio
import atexit
import sys
import threading
import time
from collections.abc import Callable

from finerworks import AsyncFinerWorks, FinerWorks

URL = sys.argv[1]


def no_more_threads() -> None:
    """Let each further thread fail, as where their number is limited: none has that much memory."""
    threading.stack_size(1 << 47)


def client() -> FinerWorks:
    """Return a client."""
    return FinerWorks(web_api_key="the-web-key", app_key="the-app-key", base_url=URL, max_retries=0)


def report(ids: list[str]) -> None:
    """Print whether these are all invoices, in their order."""
    expected = [str(number) for number in range(300)]
    sys.stdout.write("all invoices\n" if ids == expected else f"{len(ids)} invoices\n")


def sync() -> None:
    """List with the sync client."""
    with client() as fw:
        report([invoice.invoice_id for invoice in fw.invoices.list()])


def with_options() -> None:
    """List with a client that shares the connections of another."""
    with client() as fw:
        report([invoice.invoice_id for invoice in fw.with_options(timeout=60).invoices.list()])


def async_() -> None:
    """List with the async client."""

    async def read() -> list[str]:
        async with AsyncFinerWorks(
            web_api_key="the-web-key", app_key="the-app-key", base_url=URL, max_retries=0
        ) as fw:
            return [invoice.invoice_id async for invoice in fw.invoices.list()]

    report(asyncio.run(read()))


def halfway() -> None:
    """List with the sync client, and reach the limit while some threads run."""
    ids: list[str] = []
    with client() as fw:
        for invoice in fw.invoices.list():
            ids.append(invoice.invoice_id)
            if len(ids) == 30:
                no_more_threads()
    report(ids)


def at_exit() -> None:
    """List with the sync client when the program ends."""
    atexit.register(sync)


def async_at_exit() -> None:
    """List with the async client when the program ends."""
    atexit.register(async_)


def across_the_exit() -> None:
    """Begin a listing, and read the rest when the program ends."""
    fw = client()
    invoices = iter(fw.invoices.list())
    ids = [next(invoices).invoice_id]

    def go_on() -> None:
        ids.extend(invoice.invoice_id for invoice in invoices)
        fw.close()
        report(ids)

    atexit.register(go_on)


def after_the_main_thread() -> None:
    """List in a thread that goes on when the main thread has ended."""
    threading.Thread(target=_wait_and_run, args=(sync,)).start()


def async_after_the_main_thread() -> None:
    """List with the async client in such a thread."""
    threading.Thread(target=_wait_and_run, args=(async_,)).start()


def _wait_and_run(part: Callable[[], None]) -> None:
    threading.main_thread().join()
    time.sleep(0.2)  # until the interpreter has begun to end
    part()


class Keeper:
    """Reads a listing when the interpreter takes it away, after everything else has ended."""

    def __init__(self, begun: int) -> None:
        self._fw = client()
        self._invoices = iter(self._fw.invoices.list())
        self._ids = [next(self._invoices).invoice_id for _ in range(begun)]

    def __del__(self) -> None:
        """Read the rest."""
        with self._fw:
            self._ids.extend(invoice.invoice_id for invoice in self._invoices)
            report(self._ids)


def too_late() -> None:
    """List with the sync client when the interpreter has ended."""
    globals()["keeper"] = Keeper(0)


def half_too_late() -> None:
    """Begin a listing, and read the rest when the interpreter has ended."""
    globals()["keeper"] = Keeper(1)


def left() -> None:
    """Begin a listing, and leave it to the end of the program."""
    globals()["left"] = iter(client().invoices.list())
    report([next(globals()["left"]).invoice_id])


if __name__ == "__main__":
    if sys.argv[3] == "limited":
        no_more_threads()
    globals()[sys.argv[2]]()
