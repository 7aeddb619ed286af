"""tools/spec.py: whether a contract's version tells of what has changed, and whether the bundle is the contract."""

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SPEC = runpy.run_path(str(ROOT / "tools" / "spec.py"))

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
    is_told = cast("Callable[[int, Any, Any], bool]", SPEC["is_told"])
    assert is_told(changes, *(version(f"info: {{version: {each}}}") for each in (before, now))) is told


@pytest.mark.parametrize(("version", "status"), [("1.0.0", 0), ("1.0.1", 1)])
def test_a_bundle_has_the_values_of_the_contract(tmp_path: Path, version: str, status: int) -> None:
    """One value that differs is found."""
    bundle, contract = tmp_path / "openapi.json", yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))
    bundle.write_text(json.dumps(contract).replace("1.0.0", version), "utf-8")
    command = [sys.executable, str(ROOT / "tools" / "spec.py"), "same", str(bundle)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == status
