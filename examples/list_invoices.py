"""List every invoice of an account as a table, with the exact total and the count.

The keys come from the environment, FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY; the host from
FINERWORKS_BASE_URL, if that is set, else it is FinerWorks' production host.
"""

import os
import sys
from decimal import Decimal

from finerworks import FinerWorks, FinerWorksError, money


def main() -> int:
    """Print the table; exit status 1 and one line of explanation when it cannot be had whole."""
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
    except BrokenPipeError:  # whoever reads this, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (FinerWorksError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
