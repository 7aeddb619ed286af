"""The layouts for accounting programs: exact, complete, and read back by other programs."""

import csv
import datetime as dt
import json
import os
import pickle
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Open, Transaction
from hypothesis import example, given, settings

from callers import keys
from finerworks import FinerWorks, ListingChangedError, money
from finerworks.exports import LAYOUTS, TABLE_LAYOUTS, Exported, ExportError, SettingError, export
from finerworks.exports.layouts import BILL_LAYOUTS, credits_path
from finerworks.sandbox import Sandbox
from finerworks_client.models import Invoice
from programs import needed_program
from texts import ONE_FOLDER, TEXTS

GOLDEN = Path(__file__).with_name("golden")
CENTRAL = dt.timezone(-dt.timedelta(hours=6))


BOOKS: dict[str, dict[str, str]] = {
    "xero": {
        "account_code": "310",
        "tax_code": "Tax Exempt",
        "currency": "USD",
        "date_format": "DD/MM/YYYY",
    },
    "quickbooks-online": {"account_code": "Cost of Goods Sold", "tax_code": "", "currency": "USD"},
    "quickbooks-desktop": {"account_code": "Printing"},
    "sage": {"account_code": "5000", "tax_code": "No VAT"},
    "beancount": {"account_code": "Expenses:Printing", "currency": "USD"},
    "hledger": {"account_code": "Expenses:Printing", "currency": "USD"},
}
"""Settings with which each layout works."""

FILES = {
    "xero": "xero.csv",
    "quickbooks-online": "quickbooks-online.csv",
    "quickbooks-desktop": "quickbooks-desktop.iif",
    "sage": "sage.csv",
    "beancount": "beancount.beancount",
    "hledger": "hledger.journal",
}
"""The golden file of each layout."""

TABLES = ["xero", "quickbooks-online", "sage"]


def invoice(
    name: str = "INV-1",
    amount: str = "19.99",
    *,
    month: int = 3,
    invoiced: bool = True,
    due: bool = True,
) -> Invoice:
    """Return an invoice of 2026, late in the day of its server."""
    first = dt.datetime(2026, month, 1, tzinfo=CENTRAL)
    last = dt.datetime(2026, month, 28, 23, 59, 59, 999999, CENTRAL)
    day = last if invoiced else None
    due_date = dt.datetime(2026, month + 1, 5, 22, tzinfo=CENTRAL) if due else None
    return Invoice(name, Decimal(amount), first, day, first, last, due_date)


INVOICES = [
    invoice("INV-202603-0001", "1234567.89"),
    invoice("INV-202602-0001", "-25.5", month=2),
    invoice("INV-202602-0002", "0", month=2),
    invoice("INV-202601-0001", "0.1", month=1),
    invoice("INV, 7", "1000", month=1),
]


def export_with(
    books: dict[str, str],
    invoices: Iterable[Invoice],
    path: Path,
    layout: str,
    *,
    form: str | None = None,
    overwrite: bool = False,
) -> Exported:
    """Export invoices in a layout, with the given settings."""
    return export(
        invoices,
        path,
        format=form,
        layout=layout,
        overwrite=overwrite,
        supplier=books.get("supplier"),
        account_code=books.get("account_code"),
        payable_account=books.get("payable_account"),
        tax_code=books.get("tax_code"),
        currency=books.get("currency"),
        date_format=books.get("date_format"),
    )


def export_bills(
    layout: str, invoices: Iterable[Invoice], folder: Path, **changed: str
) -> Exported:
    """Export invoices in a layout, with settings that work."""
    return export_with(BOOKS[layout] | changed, invoices, folder / FILES[layout], layout)


def table_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("layout", BILL_LAYOUTS)
def test_a_file_is_the_golden_one(layout: str, tmp_path: Path) -> None:
    """Each file is identical to its golden file. WRITE_GOLDEN=1 writes the golden files."""
    done = export_bills(layout, INVOICES, tmp_path)
    assert (done.count, done.total) == (5, Decimal("1235542.49"))
    for path in tmp_path.iterdir():
        if os.environ.get("WRITE_GOLDEN"):
            shutil.copy(path, GOLDEN)
        assert path.read_bytes() == (GOLDEN / path.name).read_bytes()


