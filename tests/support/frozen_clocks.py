"""Listings end under a frozen clock, as tests of other people's programs have it.

Waits last as long as they do for users, because what is tested is that none of them reads the
frozen clock for its end.
"""

import contextlib
import time
from collections.abc import Callable, Generator

import freezegun
import pytest
import time_machine

from callers import KEYS, Caller
from wire import Exchange, Wire, http, page

MOMENT = "2026-02-28T12:00:00Z"
SECONDS = 1772280000
"""The same moment, in seconds since the epoch."""


@contextlib.contextmanager
def freezegun_clock() -> Generator[None]:
    """Freeze every clock of the program by freezegun, except that of asyncio's event loop."""
    with freezegun.freeze_time(MOMENT, real_asyncio=True):
        yield


@contextlib.contextmanager
def time_machine_clock() -> Generator[None]:
    """Freeze the clock by time-machine."""
    with time_machine.travel(MOMENT, tick=False):
        yield


Clock = Callable[[], contextlib.AbstractContextManager[None]]
BOTH_CLOCKS = pytest.mark.parametrize(
    "frozen", [freezegun_clock, time_machine_clock], ids=["freezegun", "time-machine"]
)
pytestmark = pytest.mark.waits


@BOTH_CLOCKS
def test_the_clock_is_frozen(frozen: Clock) -> None:
    """The clock shows the moment that it was frozen at."""
    with frozen():
        assert time.time() == SECONDS


@BOTH_CLOCKS
def test_a_page_that_failed_is_fetched_again(caller: Caller, frozen: Clock) -> None:
    """A single page is fetched again after its wait."""

    def fail_once(exchange: Exchange) -> None:
        exchange.send(http(b"", 503) if exchange.number == 1 else page(exchange))

    with Wire(fail_once) as wire, frozen():
        caller.page(**KEYS, base_url=wire.url)
    assert len(wire.exchanges) == 2


@BOTH_CLOCKS
def test_a_listing_that_failed_goes_on(caller: Caller, frozen: Clock) -> None:
    """A listing goes on after the wait for one of its pages."""

    def fail_once(exchange: Exchange) -> None:
        exchange.send(http(b"", 503) if exchange.number == 2 else page(exchange))

    with Wire(fail_once) as wire, frozen():
        assert len(caller.invoices(**KEYS, base_url=wire.url)) == 60
    assert len(wire.exchanges) == 4


@BOTH_CLOCKS
def test_a_listing_that_was_limited_goes_on(caller: Caller, frozen: Clock) -> None:
    """A 429 among six requests in flight holds all of them back for a while, not for ever."""

    def limit_once(exchange: Exchange) -> None:
        if exchange.number == 5:
            exchange.send(http(b"", 429, "Retry-After: 0.2"))
        else:
            exchange.pause(0.02)  # so that several are in flight
            exchange.send(page(exchange, 300))

    with Wire(limit_once) as wire, frozen():
        assert len(caller.invoices(**KEYS, base_url=wire.url)) == 300
    assert len(wire.exchanges) == 13
