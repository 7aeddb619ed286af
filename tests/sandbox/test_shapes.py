"""Responses that deviate from the contract, or that the contract leaves open: --dates and --shape."""

import functools
import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, get_args

import httpx
import pytest

from callers import Caller, keys
from finerworks import ResponseValidationError
from finerworks.sandbox import Sandbox, Settings, data
from finerworks.sandbox.options import read_options
from finerworks.sandbox.settings import ALTERNATIVES, SHAPES, Dates, Shape

DATES = ("invoice_month", "invoice_date", "first_day_of_month", "last_day_of_month", "due_date")
Page = dict[str, Any]


def ask(sandbox: Sandbox, **body: object) -> httpx.Response:
    """Ask a sandbox for a page."""
    headers = {"web_api_key": sandbox.web_api_key, "app_key": sandbox.app_key}
    url = f"{sandbox.base_url}/v3/list_invoices"
    return httpx.post(url, json={"per_page": 25, **body}, headers=headers, trust_env=False)


@functools.cache
def page(*shapes: Shape, **body: object) -> Any:  # noqa: ANN401 - decoded JSON
    """Give a page of a sandbox of 60 invoices in a shape, with numbers as decimals."""
    with Sandbox(invoices=60, edge_cases=True, shapes=shapes) as sandbox:
        response = ask(sandbox, **body)
    assert response.headers["content-type"] == "application/json"
    assert int(response.headers["content-length"]) == len(response.content)
    return json.loads(response.content, parse_float=Decimal)


def column(rows: Sequence[Page], name: str) -> list[Any]:
    """Give a field of each invoice."""
    return [row.get(name, "absent") for row in rows]


def test_every_shape_is_in_the_type_and_in_the_help() -> None:
    """A type checker, the help and the sandbox know the same ones."""
    assert set(SHAPES) == set(get_args(Shape))
    assert all(alternatives <= set(SHAPES) for alternatives in ALTERNATIVES)


@pytest.mark.parametrize("name", get_args(Dates))
def test_dates_have_an_offset_or_not(name: Dates) -> None:
    """None of them, those of about every second invoice, or all: the rest of the date stays."""
    with (
        Sandbox(invoices=250, edge_cases=True, dates="offset") as plain,
        Sandbox(invoices=250, edge_cases=True, dates=name) as sandbox,
    ):
        before = ask(plain).json()["invoices"]
        after = ask(sandbox).json()["invoices"]
    without = list[bool]()
    for old, new in zip(before, after, strict=True):
        dates = [(old[field], new[field]) for field in DATES if old[field] is not None]
        assert all(later.startswith(earlier[:19]) for earlier, later in dates)
        (bare,) = {not re.search(r"-0[56]:00$", later) for _, later in dates}
        without.append(bare)
        assert old["amount_due"] == new["amount_due"]
    share = sum(without) / len(without)
    assert {"none": share == 1, "offset": share == 0, "mixed": 0.2 < share < 0.8}[name]


def test_a_date_without_an_offset_is_as_dot_net_writes_it() -> None:
    """Without zeros at the end of the fraction."""
    with Sandbox(invoices=250, edge_cases=True, dates="none") as sandbox:
        first = ask(sandbox, per_page=1).json()["invoices"][0]
    assert first["invoice_month"] == "2026-10-01T00:00:00"
    assert first["last_day_of_month"] == "2026-10-31T23:59:59.9999999"


def test_an_invoice_has_the_same_dates_on_every_page() -> None:
    """Whatever the size of the page."""
    with Sandbox(invoices=60, edge_cases=True, dates="mixed") as sandbox:
        large = ask(sandbox).json()["invoices"]
        small = [
            row
            for number in range(1, 6)
            for row in ask(sandbox, per_page=5, page_number=number).json()["invoices"]
        ]
    assert large == small


@pytest.mark.parametrize("dates", ["none", "mixed"])
def test_the_sdk_lists_dates_without_an_offset(caller: Caller, dates: str) -> None:
    """They stay without one, and the amounts are exact."""
    with Sandbox(invoices=250, edge_cases=True, dates=dates) as sandbox:  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - one of the three
        invoices = caller.invoices(**keys(sandbox))
    naive = [each.invoice_month.tzinfo is None for each in invoices if each.invoice_month]
    assert len(invoices) == 250
    assert sum(each.amount_due for each in invoices) == Decimal("118620104.20")
    assert all(naive) if dates == "none" else 50 < sum(naive) < 200