def test_every_golden_file_is_of_a_layout(tmp_path: Path) -> None:
    """Every golden file belongs to a layout."""
    for layout in BILL_LAYOUTS:
        export_bills(layout, INVOICES, tmp_path)
    assert {path.name for path in GOLDEN.iterdir()} == {path.name for path in tmp_path.iterdir()}
    assert (*TABLE_LAYOUTS, *BILL_LAYOUTS) == LAYOUTS


@pytest.fixture(scope="module")
def listed(sandbox: Sandbox) -> list[Invoice]:
    """Return the invoices of a demo account that have both dates."""
    with FinerWorks(**keys(sandbox)) as fw:
        return [each for each in fw.invoices.list() if each.invoice_date and each.due_date]


def amounts_of(layout: str, folder: Path) -> list[Decimal]:
    """Return the amounts of the bills in a file, in its order. Credits are negative."""
    path = folder / FILES[layout]
    if layout == "xero":
        return [Decimal(row["*UnitAmount"]) for row in table_of(path)]
    if layout == "quickbooks-online":
        rows = table_of(path) + table_of(credits_path(path))
        return [Decimal(row["Line Amount"]) for row in rows]
    if layout == "sage":
        signs = {"Invoice": 1, "Cr Note": -1}
        return [signs[row["Type"]] * Decimal(row["Total"]) for row in table_of(path)]
    lines = [line.split("\t") for line in path.read_text("ascii").splitlines()]
    return [Decimal(line[5]) for line in lines if line[0] == "SPL"]


@pytest.mark.parametrize("layout", [*TABLES, "quickbooks-desktop"])
def test_a_file_has_every_amount_of_a_listing(
    layout: str, listed: list[Invoice], tmp_path: Path
) -> None:
    """A file has every amount of the listing, and the exact sum."""
    done = export_bills(layout, listed, tmp_path)
    found = amounts_of(layout, tmp_path)
    assert sorted(found) == sorted(each.amount_due for each in listed)
    total = money.total(each.amount_due for each in listed)
    assert money.total(found) == done.total == total
    assert done.count == len(found) == len(listed) > 20


def test_beancount_reads_every_amount_of_a_listing(listed: list[Invoice], tmp_path: Path) -> None:
    """The program beancount finds no error, and the same sum on both accounts."""
    done = export_bills("beancount", listed, tmp_path)
    entries, errors, _ = loader.load_file(str(done.path))
    assert errors == []
    transactions = [entry for entry in entries if isinstance(entry, Transaction)]
    assert len(transactions) == len(listed)
    for account, sign in (("Expenses:Printing", 1), ("Liabilities:AccountsPayable", -1)):
        found = [
            posting.units.number
            for entry in transactions
            for posting in entry.postings
            if posting.account == account and posting.units and posting.units.number is not None
        ]
        assert money.total(found) == sign * done.total


def test_beancount_has_days_links_and_metadata(tmp_path: Path) -> None:
    """In beancount, the due date is a date, and a suitable ID is a link."""
    done = export_bills("beancount", [invoice("INV-1"), invoice("INV, 7", due=False)], tmp_path)
    entries, errors, _ = loader.load_file(str(done.path))
    assert errors == []
    assert [entry.account for entry in entries if isinstance(entry, Open)] == [
        "Expenses:Printing",
        "Liabilities:AccountsPayable",
    ]
    first, second = (entry for entry in entries if isinstance(entry, Transaction))
    assert (first.date, first.payee, first.narration) == (
        dt.date(2026, 3, 28),
        "FinerWorks",
        "Invoice INV-1",
    )
    assert first.links == {"finerworks-INV-1"}
    assert first.meta["due"] == dt.date(2026, 4, 5)
    assert (second.links, second.meta["invoice"]) == (frozenset(), "INV, 7")
    assert "due" not in second.meta


def program(name: str) -> str:
    """Return the path of a program that reads journals."""
    return needed_program(name, advice=f"{name} is not installed: run make toolchains, on Debian")


