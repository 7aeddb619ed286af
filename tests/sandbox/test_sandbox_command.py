"""`python -m finerworks.sandbox`, run as a command."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle

import httpx
import pytest

from finerworks.extras import install_command

COMMAND = (sys.executable, "-W", "error", "-m", "finerworks.sandbox")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# A program that says when it is there, and that a signal it was sent has come.
WAITS = (
    "import signal, sys, time\n"
    "for number in (signal.SIGINT, signal.SIGTERM):\n"
    "    signal.signal(number, lambda number, _: sys.exit(40 + number))\n"
    "print('ready', flush=True)\n"
    "time.sleep(60)\n"
)


def run(
    *arguments: str, command: Sequence[str] = COMMAND, **variables: str
) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    return subprocess.run(
        [*command, *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@contextmanager
def started(*arguments: str) -> Generator[subprocess.Popen[str]]:
    """The command, running; at the end it is killed if it still runs."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=pipe, stderr=pipe, text=True, encoding="utf-8"
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines_of(process: subprocess.Popen[str], count: int) -> list[str]:
    """The next lines of its standard output."""
    assert process.stdout is not None
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


def list_with(variables: dict[str, str]) -> httpx.Response:
    """One request, made by nothing but what the variables say."""
    return httpx.post(
        variables["FINERWORKS_BASE_URL"] + "/v3/list_invoices",
        json={},
        headers={
            "web_api_key": variables["FINERWORKS_WEB_API_KEY"],
            "app_key": variables["FINERWORKS_APP_KEY"],
        },
        trust_env=False,
    )


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_it_prints_how_to_use_it_and_stops_cleanly(number: signal.Signals) -> None:
    """What it prints works as printed; either signal ends it with 0 and no word on stderr."""
    with started("--port", "0", "--invoices", "12") as process:
        first, page, keys, _, *exports = lines_of(process, 7)
        variables = dict(line.removeprefix("export ").split("=", 1) for line in exports)
        answer = list_with(variables)
        assert answer.json()["total_count"] == 12
        url = variables["FINERWORKS_BASE_URL"]
        assert f"listens on {url}." in first
        assert page.endswith(f"{url}/ui")
        assert httpx.get(f"{url}/ui/", trust_env=False).status_code == 200
        assert "sandbox-web-api-key" in keys
        assert "sandbox-app-key" in keys
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")


