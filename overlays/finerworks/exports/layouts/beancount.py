"""Bills as transactions for beancount."""

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
from finerworks.exports.layouts.settings import CURRENCY, SUPPLIER, Values, journal_accounts

__all__ = ["BEANCOUNT"]

DATE_FORMAT = "YYYY-MM-DD"
OPENED = "1900-01-01"
"""The day on which the accounts are opened. No invoice is earlier."""

DIGITS = 28
"""Digits of an amount before the decimal point. beancount calculates with this many in all."""

_LINK = re.compile(r"[A-Za-z0-9\-_/.]+")


def _head(values: Values) -> str:
    return (
        "; Remove the next two lines if your ledger opens these accounts already.\n"
        f"{OPENED} open {values.account_code} {values.currency}\n"
        f"{OPENED} open {values.payable_account} {values.currency}\n"
    )


def _entry(bill: Bill, values: Values) -> str:
    day = invoice_date(bill, DATE_FORMAT)
    amount = exact(bill, DIGITS)
    if len(amount.replace("-", "").replace(".", "").lstrip("0")) > DIGITS:
        raise UnrepresentableError(f"its amount has more than {DIGITS} digits")
    invoice_id = printable_id(bill)
    lines = [f"\n{day} * {_string(values.supplier)} {_string(f'Invoice {invoice_id}')}"]
    if _LINK.fullmatch(invoice_id):
        lines[0] += f" ^finerworks-{invoice_id}"
    lines.append(f"  invoice: {_string(invoice_id)}")
    if bill.month:
        lines.append(f'  month: "{month_text(bill)}"')
    if bill.due_date:
        lines.append(f"  due: {date_text(bill.due_date, DATE_FORMAT)}")
    lines.append(f"  {values.account_code}  {amount} {values.currency}")
    lines.append(f"  {values.payable_account}  {negated(amount)} {values.currency}")
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    """Return a text as a beancount string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _account_problem(account: str) -> str | None:
    parts = account.split(":")
    if len(parts) > 1 and all(map(_is_part, parts)):
        return None
    return "is not an account of beancount"


def _is_part(part: str) -> bool:
    """Return whether a text can be a part of an account, between two colons."""
    begins_well = part[:1].isupper() or part[:1].isdecimal()
    return begins_well and part.isascii() and part.replace("-", "").isalnum()


BEANCOUNT = Layout(
    name="beancount",
    program="beancount",
    extensions=(".beancount", ".bean"),
    settings=(SUPPLIER, *journal_accounts(_account_problem), CURRENCY),
    head=_head,
    entry=_entry,
    left_out="",
)
