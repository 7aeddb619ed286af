"""Hooks of the documentation's build: pages from outside docs/, the contract, and llms.txt."""

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
    "README.md": "index.md",  # replaced by the site's own index.md
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
    "examples/README.md": "examples.md",
    "languages/README.md": "languages.md",
}
"""The files outside docs/ that are pages of the site, by their paths in the repository."""

LINK = re.compile(r"(?<=\]\()[^)\s#:]+(?=[)#])")
UNCHANGED = {".png", ".svg", ".yaml"}
"""Files that keep their extension. All others are programs, which get .txt to be shown as text."""

CONSOLE = re.compile(
    r'(<div class="highlight")(?=><pre><span></span><code>(<span class="gp">.*?)</code>)', re.DOTALL
)
IMAGE = re.compile(r'<img [^>]*src="([^"]+)"[^>]*>')

PLACE = '<div id="contract"></div>'
"""The element of contract.md that is replaced by the contract."""

SWAGGER_UI = ("swagger-ui.css", "swagger-ui-bundle.js")
SWAGGER_UI_FOLDER = next(
    Path(str(importlib.resources.files("swagger_ui_bundle"))).glob("vendor/swagger-ui-*")
)

# In a shadow tree, so that the styles of the theme and of Swagger UI do not affect each other.
VIEWER = """
const viewer = document.getElementById("contract").attachShadow({mode: "open"});
viewer.innerHTML = '<link rel="stylesheet" href="%(style)s">'
    + '<link rel="stylesheet" href="../contract.css"><div></div>';
SwaggerUIBundle({
    spec: %(contract)s, domNode: viewer.lastElementChild,
    supportedSubmitMethods: [], validatorUrl: null,
    docExpansion: "full", defaultModelExpandDepth: 2, defaultModelsExpandDepth: 2,
});
"""

