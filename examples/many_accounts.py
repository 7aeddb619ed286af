"""Print what each seller of a platform owes: many_accounts.py ACCOUNT_KEY...

The keys of the platform come from FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY. If an account
cannot be read, its line shows the error, the others are still read, and the exit status is 1.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from finerworks import AuthenticationError, FinerWorks, FinerWorksError, money


def main(account_keys: list[str]) -> int:
    """Print a line for each account, in the order of the arguments."""
    failed = 0
    # Use one client for all threads, which share its connections.
    with FinerWorks() as fw, ThreadPoolExecutor(max_workers=4) as pool:
        # If the keys cannot read other accounts, the server returns their own invoices.
        own = {invoice.invoice_id for invoice in fw.invoices.page(per_page=25).invoices or []}

        def line(key: str) -> str:
            invoices = list(fw.invoices.list(account_key=key))
            if any(invoice.invoice_id in own for invoice in invoices):
                raise PermissionError("these keys cannot read this account")
            total = money.total(invoice.amount_due for invoice in invoices)
            return f"{len(invoices):>4} {money.text(total):>18}"

        for key, read in [(key, pool.submit(line, key)) for key in account_keys]:
            try:
                print(f"{key:<20} {read.result()}")
            except AuthenticationError:
                raise  # The keys are wrong for every account.
            except (FinerWorksError, PermissionError) as error:
                print(f"{key:<20} error: {error}")
                failed += 1
    print(f"{len(account_keys) - failed} of {len(account_keys)} accounts were read")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except FinerWorksError as failure:
        sys.exit(f"error: {failure}")