CHANGED: dict[Shape, Callable[[Page], bool]] = {
    "unknown-fields": lambda page: "added_later" in page.keys() & page["status"].keys(),
    "missing-fields": lambda page: (
        "status_code" not in page["status"]
        and set(column(page["invoices"], "due_date")) == {"absent"}
    ),
    "null-fields": lambda page: set(column(page["invoices"], "amount_due")) == {None},
    "empty-fields": lambda page: set(column(page["invoices"], "due_date")) == {""},
    "numbers-as-text": lambda page: (
        page["total_count"] == "60" and page["invoices"][0]["amount_due"] == "1234567.89"
    ),
    "ids-as-numbers": lambda page: (
        {type(each) for each in column(page["invoices"], "invoice_id")} == {int}
    ),
    "total-count-per-page": lambda page: page["total_count"] == 25,
    "total-count-null": lambda page: page["total_count"] is None,
    "total-count-missing": lambda page: "total_count" not in page,
}


@pytest.mark.parametrize("shape", CHANGED)
def test_a_response_has_the_shape(shape: Shape) -> None:
    """What the shape is about is changed, and nothing is in another shape."""
    plain = page()
    assert CHANGED[shape](page(shape))
    assert not CHANGED[shape](plain)
    assert len(page(shape)["invoices"]) == 25


def test_a_bare_list_is_the_invoices_alone() -> None:
    """The same ones, without an envelope."""
    assert page("bare-list") == page()["invoices"]


@pytest.mark.parametrize(
    ("shape", "pattern"),
    [
        ("exponents", r'"amount_due":-?\d(\.\d+)?e[+-]\d+,'),
        ("four-digits", r'"amount_due":-?\d+\.\d{4},'),
    ],
)
def test_amounts_have_another_form_and_the_same_value(shape: Shape, pattern: str) -> None:
    """The digits on the wire are others."""
    with Sandbox(invoices=60, edge_cases=True, shapes=(shape,)) as sandbox:
        text = ask(sandbox).text
    assert len(re.findall(pattern, text)) == 25
    assert column(page(shape)["invoices"], "amount_due") == column(page()["invoices"], "amount_due")


def test_shapes_can_be_combined() -> None:
    """As a server may deviate in more than one way; dates too."""
    with Sandbox(
        invoices=250,
        edge_cases=True,
        dates="none",
        shapes=("bare-list", "unknown-fields", "null-fields"),
    ) as sandbox:
        rows = ask(sandbox).json()
    assert {row["amount_due"] for row in rows} == {None}
    assert all(
        "added_later" in row and len(row["invoice_month"]) == 19
        for row in rows
        if row["invoice_month"]
    )


@pytest.mark.parametrize(("shape", "order"), [("ascending", "up"), ("unordered", "none")])
def test_invoices_come_in_another_order(shape: Shape, order: str) -> None:
    """All of them, each once, on the same page every time."""
    with Sandbox(invoices=60, edge_cases=True, shapes=(shape,)) as sandbox:
        ids = [
            row["invoice_id"]
            for number in range(1, 4)
            for row in ask(sandbox, page_number=number).json()["invoices"]
        ]
        again = ask(sandbox).json()["invoices"]
    assert len(set(ids)) == 60
    assert [row["invoice_id"] for row in again] == ids[:25]
    assert (ids == sorted(ids)) == (order == "up")
    assert ids != sorted(ids, reverse=True)


@pytest.mark.parametrize("count", range(40))
def test_each_position_has_an_invoice_of_its_own(count: int) -> None:
    """Whatever the number of invoices is."""
    for order in (data.ascending, data.descending, data.unordered):
        assert sorted(order(position, count) for position in range(count)) == list(range(count))


