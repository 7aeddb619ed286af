"""`--env-file`: both keys come from the file, and no line is skipped silently."""

import codecs
import io
import json
import subprocess
from pathlib import Path

import dotenv.parser
import pytest

from answers import listing, rows
from commands import COMMAND, Ended, environment, run
from finerworks import CredentialsError
from finerworks.cli.env_file import MAX_BYTES, EnvFile, read_env_file
from finerworks.cli.options import WrongUsageError
from finerworks.cli.variables import resemblance
from finerworks.sandbox import Sandbox
from wire import Exchange, Wire, http

WEB, APP = "canary-of-the-web-key", "canary-of-the-app-key"
GOOD = f"FINERWORKS_WEB_API_KEY={WEB}\nFINERWORKS_APP_KEY={APP}\n"

OTHERS = {
    "FINERWORKS_WEB_API_KEY": "web-of-environment",
    "FINERWORKS_APP_KEY": "app-of-environment",
}
"""Keys in the environment, which belong to somebody else."""


def empty(exchange: Exchange) -> None:
    """Respond with no invoices."""
    exchange.send(http(json.dumps(listing(rows())).encode(), 200, "Content-Type: application/json"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the file's path."""
    return tmp_path / "keys.env"


def read(path: Path, content: str | bytes) -> EnvFile:
    """Read a file with this content."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_env_file(path)


def keys(file: EnvFile) -> tuple[str, str]:
    """Return both keys as plain text."""
    return str.__str__(file.web_api_key), str.__str__(file.app_key)


def problem(path: Path, content: str | bytes) -> str:
    """Return the error about a file, without the file's name, and check that it shows no key."""
    with pytest.raises(WrongUsageError) as caught:
        read(path, content)
    message = caught.value.message
    assert "canary" not in message
    start = f"--env-file {path}"
    assert message.startswith(start)
    assert len(message.splitlines()) == 1
    return message.removeprefix(start)


def sent_keys(wire: Wire) -> set[tuple[str, str]]:
    """Return the pairs of keys that a server received."""
    found = set[tuple[str, str]]()
    for exchange in wire.exchanges:
        lines = exchange.head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        found.add((headers["web_api_key"], headers["app_key"]))
    return found


def check(wire: Wire, path: Path, **known: str) -> Ended:
    """Run the command with a file, and with keys of the environment that it must not use."""
    url = {"FINERWORKS_BASE_URL": wire.url}
    return run("check", "--env-file", path, known={**OTHERS, **url, **known})


@pytest.mark.parametrize(
    "content",
    [
        f'$env:FINERWORKS_WEB_API_KEY="{WEB}"\nFINERWORKS_APP_KEY={APP}\n',
        f'"FINERWORKS_WEB_API_KEY"={WEB}\nFINERWORKS_APP_KEY={APP}\n',
        f"finerworks_web_api_key={WEB}\nFINERWORKS_APP_KEY={APP}\n",
        f"\N{ZERO WIDTH SPACE}FINERWORKS_WEB_API_KEY={WEB}\nFINERWORKS_APP_KEY={APP}\n",
        f"FINERWORKS_APP_KEY={APP}\n",
    ],
)
def test_a_key_of_the_environment_never_joins_one_of_a_file(content: str, path: Path) -> None:
    """A key from the environment never completes a file with one key. Nothing is sent."""
    path.write_text(content, encoding="utf-8")
    with Wire(empty) as wire:
        done = check(wire, path)
    assert (done.status, done.out, wire.connections) == (2, "", 0)
    assert "FINERWORKS_WEB_API_KEY" in done.err
    assert "canary" not in done.err


NOTEPAD = "# keys\r\n" + GOOD.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + NOTEPAD.encode(),
        codecs.BOM_UTF16_LE + NOTEPAD.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + NOTEPAD.encode("utf-16-be"),
    ],
    ids=["utf-8", "utf-16-le", "utf-16-be"],
)
def test_a_file_of_notepad_is_read(data: bytes, path: Path) -> None:
    """A file with a byte order mark and Windows line endings is read."""
    path.write_bytes(data)
    with Wire(empty) as wire:
        done = check(wire, path)
    assert (done.status, done.err) == (0, "")
    assert sent_keys(wire) == {(WEB, APP)}


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", b""),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", b""),
        ("utf-16-be", codecs.BOM_UTF16_BE),
    ],
)
def test_encodings_and_line_breaks(encoding: str, mark: bytes, break_: str, path: Path) -> None:
    """Every encoding that editors write is read, with every line break."""
    text = f"\n# clé\n{GOOD}\nFINERWORKS_ACCOUNT_KEY=séller-木".replace("\n", break_)
    file = read(path, mark + text.encode(encoding))
    assert keys(file) == (WEB, APP)
    assert file.account_key == "séller-木"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{name}={value}", "value-1"),
        ("{name} = {value} ", "value-1"),
        ("export {name}={value}", "value-1"),
        ("  \t{name}\t=\t{value}", "value-1"),
        ("\N{NO-BREAK SPACE}{name}={value}\N{NO-BREAK SPACE}", "value-1"),
        ("{name}='{value}'", "value-1"),
        ('{name}="{value}" # a comment', "value-1"),
        ("{name}={value} # a comment", "value-1"),
        ("'{name}'={value}", "value-1"),
        ("{name}={value}#not-a-comment", "value-1#not-a-comment"),
        ("{name}={value}==", "value-1=="),
        ("{name}=$HOME-{value}", "$HOME-value-1"),
        ("{name}='${{HOME}}{value}'", "${HOME}value-1"),
        ("{name}={value}\n{name}={value}", "value-1"),
        ("#{name}=other\n{name}={value}", "value-1"),
    ],
)
def test_values(content: str, expected: str, path: Path) -> None:
    """Values are those of python-dotenv, without substitution."""
    lines = content.format(name="FINERWORKS_WEB_API_KEY", value="value-1")
    assert keys(read(path, f"{lines}\nFINERWORKS_APP_KEY={APP}")) == (expected, APP)