_homes: dict[str, str] = {}
"""The path in the site of each file of the repository."""
_navigation: list[Navigation] = []


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/, and all files that pages link to.

    MkDocs reports links to files that do not exist.
    """
    _homes.clear()
    for file in files:
        if Path(config.docs_dir, file.src_uri).exists():
            _homes[f"docs/{file.src_uri}"] = file.src_uri
    for source, home in PAGES.items():
        _homes[source] = home
        if source != "README.md":
            files.append(_outside_file(config, home, ROOT / source))
    for name in SWAGGER_UI:
        path = SWAGGER_UI_FOLDER / name
        files.append(_outside_file(config, f"assets/swagger-ui/{name}", path))
    for page in list(files.documentation_pages()):
        _add_linked_files(page, files, config)
    return files


def _add_linked_files(page: File, files: Files, config: MkDocsConfig) -> None:
    for link in LINK.findall(page.content_string):
        target = _target(_source(page.src_uri), link)
        if target not in _homes and (ROOT / target).is_file():
            extension = "" if Path(target).suffix in UNCHANGED else ".txt"
            _homes[target] = f"files/{target}{extension}"
            files.append(_outside_file(config, _homes[target], ROOT / target))


def on_page_markdown(
    markdown: str,
    page: Page,
    config: MkDocsConfig,  # noqa: ARG001 - passed by name
    files: Files,  # noqa: ARG001 - passed by name
) -> str:
    """Turn links that are valid in the repository into links that are valid in the site."""
    return _with_links(markdown, _source(page.file.src_uri), page.file.src_uri, _homes)


def on_page_content(
    html: str,
    page: Page,
    config: MkDocsConfig,  # noqa: ARG001 - passed by name
    files: Files,  # noqa: ARG001 - passed by name
) -> str:
    """Add what MkDocs does not.

    The copy button of a console copies only the commands. Images link to their full size. The page
    of the contract shows it with Swagger UI.
    """
    html = CONSOLE.sub(lambda block: f'{block[1]} data-copy="{_commands(block[2])}"', html)
    html = IMAGE.sub(r'<a href="\1">\g<0></a>', html)
    if page.is_homepage:
        html = html.replace("<code>llms.txt</code>", '<a href="llms.txt"><code>llms.txt</code></a>')
    if page.file.src_uri != "contract.md":
        return html
    contract = json.dumps(yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8")))
    # "</script>" in the contract would end the script.
    contract = contract.replace("</", r"<\/")
    style, script = (f"../assets/swagger-ui/{name}" for name in SWAGGER_UI)
    viewer = VIEWER % {"style": style, "contract": contract}
    return f'{html}<script src="{script}"></script><script>{viewer}</script>'


def on_nav(
    nav: Navigation,
    config: MkDocsConfig,  # noqa: ARG001 - passed by name
    files: Files,  # noqa: ARG001 - passed by name
) -> Navigation:
    """Keep the navigation for `on_post_build`."""
    _navigation[:] = [nav]
    return nav


def on_post_build(config: MkDocsConfig) -> None:
    """Write llms.txt from the navigation, and the Markdown of each page.

    Pages of the reference have no Markdown, as they are generated from docstrings.
    """
    lines = [f"# {config.site_name}", "", f"> {config.site_description}", ""]
    contract = f"```yaml\n{(ROOT / 'openapi.yaml').read_text('utf-8')}```"
    markdown_pages: dict[str, str] = {}
    html_pages: dict[str, str] = {}
    # MkDocs does not declare the types of the items and of a title.
    for item in cast("list[Section | Page]", _navigation[0].items):  # pyright: ignore[reportUnknownMemberType]
        if isinstance(item, Section):
            lines += ["", f"## {item.title}", ""]
        for page in cast("list[Page]", item.children if isinstance(item, Section) else [item]):
            text = page.markdown or ""
            url = page.file.src_uri
            if re.search("^::: ", text, re.MULTILINE):
                url = page.file.dest_uri
                html_pages[page.file.src_uri] = url
            else:
                markdown_pages[url] = text.replace(PLACE, contract)
            title = cast("str", page.title)  # pyright: ignore[reportUnknownMemberType]
            lines.append(f"- [{title}]({url}): {_first_sentence(text)}")
    Path(config.site_dir, "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for home, text in markdown_pages.items():
        path = Path(config.site_dir, home)
        path.write_text(_with_links(text, home, home, html_pages), encoding="utf-8")


class Made(griffe.Extension):
    """Shows the class of an attribute, instead of the call that creates its value."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: object) -> None:
        """Replace the value by an annotation. A constant of a module keeps its value."""
        if isinstance(attr.value, griffe.ExprCall) and attr.parent and attr.parent.is_class:
            attr.annotation = attr.annotation or attr.value.function
            attr.value = None


def _outside_file(config: MkDocsConfig, home: str, path: Path) -> File:
    """Return a file from outside docs/. MkDocs includes it even if its name begins with a dot."""
    return File.generated(config, home, abs_src_path=str(path), inclusion=InclusionLevel.INCLUDED)


def _source(page: str) -> str:
    """Return the path of a page in the repository."""
    if page != "index.md":
        for source, home in PAGES.items():
            if home == page:
                return source
    return f"docs/{page}"


def _target(page: str, link: str) -> str:
    """Return the path that a link on a page points to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def _with_links(markdown: str, old_path: str, new_path: str, homes: dict[str, str]) -> str:
    """Return a page with links that are valid at its new path, where linked files have moved."""

    def replace(link: re.Match[str]) -> str:
        home = homes.get(_target(old_path, link[0]))
        if not home:
            return link[0]
        return posixpath.relpath(home, posixpath.dirname(new_path) or ".")

    return LINK.sub(replace, markdown)


def _commands(console: str) -> str:
    """Return the commands of a console, without prompts and output, escaped for an attribute."""
    commands: list[str] = []
    for line in console.splitlines():
        if line.startswith('<span class="gp">') or (commands and commands[-1].endswith("\\")):
            command = re.sub(r'^<span class="gp">.*?</span>|<[^>]+>', "", line)
            commands.append(markup.unescape(command))
    return markup.escape("\n".join(commands))


def _first_sentence(markdown: str) -> str:
    """Return the first sentence of a page as plain text."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", markdown)]
    first = next((part for part in paragraphs if re.match(r"[\w`*\[]", part)), "")
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", first).replace("`", "").replace("*", "")
    return re.split(r"(?<=[.:]) ", plain, maxsplit=1)[0].rstrip(":.") + "."
