"""What the programs of all languages are to print, that their data tells a bad client, and that its judge does."""

import datetime as dt
import json
import re
import struct
import sys
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from pathlib import Path

import pytest

from finerworks.sandbox import Sandbox
from finerworks.sandbox.data import SELLERS, invoice
from finerworks.sandbox.invoices import Invoice

sys.path.insert(0, str(Path(__file__).parents[2] / "languages"))
from run import PAGE_CAP, REQUESTS, STEPS, Row, try_program, with_programs

LANGUAGES = Path(__file__).parents[2] / "languages"
EXPECTED = (LANGUAGES / "expected.txt").read_text(encoding="utf-8").splitlines()

SELLER = SELLERS["séller-ñandú-木"]
INVOICES = [invoice(Sandbox.seed, SELLER, index) for index in range(SELLER.count)]
DUE = [one["due_date"] for one in INVOICES if one["due_date"] is not None]


def line(one: Invoice) -> str:
    """The canonical line, from the JSON text by decimals and whole seconds alone."""
    amount = Decimal(json.dumps(one["amount_due"]))
    if one["due_date"] is None:
        return f"{one['invoice_id']} {amount:.2f} null"
    ((clock, fraction, hours),) = re.findall(r"^(.{19})\.(\d{7})([-+]\d\d):00$", one["due_date"])
    utc = dt.datetime.fromisoformat(clock) - dt.timedelta(hours=int(hours))
    return f"{one['invoice_id']} {amount:.2f} {utc.isoformat()}.{fraction[:6]}Z"


def test_what_is_expected_is_what_the_sandbox_has() -> None:
    """Calculated anew, by another way than any of the programs."""
    assert list(map(line, INVOICES)) == EXPECTED


def test_the_amounts_tell_floats_of_32_bits_and_sums_of_floats() -> None:
    """A client that has them in 32 bits, or adds them up as binary fractions, is off by cents."""
    amounts = [Decimal(json.dumps(one["amount_due"])) for one in INVOICES]
    assert {"1234567.89", "0.1", "19.99", "16777217.01", "0.0"} <= set(map(str, amounts))
    assert min(amounts) < 0
    for amount in (Decimal("1234567.89"), Decimal("16777217.01")):
        (narrow,) = struct.unpack("f", struct.pack("f", float(amount)))
        assert Decimal(narrow).quantize(Decimal("0.01"), ROUND_HALF_UP) != amount
    running = zip(accumulate(map(float, amounts)), accumulate(amounts), strict=True)
    assert any(Decimal(repr(by_floats)) != exact for by_floats, exact in running)


def test_the_dates_tell_milliseconds_rounding_and_wrong_zones() -> None:
    """Seven digits of which the last is more than half, offsets of summer and winter, some null."""
    assert any(date[23:26] != "000" for date in DUE)
    assert any(date[26] >= "5" for date in DUE)
    assert {date[27:] for date in DUE} == {"-05:00", "-06:00"}
    assert len(DUE) < len(INVOICES)


def test_there_are_more_invoices_than_two_pages_of_any_size() -> None:
    """With a key that is not ASCII."""
    assert SELLER.count > 50
    assert not SELLER.key.isascii()


PAGE = (LANGUAGES / "README.md").read_text("utf-8")
PROGRAMS = re.findall(r"^<!-- (\S+/\S+) -->$", PAGE, re.MULTILINE)

ASIDE = re.compile(
    r"\s*(#|//|/\*|\*|\"\"\"|<\?php|(import|use|using|require|from|package|declare)\b|\"[\w./]+\"$)"
)
"""What is no statement of a program: comments, and what it imports."""


def test_the_page_shows_each_program_as_it_is() -> None:
    """What a reader copies is what is tested; `make languages WRITE=1` puts it there."""
    assert with_programs(PAGE) == PAGE
    assert {name.split("/")[0] for name in PROGRAMS} == {
        path.parent.name for path in LANGUAGES.glob("*/Makefile")
    }


def commands(page: str) -> dict[str, list[str]]:
    """Give the words of each command of openapi-generator that a page shows, by the generator's name."""
    shown = re.findall(r"^\$ openapi-generator-cli (generate (?:.*\\\n)*.*)$", page, re.MULTILINE)
    words = [command.replace("\\\n", " ").split() for command in shown]
    return {each[each.index("-g") + 1]: each for each in words}


OURS_ALONE = re.compile("composerPackageName=.*|targetFramework=net8.0|apiTests=false")
"""What a reader's own project needs, and the folders here do not."""


@pytest.mark.parametrize("generator", commands(PAGE))
def test_a_command_has_the_flags_that_are_tested(generator: str) -> None:
    """What a reader types is what the Makefile of the language has."""
    folder = {"typescript-fetch": "browser"}.get(generator, generator)
    makefile = (LANGUAGES / folder / "Makefile").read_text("utf-8")
    words = commands(PAGE)[generator][3:]
    flags = zip(words[::2], words[1::2], strict=True)
    values = [
        part for flag, value in flags if flag not in {"-g", "-o", "-i"} for part in value.split(",")
    ]
    for value in values:
        assert OURS_ALONE.fullmatch(value) or value in makefile, value


