"""Listings end under a frozen clock, as tests of other people's programs have it, and under a wrong one.

Waits last as long as they do for users, because what is tested is that none of them reads the
frozen clock for its end.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Generator

import freezegun
import pytest
import time_machine

from callers import KEYS, Caller
from finerworks import ServerError
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


@contextlib.contextmanager
def clock_an_hour_fast() -> Generator[None]:
    """Let the clock show an hour too much, and go on."""
    with time_machine.travel(SECONDS + 3600, tick=True):
        yield


@contextlib.contextmanager
def clock_an_hour_slow() -> Generator[None]:
    """Let the clock show an hour too little, and go on."""
    with time_machine.travel(SECONDS - 3600, tick=True):
        yield


BOTH_WRONG = pytest.mark.parametrize("wrong", [clock_an_hour_fast, clock_an_hour_slow])
DATE = "Date: Sat, 28 Feb 2026 12:00:00 GMT"


@BOTH_WRONG
def test_a_date_is_waited_for(
    caller: Caller, wrong: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A wait until a date is as long as the server means, whatever this machine's clock shows."""
    head = ["Retry-After: Sat, 28 Feb 2026 12:00:01 GMT", DATE]

    def fail_once(exchange: Exchange) -> None:
        exchange.send(http(b"", 503, *head) if exchange.number == 1 else page(exchange))

    with Wire(fail_once) as wire, wrong(), caplog.at_level(logging.INFO, "finerworks"):
        caller.page(**KEYS, base_url=wire.url)
    assert [line.rpartition(", ")[2] for line in caplog.messages] == ["again in 1.0 s"]
    assert len(wire.exchanges) == 2


@BOTH_WRONG
def test_a_date_that_is_far_is_not_waited_for(caller: Caller, wrong: Clock) -> None:
    """A wait of an hour is handed on, also by a clock that shows its end already."""
    head = ["Retry-After: Sat, 28 Feb 2026 13:00:00 GMT", DATE]
    with Wire(lambda exchange: exchange.send(http(b"", 503, *head))) as wire, wrong():
        (error,) = caller.refusals(1, **KEYS, base_url=wire.url)
    assert isinstance(error, ServerError)
    assert error.retry_after == 3600
    assert len(wire.exchanges) == 1
