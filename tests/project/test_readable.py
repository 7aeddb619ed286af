"""tools/readable.py: how dense the code is."""

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "readable.py"

# The four lines of code have 2, 3, 4 and 8 nodes.
CORE_MODULE = '''"""A module."""

import typing

LIMIT = 3
"""An attribute."""


# A comment.
def increase(value: object) -> int:
    """Add one."""

    return typing.cast(int, value) + 1
'''

CONDITIONS = "\n".join(f"    if value == {number}: return {number}" for number in range(9))
OPTIONAL_MODULE = f"def choose(value):\n{CONDITIONS}\nvars(choose)\nlong_name = {'1' * 90}\n"


def print_figures(package: Path) -> list[list[str]]:
    """Return the rows that the tool prints for a package, split into columns."""
    run = subprocess.run(
        [sys.executable, TOOL, package], capture_output=True, text=True, check=True
    )
    return [line.split(maxsplit=6) for line in run.stdout.splitlines() if line]


def test_measures_each_module_and_each_part(tmp_path: Path) -> None:
    """Docstrings, comments and blank lines do not count; casts and complex functions do."""
    (tmp_path / "part").mkdir()
    (tmp_path / "core.py").write_text(CORE_MODULE, "utf-8")
    (tmp_path / "part" / "optional.py").write_text(OPTIONAL_MODULE, "utf-8")

    rows = {row[0]: row[1:] for row in print_figures(tmp_path)}

    assert rows["core.py"] == ["4.2", "4", "0", "(0.0%)", "1", "0  none"]
    assert rows["part/"] == ["5.2", "12", "1", "(8.3%)", "0", "1  choose"]


def test_shows_the_model_code(tmp_path: Path) -> None:
    """An empty package is no error, and the figures to compare with are always there."""
    assert ["model", "code", "3.6", "8,037", "48", "(0.6%)", "52     -  -"] in print_figures(
        tmp_path
    )
