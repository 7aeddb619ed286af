"""tools/spec.py: checks of the contract's version number and of the bundled contract."""

import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONTRACT = (ROOT / "openapi.yaml").read_text("utf-8")
SPEC = runpy.run_path(str(ROOT / "tools" / "spec.py"))


def of_version(version: str) -> str:
    """Give the contract as it would be under another version."""
    return re.sub("^  version: .*$", f"  version: {version}", CONTRACT, flags=re.MULTILINE)


NOTHING, ADDED, PERHAPS_BROKEN, BROKEN = range(4)


@pytest.mark.parametrize(
    ("changes", "before", "now", "told"),
    [
        (NOTHING, "1.0.0", "1.0.0", True),
        (NOTHING, "1.0.0", "1.0.1", True),
        (NOTHING, "1.0.1", "1.0.0", False),
        (ADDED, "1.0.0", "1.0.1", False),
        (ADDED, "1.0.0", "1.1.0", True),
        (ADDED, "1.9.0", "1.10.0", True),
        (ADDED, "1.1.0", "2.0.0", True),
        (ADDED, "2.0.0", "1.1.0", False),
        (PERHAPS_BROKEN, "1.0.0", "1.1.0", False),
        (BROKEN, "1.0.0", "1.1.0", False),
        (BROKEN, "1.9.9", "2.0.0", True),
        (BROKEN, "2.0.0", "2.0.0", False),
    ],
)
def test_a_version_tells_of_a_change(changes: int, before: str, now: str, told: bool) -> None:
    """Major where clients may break, minor where something is added, and never an earlier one."""
    version = cast("Callable[[str], Any]", SPEC["version"])
    is_sufficient = cast("Callable[[int, Any, Any], bool]", SPEC["is_version_sufficient"])
    assert is_sufficient(changes, *(version(of_version(each)) for each in (before, now))) is told


@pytest.mark.parametrize(
    ("extra", "status"), [({}, 0), ({"x-more": True}, 1), ({"openapi": "3.0.2"}, 1)]
)
def test_a_bundle_has_the_values_of_the_contract(
    tmp_path: Path, extra: dict[str, object], status: int
) -> None:
    """One value that differs, or is one too many, is found."""
    bundle = tmp_path / "openapi.json"
    bundle.write_text(json.dumps(yaml.safe_load(CONTRACT) | extra), "utf-8")
    command = [sys.executable, str(ROOT / "tools" / "spec.py"), "same", str(bundle)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == status


@pytest.mark.parametrize(
    "contract", ["", "a: [", "info: {version: 1.0.0}", "openapi: 3.0.3", of_version("1.0")]
)
def test_what_is_no_contract_is_refused_in_words(contract: str) -> None:
    """One line says what is wrong, in place of a traceback."""
    with pytest.raises(
        SystemExit, match=r"^spec-diff: openapi\.yaml (is not a contract|has info\.version 1\.0)"
    ):
        SPEC["version"](contract)
