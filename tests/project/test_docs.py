"""The README and the documentation: every block of code runs, and what a page says it prints is what it prints."""

import contextlib
import doctest
import io
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from unittest import SkipTest

import pytest
from IPython.core.interactiveshell import InteractiveShell
from sybil import Document, Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser, SkipParser
from traitlets.config import Config

from finerworks.sandbox import Sandbox

ROOT = Path(__file__).parents[2]

# Not languages/README.md: tests/contract/test_languages.py holds its programs and commands.
NAMES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "benchmarks/README.md"]
PAGES = [*NAMES, *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md"))]

UNTIL_STOPPED = "<!-- runs until it is stopped -->"

PRINTED = "printed"
"""In a page's namespace: what the block before wrote to standard output; None if it was not run."""


def same(example: Example, want: str, got: str) -> None:
    """Compare what is shown with what came; `...` in it stands for anything."""
    want, got = (
        "\n".join(line.rstrip() for line in text.strip().splitlines()) for text in (want, got)
    )
    assert doctest.OutputChecker().check_output(want, got, doctest.ELLIPSIS), (
        f"{example.path}, line {example.line}, shows\n{want}\n\nand it was\n{got}"
    )


def run_python(example: Example) -> None:
    """Run Python; a block whose first line names a file is that file."""
    if name := re.match(r"# (\w+\.py)\n", example.parsed):
        Path(name[1]).write_text(example.parsed, encoding="utf-8")
        return
    example.namespace.clear()
    with contextlib.redirect_stdout(io.StringIO()) as out:
        PythonEvaluator()(example)
    example.namespace[PRINTED] = out.getvalue()


def new_notebook() -> InteractiveShell:
    """Return what runs the cells of a notebook, which does not keep their history."""
    settings = Config()
    settings.HistoryManager.enabled = False
    return InteractiveShell(config=settings)  # type: ignore[no-untyped-call]  # IPython declares no types here


def run_cell(shell: InteractiveShell, example: Example) -> None:
    """Run Python as a cell of a notebook: it may await, knows earlier cells, and shows its value."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        done = shell.run_cell(example.parsed)  # type: ignore[no-untyped-call]  # pyright: ignore[reportUnknownMemberType]  # as above
        done.raise_error()
    example.namespace[PRINTED] = re.sub(r"^Out\[\d+\]: ?", "", out.getvalue(), flags=re.MULTILINE)


def show_text(example: Example) -> None:
    """Take text for what the block before it prints."""
    if (printed := example.namespace[PRINTED]) is not None:
        same(example, example.parsed, printed)


def run_console(example: Example) -> None:
    """Run each command that follows a `$`, to its end or, if the page says so, until it has said what is shown."""
    example.namespace.pop(PRINTED, None)
    for shown in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]:
        command, _, want = re.sub(r"\\\n *", "", shown).partition("\n")
        if example.document.text[: example.start].rstrip().endswith(UNTIL_STOPPED):
            got = first_words(command, len(want.splitlines()))
        else:
            pipe = subprocess.PIPE  # for both, as a terminal shows both
            done = subprocess.run(
                ["bash", "-c", command],
                stdout=pipe,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
            got = done.stdout
        if want:
            same(example, want, got)


def first_words(command: str, count: int) -> str:
    """Start a command on a free port, read so many lines, and interrupt it; the port is shown as the usual one."""
    environment = {**os.environ, "ARGS": "--port 0"}
    with subprocess.Popen(
        ["bash", "-c", command],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        said = "".join(process.stdout.readline() for _ in range(count))
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=300)
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8765", said)


def run_powershell(example: Example) -> None:
    """Fail: there is no PowerShell here, so a page says that the block is skipped."""
    pytest.fail(f"{example.path}, line {example.line}: PowerShell cannot be run")


def document(page: str) -> Document:
    """Read a page."""
    blocks: dict[str, Callable[[Example], None]] = {
        "python": run_python,
        "console": run_console,
        "text": show_text,
        "powershell": run_powershell,
    }
    if page.endswith("notebooks.md"):
        blocks["python"] = partial(run_cell, new_notebook())
    return Sybil(
        [SkipParser(), *(CodeBlockParser(name, run) for name, run in blocks.items())]
    ).parse(ROOT / page)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Run the sandbox that a reader starts, with its demo account."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def clone(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder that looks like the clone, with the sandbox's keys in the environment."""
    for path in ROOT.iterdir():
        if path.name not in {".git", ".site"}:
            (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setenv("PATH", f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}")
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):  # of a `make test` that this runs in
        monkeypatch.delenv(name, raising=False)
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("clone")
@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```" in (ROOT / page).read_text("utf-8")]
)
def test_its_blocks_run(page: str) -> None:
    """Each block of a page, in order, as a reader would copy it."""
    for example in document(page).examples():
        try:
            example.evaluate()
        except SkipTest:  # the page says why
            example.namespace[PRINTED] = None


@pytest.mark.parametrize("page", PAGES)
def test_no_block_is_passed_over(page: str) -> None:
    """Each block is of a kind that is run, and what is not run has a reason."""
    text = (ROOT / page).read_text("utf-8")
    fences = re.findall(r"^ *```(.*)$", text, re.MULTILINE)
    blocks = [each for each in document(page).examples() if isinstance(each.parsed, str)]
    assert len(fences) == 2 * len(blocks)
    assert all(
        re.fullmatch(r'skip: next "[^"]{10,}"', each)
        for each in re.findall(r"<!-- (skip.*?) -->", text)
    )
