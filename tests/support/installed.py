"""The built distribution, and environments outside the tree to install it in."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def built(pattern: str) -> Path:
    """Return the one file in dist/ of that kind."""
    (found,) = (ROOT / "dist").glob(pattern)
    return found


def new_environment(folder: Path) -> Path:
    """Create an empty environment in a folder, and return its Python."""
    run(sys.executable, "-m", "venv", str(folder / "env"), cwd=folder)
    return folder / "env" / "bin" / "python"


def run(*command: str, cwd: Path, **environment: str) -> str:
    """Run a command outside the tree, and return what it prints."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("FINERWORKS")}
    known.pop("PYTHONPATH", None)
    done = subprocess.run(
        command, cwd=cwd, env=known | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(python: Path, *requirements: str) -> None:
    """Install requirements at the pinned versions."""
    pins = str(ROOT / "constraints.txt")
    command = [str(python), "-m", "pip", "install", "--quiet", "--constraint", pins]
    run(*command, *requirements, cwd=python.parent)