def test_a_second_signal_while_it_stops_changes_nothing() -> None:
    """An impatient Ctrl-C, again and again, still ends with 0 and no traceback."""
    with started("--port", "0") as process:
        lines_of(process, 7)
        for number in cycle(STOP_SIGNALS):
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.01)
                break
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    """Which port, and what is wrong with it; exit status 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("--port", str(port))
    assert (result.returncode, result.stdout) == (1, "")
    assert f"cannot listen on 127.0.0.1, port {port}: Address already in use" in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_a_command_the_port_is_8765() -> None:
    """A known address by default: it listens there, or says that somebody else does."""
    with started() as process:
        first = lines_of(process, 1)[0]
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert ":8765." in first if first else "port 8765: Address already in use" in errors


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--port", "65536"], "--port: must be from 0 to 65535, not 65536"),
        (["--port", "http"], "--port: must be an integer, not 'http'"),
        (["--invoices", "-1"], "--invoices: must be from 0 to 2147483647, not -1"),
        (["--page-cap", "0"], "--page-cap: must be from 1 to 25, not 0"),
        (["--page-cap", "26"], "--page-cap: must be from 1 to 25, not 26"),
        (["--latency", "nan"], "--latency: must be from 0 to 3600, not nan"),
        (["--fail-rate", "1.01"], "--fail-rate: must be from 0 to 1, not 1.01"),
        (["--fail-rate", "most"], "--fail-rate: must be a number, not 'most'"),
        (["--rate-limit", "0"], "--rate-limit: must be from 1 to 1000000, not 0"),
        (["--seed", "x"], "--seed: invalid int value: 'x'"),
        (["--cors-origin", "localhost:80"], "--cors-origin: must be an origin such as"),
        (["--cors-origin", "http://a.test/"], "--cors-origin: must be an origin such as"),
        (["--page", "5"], "unrecognized arguments: --page 5"),
        (["python", "x.py"], "unrecognized arguments: python x.py"),
        (["--"], "a command is missing after --"),
    ],
)
def test_a_bad_option_is_told_in_one_line_by_its_name(arguments: list[str], told: str) -> None:
    """What it may be and what it was; exit status 2, no usage and no traceback."""
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("host", ["no.such.host.invalid", "no..host", "256.1.1.1"])
def test_a_host_that_is_not_there_is_told_in_one_line(host: str) -> None:
    """Exit status 1 and the name."""
    result = run("--host", host, "--port", "0")
    assert result.returncode == 1
    assert f"cannot listen on {host}, port 0: " in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_help_says_all(encoding: str) -> None:
    """Each option with its range and default, the accounts and keys, what it is not, examples."""
    result = run("--help", PYTHONIOENCODING=encoding, COLUMNS="500")
    assert result.returncode == 0
    for words in (
        "It is not\nFinerWorks",
        "nothing is sent to other hosts",
        "0 to 65535, default 8765, or 0 with COMMAND",
        "0 to 2147483647, default 72",
        "1 to 25, default 25",
        "in seconds; 0 to 3600, default 0",
        "0 to 1, default 0",
        "1 to 1000000, default no limit",
        "default 2026",
        "default 127.0.0.1",
        "--cors-origin ORIGIN",
        "--edge-cases",
        "--verbose",
        "edge-cases: 250",
        "seller-aspen: 60",
        "seller-null: null",
        "sandbox-web-api-key, sandbox-app-key",
        "sandbox-ordinary-web-api-key, sandbox-ordinary-app-key",
        "-- python reconcile.py",
    ):
        assert words in result.stdout
    assert ("séller" in result.stdout) == (encoding == "utf-8")


def test_a_command_runs_against_the_sandbox() -> None:
    """It finds the three variables, and they work; a real account's key is not handed to it."""
    program = (
        "import os, urllib.request as u\n"
        "env = {k: v for k, v in os.environ.items() if k.startswith('FINERWORKS_')}\n"
        "keys = {'web_api_key': env['FINERWORKS_WEB_API_KEY'], 'app_key': env['FINERWORKS_APP_KEY']}\n"
        "r = u.Request(env['FINERWORKS_BASE_URL'] + '/v3/list_invoices', b'{}',"
        " {**keys, 'Content-Type': 'application/json'})\n"
        "print(sorted(env), u.build_opener(u.ProxyHandler({})).open(r).status)\n"
    )
    result = run("--", sys.executable, "-c", program, FINERWORKS_ACCOUNT_KEY="someone")
    names = ["FINERWORKS_APP_KEY", "FINERWORKS_BASE_URL", "FINERWORKS_WEB_API_KEY"]
    assert (result.stdout, result.stderr) == (f"{names} 200\n", "")
    assert result.returncode == 0


def test_what_the_options_say_is_what_the_sandbox_does() -> None:
    """Each of them arrives; those for failures make every request fail."""
    program = (
        "import json, os, urllib.error, urllib.request as u\n"
        "env = os.environ\n"
        "headers = {'web_api_key': env['FINERWORKS_WEB_API_KEY'], 'app_key': env['FINERWORKS_APP_KEY'],"
        " 'Content-Type': 'application/json', 'Origin': 'http://b.test'}\n"
        "r = u.Request(env['FINERWORKS_BASE_URL'] + '/v3/list_invoices', b'{}', headers)\n"
        "for _ in range(8):\n"
        "    try:\n"
        "        a = u.build_opener(u.ProxyHandler({})).open(r)\n"
        "        b = json.load(a)\n"
        "        print(len(b['invoices']), b['total_count'], len(b), b['status']['reference_id'],"
        " a.headers['Access-Control-Allow-Origin'], b['invoices'][0]['amount_due'])\n"
        "    except urllib.error.HTTPError as e:\n"
        "        print(e.code)\n"
    )
    command = ("--", sys.executable, "-c", program)
    numbers = ("--invoices", "9", "--page-cap", "4", "--latency", "0.01", "--rate-limit", "1")
    origins = ("--cors-origin", "http://a.test", "--cors-origin", "http://b.test")
    first, *others = run(*numbers, *origins, *command).stdout.splitlines()
    assert first.startswith("4 9 3 ")
    assert " http://b.test " in first
    assert "429" in others
    assert run("--seed", "3", *command).stdout != run("--seed", "4", *command).stdout
    assert "10 72 3 " in run(*command).stdout
    assert " 1234567.89\n" not in run(*command).stdout
    assert " 1234567.89\n" in run("--edge-cases", *command).stdout
    assert "10 72 4 " in run("--unknown-fields", *command).stdout
    assert "10 72 3 " not in run("--fail-rate", "1", *command).stdout
    assert run("--fail-request", "1", *command).stdout.startswith("500\n10 72 3 ")


