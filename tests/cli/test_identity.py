"""The host and account that a command shows, and the warning about an ignored account key."""

# The types that pyarrow-stubs has are in part unknown.
# pyright: reportUnknownMemberType=false

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq  # pyright: ignore[reportMissingTypeStubs] - pyarrow-stubs lacks this module
import pytest
from openpyxl import load_workbook

from answers import listing, rows
from commands import Ended, run
from finerworks.sandbox import ORDINARY_APP_KEY, ORDINARY_WEB_API_KEY, Sandbox
from wire import Exchange, Wire, http

OWN = "the owner of the keys in the environment"
IGNORED = "finerworks: warning: the account key appears to be ignored"
UNCHECKED = "finerworks: warning: could not check whether the account key is ignored"
ORDINARY = {"FINERWORKS_WEB_API_KEY": ORDINARY_WEB_API_KEY, "FINERWORKS_APP_KEY": ORDINARY_APP_KEY}
"""Keys that may not read for others: the server ignores the account key."""

COMMANDS = [("list",), ("export", "a.csv"), ("report", "a.html")]


def invoices(sandbox: Sandbox, folder: Path, *arguments: str, **known: str) -> Ended:
    """Run a command about invoices in a folder."""
    return run("invoices", *arguments, known={**sandbox.env, **known}, folder=folder)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_names_the_host_and_the_account(
    command: tuple[str, ...], sandbox: Sandbox, tmp_path: Path
) -> None:
    """The first line on standard error names the host and the account."""
    again = () if command == ("list",) else ("--overwrite",)

    def first_line(*options: str, **known: str) -> str:
        done = invoices(sandbox, tmp_path, *command, *again, *options, **known)
        assert done.status == 0, done.err
        return done.err.splitlines()[0]

    host = f"Host {sandbox.base_url}, account: "
    other = {"FINERWORKS_ACCOUNT_KEY": "seller-birch"}
    assert first_line() == f"{host}{OWN}"
    assert first_line("--account-key", "seller-aspen", **other) == (
        f"{host}seller-aspen (from --account-key)"
    )
    assert first_line(**other) == f"{host}seller-birch (from FINERWORKS_ACCOUNT_KEY)"


@pytest.mark.parametrize("command", COMMANDS)
def test_quiet_is_quiet(command: tuple[str, ...], sandbox: Sandbox, tmp_path: Path) -> None:
    """`--quiet` does not print the account either."""
    done = invoices(sandbox, tmp_path, *command, "-q", "--account-key", "seller-birch")
    assert (done.status, done.err) == (0, "")


def test_keys_of_a_file_are_said_to_be_from_it(sandbox: Sandbox, tmp_path: Path) -> None:
    """Keys and accounts from a file are described with the name of the file."""
    lines = [f"{name}={value}\n" for name, value in sandbox.env.items()]
    (tmp_path / "own.env").write_text("".join(lines))
    (tmp_path / "birch.env").write_text("".join([*lines, "FINERWORKS_ACCOUNT_KEY=seller-birch"]))
    own = run("check", "--env-file", "own.env", folder=tmp_path)
    birch = run("check", "--env-file", "birch.env", folder=tmp_path)
    assert own.out.splitlines()[1] == "account   the owner of the keys in own.env"
    assert birch.out.splitlines()[1] == "account   seller-birch (from birch.env)"


def test_check_takes_an_account(sandbox: Sandbox) -> None:
    """`check --account-key` prints the account and the number of its invoices."""
    own = run("check", known=sandbox.env)
    done = run("check", "--account-key", "seller-birch", known=sandbox.env)
    assert f"account   {OWN}" in own.out.splitlines()
    assert (done.status, done.err) == (0, "")
    assert "account   seller-birch (from --account-key)" in done.out.splitlines()
    assert "invoices  26" in done.out.splitlines()
    blank = run("check", "--account-key", " ", known=sandbox.env)
    assert (blank.status, "--account-key is blank" in blank.err) == (2, True)


