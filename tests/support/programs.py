"""Programs of the machine that tests use, and that no package brings."""

import os
import shutil

import pytest


def needed_program(*names: str, advice: str) -> str:
    """Return the path of the first of these programs that is installed.

    Without any, the test is skipped; in CI, where nobody reads what was skipped, it fails.
    """
    for name in names:
        if name and (path := shutil.which(name)):
            return path
    if os.environ.get("CI"):
        pytest.fail(advice)
    pytest.skip(advice)
