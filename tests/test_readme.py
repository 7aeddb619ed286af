"""The README: every sample runs, and what it says the commands print is what they print."""

import subprocess
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from finerworks.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def samples() -> list[Example]:
    """Give the Python samples of the README, in order."""
    return list(Sybil([PythonCodeBlockParser()]).parse(ROOT / "README.md").examples())


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: f"line-{sample.line}")
def test_a_sample_runs(sample: Example, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each Python sample runs as it stands, with the keys in the environment."""
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    sample.namespace.clear()
    sample.evaluate()


def test_there_are_samples() -> None:
    """The samples are found: none of them is skipped by a slip in the markup."""
    assert len(samples()) == README.count("```python\n") >= 6


def test_shows_what_the_demo_prints() -> None:
    """The first and last lines that the README shows of `make demo` are what it prints."""
    run = subprocess.run(
        ["make", "-s", "-C", str(ROOT), "demo"], capture_output=True, text=True, check=True, timeout=120
    )
    lines = [line.rstrip() for line in run.stdout.splitlines() if line.strip()]
    shown = README.split("$ make demo\n")[1].split("```")[0].splitlines()
    shown = [line.rstrip() for line in shown if line.strip()]
    gap = shown.index("...")
    assert lines[:gap] == shown[:gap]
    assert lines[gap - len(shown) + 1 :] == shown[gap + 1 :]


def test_lists_every_target() -> None:
    """`make help` has a line for each target that is meant to be called."""
    run = subprocess.run(["make", "-s", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True)
    listed = {line.split()[1] for line in run.stdout.splitlines()}
    phony = {
        name
        for line in (ROOT / "Makefile").read_text("utf-8").splitlines()
        if line.startswith(".PHONY:")
        for name in line.split()[1:]
    }
    assert listed == phony
    assert {"demo", "test", "regenerate", "check-generated", "lint-spec", "build", "thin"} <= listed