def output_of(*command: str) -> str:
    """Return the output of a command, which must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_hledger_reads_every_amount_of_a_listing(listed: list[Invoice], tmp_path: Path) -> None:
    """The program hledger accepts the journal in strict mode, with the same sum on both accounts."""
    hledger = program("hledger")
    done = export_bills("hledger", listed, tmp_path)
    output_of(hledger, "--file", str(done.path), "check", "--strict")
    balance = output_of(hledger, "--file", str(done.path), "balance", "--output-format", "csv")
    found = dict(csv.reader(balance.splitlines()))
    assert Decimal(found["Expenses:Printing"].removesuffix(" USD")) == done.total
    assert Decimal(found["Liabilities:AccountsPayable"].removesuffix(" USD")) == -done.total


def test_ledger_reads_every_amount_of_a_listing(listed: list[Invoice], tmp_path: Path) -> None:
    """The program ledger reads the same sum, IDs and days."""
    ledger = program("ledger")
    done = export_bills("hledger", listed, tmp_path)
    rows = list(csv.reader(output_of(ledger, "--file", str(done.path), "csv").splitlines()))
    expenses = [row for row in rows if row[3] == "Expenses:Printing"]
    assert money.total(Decimal(row[5]) for row in expenses) == done.total
    assert sorted(row[1] for row in expenses) == sorted(each.invoice_id for each in listed)


@settings(suppress_health_check=ONE_FOLDER)
@given(name=TEXTS)
@example(name='x"')
@example(name="x\\")
@example(name='x"\n2026-01-01 open Assets:Stolen USD\n')
@example(name="x ; comment")
@example(name="#tag ^link")
def test_an_id_is_only_text_in_beancount(name: str, tmp_path: Path) -> None:
    """In beancount, every ID is read back unchanged, or there is an error and no file."""
    (tmp_path / FILES["beancount"]).unlink(missing_ok=True)
    try:
        done = export_bills("beancount", [invoice(name)], tmp_path)
    except ExportError:
        assert not list(tmp_path.iterdir())
        return
    entries, errors, _ = loader.load_file(str(done.path))
    assert errors == []
    (entry,) = (entry for entry in entries if not isinstance(entry, Open))
    assert isinstance(entry, Transaction)
    assert (entry.meta["invoice"], entry.narration) == (name, f"Invoice {name}")


INJECTED = [
    *["x) y", "(x", "x | y", "x;y", "x  y", "x ; y", "a\n2026-01-01 x", "\t", " x", "x ", ""],
    *["=1", "!x", "*x", "@1", "{x}", "[2026-01-01]", '"x"', "x=y", "#", "%", "木", "x:y", "x, y"],
]


def test_an_id_is_only_text_in_a_journal(tmp_path: Path) -> None:
    """Both hledger and ledger read one transaction for each valid ID."""
    accepted = list[str]()
    for name in INJECTED:
        try:
            export_bills("hledger", [invoice(name)], tmp_path)
        except ExportError:
            assert not list(tmp_path.iterdir())
        else:
            accepted.append(name)
            (tmp_path / FILES["hledger"]).unlink()
    assert accepted == INJECTED[11:]
    done = export_bills("hledger", [invoice(name) for name in accepted], tmp_path)
    printed = json.loads(
        output_of(program("hledger"), "--file", str(done.path), "print", "--output-format", "json")
    )
    assert [entry["tcode"] for entry in printed] == accepted
    descriptions = [f"FinerWorks | Invoice {name}" for name in accepted]
    assert [entry["tdescription"] for entry in printed] == descriptions
    assert all(len(entry["tpostings"]) == 2 for entry in printed)
    lines = output_of(program("ledger"), "--file", str(done.path), "csv").splitlines()
    rows = csv.reader(lines, escapechar="\\", doublequote=False)
    assert {row[1] for row in rows} == set(accepted)


@pytest.mark.parametrize("layout", TABLES)
@settings(suppress_health_check=ONE_FOLDER, max_examples=50)
@given(name=TEXTS)
@example(name='x"')
@example(name="x, y")
@example(name="=1")
def test_an_id_is_only_text_in_a_table(layout: str, name: str, tmp_path: Path) -> None:
    """An ID is read back unchanged and never run as a formula, or there is an error and no file."""
    for path in tmp_path.iterdir():
        path.unlink()
    try:
        done = export_bills(layout, [invoice(name)], tmp_path)
    except ExportError:
        assert not list(tmp_path.iterdir())
        return
    (row,) = table_of(done.path)
    column = {"xero": "*InvoiceNumber", "quickbooks-online": "Bill no.", "sage": "Reference"}
    assert row[column[layout]] == name
    assert not re.match(r"\s*[=+\-@]", name)
    assert done.path.read_text("utf-8").count("\n") == 2


@pytest.mark.parametrize("layout", BILL_LAYOUTS)
@pytest.mark.parametrize(
    ("bill", "reason"),
    [
        (invoice("INV-9", invoiced=False), "it has no invoice date"),
        (invoice(""), "its id is empty"),
        (invoice("INV\n9"), "its id contains a character that is not printable"),
        (invoice("INV\ud800"), "its id contains a character that is not printable"),
        (invoice(" INV"), "its id begins or ends with a space"),
        (invoice("INV-9", "1e40"), "digits before the decimal point"),
        (invoice("INV-9", "1e-40"), "decimals"),
    ],
)
def test_what_a_layout_cannot_represent_is_an_error(
    layout: str, bill: Invoice, reason: str, tmp_path: Path
) -> None:
    """The error names the invoice, its amount and the layout, and no file is written."""
    with pytest.raises(ExportError) as caught:
        export_bills(layout, [invoice(), bill], tmp_path)
    message = str(caught.value)
    message.encode()
    assert reason in message
    assert f"does not fit the layout {layout}: " in message
    assert " ".join(bill.invoice_id.encode("ascii", "ignore").decode().split()) in message
    assert money.text(bill.amount_due) in message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("layout", "bill", "reason"),
    [
        *[(layout, invoice(amount="0.001"), "more than two decimals") for layout in TABLES],
        ("quickbooks-desktop", invoice(amount="-0.005"), "more than two decimals"),
        ("xero", invoice(amount="1234567890123"), "more than 12 digits before the decimal point"),
        ("sage", invoice(amount="100000000"), "more than 8 digits before the decimal point"),
        ("beancount", invoice(amount="123456789012345678901234567.89"), "more than 28 digits"),
        ("xero", invoice(due=False), "it has no due date"),
        ("quickbooks-online", invoice(due=False), "it has no due date"),
        ("xero", invoice("x" * 256), "its id has 256 characters, and at most 255 fit"),
        ("quickbooks-online", invoice("x" * 22), "its id has 22 characters, and at most 21 fit"),
        ("quickbooks-desktop", invoice("x" * 21), "its id has 21 characters, and at most 20 fit"),
        ("sage", invoice("x" * 26), "its id has 26 characters, and at most 25 fit"),
        ("quickbooks-desktop", invoice("INV-ñ"), "its id contains a character that is not ASCII"),
        ("quickbooks-desktop", invoice('INV"'), "its id contains a quotation mark"),
        *[
            (layout, invoice("=1+1"), "a spreadsheet could run its id as a formula")
            for layout in [*TABLES, "quickbooks-desktop"]
        ],
    ],
)
def test_each_layout_has_limits_of_its_own(
    layout: str, bill: Invoice, reason: str, tmp_path: Path
) -> None:
    """Each layout rejects values that others can represent."""
    with pytest.raises(ExportError, match=reason):
        export_bills(layout, [bill], tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("layout", "bill"),
    [
        ("quickbooks-desktop", invoice(due=False)),
        ("sage", invoice(due=False)),
        ("beancount", invoice("=1+1", "0.001", due=False)),
        ("hledger", invoice("=1+1", "0.001", due=False)),
        ("sage", invoice("x" * 25, "-99999999.99")),
        ("xero", invoice("séller-木" + "x" * 246, "999999999999.99")),
        ("quickbooks-online", invoice("x" * 21, "1.5000")),
        ("quickbooks-desktop", invoice("x" * 20, "1E+3")),
        ("beancount", invoice(amount="12345678901234567890123456.78")),
    ],
)
def test_what_just_fits_is_represented(layout: str, bill: Invoice, tmp_path: Path) -> None:
    """The limits are not stricter than those of the programs."""
    done = export_bills(layout, [bill], tmp_path)
    assert (done.count, done.total) == (1, bill.amount_due)
    if layout in {*TABLES, "quickbooks-desktop"} and layout != "quickbooks-online":
        assert amounts_of(layout, tmp_path) == [bill.amount_due]


def test_a_credit_is_what_each_program_expects(tmp_path: Path) -> None:
    """A credit is a negative bill in Xero, a credit note in Sage, and a refund in QuickBooks Desktop."""
    credit = [invoice(amount="-25.50")]
    for layout in BILL_LAYOUTS:
        export_bills(layout, credit, tmp_path)
    (xero,) = table_of(tmp_path / FILES["xero"])
    assert xero["*UnitAmount"] == "-25.50"
    (sage,) = table_of(tmp_path / FILES["sage"])
    assert [sage[name] for name in ("Type", "Net", "VAT", "Total")] == [
        "Cr Note",
        "25.50",
        "0.00",
        "25.50",
    ]
    lines = (tmp_path / FILES["quickbooks-desktop"]).read_text("ascii").splitlines()
    payable, expense = (line.split("\t") for line in lines[3:5])
    assert (payable[1], payable[3], payable[5]) == ("BILL REFUND", "Accounts Payable", "25.50")
    assert (expense[1], expense[3], expense[5]) == ("BILL REFUND", "Printing", "-25.50")
    for layout in ("beancount", "hledger"):
        text = (tmp_path / FILES[layout]).read_text("utf-8")
        assert "  Expenses:Printing  -25.50 USD\n" in text
        assert "  Liabilities:AccountsPayable  25.50 USD\n" in text


def test_quickbooks_online_has_credits_in_a_file_of_their_own(tmp_path: Path) -> None:
    """QuickBooks Online imports no credits. They are in a second file, which the notes name."""
    done = export_bills("quickbooks-online", INVOICES, tmp_path)
    assert done.credits is not None
    assert done.credits.path == tmp_path / "quickbooks-online-credits.csv"
    assert (done.credits.count, done.credits.total) == (1, Decimal("-25.5"))
    assert (done.count, done.total) == (5, Decimal("1235542.49"))
    assert len(table_of(done.path)) == 4
    assert [row["Line Amount"] for row in table_of(done.credits.path)] == ["-25.50"]
    assert done.notes[0] == (
        f"1 credit, -25.50, in {done.credits.path}: QuickBooks Online imports no credits, so enter "
        "them by hand"
    )


def test_without_credits_there_is_no_second_file(tmp_path: Path) -> None:
    """Without credits, there is no second file and no note about it."""
    done = export_bills("quickbooks-online", [invoice()], tmp_path)
    assert done.credits is None
    assert list(tmp_path.iterdir()) == [done.path]
    assert not any("credit" in note for note in done.notes)


def export_again(invoices: list[Invoice], path: Path) -> Exported:
    """Export invoices for QuickBooks Online, over files that exist."""
    layout = "quickbooks-online"
    return export_with(BOOKS[layout], invoices, path, layout, overwrite=True)


def test_credits_of_an_earlier_export_do_not_stay(tmp_path: Path) -> None:
    """Credits of an earlier export are replaced, so they are not entered twice."""
    path = tmp_path / FILES["quickbooks-online"]
    export_bills("quickbooks-online", INVOICES, tmp_path)
    done = export_again([invoice()], path)
    assert done.credits is not None
    assert (done.credits.count, table_of(done.credits.path)) == (0, [])


@pytest.mark.parametrize("name", ["quickbooks-online.csv", "quickbooks-online-credits.csv"])
def test_either_file_that_exists_is_kept(name: str, tmp_path: Path) -> None:
    """Without `overwrite=`, either existing file is an error before anything is read."""
    (tmp_path / name).write_text("mine")
    listing = iter([invoice()])
    with pytest.raises(FileExistsError, match=rf"{name} exists already"):
        export_bills("quickbooks-online", listing, tmp_path)
    assert len(list(listing)) == 1
    assert [each.read_text() for each in tmp_path.iterdir()] == ["mine"]


def test_neither_file_is_there_if_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the second file cannot get its name, the first one is removed."""
    rename = Path.hardlink_to

    def refuse_credits(self: Path, target: Path) -> None:
        if "credits" in self.name:
            self.write_text("theirs")
        rename(self, target)

    monkeypatch.setattr(Path, "hardlink_to", refuse_credits)
    with pytest.raises(FileExistsError, match=r"-credits\.csv exists already"):
        export_bills("quickbooks-online", INVOICES, tmp_path)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["theirs"]


