"""CONTRIBUTING: every module is in its map, and every name that it sends a reader to exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "overlays" / "finerworks"
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def section(title: str) -> str:
    """Return the text below a heading."""
    return TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table below a heading, row by row."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_map_has_every_module_of_the_core() -> None:
    """A module without an entry could not be found."""
    described = {row[0].strip("`") for row in rows("The core, module by module")}
    assert described == {path.name for path in PACKAGE.glob("[!_]*.py")}


@pytest.mark.parametrize("row", rows("Where to change what"), ids=lambda row: row[0])
def test_what_to_change_is_where_it_says(row: list[str]) -> None:
    """Each name in the second column is defined in the module before it, and the tests exist."""
    module = ""
    for name in re.findall(r"`([^`]+)`", row[1]):
        if name.endswith(".py"):
            module = (PACKAGE / name).read_text("utf-8")
            continue
        simple = name.removesuffix("()").rpartition(".")[2]
        defined = rf"^ *(?:async )?(?:def|class) {simple}\b|\b{simple}\b(?:: [^=]+)? = "
        assert re.search(defined, module, re.MULTILINE), name
    tests = re.findall(r"`([^`]+)`", row[2])
    assert tests
    assert all((ROOT / name).is_file() for name in tests)
