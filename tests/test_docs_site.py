"""The documentation site: built by its own command, and each of its pages opened in a browser, wide and narrow."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect

from browser import Watched
from finerworks.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
WIDTHS = (1280, 375)

LINKS = "[...document.querySelectorAll('[href], [src]')].map(it => it.href?.baseVal ?? it.href ?? it.src)"
ANCHORS = "[...document.querySelectorAll('[id]')].map(it => it.id)"
# What is wider than the window, and stands in nothing that can be scrolled by itself.
OUTSIDE = """[...document.querySelectorAll('article *')].filter(it => {
    if (it.getBoundingClientRect().right <= innerWidth + 1 || it.closest('.md-clipboard, svg')) return false;
    for (let box = it; box.tagName !== 'ARTICLE'; box = box.parentElement)
        if (getComputedStyle(box).overflowX !== 'visible') return false;
    return true;
}).map(it => it.outerHTML.slice(0, 80))"""


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as a reader does, elsewhere than in the clone."""
    built = tmp_path_factory.mktemp("site")
    subprocess.run(["make", "-s", "-C", ROOT, "docs", f"SITE={built}"], check=True, capture_output=True, timeout=120)
    return built


@pytest.fixture(scope="module")
def home(site: Path) -> Iterator[str]:
    """Serve the site's files, and no more than that, on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def visited(browser: Browser, home: str, site: Path) -> dict[str, dict[str, list[str]]]:
    """Open every page, and note of each, by its address, its links, its anchors and what is wrong with it."""
    found: dict[str, dict[str, list[str]]] = {}
    watched = Watched(browser, home)
    for path in sorted(site.rglob("*.html")):
        address = urljoin(home, path.relative_to(site).as_posix().removesuffix("index.html"))
        before = len(watched.problems)
        wrong: list[str] = []
        for width in WIDTHS:
            watched.page.set_viewport_size({"width": width, "height": 800})
            if width == WIDTHS[0]:
                watched.page.goto(address, wait_until="load")
            outside: list[str] = watched.page.evaluate(OUTSIDE)
            wrong += [f"{width}: {watched.overflow} px too wide"] if watched.overflow > 0 else []
            wrong += [f"{width}: outside: {each}" for each in outside]
        found[address] = {"wrong": wrong + watched.problems[before:]}
        found[address] |= {"links": watched.page.evaluate(LINKS), "anchors": watched.page.evaluate(ANCHORS)}
    watched.page.close()
    return found


def test_every_page_is_readable_and_self_contained(visited: dict[str, dict[str, list[str]]]) -> None:
    """No error on the console, nothing from another host, and nothing beside the window, on a desk or a phone."""
    assert {page: notes["wrong"] for page, notes in visited.items() if notes["wrong"]} == {}


def test_every_page_of_the_navigation_is_there(visited: dict[str, dict[str, list[str]]], home: str) -> None:
    """Whatever mkdocs.yml names, and nothing that nobody finds."""
    named = re.findall(r"^ +- .*: (\S+)\.md$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    pages = {urljoin(home, "" if name == "index" else f"{name}/") for name in named}
    assert set(visited) - {urljoin(home, "404.html")} == pages
    assert len(pages) > 20


def test_no_link_is_broken(visited: dict[str, dict[str, list[str]]], home: str, site: Path) -> None:
    """Each link to the site itself finds its page or file, and the place on the page."""
    broken: list[str] = []
    for page, notes in visited.items():
        for link in {each for each in notes["links"] if each.startswith(home)}:
            address, anchor = urldefrag(link)
            path = site / unquote(urlsplit(address).path).lstrip("/")
            if not (path.is_file() or (path / "index.html").is_file()):
                broken.append(f"{page}: {link}")
            elif anchor and unquote(anchor) not in visited[address]["anchors"]:
                broken.append(f"{page}: {link}: no such place")
    assert sorted(set(broken)) == []


def test_search_finds_a_word(browser: Browser, home: str) -> None:
    """By an index of the site's own: a name of the reference, and a word of a guide."""
    watched = Watched(browser, home)
    page = watched.open(home)
    for word, place in (("ListingChangedError", "reference/errors/"), ("stamina", "guides/errors/")):
        page.get_by_placeholder("Search").clear()
        page.get_by_placeholder("Search").press_sequentially(word)  # it looks for keys
        expect(page.locator(f".md-search-result__item a[href*='{place}']").first).to_be_visible(timeout=60_000)
    assert watched.problems == []
    page.close()


