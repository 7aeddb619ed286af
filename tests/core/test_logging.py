"""What is visible from outside: log lines and the User-Agent."""

import asyncio
import functools
import itertools
import json
import logging
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

import finerworks
from callers import KEYS, Caller
from finerworks import AsyncFinerWorks, FinerWorks
from wire import Exchange, Wire, http, page

PROGRAM = """
import logging, sys
from finerworks import FinerWorks, retry
retry.backoff = lambda attempt: 0.0
if sys.argv[2] == "own":
    logging.basicConfig(format="own %(name)s %(levelname)s %(message)s")
for _ in range(2):
    with FinerWorks(web_api_key="the-web-key", app_key="the-app-key", base_url=sys.argv[1]) as fw:
        fw.with_options(timeout=5).invoices.page()
"""


def fails_once(exchange: Exchange) -> None:
    """Respond to the first request with 503."""
    exchange.send(http(b"", 503) if exchange.number == 1 else page(exchange))


def lines(level: str, setup: str) -> list[str]:
    """Return what a program prints to standard error with a value of `FINERWORKS_LOG`, without times."""
    with Wire(fails_once) as wire:
        environment = {**os.environ, "FINERWORKS_LOG": level}
        command = [sys.executable, "-c", PROGRAM, wire.url, setup]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.stdout == ""
    return re.sub(r" in \d+\.\d{3} s,", ",", done.stderr).splitlines()


FAILED = "POST /v3/list_invoices: 503, attempt 1, reference_id None, again in 0.0 s"
AGAIN = "POST /v3/list_invoices: 200, attempt 2, reference_id ref-1"
GOOD = "POST /v3/list_invoices: 200, attempt 1, reference_id ref-1"


@pytest.mark.parametrize(
    ("level", "printed"),
    [
        ("", []),
        ("info", [FAILED]),
        ("debug", [FAILED, AGAIN, GOOD]),
        ("DEBUG", [FAILED, AGAIN, GOOD]),
    ],
)
def test_the_environment_turns_lines_on(level: str, printed: list[str]) -> None:
    """FINERWORKS_LOG prints each attempt, or each failed one, once on standard error."""
    assert lines(level, "none") == printed


def test_a_program_that_logs_gets_the_lines_its_own_way() -> None:
    """If the program configures logging, lines go there, and not to standard error as well."""
    assert lines("debug", "own") == [
        f"own finerworks {level} {line}"
        for level, line in [("INFO", FAILED), ("DEBUG", AGAIN), ("DEBUG", GOOD)]
    ]


def test_a_wrong_level_is_an_error() -> None:
    """An invalid FINERWORKS_LOG is an error when a client is created."""
    assert (
        lines("loud", "none")[-1] == "ValueError: FINERWORKS_LOG must be debug or info, not 'loud'"
    )


