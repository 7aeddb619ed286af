"""The command `finerworks`, run as users run it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from wire import Wire

COMMAND = str(Path(sys.executable).with_name("finerworks"))

CANARIES = {
    "FINERWORKS_WEB_API_KEY": "CanaryOfTheWebApiKey",
    "FINERWORKS_APP_KEY": "CanaryOfTheAppKey",
}
"""Keys that no output may contain. They look like the names of fields."""


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


def run(*arguments: object, **variables: str) -> Ended:
    """Run the command with variables in its environment."""
    done = subprocess.run(
        [COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
        timeout=300,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def run_against(wire: Wire, *arguments: object, **variables: str) -> Ended:
    """Run the command against a server of ours."""
    return run(*arguments, **CANARIES, FINERWORKS_BASE_URL=wire.url, **variables)