@pytest.mark.parametrize("line", ["FINERWORKS_ACCOUNT_KEY=", "FINERWORKS_ACCOUNT_KEY= # my own"])
def test_a_value_that_is_empty_or_a_comment_is_empty(line: str, path: Path) -> None:
    """An empty value, or one that is only a comment, is empty in every version of python-dotenv."""
    assert read(path, GOOD + line).account_key == ""
    assert read(path, GOOD).account_key is None


@pytest.mark.parametrize(
    ("line", "variable"),
    [
        ("set FINERWORKS_APP_KEY={key}", "APP_KEY"),
        ("setx FINERWORKS_APP_KEY {key}", "APP_KEY"),
        ("FINERWORKS_APP_KEY: {key}", "APP_KEY"),
        ("FINERWORKS_APP_KEY:{key}", "APP_KEY"),
        ('"FINERWORKS_APP_KEY": "{key}",', "APP_KEY"),
        ("FINERWORKS_APP_KEY {key}", "APP_KEY"),
        ("FINERWORKS_APP_KEY", "APP_KEY"),
        ("export FINERWORKS_APP_KEY", "APP_KEY"),
        ("FINERWORKS_APP_KEY='{key}", "APP_KEY"),
        ('FINERWORKS_APP_KEY="{key}', "APP_KEY"),
        ('FINERWORKS_APP_KEY="{key}" more', "APP_KEY"),
        ("FINERWORKS APP KEY = {key}", "APP_KEY"),
        ("ENV FINERWORKS_BASE_URL https://api.test/{key}", "BASE_URL"),
        ("{key}", None),
        ("= {key}", None),
        ("[keys]", None),
        ("if true; then", None),
    ],
)
def test_a_line_that_cannot_be_parsed_is_named(line: str, variable: str | None, path: Path) -> None:
    """An invalid line is an error with its number and the variable that was probably meant."""
    told = problem(path, f"{GOOD}\n\n{line.format(key='canary-3')}\n# end\n")
    question = f". Did you mean FINERWORKS_{variable}?" if variable else ""
    assert told == f", line 5: not NAME=VALUE{question}"


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("finerworks_app_key", "APP_KEY"),
        ("FinerWorks_App_Key", "APP_KEY"),
        ('"FINERWORKS_APP_KEY"', "APP_KEY"),
        ("$env:FINERWORKS_APP_KEY", "APP_KEY"),
        ("${env:FINERWORKS_APP_KEY}", "APP_KEY"),
        ("$FINERWORKS_APP_KEY", "APP_KEY"),
        ("FINERWORKS_APP_KEY+", "APP_KEY"),
        ("FINERWORKS_APP_KEY[0]", "APP_KEY"),
        ("FINERWORKS-APP-KEY", "APP_KEY"),
        ("FINERWORKS.APP.KEY", "APP_KEY"),
        ("FINERWORKSAPPKEY", "APP_KEY"),
        ("FINERWORKS__APP_KEY", "APP_KEY"),
        ("FINERWORKS_FINERWORKS_APP_KEY", "APP_KEY"),
        ("FINER_WORKS_APP_KEY", "APP_KEY"),
        ("FINERWORK_APP_KEY", "APP_KEY"),
        ("FINEWORKS_APP_KEY", "APP_KEY"),
        ("FINERWORKS_AP_KEY", "APP_KEY"),
        ("FINERWORKS_APP_KEYS", "APP_KEY"),
        ("FINERWORSK_APP_KEY", "APP_KEY"),
        ("F\N{CYRILLIC CAPITAL LETTER BYELORUSSIAN-UKRAINIAN I}NERWORKS_APP_KEY", "APP_KEY"),
        ("ＦＩＮＥＲＷＯＲＫＳ＿ＡＰＰ＿ＫＥＹ", "APP_KEY"),  # noqa: RUF001 - full width
        ("FINERWORKS_API_KEY", "APP_KEY or FINERWORKS_WEB_API_KEY"),
        ("FINERWORKS_WEBAPI_KEY", "WEB_API_KEY"),
        ("FINERWORKS_WEB_APP_KEY", "WEB_API_KEY"),
        ("FINERWORKS_ACOUNT_KEY", "ACCOUNT_KEY"),
        ("FINERWORKS_BASEURL", "BASE_URL"),
        ("FINERWORKS_BASE_URI", "BASE_URL"),
        ("finerworks_log", "LOG"),
    ],
)
def test_a_misspelled_name_is_an_error(name: str, variable: str, path: Path) -> None:
    """A misspelled name is an error, even if the file sets the right one as well."""
    told = problem(path, f"{GOOD}{name}=canary-3\n")
    assert told == f", line 3: the name is misspelled. Did you mean FINERWORKS_{variable}?"


