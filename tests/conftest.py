"""What tests share: a clean environment, no waits, and each behaviour asked of sync and of async."""

import logging
import os
import signal
from collections.abc import Iterator
from types import FrameType

import httpx
import hypothesis
import pytest
from playwright.sync_api import Browser

from browser import open_browser
from callers import Async, Caller, Sync, retry_at_once
from finerworks.sandbox import Sandbox

# How many examples a property is tried on. No clock decides, and nothing is kept on disk.
_ANY_PACE = hypothesis.settings(
    deadline=None, database=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("default", _ANY_PACE, max_examples=200)
hypothesis.settings.register_profile(
    "fuzz", _ANY_PACE, max_examples=10_000
)  # pytest --hypothesis-profile=fuzz
hypothesis.settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect what is marked so to fail where httpx is httpx2."""
    if httpx.__name__ != "httpx2":
        return
    for item in items:
        mark = item.get_closest_marker("differs_with_httpx2")
        if mark is not None:
            item.add_marker(pytest.mark.xfail(reason=mark.args[0], strict=True))


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Do as if the signal were ignored, in this process alone."""


@pytest.fixture(scope="session", autouse=True)
def signals_as_from_a_terminal() -> Iterator[None]:
    """Let commands that tests start meet each signal as in a terminal.

    A shell starts what it runs in the background with SIGINT ignored, and nohup with SIGHUP; a
    process that is started inherits that, but no handler.
    """
    ignored = [
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is signal.SIG_IGN
    ]
    for number in ignored:
        signal.signal(number, _nothing)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(autouse=True)
def clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Take away keys and hosts that the machine's user has set, and the logging of other tests."""
    # Keys that the user has stored: nothing is stored in this folder.
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-config"))
    for name in list(os.environ):
        if name.startswith("FINERWORKS_"):
            monkeypatch.delenv(name)
    logger = logging.getLogger("finerworks")
    logger.setLevel(logging.NOTSET)
    logger.handlers.clear()


@pytest.fixture(autouse=True)
def no_waits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries follow at once, except in a test that is marked with `waits`."""
    item: pytest.Item = request.node
    if not item.get_closest_marker("waits"):
        retry_at_once(monkeypatch)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox for the whole test run: 250 invoices, edge cases among them, no faults."""
    with Sandbox(invoices=250, edge_cases=True) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run a headless Chromium for the tests of one module, which is to use no asyncio of its own."""
    with open_browser() as running:
        yield running


@pytest.fixture(params=[Sync(), Async()], ids=lambda caller: caller.name)
def caller(request: pytest.FixtureRequest) -> Caller:
    """Give the sync and the async client in turn."""
    chosen: Caller = request.param
    return chosen
