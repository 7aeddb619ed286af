"""examples/: each program, run by the command that their page gives, against the sandbox."""

import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "examples" / "README.md").read_text("utf-8")
COMMANDS = {
    Path(
        next(word for word in line.split() if word.startswith("examples/"))
    ).name: line.removeprefix("$ ").split()
    for line in PAGE.splitlines()
    if line.startswith("$ ")
}
PROGRAMS = sorted(name for name in COMMANDS if not name.startswith("test_"))
EDGE_CASES = ("--invoices", "250", "--edge-cases")
"""Options of the sandbox for amounts that floats get wrong."""

REFUSED = "Missing or unauthorized api credentials"


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command with this Python in place of the environment's, where it may write."""
    words = [sys.executable if word == ".venv/bin/python" else word for word in command]
    words = [str(ROOT / word) if word.startswith("examples/") else word for word in words]
    return subprocess.run(
        words, cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=100, check=False
    )


def example(
    name: str, *options: str, cwd: Path, arguments: tuple[str, ...] | None = None
) -> tuple[int, str, str]:
    """Run the command of the page, with options for the sandbox or other arguments for the program."""
    words = COMMANDS[name]
    at = words.index("--")
    program = words[at + 1 : at + 3] + (words[at + 3 :] if arguments is None else list(arguments))
    ran = run(*words[:at], *options, "--", *program, cwd=cwd)
    return ran.returncode, ran.stdout, ran.stderr


def test_the_page_has_all_of_them() -> None:
    """Each program has a line in the table and a command, and there is none without a program."""
    there = {path.name for path in (ROOT / "examples").glob("*.py")}
    assert there == set(COMMANDS) == set(re.findall(r"^\| \[`(.+)`\]", PAGE, re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("list_invoices.py", "72 invoices, 8,207.58 due in all\n"),
        ("list_async.py", "in all             8,207.58\n"),
        ("export_to_ledger.py", "72 new, 0 known: finerworks.journal\n"),
        ("many_accounts.py", "2 of 2 accounts were read\n"),
        ("handle_errors.py", "Read all 72 invoices.\n"),
    ],
)
def test_the_command_does_what_it_says(name: str, told: str, tmp_path: Path) -> None:
    """With the sandbox's invoices, the last line is the exact one."""
    status, output, errors = example(name, cwd=tmp_path)
    assert (status, errors) == (0, "")
    assert output.endswith(told)


@pytest.mark.parametrize("name", PROGRAMS)
def test_with_wrong_keys_it_says_so(name: str, tmp_path: Path) -> None:
    """Exit status 1, nothing on standard output but the head of a table, no traceback, and no file."""
    words = COMMANDS[name]
    before = words[: words.index("--") + 1]
    ran = run(*before, "env", "FINERWORKS_APP_KEY=wrong", *words[len(before) :], cwd=tmp_path)
    assert ran.returncode == 1
    assert REFUSED in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not re.search(r"\d", ran.stdout)
    assert list(tmp_path.iterdir()) == []


def test_without_keys_nothing_is_tried(tmp_path: Path) -> None:
    """Each names the two variables in a line."""
    for name in PROGRAMS:
        ran = run(sys.executable, f"examples/{name}", cwd=tmp_path)
        assert ran.returncode == 1
        assert "FINERWORKS_WEB_API_KEY" in ran.stderr
        assert "Traceback" not in ran.stderr


def test_years_are_added_exactly(tmp_path: Path) -> None:
    """The lines of the years add up to the last line."""
    _, output, _ = example("list_async.py", *EDGE_CASES, cwd=tmp_path)
    *years, total = (Decimal(line.split()[-1].replace(",", "")) for line in output.splitlines())
    assert len(years) > 20
    assert sum(years) == total


LEDGER = "export_to_ledger.py"


def test_the_journal_grows_by_what_is_new(tmp_path: Path) -> None:
    """Run again, it stays to the byte; with three invoices more, three are added behind what a person has added."""
    journal = tmp_path / "finerworks.journal"
    example(LEDGER, "--invoices", "40", cwd=tmp_path)
    first = journal.read_bytes()
    assert example(LEDGER, "--invoices", "40", cwd=tmp_path)[1].startswith("0 new, 40 known")
    assert journal.read_bytes() == first
    journal.write_bytes(first + b"\n; mine\n")
    assert example(LEDGER, "--invoices", "43", cwd=tmp_path)[1].startswith("3 new, 40 known")
    assert journal.read_bytes().startswith(first + b"\n; mine\n")
    assert list(tmp_path.iterdir()) == [journal]


