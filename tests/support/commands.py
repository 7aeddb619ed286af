"""The command `finerworks`, as a process of its own."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
COMMAND = str(Path(sys.executable).with_name("finerworks"))


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


def environment(known: dict[str, str]) -> dict[str, str]:
    """Give the environment of a command: this one's, without a terminal's width, and what is given."""
    return {**{name: value for name, value in os.environ.items() if name != "COLUMNS"}, **known}


def run(
    *arguments: object, known: dict[str, str] | None = None, folder: Path | None = None
) -> Ended:
    """Run the command, with its output piped."""
    command = [COMMAND, *(each if isinstance(each, bytes) else str(each) for each in arguments)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment(known or {}),
        timeout=100,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def on_terminal(*command: str, **known: str) -> tuple[int, str]:
    """Run a program on a terminal of 100 columns, and return its status and its output."""
    parent, child = pty.openpty()
    variables = environment({"COLUMNS": "100", "LINES": "40", "TERM": "xterm-256color", **known})
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, env=variables, cwd=ROOT
    )
    os.close(child)
    shown = b""
    while select.select([parent], [], [], 60)[0]:
        try:
            part = os.read(parent, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(parent)
    return process.wait(60), shown.decode()