def test_replaced_files_are_restored_if_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If one file fails, both replaced files are restored with their permissions."""
    path = tmp_path / FILES["quickbooks-online"]
    for each in (path, credits_path(path)):
        each.write_text("old")
        each.chmod(0o600)
    replace = Path.replace

    def refuse_credits(self: Path, target: Path) -> Path:
        if "credits" in target.name:
            raise PermissionError(13, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse_credits)
    with pytest.raises(OSError, match=r"cannot write .*-credits\.csv: Permission denied"):
        export_again(INVOICES, path)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "quickbooks-online-credits.csv",
        "quickbooks-online.csv",
    ]
    for each in tmp_path.iterdir():
        assert each.read_text() == "old"
        assert each.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("layout", BILL_LAYOUTS)
def test_nothing_is_there_after_a_failure(layout: str, tmp_path: Path) -> None:
    """A listing that fails leaves no file."""

    def broken() -> Iterator[Invoice]:
        yield from INVOICES
        raise ListingChangedError("it moved")

    with pytest.raises(ListingChangedError):
        export_bills(layout, broken(), tmp_path)
    assert not list(tmp_path.iterdir())


REQUIRED = [(layout, name) for layout, books in BOOKS.items() for name in books]


@pytest.mark.parametrize(("layout", "name"), REQUIRED)
def test_a_setting_without_a_safe_default_is_required(
    layout: str, name: str, tmp_path: Path
) -> None:
    """The error about a missing setting explains it, and nothing is read."""
    books = {key: value for key, value in BOOKS[layout].items() if key != name}
    listing = iter([invoice()])
    expected = rf"^the layout {layout} needs {name}: .+"
    with pytest.raises(SettingError, match=expected) as caught:
        export_with(books, listing, tmp_path / FILES[layout], layout)
    assert caught.value.setting == name
    assert len(list(listing)) == 1
    assert not list(tmp_path.iterdir())


def test_all_missing_settings_are_named_at_once(tmp_path: Path) -> None:
    """Whoever runs it for the first time does not learn of them one by one."""
    with pytest.raises(SettingError) as caught:
        export([], tmp_path / "a.csv", layout="xero", tax_code="Tax Exempt")
    assert str(caught.value) == (
        "the layout xero needs account_code, currency and date_format. account_code is the code of "
        "an expense account in Xero, such as 310; currency is the currency of the amounts, such as "
        "USD, as FinerWorks does not name it; date_format is how dates are written, one of "
        "DD/MM/YYYY, MM/DD/YYYY"
    )
    assert caught.value.setting == "account_code"
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert (str(copy), copy.setting) == (str(caught.value), "account_code")


def test_codes_are_in_capitals_however_they_are_given(tmp_path: Path) -> None:
    """`usd` is no other currency than `USD`, and `dd/mm/yyyy` no other format."""
    given = {"currency": "usd", "date_format": "dd/mm/yyyy"}
    done = export_bills("xero", [invoice()], tmp_path, **given)
    (row,) = table_of(done.path)
    assert (row["Currency"], row["*InvoiceDate"]) == ("USD", "28/03/2026")


@pytest.mark.parametrize("layout", BILL_LAYOUTS)
def test_the_notes_count_bills_of_nothing(layout: str, tmp_path: Path) -> None:
    """Whoever imports them decides whether they belong in the books."""
    invoices = [*INVOICES, invoice("INV-8", "0.00")]
    assert "2 bills are of 0.00" in export_bills(layout, invoices, tmp_path).notes
    for path in tmp_path.iterdir():
        path.unlink()
    assert "1 bill is of 0.00" in export_bills(layout, INVOICES, tmp_path).notes
    for path in tmp_path.iterdir():
        path.unlink()
    notes = export_bills(layout, [invoice()], tmp_path).notes
    assert not any("0.00" in note for note in notes)


@pytest.mark.parametrize(
    ("layout", "changed", "problem"),
    [
        ("sage", {"currency": "GBP"}, "currency is not for the layout sage: leave it out"),
        ("quickbooks-desktop", {"currency": "USD"}, "currency is not for the layout"),
        ("quickbooks-desktop", {"tax_code": "TAX"}, "tax_code is not for the layout"),
        ("xero", {"payable_account": "800"}, "payable_account is not for the layout xero"),
        ("beancount", {"date_format": "MM/DD/YYYY"}, "date_format is not for the layout"),
        ("xero", {"currency": "dollar"}, "currency 'dollar' is not three letters: the currency"),
        ("xero", {"currency": "ßa"}, "is not three letters"),
        ("xero", {"date_format": "YYYY-MM-DD"}, "one of DD/MM/YYYY, MM/DD/YYYY"),
        ("xero", {"tax_code": ""}, "tax_code '' is empty"),
        ("xero", {"supplier": ""}, "supplier '' is empty"),
        ("xero", {"supplier": "a\nb"}, "contains a character that is not printable"),
        ("xero", {"supplier": "=1"}, "could be run as a formula by a spreadsheet"),
        ("sage", {"tax_code": "Standard"}, "FinerWorks does not say how much"),
        ("sage", {"supplier": "FinerWorks LLC"}, "has more than 10 characters"),
        ("sage", {"account_code": "Printing"}, "is not a number of up to 8 digits"),
        ("quickbooks-desktop", {"supplier": "Fíner"}, "is not ASCII"),
        ("quickbooks-desktop", {"account_code": 'a"b'}, "contains a quotation mark"),
        ("quickbooks-desktop", {"date_format": "DD/MM/YY"}, "one of MM/DD/YY, MM/DD/YYYY"),
        ("beancount", {"account_code": "printing"}, "is not an account of beancount"),
        ("beancount", {"account_code": "Expenses:a b"}, "is not an account of beancount"),
        ("beancount", {"payable_account": "Liabilities"}, "is not an account of beancount"),
        ("hledger", {"account_code": "a  b"}, "two spaces"),
        ("hledger", {"account_code": "[a]"}, "is not an account of a journal"),
        ("hledger", {"supplier": "a | b"}, "which have a meaning in a journal"),
    ],
)
def test_a_setting_that_cannot_be_used_is_an_error(
    layout: str, changed: dict[str, str], problem: str, tmp_path: Path
) -> None:
    """An invalid setting is an error. It is neither ignored nor changed."""
    with pytest.raises(SettingError, match=re.escape(problem)):
        export_bills(layout, INVOICES, tmp_path, **changed)
    assert not list(tmp_path.iterdir())


def test_a_setting_is_not_for_a_table(tmp_path: Path) -> None:
    """`full` and `plain` accept no supplier, accounts or currency."""
    for layout in (None, *TABLE_LAYOUTS):
        with pytest.raises(SettingError, match=r"^currency is not for the layout (full|plain)"):
            export([], tmp_path / "a.csv", layout=layout, currency="USD")


@pytest.mark.parametrize(
    ("layout", "path", "form", "problem"),
    [
        ("xero", "a.xlsx", None, "does not end in .csv, which the layout xero writes"),
        ("xero", "a.csv", "xlsx", "the layout xero writes .csv, not the format xlsx"),
        ("quickbooks-desktop", "a.csv", None, "does not end in .iif"),
        ("beancount", "a.beancount", "csv", "writes .beancount or .bean, not the format csv"),
        ("hledger", "a", None, "does not end in .journal or .hledger or .ledger"),
        ("wave", "a.csv", None, "unknown layout 'wave': use one of full, plain, xero"),
    ],
)
def test_a_file_has_the_name_of_its_layout(
    layout: str, path: str, form: str | None, problem: str, tmp_path: Path
) -> None:
    """A layout for an accounting program accepts no other format, and nothing is read."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        export(iter([invoice()]), tmp_path / path, format=form, layout=layout)
    with pytest.raises(ValueError, match=r"^CSV for Excel is not for the layout xero"):
        export([], tmp_path / "a.csv", layout="xero", excel=True)
    assert not list(tmp_path.iterdir())


