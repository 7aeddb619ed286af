"""Add new invoices to a double-entry journal for hledger or ledger: export_to_ledger.py FILE.

You can run it repeatedly: it does not add an invoice that is in the journal already. The file is
replaced only after all invoices have been read. After an error, it is unchanged. The keys come from
FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY.
"""

import re
import sys
from decimal import Decimal
from pathlib import Path

from finerworks import FinerWorks, FinerWorksError, money
from finerworks.exports import whole_file
from finerworks_client.models import Invoice

# Matches the entries that this program writes.
KNOWN = re.compile(r"^    ; invoice: (.+)\n    Expenses:Printing +(\S+)$", re.MULTILINE)


def journal_amount(amount: Decimal) -> str:
    """Return an amount in the format of the journal: exact, without commas."""
    return money.text(amount).replace(",", "")


def entry(invoice: Invoice) -> str:
    """Return the journal entry of an invoice: an expense and a liability."""
    days = (invoice.invoice_date, invoice.last_day_of_month, invoice.invoice_month)
    # 0001-01-01 is .NET's default for a date that was never set.
    day = next((day for day in days if day and day.year > 1), None)
    if day is None:
        raise ValueError(f"{invoice.invoice_id!r} cannot be booked: it has no date")
    if not invoice.invoice_id.isprintable():
        raise ValueError(f"{invoice.invoice_id!r} cannot be booked: its ID is not printable")
    cost = journal_amount(invoice.amount_due)
    owed = journal_amount(invoice.amount_due.copy_negate())  # unlike -amount, it never rounds
    return (
        f"\n{day:%Y-%m-%d} FinerWorks\n    ; invoice: {invoice.invoice_id}\n"
        f"    Expenses:Printing       {cost:>18}\n"
        f"    Liabilities:FinerWorks  {owed:>18}\n"
    )


def main(path: Path) -> None:
    """Add new invoices, and print those with a changed amount."""
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
        before = known.get(invoice.invoice_id, now)
        if before != now:
            print(f"{invoice.invoice_id}: {now} is due now, the journal has {before}")
    print(f"{len(new)} new, {len(invoices) - len(new)} known: {path}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1] if sys.argv[1:] else "finerworks.journal"))
    except (FinerWorksError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
