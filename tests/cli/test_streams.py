"""Standard streams that are closed, full, or that nobody reads."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from answers import listing, rows
from commands import COMMAND, environment, run
from finerworks.sandbox import Sandbox
from wire import Exchange, Wire, http

KEYS = {"FINERWORKS_WEB_API_KEY": "the-web-api-key", "FINERWORKS_APP_KEY": "the-app-key"}
CLOSED = "it is closed, or was opened only for reading"
FULL = "No space left on device"
UNWRITABLE = {">&-": CLOSED, "<&- >&-": CLOSED, "1</dev/null": CLOSED, ">/dev/full": FULL}
"""How a shell makes standard output unwritable, and the expected error."""

LOST = ["2>&-", "2>/dev/full", "2</dev/null", "<&- >&- 2>&-"]
"""How a shell makes standard error unwritable."""


def page(exchange: Exchange) -> None:
    """Respond with a page of a listing of 60 invoices."""
    size = exchange.asked["per_page"]
    first = size * (exchange.asked["page_number"] - 1)
    found = rows(*range(first, min(first + size, 60)))
    data = json.dumps(listing(found, 60)).encode()
    exchange.send(http(data, 200, "Content-Type: application/json"))


def in_shell(
    arguments: str, redirected: str, known: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run the command with redirected streams. What is not redirected is captured."""
    return subprocess.run(
        ["bash", "-c", f"'{COMMAND}' {arguments} {redirected}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment(known),
        timeout=300,
    )


@pytest.mark.parametrize("redirected", list(UNWRITABLE))
@pytest.mark.parametrize(
    "arguments", ["invoices list --limit 1", "check", "--version", "invoices --help"]
)
def test_output_that_cannot_be_written_is_an_error_before_any_request(
    arguments: str, redirected: str, tmp_path: Path
) -> None:
    """If standard output cannot be written, one line says so, and nothing is sent."""
    with Wire(page) as wire:
        known = {**KEYS, "FINERWORKS_BASE_URL": wire.url}
        done = in_shell(arguments, redirected, known, tmp_path)
    assert done.returncode == 1
    reason = UNWRITABLE[redirected]
    assert done.stderr == f"finerworks: cannot write to standard output: {reason}\n"
    assert wire.connections == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", ["--version", "sandbox --help"])
def test_output_that_is_lost_is_an_error_with_and_without_a_buffer(
    arguments: str, unbuffered: str, tmp_path: Path
) -> None:
    """Lost output is an error, even if a library ignores it, as argparse does for its help."""
    known = {"PYTHONUNBUFFERED": unbuffered}
    done = in_shell(arguments, ">/dev/full", known, tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"finerworks: cannot write to standard output: {FULL}\n"


@pytest.mark.parametrize("redirected", ["", ">&-", ">/dev/full", *LOST])
@pytest.mark.parametrize("command", ["export", "report"])
def test_a_file_is_written_whatever_the_streams_are(
    command: str, redirected: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The file is complete, and the command succeeds, whatever the streams are."""
    name = "file.csv" if command == "export" else "file.html"
    done = in_shell(f"invoices {command} {name}", redirected, sandbox.env, tmp_path)
    assert done.returncode == 0
    assert done.stderr == "" if "2" in redirected else "\n250 invoices" in done.stderr
    written = (tmp_path / name).read_text()
    assert len(set(re.findall(r"INV-\d{6}-0001", written))) == 250
    if command == "export":
        assert len(written.splitlines()) == 251, "nothing else is in the file"


@pytest.mark.parametrize("redirected", LOST[:3])
@pytest.mark.parametrize("options", ["", "--verbose"])
def test_a_list_is_complete_without_standard_error(
    options: str, redirected: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Log lines that cannot be written are lost, and do not change the result."""
    done = in_shell(f"invoices list --format jsonl {options}", redirected, sandbox.env, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 250


@pytest.mark.parametrize("redirected", LOST)
@pytest.mark.parametrize(
    ("arguments", "status"), [("invoices list --limit 0", 2), ("invoices export a.csv --debug", 3)]
)
def test_a_failure_keeps_its_status_without_standard_error(
    arguments: str, status: int, redirected: str, tmp_path: Path
) -> None:
    """A failure keeps its status, and its message does not go to standard output."""
    done = in_shell(arguments, redirected, {}, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


def test_a_traceback_does_not_go_to_standard_output(tmp_path: Path) -> None:
    """A traceback does not go to standard output if standard error is closed."""
    known = {**KEYS, "FINERWORKS_BASE_URL": "http://127.0.0.1:1"}
    done = in_shell("invoices list --debug", "2>&-", known, tmp_path)
    assert (done.returncode, done.stdout) == (4, "")


def test_a_reader_of_standard_error_that_is_gone_changes_no_result(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """If the reader of standard error is gone, only the summary is lost."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [COMMAND, "invoices", "export", "a.csv", "--verbose"],
        check=False,
        cwd=tmp_path,
        env=environment(sandbox.env),
        stdout=subprocess.PIPE,
        stderr=writing,
    )
    os.close(writing)
    assert (done.returncode, done.stdout) == (0, b"")
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 251


def test_a_terminal_that_is_gone_changes_no_result(tmp_path: Path) -> None:
    """If the terminal is gone, as after a lost connection, only the progress is lost."""
    parent, child = pty.openpty()

    def answer(exchange: Exchange) -> None:
        if exchange.asked["page_number"] == 2:
            os.close(parent)
        page(exchange)

    with Wire(answer) as wire:
        done = subprocess.run(
            [COMMAND, "invoices", "export", "a.csv"],
            check=False,
            cwd=tmp_path,
            env=environment({**KEYS, "FINERWORKS_BASE_URL": wire.url, "TERM": "xterm"}),
            stdout=subprocess.PIPE,
            stderr=child,
            start_new_session=True,
        )
    os.close(child)
    assert (done.returncode, done.stdout) == (0, b"")
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 61


NO_CONSOLE = """
import sys
sys.stdin = sys.stdout = sys.stderr = None
sys.argv[1:] = {arguments}
from finerworks.cli import main
sys.exit(main())
"""


def test_a_program_without_a_console_writes_files(sandbox: Sandbox, tmp_path: Path) -> None:
    """Without a console, as with pythonw.exe, files are written, and other output fails."""
    for arguments, status in ((["invoices", "export", "a.csv"], 0), (["check"], 1)):
        done = subprocess.run(
            [sys.executable, "-c", NO_CONSOLE.format(arguments=arguments)],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env=environment(sandbox.env),
        )
        assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 251


STRAY = """
import os, finerworks.exports, finerworks.money
text = finerworks.money.text
def stray(amount):
    for number in (0, 1, 2):
        try:
            os.write(number, b"STRAY")
        except OSError:
            pass
    return text(amount)
finerworks.money.text = stray
"""
"""A program that writes to the descriptors of the standard streams, like a C library, while a file is written."""


def test_no_file_or_connection_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    """Output to the descriptor of a closed stream never ends up in a file or a connection."""
    (tmp_path / "sitecustomize.py").write_text(STRAY)
    with Wire(page) as wire:
        known = {**KEYS, "FINERWORKS_BASE_URL": wire.url, "PYTHONPATH": str(tmp_path)}
        done = in_shell("invoices export a.csv", "<&- >&- 2>&-", known, tmp_path)
    assert done.returncode == 0
    written = (tmp_path / "a.csv").read_text()
    assert ("STRAY" in written, len(written.splitlines())) == (False, 61)
    assert not [each for each in wire.exchanges if b"STRAY" in each.head + each.body]


@pytest.mark.parametrize("redirected", ["", ">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_the_sandbox_runs_a_command_whatever_the_streams_are(
    redirected: str, tmp_path: Path
) -> None:
    """The sandbox passes its streams to a command, and returns the command's status."""
    arguments = f"sandbox --invoices 3 -- '{COMMAND}' invoices export a.csv"
    done = in_shell(arguments, redirected, {}, tmp_path)
    assert done.returncode == 0
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 4


OPEN_STREAMS = """
import os, pathlib
def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
found = [number for number in (0, 1, 2) if is_open(number)]
pathlib.Path("open.txt").write_text(str(found))
"""


def test_the_sandbox_opens_no_stream_for_a_command(tmp_path: Path) -> None:
    """Streams that are closed for the sandbox are closed for its command."""
    (tmp_path / "program.py").write_text(OPEN_STREAMS)
    arguments = f"sandbox --invoices 3 -- '{sys.executable}' program.py"
    for redirected, expected in (("", [0, 1, 2]), ("<&- >&-", [2]), ("<&- >&- 2>&-", [])):
        assert in_shell(arguments, redirected, {}, tmp_path).returncode == 0
        assert (tmp_path / "open.txt").read_text() == str(expected)


def test_a_main_of_another_program_keeps_its_streams() -> None:
    """An object that replaces standard output is used, and the program's own file is not."""
    program = """
import io, sys
sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
sys.argv[1:] = ["--version"]
from finerworks.cli import main
status = main()
assert sys.stdout.getvalue().startswith("finerworks "), sys.stdout.getvalue()
sys.exit(status)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_output_is_encoded_as_python_says(sandbox: Sandbox) -> None:
    """Characters that the encoding does not support are escaped."""
    known = {**sandbox.env, "PYTHONIOENCODING": "ascii"}
    done = run("invoices", "list", "--account-key", "séller-ñandú-木", known=known)
    assert (done.status, done.out.isascii()) == (0, True)
