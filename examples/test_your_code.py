"""Two ways to test code that uses finerworks, such as `owed`: `pytest examples/test_your_code.py`.

The sandbox is a server that follows the contract. Use it to test what your code does with invoices.
pytest-httpx returns a response of your choice. Use it for responses that the sandbox never sends.
"""

from decimal import Decimal

import pytest
from pytest_httpx import HTTPXMock

from finerworks import FinerWorks, FinerWorksError, RequestRejectedError, money
from finerworks.sandbox import Sandbox


def owed(fw: FinerWorks) -> Decimal:
    """Return the sum of all amounts above zero. This is the code under test."""
    return money.total(
        invoice.amount_due for invoice in fw.invoices.list() if invoice.amount_due > 0
    )


# Retry without waiting.
pytestmark = pytest.mark.usefixtures("finerworks_no_backoff")


@pytest.mark.finerworks_sandbox(invoices=3)
def test_adds_up(finerworks_sandbox: Sandbox) -> None:
    """The sandbox has three invoices. Its keys and address are in the environment."""
    assert finerworks_sandbox.invoices == 3
    with FinerWorks() as fw:
        assert owed(fw) == Decimal("3158.94")


@pytest.mark.finerworks_sandbox(fail_request=2)
@pytest.mark.usefixtures("finerworks_sandbox")
def test_a_transient_failure_is_retried() -> None:
    """The request for the second page fails once, and is retried."""
    with FinerWorks() as fw:
        assert owed(fw) == Decimal("8281.19")


@pytest.mark.finerworks_sandbox(fail_rate=1)
@pytest.mark.usefixtures("finerworks_sandbox")
def test_there_is_no_partial_sum() -> None:
    """If the server keeps failing, there is an error and no sum."""
    with FinerWorks(max_retries=0) as fw, pytest.raises(FinerWorksError):
        owed(fw)


def test_a_rejected_request_raises(httpx_mock: HTTPXMock) -> None:
    """The response is made up by the test, and nothing is sent."""
    httpx_mock.add_response(
        json={"status": {"success": False, "message": "Account closed."}, "invoices": None}
    )
    with (
        FinerWorks(web_api_key="a-key", app_key="another") as fw,
        pytest.raises(RequestRejectedError, match="closed"),
    ):
        owed(fw)
