"""Text for people: the server's text without invisible characters, and counts with nouns."""

import unicodedata
from collections.abc import Sequence

__all__ = ["counted", "joined", "visible"]

# Categories of characters that have no glyph or that affect others: controls, direction marks,
# private and unassigned characters, surrogates, line and paragraph separators.
_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


def visible(text: str) -> str:
    """Return text with each invisible character replaced by its number, such as ``<U+202E>``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"<U+{ord(character):04X}>"
        if unicodedata.category(character) in _INVISIBLE_CATEGORIES
        else character
        for character in text
    )


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 invoice``, ``1,000 invoices``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def joined(texts: Sequence[str], conjunction: str = "and") -> str:
    """Return texts as a list in a sentence, such as ``a, b and c``."""
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} {conjunction} {texts[-1]}"
