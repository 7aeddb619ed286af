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

ROOT = Path(__file__).parents[2]
WIDTHS = (1280, 375)

LINKS = "[...document.querySelectorAll('[href], [src]')].map(it => it.href?.baseVal ?? it.href ?? it.src)"
ANCHORS = "[...document.querySelectorAll('[id]')].map(it => it.id)"
SHOWN = "[...document.querySelectorAll('article .doc-signature')].map(it => it.innerText)"
# What is wider than the window, and stands in nothing that can be scrolled by itself.
OUTSIDE = """[...document.querySelectorAll('article *')].filter(it => {
    if (it.getBoundingClientRect().right <= innerWidth + 1 || it.closest('.md-clipboard, svg')) return false;
    for (let box = it; box.tagName !== 'ARTICLE'; box = box.parentElement)
        if (getComputedStyle(box).overflowX !== 'visible') return false;
    return true;
}).map(it => it.outerHTML.slice(0, 80))"""
# A name in a table that goes on in another line; the sign beside a heading, below it; a picture that stays small.
BROKEN = """[...document.querySelectorAll('article td:first-child code')]
    .filter(it => it.innerText.startsWith('--') && it.getClientRects().length > 1).map(it => it.innerText)"""
BELOW = """[...document.querySelectorAll('article .headerlink')].filter(it => {
    const text = document.createRange();
    text.setStart(it.parentElement, 0);
    text.setEndBefore(it);
    const lines = [...text.getClientRects()].filter(line => line.width > 1);
    const end = Math.max(...lines.map(line => line.bottom));
    return it.getClientRects().length && it.getBoundingClientRect().top > end - 3;
}).map(it => it.parentElement.innerText)"""
SMALL = "[...document.querySelectorAll('article img')].filter(it => it.closest('a')?.href !== it.src).map(it => it.src)"
WRONG = {"outside": OUTSIDE, "broken": BROKEN, "a sign below": BELOW, "not at its full size": SMALL}

