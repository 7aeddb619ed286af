"""What each seller of a platform owes: many_accounts.py ACCOUNT_KEY...

The keys are the platform's, from FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY. An account that cannot be read is told
of on its line, and the others are read all the same; the exit status is 1 then.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from finerworks import AuthenticationError, FinerWorks, FinerWorksError, money


def main(account_keys: list[str]) -> int:
    """Print a line for each account, in the order given."""
    failed = 0
    # One client for all threads: they share its connections.
    with FinerWorks() as fw, ThreadPoolExecutor(max_workers=4) as pool:
        # Where the keys may not read for others, the server answers with the keys' own invoices.
        own = {invoice.invoice_id for invoice in fw.invoices.page(per_page=25).invoices or []}

        def line(key: str) -> str:
            invoices = list(fw.invoices.list(account_key=key))
            if any(invoice.invoice_id in own for invoice in invoices):
                raise PermissionError("these keys may not read this account")
            return f"{len(invoices):>4} {money.text(money.total(each.amount_due for each in invoices)):>18}"

        for key, read in [(key, pool.submit(line, key)) for key in account_keys]:
            try:
                print(f"{key:<20} {read.result()}")
            except AuthenticationError:
                raise  # wrong keys are wrong for every account
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
