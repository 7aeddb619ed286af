"""The processes of a run: the server on one CPU, and the workers of the entries on another."""

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
"""The time after which a process that does not respond is killed."""

SURROUNDINGS = {
    "PATH": os.environ.get("PATH", os.defpath),
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
}
"""The environment variables of all processes: no proxy, no keys, no settings."""


class BenchmarkError(Exception):
    """A peer failed, or did not list the served invoices."""


@contextlib.contextmanager
def on_processor(number: int) -> Generator[None]:
    """Start processes on one CPU, if the machine has two and lets you choose."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    every = sorted(os.sched_getaffinity(0))
    if len(every) < 2:
        yield
        return
    os.sched_setaffinity(0, {every[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)


def surroundings(sources: Sequence[str] = ()) -> dict[str, str]:
    """Return the environment variables of a process that imports from folders of the project."""
    path = os.pathsep.join(str(ROOT / source) for source in sources)
    return SURROUNDINGS | {"PYTHONPATH": path}


class Process:
    """A program that writes lines of JSON, and exits when its standard input is closed."""

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
        self._in = cast(IO[str], self._process.stdin)
        self._out = cast(IO[str], self._process.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self._process.communicate(timeout=10)
        self._process.kill()
        self._process.wait()

    def hear(self) -> dict[str, Any]:
        """Return the next line, decoded.

        Raises:
            BenchmarkError: The process exited, or reports an error.
        """
        timer = threading.Timer(SECONDS, self._process.kill)
        timer.start()
        try:
            line = self._out.readline()
        finally:
            timer.cancel()
        result: dict[str, Any] = json.loads(line or '{"error": "it exited"}')
        if "error" in result:
            raise BenchmarkError(f"{self._name}: {result['error']}")
        return result

    def say(self, command: Mapping[str, object]) -> None:
        """Send a command."""
        with contextlib.suppress(BrokenPipeError):  # It exited, which `hear` reports.
            self._in.write(json.dumps(command) + "\n")
            self._in.flush()


class Server(Process):
    """The server, on the second CPU."""

    def __init__(self) -> None:
        super().__init__(
            "the server", [sys.executable, "-m", "benchmarks.server"], surroundings(), 1
        )
        self.url = f"http://127.0.0.1:{self.hear()['port']}"
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def control(self, *, latency_ms: float, invoices: int) -> None:
        """Set the number of invoices and the latency, and reset the counts."""
        body = json.dumps({"latency_ms": latency_ms, "invoices": invoices}).encode()
        self._open(f"{self.url}/control", body).read()

    def stats(self) -> Stats:
        """Return the counts."""
        stats: Stats = json.load(self._open(f"{self.url}/stats"))
        return stats


class Worker(Process):
    """A peer, on the first CPU."""

    def __init__(self, entry: Entry, url: str) -> None:
        node = ["node", "--expose-gc", str(HERE / "node" / "worker.mjs")]
        python = [entry.python, "-m", "benchmarks.worker", entry.peer]
        command = [*(node if entry.peer == "node" else python), url]
        super().__init__(entry.label, command, surroundings(entry.sources), 0)

    def ask(self, do: str, **options: object) -> dict[str, Any]:
        """Send a command, and return its result."""
        self.say({"do": do, **options})
        return self.hear()
