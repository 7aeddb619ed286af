"""Print the total of each year, with asyncio.

The keys come from FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY.
"""

import asyncio
import sys
from collections import defaultdict
from decimal import Decimal

from finerworks import AsyncFinerWorks, FinerWorksError, money


async def main() -> None:
    """Print a line for each year, newest first."""
    years: defaultdict[str, Decimal] = defaultdict(Decimal)
    # Use one client for all tasks of the event loop. The timeout covers the entire listing.
    async with asyncio.timeout(300), AsyncFinerWorks() as fw:
        async for invoice in fw.invoices.list():
            month = invoice.invoice_month or invoice.last_day_of_month
            year = f"{month:%Y}" if month else "unknown"
            years[year] += invoice.amount_due
    for year in sorted(years, reverse=True):
        print(f"{year:<8} {money.text(years[year]):>18}")
    print(f"{'in all':<8} {money.text(money.total(years.values())):>18}")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except TimeoutError:
        sys.exit("error: the listing took more than five minutes")
    except FinerWorksError as error:
        sys.exit(f"error: {error}")
