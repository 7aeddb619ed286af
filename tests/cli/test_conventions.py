"""The conventions for command line programs from https://clig.dev."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from answers import listing
from commands import COMMAND, Ended, environment, on_terminal, run
from finerworks import extras
from finerworks.cli import help_texts
from finerworks.cli.options import EXIT_STATUSES
from finerworks.cli.suggestions import suggest_option
from finerworks.sandbox import Sandbox
from programs import needed_program
from wire import Exchange, Wire, http

ROOT = Path(__file__).parents[2]
KEYS = {"FINERWORKS_WEB_API_KEY": "canary-web-key", "FINERWORKS_APP_KEY": "canary-app-key"}
COMMANDS = [
    (),
    ("invoices",),
    ("invoices", "list"),
    ("invoices", "export"),
    ("invoices", "report"),
    ("check",),
    ("login",),
    ("logout",),
    ("whoami",),
    ("sandbox",),
]
HELP_TEXTS = [
    help_texts.ROOT,
    help_texts.INVOICES,
    help_texts.LIST,
    help_texts.EXPORT,
    help_texts.REPORT,
    help_texts.CHECK,
]


@pytest.mark.parametrize("command", COMMANDS)
def test_h_is_help(command: tuple[str, ...]) -> None:
    """`-h` is the same as `--help` for every command."""
    short = run(*command, "-h")
    assert short.status == 0
    assert short == run(*command, "--help")


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_come_first(command: tuple[str, ...]) -> None:
    """Examples follow the first sentence of the help, and begin with the command's name."""
    lines = [line.strip() for line in run(*command, "--help").out.splitlines()]
    example = lines.index("examples:" if command == ("sandbox",) else "Examples:")
    options = [line.strip("╭─╮ ").lower().removesuffix(":") for line in lines].index("options")
    assert example < options
    first = lines[example + 1].removeprefix("$ ")
    assert first.startswith(" ".join(("finerworks", *command)))


