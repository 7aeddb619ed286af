"""The HTML report: its numbers, its handling of hostile text, and how a browser shows and prints it."""

import datetime as dt
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, strategies as st
from playwright.sync_api import Browser, expect

from browser import Watched
from finerworks import FinerWorks, money
from finerworks.report import Totals, write_report
from finerworks.sandbox import Sandbox
from finerworks_client.models import Invoice

AS_OF = dt.date(2026, 11, 24)
HOST = "https://v2.api.finerworks.com"
CENTRAL = dt.timezone(dt.timedelta(hours=-6))


def moment(day: dt.date | None) -> dt.datetime | None:
    """Return the last second of a day in the server's local time. In UTC, it is the next day."""
    return None if day is None else dt.datetime.combine(day, dt.time(23, 59, 59), CENTRAL)


def invoice(
    amount: float | Decimal = 19.99,
    *,
    month: str | None = "2026-02",
    due: dt.date | None = AS_OF,
    name: str = "INV-1",
) -> Invoice:
    """Make an invoice of a month, due on a day."""
    first = None if month is None else dt.date.fromisoformat(f"{month}-01")
    return Invoice(name, money.exact(amount), moment(first), moment(first), None, None, moment(due))


def past_due(days: int, amount: float = 19.99) -> Invoice:
    """Return an invoice that is a number of days past its due day."""
    return invoice(amount, due=AS_OF - dt.timedelta(days=days))


@dataclass
class Bar:
    """A drawn row: its rectangles as class, start and length in percent, or that it is off the scale."""

    says: str = ""
    parts: list[tuple[str, float, float]] = field(default_factory=list[tuple[str, float, float]])
    off: bool = False

    def part(self, kind: str) -> tuple[float, float]:
        """Return the position and the length of the only rectangle of a kind."""
        ((begin, length),) = [(begin, length) for name, begin, length in self.parts if name == kind]
        return begin, length


class Report(HTMLParser):
    """The content of a report: each table's rows as text, by the table's class; its bars; all its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        names = ("next", "oldest", "largest", "ages", "list", "list settled")
        self.tables: dict[str, list[list[str]]] = {name: [] for name in names}
        self.charts: list[list[list[str]]] = []
        self.bars: dict[str, Bar] = {}
        self.late: list[str] = []
        self.text = ""
        self._rows: list[list[str]] = []
        self._place = ""
        self._bar = Bar()
        self._path: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(  # noqa: C901 - one branch for each tag
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Record the start of a row, a cell or a bar."""
        given = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._rows = self.tables.get(given["class"], [])
            if given["class"] == "chart":
                self.charts.append(self._rows)
        elif tag == "tr":
            self._rows.append([])
            if given.get("class") == "late" and self._rows is self.tables["list"]:
                self.late.append("")
        elif tag in {"th", "td"}:
            self._rows[-1].append("")
        elif tag == "svg" and given.get("class") == "bar":
            self._bar = self.bars[self._rows[-1][0]] = Bar()
        elif tag == "rect" and given.get("x", "").endswith("%"):
            self._bar.parts.append(
                (given["class"], float(given["x"][:-1]), float(given["width"][:-1]))
            )
        elif tag == "span" and given.get("class") == "off":
            self.bars[self._rows[-1][0]] = Bar(off=True)
        if tag not in {"meta", "rect", "line", "path"}:
            self._path.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        if tag not in {"meta", "rect", "line", "path"}:
            assert self._path.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the text. A drawing's title belongs to the drawing."""
        if "style" in self._path:
            return
        self.text += data
        if "title" in self._path and "svg" in self._path:
            self._bar.says += data
        elif {"th", "td"} & {*self._path}:
            self._rows[-1][-1] += data

    def body(self, table: str) -> list[list[str]]:
        """Return a table's rows without header and footer."""
        return self.tables[table][1:-1]


def report(invoices: list[Invoice], path: Path, **options: str) -> Report:
    """Write a report on invoices, and read it."""
    write_report(invoices, path, as_of=AS_OF, host=HOST, overwrite=True, **options)
    return Report(path.read_text(encoding="utf-8"))


def number(text: str) -> Decimal:
    """Read an amount that the page shows."""
    return Decimal(text.replace(",", ""))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that each example of a property test may replace."""
    return tmp_path_factory.mktemp("reports") / "report.html"


# --- numbers --------------------------------------------------------------------------------------

CENTS = st.integers(-(10**12), 10**12)
DAYS = st.dates(dt.date(2026, 6, 1), dt.date(2027, 1, 31)) | st.dates(
    dt.date(1, 1, 1), dt.date(9999, 12, 30)
)


def make_up(cents: int, month: dt.date | None, due: dt.date | None) -> Invoice:
    """Make an invoice of whole cents."""
    return invoice(cents / 100, month=None if month is None else month.isoformat()[:7], due=due)


MADE_UP = st.builds(
    make_up,
    CENTS | st.sampled_from([0, 1, -1, 10**15]),
    st.none() | st.dates(dt.date(2020, 1, 1), dt.date(2026, 11, 30)) | st.dates(dt.date(2, 1, 1)),
    st.none() | DAYS,
)


def age(due: dt.date | None, cents: int) -> str:
    """Return the row of the age table that an invoice belongs to."""
    if cents <= 0:
        return "Credits" if cents else "Nothing due"
    if due is None or due.year == 1:
        return "No due date"
    days = AS_OF.toordinal() - due.toordinal()
    if days > 90:
        return "Over 90 days past due date"
    if days > 60:
        return "61 to 90 days past due date"
    if days > 30:
        return "31 to 60 days past due date"
    return "1 to 30 days past due date" if days > 0 else "Not yet due"


@given(st.lists(MADE_UP, max_size=60))
@example([invoice(0.1), invoice(0.2), invoice(-0.3)])
@example([])
def test_every_tables_parts_are_what_they_should_be_and_add_up_to_the_total(
    page: Path, made_up: list[Invoice]
) -> None:
    """Ages, months, years, the list and the returned totals match sums in integer cents."""
    with localcontext() as careless:
        careless.prec = 3  # a program's own decimals may round
        told = write_report(made_up, page, as_of=AS_OF, host=HOST, overwrite=True)
    read = Report(page.read_text(encoding="utf-8"))
    cents = [round(each.amount_due * 100) for each in made_up]
    dues = [each.due_date and each.due_date.date() for each in made_up]
    late = [
        amount if due is not None and due.year > 1 and due < AS_OF and amount > 0 else 0
        for amount, due in zip(cents, dues, strict=True)
    ]
    assert told == Totals(
        count=len(made_up),
        total=Decimal(sum(cents)) / 100,
        past_due_count=sum(amount > 0 for amount in late),
        past_due_total=Decimal(sum(late)) / 100,
    )

    by_age: dict[str, list[int]] = {}
    for amount, due in zip(cents, dues, strict=True):
        by_age.setdefault(age(due, amount), []).append(amount)
    shown = {
        label: (int(count), number(amount) * 100) for label, count, amount in read.body("ages")
    }
    assert {label: row for label, row in shown.items() if row[0]} == {
        label: (len(amounts), Decimal(sum(amounts))) for label, amounts in by_age.items()
    }
    assert read.tables["ages"][-1] == ["Total", f"{told.count:,}", money.text(told.total)]
    assert sum(row[1] for row in shown.values()) == sum(cents)

    rows = read.body("list")
    assert [number(row[5]) * 100 for row in rows] == [amount for amount in cents if amount]
    assert ["past due date" in row[4] for row in rows] == [
        bool(past) for past, amount in zip(late, cents, strict=True) if amount
    ]
    assert len(read.late) == told.past_due_count
    if rows:
        assert read.tables["list"][-1][1] == money.text(told.total)
    assert [row[5] for row in read.body("list settled")] == ["0.00"] * cents.count(0)
    check_beginning(read, cents, dues)
    check_charts(read, made_up, cents, late)


def check_beginning(read: Report, cents: list[int], dues: list[dt.date | None]) -> None:
    """Compare what is due next, the oldest, and the largest amounts with independent sums."""
    by_due: dict[str, Decimal] = {}
    for amount, due in sorted(zip(cents, dues, strict=True), key=lambda pair: str(pair[1])):
        if due is not None and due >= AS_OF and amount > 0:
            day = due.isoformat()
            by_due[day] = by_due.get(day, Decimal(0)) + amount
    shown = read.tables["next"][1:]
    assert [(row[0][:10], number(row[2]) * 100) for row in shown] == list(by_due.items())[:5]
    late = sorted(
        due.isoformat()
        for amount, due in zip(cents, dues, strict=True)
        if due is not None and dt.date(1, 12, 31) < due < AS_OF and amount > 0
    )
    assert [row[0][:10] for row in read.tables["oldest"][1:]] == late[:5]
    positive = sorted((amount for amount in cents if amount > 0), reverse=True)
    assert [number(row[2]) * 100 for row in read.tables["largest"][1:]] == positive[:5]


def check_charts(read: Report, made_up: list[Invoice], cents: list[int], late: list[int]) -> None:
    """Compare months and years with independent sums."""
    rows = [row for chart in read.charts for row in chart]
    drawn = {
        row[0]: (number(row[2]) * 100, number(row[3]) * 100) for row in rows if row[0] in read.bars
    }
    expected: dict[str, tuple[Decimal, Decimal]] = {}
    for each, amount, past_part in zip(made_up, cents, late, strict=True):
        if not amount:
            continue
        month = (
            "No month" if each.invoice_month is None else each.invoice_month.date().isoformat()[:7]
        )
        label = month if month in drawn else month[:4]
        due, past = expected.get(label, (Decimal(0), Decimal(0)))
        expected[label] = (due + amount, past + past_part)
    assert drawn == expected
    assert sum(due for due, _ in drawn.values()) == sum(cents)
    for chart in read.charts:
        labels = [row[0] for row in chart if row[0][:4].isdigit()]
        assert labels == sorted(labels, reverse=True)
    if rows:
        assert rows[-1][:2] == ["Total", money.text(sum(map(Decimal, cents), Decimal(0)) / 100)]


@pytest.mark.parametrize(
    ("days", "row"),
    [
        (-1, "Not yet due"),
        (0, "Not yet due"),
        (1, "1 to 30 days past due date"),
        (30, "1 to 30 days past due date"),
        (31, "31 to 60 days past due date"),
        (60, "31 to 60 days past due date"),
        (61, "61 to 90 days past due date"),
        (90, "61 to 90 days past due date"),
        (91, "Over 90 days past due date"),
    ],
)
def test_an_age_begins_and_ends_on_its_day(page: Path, days: int, row: str) -> None:
    """Ages are counted in the server's local days, and all five are shown."""
    read = report([past_due(days)], page)
    assert [[label, count] for label, count, _ in read.body("ages") if count != "0"] == [[row, "1"]]
    assert len(read.body("ages")) == 5


@pytest.mark.parametrize("amount", [0.0, -25.5])
def test_a_credit_or_a_zero_is_never_past_due(page: Path, amount: float) -> None:
    """Credits and zeros past their due date have a row of their own, so the table adds up."""
    read = report([past_due(40, amount), past_due(40)], page)
    label = "Credits" if amount else "Nothing due"
    assert [label, "1", money.text(amount)] in read.body("ages")
    assert "credits and zeros never do" in read.text
    states = [row[4] for row in (*read.body("list"), *read.body("list settled"))]
    assert sorted(states) == sorted(
        ["Credit" if amount else "Nothing due", "40 days past due date"]
    )
    assert len(read.late) == 1


def test_what_the_server_left_out_is_said(page: Path) -> None:
    """Missing months, missing due dates and .NET's "never set" have their own rows."""
    unset = Invoice("INV-2", Decimal(5), *[dt.datetime(1, 1, 1)] * 5)  # noqa: DTZ001 - as the server writes it
    read = report([invoice(7, month=None, due=None), unset], page)
    assert ["No due date", "2", "12.00"] in read.body("ages")
    assert read.charts[0][1][:1] == ["No month"]
    assert read.charts[0][1][2] == "12.00"
    assert [row[1:5] for row in read.body("list")] == [["none", "none", "none", "No due date"]] * 2


def test_many_years_stay_readable(page: Path) -> None:
    """At most 36 months are shown one by one. Each earlier year is one row."""
    months = [f"{year}-{month:02}" for year in range(2026, 1999, -1) for month in range(12, 0, -1)]
    read = report([invoice(1, month=month) for month in months], page)
    by_month, by_year = read.charts
    assert [row[0] for row in by_month[1:-1]] == months[:36]
    assert [row[0] for row in by_year[1:-2]] == [str(year) for year in range(2023, 1999, -1)]
    assert [row[1] for row in (by_month[-1], *by_year[-2:])] == ["36.00", "288.00", "324.00"]


# --- bars -----------------------------------------------------------------------------------------


def test_a_bar_is_as_long_as_its_amount(page: Path) -> None:
    """A bar shows the part past its due date, then the rest, and credits to the left of 0."""
    past = AS_OF - dt.timedelta(days=1)
    read = report(
        [
            invoice(1000, month="2026-04", due=past),
            invoice(500, month="2026-03", due=past),
            invoice(250, month="2026-03"),
            invoice(-250, month="2026-02"),
            invoice(0, month="2026-01"),
        ],
        page,
    )
    zero, whole = read.bars["2026-04"].part("late")
    assert read.bars["2026-03"].part("late") == pytest.approx((zero, whole / 2), abs=0.01)
    assert read.bars["2026-03"].part("plain") == pytest.approx(
        (zero + whole / 2, whole / 4), abs=0.01
    )
    assert read.bars["2026-02"].part("plain") == pytest.approx(
        (zero - whole / 4, whole / 4), abs=0.01
    )
    assert "2026-01" not in read.bars
    assert read.bars["2026-03"].says == "2026-03: 750.00, 500.00 past due date"
    assert read.bars["2026-04"].says == "2026-04: 1,000.00, all past due date"
    assert read.bars["2026-02"].says == "2026-02: -250.00, none past due date"
    assert not any(bar.off for bar in read.bars.values())


@pytest.mark.parametrize("huge", [99999999.99, -99999999.99, 1e30])
def test_one_huge_amount_leaves_the_others_readable(page: Path, huge: float) -> None:
    """A huge amount is described in words instead of a bar, so the other bars stay comparable."""
    small = [invoice(100.0 * month, month=f"2026-{month:02}") for month in range(1, 10)]
    read = report([*small, invoice(huge, month="2026-10")], page)
    assert read.bars["2026-10"].off
    (words,) = [row[1] for row in read.charts[0] if row[0] == "2026-10"]
    assert re.fullmatch(
        r"off the scale: (100,000|over a million) times as long as this chart", words
    )
    assert read.bars["2026-09"].part("plain")[1] > 30
    assert sum(bar.off for bar in read.bars.values()) == 1
    assert all(
        begin >= 0 and begin + length < 100.01
        for bar in read.bars.values()
        for _, begin, length in bar.parts
    )


@given(st.lists(MADE_UP, max_size=40))
def test_no_bar_leaves_its_chart(page: Path, made_up: list[Invoice]) -> None:
    """With any amounts, each bar stays inside its chart."""
    for bar in report(made_up, page).bars.values():
        for _, begin, length in bar.parts:
            assert begin >= -0.001
            assert begin + length <= 100.001


# --- what the page says of itself -----------------------------------------------------------------


def test_the_page_says_where_it_comes_from_and_what_it_does_not_know(page: Path) -> None:
    """The page has the host, account, filter, date, creation time and two caveats."""
    text = report(
        [invoice()], page, account="seller-aspen", shown="2026-01 to 2026-06, past due date only"
    ).text
    for said in (
        HOST,
        "seller-aspen",
        "2026-01 to 2026-06, past due date only",
        "2026-11-24",
        "not by FinerWorks",
    ):
        assert said in text
    assert "FinerWorks does not document whether it lowers the amount of an invoice" in text
    (made,) = re.findall(r"Made\n?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d)", text)
    assert abs(dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(made)) < dt.timedelta(days=1)
    assert "(today" not in text


def test_without_a_day_it_is_today(page: Path) -> None:
    """Without an as-of date, the report uses the current day, and says "today"."""
    now = dt.datetime.now(CENTRAL).date()
    invoices = [invoice(due=now + dt.timedelta(days=days)) for days in (-2, 2)]
    assert write_report(invoices, page, host=HOST, overwrite=True).past_due_count == 1
    assert "(today" in Report(page.read_text(encoding="utf-8")).text


# --- files ----------------------------------------------------------------------------------------


def breaking_off() -> Iterator[Invoice]:
    """Yield an invoice, and fail at the second one."""
    yield invoice()
    raise ConnectionError("gone")


@pytest.mark.parametrize("before", [None, "the report of last month"])
def test_a_listing_that_fails_half_way_leaves_nothing(tmp_path: Path, before: str | None) -> None:
    """A listing that fails leaves no new file, and does not change an existing one."""
    path = tmp_path / "report.html"
    if before:
        path.write_text(before)
    with pytest.raises(ConnectionError):
        write_report(breaking_off(), path, host=HOST, overwrite=True)
    assert [each.read_text() for each in tmp_path.iterdir()] == ([before] if before else [])


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    """An existing file is an error before anything is listed. `overwrite` replaces it."""
    path = tmp_path / "report.html"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        write_report(breaking_off(), path, host=HOST)
    assert path.read_text() == "mine"
    write_report([invoice()], path, host=HOST, overwrite=True)
    assert "INV-1" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("amount", [Decimal("0.01"), Decimal(0)])
def test_twenty_thousand_invoices_are_less_than_a_megabyte(page: Path, amount: Decimal) -> None:
    """With many invoices, the list has the largest ones, and says so. Sums cover all."""
    invoices = [invoice(amount * each, name=f"INV-{each:08}") for each in range(20_000)]
    read = report(invoices, page)
    assert page.stat().st_size < 1_000_000
    assert "1,000 invoices with the largest amounts, of 20,000" in read.text
    assert "finerworks invoices export" in read.text
    if amount:
        assert [row[0] for row in read.body("list")] == [
            each.invoice_id for each in invoices[-1000:]
        ]
    else:
        assert len(read.body("list settled")) == 1000
    total = money.total(each.amount_due for each in invoices)
    assert read.tables["ages"][-1] == ["Total", "20,000", money.text(total)]


# --- the three questions --------------------------------------------------------------------------


def tiles(html: str) -> list[str]:
    """Return the text of each figure at the top, with its label in front."""
    found = re.findall(r"<div><dt>(.*?)</dt>(.*?)</div>", html, re.DOTALL)
    return [f"{label}: " + " ".join(re.sub(r"<[^>]+>", " ", rest).split()) for label, rest in found]


def test_the_page_begins_with_what_is_owed_past_due_and_next(page: Path) -> None:
    """The page begins with three figures, and the caveat is next to its figure."""
    later = AS_OF + dt.timedelta(days=6)
    report([past_due(25, 200), invoice(30, due=later), invoice(4, due=later), invoice(-1)], page)
    html = page.read_text(encoding="utf-8")
    owed, past, following = tiles(html)
    assert owed == "You owe: 233.00 4 invoices"
    assert past == (
        "Past due date: 200.00 1 invoice. The API does not say whether an invoice is paid: "
        "some of these may be."
    )
    assert following == "Due next: 34.00 2026-11-30 , in 6 days: 2 invoices"
    assert html.index("Due next") < html.index("<table")
    assert html.index("</table>") < html.index("<dt>Made"), "what describes the report comes last"


def test_a_report_on_some_invoices_says_nothing_of_the_account(page: Path) -> None:
    """The others may be due next, and what is owed is more: all figures are "of these"."""
    read = report([past_due(25, 200), invoice(-1)], page, shown="past due date only")
    html = page.read_text(encoding="utf-8")
    assert "<h1>FinerWorks invoices</h1>" in html
    assert "you owe" not in read.text.lower()
    total, past, following = tiles(html)
    assert total == "Total of these invoices: 199.00 2 invoices"
    assert past.startswith("Past due date, of these: 200.00 1 invoice.")
    assert following == (
        "Due next, of these: nothing None of these invoices has a due date from 2026-11-24 on"
    )
    assert "No invoice has" not in read.text
    assert "<h2>Next payments, of these</h2>" in html
    assert "<h2>Largest amounts, of these</h2>" in html


def test_a_report_on_all_invoices_is_about_what_you_owe(page: Path) -> None:
    """Nothing says "of these", and nothing being due next is true for the account."""
    read = report([past_due(25, 200)], page)
    assert "<h1>What you owe FinerWorks</h1>" in page.read_text(encoding="utf-8")
    assert ", of these" not in read.text
    assert tiles(page.read_text(encoding="utf-8"))[2] == (
        "Due next: nothing No invoice has a due date from 2026-11-24 on"
    )


@pytest.mark.parametrize("account", [None, "seller-aspen"])
def test_the_header_says_whose_figures_these_are(page: Path, account: str | None) -> None:
    """The header names the host and the account, before the first figure."""
    write_report([invoice()], page, as_of=AS_OF, host=HOST, account=account, overwrite=True)
    header = page.read_text(encoding="utf-8").split("</header>")[0]
    assert HOST in header
    assert (account or "the account that owns the keys") in header


def test_an_invoice_that_is_due_today_is_next(page: Path) -> None:
    """An invoice that is due today is not past its due date."""
    read = report([invoice(5), invoice(7, due=AS_OF + dt.timedelta(days=1), name="INV-2")], page)
    assert read.tables["next"][1:] == [
        ["2026-11-24 today", "INV-1", "5.00"],
        ["2026-11-25 in 1 day", "INV-2", "7.00"],
    ]
    assert [row[4] for row in read.body("list")] == ["Due today", "Due in 1 day"]


def test_many_payments_are_shortened(page: Path) -> None:
    """At most three invoices per day and five days are shown, with the number of the others."""
    days = [AS_OF + dt.timedelta(days=day) for day in range(7)]
    invoices = [invoice(each, due=day) for day in days for each in (1, 2, 3, 4)]
    read = report(invoices, page)
    assert len(read.tables["next"][1:]) == 5
    assert read.tables["next"][1][1:] == ["INV-1, INV-1, INV-1 and 1 more", "10.00"]
    assert "And 2 later due dates." in read.text


def test_what_is_past_its_due_date_is_listed_with_the_oldest_first(page: Path) -> None:
    """The page lists at most five of them, and says how many more there are."""
    days = [3, 700, 1, 40, 25, 90, 2]
    late = [invoice(each, due=AS_OF - dt.timedelta(days=each), name=f"INV-{each}") for each in days]
    read = report([*late, past_due(800, 0), past_due(900, -1), invoice(5)], page)
    assert read.tables["oldest"][1:] == [
        ["2024-12-24 700 days ago", "INV-700", "700.00"],
        ["2026-08-26 90 days ago", "INV-90", "90.00"],
        ["2026-10-15 40 days ago", "INV-40", "40.00"],
        ["2026-10-30 25 days ago", "INV-25", "25.00"],
        ["2026-11-21 3 days ago", "INV-3", "3.00"],
    ]
    assert "And 2 more." in read.text
    assert report([past_due(1), invoice(5)], page).tables["oldest"][1:] == [
        ["2026-11-23 1 day ago", "INV-1", "19.99"]
    ]
    assert "more." not in Report(page.read_text(encoding="utf-8")).text


def test_nothing_is_called_overdue(page: Path) -> None:
    """The report does not say "overdue", because nobody knows whether an invoice is paid."""
    report([past_due(25), past_due(400, 1), invoice()], page)
    assert "overdue" not in page.read_text(encoding="utf-8").lower()


def test_the_earlier_names_of_totals_still_work(page: Path) -> None:
    """The former names of totals still work, with a warning that names the new ones."""
    totals = write_report([past_due(3, 5)], page, as_of=AS_OF, host=HOST, overwrite=True)
    with pytest.warns(DeprecationWarning, match="past_due_count"):
        assert totals.overdue_count == 1
    with pytest.warns(DeprecationWarning, match="past_due_total"):
        assert totals.overdue_total == 5


# --- what a browser makes of it -------------------------------------------------------------------

HOSTILE = [
    "<script>window.ran = 1</script>",
    "\"'><img src=x onerror='window.ran = 1'>",
    "</th></table></main><style>*{display:none}</style>",
    "{{ 7 * 7 }}{% include 'x' %}",
    "INV-\u202etxt.exe\u2066\u200f",
    "a\x00b\x07c\x1b[31m\x85\ud800\u2028",
    "&lt;b&gt;&amp;",
]
SEEN = [
    *HOSTILE[:4],
    "INV-<U+202E>txt.exe<U+2066><U+200F>",
    "a<U+0000>b<U+0007>c<U+001B>[31m<U+0085><U+D800><U+2028>",
    HOSTILE[6],
]


def test_what_the_server_sent_is_shown_and_never_runs(browser: Browser, tmp_path: Path) -> None:
    """Markup is shown as text, and invisible characters by their code points."""
    path = tmp_path / "report.html"
    invoices = [invoice(name=name) for name in HOSTILE]
    write_report(invoices, path, as_of=AS_OF, host=HOSTILE[0], account=HOSTILE[1], shown=HOSTILE[2])
    watched = Watched(browser, path.as_uri())
    opened = watched.open(path.as_uri())
    assert opened.locator(".list tbody th").all_text_contents() == SEEN
    assert [opened.locator(f".about dd >> nth={nth}").text_content() for nth in (1, 2, 3)] == [
        HOSTILE[2],
        HOSTILE[1],
        HOSTILE[0],
    ]
    assert opened.evaluate(
        "[typeof window.ran, document.scripts.length, document.images.length]"
    ) == ["undefined", 0, 0]
    assert watched.problems == []
    assert watched.requests == [path.as_uri()]


@pytest.mark.parametrize("policy", [True, False])
def test_a_browser_would_refuse_what_is_not_the_reports(
    browser: Browser, tmp_path: Path, *, policy: bool
) -> None:
    """The content security policy blocks scripts, styles and loads that are not the report's."""
    path = tmp_path / "report.html"
    write_report([invoice()], path, as_of=AS_OF, host=HOST)
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0)
        evil = f"<script>window.ran = 1</script><img src='http://127.0.0.1:{elsewhere.getsockname()[1]}/'>"
        html = path.read_text(encoding="utf-8").replace(
            "<h1>", f"{evil}<style>h1 {{ color: lime }}</style><h1>"
        )
        if not policy:
            html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
        path.write_text(html, encoding="utf-8")
        opened = Watched(browser, path.as_uri()).page
        opened.goto(path.as_uri(), wait_until="commit")
        opened.wait_for_selector("footer")
        color = opened.evaluate("getComputedStyle(document.querySelector('h1')).color")
        assert (opened.evaluate("typeof window.ran"), color == "rgb(0, 255, 0)") == (
            ("undefined", False) if policy else ("number", True)
        )
        if policy:
            opened.wait_for_load_state("networkidle")
            with pytest.raises(BlockingIOError):
                elsewhere.accept()
        else:
            elsewhere.settimeout(30)
            elsewhere.accept()[0].close()
        opened.close()


@pytest.fixture(scope="module")
def demo(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report on the sandbox's 250 invoices."""
    path = tmp_path_factory.mktemp("demo") / "report.html"
    env = sandbox.env
    web_api_key, app_key = env["FINERWORKS_WEB_API_KEY"], env["FINERWORKS_APP_KEY"]
    host = env["FINERWORKS_BASE_URL"]
    with FinerWorks(web_api_key=web_api_key, app_key=app_key, base_url=host) as fw:
        told = write_report(fw.invoices.list(), path, as_of=AS_OF, host=host)
    assert (told.count, told.total) == (250, Decimal("118620104.20"))
    return path


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [375, 1280])
def test_it_opens_from_the_disk_without_a_complaint(
    browser: Browser, demo: Path, width: int, *, dark: bool
) -> None:
    """At phone and desktop width, in both colour schemes, nothing overflows, and only the file is loaded."""
    watched = Watched(browser, demo.as_uri(), width=width, dark=dark)
    opened = watched.open(demo.as_uri())
    assert watched.problems == []
    assert watched.requests == [demo.as_uri()]
    assert watched.overflow == 0
    assert opened.title() == "FinerWorks invoices as of 2026-11-24"
    paper, ink = opened.evaluate(
        "(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))"
    )
    assert (light(paper) > light(ink)) is not dark


@pytest.mark.parametrize("width", [375, 1280])
def test_rows_cells_and_bars_are_told_to_those_who_do_not_see_them(
    browser: Browser, demo: Path, width: int
) -> None:
    """Tables are accessible at every width, and each bar has a description."""
    opened = Watched(browser, demo.as_uri(), width=width).open(demo.as_uri())
    opened.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    name = "2025-12: 1,000.00, all past due date"
    assert opened.get_by_role("img", name=name, exact=True).count() == 1
    rows = opened.locator(".list").get_by_role("row")
    assert rows.filter(has_text="INV-202610-0001").get_by_role("cell").all_text_contents() == [
        "2026-10",
        "2026-10-31",
        "2026-11-15",
        "9 days past due date",
        "1,234,567.89",
    ]
    assert rows.get_by_role("rowheader", name="INV-202610-0001").count() == 1
    assert opened.get_by_role("table").count() == 7
    # Roles are explicit, because some browsers lose them if rows are laid out as a grid.
    assert opened.locator("table :is(thead, tbody, tfoot, tr, th, td):not([role])").count() == 0
    assert (
        opened.locator("table:not(:has(caption)), th:not([scope]), html:not([lang=en])").count()
        == 0
    )


def test_the_list_is_closed_on_a_phone_and_open_on_a_desk_and_on_paper(
    browser: Browser, demo: Path
) -> None:
    """The list is collapsed on a phone, and open on a desktop and in print."""
    invoices = Watched(browser, demo.as_uri(), width=375).open(demo.as_uri())
    first = invoices.locator(".list tbody tr").first
    summary = invoices.locator("details.all summary")
    expect(first).not_to_be_visible()
    summary.click()
    expect(first).to_be_visible()
    summary.click()
    invoices.set_viewport_size({"width": 1280, "height": 800})
    expect(first).to_be_visible()
    expect(summary).not_to_be_visible()
    invoices.set_viewport_size({"width": 375, "height": 800})
    invoices.emulate_media(media="print")
    expect(first).to_be_visible()


def test_extremes_fit_at_every_width(browser: Browser, tmp_path: Path) -> None:
    """A very long ID and an amount of 300 digits wrap, and large amounts fit."""
    path = tmp_path / "report.html"
    large = [past_due(days, 999_999_999_999.99) for days in (1, 700_000)]
    endless = [invoice(1e300, name="X" * 500), invoice(-1e300)]
    for invoices in (large, endless):
        write_report(invoices, path, as_of=AS_OF, host="h" * 300, shown="s" * 300, overwrite=True)
        watched = Watched(browser, path.as_uri())
        watched.open(path.as_uri())
        assert watched.problems == []
        for width in (320, 375, 640, 863, 865, 1024, 1280):
            watched.page.set_viewport_size({"width": width, "height": 800})
            assert watched.overflow == 0, width


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_it_prints_black_on_white_with_its_head_on_each_page(
    browser: Browser, demo: Path, paper: str
) -> None:
    """In print, text is black on white, also from a dark scheme, and no row is split."""
    opened = Watched(browser, demo.as_uri(), dark=True).open(demo.as_uri())
    opened.emulate_media(media="print")
    style = "(([of, name]) => getComputedStyle(document.querySelector(of))[name])"
    for of, name, value in (
        ("body", "color", "rgb(0, 0, 0)"),
        ("body", "backgroundColor", "rgb(255, 255, 255)"),
        (".list thead", "display", "table-header-group"),
        (".list tbody tr", "breakInside", "avoid"),
        (".list tbody tr", "display", "table-row"),
    ):
        assert opened.evaluate(style, [of, name]) == value, (of, name)
    printed = opened.pdf(format=paper)
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) > 5


def light(color: str) -> float:
    """Return a colour's relative luminance, as WCAG defines it."""
    if color.startswith("#"):
        channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    else:
        channels = [int(channel) / 255 for channel in re.findall(r"\d+", color)[:3]]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True])
def test_text_and_bars_stand_out_from_the_paper(
    browser: Browser, demo: Path, *, dark: bool
) -> None:
    """Text has a contrast of at least 4.5, and bars of at least 3, in both schemes (WCAG AA)."""
    opened = Watched(browser, demo.as_uri(), dark=dark).open(demo.as_uri())
    named = "name => getComputedStyle(document.documentElement).getPropertyValue(name)"
    colors = {
        name: light(opened.evaluate(named, f"--{name}"))
        for name in ("paper", "panel", "ink", "muted", "late", "plain")
    }
    for ground in ("paper", "panel"):
        for name, least in (("ink", 4.5), ("muted", 4.5), ("late", 4.5), ("plain", 3)):
            low, high = sorted([colors[ground], colors[name]])
            assert (high + 0.05) / (low + 0.05) >= least, (ground, name)


def test_without_invoices_there_is_a_page_that_says_so(browser: Browser, tmp_path: Path) -> None:
    """Without invoices, the page shows zeros and a sentence, and no chart."""
    path = tmp_path / "report.html"
    assert write_report([], path, host=HOST) == Totals(
        count=0, total=Decimal(0), past_due_count=0, past_due_total=Decimal(0)
    )
    watched = Watched(browser, path.as_uri())
    opened = watched.open(path.as_uri())
    assert opened.get_by_text("No invoices.").count() == 1
    assert opened.locator(".chart, .list, .bar").count() == 0
    assert watched.problems == []
