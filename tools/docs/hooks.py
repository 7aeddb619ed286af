"""Hooks of the documentation's build: what properdocs does not do with the HTML of a page."""

import html as markup
import re
from pathlib import Path
from typing import Literal

import griffe
from properdocs.config.defaults import ProperDocsConfig
from properdocs.structure.files import Files
from properdocs.structure.pages import Page

from assemble import assemble

CONSOLE = re.compile(
    r'(<div class="highlight")(?=><pre><span></span><code>(<span class="gp">.*?)</code>)', re.DOTALL
)
IMAGE = re.compile(r'<img [^>]*src="([^"]+)"[^>]*>')

_commands_run: list[str] = []


def on_startup(*, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:  # noqa: ARG001 - passed by name
    """Remember whether the site is built or served."""
    _commands_run[:] = [command]


def on_pre_build(config: ProperDocsConfig) -> None:
    """While the site is served, collect the pages again: one of them has changed."""
    if _commands_run == ["serve"]:
        assemble(Path(config.docs_dir))


def on_page_markdown(
    markdown: str,
    page: Page,
    config: ProperDocsConfig,  # noqa: ARG001 - passed by name
    files: Files,  # noqa: ARG001 - passed by name
) -> str:
    """Give the front page its template, and the width of the whole window."""
    if page.is_homepage:
        page.meta = {**page.meta, "template": "home.html", "hide": ["navigation", "toc"]}
    return markdown


def on_page_content(
    html: str,
    page: Page,
    config: ProperDocsConfig,  # noqa: ARG001 - passed by name
    files: Files,  # noqa: ARG001 - passed by name
) -> str:
    """Let a console's copy button copy only the commands, and link images to their full size."""
    html = CONSOLE.sub(lambda block: f'{block[1]} data-copy="{_commands(block[2])}"', html)
    html = IMAGE.sub(r'<a href="\1">\g<0></a>', html)
    if page.is_homepage:
        html = html.replace("<code>llms.txt</code>", '<a href="llms.txt"><code>llms.txt</code></a>')
    return html


def _commands(console: str) -> str:
    """Return the commands of a console, without prompts and output, escaped for an attribute."""
    commands: list[str] = []
    for line in console.splitlines():
        if line.startswith('<span class="gp">') or (commands and commands[-1].endswith("\\")):
            command = re.sub(r'^<span class="gp">.*?</span>|<[^>]+>', "", line)
            commands.append(markup.unescape(command))
    return markup.escape("\n".join(commands))


class Made(griffe.Extension):
    """Shows the class of an attribute, instead of the call that creates its value."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: object) -> None:
        """Replace the value by an annotation. A constant of a module keeps its value."""
        if isinstance(attr.value, griffe.ExprCall) and attr.parent and attr.parent.is_class:
            attr.annotation = attr.annotation or attr.value.function
            attr.value = None