def test_a_table_may_have_any_name_if_its_format_is_given(tmp_path: Path) -> None:
    """If the format is given, a file may have any name."""
    done = export_with(BOOKS["xero"], [invoice()], tmp_path / "a.dat", "xero", form="csv")
    assert len(table_of(done.path)) == 1


@pytest.mark.parametrize(
    ("layout", "date_format", "text"),
    [
        ("xero", "DD/MM/YYYY", "28/03/2026"),
        ("xero", "MM/DD/YYYY", "03/28/2026"),
        ("quickbooks-online", "YYYY-MM-DD", "2026-03-28"),
        ("quickbooks-online", "MM-DD-YYYY", "03-28-2026"),
        ("quickbooks-desktop", "MM/DD/YY", "03/28/26"),
        ("quickbooks-desktop", "MM/DD/YYYY", "03/28/2026"),
        ("sage", "DD-MM-YYYY", "28-03-2026"),
        ("sage", "DD/MM/YYYY", "28/03/2026"),
    ],
)
def test_dates_have_the_format_of_the_program(
    layout: str, date_format: str, text: str, tmp_path: Path
) -> None:
    """Dates are days of the server's calendar, in the program's format."""
    done = export_bills(layout, [invoice()], tmp_path, date_format=date_format)
    assert text in re.split(r"[,\t]", done.path.read_text("utf-8"))