@pytest.mark.parametrize(
    ("shapes", "status", "rows"),
    [((), 400, None), (("cap-25",), 200, 25), (("large-pages",), 200, 26)],
)
def test_a_large_page_is_rejected_cut_or_sent(
    shapes: tuple[Shape, ...], status: int, rows: int | None
) -> None:
    """Which of them the live API does is not known."""
    with Sandbox(invoices=250, edge_cases=True, shapes=shapes) as sandbox:
        response = ask(sandbox, per_page=26)
    assert response.status_code == status
    assert rows is None or len(response.json()["invoices"]) == rows


@pytest.mark.parametrize("shape", ["cap-25", "large-pages"])
def test_a_page_has_a_largest_size_in_any_case(shape: Shape) -> None:
    """The sandbox makes no page of a billion invoices."""
    with Sandbox(invoices=250, edge_cases=True, shapes=(shape,)) as sandbox:
        assert ask(sandbox, per_page=1001).status_code == 400


def test_a_page_after_the_last_is_empty_an_error_null_or_the_last() -> None:
    """Which of them the live API sends is not known."""
    assert page(page_number=4)["invoices"] == []
    assert page("last-page-null", page_number=4)["invoices"] is None
    assert page("last-page-error", page_number=4) == {"message": "The page does not exist."}
    assert page("last-page-repeats", page_number=4) == page("last-page-repeats", page_number=9)
    last = column(page(page_number=3)["invoices"], "invoice_id")
    assert column(page("last-page-repeats", page_number=4)["invoices"], "invoice_id") == last


@pytest.mark.parametrize("shape", SHAPES)
def test_accounts_without_invoices_and_errors_are_as_ever(shape: Shape) -> None:
    """The first page of an account is no page after the last, and an error keeps its shape."""
    with Sandbox(invoices=250, edge_cases=True, shapes=(shape,), dates="none") as sandbox:
        for account_key in ("seller-empty", "seller-null"):
            assert ask(sandbox, account_key=account_key).status_code == 200
        url = f"{sandbox.base_url}/v3/list_invoices"
        response = httpx.post(url, json={}, trust_env=False)
    assert (response.status_code, set(response.json())) == (400, {"Message", "ModelState"})


def test_the_sdk_reads_an_account_in_every_shape_that_the_contract_has(caller: Caller) -> None:
    """Completely, and otherwise it raises."""
    for shape in SHAPES:
        with Sandbox(invoices=60, edge_cases=True, shapes=(shape,)) as sandbox:
            try:
                invoices = caller.invoices(**keys(sandbox))
            except ResponseValidationError:
                assert shape in {
                    "bare-list",
                    "missing-fields",
                    "null-fields",
                    "empty-fields",
                    "numbers-as-text",
                    "ids-as-numbers",
                }
            else:
                assert len({each.invoice_id for each in invoices}) == 60


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"dates": "some"}, "dates must be one of offset, none, mixed"),
        ({"shapes": ("round",)}, "shapes must be one of bare-list, .*, not 'round'"),
        ({"shapes": "bare-list"}, "shapes must be a tuple of names"),
        ({"shapes": ("ascending", "unordered")}, "shapes cannot be both ascending and unordered"),
        ({"shapes": ("large-pages", "cap-25")}, "shapes cannot be both cap-25 and large-pages"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], told: str) -> None:
    """When they are made, by name."""
    with pytest.raises(ValueError, match=told):
        Settings(**settings)


def test_the_command_has_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """--dates, and --shape as often as one likes; what makes no sense is wrong usage."""
    options = read_options(["--dates", "mixed", "--shape", "bare-list", "--shape", "ascending"])
    assert (options.sandbox.dates, options.sandbox.shapes) == ("mixed", ("bare-list", "ascending"))
    plain = read_options([]).sandbox
    assert (plain.dates, plain.shapes) == ("offset", ())
    for arguments in (
        ["--dates", "no"],
        ["--shape", "round"],
        ["--shape", "ascending", "--shape", "unordered"],
    ):
        with pytest.raises(SystemExit) as caught:
            read_options(arguments)
        assert caught.value.code == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    with pytest.raises(SystemExit):
        read_options(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "--dates {offset,none,mixed}" in told
    assert all(f"{shape} {what}" in told for shape, what in SHAPES.items())
