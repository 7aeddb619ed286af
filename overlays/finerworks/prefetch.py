"""Fetching ahead: the next results are probably needed, and fetched before they are requested.

Nothing here knows about pages. Fetching something with a key returns a result.
"""

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Hashable, Iterable
from concurrent.futures import Future
from contextvars import Context, copy_context
from pathlib import Path
from queue import SimpleQueue
from typing import Generic, TypeVar

from finerworks.event_loop import find_running_loop, running_loop
from finerworks.threads import NoThreadError, start_thread
from finerworks.throttle import THROTTLE, ListingClosedError, ListingThrottle

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")

CLOSING_SECONDS = 0.2
"""Seconds that closing waits for requests to end. They end at once, unless they are connecting."""


EXIT_POLLS = 200
"""How many times closing checks whether a thread is gone."""

EXIT_POLL_SECONDS = 0.0005
"""Seconds between two of these checks."""


def check_process(process: int) -> None:
    """Check that this is the process that started fetching.

    Raises:
        RuntimeError: It is a fork of that process, which never receives the results.
    """
    if os.getpid() != process:
        raise RuntimeError(
            "this listing is being read in another process: start a new one in this process"
        )


def _context_with(throttle: ListingThrottle) -> Context:
    """Return a copy of the caller's context variables, such as a span, with the throttle in it."""
    context = copy_context()
    context.run(THROTTLE.set, throttle)
    return context


class ThreadPrefetcher(Generic[Key, Result]):
    """Fetches ahead in threads, which are started when they are needed.

    If no thread can be started, everything is fetched when it is requested. The program does not
    wait for the threads when it exits. They stop at that point, whatever they are doing.

    Args:
        fetch: Fetches the result of a key.
        concurrency: The maximum number of requests in flight at a time.
    """

    def __init__(self, fetch: Callable[[Key], Result], concurrency: int) -> None:
        self._fetch = fetch
        self._process = os.getpid()
        self._throttle = ListingThrottle(concurrency)
        self._context = _context_with(self._throttle)
        self._futures: dict[Key, Future[Result]] = {}
        self._threads: list[threading.Thread] = []
        self._jobs: SimpleQueue[tuple[Key, Future[Result]] | None] = SimpleQueue()

    def start(self, keys: Iterable[Key]) -> None:
        """Start fetching the keys that are not being fetched yet."""
        for key in keys:
            if key in self._futures:
                continue
            # One thread for each key that is still waiting, and one for this key.
            threads_needed = len(self._futures) + 1
            if len(self._threads) < threads_needed and not self._start_thread():
                return
            future = Future[Result]()
            self._jobs.put((key, future))
            # Not before: an interrupted caller would wait for a key that nobody fetches.
            self._futures[key] = future

    def _start_thread(self) -> bool:
        """Start a thread. Return False if there is none left."""
        context = self._context.copy()
        try:
            thread = start_thread(lambda: context.run(self._work))
        except NoThreadError:
            return False
        self._threads.append(thread)
        return True

    def _work(self) -> None:
        """Fetch one key after the other, in a thread."""
        while True:
            job = self._jobs.get()
            if job is None:
                self._jobs.put(None)  # for the next thread
                return
            key, future = job
            if self._throttle.closed:
                future.set_exception(ListingClosedError())
                return
            try:
                future.set_result(self._fetch(key))
            except BaseException as error:  # noqa: BLE001 - raised where the result is needed
                future.set_exception(error)

    def get(self, key: Key) -> Result:
        """Return the result of a key, once. Fetch it here if it is not being fetched yet.

        Raises:
            RuntimeError: This process is a fork of the one that started fetching, or it is exiting.
        """
        check_process(self._process)
        if sys.is_finalizing():
            # A stopped thread fetches nothing, and may hold a lock.
            raise RuntimeError(
                "the program has ended, and its threads with it: read the listing before, "
                "at the latest in an atexit handler"
            )
        future = self._futures.get(key)
        if future is None:
            return self._context.run(self._fetch, key)
        result = future.result()
        del self._futures[key]
        return result

    def close(self) -> None:
        """Stop fetching, and wait a moment for the threads to end.

        Connections stop waiting at once. Connecting cannot be interrupted.
        """
        if os.getpid() != self._process or sys.is_finalizing():
            return
        self._throttle.close()
        # Each thread passes it on. There may be one thread more than is known: a signal handler may
        # raise just after a thread was started.
        self._jobs.put(None)
        end = time.monotonic() + CLOSING_SECONDS
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()))
        for thread in self._threads:
            if not thread.is_alive():
                _wait_for_exit(thread)


