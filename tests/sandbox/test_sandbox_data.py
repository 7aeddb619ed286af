"""The sandbox's invoices, as the pure functions that make them."""

import datetime as dt
import re
from decimal import Decimal
from itertools import chain, pairwise
from typing import Literal, TypeAlias, get_args

import pytest

from finerworks.sandbox.data import ORDINARY, SELLERS, invoice, page, platform, with_edge_cases
from finerworks.sandbox.invoices import FIRST_AMOUNTS, Account, Invoice
from finerworks.sandbox.settings import Settings

DateName: TypeAlias = Literal[
    "invoice_month", "invoice_date", "first_day_of_month", "last_day_of_month", "due_date"
]
DATES: tuple[DateName, ...] = get_args(DateName)


EDGE_CASES = with_edge_cases(platform(250))
TYPICAL = platform(Settings.invoices)

AS_OF = "2026-11-24"
"""The day that the documentation uses as today."""


def all_of(account: Account, seed: int = 1) -> list[Invoice]:
    """Every invoice of an account."""
    return [invoice(seed, account, index) for index in range(account.count)]


def dates_of(one: Invoice) -> list[str]:
    """The dates of an invoice that are not null."""
    return [date for date in (one[name] for name in DATES) if date is not None]


def open_amounts(account: Account) -> list[Decimal]:
    """The amounts that are not 0."""
    amounts = [Decimal(str(one["amount_due"])) for one in all_of(account)]
    return [amount for amount in amounts if amount]


def test_the_demo_account_has_two_years_of_months_on_three_pages() -> None:
    """The newest is first, and the last of them is October 2026."""
    ids = [one["invoice_id"] for one in all_of(TYPICAL)]
    assert (ids[0], ids[-1]) == ("INV-202610-0001", "INV-202411-0003")
    assert len({one[4:10] for one in ids}) == 24
    assert 50 < len(ids) == len(set(ids)) <= 75


@pytest.mark.parametrize("account", [TYPICAL, SELLERS["seller-aspen"], ORDINARY])
def test_a_sellers_amounts_are_from_tens_to_thousands(account: Account) -> None:
    """With whole cents; what is paid is 0, and there is one credit."""
    amounts = open_amounts(account)
    assert all(amount == round(amount, 2) for amount in amounts)
    assert sum(amount < 0 for amount in amounts) == 1
    assert all(20 < abs(amount) < 4000 for amount in amounts)
    assert max(amounts) > 1000
    assert 0 < min(map(abs, amounts)) < 100
    assert len(amounts) < account.count


