"""A pytest plugin: `finerworks_sandbox`, a sandbox for tests of your own.

    from finerworks import FinerWorks

    def test_reads_every_invoice(finerworks_sandbox):
        with FinerWorks() as fw:  # its keys and address are in the environment
            assert len(list(fw.invoices.list())) == finerworks_sandbox.invoices

pytest loads it wherever the package is installed: the web server is imported once a test asks for it.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from finerworks.sandbox import Sandbox

_NAME = "finerworks_sandbox"


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, for `--strict-markers`."""
    what = "how the sandbox of this test is to behave, such as invoices=40, fail_rate=0.2"
    config.addinivalue_line("markers", f"{_NAME}(**settings): {what}")


@pytest.fixture(scope="session")
def _finerworks_sandbox_of_all() -> Iterator[Sandbox]:
    with ExitStack() as stack:
        yield _start(stack, {})


@pytest.fixture
def finerworks_sandbox(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """A running sandbox; during the test, FINERWORKS_* in the environment are its keys and address.

    Tests share one, with the default settings. A test with `@pytest.mark.finerworks_sandbox(...)` has one of its
    own, whose failures and limits are counted from the start; the mark of a test adds to that of its class or
    module, and wins over it.
    """
    marks = list(request.node.iter_markers(_NAME))
    if any(mark.args for mark in marks):
        pytest.fail(f"{_NAME}: settings have names, such as invoices=40", pytrace=False)
    with ExitStack() as stack:
        sandbox: Sandbox = (
            _start(
                stack,
                {name: value for mark in reversed(marks) for name, value in mark.kwargs.items()},
            )
            if marks
            else request.getfixturevalue(_finerworks_sandbox_of_all.__name__)
        )
        # An account of the real API is none of the sandbox's.
        monkeypatch.delenv("FINERWORKS_ACCOUNT_KEY", raising=False)
        for name, value in sandbox.env.items():
            monkeypatch.setenv(name, value)
        yield sandbox


def _start(stack: ExitStack, settings: Mapping[str, Any]) -> Sandbox:
    """Run a sandbox, or fail with a sentence in place of a traceback."""
    try:
        return stack.enter_context(Sandbox(**settings))
    except (ModuleNotFoundError, OSError, TypeError, ValueError) as error:
        pytest.fail(f"{_NAME}: {error}", pytrace=False)
