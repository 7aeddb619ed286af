"""`make test-busy`: every run is reported, a failure ends nothing, and no busy process is left."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "tools" / "busy.py"


def command(folder: Path, *options: str) -> list[str]:
    """Return the command that runs the tests of a folder."""
    logs = ["--logs", str(folder / "logs")]
    tests = ["-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return [sys.executable, str(PROGRAM), *options, *logs, "--", *tests]


def children(process: int) -> list[int]:
    """Return the ids of the processes that a process started."""
    listing = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in listing.stdout.split()]


def runs(process: int) -> bool:
    """Return whether a process still runs; one that ended may wait for its parent (Z)."""
    listing = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip()[:1] not in {"", "Z"}


def test_each_run_is_reported_and_a_failure_ends_nothing(tmp_path: Path) -> None:
    """The names of the failed tests are printed, and the status is 1 at the end."""
    (tmp_path / "test_it.py").write_text(
        "from pathlib import Path\n"
        "MARK = Path(__file__).with_name('mark')\n"
        "def test_only_the_first_time():\n"
        "    first = not MARK.exists()\n"
        "    MARK.touch()\n"
        "    assert not first\n"
    )
    done = subprocess.run(
        command(tmp_path, "--processes=1", "--runs=2"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    first, failure, log, second, last = done.stdout.splitlines()
    assert first.startswith("run 1 of 2: FAILED, 1 failed, status 1 (")
    assert "test_only_the_first_time" in failure
    assert "assert not first" in Path(log.partition(": ")[2]).read_text()
    assert second.startswith("run 2 of 2: 1 passed (")
    assert last == "1 of 2 runs failed, next to 1 processes"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_busy_process_is_left(tmp_path: Path, number: signal.Signals) -> None:
    """However the program ends, its busy processes end too."""
    (tmp_path / "test_it.py").write_text(
        "import pathlib, time\n"
        "def test_waits():\n"
        "    pathlib.Path(__file__).with_name('started').touch()\n"
        "    while not pathlib.Path(__file__).with_name('over').exists():\n"
        "        time.sleep(0.01)\n"
    )
    with subprocess.Popen(
        command(tmp_path, "--processes=2", "--runs=1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as program:
        while not (tmp_path / "started").exists():
            time.sleep(0.01)
        busy = [process for process in children(program.pid) if "pytest" not in arguments(process)]
        assert len(busy) == 2
        program.send_signal(number)
        (tmp_path / "over").touch()
    while any(map(runs, busy)):
        time.sleep(0.01)


def arguments(process: int) -> str:
    """Return the command line of a process."""
    listing = subprocess.run(
        ["ps", "-o", "args=", "-p", str(process)], capture_output=True, text=True, check=False
    )
    return listing.stdout