@pytest.mark.parametrize(
    "invisible",
    [
        "\N{ZERO WIDTH NO-BREAK SPACE}",  # a byte order mark
        "\N{ZERO WIDTH SPACE}",
        "\N{WORD JOINER}",
        "\N{RIGHT-TO-LEFT MARK}",
        "\N{SOFT HYPHEN}",
        "\0",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("name", ["{0}FINERWORKS_APP_KEY", "FINERWORKS_{0}APP_KEY"])
def test_an_invisible_character_in_a_name_is_an_error(
    name: str, invisible: str, path: Path
) -> None:
    """An invisible character in a name is an error that names the character."""
    told = problem(path, f"FINERWORKS_WEB_API_KEY={WEB}\n{name.format(invisible)}={APP}\n")
    assert told == (
        ", line 2: the name has an invisible character. "
        "Did you mean FINERWORKS_APP_KEY? Type it anew"
    )


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("ACCOUNT_KEY", "ACCOUNT_KEY"),
        ("account_key", "ACCOUNT_KEY"),
        ("FINERWORKS_ACCOUNT", "ACCOUNT_KEY"),
        ("FINERWORKS_ACCOUNT_ID", "ACCOUNT_KEY"),
        ("FINERWORKS_ACCOUNT_KEY_2", "ACCOUNT_KEY"),
        ("BASE_URL", "BASE_URL"),
        ("FINERWORKS_URL", "BASE_URL"),
        ("OUR_FINERWORKS_BASE_URL", "BASE_URL"),
    ],
)
def test_a_similar_name_is_an_error_unless_the_right_one_is_there(
    name: str, variable: str, path: Path
) -> None:
    """A similar name is an error, unless the file also sets the right one."""
    told = problem(path, f"{GOOD}{name}=canary-3\n")
    assert told == (
        f", line 3: the name is not read. Did you mean FINERWORKS_{variable}? "
        f"If it is meant for another program, add a line FINERWORKS_{variable}= as well"
    )
    assert keys(read(path, f"{GOOD}{name}=canary-3\nFINERWORKS_{variable}=")) == (WEB, APP)


@pytest.mark.parametrize("name", ["WEB_API_KEY", "web_api_key", "FINERWORKS_WEB_API_KEY_TEST"])
def test_a_key_with_a_similar_name_is_an_error(name: str, path: Path) -> None:
    """A key with a similar name is reported with its line, not as a missing key."""
    told = problem(path, f"{name}={WEB}\nFINERWORKS_APP_KEY={APP}\n")
    assert told.startswith(", line 1: the name is not read. Did you mean FINERWORKS_WEB_API_KEY?")


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "APP_KEY",
        "WEB_API_KEY",
        "FINERWORKS_APP_KEY_OLD",
        "SHOPIFY_API_KEY",
        "DATABASE_URL",
        "APP_URL",
        "FINERWORKS_TIMEOUT",
        "FINERWORKS_LOGIN",
        "FINERWORKS_WEBHOOK_SECRET",
        "LOG",
        "K",
        "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}" * 1000,
    ],
)
def test_other_variables_are_ignored(name: str, path: Path) -> None:
    """Variables of other programs are ignored."""
    assert keys(read(path, f"{name}=anything\n{GOOD}")) == (WEB, APP)