@pytest.mark.parametrize("text", HELP_TEXTS)
def test_examples_of_the_help_run(text: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """Every example in the help runs in a shell."""
    examples = re.findall(r"^  \$ (.+)$", text, re.MULTILINE)
    assert examples
    path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    for example in examples:
        if "| jq" in example and shutil.which("jq") is None:
            continue
        done = subprocess.run(
            ["bash", "-c", example],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment({**sandbox.env, "PATH": path}),
        )
        assert done.returncode == 0, f"{example}: {done.stderr}"


@pytest.mark.parametrize(
    "text", [*HELP_TEXTS, help_texts.LOGIN, help_texts.LOGOUT, help_texts.WHOAMI]
)
def test_no_sentence_of_the_help_is_broken(text: str) -> None:
    """No sentence in the help contains a line break: typer keeps the line breaks of a text."""
    for paragraph in text.split("\n\n"):
        assert "\n" not in paragraph or paragraph.startswith("Examples:\n")


@pytest.mark.parametrize("command", COMMANDS[2:-1])
def test_help_explains_the_exit_statuses(command: tuple[str, ...]) -> None:
    """The help of each command, and the man page, list the exit statuses."""
    told = " ".join(run(*command, "--help").out.split())
    assert all(f"{status} {meaning}" in told for status, meaning in EXIT_STATUSES.items())


def test_list_prints_json(sandbox: Sandbox) -> None:
    """`list --json` prints the array of `--format json`. Another `--format` is wrong usage."""
    done = run("invoices", "list", "--json", known=sandbox.env)
    assert done.out == run("invoices", "list", "--format", "json", known=sandbox.env).out
    assert len(json.loads(done.out)) == 250
    both = run("invoices", "list", "--json", "--format", "csv", known=sandbox.env)
    assert both.status == 2
    assert "--json and --format csv are two formats" in json.loads(both.err)["error"]["message"]


def test_check_prints_json(sandbox: Sandbox) -> None:
    """`check --json` prints a single object."""
    done = run("check", "--json", "--account-key", "seller-birch", known=sandbox.env)
    found = json.loads(done.out)
    assert (done.status, done.err) == (0, "")
    assert found.pop("first_response_seconds") > 0
    assert found.pop("later_responses_seconds") > 0
    assert found == {
        "host": sandbox.base_url,
        "account_key": "seller-birch",
        "keys": "accepted",
        "invoices": 26,
        "deviations": [],
    }


def test_check_prints_deviations_as_json() -> None:
    """`check --json` lists deviations. If they are an error, the error is JSON as well."""
    with Sandbox(invoices=3, shapes=("null-fields",)) as deviating:
        done = run("check", "--json", known=deviating.env)
    assert done.status == 5
    assert json.loads(done.out)["deviations"] == ["amount_due is null in 3 of 3 invoices"]
    assert json.loads(done.err)["error"]["exit_status"] == 5


@pytest.mark.parametrize(("command", "name"), [("export", "a.csv"), ("report", "a.html")])
def test_summaries_are_json(command: str, name: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """JSON summaries go to standard output, with the exact total and the account."""
    done = run("invoices", command, name, "--json", known=sandbox.env, folder=tmp_path)
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out, parse_float=Decimal) == {
        "file": name,
        "host": sandbox.base_url,
        "account_key": None,
        "shown": None,
        "invoices": 250,
        "amount_due": Decimal("118620104.20"),
        "notes": [],
    }


@pytest.mark.parametrize(("command", "name"), [("export", "a.csv"), ("report", "a.html")])
def test_summaries_say_which_invoices_were_selected(
    command: str, name: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    """As `list` does, since what is left out is not in the total. --quiet says nothing."""
    months = ("--since", "2026-07", "--until", "2026-09")

    def write(*options: str) -> Ended:
        arguments = ("invoices", command, name, "--overwrite", *options)
        return run(*arguments, known=sandbox.env, folder=tmp_path)

    assert write(*months).err.splitlines()[2:] == ["Shown: 2026-07 to 2026-09."]
    shown = json.loads(write(*months, "--past-due", "--json").out)["shown"]
    assert shown == "2026-07 to 2026-09, past due date only"
    assert "Shown" not in write().err
    assert write(*months, "--quiet") == (0, "", "")


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("a.json", b"[\n{"), ("a.jsonl", b"{"), ("a.csv", b"invoice_id,"), ("a.txt", b"Invoice  ")],
)
def test_a_list_goes_to_a_file(
    name: str, beginning: bytes, sandbox: Sandbox, tmp_path: Path
) -> None:
    """`list --output` chooses the format by the extension, and prints nothing on standard output."""
    done = run("invoices", "list", "-o", name, known=sandbox.env, folder=tmp_path)
    again = run("invoices", "list", "--output", name, known=sandbox.env, folder=tmp_path)
    assert (done.status, done.out) == (0, "")
    assert (tmp_path / name).read_bytes().startswith(beginning)
    assert (again.status, "add --overwrite" in again.err) == (2, True)
    unknown = run("invoices", "list", "-o", "a.xlsx", known=sandbox.env, folder=tmp_path)
    assert (unknown.status, "finerworks invoices export" in unknown.err) == (2, True)


def test_a_dash_is_standard_output(sandbox: Sandbox, tmp_path: Path) -> None:
    """For each command that writes a file, `-` prints the same bytes on standard output."""
    known = sandbox.env
    as_list = run("invoices", "list", "-o", "-", "--format", "csv", known=known, folder=tmp_path)
    exported = run("invoices", "export", "-", "--format", "csv", known=known, folder=tmp_path)
    named = run("invoices", "export", "-o", "-", "--format", "csv", known=known, folder=tmp_path)
    page = run("invoices", "report", "-", known=known, folder=tmp_path)
    assert len(list(csv.DictReader(io.StringIO(exported.out)))) == 250
    assert as_list.out == exported.out == named.out
    assert page.out.startswith("<!DOCTYPE html>")
    assert exported.err.splitlines()[-1] == "250 invoices, 118,620,104.20 due in all"
    assert list(tmp_path.iterdir()) == []


