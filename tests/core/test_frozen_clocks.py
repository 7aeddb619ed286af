"""Listings end under a frozen or wrong clock: `tests/support/frozen_clocks.py`, in a process of its own."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests" / "support" / "frozen_clocks.py"


def test_listings_end_under_a_frozen_or_wrong_clock() -> None:
    """Listings end under a frozen or wrong clock, in a process of their own.

    A clock is frozen for every thread of a process. The server of other tests runs in a thread, and
    would wait forever for a time of the wrong clock.
    """
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--no-cov", str(TESTS)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert re.search(r"\b22 passed\b", run.stdout)
