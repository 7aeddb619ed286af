"""Runs the generator in a copy of the project."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def regenerate(copy: Path, contract: str) -> None:
    """Run `make regenerate` on a contract in a copy of the project, whose templates are there already."""
    for name in ("generator-config.yaml", "Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy2(ROOT / name, copy)
    (copy / "openapi.yaml").write_text(contract, "utf-8")
    (copy / ".venv").symlink_to(ROOT / ".venv")
    run = subprocess.run(
        ["make", "-C", str(copy), "-o", ".venv/dev", "regenerate"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MAKEFLAGS": ""},
    )
    assert run.returncode == 0, run.stdout + run.stderr