def test_the_journal_balances(tmp_path: Path) -> None:
    """Each entry has a day and two amounts that add up to nothing; the costs are the exact total."""
    example(LEDGER, *EDGE_CASES, cwd=tmp_path)
    _, *entries = (tmp_path / "finerworks.journal").read_text("utf-8").split("\n\n")
    assert len(entries) == 250
    costs: list[Decimal] = []
    for entry in entries:
        head, name, cost, owed = entry.splitlines()
        assert re.fullmatch(r"\d{4}-\d\d-\d\d FinerWorks", head)
        assert name.startswith("    ; invoice: INV-")
        account, amount = re.split(r" {2,}", cost.strip())
        assert account == "Expenses:Printing"
        account, minus = re.split(r" {2,}", owed.strip())
        assert account == "Liabilities:FinerWorks"
        assert Decimal(amount) + Decimal(minus) == 0
        costs.append(Decimal(amount))
    assert sum(costs) == Decimal("118620104.20")


def test_a_journal_is_whole_or_as_it_was(tmp_path: Path) -> None:
    """Where the listing fails, nothing is written; nor is anything left where the file cannot be replaced."""
    status, _, errors = example(LEDGER, "--fail-rate", "1", cwd=tmp_path)
    assert status == 1
    assert errors.startswith("error: ")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "taken").mkdir()
    status, _, errors = example(LEDGER, cwd=tmp_path, arguments=("taken",))
    assert status == 1
    assert errors.startswith("error: ")
    assert "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_an_amount_that_changed_is_told(tmp_path: Path) -> None:
    """The journal keeps what it has; a line says what is due now."""
    example(LEDGER, "--invoices", "20", "--edge-cases", cwd=tmp_path)
    journal = tmp_path / "finerworks.journal"
    journal.write_text(journal.read_text("utf-8").replace(" 19.99\n", " 20.00\n"), "utf-8")
    _, output, _ = example(LEDGER, "--invoices", "20", "--edge-cases", cwd=tmp_path)
    assert "INV-202608-0001: 19.99 is due now, the journal has 20.00\n" in output


def test_a_failing_account_hides_no_other(tmp_path: Path) -> None:
    """Its line says why, the others have their sums, and the exit status tells of it."""
    keys = ("seller-aspen", "no-such-seller", "seller-null", "seller-birch")
    status, output, errors = example("many_accounts.py", *EDGE_CASES, cwd=tmp_path, arguments=keys)
    assert (status, errors) == (1, "")
    aspen, missing, null, birch, end = output.splitlines()
    assert aspen.split() == ["seller-aspen", "60", "118,135,155.89"]
    assert missing.startswith("no-such-seller       error: ")
    assert "is not an account of the sandbox" in missing
    assert null.split() == ["seller-null", "0", "0.00"]
    assert birch.split()[:2] == ["seller-birch", "26"]
    assert end == "3 of 4 accounts were read"


def test_another_account_that_is_ones_own_is_no_account(tmp_path: Path) -> None:
    """A server that ignores the account key gives one's own invoices: they are not told as the seller's."""
    words = COMMANDS["many_accounts.py"]
    at = words.index("--") + 1
    ordinary = (
        "FINERWORKS_WEB_API_KEY=sandbox-ordinary-web-api-key",
        "FINERWORKS_APP_KEY=sandbox-ordinary-app-key",
    )
    ran = run(*words[:at], "env", *ordinary, *words[at:], cwd=tmp_path)
    assert ran.returncode == 1
    assert ran.stdout.count("error: these keys cannot read this account") == 2


@pytest.mark.parametrize(
    ("seed", "happening", "told"),
    [
        ("2", "Connection reset", "Retry later, from the beginning."),
        ("3", "HTTP 429", "Retry in 1 seconds."),
        ("6", "HTTP 503", "Retry later, from the beginning."),
    ],
)
def test_errors_have_a_next_step(tmp_path: Path, seed: str, happening: str, told: str) -> None:
    """A failure that does not pass ends in what happened and what to do, each on a line."""
    status, output, errors = example(
        "handle_errors.py", "--fail-rate", "1", "--seed", seed, cwd=tmp_path
    )
    assert (status, output) == (1, "")
    happened, then = errors.splitlines()
    assert happened.startswith("error: POST /v3/list_invoices, attempt 3: ")
    assert happening in happened
    assert then.startswith(f"next: {told}")


def test_the_tests_of_the_example_pass_and_can_fail(tmp_path: Path) -> None:
    """They run by the command of the page, all of them; with a wrong sum in the code that they test, they fail."""
    name = "test_your_code.py"
    ran = run(*COMMANDS[name])
    assert ran.returncode == 0, ran.stdout
    assert "4 passed" in ran.stdout
    broken = tmp_path / name
    source = (ROOT / "examples" / name).read_text("utf-8")
    broken.write_text(source.replace("if invoice.amount_due > 0", ""), "utf-8")
    ran = run(sys.executable, "-m", "pytest", f"--rootdir={tmp_path}", str(broken))
    assert ran.returncode == 1, ran.stdout
    assert "2 failed, 2 passed" in ran.stdout or "1 failed, 3 passed" in ran.stdout
