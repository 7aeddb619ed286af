"""The command `finerworks`, as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

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
