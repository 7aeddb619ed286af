"""The processes of a run: the server, and a worker for each entry, each on a processor of its own."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self, cast

from benchmarks.entries import HERE, ROOT, Entry
from benchmarks.server import Stats

SECONDS = 300
"""After which a worker that does not answer is ended."""

SURROUNDINGS = {
    "PATH": os.environ.get("PATH", os.defpath),
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
}
"""All that a process is told of the machine: no proxy, no keys, no settings."""


class BenchmarkError(Exception):
    """A peer failed, or did not list what is served."""


@contextlib.contextmanager
def on_processor(number: int) -> Generator[None]:
    """Start what is started here on one processor, where the machine has two and lets one choose."""
    if not hasattr(os, "sched_setaffinity") or len(every := sorted(os.sched_getaffinity(0))) < 2:
        yield
        return
    os.sched_setaffinity(0, {every[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)


def surroundings(sources: Sequence[str] = ()) -> dict[str, str]:
    """Give the environment variables of a process that imports what is in some folders of the project."""
    return SURROUNDINGS | {"PYTHONPATH": os.pathsep.join(str(ROOT / source) for source in sources)}


class Process:
    """A program that says each thing as a line of JSON, and ends when its standard input does."""

    def __init__(
        self, name: str, command: Sequence[str | Path], variables: Mapping[str, str], processor: int
    ) -> None:
        self._name = name
        with on_processor(processor):
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
        self._in, self._out = (
            cast(IO[str], self._process.stdin),
            cast(IO[str], self._process.stdout),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self._process.communicate(timeout=10)
        self._process.kill()
        self._process.wait()

    def hear(self) -> dict[str, Any]:
        """Read what it says next.

        Raises:
            BenchmarkError: It ended, or says that it failed.
        """
        clock = threading.Timer(SECONDS, self._process.kill)
        clock.start()
        try:
            line = self._out.readline()
        finally:
            clock.cancel()
        told: dict[str, Any] = json.loads(line or '{"error": "it ended"}')
        if "error" in told:
            raise BenchmarkError(f"{self._name}: {told['error']}")
        return told

    def say(self, command: Mapping[str, object]) -> None:
        """Tell it something."""
        with contextlib.suppress(BrokenPipeError):  # it ended: that is heard
            self._in.write(json.dumps(command) + "\n")
            self._in.flush()


class Server(Process):
    """The server, on the second processor."""

    def __init__(self) -> None:
        super().__init__(
            "the server", [sys.executable, "-m", "benchmarks.server"], surroundings(), 1
        )
        self.url = f"http://127.0.0.1:{self.hear()['port']}"
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def control(self, *, latency_ms: float, invoices: int) -> None:
        """Set what is served, and how slowly; count anew."""
        body = json.dumps({"latency_ms": latency_ms, "invoices": invoices}).encode()
        self._open(f"{self.url}/control", body).read()

    def stats(self) -> Stats:
        """Give what was counted since."""
        stats: Stats = json.load(self._open(f"{self.url}/stats"))
        return stats


class Worker(Process):
    """A peer, on the first processor."""

    def __init__(self, entry: Entry, url: str) -> None:
        node = ["node", "--expose-gc", str(HERE / "node" / "worker.mjs")]
        python = [entry.python, "-m", "benchmarks.worker", entry.peer]
        command = [*(node if entry.peer == "node" else python), url]
        super().__init__(entry.label, command, surroundings(entry.sources), 0)

    def ask(self, do: str, **options: object) -> dict[str, Any]:
        """Give a command, and what came of it."""
        self.say({"do": do, **options})
        return self.hear()
