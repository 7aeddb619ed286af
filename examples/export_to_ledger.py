"""Add new invoices to a journal of double entries, as hledger and ledger read it: export_to_ledger.py FILE.

Run it again and again: an invoice that the journal has is not added twice. The file is replaced as a whole, once all
invoices have come, or stays as it is. Keys come from FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY.
"""

import re
import sys
from decimal import Decimal
from pathlib import Path

from finerworks import FinerWorks, FinerWorksError, money
from finerworks.exports import whole_file
from finerworks_client.models import Invoice

# What is written below, as it is found again.
KNOWN = re.compile(r"^    ; invoice: (.+)\n    Expenses:Printing +(\S+)$", re.MULTILINE)


def journal_amount(amount: Decimal) -> str:
    """Return an amount as a journal has it: exact, without commas."""
    return money.text(amount).replace(",", "")


def entry(invoice: Invoice) -> str:
    """Write one invoice as what it cost and what is owed for it."""
    days = (invoice.invoice_date, invoice.last_day_of_month, invoice.invoice_month)
    day = next(
        (day for day in days if day and day.year > 1), None
    )  # 0001-01-01 is .NET's "never set"
    if day is None or not invoice.invoice_id.isprintable():
        raise ValueError(
            f"{invoice.invoice_id!r} cannot be booked: it has no date, or a name of more than one line"
        )
    cost = journal_amount(invoice.amount_due)
    owed = journal_amount(invoice.amount_due.copy_negate())  # unlike -amount, it never rounds
    return (
        f"\n{day:%Y-%m-%d} FinerWorks\n    ; invoice: {invoice.invoice_id}\n"
        f"    Expenses:Printing       {cost:>18}\n"
        f"    Liabilities:FinerWorks  {owed:>18}\n"
    )


def main(path: Path) -> None:
    """Add what is new, and name what has changed since it was added."""
    journal = path.read_text("utf-8") if path.exists() else "; Written by export_to_ledger.py\n"
    known = dict(KNOWN.findall(journal))
    with FinerWorks() as fw:
        invoices = list(fw.invoices.list())
    new = [invoice for invoice in reversed(invoices) if invoice.invoice_id not in known]
    if new:
        with whole_file(path, overwrite=True) as file:
            file.write((journal + "".join(map(entry, new))).encode())
    for invoice in invoices:
        now = journal_amount(invoice.amount_due)
        if known.get(invoice.invoice_id, now) != now:
            print(
                f"{invoice.invoice_id}: {now} is due now, the journal has {known[invoice.invoice_id]}"
            )
    print(f"{len(new)} new, {len(invoices) - len(new)} known: {path}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1] if sys.argv[1:] else "finerworks.journal"))
    except (FinerWorksError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