def test_the_readme_has_the_commands_of_the_page() -> None:
    """Nobody finds another command on the first page than on the second."""
    readme = commands((LANGUAGES.parent / "README.md").read_text("utf-8"))
    assert list(readme) == ["php", "csharp"]
    assert readme == {name: commands(PAGE)[name] for name in readme}


def test_the_page_has_a_row_for_each_language_and_no_bad_one() -> None:
    """The table is of a run in which all were there, and all were right."""
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in PAGE.splitlines()
        if line.startswith("| ")
    ]
    table = {cells[0]: cells[3 : 3 + len(STEPS)] for cells in rows[2:] if len(cells) > 3}
    assert table == {
        path.parent.name: ["yes"] * len(STEPS) for path in LANGUAGES.glob("*/Makefile")
    }


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_short(name: str) -> None:
    """Fifty lines at most that say something: without imports, comments, blanks and lone brackets."""
    lines = (LANGUAGES / name).read_text("utf-8").splitlines()
    said = [line for line in lines if re.search(r"\w", line) and not ASIDE.match(line)]
    assert (
        len(
            [
                line
                for line in said
                if line.strip() not in {"end", "else", "fi", "done", "do", "try"}
            ]
        )
        <= 50
    )


PROGRAM = """
import json, os, struct, sys, time, urllib.error, urllib.request
from datetime import UTC, datetime

fault, env = sys.argv[1], os.environ


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, fp, code, msg, headers, url):
        follows = fault == "redirect" and code == 302
        return urllib.request.Request(url, request.data, request.headers) if follows else None


if fault == "key":
    print("with", env["FINERWORKS_WEB_API_KEY"], file=sys.stderr)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay())
keys = {"web_api_key": env["FINERWORKS_WEB_API_KEY"], "app_key": env["FINERWORKS_APP_KEY"]}


def ask(number):
    body = {"per_page": 25, "page_number": number, "account_key": env.get("FINERWORKS_ACCOUNT_KEY")}
    url = env["FINERWORKS_BASE_URL"] + "/v3/list_invoices"
    request = urllib.request.Request(url, json.dumps(body).encode(), keys | {"Content-Type": "application/json"})
    for attempt in range(3):
        try:
            return json.load(opener.open(request))["invoices"]
        except urllib.error.HTTPError as error:
            told = error.read().decode()
            if error.code == 400:
                print(told, file=sys.stderr)
                sys.exit(1 if fault == "wrong key" else 3)
            if error.code < 500:
                sys.exit(f"HTTP {error.code}")
            if fault == "500 once":
                return []  # a short listing that looks whole


number = 1
while invoices := ask(number):
    for invoice in invoices:
        amount, due = invoice["amount_due"], invoice["due_date"]
        if fault == "exact":
            (amount,) = struct.unpack("f", struct.pack("f", amount))
        when = "null" if due is None else datetime.fromisoformat(due).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        print(invoice["invoice_id"], f"{amount:.2f}", when)
    number += 1
"""


class Silent:
    """A referee that passes all on, and says what it is told to say."""

    def __init__(self, sandbox: Sandbox, *wrong: str) -> None:
        self.base_url, self._wrong = sandbox.base_url, list(wrong)

    def verdict(self) -> tuple[int, list[str]]:
        """Give the count of a listing, and what it is told."""
        return REQUESTS, self._wrong


@pytest.fixture(scope="module")
def judged() -> Iterator[Sandbox]:
    """Give the sandbox that programs are judged by."""
    with Sandbox(page_cap=PAGE_CAP, unknown_fields=True) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    "fault", ["none", "exact", "valid", "500 once", "wrong key", "redirect", "key"]
)
def test_a_bad_program_is_found(tmp_path: Path, judged: Sandbox, fault: str) -> None:
    """Each fault is seen where it is to be seen; a program without any passes in every way."""
    (tmp_path / "program.py").write_text(PROGRAM, "utf-8")
    (tmp_path / "Makefile").write_text(
        f"command:\n\t@echo '{sys.executable} program.py \"{fault}\"'\n", "utf-8"
    )
    row = Row("some", "by hand")
    try_program(
        row, tmp_path, judged, Silent(judged, *["Violation: per_page"] * (fault == "valid"))
    )
    failed = {step for step, passed in row.passed.items() if not passed}
    listings = {"exact", "valid", "500 once"}
    expected = {"none": set[str](), "exact": listings, "key": {*listings, "wrong key", "redirect"}}
    assert failed == expected.get(fault, {fault}), row.messages
    assert bool(row.messages) == bool(failed)
