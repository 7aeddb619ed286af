"""uv and pipx run and install the command from a clone, as the guide to the installation says.

Run by `make build`: the tools install packages, so they need the network.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from finerworks import __version__
from installed import ROOT
from programs import skip_outside_ci

COMMANDS = {
    "uvx": ["uvx --from '.[cli]' finerworks --version"],
    "uv tool": ["uv tool install '.[cli]'", "finerworks --version"],
    "pipx": ["pipx install '.[cli]'", "finerworks --version"],
    "uvx of a repository": ['uvx --from "finerworks[cli] @ git+file://$PWD" finerworks --version'],
}


@pytest.mark.parametrize("tool", COMMANDS)
def test_a_tool_runs_the_command(tool: str, tmp_path: Path) -> None:
    """In an environment of its own, with the extra, and from the files of the clone."""
    if "repository" in tool and not (ROOT / ".git").exists():
        skip_outside_ci("the tests do not run in a clone")
    folders = ("UV_CACHE_DIR", "UV_TOOL_DIR", "UV_TOOL_BIN_DIR", "PIPX_HOME", "PIPX_BIN_DIR")
    environment = {
        **os.environ,
        **{name: str(tmp_path / name.lower()) for name in folders},
        "PATH": os.pathsep.join(
            [
                str(tmp_path / "uv_tool_bin_dir"),
                str(tmp_path / "pipx_bin_dir"),
                str(ROOT / ".venv" / "bin"),
                os.environ["PATH"],
            ]
        ),
    }
    printed = ""
    for command in COMMANDS[tool]:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        printed = done.stdout
    assert printed == f"finerworks {__version__}\n"
    installed = shutil.which("finerworks", path=environment["PATH"])
    assert (installed == str(ROOT / ".venv/bin/finerworks")) == tool.startswith("uvx")


def test_the_guide_has_these_commands() -> None:
    """What the guide shows is what is tested here."""
    guide = (ROOT / "docs" / "guides" / "install.md").read_text("utf-8")
    shown = {line[2:] for line in guide.splitlines() if line.startswith("$ ")}
    assert {command[0] for command in list(COMMANDS.values())[:3]} <= shown
