"""Collect the pages of the documentation in one folder, from which properdocs builds the site.

Pages are written where they belong: the guides in docs/, and for example the changelog at the top.
In the folder, links between them are valid, and so are links to any other file of the repository.
"""

import importlib.resources
import json
import posixpath
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]

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

PLACE = '<div id="contract"></div>'
"""The element of contract.md in which the contract is shown."""

SWAGGER_UI = ("swagger-ui.css", "swagger-ui-bundle.js")
SWAGGER_UI_FOLDER = next(
    Path(str(importlib.resources.files("swagger_ui_bundle"))).glob("vendor/swagger-ui-*")
)

VIEWER_SCRIPTS = """
<script src="../assets/swagger-ui/swagger-ui-bundle.js"></script>
<script src="../assets/contract.js"></script>
"""

# In a shadow tree, so that the styles of the theme and of Swagger UI do not affect each other.
VIEWER = """
const viewer = document.getElementById("contract").attachShadow({mode: "open"});
viewer.innerHTML = '<link rel="stylesheet" href="../assets/swagger-ui/swagger-ui.css">'
    + '<link rel="stylesheet" href="../contract.css"><div></div>';
SwaggerUIBundle({
    spec: %s, domNode: viewer.lastElementChild,
    supportedSubmitMethods: [], validatorUrl: null,
    docExpansion: "full", defaultModelExpandDepth: 2, defaultModelsExpandDepth: 2,
});
"""


def assemble(folder: Path) -> None:
    """Write all files of the site's source, and remove others.

    A file that has not changed is left alone, because a server that watches the folder would build
    the site again.
    """
    files = collect()
    for name, content in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()


def collect() -> dict[str, bytes]:
    """Return the content of all files of the site's source, by their paths in it."""
    homes = {
        path.relative_to(ROOT).as_posix(): path.relative_to(ROOT / "docs").as_posix()
        for path in sorted((ROOT / "docs").rglob("*"))
        if path.is_file()
    }
    sources = {home: source for source, home in homes.items()}
    for source, home in PAGES.items():
        homes[source] = home
        sources.setdefault(home, source)
    for home, source in list(sources.items()):
        if home.endswith(".md"):
            homes |= _linked_files(source, homes)
    sources |= {home: source for source, home in homes.items() if home.startswith("files/")}

    files = {home: _content(source, home, homes) for home, source in sources.items()}
    for name in SWAGGER_UI:
        files[f"assets/swagger-ui/{name}"] = (SWAGGER_UI_FOLDER / name).read_bytes()
    contract = json.dumps(yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8")))
    files["assets/contract.js"] = (VIEWER % contract).encode()
    return files


def _linked_files(source: str, homes: Mapping[str, str]) -> dict[str, str]:
    """Return further files that a page links to, with their paths in the site."""
    linked: dict[str, str] = {}
    for link in LINK.findall((ROOT / source).read_text("utf-8")):
        target = _target(source, link)
        if target not in homes and (ROOT / target).is_file():
            extension = "" if Path(target).suffix in UNCHANGED else ".txt"
            # properdocs leaves files out whose names begin with a dot.
            visible = "/".join(part.lstrip(".") for part in target.split("/"))
            linked[target] = f"files/{visible}{extension}"
    return linked


def _content(source: str, home: str, homes: Mapping[str, str]) -> bytes:
    """Return the content of a file at its path in the site."""
    content = (ROOT / source).read_bytes()
    if not home.endswith(".md"):
        return content
    markdown = with_links(content.decode(), source, home, homes)
    return markdown.replace(PLACE, PLACE + VIEWER_SCRIPTS).encode()


def with_links(markdown: str, old_path: str, new_path: str, homes: Mapping[str, str]) -> str:
    """Return a page with links that are valid at its new path, where linked files have moved."""

    def replace(link: re.Match[str]) -> str:
        home = homes.get(_target(old_path, link[0]))
        if not home:
            return link[0]
        return posixpath.relpath(home, posixpath.dirname(new_path) or ".")

    return LINK.sub(replace, markdown)


def _target(page: str, link: str) -> str:
    """Return the path that a link on a page points to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


if __name__ == "__main__":
    assemble(Path(sys.argv[1]))
