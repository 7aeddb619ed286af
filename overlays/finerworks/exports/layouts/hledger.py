"""Bills as transactions for hledger, which ledger reads too."""

import re

from finerworks.exports.layouts.bill import (
    Bill,
    UnrepresentableError,
    date_text,
    exact,
    invoice_date,
    month_text,
    negated,
    printable_id,
)
from finerworks.exports.layouts.layout import Layout
from finerworks.exports.layouts.settings import CURRENCY, Setting, Values, journal_accounts

__all__ = ["HLEDGER"]

DATE_FORMAT = "YYYY-MM-DD"
DIGITS = 28
"""Digits of an amount before the decimal point, and after it. hledger supports 255 in all."""

_SPECIAL = re.compile(r"[()|;]|  ")
"""Characters that end a code, a payee or a description, or begin a comment."""


def _head(values: Values) -> str:
    return (
        f"account {values.account_code}\n"
        f"account {values.payable_account}\n"
        f"commodity {values.currency}\n"
    )


def _entry(bill: Bill, values: Values) -> str:
    day = invoice_date(bill, DATE_FORMAT)
    amount = exact(bill, DIGITS)
    invoice_id = _invoice_id(bill)
    lines = [f"\n{day} ! ({invoice_id}) {values.supplier} | Invoice {invoice_id}"]
    if bill.month:
        lines.append(f"    ; month: {month_text(bill)}")
    if bill.due_date:
        lines.append(f"    ; due: {date_text(bill.due_date, DATE_FORMAT)}")
    lines.append(f"    {values.account_code}  {amount} {values.currency}")
    lines.append(f"    {values.payable_account}  {negated(amount)} {values.currency}")
    return "\n".join(lines) + "\n"


def _invoice_id(bill: Bill) -> str:
    invoice_id = printable_id(bill)
    problem = _text_problem(invoice_id)
    if problem:
        raise UnrepresentableError(f"its id {problem}")
    return invoice_id


def _text_problem(text: str) -> str | None:
    if _SPECIAL.search(text):
        return "contains ( ) | ; or two spaces, which have a meaning in a journal"
    return None


def _account_problem(account: str) -> str | None:
    if account[:1] in "[*!~=":
        return "is not an account of a journal"
    return _text_problem(account)


HLEDGER = Layout(
    name="hledger",
    program="hledger",
    extensions=(".journal", ".hledger", ".ledger"),
    settings=(
        Setting(
            name="supplier",
            meaning="the name of FinerWorks in your books",
            default="FinerWorks",
            problem=_text_problem,
        ),
        *journal_accounts(_account_problem),
        CURRENCY,
    ),
    head=_head,
    entry=_entry,
    left_out="",
)
