"""The sandbox's invoices, as the pure functions that make them."""

import re
from decimal import Decimal
from itertools import chain, pairwise
from typing import Literal, TypeAlias, get_args

import pytest

from finerworks.sandbox.data import (
    FIRST_AMOUNTS,
    ORDINARY,
    SELLERS,
    Account,
    Invoice,
    invoice,
    page,
    platform,
)

DateName: TypeAlias = Literal[
    "invoice_month", "invoice_date", "first_day_of_month", "last_day_of_month", "due_date"
]
DATES: tuple[DateName, ...] = get_args(DateName)


def all_of(account: Account, seed: int = 1) -> list[Invoice]:
    """Every invoice of an account."""
    return [invoice(seed, account, index) for index in range(account.count)]


def dates_of(one: Invoice) -> list[str]:
    """The dates of an invoice that are not null."""
    return [date for date in (one[name] for name in DATES) if date is not None]


def test_there_is_one_invoice_a_month_from_october_2026_back() -> None:
    """The newest is first, and no month is left out."""
    ids = [one["invoice_id"] for one in all_of(platform(250))]
    assert ids[0] == "INV-202610-0001"
    months = [int(one[4:8]) * 12 + int(one[8:10]) for one in ids]
    assert all(newer - older == 1 for newer, older in pairwise(months))
    assert ids[-1] == "INV-200601-0001"


@pytest.mark.parametrize("count", [442, 443, 1000, 5000])
def test_invoices_share_months_when_there_are_too_many(count: int) -> None:
    """None is from before 1990, and no identifier comes twice."""
    ids = [one["invoice_id"] for one in all_of(platform(count))]
    assert len(set(ids)) == count
    assert min(one[4:8] for one in ids) >= "1990"
    assert [one[4:10] for one in ids] == sorted((one[4:10] for one in ids), reverse=True)


def test_a_million_invoices_cost_nothing_until_they_are_asked_for() -> None:
    """The last one is made without the others."""
    million = platform(1_000_000)
    last = page(1, million, 40_000, 25)
    assert last is not None
    assert len(last) == 25
    assert last[-1]["invoice_id"] >= "INV-1990"
    assert page(1, million, 40_001, 25) == []


def test_accounts_have_no_identifier_in_common() -> None:
    """A program that reads for many sellers can tell their invoices apart."""
    accounts = [platform(250), ORDINARY, *SELLERS.values()]
    ids = [one["invoice_id"] for one in chain.from_iterable(map(all_of, accounts))]
    assert len(ids) == len(set(ids))


def test_an_invoice_depends_on_nothing_but_seed_account_and_index() -> None:
    """Asked for alone, or with how many others, it is the same."""
    few, many = all_of(platform(20)), all_of(platform(400))
    assert few == many[:20]
    assert few != all_of(platform(20), seed=2)
    aspen, birch = SELLERS["seller-aspen"], SELLERS["seller-birch"]
    amounts = [[one["amount_due"] for one in all_of(seller)[11:]] for seller in (aspen, birch)]
    assert amounts[0][:10] != amounts[1][:10]


def test_the_bytes_of_a_seed_stay_what_they_are() -> None:
    """On every version of Python and in every release: others may have written them down."""
    assert invoice(2026, platform(250), 11) == {
        "invoice_id": "INV-202511-0001",
        "amount_due": 1590.17,
        "invoice_month": "2025-11-01T00:00:00.0000000-06:00",
        "invoice_date": "2025-11-30T07:51:57.0334833-06:00",
        "first_day_of_month": "2025-11-01T00:00:00.0000000-06:00",
        "last_day_of_month": "2025-11-30T23:59:59.9999999-06:00",
        "due_date": "2025-12-15T07:51:57.0334833-06:00",
    }


def test_amounts_are_the_awkward_ones_and_then_any() -> None:
    """Each has at most two decimals, and there is a credit, a zero and an integer among them."""
    amounts = [one["amount_due"] for one in all_of(platform(250))]
    assert tuple(amounts[: len(FIRST_AMOUNTS)]) == FIRST_AMOUNTS
    assert all(Decimal(str(amount)) == round(Decimal(str(amount)), 2) for amount in amounts)
    assert len(set(amounts)) > 200


def test_dates_have_the_documented_form() -> None:
    """Seven digits of a second and an offset: -05:00 from April to October, else -06:00."""
    form = re.compile(r"\d{4}-(\d\d)-\d\dT\d\d:\d\d:\d\d\.\d{7}(-0[56]:00)")
    seen: set[tuple[int, str]] = set()
    for date in chain.from_iterable(map(dates_of, all_of(platform(250)))):
        match = form.fullmatch(date)
        assert match, date
        seen.add((int(match[1]), match[2]))
    summer = range(4, 11)
    assert seen == {(month, "-05:00" if month in summer else "-06:00") for month in range(1, 13)}


def test_dates_belong_to_their_month() -> None:
    """The month begins on its first day, the invoice is of its last, and is due on the next 15th."""
    february = next(one for one in all_of(platform(250)) if "202402" in one["invoice_id"])
    days = {name: (february[name] or "")[:10] for name in DATES}
    assert days == {
        "invoice_month": "2024-02-01",
        "invoice_date": "2024-02-29",
        "first_day_of_month": "2024-02-01",
        "last_day_of_month": "2024-02-29",
        "due_date": "2024-03-15",
    }


def test_each_date_is_null_now_and_then() -> None:
    """due_date on the first page already, each of the others somewhere, none of them often."""
    invoices = all_of(platform(250))
    nulls = {name: [one[name] for one in invoices].count(None) for name in DATES}
    assert all(0 < count < 30 for count in nulls.values())
    assert None in [one["due_date"] for one in invoices[:10]]
