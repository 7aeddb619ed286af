"""Two ways to test code that uses finerworks, shown on `owed`: `pytest examples/test_your_code.py`.

The sandbox is a server that behaves as the contract says: use it for what your code does with invoices.
pytest-httpx puts one answer of your choice into the client: use it for what no sandbox says.
"""

from collections.abc import Iterator
from decimal import Decimal

import pytest
import stamina
from pytest_httpx import HTTPXMock

from finerworks import FinerWorks, FinerWorksError, RequestRejectedError, money
from finerworks.sandbox import Sandbox


def owed(fw: FinerWorks) -> Decimal:
    """Add up what is to be paid: the code that is tested here."""
    return money.total(
        invoice.amount_due for invoice in fw.invoices.list() if invoice.amount_due > 0
    )


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    """Let retries follow at once, three attempts in all."""
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.mark.finerworks_sandbox(invoices=3)
def test_adds_up(finerworks_sandbox: Sandbox) -> None:
    """Three invoices of the sandbox: the keys and the address are in the environment."""
    assert finerworks_sandbox.invoices == 3
    with FinerWorks() as fw:
        assert owed(fw) == Decimal("1234587.98")


@pytest.mark.finerworks_sandbox(fail_request=2)
@pytest.mark.usefixtures("finerworks_sandbox")
def test_a_failure_that_passes_is_not_seen() -> None:
    """The second page fails once, and is asked for again."""
    with FinerWorks() as fw:
        assert owed(fw) == Decimal("118620129.70")


@pytest.mark.finerworks_sandbox(fail_rate=1)
@pytest.mark.usefixtures("finerworks_sandbox")
def test_no_sum_is_given_of_a_part() -> None:
    """Where the server fails for good, there is an error, and no sum."""
    with FinerWorks(max_retries=0) as fw, pytest.raises(FinerWorksError):
        owed(fw)


def test_a_refusal_is_told(httpx_mock: HTTPXMock) -> None:
    """An answer made up by the test: the client gets it, and nothing is sent."""
    httpx_mock.add_response(
        json={"status": {"success": False, "message": "Account closed."}, "invoices": None}
    )
    with (
        FinerWorks(web_api_key="a-key", app_key="another") as fw,
        pytest.raises(RequestRejectedError, match="closed"),
    ):
        owed(fw)
