"""What is to be known of openapi.yaml before it is published: `make spec` and `make spec-diff` call this.

spec.py same dist/openapi.json     is the bundled JSON the contract, value for value?
spec.py diff [--base REV]          does the contract break clients of an earlier one, and say so by its version?
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, cast

import yaml

ROOT = Path(__file__).parents[1]
NAME = "openapi.yaml"
CONTRACT = ROOT / NAME
OASDIFF = ROOT / ".tools" / "oasdiff"

TAGS = "contract-*"
"""The tags of published contracts, such as contract-1.0.0."""

LEVELS = {0: "nothing has changed for clients", 1: "adds to it", 2: "may break clients", 3: "breaks clients"}
"""oasdiff's levels of a change."""


class Version(NamedTuple):
    """A contract's version: major, minor, patch."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return ".".join(map(str, self))


def version(contract: str) -> Version:
    """Give the `info.version` of a contract."""
    told = str(cast("dict[str, dict[str, object]]", yaml.safe_load(contract))["info"]["version"])
    if not (parts := re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", told)):
        raise SystemExit(f"{NAME}: info.version is {told}, not of the form 1.2.3")
    return Version(*map(int, parts.groups()))


def is_told(changes: int, before: Version, now: Version) -> bool:
    """Say whether a version tells of changes of this level: major if clients may break, minor if something is added."""
    if changes >= 2:
        return now.major > before.major
    return now[:2] > before[:2] if changes else now >= before


def git(*arguments: str) -> str:
    """Run git in the project; give what it prints, or nothing if it fails."""
    ran = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)  # noqa: S607
    return ran.stdout if ran.returncode == 0 else ""


def last_published(now: Version) -> str:
    """Name the revision to compare with: the newest tag, or where there is none, the last contract of another version.

    If there was never another version, it is the first one of this version.
    """
    if tag := git("describe", "--tags", "--abbrev=0", f"--match={TAGS}").strip():
        return tag
    revisions = git("log", "--format=%H", "--", NAME).split()
    for revision in revisions:
        if version(git("show", f"{revision}:{NAME}")) != now:
            return revision
    return revisions[-1] if revisions else ""


def diff(base: str | None) -> int:
    """Show what changed since a revision, and whether the version tells of it."""
    text = CONTRACT.read_text(encoding="utf-8")
    now = version(text)
    base = base or last_published(now)
    earlier = git("show", f"{base}:{NAME}")
    if not earlier:
        print(f"spec-diff: there is no {NAME} at {base or 'any revision'}: name one with BASE=", file=sys.stderr)
        return 2
    before = version(earlier)
    with TemporaryDirectory() as folder:
        old = Path(folder) / NAME
        old.write_text(earlier, encoding="utf-8")
        told = subprocess.run(
            [OASDIFF, "changelog", old, CONTRACT, "--format", "json"], capture_output=True, check=True
        )
    changes = cast("list[dict[str, Any]]", json.loads(told.stdout or b"null") or [])
    for change in sorted(changes, key=lambda each: -each["level"]):
        where = f"{change['operation']} {change['path']}: " if "path" in change else ""
        print(f"{LEVELS[change['level']]}: {where}{change['text']}")
    level = max((change["level"] for change in changes), default=0)
    print(f"{NAME} {now}, compared with {before} at {base[:12]}: {LEVELS[level]}")
    if is_told(level, before, now):
        return 0
    needed = "major" if level >= 2 else "minor" if level else "later"
    print(f"spec-diff: info.version does not tell of it: that takes a {needed} version above {before}", file=sys.stderr)
    return 1


def same(bundled: Path) -> int:
    """Say whether bundled JSON has the contract's values, no more and no fewer. The order of names means nothing."""
    values = [yaml.safe_load(CONTRACT.read_text(encoding="utf-8")), json.loads(bundled.read_text(encoding="utf-8"))]
    ours, theirs = (json.dumps(each, sort_keys=True) for each in values)  # 1 is not true, as == would have it
    if ours != theirs:
        print(f"spec: {bundled} does not have the values of {NAME}", file=sys.stderr)
        return 1
    print(f"{bundled} is {NAME}, value for value")
    return 0


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("same").add_argument("bundled", type=Path)
    commands.add_parser("diff").add_argument("--base", help="a revision; the last published contract, without")
    asked = parser.parse_args()
    return same(asked.bundled) if asked.command == "same" else diff(asked.base)


if __name__ == "__main__":
    sys.exit(main())
