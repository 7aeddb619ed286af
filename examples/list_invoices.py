"""List all invoices of an account as a table, with their number and exact total.

The keys come from FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY. The host comes from
FINERWORKS_BASE_URL. If that is not set, it is FinerWorks' production host.
"""

import os
import sys
from decimal import Decimal

from finerworks import FinerWorks, FinerWorksError, money


def main() -> int:
    """Print the table. After an error, print the message and return 1."""
    amounts: list[Decimal] = []
    try:
        with FinerWorks() as fw:
            print(f"{'invoice':<18} {'month':<8} {'due':<11} {'amount':>18}")
            for invoice in fw.invoices.list():
                month = f"{invoice.invoice_month:%Y-%m}" if invoice.invoice_month else "-"
                due = f"{invoice.due_date:%Y-%m-%d}" if invoice.due_date else "-"
                amount = money.text(invoice.amount_due)
                print(f"{invoice.invoice_id:<18} {month:<8} {due:<11} {amount:>18}")
                amounts.append(invoice.amount_due)
        print(
            f"\n{len(amounts)} invoices, {money.text(money.total(amounts))} due in all", flush=True
        )
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as head, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (FinerWorksError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