@pytest.mark.waits
def test_a_failure_for_good_is_a_line_too(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    """The line of the last attempt says that no retry follows."""
    caplog.set_level(logging.INFO, "finerworks")
    with Wire(lambda exchange: exchange.send(http(b"", 500, "Retry-After: 0.1"))) as wire:
        caller.refusals(1, **KEYS, base_url=wire.url, max_retries=1)
    told = [record.getMessage() for record in caplog.records if record.name == "finerworks"]
    assert [line.rpartition(", ")[2] for line in told] == ["again in 0.1 s", "giving up"]
    assert len(wire.exchanges) == 2


def test_says_who_asks(caller: Caller) -> None:
    """The User-Agent has the versions of this package, Python and httpx."""
    with Wire() as wire:
        caller.invoices(**KEYS, base_url=wire.url)
    agent = f"finerworks/{finerworks.__version__} python/{platform.python_version()} httpx/{httpx.__version__}"
    assert {
        line
        for each in wire.exchanges
        for line in each.head.split(b"\r\n")
        if line.startswith(b"User-Agent")
    } == {f"User-Agent: {agent}".encode()}


def test_says_how_long_an_attempt_took(caller: Caller) -> None:
    """`elapsed` is above 0, and at most the time of the call."""
    with Wire() as wire:
        request = httpx.Request(
            "POST", f"{wire.url}/v3/list_invoices", json={"page_number": 1, "per_page": 25}
        )
        started = time.monotonic()
        response = caller.send(request, **KEYS, base_url=wire.url)
        took = time.monotonic() - started
    assert 0 < response.elapsed.total_seconds() <= took


async def leave_by_asyncio(wire: Wire, least: int) -> None:
    """Leave an asyncio listing when a number of requests are on the wire."""
    async with AsyncFinerWorks(**KEYS, base_url=wire.url) as fw:
        async for _ in fw.invoices.list():
            while len(wire.exchanges) < least:  # noqa: ASYNC110 - the wire has threads, and no events of asyncio's
                await asyncio.sleep(0.01)
            break


def leave(wire: Wire) -> None:
    """Leave a listing while its next pages are in flight."""
    with FinerWorks(**KEYS, base_url=wire.url) as fw:
        for _ in fw.invoices.list():
            while len(wire.exchanges) < 2:
                time.sleep(0.01)
            break


def leave_in_flight(wire: Wire) -> None:
    """Leave an asyncio listing while its next pages are in flight."""
    asyncio.run(leave_by_asyncio(wire, 2))


def leave_at_once(wire: Wire) -> None:
    """Leave an asyncio listing before its next pages are sent."""
    asyncio.run(leave_by_asyncio(wire, 1))


@pytest.mark.parametrize("leaves", [leave, leave_in_flight, leave_at_once])
def test_leaving_a_listing_is_no_failure(
    leaves: Callable[[Wire], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Leaving a listing cancels its requests, and no line reports a failure or a retry."""

    def does(exchange: Exchange) -> None:
        if exchange.asked["page_number"] > 1:
            exchange.wait()
        else:
            exchange.send(page(exchange))

    with Wire(does) as wire, caplog.at_level(logging.DEBUG):
        leaves(wire)
    ours = [
        each.getMessage()
        for each in caplog.records
        if each.name in {"finerworks", "asyncio"} and "selector" not in each.getMessage()
    ]
    assert [re.sub(r" in \d+\.\d{3} s,", ",", line) for line in ours] == [GOOD]


CONFIGURATIONS = [
    "basic",
    "basic_by_force",
    "dictionary",
    "dictionary_that_names_it",
    "dictionary_that_spares",
    "file",
    "handler_of_its_own",
]
"""Steps after which each line is printed once, with or without `FINERWORKS_LOG`."""

ORDERS = [
    order
    for step in CONFIGURATIONS
    for order in (
        [step, "import_", "client", "request"],
        ["import_", step, "client", "request"],
        ["import_", "client", step, "request"],
        ["client", "request", step, "request", "request"],
        ["client", "request", step, "client", "request"],
        ["client", step, "request", "reload", "client", "request"],
        ["client", step, "capture_warnings", "request"],
        ["client", step, "null_handler", "request"],
    )
] + [
    ["client", first, "request", second, "request"]
    for first, second in itertools.permutations(["basic", "dictionary", "file"], 2)
]
"""Orders in which a program may do things: the names of functions of `tests/support/logged.py`."""

WITH_THE_VARIABLE = [
    ["client", "request", "client", "request"],
    ["client", "request", "reload", "client", "request"],
    ["client", "null_handler", "request"],
    ["null_handler", "client", "request"],
    ["client", "errors_only", "request"],
    ["errors_only", "client", "request"],
    ["client", "separate", "request"],
    ["basic", "client", "separate", "request"],
    ["client", "dictionary", "separate", "request"],
    ["client", "basic", "request", "no_handlers", "request"],
]
"""Orders in which a line is printed only by `FINERWORKS_LOG`."""

SILENT = [
    ["client", "silence", "request"],
    ["client", "basic", "silence", "request"],
    ["dictionary_that_names_it", "client", "silence", "request"],
    ["client", "dictionary_that_names_it", "silence", "request"],
    ["client", "close_standard_error", "request"],
    ["close_standard_error", "client", "request"],
    ["client", "without_standard_error", "request"],
    ["without_standard_error", "client", "request"],
]
"""Orders in which no line can be printed, or none may."""


@functools.cache
def printed(level: str) -> dict[str, list[str]]:
    """Run all orders with a value of `FINERWORKS_LOG`. Return what each one printed."""
    orders = [*ORDERS, *WITH_THE_VARIABLE, *SILENT]
    program = Path(__file__).parents[1] / "support" / "logged.py"
    done = subprocess.run(
        [sys.executable, str(program)],
        input=json.dumps(orders),
        env={**os.environ, "FINERWORKS_LOG": level},
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return dict(zip(map(str, orders), json.loads(done.stdout), strict=True))


def count_lines(order: list[str], level: str) -> int:
    """Return how often an order printed a line about a request, and check that it printed no more."""
    found = printed(level)[str(order)]
    assert all(line.endswith("reference_id None, giving up") for line in found), found
    return len(found)


@pytest.mark.parametrize("order", [*ORDERS, *WITH_THE_VARIABLE], ids=" ".join)
def test_the_variable_prints_each_line_once(order: list[str]) -> None:
    """With FINERWORKS_LOG, each line is printed once, whenever the program configures logging."""
    assert count_lines(order, "info") == order.count("request")


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_a_program_that_logs_prints_each_line_once(order: list[str]) -> None:
    """After the program configures logging, each line is printed once."""
    configured = min(order.index(step) for step in CONFIGURATIONS if step in order)
    assert count_lines(order, "") == order[configured:].count("request")


@pytest.mark.parametrize("order", SILENT, ids=" ".join)
@pytest.mark.parametrize("level", ["info", ""])
def test_a_line_that_cannot_be_printed_is_no_failure(order: list[str], level: str) -> None:
    """A request succeeds if standard error is closed, or the program disables the logger."""
    assert count_lines(order, level) == 0
