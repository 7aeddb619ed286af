"""What the README says of the Makefile; tests/project/test_docs.py runs its blocks."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_shows_how_the_tests_end() -> None:
    """The share of code that it says is reached is the one that is demanded."""
    demanded = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["coverage"][
        "report"
    ]["fail_under"]
    assert re.findall(r"Required test coverage of (.*)% reached", README) == [str(float(demanded))]


def test_lists_every_target() -> None:
    """`make help` has a line for each target that is meant to be called."""
    run = subprocess.run(
        ["make", "-s", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True
    )
    listed = {line.split()[1] for line in run.stdout.splitlines()}
    phony = {
        name
        for line in (ROOT / "Makefile").read_text("utf-8").splitlines()
        if line.startswith(".PHONY:")
        for name in line.split()[1:]
    }
    assert listed == phony
    assert {
        "demo",
        "test",
        "regenerate",
        "check-generated",
        "lint-spec",
        "build",
        "readable",
        "docs",
    } <= listed
