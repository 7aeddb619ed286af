r"""Bills for QuickBooks Desktop: an IIF file for File, Utilities, Import, IIF Files.

The layout follows Intuit's reference for IIF files, which describes only some of the columns. To
correct a header, change it in `COLUMNS`. Lines end in ``\r\n``, and columns are separated by tabs.
"""

from finerworks.exports.layouts.bill import (
    COMMON_DIGITS,
    Bill,
    UnrepresentableError,
    cents,
    date_text,
    invoice_date,
    month_text,
    negated,
    reference,
)
from finerworks.exports.layouts.layout import Layout
from finerworks.exports.layouts.settings import Setting, Values, date_setting

__all__ = ["QUICKBOOKS_DESKTOP"]

ID_LENGTH = 20

COLUMNS = ("TRNSTYPE", "DATE", "ACCNT", "NAME", "AMOUNT", "DOCNUM", "MEMO", "DUEDATE")
"""The columns of both lines of a bill. The line SPL leaves the last one empty."""


def _line(*cells: str) -> str:
    return "\t".join(cells) + "\r\n"


def _head(_values: Values) -> str:
    return _line("!TRNS", *COLUMNS) + _line("!SPL", *COLUMNS) + _line("!ENDTRNS")


def _entry(bill: Bill, values: Values) -> str:
    """Return a bill as two lines that add up to 0. The first is for accounts payable."""
    invoice_id = reference(bill, ID_LENGTH)
    problem = _text_problem(invoice_id)
    if problem:
        raise UnrepresentableError(f"its id {problem}")
    amount = cents(bill, COMMON_DIGITS)
    kind = "BILL REFUND" if bill.amount < 0 else "BILL"
    day = invoice_date(bill, values.date_format)
    due = date_text(bill.due_date, values.date_format) if bill.due_date else ""
    memo = f"FinerWorks {month_text(bill)}".rstrip()
    payable = (kind, day, values.payable_account, values.supplier, negated(amount))
    expense = (kind, day, values.account_code, values.supplier, amount)
    return (
        _line("TRNS", *payable, invoice_id, memo, due)
        + _line("SPL", *expense, invoice_id, memo, "")
        + _line("ENDTRNS")
    )


def _text_problem(text: str) -> str | None:
    if not text.isascii():
        return "contains a character that is not ASCII"
    if '"' in text:
        return "contains a quotation mark"
    return None


QUICKBOOKS_DESKTOP = Layout(
    name="quickbooks-desktop",
    program="QuickBooks Desktop",
    extensions=(".iif",),
    settings=(
        Setting(
            name="supplier",
            meaning="the name of FinerWorks in your books, in ASCII",
            default="FinerWorks",
            problem=_text_problem,
        ),
        Setting(
            name="account_code",
            meaning="the name of an expense account in QuickBooks, such as 'Printing'",
            problem=_text_problem,
        ),
        Setting(
            name="payable_account",
            meaning="the name of the account for bills to pay, in ASCII",
            default="Accounts Payable",
            problem=_text_problem,
        ),
        date_setting("MM/DD/YY", "MM/DD/YYYY", default="MM/DD/YY"),
    ),
    head=_head,
    entry=_entry,
    left_out="the currency, which is that of the account for bills to pay",
)
