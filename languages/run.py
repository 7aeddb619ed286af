"""Run the program of each language against the sandbox, and say what it made of the invoices there.

`make languages` calls this. For each folder here that has a Makefile it generates a client from
openapi.yaml, builds the program, and runs it five times:

- *exact*: against the sandbox, on pages smaller than asked, with fields that no client knows;
- *valid*: behind Prism, which checks each request and each answer against the contract;
- *500 once*: with an answer that fails, which it is to ask for again;
- *wrong key*: it is to say what the server said, and to end with exit status 3;
- *redirect*: sent on to another address, which is to get no key, it is to end with an error.

What it prints is to be languages/expected.txt, to the byte, each time.
"""

import argparse
import contextlib
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn, Protocol, Self

import attrs

from finerworks.sandbox import Sandbox

HERE = Path(__file__).parent
EXPECTED = (HERE / "expected.txt").read_text(encoding="utf-8")

ACCOUNT = "séller-ñandú-木"
"""Whose invoices are listed: the sandbox's seller of 63, with a key that is not ASCII."""

PAGE_CAP = 10
"""The largest page that the sandbox gives; the programs ask for 25."""

REQUESTS = -(-63 // PAGE_CAP) + 1
"""How many requests a listing takes: its pages, and the empty one at which a program stops."""

REFUSED = "Missing or unauthorized api credentials"

SURROUNDINGS = {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8"}
"""A program that takes local time for UTC is 5:45 hours off."""

BUILD_SECONDS, RUN_SECONDS = 1500, 120
"""After which a step is given up: a first build fetches and compiles much."""

STEPS = ("generated", "built", "ran", "exact", "valid", "500 once", "wrong key", "redirect")


@attrs.define
class Row:
    """What came of one language."""

    language: str
    generator: str
    toolchain: str | None = None
    """None: it is not there."""
    went: dict[str, bool] = attrs.field(factory=dict[str, bool])
    seconds: list[float] = attrs.field(factory=list[float])
    told: list[str] = attrs.field(factory=list[str])

    @property
    def good(self) -> bool:
        """Whether every step went as it is to go."""
        return all(self.went.get(step) for step in STEPS)

    def cells(self) -> list[str]:
        """The row of the table."""
        steps = [
            "-" if went is None else "yes" if went else "NO" for went in map(self.went.get, STEPS)
        ]
        times = " + ".join(f"{seconds:.1f}" for seconds in self.seconds) or "-"
        return [self.language, self.generator, self.toolchain or "missing", *steps, times]


def run(
    command: Sequence[str], folder: Path, *, seconds: float, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in a folder, and end all that it started when its time is over."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FINERWORKS_", "MAKE"))
    }
    with subprocess.Popen(
        command,
        cwd=folder,
        env=inherited | SURROUNDINGS | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="backslashreplace",
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += f"\nended after {seconds:.0f} s"
        except BaseException:  # Ctrl-C: a session of its own does not get it
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a target of a language's Makefile."""
    return run(["make", "--no-print-directory", *arguments], folder, seconds=BUILD_SECONDS)


class Referee:
    """Prism between the programs and a sandbox: what breaks the contract, either way, stands in its log."""

    def __init__(self, upstream: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self._port}"
        self._upstream, self._read = upstream, 0
        # One for each run, which is left for whoever wants to know what was said.
        self._log = Path(tempfile.gettempdir()) / f"prism-{os.getpid()}.log"

    @contextlib.contextmanager
    def running(self) -> Generator["Referee"]:
        """Start it, and end it with all that it started."""
        prism = [
            "node_modules/.bin/prism",
            "proxy",
            "--port",
            str(self._port),
            "../../openapi.yaml",
            self._upstream,
        ]
        with (
            self._log.open("w") as log,
            subprocess.Popen(
                prism,
                cwd=HERE / "referee",
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process,
        ):
            try:
                until = time.monotonic() + 60
                while f"is listening on {self.base_url}" not in self._log.read_text(
                    encoding="utf-8"
                ):
                    if process.poll() is not None or time.monotonic() > until:
                        raise RuntimeError(f"Prism does not start: {self._log} says why")
                    time.sleep(0.1)
                yield self
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def verdict(self) -> tuple[int, list[str]]:
        """How many requests came since it was last asked, and what was wrong with them and with their answers."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        new, self._read = lines[self._read :], len(lines)
        return sum("Request received" in line for line in new), [
            line for line in new if "Violation" in line
        ]


def control(sandbox: Sandbox, referee: Referee) -> None:
    """See that the referee does find what breaks the contract, before its silence counts.

    Raises:
        RuntimeError: It does not.
    """
    headers = {
        "web_api_key": sandbox.web_api_key,
        "app_key": sandbox.app_key,
        "Content-Type": "application/json",
    }
    for body in (b'{"per_page": 25}', b'{"per_page": 26}'):
        asked = urllib.request.Request(f"{referee.base_url}/v3/list_invoices", body, headers)  # noqa: S310 - loopback
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked).read()
    count, wrong = referee.verdict()
    if count != 2 or len(wrong) != 1:
        raise RuntimeError(f"Prism saw {count} requests of 2, and {len(wrong)} violations of 1")


def try_language(folder: Path, sandbox: Sandbox, referee: Referee) -> Row:
    """Generate, build and run one language's program."""
    row = Row(folder.name, make(folder, "generator").stdout.strip())
    toolchain = make(folder, "toolchain")
    if toolchain.returncode:
        row.told.append(toolchain.stderr.strip())
        return row
    if row.generator.startswith("openapi-generator") and shutil.which("java") is None:
        row.told.append("java is missing: openapi-generator needs Java 11 or later")
        return row
    row.toolchain = " ".join(toolchain.stdout.split())
    for step, targets in (("generated", ["generate"]), ("built", ["build", "--old-file=generate"])):
        began = time.monotonic()
        # Again if it fails: a first build fetches much, and a network may fail once.
        made = make(folder, *targets)
        made = make(folder, *targets) if made.returncode else made
        row.seconds.append(time.monotonic() - began)
        row.went[step] = made.returncode == 0
        if made.returncode:
            row.told.append(f"make {targets[0]}: {(made.stdout + made.stderr)[-4000:]}")
            return row
    try_program(row, folder, sandbox, referee)
    return row


class Judge(Protocol):
    """What stands between a program and the sandbox, and watches."""

    base_url: str

    def verdict(self) -> tuple[int, list[str]]:
        """How many requests came since it was last asked, and what was wrong with them and with their answers."""
        ...


def try_program(row: Row, folder: Path, sandbox: Sandbox, referee: Judge) -> None:
    """Run a program that is built, in each of the five ways."""
    command = ["sh", "-c", make(folder, "command").stdout]
    keys = (sandbox.web_api_key, sandbox.app_key)

    def program(step: str, **variables: str) -> subprocess.CompletedProcess[str]:
        ran = run(command, folder, seconds=RUN_SECONDS, **sandbox.env | variables)
        if any(key in ran.stdout + ran.stderr for key in keys):
            row.went[step] = False
            row.told.append(f"{step}: a key was printed")
        return ran

    def listing(step: str, **variables: str) -> None:
        ran = program(step, FINERWORKS_ACCOUNT_KEY=ACCOUNT, **variables)
        row.went.setdefault("ran", ran.returncode == 0)
        went = (ran.returncode, ran.stdout) == (0, EXPECTED)
        row.went[step] = went and row.went.get(step, True)
        if not went:
            row.told.append(
                f"{step}: exit status {ran.returncode}; {difference(ran.stdout)}; {ran.stderr[-2000:]}"
            )

    began = time.monotonic()
    listing("exact")
    row.seconds.append(time.monotonic() - began)

    referee.verdict()
    listing("valid", FINERWORKS_BASE_URL=referee.base_url)
    asked, wrong = referee.verdict()
    if wrong or asked != REQUESTS:
        row.went["valid"] = False
        row.told.append("\n".join([f"valid: {asked} requests passed Prism, of {REQUESTS}", *wrong]))

    with Sandbox(page_cap=PAGE_CAP, fail_request=3, cors_origins=("*",)) as failing:
        listing("500 once", FINERWORKS_BASE_URL=failing.base_url)

    refused = program("wrong key", FINERWORKS_APP_KEY="not-the-key")
    went = (refused.returncode, refused.stdout) == (3, "") and REFUSED in refused.stderr
    row.went["wrong key"] = went and row.went.get("wrong key", True)
    if not went:
        row.told.append(
            f"wrong key: exit status {refused.returncode}; {refused.stdout}{refused.stderr}"
        )

    for status in (302, 307):  # of which some follow one alone
        with Elsewhere() as elsewhere, Elsewhere(status, elsewhere.base_url) as here:
            sent_on = program("redirect", FINERWORKS_BASE_URL=here.base_url)
        went = (
            sent_on.returncode in (1, 2)
            and sent_on.stdout == ""
            and bool(here.came)
            and not elsewhere.came
        )
        row.went["redirect"] = went and row.went.get("redirect", True)
        if not went:
            came = f"{len(here.came)} requests came, {len(elsewhere.came)} were sent on"
            row.told.append(
                f"redirect: {status}, exit status {sent_on.returncode}, {came}; {sent_on.stderr[-2000:]}"
            )


class Elsewhere:
    """A server that keeps the paths of all requests, and sends each on to another one, if it is told of one."""

    def __init__(self, status: int = 200, target: str = "") -> None:
        self.came: list[str] = []
        came = self.came

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                came.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                if target:
                    self.send_header("Location", f"{target}{self.path}")
                self.end_headers()

            do_GET = do_OPTIONS = do_POST  # noqa: N815 - as the library has it

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def difference(printed: str) -> str:
    """The first line that is not as expected."""
    lines, expected = printed.splitlines(), EXPECTED.splitlines()
    for number, (line, right) in enumerate(zip(lines, expected, strict=False), 1):
        if line != right:
            return f"line {number} is {line!r}, not {right!r}"
    return f"{len(lines)} lines of {len(expected)}"


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown, in columns that a terminal shows straight too."""
    headings = ["language", "generator", "toolchain", *STEPS, "seconds to generate + build + run"]
    cells = [headings, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [f"| {' | '.join(map(str.ljust, each, widths))} |" for each in cells]
    return "\n".join([lines[0], f"| {' | '.join('-' * width for width in widths)} |", *lines[1:]])


def with_programs(readme: str) -> str:
    """Put each program into the page, behind the line that names its file."""

    def program(shown: re.Match[str]) -> str:
        return f"{shown[1]}{(HERE / shown[2]).read_text(encoding='utf-8')}```\n"

    return re.sub(
        r"(<!-- (\S+) -->\n```\w+\n).*?^```\n", program, readme, flags=re.DOTALL | re.MULTILINE
    )


def with_table(readme: str, table: str) -> str:
    """Put the table into the page, behind the line that is for it."""
    return re.sub(
        r"(<!-- table -->\n\n).*?\n\n",
        lambda kept: f"{kept[1]}{table}\n\n",
        readme,
        flags=re.DOTALL,
    )


def end(number: int, _: FrameType | None) -> NoReturn:
    """End this program, and all that it started, for a signal."""
    sys.exit(128 + number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try them, print the table and what went wrong.

    Exit status 1: a language failed, or one that is required is missing.
    """
    languages = sorted(path.parent.name for path in HERE.glob("*/Makefile"))
    parser = argparse.ArgumentParser(
        description="Run each language's program, on a generated client, against the sandbox."
    )
    parser.add_argument(
        "languages",
        nargs="*",
        metavar="LANGUAGE",
        help=f"one of {', '.join(languages)}; all, without",
    )
    parser.add_argument(
        "--require",
        default="",
        help="languages whose toolchain must be there: 'php ruby', or 'all'",
    )
    parser.add_argument(
        "--write", action="store_true", help="write the table and the programs into README.md"
    )
    asked = parser.parse_args(arguments)
    required: list[str] = languages if asked.require == "all" else asked.require.split()
    chosen = sorted({*asked.languages, *required} if asked.languages else languages)
    if unknown := {*chosen, *required} - {*languages}:
        parser.error(f"no such language: {', '.join(sorted(unknown))}")

    rows: list[Row] = []
    # As Ctrl-C does, it ends what was started too.
    signal.signal(signal.SIGTERM, end)
    with (
        Sandbox(page_cap=PAGE_CAP, unknown_fields=True, cors_origins=("*",)) as sandbox,
        Referee(sandbox.base_url).running() as referee,
    ):
        control(sandbox, referee)
        for name in chosen:
            print(f"{name} ...", file=sys.stderr, flush=True)
            rows.append(try_language(HERE / name, sandbox, referee))
    print(table(rows))
    if asked.write:
        readme = HERE / "README.md"
        written = with_table(with_programs(readme.read_text(encoding="utf-8")), table(rows))
        readme.write_text(written, encoding="utf-8")
    missing = [row for row in rows if not row.toolchain and row.language not in required]
    failed = [row for row in rows if not row.good and row not in missing]
    for row in rows:
        if row.told:
            print(f"\n{row.language}: " + "\n".join(row.told))
    good = len(rows) - len(failed) - len(missing)
    print(f"\n{good} passed, {len(failed)} failed, {len(missing)} skipped")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