def test_two_digits_of_a_year_are_never_ambiguous(tmp_path: Path) -> None:
    """A year such as 50, which programs read as 1950 or 2050, is an error."""
    late = invoice()
    late.invoice_date = dt.datetime(2050, 1, 1, tzinfo=CENTRAL)
    with pytest.raises(ExportError, match="the year of 2050-01-01 is not from 2000 to 2049"):
        export_bills("quickbooks-desktop", [late], tmp_path)
    export_bills("quickbooks-desktop", [late], tmp_path, date_format="MM/DD/YYYY")


def test_limits_of_a_program_are_in_the_notes(tmp_path: Path) -> None:
    """The notes mention the import limits of QuickBooks Online and Sage."""
    few = [invoice(str(number)) for number in range(100)]
    assert len(export_bills("quickbooks-online", few, tmp_path).notes) == 1
    (tmp_path / FILES["quickbooks-online"]).unlink()
    many = [invoice(str(number)) for number in range(8_000)]
    done = export_bills("quickbooks-online", many, tmp_path)
    assert done.notes[-1] == (
        "QuickBooks Online imports about 100 bills per file, and this one has 8,000: export fewer "
        "months at a time"
    )
    done = export_bills("sage", many, tmp_path)
    size = done.path.stat().st_size
    assert f"at most 500,000 bytes per file, and this one has {size:,}" in done.notes[-1]


def test_the_notes_say_what_is_left_out(tmp_path: Path) -> None:
    """The notes mention fields that a layout leaves out, such as Sage's due date."""
    notes = {layout: export_bills(layout, [invoice()], tmp_path).notes for layout in BILL_LAYOUTS}
    assert notes["sage"] == (
        "Left out: the due date and the currency, which Sage's quick entries do not have",
    )
    assert notes["quickbooks-desktop"][0].startswith("Left out: the currency")
    assert notes["beancount"] == notes["hledger"] == ()
