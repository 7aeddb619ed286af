"""The sandbox's accounts, and their pages of invoices.

Nothing is stored, so a million invoices cost nothing until they are requested. The same seed
returns the same bytes in every run and on every version of Python.
"""

import dataclasses
import hashlib
import math
import uuid
from collections.abc import Callable
from typing import Final, TypeAlias

from finerworks.sandbox.invoices import Account, Invoice, edge_case, typical

# The accounts that the demo keys may read. 25 invoices fill one page, and 26 begin a second.
SELLERS: Final = {
    account.key: account
    for account in (
        Account("seller-aspen", "ASPEN", 60),
        Account("seller-birch", "BIRCH", 26),
        Account("seller-cedar", "CEDAR", 25),
        Account("seller-empty", "EMPTY", 0),
        Account("seller-null", "NULL", 0, null_list=True),
        Account("edge-cases", "EDGE", 250, edge_cases=True),
        Account("séller-ñandú-木", "NANDU", 63, edge_cases=True),
    )
}
ORDINARY: Final = Account("sandbox-ordinary", "ORD", 12)


def platform(invoices: int) -> Account:
    """Return the account of the demo keys, with the given number of invoices."""
    return Account("sandbox-platform", "INV", invoices)


def with_edge_cases(account: Account) -> Account:
    """Return an account of the same name and size with edge cases as invoices."""
    return dataclasses.replace(account, edge_cases=True)


def invoice(seed: int, account: Account, index: int) -> Invoice:
    """Return an invoice of an account. The newest one has index 0."""
    make = edge_case if account.edge_cases else typical
    return make(seed, account, index)


Order: TypeAlias = Callable[[int, int], int]
"""Returns the index of an invoice, from its position and the number of invoices in the listing."""


def descending(position: int, _count: int) -> int:
    """Return the index of the invoice at a position: the newest is first."""
    return position


def ascending(position: int, count: int) -> int:
    """Return the index of the invoice at a position: the oldest is first."""
    return count - 1 - position


def unordered(position: int, count: int) -> int:
    """Return the index of the invoice at a position: in no date order, but always the same."""
    step = max(2, int(count * 0.38))
    while math.gcd(step, count) != 1:  # otherwise, some invoices would be missing
        step += 1
    return position * step % count


def page(
    seed: int, account: Account, number: int, size: int, order: Order = descending
) -> list[Invoice] | None:
    """Return the invoices on a page. The first page has number 1."""
    if account.null_list:
        return None
    start = min((number - 1) * size, account.count)
    end = min(start + size, account.count)
    indexes = [order(position, account.count) for position in range(start, end)]
    return [invoice(seed, account, index) for index in indexes]


def reference_id(*request: object) -> str:
    """Return an identifier that is the same for the same request."""
    digest = hashlib.sha256("/".join(map(str, request)).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
