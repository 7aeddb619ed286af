"""End-to-end tests against the sandbox: a real server, real sockets, the contract on both sides."""

import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from callers import Caller, Settings, keys
from finerworks import AuthenticationError, BadRequestError, money
from finerworks.sandbox import ORDINARY_APP_KEY, ORDINARY_WEB_API_KEY, Sandbox

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def faulty() -> Iterator[Sandbox]:
    """Run a sandbox that fails two requests in five, in every way that it knows."""
    with Sandbox(invoices=250, edge_cases=True, fail_rate=0.4, page_cap=10) as running:
        yield running


def test_lists_every_invoice_of_the_account(caller: Caller, sandbox: Sandbox) -> None:
    """All 250 invoices are listed once, newest first, with an exact total."""
    invoices = caller.invoices(**keys(sandbox))
    assert len({invoice.invoice_id for invoice in invoices}) == len(invoices) == 250
    months = [invoice.invoice_month for invoice in invoices if invoice.invoice_month]
    assert months == sorted(months, reverse=True)
    assert money.total(each.amount_due for each in invoices) == Decimal("118620104.20")


@pytest.mark.parametrize(
    ("account", "count"),
    [
        ("seller-aspen", 60),
        ("seller-birch", 26),
        ("seller-cedar", 25),
        ("seller-empty", 0),
        ("seller-null", 0),
        ("séller-ñandú-木", 63),
    ],
)
def test_lists_the_invoices_of_another_account(
    caller: Caller, sandbox: Sandbox, account: str, count: int
) -> None:
    """A platform can list its sellers' invoices, with any characters in the account keys."""
    assert len(caller.invoices(account_key=account, **keys(sandbox))) == count


def test_the_same_money_comes_again_through_faults(caller: Caller, faulty: Sandbox) -> None:
    """Resets, truncated bodies, 429 and 5xx do not change the listing."""
    settings = keys(faulty) | {"max_retries": 20}
    invoices = caller.invoices(**settings)
    assert len({invoice.invoice_id for invoice in invoices}) == len(invoices) == 250
    assert money.total(each.amount_due for each in invoices) == Decimal("118620104.20")


def test_an_account_without_permission_gets_its_own(caller: Caller, sandbox: Sandbox) -> None:
    """The server ignores `account_key` without permission, as documented."""
    own: Settings = {
        "web_api_key": ORDINARY_WEB_API_KEY,
        "app_key": ORDINARY_APP_KEY,
        "base_url": sandbox.base_url,
    }
    asked = caller.invoices(account_key="seller-aspen", **own)
    assert asked == caller.invoices(**own)
    assert asked != caller.invoices(account_key="seller-aspen", **keys(sandbox))


@pytest.mark.parametrize(
    "wrong",
    [
        {"web_api_key": "not-the-key"},
        {"app_key": "not-the-key"},
        {"web_api_key": "sandbox-app-key", "app_key": "sandbox-web-api-key"},
        {"app_key": "sandbox-web-api-key"},
    ],
)
def test_wrong_keys_are_refused(caller: Caller, sandbox: Sandbox, wrong: Settings) -> None:
    """A wrong key, swapped keys, and the same value for both are rejected."""
    settings = keys(sandbox) | wrong
    with pytest.raises(AuthenticationError, match="Missing or unauthorized api credentials"):
        caller.page(**settings)


def test_an_unknown_account_is_a_bad_request(caller: Caller, sandbox: Sandbox) -> None:
    """The error contains the server's message about the field."""
    with pytest.raises(BadRequestError, match=r"request\.account_key"):
        caller.page(account_key="nobody", **keys(sandbox))


def test_the_example_prints_the_listing(sandbox: Sandbox) -> None:
    """The example prints the number of invoices and the exact total."""
    run = example(sandbox.env)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].split() == ["invoice", "month", "due", "amount"]
    assert len(lines) == 253
    assert lines[-1] == "250 invoices, 118,620,104.20 due in all"


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "error: missing web_api_key= (or FINERWORKS_WEB_API_KEY)"),
        ({"FINERWORKS_APP_KEY": "not-the-key"}, "HTTP 400: The request is invalid."),
        ({"FINERWORKS_BASE_URL": "http://127.0.0.1:9"}, "http://127.0.0.1:9: ConnectError"),
        (
            {"FINERWORKS_BASE_URL": "127.0.0.1"},
            "base_url= (from FINERWORKS_BASE_URL) is not an http:// or https:// address",
        ),
    ],
)
def test_the_example_fails_in_one_line(
    sandbox: Sandbox, environment: dict[str, str], told: str
) -> None:
    """A failure is one line on standard error, and no total is printed."""
    run = example(sandbox.env | environment if environment else {})
    assert run.returncode == 1
    assert told in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert "in all" not in run.stdout


def test_the_example_ends_quietly_when_nobody_reads_on(sandbox: Sandbox) -> None:
    """Piped into head, the example prints no traceback."""
    program = f"{sys.executable} -u {ROOT / 'examples' / 'list_invoices.py'} | head -n 3"
    run = subprocess.run(
        ["sh", "-c", program],
        env=os.environ | sandbox.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert len(run.stdout.splitlines()) == 3
    assert run.stderr == ""


def example(environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run the example with an environment of its own."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "list_invoices.py")],
        env=known | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
