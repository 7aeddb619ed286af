"""Count the core's lines of code, without comments, docstrings and blanks, and hold it to its limit.

Prints a line for each module and the sum. Exits 1 when the sum is over the limit.
"""

import json
import subprocess
import sys
from pathlib import Path

LIMIT = 1065
CORE = Path(__file__).parents[1] / "overlays" / "finerworks"


def binds_another_endpoint(module: Path) -> bool:
    """Say whether a module is one of those beside invoices.py: listing invoices does not need them."""
    return module.name != "invoices.py" and "from finerworks_client.api" in module.read_text(
        encoding="utf-8"
    )


def main() -> int:
    """Count, print, judge."""
    modules = [str(path) for path in sorted(CORE.glob("*.py")) if not binds_another_endpoint(path)]
    command = [str(Path(sys.executable).with_name("pygount")), "--format", "json", *modules]
    counted = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    for module in counted["files"]:
        print(f"{module['codeCount']:5}  {Path(module['path']).name}")
    total: int = counted["summary"]["totalCodeCount"]
    print(f"{total:5}  of at most {LIMIT} lines of code in the core")
    return int(total > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
