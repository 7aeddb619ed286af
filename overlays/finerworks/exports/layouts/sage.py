"""Bills for Sage Accounting (UK): Purchases, Quick Entries, Import.

The headers and the limits are from Sage's help, for a business that is registered for VAT. To
correct a header, change it in `COLUMNS`.
"""

import re

from finerworks.exports.layouts.bill import Bill, cents, invoice_date, month_text, reference
from finerworks.exports.layouts.layout import Column, Layout, empty, table_entry, table_head
from finerworks.exports.layouts.settings import Setting, Values, date_setting

__all__ = ["SAGE"]

SUPPLIER_LENGTH = 10
ID_LENGTH = 25
DIGITS = 8
"""Digits of an amount before the decimal point."""

RATES = ("Zero Rated", "Exempt", "No VAT")
"""The rates without VAT. FinerWorks does not report VAT, so it is unknown how much of an amount
would be VAT at another rate."""


def _type(bill: Bill, _values: Values) -> str:
    return "Cr Note" if bill.amount < 0 else "Invoice"


def _amount(bill: Bill, _values: Values) -> str:
    """Return the amount, which is positive for a credit note."""
    return cents(bill, DIGITS).removeprefix("-")


def _details(bill: Bill, _values: Values) -> str:
    """Return a description of the invoice in at most 25 characters. Sage cuts off the rest."""
    return f"FinerWorks {month_text(bill)}".rstrip()


COLUMNS: tuple[Column, ...] = (
    ("Type", _type),
    ("Supplier Reference", lambda _, values: values.supplier),
    ("Date", lambda bill, values: invoice_date(bill, values.date_format)),
    ("Supplier Name", empty),  # The reference identifies the supplier.
    ("Reference", lambda bill, _: reference(bill, ID_LENGTH)),
    ("Ledger Account", lambda _, values: values.account_code),
    ("Details", _details),
    ("Net", _amount),
    ("VAT Rate", lambda _, values: values.tax_code),
    ("VAT", lambda _bill, _values: "0.00"),
    ("Total", _amount),
    ("Analysis Type 1", empty),
    ("Analysis Type 2", empty),
    ("Analysis Type 3", empty),
)


def _supplier_problem(supplier: str) -> str | None:
    if len(supplier) > SUPPLIER_LENGTH:
        return f"has more than {SUPPLIER_LENGTH} characters"
    return None


def _account_problem(account: str) -> str | None:
    return None if re.fullmatch("[0-9]{1,8}", account) else "is not a number of up to 8 digits"


def _rate_problem(rate: str) -> str | None:
    if rate in RATES:
        return None
    return "would make part of each amount VAT, and FinerWorks does not say how much"


SAGE = Layout(
    name="sage",
    program="Sage Accounting",
    extensions=(".csv",),
    settings=(
        Setting(
            name="supplier",
            meaning="the reference of FinerWorks in Sage, at most 10 characters",
            default="FinerWorks",
            problem=_supplier_problem,
        ),
        Setting(
            name="account_code",
            meaning="the number of a ledger account in Sage, such as 5000",
            problem=_account_problem,
        ),
        Setting(
            name="tax_code",
            meaning=f"a VAT rate of Sage without VAT, one of {', '.join(RATES)}",
            problem=_rate_problem,
        ),
        date_setting("DD-MM-YYYY", "DD/MM/YYYY", default="DD-MM-YYYY"),
    ),
    head=lambda _: table_head(COLUMNS),
    entry=lambda bill, values: table_entry(COLUMNS, bill, values),
    left_out="the due date and the currency, which Sage's quick entries do not have",
    max_bytes=500_000,
)
