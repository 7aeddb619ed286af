"""A headless Chromium for tests: what a person would see, and what the browser complains of."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from programs import needed_program

_QUIET = [
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", *_QUIET]

PATIENCE = 300_000
"""Milliseconds after which a page is taken to hang, however busy the machine is."""

NEEDED = "this test needs Chromium: `make toolchains` installs Debian's, or set CHROMIUM to one that you have"


def chromium() -> str:
    """Return the path of the machine's Chromium."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return needed_program(*names, advice=NEEDED)


@contextmanager
def open_browser() -> Generator[Browser]:
    """Run a browser.

    No longer than a module: as long as one runs, asyncio has a running loop in this thread.
    """
    path = chromium()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=PATIENCE)
        try:
            yield browser
        finally:
            browser.close()


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return (parts.scheme, parts.path if parts.scheme == "file" else parts.netloc)


class Watched:
    """A page, and all that went wrong on it: errors, failed loads, and loads from elsewhere than `home`.

    Where `home` is a file, every other file is elsewhere.
    """

    def __init__(
        self,
        browser: Browser,
        home: str,
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
    ) -> None:
        viewport: ViewportSize = {"width": width, "height": height}
        self.page: Page = browser.new_page(
            viewport=viewport, color_scheme="dark" if dark else "light"
        )
        self.page.set_default_timeout(PATIENCE)
        self.problems: list[str] = []
        self.requests: list[str] = []
        self._home = _place(home)
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        self.page.on("console", lambda said: self._console(said.type, said.text))
        self.page.on(
            "requestfailed", lambda asked: self.problems.append(f"not loaded: {asked.url}")
        )
        self.page.on("request", lambda asked: self._asked(asked.url))

    def _console(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.problems.append(f"console {kind}: {text}")

    def _asked(self, url: str) -> None:
        self.requests.append(url)
        if urlsplit(url).scheme not in {"data", "blob"} and _place(url) != self._home:
            self.problems.append(f"loaded from elsewhere: {url}")

    def open(self, url: str) -> Page:
        """Open an address, and wait until nothing more is loaded."""
        self.page.goto(url, wait_until="networkidle")
        return self.page

    @property
    def overflow(self) -> int:
        """How many pixels the page is wider than its window: a reader would have to scroll sideways."""
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )
