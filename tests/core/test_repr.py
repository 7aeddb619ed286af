"""What a terminal and a notebook display: short, readable, escaped, and without keys."""

import asyncio
import copy
import datetime as dt
import json
import traceback
from collections.abc import Callable
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any, cast

import pytest

from answers import ROW, listing, rows
from callers import KEYS
from finerworks import (
    AsyncFinerWorks,
    AsyncHTTPClient,
    CredentialsError,
    FinerWorks,
    HTTPClient,
    Invoice,
    InvoiceList,
    Page,
)
from finerworks_client.models import InvoiceListRequest
from finerworks_client.types import MAX_ROWS
from wire import Exchange, Wire, elsewhere, http

EVIL = '<script>alert("1")</script>'


class Table(HTMLParser):
    """Reads a table that a notebook displays.

    Attributes:
        rows: The texts of the cells of each row, the headers first.
        tags: The names of all elements.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.caption = ""
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a row or a cell."""
        assert not attrs
        self.tags.add(tag)
        self._open = tag
        if tag == "tr":
            self.rows.append([])
        if tag in {"th", "td"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """End a cell."""
        if tag == self._open:
            self._open = ""

    def handle_data(self, data: str) -> None:
        """Read the text of a cell."""
        if self._open == "caption":
            self.caption += data
        if self._open in {"th", "td"}:
            self.rows[-1][-1] += data


def displayed(value: object) -> str:
    """Return the HTML that a notebook displays."""
    html: str = cast("Any", value)._repr_html_()
    return html


def invoice(**fields: object) -> Invoice:
    """Make an invoice from JSON."""
    return Invoice.from_dict({**copy.deepcopy(ROW), "amount_due": Decimal("1234.50"), **fields})


def test_an_invoice_is_one_readable_line() -> None:
    """An invoice is one line with plain amounts and dates, and with unknown fields if there are any."""
    plain = invoice(due_date=None)
    assert repr(plain) == (
        "Invoice(invoice_id='INV-1', amount_due=1234.50, invoice_month=2026-02-01 00:00:00-06:00, "
        "invoice_date=2026-02-28 18:11:17-06:00, first_day_of_month=2026-02-01 00:00:00-06:00, "
        "last_day_of_month=2026-02-28 23:59:59-06:00, due_date=None)"
    )
    assert str([plain]) == f"[{plain!r}]"
    assert repr(invoice(paid=True)).endswith(", additional_properties={'paid': True})")
    naive = invoice(due_date="2026-03-01T00:00:00", first_day_of_month=None)
    assert repr(naive).endswith("due_date=2026-03-01 00:00:00)")


@pytest.mark.parametrize(
    "fields",
    [
        {"invoice_id": "A" * 5_000},
        {"amount_due": Decimal("1" * 390 + ".5")},
        {"new": "b" * 5_000},
        {"new": list(range(5_000))},
        {f"new{number}": number for number in range(5_000)},
        {"new": json.loads("[" * 200 + "]" * 200)},
        {"new": 10**1_000},
    ],
    ids=["id", "amount", "text", "list", "fields", "nested", "integer"],
)
def test_a_long_value_is_cut(fields: dict[str, object]) -> None:
    """A long value is truncated, and unprintable characters are escaped."""
    made = invoice(**fields)
    assert "..." in repr(made)
    assert len(repr(made)) < 900
    assert len(displayed(made)) < 2_000


def test_what_cannot_be_printed_is_escaped() -> None:
    """A line break, an escape sequence and a lone surrogate are escaped."""
    made = invoice(invoice_id="a\n\x1b[31m\ud800")
    assert "'a\\n\\x1b[31m\\ud800'" in repr(made)
    displayed(made).encode()


def test_a_page_says_how_many_invoices_it_has() -> None:
    """The `repr` of a page has the number of invoices, but not each invoice."""
    response = InvoiceList.from_dict(listing(rows("a", "b"), 7))
    assert repr(response) == (
        "InvoiceList(status=ResponseStatus(success=True, status_code=200, message='', debug=None, "
        "reference_id='ref-1', domain=None), invoices=[2 x Invoice], total_count=7)"
    )
    assert "invoices=[]" in repr(InvoiceList.from_dict(listing([])))
    assert "invoices=None" in repr(InvoiceList.from_dict({**listing([]), "invoices": None}))
    assert repr(Page(3, [1, 2], 7)) == "Page(number=3, 2 items, total_count=7)"


def test_a_notebook_shows_a_page_as_a_table() -> None:
    """A notebook shows a page as a table with amounts and dates."""
    response = InvoiceList.from_dict(listing(rows("a", "b"), 7))
    page = Page(1, response.invoices or [], 7)
    for shown in (Table(displayed(response)), Table(displayed(page))):
        assert shown.rows[0] == list(ROW)
        assert [row[0] for row in shown.rows[1:]] == ["a", "b"]
        assert shown.rows[1][1:3] == ["19.99", "2026-02-01 00:00:00-06:00"]
        assert "total_count=7" in shown.caption


def test_a_table_has_a_limited_number_of_rows() -> None:
    """A table has a limited number of rows, and says so."""
    response = InvoiceList.from_dict(listing(rows(*range(MAX_ROWS + 1))))
    page = Page(1, response.invoices or [], None)
    for shown in (Table(displayed(response)), Table(displayed(page))):
        assert len(shown.rows) == 1 + MAX_ROWS
        assert shown.caption.endswith(f"(the first {MAX_ROWS} of {MAX_ROWS + 1})")


def test_an_empty_page_is_displayed_too() -> None:
    """Empty pages, and pages of other items, can be displayed."""
    assert displayed(InvoiceList.from_dict(listing([])))
    assert displayed(InvoiceList.from_dict({**listing([]), "invoices": None}))
    pages: list[list[object]] = [[], [7, "x"]]
    for items in pages:
        shown = Table(displayed(Page(1, items, 0)))
        assert (shown.rows, f"{len(items)} items" in shown.caption) == ([[]], True)


def test_html_is_escaped() -> None:
    """HTML is escaped in cells, field names and captions."""
    row = {**ROW, "invoice_id": EVIL, EVIL: EVIL}
    response = InvoiceList.from_dict({**listing([row]), EVIL: EVIL})
    for value in (response, (response.invoices or [])[0], Page(1, response.invoices or [], 1)):
        shown = Table(displayed(value))
        assert "script" not in shown.tags
        assert EVIL in "".join(cell for line in shown.rows for cell in line)


@pytest.mark.parametrize("show", [repr, str, displayed])
def test_a_pager_sends_nothing_to_be_displayed(show: Callable[[object], str]) -> None:
    """Displaying a pager sends nothing, and shows what it lists."""
    with elsewhere() as wire:
        fw = FinerWorks(**KEYS, base_url=wire.url)
        pager = fw.invoices.list(since=dt.date(2026, 1, 31), limit=3, consistent=True)
        assert "Pager InvoiceList since=2026-01 limit=3 consistent" in show(pager)
        fw_async = AsyncFinerWorks(**KEYS, base_url=wire.url)
        async_pager = fw_async.invoices.list(until="2026-01")
        assert "AsyncPager InvoiceList until=2026-01" in show(async_pager)


def test_a_pager_shows_the_total_once_it_is_known() -> None:
    """A pager shows the total that the server reported."""

    def does(exchange: Exchange) -> None:
        exchange.send(http(json.dumps(listing(rows(1, 2), 2)).encode()))

    with Wire(does) as wire, FinerWorks(**KEYS, base_url=wire.url) as fw:
        pager = fw.invoices.list()
        assert repr(pager) == "<Pager InvoiceList>"
        pager.to_list()
        assert repr(pager) == "<Pager InvoiceList total_count=2>"


def test_a_client_shows_its_host_and_no_key() -> None:
    """A client shows its host, whether it has an account and is closed, but no key."""
    url = "http://127.0.0.1:9"
    fw = FinerWorks(**KEYS, base_url=url)
    account = fw.with_options(account_key="an-account")
    assert repr(fw) == f"<FinerWorks {url}>"
    assert repr(account) == f"<FinerWorks {url} account_key=[key]>"
    assert repr(fw.client.get_httpx_client()) == f"<HTTPClient {url}>"
    assert repr(fw.with_options(max_retries=0).client.get_httpx_client()) == f"<HTTPClient {url}>"
    assert repr(fw.invoices) == "<Resource InvoiceList: list(), page()>"
    assert repr(fw.invoices.with_raw_response) == "<RawResource InvoiceList: page()>"
    fw.close()
    assert repr(account) == f"<FinerWorks {url} account_key=[key] closed>"
    assert repr(fw.client.get_httpx_client()) == f"<HTTPClient {url} closed>"

    async def shown() -> list[str]:
        async with AsyncFinerWorks(**KEYS, base_url=url) as fw:
            http_client = fw.client.get_async_httpx_client()
            displayed = (fw, http_client, fw.invoices, fw.invoices.with_raw_response)
            return [repr(each) for each in displayed]

    assert asyncio.run(shown()) == [
        f"<AsyncFinerWorks {url}>",
        f"<AsyncHTTPClient {url}>",
        "<AsyncResource InvoiceList: list(), page()>",
        "<AsyncRawResource InvoiceList: page()>",
    ]


@pytest.mark.parametrize("client", [FinerWorks, AsyncFinerWorks, HTTPClient, AsyncHTTPClient])
def test_a_client_whose_constructor_failed_can_be_displayed(
    client: type[FinerWorks | AsyncFinerWorks | HTTPClient | AsyncHTTPClient],
) -> None:
    """A client whose constructor failed has a `repr`, so it does not hide the error in a traceback."""
    with pytest.raises(CredentialsError) as caught:
        client(web_api_key="a key", app_key="another")
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert f"self = <{client.__name__} incomplete>" in "".join(shown.format())


def test_a_request_does_not_show_the_account() -> None:
    """A request shows no account, in text and in HTML."""
    request = InvoiceListRequest(account_key="an-account", per_page=3)
    assert repr(request) == "InvoiceListRequest(per_page=3, account_key=[key])"
    assert "an-account" not in displayed(request)