def test_a_variable_resembles_itself() -> None:
    """The name of a variable resembles itself, so an invalid line that sets it is recognized."""
    found = resemblance("FINERWORKS_WEB_API_KEY")
    assert found is not None
    assert found.variables == ("FINERWORKS_WEB_API_KEY",)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("APP_KEY", "canary 3", "contains a character that no key has"),
        ("APP_KEY", "canary-3\0", "contains a character that no key has"),
        ("APP_KEY", "\N{LEFT DOUBLE QUOTATION MARK}canary-3", "contains a character that no key"),
        ("APP_KEY", "canary\N{ZERO WIDTH SPACE}-3", "contains a character that no key has"),
        ("APP_KEY", '"canary-3\n"', "contains a character that no key has"),
        ("APP_KEY", "${canary}", "refers to something else, which is not read"),
        ("APP_KEY", "${canary:-canary}", "refers to something else, which is not read"),
        ("APP_KEY", '"$(cat canary)"', "refers to something else, which is not read"),
        ("APP_KEY", "`canary`", "refers to something else, which is not read"),
        ("BASE_URL", "https://${canary}", "refers to something else, which is not read"),
        ("ACCOUNT_KEY", "' '", "is blank, or has a character that cannot be seen"),
        ("ACCOUNT_KEY", "canary\N{ZERO WIDTH SPACE}", "is blank, or has a character that cannot"),
        ("BASE_URL", "canary-3", "is not an http:// or https:// address"),
        ("BASE_URL", "https://canary-3@api.test", "contains credentials, a path or a query"),
        ("BASE_URL", "http://api.test", "would send the keys unencrypted"),
        ("LOG", "canary-3", "must be debug or info"),
    ],
)
def test_an_invalid_value_is_named_and_not_shown(
    name: str, value: str, told: str, path: Path
) -> None:
    """An error about a value names the line and the variable, not Python's argument."""
    lines = "".join(line for line in GOOD.splitlines(keepends=True) if f"_{name}=" not in line)
    number = len(lines.splitlines()) + 1
    message = problem(path, f"{lines}FINERWORKS_{name}={value}\n")
    assert message.startswith(f", line {number}: FINERWORKS_{name} {told}")
    assert f"{name.lower()}=" not in message


def test_two_values_of_a_variable_are_an_error(path: Path) -> None:
    """Two different values of a variable are an error."""
    told = problem(path, f"{GOOD}FINERWORKS_APP_KEY=canary-3\n")
    assert told == ", line 3: FINERWORKS_APP_KEY has another value in line 2"


@pytest.mark.parametrize("line_break", ["\n", "\N{LINE SEPARATOR}", "\x0b"], ids=ascii)
def test_a_quote_that_is_not_closed_hides_no_variable(line_break: str, path: Path) -> None:
    """A variable inside an unclosed quote, such as the account, is an error."""
    lines = f"NOTE='it{line_break}FINERWORKS_ACCOUNT_KEY=canary-3{line_break}LAST=it'\n"
    told = problem(path, f"{GOOD}{lines}")
    assert told == (
        ", line 3: the value contains FINERWORKS_ACCOUNT_KEY=: "
        "begin a line for it, and close the quotes before"
    )
    misspelled = problem(path, f"{GOOD}{lines.replace('ACCOUNT', 'ACOUNT')}")
    assert misspelled == told
    assert keys(read(path, f"{GOOD}CERTIFICATE='one\ntwo=\n'")) == (WEB, APP)


@pytest.mark.parametrize(
    "line",
    [
        "NOTE=1 FINERWORKS_ACCOUNT_KEY=canary-3",
        "NOTE=1; export FINERWORKS_ACCOUNT_KEY = canary-3",
        "FINERWORKS_LOG=info FINERWORKS_ACCOUNT_KEY=canary-3",
    ],
)
def test_a_second_variable_in_a_line_is_an_error(line: str, path: Path) -> None:
    """A second variable in a line is an error: it would become a part of the first value."""
    told = problem(path, f"{GOOD}{line}\n")
    assert told.startswith(", line 3: the value contains FINERWORKS_ACCOUNT_KEY=: begin a line")
    assert keys(read(path, f"{GOOD}NOTE=1 # FINERWORKS_ACCOUNT_KEY=canary-3")) == (WEB, APP)