def test_the_contract_is_shown(browser: Browser, home: str) -> None:
    """With its operation, fields and examples, without a word to another host, and nothing to send a request by."""
    watched = Watched(browser, home)
    page = watched.open(urljoin(home, "contract/"))
    expect(page.locator(".opblock-body")).to_contain_text("INV-202602", timeout=60_000)
    expect(page.locator("#contract")).to_contain_text("ResponseStatus")
    assert page.get_by_role("button", name="Try it out").count() == 0
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert watched.overflow == 0
    assert watched.problems == []
    page.close()


def test_machines_find_every_page(site: Path, visited: dict[str, dict[str, list[str]]], home: str) -> None:
    """llms.txt names each page with a sentence, and what it names is there."""
    lines = [line for line in (site / "llms.txt").read_text("utf-8").splitlines() if line.startswith("- ")]
    entries = [re.fullmatch(r"- \[[^]]+\]\((\S+)\): \S.{10,}\.", line) for line in lines]
    assert None not in entries
    named = [entry[1] for entry in entries if entry]
    assert all((site / name).exists() for name in named)
    assert len(set(named)) == len(visited) - 1  # 404.html
    assert "# Money and dates" in (site / "guides/money.md").read_text("utf-8")
    assert home.startswith("http://127.0.0.1")


@pytest.mark.parametrize("slip", ["[no page](nowhere.md)", "[no place](tutorial.md#nowhere)", "![none](nowhere.svg)"])
def test_a_slip_fails_the_build(tmp_path: Path, slip: str) -> None:
    """A link to no page or place, or an image that is not there: exit status 2 of make, and the link on the screen."""
    for path in ROOT.iterdir():
        if path.name not in {"docs", ".site", ".git"}:
            (tmp_path / path.name).symlink_to(path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    with (tmp_path / "docs/index.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{slip}\n")
    command = ["make", "-s", "-C", str(tmp_path), "docs"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 2
    assert "nowhere" in result.stderr


def test_the_sandbox_names_where_it_is_served(sandbox: Sandbox) -> None:
    """Its page links to the address that `make docs-serve` has by default."""
    told = httpx.get(f"{sandbox.base_url}/openapi.json", trust_env=False).json()["info"]["description"]
    made = subprocess.run(["make", "-n", "-C", ROOT, "docs-serve"], capture_output=True, text=True, check=True).stdout
    address = re.findall(r"The documentation is at (http://\S+/)\.", made)
    assert len(address) == 1
    assert f"]({address[0]})" in told


def test_it_is_served_on_this_machine() -> None:
    """`make docs-serve` says where, names the sandbox's page, and serves until it is interrupted."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = ["make", "-s", "-C", str(ROOT), "docs-serve", f"PORT={port}"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True, start_new_session=True) as run:
        assert run.stdout is not None
        try:
            said = ""
            while "Serving on" not in said:
                line = run.stdout.readline()
                assert line, said
                said += line
            assert f"http://127.0.0.1:{port}/" in said.splitlines()[0]
            assert "http://127.0.0.1:8765/ui" in said
            assert "Where to go" in httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).text
        finally:
            os.killpg(run.pid, signal.SIGINT)
            rest = run.communicate(timeout=30)[0]
    assert "Traceback" not in rest


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    """With what to do, and no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = ["make", "-s", "-C", str(ROOT), "docs-serve", f"PORT={port}"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 2
    assert f"port {port} is taken" in result.stderr
    assert "Traceback" not in result.stderr
