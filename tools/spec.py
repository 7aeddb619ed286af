"""What is to be known of openapi.yaml before it is published: `make spec` and `make spec-diff` call this.

spec.py same dist/openapi.json     is the bundled JSON the contract, value for value?
spec.py diff [--base REV]          does the contract break clients of an earlier one, and does its version say so?
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

OASDIFF_LEVELS = ROOT / "tools" / "oasdiff-levels.txt"
"""What breaks generated clients though the wire stays as it is: the names of functions, classes and modules,
and the types of fields.
"""

LEVELS = {
    0: "nothing has changed for clients",
    1: "adds to it",
    2: "may break clients",
    3: "breaks clients",
}
"""oasdiff's levels of a change."""

TAGS = "contract-*"
"""The tags of published contracts, such as contract-1.0.0."""


class Version(NamedTuple):
    """A contract's version: major, minor, patch."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return ".".join(map(str, self))


def read(contract: str) -> dict[str, Any]:
    """Read a contract. What is none ends the program, with a reason."""
    try:
        data = yaml.safe_load(contract)
        told, _ = str(data["info"]["version"]), data["servers"][0]["url"]
    except (yaml.YAMLError, LookupError, TypeError) as error:
        raise SystemExit(
            f"spec-diff: {NAME} is no contract with a version and a server: {error}"
        ) from None
    if not re.fullmatch(r"\d+\.\d+\.\d+", told):
        raise SystemExit(f"spec-diff: {NAME} has info.version {told}, not one of the form 1.2.3")
    return cast("dict[str, Any]", data)


def version(contract: str) -> Version:
    """Give the `info.version` of a contract."""
    return Version(*map(int, read(contract)["info"]["version"].split(".")))


def is_told(level: int, before: Version, now: Version) -> bool:
    """Say whether a version tells of changes of this level: major if clients may break, minor if something is added."""
    if level >= 2:
        return now.major > before.major
    return now[:2] > before[:2] if level else now >= before


def git(*arguments: str) -> str:
    """Run git in the project; give what it prints, or nothing if it fails."""
    ran = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    return ran.stdout if ran.returncode == 0 else ""


def last_published(now: Version) -> str:
    """Name the revision to compare with: the newest tag, or where there is none, the last contract of another version.

    If there was never another version, it is the first one of this version.
    """
    if tag := git("describe", "--tags", "--abbrev=0", f"--match={TAGS}").strip():
        return tag
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        raise SystemExit(
            "spec-diff: this clone has no earlier contract: git fetch --unshallow --tags, or give BASE="
        )
    revisions = git("log", "--format=%H", "--", NAME).split()
    for revision in revisions:
        if version(git("show", f"{revision}:{NAME}")) != now:
            return revision
    return revisions[-1] if revisions else ""


def changes_between(earlier: str, contract: str) -> list[dict[str, Any]]:
    """Give what has changed for clients, each with its level and in words."""
    with TemporaryDirectory() as folder:
        old, new = Path(folder) / "old.yaml", Path(folder) / "new.yaml"
        old.write_text(earlier, encoding="utf-8")
        new.write_text(contract, encoding="utf-8")
        command = [
            OASDIFF,
            "changelog",
            old,
            new,
            "--format=json",
            "--severity-levels",
            OASDIFF_LEVELS,
        ]
        told = subprocess.run(
            [*map(str, command)], capture_output=True, encoding="utf-8", check=False
        )
    if told.returncode:
        raise SystemExit(f"spec-diff: {told.stderr.strip()}")
    changes = cast("list[dict[str, Any]]", json.loads(told.stdout or "null") or [])
    # What oasdiff says of the version is said by the caller.
    changes = [change for change in changes if not re.match("api-(major-)?version-", change["id"])]
    before, now = (read(each)["servers"][0]["url"] for each in (earlier, contract))
    if before != now:
        changes.append(
            {"level": 3, "text": f"a client's default server is {now}, and was {before}"}
        )
    return changes


def diff(base: str | None) -> int:
    """Show what changed since a revision, and whether the version tells of it."""
    contract = CONTRACT.read_text(encoding="utf-8")
    now = version(contract)
    base = base or last_published(now)
    earlier = git("show", f"{base}:{NAME}")
    if not earlier:
        print(
            f"spec-diff: there is no {NAME} at {base or 'any revision'}: name one with BASE=",
            file=sys.stderr,
        )
        return 2
    before, changes = version(earlier), changes_between(earlier, contract)
    for change in sorted(changes, key=lambda each: -each["level"]):
        where = f"{change['operation']} {change['path']}: " if "path" in change else ""
        print(f"{LEVELS[change['level']]}: {where}{change['text']}")
    level = max((change["level"] for change in changes), default=0)
    shown = base[:12] if re.fullmatch("[0-9a-f]{40}", base) else base
    print(f"{NAME} {now}, compared with {before} at {shown}: {LEVELS[level]}")
    if is_told(level, before, now):
        return 0
    needed = "major" if level >= 2 else "minor" if level else "later"
    print(
        f"spec-diff: info.version does not tell of it: that takes a {needed} version above {before}",
        file=sys.stderr,
    )
    return 1


def same(bundled: Path) -> int:
    """Say whether bundled JSON has the contract's values, no more and no fewer. The order of names means nothing."""
    values = [
        yaml.safe_load(CONTRACT.read_text(encoding="utf-8")),
        json.loads(bundled.read_text(encoding="utf-8")),
    ]
    ours, theirs = (
        json.dumps(each, sort_keys=True) for each in values
    )  # 1 is not true, as == would have it
    if ours != theirs:
        print(f"spec: {bundled} does not have the values of {NAME}", file=sys.stderr)
        return 1
    print(f"{bundled} is {NAME}, value for value")
    return 0


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("same").add_argument("bundled", type=Path)
    commands.add_parser("diff").add_argument(
        "--base", help="a revision; the last published contract, without"
    )
    asked = parser.parse_args()
    return same(asked.bundled) if asked.command == "same" else diff(asked.base)


if __name__ == "__main__":
    sys.exit(main())
