"""Programs of the machine that tests use, and that no package brings."""

import os
import shutil
from typing import NoReturn

import pytest


def needed_program(*names: str, advice: str) -> str:
    """Return the path of the first of these programs that is installed.

    Without any, the test is skipped; in CI, where nobody reads what was skipped, it fails.
    """
    paths = (shutil.which(name) for name in names if name)
    found = next((path for path in paths if path), None)
    if found is None:
        skip_outside_ci(advice)
    return found


def skip_outside_ci(advice: str) -> NoReturn:
    """Skip a test that cannot run on this machine. In CI, it fails."""
    if os.environ.get("CI"):
        pytest.fail(advice)
    pytest.skip(advice)
