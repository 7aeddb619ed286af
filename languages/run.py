"""Run the program of each language against the sandbox, and check what it prints.

`make languages` runs this. For each folder that has a Makefile, it generates a client from
openapi.yaml, builds the program, and runs it in five ways:

- *exact*: pages are smaller than requested, and responses have fields that no client knows.
- *valid*: Prism checks each request and each response against the contract.
- *500 once*: a request fails once. The program must retry it.
- *wrong key*: the program must print the message of the server, and exit with status 3.
- *redirect*: the program must exit with an error, and not send its keys to the other server.

The output of a listing must be equal to languages/expected.txt.
"""

import argparse
import contextlib
import http.server
import math
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
"""The account to list: the seller of the sandbox with 63 invoices, whose key is not ASCII."""

PAGE_CAP = 10
"""The maximum size of a page in the sandbox. The programs request 25 invoices per page."""

REQUESTS = math.ceil(63 / PAGE_CAP) + 1
"""The number of requests of a listing: its pages, and an empty page after the last one."""

WRONG_KEYS_MESSAGE = "Missing or unauthorized api credentials"

ENVIRONMENT = {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8"}
"""The environment of a program. If it confuses local time and UTC, it is off by 5:45 hours."""

BUILD_SECONDS = 1500
"""The time limit of a build. A first build downloads and compiles much."""

RUN_SECONDS = 120
"""The time limit of a run."""

MAX_OUTPUT = 2000
"""Characters of a program's standard error that are shown."""

STEPS = ("generated", "built", "ran", "exact", "valid", "500 once", "wrong key", "redirect")


@attrs.define
class Row:
    """The results of one language."""

    language: str
    generator: str
    toolchain: str | None = None
    """The version of the toolchain. None: it is not installed."""
    passed: dict[str, bool] = attrs.field(factory=dict[str, bool])
    """Whether a step passed. A step that was not run has no entry."""
    seconds: list[float] = attrs.field(factory=list[float])
    messages: list[str] = attrs.field(factory=list[str])
    """What went wrong."""

    @property
    def all_passed(self) -> bool:
        """Whether all steps passed."""
        return all(self.passed.get(step) for step in STEPS)

    def record(self, step: str, *, passed: bool, message: str) -> None:
        """Record the result of a step, with a message if it failed. A failure is final."""
        self.passed[step] = passed and self.passed.get(step, True)
        if not passed:
            self.messages.append(f"{step}: {message}")

    def cells(self) -> list[str]:
        """Return the row of the table."""
        symbols = {None: "-", True: "yes", False: "NO"}
        steps = [symbols[self.passed.get(step)] for step in STEPS]
        times = " + ".join(f"{seconds:.1f}" for seconds in self.seconds) or "-"
        return [self.language, self.generator, self.toolchain or "missing", *steps, times]


def run(
    command: Sequence[str], folder: Path, *, seconds: float, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder. After a timeout, kill it with all processes that it started."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FINERWORKS_", "MAKE"))
    }
    with subprocess.Popen(
        command,
        cwd=folder,
        env=inherited | ENVIRONMENT | variables,
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
            err += f"\nkilled after {seconds:.0f} s"
        except BaseException:  # Ctrl-C, which does not reach a session of its own
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a target of the Makefile of a language."""
    return run(["make", "--no-print-directory", *arguments], folder, seconds=BUILD_SECONDS)


class Referee:
    """Prism, a proxy between the programs and a sandbox that logs violations of the contract."""

    def __init__(self, upstream: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self._port}"
        self._upstream = upstream
        self._lines_read = 0
        # Each run has a log, which is kept for debugging.
        self._log = Path(tempfile.gettempdir()) / f"prism-{os.getpid()}.log"

    @contextlib.contextmanager
    def running(self) -> Generator["Referee"]:
        """Run Prism, and kill it at the end with all processes that it started."""
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
                self._wait_until_ready(process)
                yield self
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def verdict(self) -> tuple[int, list[str]]:
        """Return the number of requests since the last call, and the violations in them."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        new_lines = lines[self._lines_read :]
        self._lines_read = len(lines)
        count = sum("Request received" in line for line in new_lines)
        violations = [line for line in new_lines if "Violation" in line]
        return count, violations

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        message = f"is listening on {self.base_url}"
        while message not in self._log.read_text(encoding="utf-8"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Prism does not start: see {self._log}")
            time.sleep(0.1)


def control(sandbox: Sandbox, referee: Referee) -> None:
    """Check that the referee finds a violation of the contract.

    Raises:
        RuntimeError: It does not.
    """
    headers = {
        "web_api_key": sandbox.web_api_key,
        "app_key": sandbox.app_key,
        "Content-Type": "application/json",
    }
    for body in (b'{"per_page": 25}', b'{"per_page": 26}'):
        url = f"{referee.base_url}/v3/list_invoices"
        request = urllib.request.Request(url, body, headers)  # noqa: S310 - loopback
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).read()
    count, violations = referee.verdict()
    if count != 2 or len(violations) != 1:
        raise RuntimeError(
            f"Prism saw {count} of 2 requests, and {len(violations)} violations instead of 1"
        )


def try_language(folder: Path, sandbox: Sandbox, referee: Referee) -> Row:
    """Generate the client of a language, build the program, and run it."""
    row = Row(folder.name, make(folder, "generator").stdout.strip())
    toolchain = make(folder, "toolchain")
    if toolchain.returncode:
        row.messages.append(toolchain.stderr.strip())
        return row
    if row.generator.startswith("openapi-generator") and shutil.which("java") is None:
        row.messages.append("java is missing: openapi-generator needs Java 11 or later")
        return row
    row.toolchain = " ".join(toolchain.stdout.split())
    for step, targets in (("generated", ["generate"]), ("built", ["build", "--old-file=generate"])):
        started = time.monotonic()
        build = make(folder, *targets)
        if build.returncode:
            # Try again, as a first build downloads much, and the network may fail.
            build = make(folder, *targets)
        row.seconds.append(time.monotonic() - started)
        row.passed[step] = build.returncode == 0
        if build.returncode:
            row.messages.append(f"make {targets[0]}: {(build.stdout + build.stderr)[-4000:]}")
            return row
    try_program(row, folder, sandbox, referee)
    return row


class Judge(Protocol):
    """A proxy between a program and the sandbox that checks requests and responses."""

    base_url: str

    def verdict(self) -> tuple[int, list[str]]:
        """Return the number of requests since the last call, and the violations in them."""
        ...


def try_program(row: Row, folder: Path, sandbox: Sandbox, referee: Judge) -> None:
    """Run a program in each of the five ways, and record the results in the row."""
    program = Program(row, folder, sandbox)

    started = time.monotonic()
    program.list_invoices("exact")
    row.seconds.append(time.monotonic() - started)

    referee.verdict()  # Forget earlier requests.
    program.list_invoices("valid", FINERWORKS_BASE_URL=referee.base_url)
    count, violations = referee.verdict()
    if violations or count != REQUESTS:
        message = "\n".join([f"{count} requests passed Prism, not {REQUESTS}", *violations])
        row.record("valid", passed=False, message=message)

    with Sandbox(page_cap=PAGE_CAP, fail_request=3, cors_origins=("*",)) as failing:
        program.list_invoices("500 once", FINERWORKS_BASE_URL=failing.base_url)

    program.use_wrong_key()
    for status in (302, 307):  # Some clients follow only one of these.
        program.follow_redirect(status)


class Program:
    """The program of a language, which records its results in a row."""

    def __init__(self, row: Row, folder: Path, sandbox: Sandbox) -> None:
        self._row = row
        self._folder = folder
        self._sandbox = sandbox
        self._command = ["sh", "-c", make(folder, "command").stdout]

    def list_invoices(self, step: str, **variables: str) -> None:
        """Run a listing, whose output must be the expected one."""
        result = self._run(step, FINERWORKS_ACCOUNT_KEY=ACCOUNT, **variables)
        self._row.passed.setdefault("ran", result.returncode == 0)
        passed = result.returncode == 0 and result.stdout == EXPECTED
        errors = result.stderr[-MAX_OUTPUT:]
        message = f"exit status {result.returncode}; {difference(result.stdout)}; {errors}"
        self._row.record(step, passed=passed, message=message)

    def use_wrong_key(self) -> None:
        """Run the program with a wrong key, which must exit with status 3 and a message."""
        result = self._run("wrong key", FINERWORKS_APP_KEY="not-the-key")
        passed = (
            result.returncode == 3 and result.stdout == "" and WRONG_KEYS_MESSAGE in result.stderr
        )
        message = f"exit status {result.returncode}; {result.stdout}{result.stderr}"
        self._row.record("wrong key", passed=passed, message=message)

    def follow_redirect(self, status: int) -> None:
        """Run the program against a server that redirects, which must fail without following it."""
        with Elsewhere() as elsewhere, Elsewhere(status, elsewhere.base_url) as here:
            result = self._run("redirect", FINERWORKS_BASE_URL=here.base_url)
        passed = (
            result.returncode in (1, 2)
            and result.stdout == ""
            and bool(here.requests)
            and not elsewhere.requests
        )
        message = (
            f"{status}, exit status {result.returncode}, {len(here.requests)} requests, "
            f"{len(elsewhere.requests)} redirected; {result.stderr[-MAX_OUTPUT:]}"
        )
        self._row.record("redirect", passed=passed, message=message)

    def _run(self, step: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = self._sandbox.env | variables
        result = run(self._command, self._folder, seconds=RUN_SECONDS, **environment)
        keys = (self._sandbox.web_api_key, self._sandbox.app_key)
        if any(key in result.stdout + result.stderr for key in keys):
            self._row.record(step, passed=False, message="a key was printed")
        return result


class Elsewhere:
    """A server that records the paths of all requests, and can redirect them to another server."""

    def __init__(self, status: int = 200, target: str = "") -> None:
        self.requests: list[str] = []
        requests = self.requests

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                requests.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                if target:
                    self.send_header("Location", f"{target}{self.path}")
                self.end_headers()

            do_GET = do_OPTIONS = do_POST  # noqa: N815 - the library's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Log nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def difference(printed: str) -> str:
    """Return a description of the first difference to the expected output."""
    lines = printed.splitlines()
    expected_lines = EXPECTED.splitlines()
    for number, (line, expected) in enumerate(zip(lines, expected_lines, strict=False), 1):
        if line != expected:
            return f"line {number} is {line!r}, not {expected!r}"
    return f"{len(lines)} of {len(expected_lines)} lines"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown, whose columns are aligned in the source too."""
    headings = ["language", "generator", "toolchain", *STEPS, "seconds to generate + build + run"]
    cells = [headings, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = ["-" * width for width in widths]
    lines = [
        f"| {' | '.join(map(str.ljust, row, widths))} |" for row in (headings, rule, *cells[1:])
    ]
    return "\n".join(lines)


def with_programs(readme: str) -> str:
    """Return the page with the source of each program after the line that names its file."""

    def program(match: re.Match[str]) -> str:
        source = (HERE / match[2]).read_text(encoding="utf-8")
        return f"{match[1]}{source}```\n"

    return re.sub(
        r"(<!-- (\S+) -->\n```\w+\n).*?^```\n", program, readme, flags=re.DOTALL | re.MULTILINE
    )


def with_table(readme: str, table: str) -> str:
    """Return the page with the table after the line that marks its place."""
    return re.sub(
        r"(<!-- table -->\n\n).*?\n\n",
        lambda match: f"{match[1]}{table}\n\n",
        readme,
        flags=re.DOTALL,
    )


def end(number: int, _: FrameType | None) -> NoReturn:
    """Exit when a signal arrives, which ends all processes that were started."""
    sys.exit(128 + number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the languages, print the results, and return the exit status.

    It is 1 if a language failed, or if the toolchain of a required one is missing.
    """
    languages = sorted(path.parent.name for path in HERE.glob("*/Makefile"))
    parser = argparse.ArgumentParser(
        description="Run the program of each language, with a generated client, in the sandbox."
    )
    parser.add_argument(
        "languages",
        nargs="*",
        metavar="LANGUAGE",
        help=f"one of {', '.join(languages)}; default: all",
    )
    parser.add_argument(
        "--require",
        default="",
        help="languages whose toolchain must be installed: 'php ruby', or 'all'",
    )
    parser.add_argument(
        "--write", action="store_true", help="write the table and the programs into README.md"
    )
    options = parser.parse_args(arguments)
    required: list[str] = languages if options.require == "all" else options.require.split()
    chosen = sorted({*options.languages, *required}) if options.languages else languages
    unknown = {*chosen, *required} - {*languages}
    if unknown:
        parser.error(f"no such language: {', '.join(sorted(unknown))}")

    signal.signal(signal.SIGTERM, end)
    rows = try_languages(chosen)
    print(table(rows))
    if options.write:
        readme = HERE / "README.md"
        written = with_table(with_programs(readme.read_text(encoding="utf-8")), table(rows))
        readme.write_text(written, encoding="utf-8")
    return summarize(rows, required)


def try_languages(names: Sequence[str]) -> list[Row]:
    """Start a sandbox and the referee, and try each language."""
    rows: list[Row] = []
    with (
        Sandbox(page_cap=PAGE_CAP, unknown_fields=True, cors_origins=("*",)) as sandbox,
        Referee(sandbox.base_url).running() as referee,
    ):
        control(sandbox, referee)
        for name in names:
            print(f"{name} ...", file=sys.stderr, flush=True)
            rows.append(try_language(HERE / name, sandbox, referee))
    return rows


def summarize(rows: Sequence[Row], required: Sequence[str]) -> int:
    """Print what went wrong and the counts, and return the exit status."""
    missing = [row for row in rows if not row.toolchain and row.language not in required]
    failed = [row for row in rows if not row.all_passed and row not in missing]
    for row in rows:
        if row.messages:
            print(f"\n{row.language}: " + "\n".join(row.messages))
    passed = len(rows) - len(failed) - len(missing)
    print(f"\n{passed} passed, {len(failed)} failed, {len(missing)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
