"""The variables of this package, and names that are probably misspelled ones."""

import difflib
import re
import unicodedata
from typing import NamedTuple

__all__ = [
    "ACCOUNT_KEY",
    "APP_KEY",
    "BASE_URL",
    "LOG",
    "PROFILE",
    "VARIABLES",
    "WEB_API_KEY",
    "Resemblance",
    "resemblance",
]

WEB_API_KEY = "FINERWORKS_WEB_API_KEY"
APP_KEY = "FINERWORKS_APP_KEY"
ACCOUNT_KEY = "FINERWORKS_ACCOUNT_KEY"
BASE_URL = "FINERWORKS_BASE_URL"
LOG = "FINERWORKS_LOG"
PROFILE = "FINERWORKS_PROFILE"
"""Selects the keys that `finerworks login` stored. A file cannot set it."""

VARIABLES = (WEB_API_KEY, APP_KEY, ACCOUNT_KEY, BASE_URL, LOG)

PREFIX = "FINERWORKS_"

MISSPELLED = 0.93
"""The similarity, from 0 to 1, of a name that has one or two wrong letters."""

SIMILAR = 0.86
"""The similarity of a possible guess, such as FINERWORKS_URL."""

MARGIN = 0.03
"""How much less similar than the best guess another guess may be."""

MAX_NAME = 200
"""The maximum length of a text that is compared. Comparing longer ones would take time."""


class Resemblance(NamedTuple):
    """The probable meaning of a name."""

    variables: tuple[str, ...]
    """The variables that it resembles, the most similar one first."""
    is_misspelled: bool
    """Whether it is unlikely to be anything else, such as another program's variable."""


def resemblance(text: str) -> Resemblance | None:
    """Return which variables a name resembles. None: it resembles none.

    The name may be in any case, in quotes, with other separators or invisible characters, after
    `$env:` or `set`, without its prefix or with more words, or have a few wrong letters. The exact
    name of a variable resembles it as well.
    """
    similarities: dict[str, float] = dict.fromkeys(VARIABLES, 0.0)
    for spelling in _spellings(text):
        for variable in VARIABLES:
            similarity = _similarity(spelling, variable)
            similarities[variable] = max(similarity, similarities[variable])
    best = max(similarities.values())
    if best < SIMILAR:
        return None
    threshold = max(SIMILAR, best - MARGIN)
    similar = [variable for variable in VARIABLES if similarities[variable] >= threshold]
    similar.sort(key=lambda variable: -similarities[variable])
    return Resemblance(tuple(similar), is_misspelled=best >= MISSPELLED)


def _spellings(text: str) -> set[str]:
    """Return a name, and each of its words, as upper-case letters, digits and underscores."""
    normalized = unicodedata.normalize("NFKC", text[:MAX_NAME]).upper()
    visible = "".join(char for char in normalized if unicodedata.category(char) != "Cf")
    words = re.split(r"[^\w.-]+", visible)
    return {re.sub("[^A-Z0-9]+", "_", part).strip("_") for part in (visible, *words)}


def _similarity(spelling: str, variable: str) -> float:
    """Return how similar a spelling is to a variable, from 0 to 1."""
    rest = variable.removeprefix(PREFIX)
    while spelling.startswith(PREFIX * 2):
        spelling = spelling.removeprefix(PREFIX)
    has_more_words = spelling != variable and f"_{variable}_" in f"_{spelling}_"
    letters = spelling.replace("_", "")
    expected = variable.replace("_", "")
    if variable == LOG:
        # It is so short that other names, such as FINERWORKS_LOGIN, are similar.
        return float(letters == expected)
    if has_more_words or letters == rest.replace("_", ""):
        return SIMILAR
    # Most names have another length. Comparing them would take time.
    if 2 * min(len(letters), len(expected)) < SIMILAR * (len(letters) + len(expected)):
        return 0.0
    return difflib.SequenceMatcher(None, letters, expected, autojunk=False).ratio()