def test_a_summary_does_not_mix_with_the_file(sandbox: Sandbox, tmp_path: Path) -> None:
    """If the file goes to standard output, its JSON summary goes to standard error."""
    options = ("-", "--format", "jsonl", "--json")
    done = run("invoices", "export", *options, known=sandbox.env, folder=tmp_path)
    assert len(done.out.splitlines()) == 250
    summary = json.loads(done.err)
    assert (summary["file"], summary["invoices"]) == (None, 250)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "-"), "standard output has no extension: set --format to one of csv, jsonl"),
        (
            ("export", "invoices.pdf"),
            (
                "finerworks: invoices.pdf has an unknown extension: name it .csv, .jsonl, .parquet or "
                ".xlsx, or set --format\n"
            ),
        ),
        (
            ("export", "invoices"),
            (
                "finerworks: invoices has no extension: name it .csv, .jsonl, .parquet or .xlsx, or "
                "set --format\n"
            ),
        ),
        (("list", "-o", "invoices.pdf"), "finerworks: invoices.pdf has an unknown extension: set"),
        (("list", "-o", "invoices"), "finerworks: invoices has no extension: set --format to one"),
        (("export", "a.csv", "-o", "b.csv"), "the file is named twice"),
        (("export",), "Missing argument 'FILE'"),
        (("report",), "Missing argument 'FILE'"),
        (("report", "-o", "a.txt"), "a.txt must end in .html"),
    ],
)
def test_a_wrong_file_is_noticed_at_once(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    """An invalid output file is an error before anything is requested."""
    known = {**KEYS, "FINERWORKS_BASE_URL": "http://127.0.0.1:1"}
    done = run("invoices", *arguments, known=known, folder=tmp_path)
    assert (done.status, message in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    ("file_format", "extensions"),
    [
        ("xlsx", ["csv", "json", "jsonl", "parquet", "xls", "pdf", "html", "txt", "ods", "CSV"]),
        ("parquet", ["csv", "json", "jsonl", "xlsx", "xls", "pdf", "html", "txt", "ods"]),
        ("csv", ["xlsx", "parquet", "xls", "ods", "pdf"]),
        ("jsonl", ["xlsx", "parquet", "xls", "ods", "pdf"]),
    ],
)
def test_a_file_has_no_extension_of_another_kind_of_file(
    file_format: str, extensions: list[str], tmp_path: Path
) -> None:
    """The program that opens it by its extension could not read it. Nothing is requested."""
    known = {**KEYS, "FINERWORKS_BASE_URL": "http://127.0.0.1:1"}
    for extension in extensions:
        arguments = ("invoices", "export", f"a.b.{extension}", "--format", file_format)
        done = run(*arguments, known=known, folder=tmp_path)
        assert done == (
            2,
            "",
            (
                f"finerworks: a.b.{extension} does not end in .{file_format}, which --format "
                f"{file_format} writes: name it a.b.{file_format}\n"
            ),
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("file_format", "name"),
    [("xlsx", "a.XLSX"), ("xlsx", "a.bak"), ("csv", "a.txt"), ("jsonl", "a.json"), ("xlsx", "a")],
)
def test_other_extensions_may_have_any_format(
    file_format: str, name: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Texts have many extensions, and an unknown one promises nothing."""
    arguments = ("invoices", "export", name, "--format", file_format)
    assert run(*arguments, known=sandbox.env, folder=tmp_path).status == 0


def test_no_binary_file_goes_to_a_terminal(sandbox: Sandbox) -> None:
    """Binary formats are not printed on a terminal. Text formats are."""
    export = (COMMAND, "invoices", "export", "-", "--limit", "1", "--format")
    status, shown = on_terminal(*export, "xlsx", **sandbox.env)
    assert (status, "a terminal cannot show xlsx" in shown) == (2, True)
    assert on_terminal(*export, "csv", **sandbox.env)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ("invoices list --limt 3", "--limit"),
        ("invoices list --jsn", "--json"),
        ("invoices list --form csv", "--format"),
        ("invoices list --from 2026-01", "--since"),
        ("invoices list --acount-key a", "--account-key"),
        ("invoices export --force a.csv", "--overwrite"),
        ("invoices export --out a.csv", "--output"),
        ("check --quite", None),
        ("check --verbos", "--verbose"),
        ("check --hlep", "--help"),
        ("check --xyz", None),
        ("list --limit 3", "'finerworks invoices list'"),
        ("chekc", "'check'"),
    ],
)
def test_misspelled_options_and_commands(arguments: str, meant: str | None) -> None:
    """A suggestion for a misspelled option or command exists and is right, or there is none."""
    done = run(*arguments.split())
    first_line = done.err.splitlines()[0]
    assert done.status == 2
    if meant is None:
        assert "Did you mean" not in first_line
    else:
        assert first_line.endswith(f"Did you mean {meant}?")


def test_each_synonym_is_of_an_option_that_exists() -> None:
    """Every known synonym refers to an existing option."""
    for name in ("--from", "--to", "--seller", "--env", "--file", "--silent"):
        assert suggest_option(
            name, ["--since", "--until", "--account-key", "--env-file", "--output", "--quiet"]
        )


COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]")


def test_colour_can_be_switched_off(sandbox: Sandbox) -> None:
    """`--no-color` before or after the command, `NO_COLOR` and `TERM=dumb` turn off colours."""
    listed = ("invoices", "list", "--limit", "3", "--as-of", "2026-11-24")
    assert COLOUR.search(on_terminal(COMMAND, *listed, **sandbox.env)[1])
    for command in ((COMMAND, *listed, "--no-color"), (COMMAND, "--no-color", *listed)):
        status, shown = on_terminal(*command, **sandbox.env)
        assert (status, COLOUR.search(shown)) == (0, None)
        assert "INV-202610-0001" in shown
    for known in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        status, shown = on_terminal(COMMAND, *listed, **sandbox.env, **known)
        assert (status, COLOUR.search(shown)) == (0, None)
        assert not COLOUR.search(on_terminal(COMMAND, "--help", **known)[1])


def test_a_dumb_terminal_gets_no_animation(sandbox: Sandbox) -> None:
    """A dumb terminal gets no animation and no escape sequence."""
    _, shown = on_terminal(COMMAND, "invoices", "list", **sandbox.env, TERM="dumb")
    assert "\x1b" not in shown
    assert "250 invoices" in shown


def failing(status: int, body: object) -> Callable[[Exchange], None]:
    """Make a server that sends the same response to each request."""
    content = json.dumps(body).encode()
    return lambda each: each.send(http(content, status, "Content-Type: application/json"))


@pytest.mark.parametrize(
    ("command", "body", "status", "kind"),
    [
        (("check", "--json"), {"message": "no"}, 403, "PermissionDeniedError"),
        (("invoices", "list", "--json"), {"message": "no"}, 404, "NotFoundError"),
        (("invoices", "export", "a.csv", "--json"), listing([{}]), 200, "ResponseValidationError"),
    ],
)
def test_errors_are_json(
    command: tuple[str, ...], body: object, status: int, kind: str, tmp_path: Path
) -> None:
    """With `--json`, an error is one object with the class, the message and the exit status."""
    with Wire(failing(status, body)) as wire:
        done = run(*command, known={**KEYS, "FINERWORKS_BASE_URL": wire.url}, folder=tmp_path)
    error = json.loads(done.err)["error"]
    assert done.out == ""
    assert (error["type"], error["exit_status"]) == (kind, done.status)
    assert error["message"].startswith("POST /v3/list_invoices, attempt 1: ")
    assert error.get("http_status") == (status if status != 200 else None)
    assert "canary" not in done.err


def test_errors_in_the_command_line_are_json_too() -> None:
    """Errors in the command line are JSON, too. Arguments after `--` belong to another command."""
    for arguments in (("check", "--json", "--nonsense"), ("nonsense", "--json")):
        done = run(*arguments)
        error = json.loads(done.err)["error"]
        assert (error["type"], error["exit_status"], done.status) == ("UsageError", 2, 2)
    assert run("nonsense", "--", "--json").err.startswith("finerworks: No such command")


NO_PYTHON = re.compile(r"[a-z_]{3,}=|True|False|None")


@pytest.mark.parametrize(
    ("known", "part"),
    [
        ({"FINERWORKS_WEB_API_KEY": ""}, "FINERWORKS_WEB_API_KEY is not set"),
        ({"FINERWORKS_APP_KEY": "canary of\x7fkey"}, "FINERWORKS_APP_KEY contains a character"),
        ({"FINERWORKS_ACCOUNT_KEY": " "}, "FINERWORKS_ACCOUNT_KEY is blank: unset it"),
        ({"FINERWORKS_BASE_URL": "nonsense"}, "FINERWORKS_BASE_URL is not an http:// or https://"),
        ({"FINERWORKS_BASE_URL": "http://api.test"}, "unencrypted: use https://"),
        ({"FINERWORKS_BASE_URL": "http://127.0.0.1:1"}, "the host http://127.0.0.1:1"),
    ],
)
def test_errors_name_variables_and_options(
    known: dict[str, str], part: str, tmp_path: Path
) -> None:
    """Errors name variables and options instead of arguments of the Python SDK."""
    done = run("check", known={**KEYS, **known}, folder=tmp_path)
    assert part in done.err
    assert not NO_PYTHON.search(done.err), done.err
    assert "canary" not in done.err


def test_rejected_keys_are_said_to_be_from_somewhere(sandbox: Sandbox, tmp_path: Path) -> None:
    """An error about rejected keys says where they come from, and names the host."""
    wrong = {**KEYS, "FINERWORKS_BASE_URL": sandbox.base_url}
    (tmp_path / "own.env").write_text("".join(f"{name}={value}\n" for name, value in wrong.items()))
    by_environment = run("check", known=wrong).err
    by_file = run("check", "--env-file", "own.env", folder=tmp_path).err
    assert "The keys are those in the environment." in by_environment
    assert "The keys are those in own.env." in by_file
    for message in (by_environment, by_file):
        assert message.startswith("finerworks: the keys were refused: HTTP 400: ")
        assert "FinerWorks does not say which of the two keys it refuses." in message
        assert f"for the host {sandbox.base_url}." in message
        assert not NO_PYTHON.search(message), message


def test_the_command_says_what_can_be_seen_of_rejected_keys(sandbox: Sandbox) -> None:
    """As the SDK does."""
    wrong = {"FINERWORKS_WEB_API_KEY": "'canary'", "FINERWORKS_APP_KEY": "'canary'"}
    done = run("check", known={**wrong, "FINERWORKS_BASE_URL": sandbox.base_url})
    assert "Both keys are equal." in done.err
    assert "The app_key begins and ends with a quotation mark." in done.err
    assert "canary" not in done.err


def test_a_timeout_names_no_argument_of_python() -> None:
    """The advice about a timeout is to try again, as there is no option for it."""
    program = "import finerworks.config as c, sys, httpx; c.DEFAULT_TIMEOUT = httpx.Timeout(0.05)\n"
    program += "from finerworks.cli import main; sys.exit(main())"
    with Wire(lambda each: each.wait()) as wire:
        done = subprocess.run(
            [sys.executable, "-c", program, "check"],
            capture_output=True,
            text=True,
            check=False,
            env=environment({**KEYS, "FINERWORKS_BASE_URL": wire.url}),
        )
    assert done.returncode == 4
    assert done.stderr.strip().endswith("Try again later.")
    assert not NO_PYTHON.search(done.stderr)


def test_python_m_finerworks_is_the_command(sandbox: Sandbox) -> None:
    """`python -m finerworks` runs the command, if its script is not on the PATH."""
    done = subprocess.run(
        [sys.executable, "-m", "finerworks", "check"],
        capture_output=True,
        text=True,
        check=True,
        env=environment(sandbox.env),
    )
    assert "invoices  250" in done.stdout


def test_help_of_the_sandbox_is_of_this_command() -> None:
    """`finerworks sandbox` uses the name that the user typed, in its help and in errors."""
    told = run("sandbox", "--help").out
    assert told.startswith("usage: finerworks sandbox [options]")
    assert "python -m finerworks.sandbox" not in told
    assert "\n  finerworks sandbox --invoices 1000" in told


def test_a_missing_extra_is_installed_where_the_command_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The advice names pip, pipx or uv, whichever installed the command, and the packages of the extra."""
    assert extras.install_command("arrow") == f"{sys.executable} -m pip install 'pyarrow>=18'"
    (tmp_path / "finerworks").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "finerworks"))
    (tmp_path / "finerworks" / "pipx_metadata.json").touch()
    assert extras.install_command("arrow") == "pipx inject finerworks 'pyarrow>=18'"
    (tmp_path / "finerworks" / "pipx_metadata.json").unlink()
    monkeypatch.setitem(sys.modules, "pip", None)
    assert extras.install_command("arrow") == (
        f"uv pip install --python {sys.executable} 'pyarrow>=18'"
    )


def test_the_man_page_is_up_to_date() -> None:
    """The man page matches the output of `make man`."""
    done = subprocess.run(
        [sys.executable, "tools/manpage.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "command", [("groff", "-man", "-Tutf8", "-ww", "-z"), ("mandoc", "-Tlint", "-Wwarning")]
)
def test_the_man_page_can_be_read(command: tuple[str, ...]) -> None:
    """Both readers of man pages display the page without a warning."""
    needed_program(
        command[0], advice=f"{command[0]} is not installed: run make toolchains, on Debian"
    )
    done = subprocess.run(
        [*command, "docs/finerworks.1"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_man_page_has_each_command_and_option() -> None:
    """The man page has every command, option, exit status and variable, and examples."""
    page = (ROOT / "docs" / "finerworks.1").read_text("utf-8").replace("\\-", "-")
    for command in COMMANDS[2:]:
        assert f'.SS "finerworks {" ".join(command)}"' in page
    for part in ("--account-key", "--json", "FINERWORKS_BASE_URL", "129 or 143", "$ finerworks"):
        assert part in page
