"""Suggestions for an option or a command that does not exist."""

import difflib
from collections.abc import Iterable, Sequence

__all__ = ["suggest_command", "suggest_option"]

SYNONYMS = {
    "--account": "--account-key",
    "--date": "--as-of",
    "--end": "--until",
    "--env": "--env-file",
    "--file": "--output",
    "--force": "--overwrite",
    "--from": "--since",
    "--max": "--limit",
    "--no-colour": "--no-color",
    "--out": "--output",
    "--seller": "--account-key",
    "--silent": "--quiet",
    "--start": "--since",
    "--to": "--until",
}
"""The names of our options in other commands."""

SIMILAR = 0.7
"""The similarity, from 0 to 1, of a name with one or two wrong letters."""

MAX_NAME = 100
"""The maximum length of a name that is compared. Comparing longer ones would take time."""


def suggest_option(name: str, known: Iterable[str]) -> str | None:
    """Return the option that a name probably means. None: it is not clear."""
    options = [option for option in known if option.startswith("--")]
    if SYNONYMS.get(name) in options:
        return SYNONYMS[name]
    completed = [option for option in options if option.startswith(name)]
    if len(completed) == 1 and len(name) > len("--x"):
        return completed[0]
    letters = {option: _letters(option) for option in options}
    found = difflib.get_close_matches(
        _letters(name[:MAX_NAME]), list(letters.values()), n=1, cutoff=SIMILAR
    )
    for option, spelling in letters.items():
        if found == [spelling]:
            return option
    return None


def _letters(option: str) -> str:
    """Return the name of an option without dashes and underscores, in lower case."""
    return option.replace("-", "").replace("_", "").lower()


def suggest_command(arguments: Sequence[str], groups: Iterable[tuple[str, str]]) -> str | None:
    """Return the command that was probably meant, if its group is missing.

    Args:
        arguments: The command line, such as ``["list", "--limit", "3"]``.
        groups: The commands of groups, such as ``("invoices", "list")``.
    """
    for group, command in groups:
        if arguments[:1] == [command]:
            return f"{group} {command}"
    return None
