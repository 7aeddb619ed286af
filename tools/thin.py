"""Count the core's lines of code, without comments, docstrings and blanks, and hold it to its limit.

Prints a line for each module and the sum. Exits 1 when the sum is over the limit.
"""

import sys
from pathlib import Path

from pygount import SourceAnalysis

LIMIT = 700
CORE = Path(__file__).parents[1] / "overlays" / "finerworks"


def main() -> int:
    """Count, print, judge."""
    counts = {path.name: SourceAnalysis.from_file(str(path), "core").code_count for path in sorted(CORE.glob("*.py"))}
    for name, count in counts.items():
        print(f"{count:5}  {name}")
    total = sum(counts.values())
    print(f"{total:5}  of at most {LIMIT} lines of code in the core")
    return int(total > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