OVERLAPPING = """all => all.filter(
    it => it.getClientRects()[0].height > parseFloat(getComputedStyle(it.parentElement).lineHeight)
).map(it => it.innerText)"""


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as a reader does, elsewhere than in the clone."""
    built = tmp_path_factory.mktemp("site")
    subprocess.run(
        ["make", "-s", "-C", ROOT, "docs", f"SITE={built}"],
        check=True,
        capture_output=True,
        timeout=300,
    )
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
            wrong += [f"{width}: {watched.overflow} px too wide"] if watched.overflow > 0 else []
            for what, script in WRONG.items():
                wrong += [f"{width}: {what}: {each}" for each in watched.page.evaluate(script)]
        found[address] = {"wrong": wrong + watched.problems[before:]}
        found[address] |= {
            "links": watched.page.evaluate(LINKS),
            "anchors": watched.page.evaluate(ANCHORS),
        }
        found[address]["shown"] = watched.page.evaluate(SHOWN)
    watched.page.close()
    return found


def test_every_page_is_readable_and_self_contained(
    visited: dict[str, dict[str, list[str]]],
) -> None:
    """No error on the console, nothing from another host, nothing beside the window, on a desk or a phone.

    Nor is the name of an option broken, a line taken by a sign that nobody sees, or a picture bound to its column.
    """
    assert {page: notes["wrong"] for page, notes in visited.items() if notes["wrong"]} == {}


def test_every_page_of_the_navigation_is_there(
    visited: dict[str, dict[str, list[str]]], home: str
) -> None:
    """Whatever properdocs.yml names, and nothing that nobody finds."""
    named = re.findall(
        r"^ +- .*: (\S+)\.md$", (ROOT / "properdocs.yml").read_text("utf-8"), re.MULTILINE
    )
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
    for word, place in (
        ("ListingChangedError", "reference/errors/"),
        ("tenacity", "guides/listing/"),
        ("OpenTelemetry", "guides/observability/"),
    ):
        page.get_by_placeholder("Search").clear()
        page.get_by_placeholder("Search").press_sequentially(word)  # it looks for keys
        expect(page.locator(f".md-search-result__item a[href*='{place}']").first).to_be_visible()
    assert watched.problems == []
    page.close()


def test_the_contract_is_shown(browser: Browser, home: str) -> None:
    """With its operation, fields and examples, without a word to another host, and nothing to send a request by."""
    watched = Watched(browser, home)
    page = watched.open(urljoin(home, "contract/"))
    expect(page.locator(".opblock-body")).to_contain_text("INV-202602")
    expect(page.locator("#contract")).to_contain_text("ResponseStatus")
    assert page.get_by_role("button", name="Try it out").count() == 0
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert watched.overflow == 0
    assert watched.problems == []
    page.close()


def test_machines_find_every_page(
    site: Path, visited: dict[str, dict[str, list[str]]], home: str
) -> None:
    """llms.txt names each page with a sentence, and what it names is there."""
    lines = [
        line
        for line in (site / "llms.txt").read_text("utf-8").splitlines()
        if line.startswith("- ")
    ]
    entries = [re.fullmatch(r"- \[[^]]+\]\((\S+)\): \S.{10,}\.", line) for line in lines]
    assert None not in entries
    named = [entry[1] for entry in entries if entry]
    assert all((site / name).exists() for name in named)
    assert len(set(named)) == len(visited) - 1  # 404.html
    assert "# Money and dates" in (site / "guides/money.md").read_text("utf-8")
    assert (ROOT / "openapi.yaml").read_text("utf-8") in (site / "contract.md").read_text("utf-8")
    assert urljoin(home, "llms.txt") in visited[home]["links"]


def test_machines_find_what_pages_link_to(site: Path) -> None:
    """Each link in the Markdown of a page, and in llms.txt, leads to a file of the site: to HTML where that is all."""
    links: list[tuple[Path, str]] = []
    for path in [site / "llms.txt", *site.rglob("*.md")]:
        prose = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        found = re.findall(r"\]\(([^)\s]+)\)|^\[[^]]+\]: (\S+)", prose, re.MULTILINE)
        links += [(path, inline or below) for inline, below in found]
    files = [(path, urldefrag(link)[0]) for path, link in links if not urlsplit(link).scheme]
    assert [
        (path, link) for path, link in files if link and not (path.parent / link).is_file()
    ] == []
    assert (site / "index.md", "reference/client/index.html") in files


def test_the_reference_shows_what_is_public(
    visited: dict[str, dict[str, list[str]]], home: str
) -> None:
    """A type in place of how the code makes an attribute, and values that a reader can use."""
    shown = {
        line.strip()
        for page in visited.values()
        for each in page["shown"]
        for line in each.splitlines()
    }
    assert {
        "client: Client",
        "invoices: Invoices",
        "invoices: AsyncInvoices",
        "invoices: int = 72",
    } <= shown
    assert "PRODUCTION = 'https://v2.api.finerworks.com'" in shown
    assert "DEFAULT_TIMEOUT = httpx.Timeout(30.0)" in shown
    signatures = [each for page in visited.values() for each in page["shown"]]
    for name in ("FinerWorks", "AsyncFinerWorks", "HTTPClient", "AsyncHTTPClient"):
        assert any(each.startswith(f"{name}(\n    *,\n    web_api_key") for each in signatures), (
            name
        )
    assert [line for line in shown if re.search(r"\b_[a-z]", line)] == []
    assert (
        urljoin(home, "reference/listing/#finerworks.resources.Resource")
        in visited[urljoin(home, "reference/client/")]["links"]
    )


def test_commands_are_copied_alone(browser: Browser, home: str, site: Path) -> None:
    """The button of a console gives each of its commands, without the prompt and what it printed."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    copied: list[str] = []
    for path in site.rglob("*.md"):
        blocks = re.findall(
            r"^```console\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
        page.goto(
            urljoin(home, path.relative_to(site).with_suffix("").as_posix().removesuffix("index"))
        )
        buttons = page.locator(".highlight:has(.gp) button[data-md-type='copy']")
        expect(buttons).to_have_count(len(blocks))
        for button, block in zip(buttons.all(), blocks, strict=True):
            button.click()
            copied.append(page.evaluate("navigator.clipboard.readText()"))
            assert copied[-1] == "\n".join(re.findall(r"^\$ ((?:.*\\\n)*.*)", block, re.MULTILINE))
    assert (
        "unset FINERWORKS_BASE_URL\nexport FINERWORKS_WEB_API_KEY=... FINERWORKS_APP_KEY=..."
        in copied
    )
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_code_in_text_lies_over_no_other_line(
    browser: Browser, home: str, sandbox: Sandbox, width: int
) -> None:
    """In what Swagger UI tells of the contract, on its page and in the sandbox."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    for address in (urljoin(home, "contract/"), f"{sandbox.base_url}/ui"):
        page.goto(address)
        chips = page.locator(".info code")
        expect(chips.first).to_be_visible()
        assert chips.evaluate_all(OVERLAPPING) == []
    page.close()


@pytest.mark.parametrize(
    "slip", ["[no page](nowhere.md)", "[no place](tutorial.md#nowhere)", "![none](nowhere.svg)"]
)
def test_a_slip_fails_the_build(tmp_path: Path, slip: str) -> None:
    """A link to no page or place, or an image that is not there: exit status 2 of make, and the link on the screen."""
    for path in ROOT.iterdir():
        if path.name not in {"docs", ".site", ".git", ".tools"}:
            (tmp_path / path.name).symlink_to(path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    with (tmp_path / "docs/index.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{slip}\n")
    command = ["make", "-s", "-C", str(tmp_path), "docs"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 2
    assert "nowhere" in result.stderr


def test_the_sandbox_names_where_it_is_served(sandbox: Sandbox) -> None:
    """Its page links to the address that `make docs-serve` has by default."""
    told = httpx.get(f"{sandbox.base_url}/openapi.json", trust_env=False).json()["info"][
        "description"
    ]
    made = subprocess.run(
        ["make", "-n", "-C", ROOT, "docs-serve"], capture_output=True, text=True, check=True
    ).stdout
    address = re.findall(r"The documentation will be at (http://\S+/) in", made)
    assert len(address) == 1
    assert f"]({address[0]})" in told


def test_it_is_served_on_this_machine() -> None:
    """`make docs-serve` says where, names the sandbox's page, and serves until it is interrupted."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = ["make", "-s", "-C", str(ROOT), "docs-serve", f"PORT={port}"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as run:
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
            rest = run.communicate(timeout=300)[0]
    assert "Traceback" not in rest


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    """With what to do, and no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = ["make", "-s", "-C", str(ROOT), "docs-serve", f"PORT={port}"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 2
    assert f"port {port} is in use" in result.stderr
    assert "Traceback" not in result.stderr