def test_check_of_a_shape_takes_an_account(sandbox: Sandbox, tmp_path: Path) -> None:
    """`check --shape` reads the account, and does not write its key to the file."""
    options = ("--shape", "shape.json", "--account-key", "seller-birch")
    done = run("check", *options, known=sandbox.env, folder=tmp_path)
    assert "account   seller-birch (from --account-key)" in done.out.splitlines()
    assert "invoices  26" in done.out.splitlines()
    assert "seller-birch" not in (tmp_path / "shape.json").read_text("utf-8")


def test_the_report_names_the_host_and_the_account(sandbox: Sandbox, tmp_path: Path) -> None:
    """The header of the report names the host and the account."""
    invoices(sandbox, tmp_path, "report", "own.html")
    invoices(sandbox, tmp_path, "report", "birch.html", FINERWORKS_ACCOUNT_KEY="seller-birch")
    own = (tmp_path / "own.html").read_text("utf-8")
    birch = (tmp_path / "birch.html").read_text("utf-8")
    assert "the account that owns the keys" in own
    assert "seller-birch" in birch
    assert all(sandbox.base_url in page for page in (own, birch))


def column(path: Path) -> list[object]:
    """Return the column account_key of a file."""
    match path.suffix:
        case ".csv":
            return [row["account_key"] for row in csv.DictReader(io.StringIO(path.read_text()))]
        case ".jsonl":
            return [json.loads(line)["account_key"] for line in path.read_text().splitlines()]
        case ".parquet":
            return list(pq.read_table(path).column("account_key").to_pylist())
        case _:
            (heads, *cells) = load_workbook(path).worksheets[0].values
            return [row[heads.index("account_key")] for row in cells]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "xlsx"])
