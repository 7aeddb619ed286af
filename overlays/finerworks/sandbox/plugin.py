"""A pytest plugin with two fixtures for your own tests.

`finerworks_sandbox` is a running sandbox, and `finerworks_no_backoff` retries without waiting:

    from finerworks import FinerWorks

    def test_reads_every_invoice(finerworks_sandbox):
        with FinerWorks() as fw:  # its keys and address are in the environment
            assert len(list(fw.invoices.list())) == finerworks_sandbox.invoices

pytest loads the plugin wherever finerworks is installed. The web server is imported when a test
uses its fixture.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from finerworks.sandbox import Sandbox

_NAME = "finerworks_sandbox"


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, for `--strict-markers`."""
    what = "settings of this test's sandbox, such as invoices=40, fail_rate=0.2"
    config.addinivalue_line("markers", f"{_NAME}(**settings): {what}")


@pytest.fixture(scope="session")
def _finerworks_shared_sandbox() -> Iterator[Sandbox]:
    with ExitStack() as stack:
        yield _start(stack, {})


@pytest.fixture
def finerworks_sandbox(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """A running sandbox, whose keys and address are in the environment during the test.

    Tests share one sandbox with the default settings. A test with
    `@pytest.mark.finerworks_sandbox(...)` has a sandbox of its own, which counts failures and
    limits from the beginning. The mark of a test overrides settings of the mark of its class or
    module.
    """
    marks = list(request.node.iter_markers(_NAME))
    if any(mark.args for mark in marks):
        pytest.fail(f"{_NAME}: pass settings by name, such as invoices=40", pytrace=False)
    settings: dict[str, Any] = {}
    for mark in reversed(marks):
        settings.update(mark.kwargs)
    with ExitStack() as stack:
        sandbox: Sandbox
        if marks:
            sandbox = _start(stack, settings)
        else:
            sandbox = request.getfixturevalue(_finerworks_shared_sandbox.__name__)
        # It may name an account of the real API, which the sandbox does not have.
        monkeypatch.delenv("FINERWORKS_ACCOUNT_KEY", raising=False)
        for name, value in sandbox.env.items():
            monkeypatch.setenv(name, value)
        yield sandbox


def _no_delay(attempt: int) -> float:
    del attempt
    return 0.0


@pytest.fixture
def finerworks_no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry failed requests without a delay during the test.

    A delay that the server requests with `Retry-After` is still observed.
    """
    monkeypatch.setattr("finerworks.retry.backoff", _no_delay)


def _start(stack: ExitStack, settings: Mapping[str, Any]) -> Sandbox:
    """Start a sandbox, or fail the test with a message instead of a traceback."""
    try:
        return stack.enter_context(Sandbox(**settings))
    except (ModuleNotFoundError, OSError, TypeError, ValueError) as error:
        pytest.fail(f"{_NAME}: {error}", pytrace=False)