@pytest.mark.parametrize("status", [1, 77])
def test_the_exit_status_is_the_commands(status: int) -> None:
    """So that a failing test run fails."""
    assert run("--", sys.executable, "-c", f"raise SystemExit({status})").returncode == status


def test_a_command_that_a_signal_ended_is_told_as_a_shell_tells_it() -> None:
    """128 and the signal's number."""
    program = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run("--", sys.executable, "-c", program).returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize(("command", "status"), [("no-such-command", 127), (os.sep, 126)])
def test_a_command_that_cannot_be_run_is_told_in_one_line(command: str, status: int) -> None:
    """With a shell's exit statuses for what is not there, and for what is no program."""
    result = run("--", command)
    assert result.returncode == status
    assert f"cannot run {command}: " in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_is_passed_on_to_the_command(number: signal.Signals) -> None:
    """The command ends in its own way, and its exit status is kept."""
    with started("--", sys.executable, "-c", WAITS) as process:
        assert lines_of(process, 1) == ["ready"]
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (40 + number, "")


def test_listening_for_other_machines_is_warned_of() -> None:
    """One line on standard error; on this machine's own address there is none."""
    command = ("--", sys.executable, "-c", "")
    everywhere = run("--host", "0.0.0.0", *command)  # noqa: S104
    assert everywhere.returncode == 0
    assert "warning: other machines can reach the sandbox" in everywhere.stderr
    assert everywhere.stderr.count("\n") == 1
    assert run("--host", "localhost", *command).stderr == ""


@pytest.mark.parametrize("redirected", [">/dev/full", ">&-", "2>/dev/full --host 0.0.0.0"])
def test_streams_that_cannot_be_written_stop_no_sandbox(redirected: str) -> None:
    """It serves, as a service whose port is known needs no address printed, and stops cleanly."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    script = f'exec "$@" --port {port} {redirected}'
    command = ["bash", "-c", script, "bash", *COMMAND]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            while True:
                with suppress(httpx.ConnectError):
                    url = f"http://127.0.0.1:{port}/openapi.json"
                    assert httpx.get(url, trust_env=False).status_code == 200
                    break
                assert process.poll() is None
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    full = b"finerworks.sandbox: warning: cannot print the address: No space left on device\n"
    assert errors == (full if redirected == ">/dev/full" else b"")


def test_verbose_logs_requests_on_standard_error() -> None:
    """Standard output stays the command's."""
    program = (
        "import os, urllib.request as u\n"
        "opener = u.build_opener(u.ProxyHandler({}))\n"
        "opener.open(os.environ['FINERWORKS_BASE_URL'] + '/openapi.json')\n"
    )
    loud = run("--verbose", "--", sys.executable, "-c", program)
    assert loud.stdout == ""
    assert '"GET /openapi.json HTTP/1.1" 200' in loud.stderr
    assert run("--", sys.executable, "-c", program).stderr == ""


def test_without_its_extra_it_says_what_to_install() -> None:
    """One line instead of a traceback; the help needs no extra."""
    program = (
        "import runpy, sys\n"
        "sys.modules['connexion'] = None\n"
        "runpy.run_module('finerworks.sandbox', run_name='__main__', alter_sys=True)\n"
    )
    command = (sys.executable, "-c", program)
    result = run("--port", "0", command=command)
    assert (result.returncode, result.stdout) == (2, "")
    assert f"install it with {install_command('sandbox')}" in result.stderr
    assert result.stderr.count("\n") == 1
    assert run("--help", command=command).returncode == 0
