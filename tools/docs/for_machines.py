"""Add to the built site what language models read: llms.txt, and the Markdown of each page.

Pages of the reference have no Markdown, as they are generated from docstrings.
"""

import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import yaml

from assemble import PLACE, ROOT, VIEWER_SCRIPTS, with_links

Navigation = list[dict[str, "str | Navigation"]]
"""As in properdocs.yml: a page has a path, a section has a navigation of its own."""


class Page(NamedTuple):
    """A page of the navigation."""

    title: str
    path: str
    section: str
    """The title of its section. Empty at the top."""


def main(source: Path, site: Path) -> None:
    """Write the files for a site that was built from a source folder."""
    settings = yaml.safe_load((ROOT / "properdocs.yml").read_text("utf-8"))
    pages = list(_pages(settings["nav"], ""))
    texts = {page.path: (source / page.path).read_text("utf-8") for page in pages}
    reference = {
        path: path.removesuffix(".md") + "/index.html"
        for path, text in texts.items()
        if re.search("^::: ", text, re.MULTILINE)
    }

    lines = [f"# {settings['site_name']}", "", f"> {settings['site_description']}", ""]
    for section, members in groupby(pages, key=lambda page: page.section):
        if section:
            lines += ["", f"## {section}", ""]
        for page in members:
            url = reference.get(page.path, page.path)
            lines.append(f"- [{page.title}]({url}): {_first_sentence(texts[page.path])}")
    (site / "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

    contract = f"```yaml\n{(ROOT / 'openapi.yaml').read_text('utf-8')}```"
    for path in texts.keys() - reference.keys():
        text = texts[path].replace(PLACE + VIEWER_SCRIPTS, contract)
        (site / path).write_text(with_links(text, path, path, reference), encoding="utf-8")


def _pages(navigation: Navigation, section: str) -> Iterator[Page]:
    """Yield the pages of a navigation, in their order."""
    for item in navigation:
        for title, content in item.items():
            if isinstance(content, str):
                yield Page(title, content, section)
            else:
                yield from _pages(content, title)


def _first_sentence(markdown: str) -> str:
    """Return the first sentence of a page as plain text."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", markdown)]
    first = next((part for part in paragraphs if re.match(r"[\w`*\[]", part)), "")
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", first).replace("`", "").replace("*", "")
    return re.split(r"(?<=[.:]) ", plain, maxsplit=1)[0].rstrip(":.") + "."


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
