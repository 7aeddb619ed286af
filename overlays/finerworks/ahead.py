"""Fetching ahead: what is probably asked for next is fetched before it is, by threads or by tasks.

Knows nothing of pages: what is asked for is a key, and what comes is a result.
"""

import os
import threading
import time
from collections.abc import Callable, Coroutine, Hashable
from concurrent.futures import Future
from contextvars import copy_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from finerworks.pace import PACE, Pace

if TYPE_CHECKING:
    import asyncio

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")
Fetched = TypeVar("Fetched")


class _Ahead(Generic[Key, Fetched]):
    """Fetches what is asked for, at one pace. It belongs to the process that it was made in."""

    def __init__(self, fetch: Callable[[Key], Fetched], concurrency: int) -> None:
        self._fetch, self._pid = fetch, os.getpid()
        self._pace, self._context = Pace(concurrency), copy_context()
        self._context.run(PACE.set, self._pace)


class Threads(_Ahead[Key, Result]):
    """Reads ahead in threads, started as they are needed. The end of the program does not wait for them."""

    def __init__(self, fetch: Callable[[Key], Result], concurrency: int) -> None:
        super().__init__(fetch, concurrency)
        self._ahead, self._threads = dict[Key, Future[Result]](), list[threading.Thread]()
        self._todo = SimpleQueue[tuple[Key, Future[Result]] | None]()

    def start(self, asks: list[Key]) -> None:
        """Begin with what is asked for and was not begun yet."""
        for ask in (each for each in asks if each not in self._ahead):
            self._ahead[ask] = future = Future[Result]()
            self._todo.put((ask, future))
            if len(self._threads) < len(self._ahead):
                self._threads.append(
                    threading.Thread(
                        None, self._context.copy().run, "finerworks", (self._read,), daemon=True
                    )
                )
                self._threads[-1].start()

    def _read(self) -> None:
        while (job := self._todo.get()) and not self._pace.stopped.is_set():
            try:
                job[1].set_result(self._fetch(job[0]))
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for
                job[1].set_exception(error)

    def get(self, ask: Key) -> Result:
        """Give what is asked for; if it was not begun, fetch it here.

        Raises:
            RuntimeError: This process is a fork of the one that began.
        """
        if os.getpid() != self._pid:
            raise RuntimeError(
                "this listing is being read in another process: begin a new one here, of a new client"
            )
        if ask not in self._ahead:
            return self._context.run(self._fetch, ask)
        page = self._ahead[ask].result()
        del self._ahead[ask]
        return page

    def close(self) -> None:
        """Stop, and wait for the threads: what a connection waits for fails at once, but not the opening of one."""
        if os.getpid() == self._pid:
            self._pace.stop()
            until = time.monotonic() + 0.2
            for _ in self._threads:
                self._todo.put(None)
            for thread in self._threads:
                if thread.is_alive() and thread is not threading.current_thread():
                    thread.join(max(0.0, until - time.monotonic()))


class Tasks(_Ahead[Key, Coroutine[None, None, Result]]):
    """Reads ahead in tasks."""

    def __init__(
        self, fetch: Callable[[Key], Coroutine[None, None, Result]], concurrency: int
    ) -> None:
        super().__init__(fetch, concurrency)
        self._ahead = dict[Key, "asyncio.Task[Result]"]()

    def start(self, asks: list[Key]) -> None:
        """Begin with what is asked for and was not begun yet."""
        import asyncio  # noqa: PLC0415

        for ask in (each for each in asks if each not in self._ahead):
            self._ahead[ask] = asyncio.create_task(self._fetch(ask), context=self._context.copy())
            # Nobody asks for what a listing that is left had in flight: asyncio would complain of that.
            self._ahead[ask].add_done_callback(lambda task: task.cancelled() or task.exception())

    async def get(self, ask: Key) -> Result:
        """Give what is asked for."""
        import asyncio  # noqa: PLC0415

        self.start([ask])
        await asyncio.wait(
            [self._ahead[ask]]
        )  # who is cancelled here does not cancel the request as well: see below
        return self._ahead.pop(ask).result()

    async def aclose(self) -> None:
        """Stop, and wait for the tasks.

        A request is ended on its connection, and only cancelled where that does not do: httpcore loses a connection
        that it was about to open for a task that is cancelled.
        """
        import asyncio  # noqa: PLC0415

        self._pace.stop()
        if tasks := [*self._ahead.values()]:
            await asyncio.wait(tasks, timeout=0.1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
