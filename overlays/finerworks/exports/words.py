"""How things are said to people: the server's text made harmless, and numbers of things."""

import unicodedata

__all__ = ["counted", "visible"]

# What Unicode has no picture of, or only one that moves others: controls, marks of direction, halves of pairs.
_UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


def visible(text: str) -> str:
    """Show what cannot be seen, or turns the text around it, by its number: ``<U+202E>``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"<U+{ord(each):04X}>" if unicodedata.category(each) in _UNSEEN else each for each in text
    )


def counted(number: int, noun: str) -> str:
    """Write a number of things: ``1 invoice``, ``1,000 invoices``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
