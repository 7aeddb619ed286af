"""Texts that are hard to write to a file, and how a workbook writes them."""

import re

from hypothesis import HealthCheck, strategies as st

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
"""The namespace of the sheets of a workbook."""

RICH = ["<r>A & B</r>", "<r><t>x</t></r>", "<r></r>", "<r>\n</r>", "<r><t>A</t></r><r>B</r>"]
"""Texts that XlsxWriter takes for XML."""

CODES = ["_x0041_x0042_", "_x0041\r", "_x005F_x0041_", "_xfffe\x01", "a_x000D_x000D_b"]
"""Texts that XlsxWriter does not write so that they can be read back."""

TOKENS = [
    *["<r>", "</r>", "<t>", "&", "<", "]]>", '"', "'", "&#0;", "&amp;"],
    *["_", "_x", "x0041_", "_x0041_", "_x000D_", "_x005F_", "_X0041_", "_xD800_", "0041"],
    *["=", "{=1}", "+", "-1", "@", "http://a", "mailto:a", "internal:A1", "external:a"],
    *[" ", "\t", "\n", "\r", "\r\n", "\0", "\x01", "\x0b", "\x1f", "\x7f", "\x85", "\xa0"],
    *["\u2028", "\ufeff", "\ufdd0", "\ufffe", "\uffff", "\U0001fffe", "a", "木", "🖼", "1e5"],
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.sampled_from(TOKENS), max_size=8).map("".join),
)
ONE_FOLDER = [HealthCheck.function_scoped_fixture]
"""Examples may share a folder: each one replaces the file of the one before."""


def decode(text: str) -> str:
    """Return a text of a workbook without its codes for characters (ECMA-376, ST_Xstring)."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda code: chr(int(code[1], 16)), text)
