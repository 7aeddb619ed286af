"""Run tests again and again next to processes that keep the machine busy: `make test-busy`.

A test that depends on the speed of the machine passes on an idle one, and fails here sooner or
later. Each run prints one line, and the names of the tests that failed in it. A failure does not
end the program: it goes on to the last run, and exits with 1. The output of a run that failed is
kept in `.tools/busy/`.
"""

import argparse
import contextlib
import dataclasses
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[1]
LOGS = ROOT / ".tools" / "busy"
DEFAULT_TESTS = ["--numprocesses=auto", "--dist=loadfile", "tests/core", "tests/cli"]

# It also ends by itself once its parent is gone, even if that was killed.
BUSY_PROGRAM = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


@dataclasses.dataclass(frozen=True)
class Run:
    """What came of one run of the tests."""

    succeeded: bool
    summary: str
    failed_tests: list[str]
    output: str


def main(arguments: list[str]) -> int:
    """Run the tests as often as asked. Return 1 if any run failed, else 0."""
    parser = argparse.ArgumentParser(prog="busy", description="Run tests next to busy processes.")
    parser.add_argument("--processes", type=int, default=8, help="busy processes (8)")
    parser.add_argument("--runs", type=int, default=10, help="how often the tests run (10)")
    parser.add_argument("--logs", type=Path, default=LOGS, help="where failed runs are kept")
    parser.add_argument(
        "pytest", nargs="*", default=DEFAULT_TESTS, help="arguments of pytest, after a --"
    )
    options = parser.parse_args(arguments)

    # As for Ctrl-C, the busy processes are ended then.
    signal.signal(signal.SIGTERM, _exit)
    failed_runs = 0
    with busy_processes(options.processes):
        for number in range(1, options.runs + 1):
            started = time.monotonic()
            run = run_tests(options.pytest)
            seconds = time.monotonic() - started
            print(f"run {number} of {options.runs}: {run.summary} ({seconds:.0f} s)", flush=True)
            if not run.succeeded:
                failed_runs += 1
                report_failure(run, options.logs / f"run-{number}.log")
    print(f"{failed_runs} of {options.runs} runs failed, next to {options.processes} processes")
    return 1 if failed_runs else 0


def _exit(_number: int, _frame: FrameType | None) -> None:
    sys.exit(143)


@contextlib.contextmanager
def busy_processes(count: int) -> Generator[None]:
    """Keep the machine busy with processes that only compute, and end them afterwards."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(count):
            processes.append(subprocess.Popen([sys.executable, "-c", BUSY_PROGRAM]))  # noqa: PERF401 - those that did start are ended if one does not
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def run_tests(pytest_arguments: list[str]) -> Run:
    """Run pytest, and return what came of it."""
    command = [sys.executable, "-m", "pytest", "--quiet", "--color=no", *pytest_arguments]
    finished = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    lines = finished.stdout.strip().splitlines()
    succeeded = finished.returncode == 0
    counts = re.sub(r" in [\d.]+s.*", "", lines[-1]).strip("= ") if lines else "no output"
    return Run(
        succeeded=succeeded,
        summary=counts if succeeded else f"FAILED, {counts}, status {finished.returncode}",
        failed_tests=[line for line in lines if line.startswith(("FAILED ", "ERROR "))],
        output=finished.stdout,
    )


def report_failure(run: Run, log: Path) -> None:
    """Print which tests failed, and keep the output."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(run.output, encoding="utf-8")
    for line in run.failed_tests:
        print(f"  {line}")
    print(f"  its output: {log}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
