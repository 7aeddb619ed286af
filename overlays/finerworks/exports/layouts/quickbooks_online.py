"""Bills for QuickBooks Online: Settings, Import data, Bills.

The headers are known for QuickBooks outside the United States, and are less certain there. During
the import, you map them to the fields of QuickBooks. To correct a header, change it in `COLUMNS`.
"""

from finerworks.exports.layouts.bill import (
    COMMON_DIGITS,
    Bill,
    cents,
    due_date,
    invoice_date,
    month_text,
    reference,
)
from finerworks.exports.layouts.layout import Column, Layout, empty, table_entry, table_head
from finerworks.exports.layouts.settings import CURRENCY, SUPPLIER, Setting, Values, date_setting

__all__ = ["QUICKBOOKS_ONLINE"]

ID_LENGTH = 21


def _description(bill: Bill, _values: Values) -> str:
    month = month_text(bill)
    return f"FinerWorks invoice for {month}" if month else "FinerWorks invoice"


COLUMNS: tuple[Column, ...] = (
    ("Bill no.", lambda bill, _: reference(bill, ID_LENGTH)),
    ("Supplier", lambda _, values: values.supplier),
    ("Bill Date", lambda bill, values: invoice_date(bill, values.date_format)),
    ("Due Date", lambda bill, values: due_date(bill, values.date_format)),
    ("Memo", empty),
    ("Account", lambda _, values: values.account_code),
    ("Line Description", _description),
    ("Line Amount", lambda bill, _: cents(bill, COMMON_DIGITS)),
    ("Line Tax Code", lambda _, values: values.tax_code),
    ("Line Tax Amount", empty),  # QuickBooks computes it.
    ("Currency Code", lambda _, values: values.currency),
)

QUICKBOOKS_ONLINE = Layout(
    name="quickbooks-online",
    program="QuickBooks Online",
    extensions=(".csv",),
    settings=(
        SUPPLIER,
        Setting(
            name="account_code",
            meaning="the name of an expense account in QuickBooks, such as 'Cost of Goods Sold'",
        ),
        Setting(
            name="tax_code",
            meaning="the name of a tax code in QuickBooks, or an empty text if it has none, as in "
            "the United States",
            may_be_empty=True,
        ),
        CURRENCY,
        date_setting(
            "YYYY-MM-DD",
            "DD/MM/YYYY",
            "MM/DD/YYYY",
            "DD-MM-YYYY",
            "MM-DD-YYYY",
            default="YYYY-MM-DD",
        ),
    ),
    head=lambda _: table_head(COLUMNS),
    entry=lambda bill, values: table_entry(COLUMNS, bill, values),
    left_out="the tax, which QuickBooks Online computes from the tax code",
    has_credits=False,
    max_bills=100,
)
