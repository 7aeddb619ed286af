"""Listings if no thread can be started, as in limited containers or while the program exits."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pytest_httpx import HTTPXMock

from answers import server
from callers import KEYS, Async, Sync
from finerworks import APIConnectionError, network
from wire import Exchange, Wire, page

PROGRAM = Path(__file__).parents[1] / "support" / "threadless.py"


def respond(exchange: Exchange) -> None:
    """Send the page of a listing, not quite at once, so that several are in flight."""
    exchange.pause(0.01)
    exchange.send(page(exchange, 300))


def run(part: str, *, limited: bool, host: str = "localhost") -> subprocess.CompletedProcess[str]:
    """Run a part of the program, with every warning as an error."""
    with Wire(respond) as wire:
        command = [sys.executable, "-W", "error", str(PROGRAM), f"http://{host}:{wire.port}", part]
        command.append("limited" if limited else "none")
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def assert_complete(done: subprocess.CompletedProcess[str]) -> None:
    """Check that a program has listed everything, and closed everything silently."""
    assert (done.returncode, done.stdout, done.stderr) == (0, "all invoices\n", "")


@pytest.mark.parametrize("part", ["sync", "with_options", "async_"])
def test_without_threads_the_listing_is_complete(part: str) -> None:
    """Without threads, pages are read one by one, and the event loop looks up names itself."""
    assert_complete(run(part, limited=True))


def test_an_address_needs_no_lookup() -> None:
    """The async client needs no thread for a host that is an address."""
    assert_complete(run("async_", limited=True, host="127.0.0.1"))


def test_threads_may_run_out() -> None:
    """A listing continues with the threads that it has."""
    assert_complete(run("halfway", limited=False))


@pytest.mark.parametrize("limited", [False, True], ids=["unlimited", "limited"])
@pytest.mark.parametrize("part", ["at_exit", "async_at_exit", "across_the_exit"])
def test_a_handler_of_atexit_may_list(part: str, *, limited: bool) -> None:
    """An `atexit` handler can list, although Python 3.12 starts no thread there."""
    assert_complete(run(part, limited=limited))


@pytest.mark.parametrize("part", ["after_the_main_thread", "async_after_the_main_thread"])
def test_a_thread_may_list_longer_than_the_main_thread(part: str) -> None:
    """A thread can list after the main thread has ended, although no thread can be started."""
    assert_complete(run(part, limited=False))


@pytest.mark.parametrize("limited", [False, True], ids=["unlimited", "limited"])
@pytest.mark.parametrize("part", ["too_late", "half_too_late"])
def test_after_the_end_a_listing_is_an_error(part: str, *, limited: bool) -> None:
    """A listing whose threads ended with the program raises an error."""
    done = run(part, limited=limited)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1] == (
        "RuntimeError: the program has ended, and its threads with it: read the listing before, "
        "at the latest in an atexit handler"
    )


def test_a_listing_may_be_left_to_the_end_of_the_program() -> None:
    """A listing that is left at the end of the program ends silently."""
    done = run("left", limited=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 invoices\n", "")


@pytest.mark.parametrize("error", [RuntimeError, MemoryError])
def test_whatever_prevents_a_thread(
    error: type[Exception], httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that cannot start for lack of memory is handled in the same way."""

    def fail(_: threading.Thread) -> None:
        raise error

    httpx_mock.add_callback(server(300), is_reusable=True)
    monkeypatch.setattr(threading.Thread, "start", fail)
    assert len(Sync().invoices(**KEYS)) == 300


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the async client find that no thread can be started."""
    monkeypatch.setattr(network, "can_start_thread", lambda: False)


Found = list[tuple[int, int, int, str, tuple[str, int]]]


@pytest.fixture
def two_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every host have two addresses. The servers of these tests have the second one."""

    def find(*_: object, **__: object) -> Found:
        addresses = ["127.0.0.2", "127.0.0.1"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 0)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", find)


@pytest.mark.usefixtures("no_threads", "two_addresses")
def test_the_next_address_is_tried() -> None:
    """If nothing listens on the first address of a host, the next one is used."""
    with Wire(respond) as wire:
        assert len(Async().invoices(**KEYS, base_url=f"http://localhost:{wire.port}")) == 300


@pytest.mark.usefixtures("no_threads", "two_addresses")
def test_a_host_that_does_not_respond_is_an_error() -> None:
    """If nothing listens on any address, the error is the same as with threads."""
    with Wire() as wire:
        url = f"http://localhost:{wire.port}"
    (error,) = Async().refusals(1, **KEYS, base_url=url, max_retries=0)
    assert isinstance(error, APIConnectionError)
    assert "ConnectError: All connection attempts failed" in str(error)


@pytest.mark.usefixtures("no_threads")
def test_a_host_without_a_name_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown host name is a connection error, as with threads."""

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    (error,) = Async().refusals(1, **KEYS, base_url="https://api.test", max_retries=0)
    assert isinstance(error, APIConnectionError)
    assert "Name or service not known" in str(error)