def test_an_export_has_the_account_in_a_column(form: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """An export has the column `account_key` if an account is given. For your own, it is empty."""
    path = tmp_path / f"a.{form}"

    def exported(*options: str, **known: str) -> list[object]:
        command = ("export", path.name, "--overwrite", "--layout", "full", *options)
        done = invoices(sandbox, tmp_path, *command, **known)
        assert done.status == 0, done.err
        return column(path)

    assert exported("--account-key", "seller-birch") == ["seller-birch"] * 26
    assert exported(FINERWORKS_ACCOUNT_KEY="seller-cedar") == ["seller-cedar"] * 25
    own = exported("--with-account", "--limit", "3")
    assert own == [""] * 3 if form == "csv" else own == [None] * 3
    with pytest.raises((KeyError, ValueError)):
        exported()


def test_the_layout_plain_has_the_account_in_its_first_column(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """The first column of `plain` is the account, and is empty without one."""
    path = tmp_path / "a.csv"
    command = ("export", path.name, "--overwrite", "--layout", "plain")
    for option, account in (("--account-key=seller-birch", "seller-birch"), ("--limit=3", "")):
        done = invoices(sandbox, tmp_path, *command, option)
        assert done.status == 0, done.err
        found = {row["account"] for row in csv.DictReader(io.StringIO(path.read_text()))}
        assert found == {account}


def test_a_list_for_programs_has_the_account_too(sandbox: Sandbox, tmp_path: Path) -> None:
    """JSON and CSV have the account as the last member."""
    options = ("--account-key", "seller-birch", "--limit", "1", "--format")
    for form in ("json", "jsonl", "csv"):
        out = invoices(sandbox, tmp_path, "list", *options, form).out
        assert "account_key" in out
        assert "seller-birch" in out
        assert "account_key" not in invoices(sandbox, tmp_path, "list", "--format", form).out


@pytest.mark.parametrize("command", [*(("invoices", *each) for each in COMMANDS), ("check",)])
def test_an_account_key_that_is_ignored_gets_a_warning(
    command: tuple[str, ...], sandbox: Sandbox, tmp_path: Path
) -> None:
    """If the invoices are those of your own account, a warning is printed, even with `--quiet`."""
    options = ("--account-key", "seller-birch")
    quiet = () if command == ("check",) else ("--quiet",)
    known = {**sandbox.env, **ORDINARY}
    done = run(*command, *options, *quiet, known=known, folder=tmp_path)
    assert (done.status, len(done.err.splitlines())) == (0, 1)
    assert done.err.startswith(IGNORED)
    assert "seller-birch" not in done.err


def test_an_ignored_key_is_noticed_in_a_few_rows(sandbox: Sandbox, tmp_path: Path) -> None:
    """An ignored key is detected with `--limit`, with filters, and from the environment."""
    key = {**ORDINARY, "FINERWORKS_ACCOUNT_KEY": "seller-birch"}
    for options in (("--limit", "1"), ("--since", "2030-01"), ("--consistent",)):
        assert IGNORED in invoices(sandbox, tmp_path, "list", *options, **key).err


Answer = Callable[[Exchange], None]


def pages(of_account: Sequence[int], own: Sequence[int], *, status_of_own: int = 200) -> Answer:
    """Make a server with one page for an account, and another one for the keys' own account."""

    def answer(exchange: Exchange) -> None:
        is_own = "account_key" not in exchange.asked
        found = own if is_own else of_account
        found = found[: exchange.asked["per_page"]]
        status = status_of_own if is_own else 200
        content = json.dumps(listing(rows(*found), len(found))).encode()
        exchange.send(http(content, status, "Content-Type: application/json"))

    return answer


def against(wire: Wire, *arguments: str, folder: Path) -> Ended:
    """Run the command for an account against a test server."""
    keys = {"FINERWORKS_WEB_API_KEY": "web-key", "FINERWORKS_APP_KEY": "app-key"}
    known = {**keys, "FINERWORKS_BASE_URL": wire.url, "FINERWORKS_ACCOUNT_KEY": "seller"}
    return run(*arguments, known=known, folder=folder)


@pytest.mark.parametrize("command", [("invoices", "list"), ("check",)])
def test_another_account_is_no_ignored_key(command: tuple[str, ...], tmp_path: Path) -> None:
    """There is no warning about another account, or about one without invoices."""
    for of_account, own in (([1, 2], [3]), ([1, 2], []), ([], []), ([1], [1, 2])):
        with Wire(pages(of_account, own)) as wire:
            done = against(wire, *command, folder=tmp_path)
        assert (done.status, "warning" in done.err) == (0, False), (of_account, own)
        asked_own = [each for each in wire.exchanges if "account_key" not in each.asked]
        assert len(asked_own) == (1 if of_account else 0)


@pytest.mark.parametrize("command", [("invoices", "list"), ("check",)])
def test_own_rows_that_cannot_be_read_are_no_failure(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    """If your own account cannot be read, one line says so, and the command succeeds."""
    with Wire(pages([1, 2], [1, 2], status_of_own=403)) as wire:
        done = against(wire, *command, folder=tmp_path)
    assert done.status == 0
    assert done.out
    assert done.err.splitlines()[-1].startswith(UNCHECKED)


def test_without_an_account_nothing_more_is_requested(tmp_path: Path) -> None:
    """Without an account, no additional request is sent."""
    with Wire(pages([], [1, 2, 3])) as wire:
        done = run(
            "invoices",
            "list",
            known={
                "FINERWORKS_WEB_API_KEY": "web-key",
                "FINERWORKS_APP_KEY": "app-key",
                "FINERWORKS_BASE_URL": wire.url,
            },
            folder=tmp_path,
        )
    assert (done.status, len(wire.exchanges)) == (0, 1)


def test_an_account_key_cannot_change_the_terminal(sandbox: Sandbox, tmp_path: Path) -> None:
    """Invisible characters in an account key are shown by their code points."""
    done = invoices(sandbox, tmp_path, "list", "--account-key", "x\x1b[2J", **ORDINARY)
    assert done.status == 0
    assert "\x1b" not in done.err
    assert "x<U+001B>[2J (from --account-key)" in done.err
