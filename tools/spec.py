"""Check openapi.yaml before it is published: `make spec` and `make spec-diff` run this.

spec.py same dist/openapi.json     does the bundled JSON have the same values as the contract?
spec.py diff [--base REV]          what changed for clients, and does the version number reflect it?
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
"""Changes that break generated clients, though requests and responses are unchanged.

They affect the names of functions, classes and modules, and the types of fields.
"""

LEVELS = {
    0: "no change for clients",
    1: "adds to the contract",
    2: "may break clients",
    3: "breaks clients",
}
"""The levels of changes in oasdiff."""

NEEDED_VERSIONS = {0: "patch", 1: "minor", 2: "major", 3: "major"}
"""The part of the version number that a change of a level must raise."""

TAGS = "contract-*"
"""The tags of published contracts, such as contract-1.0.0."""


class Version(NamedTuple):
    """The version of a contract."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return ".".join(map(str, self))


def read(contract: str) -> dict[str, Any]:
    """Return the parsed contract, or exit with a message if it has no version or no server."""
    try:
        data = yaml.safe_load(contract)
        version = str(data["info"]["version"])
        _ = data["servers"][0]["url"]
    except (yaml.YAMLError, LookupError, TypeError) as error:
        raise SystemExit(
            f"spec-diff: {NAME} is not a contract with a version and a server: {error}"
        ) from None
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise SystemExit(
            f"spec-diff: {NAME} has info.version {version}, which must be of the form 1.2.3"
        )
    return cast("dict[str, Any]", data)


def version(contract: str) -> Version:
    """Return the `info.version` of a contract."""
    major, minor, patch = read(contract)["info"]["version"].split(".")
    return Version(int(major), int(minor), int(patch))


def is_version_sufficient(level: int, before: Version, now: Version) -> bool:
    """Return whether a version number reflects changes of a level.

    Changes that may break clients need a higher major version, and additions a higher minor one.
    """
    if level >= 2:
        return now.major > before.major
    if level == 1:
        return now[:2] > before[:2]
    return now >= before


def git(*arguments: str) -> str:
    """Run git in the project. Return its output, or an empty text if it fails."""
    ran = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    return ran.stdout if ran.returncode == 0 else ""


def last_published(now: Version) -> str:
    """Return the revision to compare with.

    It is the newest tag of a contract. Without a tag, it is the last revision with another version,
    and without another version, the first revision.
    """
    tag = git("describe", "--tags", "--abbrev=0", f"--match={TAGS}").strip()
    if tag:
        return tag
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        raise SystemExit(
            "spec-diff: this clone is shallow: run git fetch --unshallow --tags, or set BASE="
        )
    revisions = git("log", "--format=%H", "--", NAME).split()
    for revision in revisions:
        if version(git("show", f"{revision}:{NAME}")) != now:
            return revision
    return revisions[-1] if revisions else ""


def changes_between(earlier: str, contract: str) -> list[dict[str, Any]]:
    """Return the changes for clients, with their levels and texts."""
    with TemporaryDirectory() as folder:
        old = Path(folder) / "old.yaml"
        new = Path(folder) / "new.yaml"
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
        run = subprocess.run(
            [str(part) for part in command], capture_output=True, encoding="utf-8", check=False
        )
    if run.returncode:
        raise SystemExit(f"spec-diff: {run.stderr.strip()}")
    changes = cast("list[dict[str, Any]]", json.loads(run.stdout or "null") or [])
    # The caller checks the version.
    changes = [change for change in changes if not re.match("api-(major-)?version-", change["id"])]
    before: str = read(earlier)["servers"][0]["url"]
    now: str = read(contract)["servers"][0]["url"]
    if before != now:
        changes.append(
            {"level": 3, "text": f"the default server of clients changes from {before} to {now}"}
        )
    return changes


def diff(base: str | None) -> int:
    """Print the changes since a revision, and whether the version reflects them."""
    contract = CONTRACT.read_text(encoding="utf-8")
    now = version(contract)
    base = base or last_published(now)
    earlier = git("show", f"{base}:{NAME}")
    if not earlier:
        print(
            f"spec-diff: there is no {NAME} at {base or 'any revision'}: set another with BASE=",
            file=sys.stderr,
        )
        return 2
    before = version(earlier)
    changes = changes_between(earlier, contract)
    for change in sorted(changes, key=lambda change: -change["level"]):
        where = f"{change['operation']} {change['path']}: " if "path" in change else ""
        print(f"{LEVELS[change['level']]}: {where}{change['text']}")
    level = max((change["level"] for change in changes), default=0)
    short_base = base[:12] if re.fullmatch("[0-9a-f]{40}", base) else base
    print(f"{NAME} {now}, compared with {before} at {short_base}: {LEVELS[level]}")
    if is_version_sufficient(level, before, now):
        return 0
    print(
        f"spec-diff: info.version must be a higher {NEEDED_VERSIONS[level]} version than {before}",
        file=sys.stderr,
    )
    return 1


def same(bundled: Path) -> int:
    """Print whether bundled JSON has the same values as the contract, in any order of names."""
    ours = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    theirs = json.loads(bundled.read_text(encoding="utf-8"))
    # Compared as text, as 1 == True in Python.
    if json.dumps(ours, sort_keys=True) != json.dumps(theirs, sort_keys=True):
        print(f"spec: {bundled} does not have the same values as {NAME}", file=sys.stderr)
        return 1
    print(f"{bundled} has the same values as {NAME}")
    return 0


def main() -> int:
    """Run the command line, and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("same").add_argument("bundled", type=Path)
    commands.add_parser("diff").add_argument(
        "--base", help="a revision; default: the last published contract"
    )
    options = parser.parse_args()
    if options.command == "same":
        return same(options.bundled)
    return diff(options.base)


if __name__ == "__main__":
    sys.exit(main())