@pytest.mark.parametrize("name", ["FINERWORKS_WEB_API_KEY", "FINERWORKS_APP_KEY"])
@pytest.mark.parametrize("line", ["", "{name}=", "{name}=''", "# {name}=canary"])
def test_a_file_with_one_key_is_wrong_usage(name: str, line: str, path: Path) -> None:
    """A file with one key is an error that names the missing one."""
    lines = [other for other in GOOD.splitlines() if not other.startswith(name)]
    told = problem(path, "\n".join([*lines, line.format(name=name)]))
    assert told.startswith(f" does not set {name}. Both keys must be in the file")


@pytest.mark.parametrize("content", ["", "\n", "# nothing", "OTHER=1", "FINERWORKS_APP_KEY="])
def test_a_file_without_keys_has_the_status_of_missing_keys(content: str, path: Path) -> None:
    """A file without keys is an error: the keys of the environment are not used."""
    with pytest.raises(CredentialsError, match="sets neither FINERWORKS_WEB_API_KEY nor"):
        read(path, content)
    with Wire(empty) as wire:
        done = check(wire, path)
    assert (done.status, wire.connections) == (3, 0)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (GOOD.encode() + b"# caf\xe9\n", 3),
        (b"\xff\n" + GOOD.encode(), 1),
        (codecs.BOM_UTF16_LE + NOTEPAD.encode("utf-16-le") + b"\0", 4),
        (codecs.BOM_UTF16_LE + NOTEPAD.encode("utf-16-le") + b"\0\xd8", 4),
        (b"\0", 1),
    ],
)
def test_a_file_that_is_not_text_is_wrong_usage(data: bytes, line: int, path: Path) -> None:
    """A file that cannot be decoded is an error that names the line."""
    told = problem(path, data)
    assert told == f" is not a text file in UTF-8 (see line {line}): save it as UTF-8"


def test_an_error_holds_no_text_of_the_file(path: Path) -> None:
    """An error contains no text of the file, unlike a UnicodeDecodeError."""
    path.write_bytes(GOOD.encode() + b"\xff")
    done = run("check", "--debug", "--env-file", path, known=OTHERS)
    assert (done.status, "Traceback" in done.err, "UnicodeDecodeError" in done.err) == (
        2,
        True,
        False,
    )
    assert "canary" not in done.err


def test_a_large_file_is_wrong_usage(path: Path) -> None:
    """A file that is too large is an error, and is not read completely."""
    comment = b"#" * (MAX_BYTES - len(GOOD) - 1) + b"\n"
    assert keys(read(path, GOOD.encode() + comment)) == (WEB, APP)
    assert "is larger than 64 KiB" in problem(path, GOOD.encode() + comment + b"\n")
    done = run("check", "--env-file", "/dev/zero", known=OTHERS)
    assert (done.status, "is larger than 64 KiB" in done.err) == (2, True)


def test_a_file_that_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    """A folder or a missing file is an error."""
    for path in (tmp_path, tmp_path / "gone"):
        with pytest.raises(WrongUsageError, match="cannot be read: "):
            read_env_file(path)
        assert run("check", "--env-file", path, known=OTHERS).status == 2


