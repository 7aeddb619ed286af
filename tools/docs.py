"""Hooks of the documentation's build: pages from outside docs/, the contract as a page, and a map for machines."""

import html as markup
import importlib.resources
import json
import posixpath
import re
from pathlib import Path
from typing import cast

import griffe
import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]

PAGES = {
    "README.md": "index.md",  # whose place the site's own first page takes
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
    "examples/README.md": "examples.md",
    "languages/README.md": "languages.md",
}
"""What is taken in as a page of the site, by its path in the repository."""

LINK = re.compile(r"(?<=\]\()[^)\s#:]+(?=[)#])")
SHOWN = {".png", ".svg", ".yaml"}
"""What a browser shows as it is, or a reader saves; anything else is a program, to be read as text."""

CONSOLE = re.compile(
    r'(<div class="highlight")(?=><pre><span></span><code>(<span class="gp">.*?)</code>)', re.DOTALL
)
IMAGE = re.compile(r'<img [^>]*src="([^"]+)"[^>]*>')

PLACE = '<div id="contract"></div>'
"""Where the contract goes on its page."""

SWAGGER_UI = ("swagger-ui.css", "swagger-ui-bundle.js")
SWAGGER_UI_FOLDER = next(
    Path(str(importlib.resources.files("swagger_ui_bundle"))).glob("vendor/swagger-ui-*")
)

# In a tree of its own, so that the theme's styles and the viewer's leave each other alone.
VIEWER = """
const viewer = document.getElementById("contract").attachShadow({mode: "open"});
viewer.innerHTML = '<link rel="stylesheet" href="%(style)s"><link rel="stylesheet" href="../contract.css"><div></div>';
SwaggerUIBundle({
    spec: %(contract)s, domNode: viewer.lastElementChild, supportedSubmitMethods: [], validatorUrl: null,
    docExpansion: "full", defaultModelExpandDepth: 2, defaultModelsExpandDepth: 2,
});
"""

_homes: dict[str, str] = {}
"""Where in the site a file of the repository is."""
_navigation: list[Navigation] = []


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take in the pages, and whatever file a page links to; a link to nothing is left for MkDocs to tell of."""
    _homes.clear()
    _homes.update(
        {
            f"docs/{each.src_uri}": each.src_uri
            for each in files
            if Path(config.docs_dir, each.src_uri).exists()
        }
    )
    for source, home in PAGES.items():
        _homes[source] = home
        if source != "README.md":
            files.append(_taken(config, home, ROOT / source))
    for name in SWAGGER_UI:
        files.append(_taken(config, f"assets/swagger-ui/{name}", SWAGGER_UI_FOLDER / name))
    for page in list(files.documentation_pages()):
        for link in LINK.findall(page.content_string):
            target = _target(_source(page.src_uri), link)
            if target not in _homes and (ROOT / target).is_file():
                text = Path(target).suffix not in SHOWN
                _homes[target] = f"files/{target}{'.txt' if text else ''}"
                files.append(_taken(config, _homes[target], ROOT / target))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - by name
    """Turn the links, which hold in the repository, into links that hold in the site."""
    return _turned(markdown, _source(page.file.src_uri), page.file.src_uri, _homes)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - by name
    """Say what is copied of a console, link pictures to their full size, and show the contract by Swagger UI."""
    html = CONSOLE.sub(lambda block: f'{block[1]} data-copy="{_commands(block[2])}"', html)
    html = IMAGE.sub(r'<a href="\1">\g<0></a>', html)
    if page.is_homepage:
        html = html.replace("<code>llms.txt</code>", '<a href="llms.txt"><code>llms.txt</code></a>')
    if page.file.src_uri != "contract.md":
        return html
    contract = json.dumps(yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))).replace(
        "</", r"<\/"
    )
    style, script = (f"../assets/swagger-ui/{name}" for name in SWAGGER_UI)
    return f'{html}<script src="{script}"></script><script>{VIEWER % {"style": style, "contract": contract}}</script>'


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:  # noqa: ARG001 - by name
    """Keep the navigation until the site is there."""
    _navigation[:] = [nav]
    return nav


def on_post_build(config: MkDocsConfig) -> None:
    """Write llms.txt from the navigation, and each page's Markdown beside it; the reference has HTML alone."""
    lines = [f"# {config.site_name}", "", f"> {config.site_description}", ""]
    contract = f"```yaml\n{(ROOT / 'openapi.yaml').read_text('utf-8')}```"
    written: dict[str, str] = {}
    html_alone: dict[str, str] = {}
    # MkDocs leaves the types of a list's items, and of a title, open.
    for item in cast("list[Section | Page]", _navigation[0].items):  # pyright: ignore[reportUnknownMemberType]
        if isinstance(item, Section):
            lines += ["", f"## {item.title}", ""]
        for page in cast("list[Page]", item.children if isinstance(item, Section) else [item]):
            text = page.markdown or ""
            url = page.file.src_uri
            if re.search("^::: ", text, re.MULTILINE):
                html_alone[url] = url = page.file.dest_uri
            else:
                written[url] = text.replace(PLACE, contract)
            title = cast("str", page.title)  # pyright: ignore[reportUnknownMemberType]
            lines.append(f"- [{title}]({url}): {_gist(text)}")
    Path(config.site_dir, "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for home, text in written.items():
        Path(config.site_dir, home).write_text(
            _turned(text, home, home, html_alone), encoding="utf-8"
        )


class Made(griffe.Extension):
    """Shows the class of an attribute that a call creates, instead of the call."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: object) -> None:
        """Replace the call with its class. A constant of a module keeps its value."""
        if isinstance(attr.value, griffe.ExprCall) and attr.parent and attr.parent.is_class:
            attr.annotation = attr.annotation or attr.value.function
            attr.value = None


def _taken(config: MkDocsConfig, home: str, path: Path) -> File:
    """Give a file from outside docs/, which is left out for no dot in its name."""
    return File.generated(config, home, abs_src_path=str(path), inclusion=InclusionLevel.INCLUDED)


def _source(page: str) -> str:
    """Give the path that a page has in the repository."""
    return next(
        (source for source, home in PAGES.items() if home == page and page != "index.md"),
        f"docs/{page}",
    )


def _target(page: str, link: str) -> str:
    """Give the path that a link means on the page at a path."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def _turned(markdown: str, was: str, now: str, homes: dict[str, str]) -> str:
    """Give what was written at a path as it is to be at another, where what it links to is at home elsewhere."""

    def turned(link: re.Match[str]) -> str:
        home = homes.get(_target(was, link[0]))
        return posixpath.relpath(home, posixpath.dirname(now) or ".") if home else link[0]

    return LINK.sub(turned, markdown)


def _commands(console: str) -> str:
    """Give the commands of a console that is shown, without prompts and output, for an attribute."""
    commands: list[str] = []
    for line in console.splitlines():
        if line.startswith('<span class="gp">') or (commands and commands[-1].endswith("\\")):
            shown = re.sub(r'^<span class="gp">.*?</span>|<[^>]+>', "", line)
            commands.append(markup.unescape(shown))
    return markup.escape("\n".join(commands))


def _gist(markdown: str) -> str:
    """Give the first sentence of a page, as plain text."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", markdown)]
    first = next((part for part in paragraphs if re.match(r"[\w`*\[]", part)), "")
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", first).replace("`", "").replace("*", "")
    return re.split(r"(?<=[.:]) ", plain, maxsplit=1)[0].rstrip(":.") + "."
