"""Bills for Xero: Business, Bills to pay, Import.

The headers are those of two other exporters and of an old official page. None of them comes from a
live account. To correct a header, change it in `COLUMNS`.
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

__all__ = ["XERO"]

ID_LENGTH = 255


def _description(bill: Bill, _values: Values) -> str:
    month = month_text(bill)
    text = f"FinerWorks invoice {reference(bill, ID_LENGTH)}"
    return f"{text} for {month}" if month else text


COLUMNS: tuple[Column, ...] = (
    ("*ContactName", lambda _, values: values.supplier),
    ("EmailAddress", empty),
    ("POAddressLine1", empty),
    ("POAddressLine2", empty),
    ("POAddressLine3", empty),
    ("POAddressLine4", empty),
    ("POCity", empty),
    ("PORegion", empty),
    ("POPostalCode", empty),
    ("POCountry", empty),
    ("*InvoiceNumber", lambda bill, _: reference(bill, ID_LENGTH)),
    ("*InvoiceDate", lambda bill, values: invoice_date(bill, values.date_format)),
    ("*DueDate", lambda bill, values: due_date(bill, values.date_format)),
    ("Total", empty),  # Xero computes it, with the tax.
    ("InventoryItemCode", empty),
    ("Description", _description),
    ("*Quantity", lambda _bill, _values: "1"),
    ("*UnitAmount", lambda bill, _: cents(bill, COMMON_DIGITS)),  # negative for a credit
    ("*AccountCode", lambda _, values: values.account_code),
    ("*TaxType", lambda _, values: values.tax_code),
    ("TaxAmount", empty),  # Xero computes it.
    ("TrackingName1", empty),
    ("TrackingOption1", empty),
    ("TrackingName2", empty),
    ("TrackingOption2", empty),
    ("Currency", lambda _, values: values.currency),
)

XERO = Layout(
    name="xero",
    program="Xero",
    extensions=(".csv",),
    settings=(
        SUPPLIER,
        Setting(name="account_code", meaning="the code of an expense account in Xero, such as 310"),
        Setting(name="tax_code", meaning="the name of a tax rate in Xero, such as 'Tax Exempt'"),
        CURRENCY,
        date_setting("DD/MM/YYYY", "MM/DD/YYYY"),
    ),
    head=lambda _: table_head(COLUMNS),
    entry=lambda bill, values: table_entry(COLUMNS, bill, values),
    left_out="the tax, which Xero computes from the tax rate",
)