@pytest.mark.parametrize("script", ["{command} <(cat {path})", "cat {path} | {command} /dev/stdin"])
def test_a_pipe_is_read(script: str, path: Path) -> None:
    """A pipe is read once, for example from a program that decrypts the keys."""
    path.write_text(GOOD)
    with Wire(empty) as wire:
        known = environment({**OTHERS, "FINERWORKS_BASE_URL": wire.url})
        command = script.format(command=f"'{COMMAND}' check --env-file", path=f"'{path}'")
        done = subprocess.run(
            ["bash", "-c", command], env=known, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert sent_keys(wire) == {(WEB, APP)}


def test_the_host_is_that_of_the_file_then_of_the_environment(path: Path) -> None:
    """The host comes from the file, else from the environment. An empty one is the default."""
    with Wire(empty) as wire, Wire(empty) as other:
        path.write_text(f"{GOOD}FINERWORKS_BASE_URL={other.url}")
        assert f"host      {other.url}" in check(wire, path).out
        path.write_text(GOOD)
        assert f"host      {wire.url}" in check(wire, path).out
    assert (wire.connections > 0, other.connections > 0) == (True, True)
    path.write_text(f"{GOOD}FINERWORKS_BASE_URL=")
    dead = {"https_proxy": "http://127.0.0.1:1", **OTHERS, "FINERWORKS_BASE_URL": wire.url}
    assert "v2.api.finerworks.com" in run("check", "--env-file", path, known=dead).out


@pytest.mark.parametrize("command", [("check",), ("invoices", "list")])
def test_an_account_of_the_environment_does_not_join_keys_of_a_file(
    command: tuple[str, ...], sandbox: Sandbox, path: Path
) -> None:
    """An account from the environment is an error, unless the file names an account."""
    lines = "".join(f"{name}={value}\n" for name, value in sandbox.env.items())
    path.write_text(lines)
    known = {"FINERWORKS_ACCOUNT_KEY": "seller-aspen"}
    done = run(*command, "--env-file", path, known=known)
    assert (done.status, done.out) == (2, "")
    assert "add FINERWORKS_ACCOUNT_KEY= to the file" in done.err
    assert "seller-aspen" not in done.err
    path.write_text(f"{lines}FINERWORKS_ACCOUNT_KEY=seller-birch")
    done = run("invoices", "list", "--env-file", path, known=known)
    assert (done.status, "26 invoices" in done.out) == (0, True)
    path.write_text(f"{lines}FINERWORKS_ACCOUNT_KEY=")
    assert "invoices  250" in run("check", "--env-file", path, known=known).out


def test_an_account_option_wins_over_file_and_environment(sandbox: Sandbox, path: Path) -> None:
    """`--account-key` takes precedence over the file and the environment, also in a report."""
    lines = "".join(f"{name}={value}\n" for name, value in sandbox.env.items())
    known = {"FINERWORKS_ACCOUNT_KEY": "seller-aspen"}
    report = path.with_suffix(".html")
    for line in ("", "FINERWORKS_ACCOUNT_KEY=seller-null"):
        path.write_text(lines + line)
        options = ("--account-key", "seller-birch", "--env-file", path)
        done = run("invoices", "report", report, "--overwrite", *options, known=known)
        assert (done.status, "\n26 invoices" in done.err) == (0, True)
        assert "seller-birch" in report.read_text()
    path.write_text(f"{lines}FINERWORKS_ACCOUNT_KEY=seller-birch")
    run("invoices", "report", report, "--overwrite", "--env-file", path)
    assert "seller-birch" in report.read_text()


def test_a_blank_account_of_the_environment_is_wrong_usage(sandbox: Sandbox) -> None:
    """A blank account in the environment is an error that names the variable."""
    done = run("check", known={**sandbox.env, "FINERWORKS_ACCOUNT_KEY": " "})
    assert (done.status, "FINERWORKS_ACCOUNT_KEY" in done.err) == (2, True)


def test_a_file_can_turn_on_logging(sandbox: Sandbox, path: Path) -> None:
    """The file sets the log level, unless `--verbose` is given."""
    lines = "".join(f"{name}={value}\n" for name, value in sandbox.env.items())
    path.write_text(f"{lines}FINERWORKS_LOG=info")
    done = run("check", "--env-file", path)
    assert (done.status, done.err) == (0, "")
    assert "POST /v3/list_invoices" in run("check", "--verbose", "--env-file", path).err


def test_python_dotenv_parses_as_expected() -> None:
    """This fails if a new version of python-dotenv changes the parser, which is not documented."""
    first, second = dotenv.parser.parse_stream(io.StringIO("\nA='1'\n="))
    assert (first.key, first.value, first.error) == ("A", "1", False)
    assert (first.original.string, first.original.line) == ("\nA='1'\n", 1)
    assert (second.key, second.value, second.error) == (None, None, True)


def test_a_dash_is_standard_input(sandbox: Sandbox, tmp_path: Path) -> None:
    """`--env-file -` reads standard input, and errors name it."""
    lines = "".join(f"{name}={value}\n" for name, value in sandbox.env.items())

    def check_input(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, "check", "--env-file", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment(OTHERS),
        )

    done = check_input(lines)
    assert (done.returncode, done.stderr) == (0, "")
    assert "account   the owner of the keys in standard input" in done.stdout.splitlines()
    wrong = check_input("FINERWORKS_APP_KEY=x\n")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("finerworks: --env-file - does not set FINERWORKS_WEB_API_KEY")