def test_a_few_of_the_demo_accounts_invoices_are_past_their_due_date() -> None:
    """On the documentation's day some are due later, on two days, and one has no due date."""
    open_ones = [one for one in all_of(TYPICAL) if one["amount_due"] > 0]
    due = [(one["due_date"] or "")[:10] for one in open_ones]
    assert sum("" < day < AS_OF for day in due) == 8
    assert sorted(day for day in due if day > AS_OF) == ["2026-11-30", "2026-11-30", "2026-12-15"]
    assert due.count("") == 1
    days = [(dt.date.fromisoformat(AS_OF) - dt.date.fromisoformat(day)).days for day in due if day]
    ages = {min((age - 1) // 30, 3) for age in days if age > 0}
    assert ages == {0, 1, 2, 3}, "each age has some"


@pytest.mark.parametrize("count", [73, 1000, 5000])
def test_a_sellers_invoices_share_months_when_there_are_many(count: int) -> None:
    """They stay within two years, and no identifier comes twice."""
    ids = [one["invoice_id"] for one in all_of(platform(count))]
    assert len(set(ids)) == count
    assert min(one[4:10] for one in ids) >= "202411"
    assert [one[4:10] for one in ids] == sorted((one[4:10] for one in ids), reverse=True)


def test_edge_cases_have_an_account_of_their_own() -> None:
    """The demo keys find them under its key, and beside the awkward key of the languages."""
    found = [key for key, account in SELLERS.items() if account.edge_cases]
    assert found == ["edge-cases", "séller-ñandú-木"]
    amounts = [one["amount_due"] for one in all_of(SELLERS["edge-cases"])]
    assert tuple(amounts[: len(FIRST_AMOUNTS)]) == FIRST_AMOUNTS


def test_there_is_one_edge_case_a_month_from_october_2026_back() -> None:
    """The newest is first, and no month is left out."""
    ids = [one["invoice_id"] for one in all_of(EDGE_CASES)]
    assert ids[0] == "INV-202610-0001"
    months = [int(one[4:8]) * 12 + int(one[8:10]) for one in ids]
    assert all(newer - older == 1 for newer, older in pairwise(months))
    assert ids[-1] == "INV-200601-0001"


@pytest.mark.parametrize("count", [442, 443, 1000, 5000])
def test_edge_cases_share_months_when_there_are_too_many(count: int) -> None:
    """None is from before 1990, and no identifier comes twice."""
    ids = [one["invoice_id"] for one in all_of(with_edge_cases(platform(count)))]
    assert len(set(ids)) == count
    assert min(one[4:8] for one in ids) >= "1990"
    assert [one[4:10] for one in ids] == sorted((one[4:10] for one in ids), reverse=True)


@pytest.mark.parametrize(
    ("million", "oldest"),
    [(platform(1_000_000), "INV-202411"), (with_edge_cases(platform(1_000_000)), "INV-1990")],
)
def test_a_million_invoices_cost_nothing_until_they_are_asked_for(
    million: Account, oldest: str
) -> None:
    """The last one is made without the others."""
    last = page(1, million, 40_000, 25)
    assert last is not None
    assert len(last) == 25
    assert last[-1]["invoice_id"] >= oldest
    assert page(1, million, 40_001, 25) == []


def test_accounts_have_no_identifier_in_common() -> None:
    """A program that reads for many sellers can tell their invoices apart."""
    accounts = [TYPICAL, ORDINARY, *SELLERS.values()]
    ids = [one["invoice_id"] for one in chain.from_iterable(map(all_of, accounts))]
    assert len(ids) == len(set(ids))


def test_an_invoice_depends_on_nothing_but_seed_account_and_index() -> None:
    """Asked for alone, or with how many others, it is the same."""
    for few, many in (
        (platform(20), platform(72)),
        (with_edge_cases(platform(20)), with_edge_cases(platform(400))),
    ):
        assert all_of(few) == all_of(many)[:20]
    assert all_of(platform(20)) != all_of(platform(20), seed=2)
    aspen, birch = SELLERS["seller-aspen"], SELLERS["seller-birch"]
    assert open_amounts(aspen)[:10] != open_amounts(birch)[:10]


def test_the_bytes_of_a_seed_stay_what_they_are() -> None:
    """On every version of Python and in every release: others may have written them down."""
    assert invoice(2026, TYPICAL, 5) == {
        "invoice_id": "INV-202609-0003",
        "amount_due": 61.55,
        "invoice_month": "2026-09-01T00:00:00.0000000-05:00",
        "invoice_date": "2026-09-30T08:18:58.6330592-05:00",
        "first_day_of_month": "2026-09-01T00:00:00.0000000-05:00",
        "last_day_of_month": "2026-09-30T23:59:59.9999999-05:00",
        "due_date": "2026-11-14T08:18:58.6330592-06:00",
    }
    assert invoice(2026, EDGE_CASES, 11) == {
        "invoice_id": "INV-202511-0001",
        "amount_due": 1590.17,
        "invoice_month": "2025-11-01T00:00:00.0000000-06:00",
        "invoice_date": "2025-11-30T07:51:57.0334833-06:00",
        "first_day_of_month": "2025-11-01T00:00:00.0000000-06:00",
        "last_day_of_month": "2025-11-30T23:59:59.9999999-06:00",
        "due_date": "2025-12-15T07:51:57.0334833-06:00",
    }


def test_edge_cases_begin_with_awkward_amounts() -> None:
    """Each has at most two decimals, and there is a credit, a zero and an integer among them."""
    amounts = [one["amount_due"] for one in all_of(EDGE_CASES)]
    assert tuple(amounts[: len(FIRST_AMOUNTS)]) == FIRST_AMOUNTS
    assert all(Decimal(str(amount)) == round(Decimal(str(amount)), 2) for amount in amounts)
    assert len(set(amounts)) > 200


@pytest.mark.parametrize("account", [TYPICAL, EDGE_CASES])
def test_dates_have_the_documented_form(account: Account) -> None:
    """Seven digits of a second and an offset: -05:00 from April to October, else -06:00."""
    form = re.compile(r"\d{4}-(\d\d)-\d\dT\d\d:\d\d:\d\d\.\d{7}(-0[56]:00)")
    seen: set[tuple[int, str]] = set()
    for date in chain.from_iterable(map(dates_of, all_of(account))):
        match = form.fullmatch(date)
        assert match, date
        seen.add((int(match[1]), match[2]))
    summer = range(4, 11)
    assert seen == {(month, "-05:00" if month in summer else "-06:00") for month in range(1, 13)}


def test_the_dates_of_an_edge_case_belong_to_its_month() -> None:
    """The month begins on its first day, the invoice is of its last, and is due on the next 15th."""
    february = next(one for one in all_of(EDGE_CASES) if "202402" in one["invoice_id"])
    days = {name: (february[name] or "")[:10] for name in DATES}
    assert days == {
        "invoice_month": "2024-02-01",
        "invoice_date": "2024-02-29",
        "first_day_of_month": "2024-02-01",
        "last_day_of_month": "2024-02-29",
        "due_date": "2024-03-15",
    }


def test_each_date_of_edge_cases_is_null_now_and_then() -> None:
    """due_date on the first page already, each of the others somewhere, none of them often."""
    invoices = all_of(EDGE_CASES)
    nulls = {name: [one[name] for one in invoices].count(None) for name in DATES}
    assert all(0 < count < 30 for count in nulls.values())
    assert None in [one["due_date"] for one in invoices[:10]]
