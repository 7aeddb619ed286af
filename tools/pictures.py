"""Take the screenshots in the README, of the command and of the report, with a sandbox.

This needs Chromium. It writes docs/command.png and docs/report.png.
"""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import FloatRect, sync_playwright
from rich.console import Console
from rich.text import Text

from finerworks.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
COMMAND = str(Path(sys.executable).with_name("finerworks"))
LIST = ("invoices", "list", "--since", "2026-07", "--as-of", "2026-11-24", "--quiet")
COLUMNS = 76


def terminal_page(environment: dict[str, str]) -> str:
    """Return an HTML page that looks like a terminal in which the command was run."""
    shown_command = f"$ finerworks {' '.join(LIST[:-1])}"
    script = f"stty cols {COLUMNS}; echo '{shown_command}'; '{COMMAND}' {' '.join(LIST)}"
    size = {"COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    run = subprocess.run(
        ["script", "--quiet", "--return", "--command", script, os.devnull],
        env={**os.environ, **environment, **size},
        capture_output=True,
        text=True,
        check=True,
    )
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), legacy_windows=False)
    console.print(Text.from_ansi(run.stdout), soft_wrap=True)
    body = console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")
    style = (
        "body{margin:0;display:inline-block;background:#fff;color:#222}"
        "pre{font:15px/1.4 monospace;margin:1em 1.5em}"
    )
    return f"<!doctype html><meta charset=utf-8><style>{style}</style>{body}"


def main() -> None:
    """Take both screenshots."""
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with (
        Sandbox() as sandbox,
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
    ):
        page = Path(folder) / "page.html"
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 1000, "height": 1420}, device_scale_factor=1.25)
        page.write_text(terminal_page(sandbox.env), "utf-8")
        view.goto(page.as_uri())
        view.locator("body").screenshot(path=ROOT / "docs" / "command.png")
        options = ["--as-of", "2026-11-24", "--overwrite", "--quiet"]
        env = {**os.environ, **sandbox.env}
        subprocess.run([COMMAND, "invoices", "report", str(page), *options], env=env, check=True)
        view.goto(page.as_uri())
        # Up to the list of invoices.
        heading = view.get_by_role("heading", name="Invoices", exact=True)
        end = float(heading.evaluate("heading => heading.getBoundingClientRect().top"))
        area: FloatRect = {"x": 0, "y": 0, "width": 1000, "height": end - 20}
        view.screenshot(path=ROOT / "docs" / "report.png", clip=area, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