def _wait_for_exit(thread: threading.Thread) -> None:
    """Wait until the operating system has ended a thread, too.

    Before Python 3.13, `join` returns slightly earlier. A thread that used TLS then still holds a
    lock of OpenSSL for a moment. A process that is forked in that moment inherits it locked, and
    could never open a TLS connection. This can be detected only on Linux.
    """
    if sys.version_info >= (3, 13):
        return
    for _ in range(EXIT_POLLS):
        if not Path(f"/proc/self/task/{thread.native_id}").exists():
            return
        time.sleep(EXIT_POLL_SECONDS)


class TaskPrefetcher(Generic[Key, Result]):
    """Fetches ahead in asyncio tasks.

    Args:
        fetch: Fetches the result of a key.
        concurrency: The maximum number of requests in flight at a time.
    """

    def __init__(
        self, fetch: Callable[[Key], Coroutine[None, None, Result]], concurrency: int
    ) -> None:
        self._fetch = fetch
        self._process = os.getpid()
        self._throttle = ListingThrottle(concurrency)
        self._context = _context_with(self._throttle)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: dict[Key, asyncio.Task[Result]] = {}

    @property
    def is_elsewhere(self) -> bool:
        """Whether fetching started in another event loop, whose results cannot be awaited here."""
        return self._loop is not None and self._loop is not find_running_loop()

    def start(self, keys: Iterable[Key]) -> None:
        """Start fetching the keys that are not being fetched yet.

        Raises:
            ClientStateError: asyncio is not running.
        """
        for key in keys:
            if key not in self._tasks:
                self._loop = running_loop()
                context = self._context.copy()
                task = self._loop.create_task(self._fetch(key), context=context)
                task.add_done_callback(_retrieve_exception)
                self._tasks[key] = task

    async def get(self, key: Key) -> Result:
        """Return the result of a key.

        If the caller is cancelled meanwhile, fetching continues, and the next call returns the
        result.

        Raises:
            RuntimeError: This process is a fork of the one that started fetching.
            ClientStateError: asyncio is not running.
        """
        check_process(self._process)
        self.start([key])
        await asyncio.wait([self._tasks[key]])
        task = self._tasks.pop(key)
        if task.cancelled() and self._throttle.closed:
            raise ListingClosedError
        return task.result()

    def stop(self) -> None:
        """Stop fetching. The tasks end when the event loop runs again. Any thread may call this."""
        if os.getpid() != self._process:
            return
        self._throttle.close()
        for task in self._tasks.values():
            # RuntimeError: the event loop is closed, and the task ended with it.
            with contextlib.suppress(RuntimeError):
                task.get_loop().call_soon_threadsafe(task.cancel)

    async def aclose(self) -> None:
        """Stop fetching. Wait for the tasks to end, unless they belong to another event loop."""
        if os.getpid() != self._process:
            return
        if not self._tasks or self.is_elsewhere:
            self.stop()
            return
        self._throttle.close()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


def _retrieve_exception(task: asyncio.Task[Result]) -> None:
    """Retrieve the exception of a task. asyncio reports exceptions that are never retrieved."""
    if not task.cancelled():
        task.exception()
