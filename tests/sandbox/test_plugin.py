"""The pytest plugin: `finerworks_sandbox` in a user's own tests, run by a pytest of their own."""

import os
import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

READS = """
import os

import pytest

from finerworks import FinerWorks, ServerError

def count(**options):
    with FinerWorks(**options) as fw:
        return len(list(fw.invoices.list()))
"""


def run(pytester: pytest.Pytester, tests: str, *arguments: str) -> pytest.RunResult:
    """Run a user's tests as they would, strictly, and without the plugins that this project needs itself."""
    pytester.makepyfile(READS + tests)
    others = ("pytest_httpx", "hypothesispytest", "schemathesis", "anyio", "pytest_cov")
    quiet = [f"-pno:{name}" for name in others]
    return pytester.runpytest_subprocess("--strict-markers", "-Werror", *quiet, *arguments)


def test_a_test_has_the_sandbox_in_its_environment(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client finds it without a word; after the test the environment is as it was, a real account's key too."""
    monkeypatch.setenv("FINERWORKS_ACCOUNT_KEY", "seller-aspen")
    monkeypatch.setenv("FINERWORKS_WEB_API_KEY", "my-own")
    tests = """
def test_reads(finerworks_sandbox):
    assert count() == finerworks_sandbox.invoices == 72

def test_afterwards():
    assert os.environ["FINERWORKS_ACCOUNT_KEY"] == "seller-aspen"
    assert os.environ["FINERWORKS_WEB_API_KEY"] == "my-own"
    assert "FINERWORKS_BASE_URL" not in os.environ
"""
    run(pytester, tests).assert_outcomes(passed=2)


def test_marks_say_how_it_behaves(pytester: pytest.Pytester) -> None:
    """Those of a test add to those of its class; such a test has a sandbox that counts from the start."""
    tests = """
addresses = set()

@pytest.mark.finerworks_sandbox(invoices=3, fail_request=1)
class TestMarked:
    @pytest.mark.parametrize("again", range(2))
    def test_fails_first(self, finerworks_sandbox, again):
        addresses.add(finerworks_sandbox.base_url)
        with pytest.raises(ServerError):
            count(max_retries=0)
        assert count(max_retries=0) == 3

    @pytest.mark.finerworks_sandbox(fail_request=None, invoices=30)
    def test_wins(self, finerworks_sandbox):
        assert count(max_retries=0) == 30

@pytest.mark.parametrize("again", range(2))
def test_shared(finerworks_sandbox, again):
    addresses.add(finerworks_sandbox.base_url)
    assert count(max_retries=0) == 72

def test_each_marked_one_was_another():
    assert len(addresses) == 3
"""
    run(pytester, tests).assert_outcomes(passed=6)


def test_retries_follow_at_once(pytester: pytest.Pytester) -> None:
    """`finerworks_no_backoff` removes the client's own delays for one test, and no other delay."""
    tests = """
import logging

from finerworks import RateLimitError, retry

@pytest.mark.finerworks_sandbox(fail_request=1)
@pytest.mark.usefixtures("finerworks_sandbox", "finerworks_no_backoff")
def test_at_once(caplog):
    caplog.set_level(logging.INFO, "finerworks")
    assert count() == 72
    assert "attempt 1, reference_id None, again in 0.0 s" in caplog.text

@pytest.mark.usefixtures("finerworks_no_backoff")
def test_obeys_the_server():
    error = RateLimitError("Too many requests.", status_code=429, retry_after=7.0)
    assert retry.decide(error, attempt=1, max_retries=2).delay == 7.0

def test_afterwards():
    assert retry.backoff(1) >= 0.5
"""
    run(pytester, tests).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("40", "pass settings by name, such as invoices=40"),
        ("invoice=40", "unexpected keyword argument 'invoice'"),
        ("fail_rate=2", "fail_rate must be from 0 to 1, not 2"),
        ("host='no.such.host.invalid'", "finerworks_sandbox: *"),
    ],
)
def test_a_wrong_mark_is_told_in_a_line(pytester: pytest.Pytester, mark: str, told: str) -> None:
    """The test ends in an error that says what is wrong, without a traceback of the plugin."""
    result = run(
        pytester, f"@pytest.mark.finerworks_sandbox({mark})\ndef test_it(finerworks_sandbox): ...\n"
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{told}*"])
    result.stdout.no_fnmatch_line("*plugin.py*")


def test_without_the_extra_only_who_asks_is_told(pytester: pytest.Pytester) -> None:
    """Other tests run; one that asks for the fixture is told what to install."""
    pytester.makeconftest("import sys; sys.modules['connexion'] = None")
    result = run(pytester, "def test_other(): ...\ndef test_asks(finerworks_sandbox): ...\n")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*needs connexion: install it with *connexion?swagger-ui?*"])


def test_the_fixtures_and_the_mark_say_what_they_are(pytester: pytest.Pytester) -> None:
    """`pytest --fixtures` and `pytest --markers` have a line of each."""
    run(pytester, "", "--fixtures").stdout.fnmatch_lines(
        [
            "finerworks_sandbox*",
            "*A running sandbox,*",
            "finerworks_no_backoff*",
            "*Retry failed requests without a delay during the test.",
        ]
    )
    run(pytester, "", "--markers").stdout.fnmatch_lines(
        ["@pytest.mark.finerworks_sandbox(??settings): settings of *"]
    )


def test_a_run_that_does_not_ask_imports_little(pytester: pytest.Pytester) -> None:
    """Being installed brings neither httpx nor a web server into other people's test runs."""
    pytester.makepyfile("def test_other(): ...")
    program = "import pytest, sys; pytest.main(['-pfinerworks.sandbox.plugin']); print('modules:', *sys.modules)"
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-c", program]
    ran = subprocess.run(
        command, env=alone, cwd=pytester.path, capture_output=True, text=True, check=True
    )
    ran_tests, _, modules = ran.stdout.partition("modules:")
    assert "1 passed" in ran_tests
    assert "finerworks.sandbox.plugin" in modules.split()
    brought = {name.partition(".")[0] for name in modules.split()} & {
        *("anyio", "asyncio", "attr", "connexion", "finerworks_client", "httpx", "jinja2"),
        *("starlette", "uvicorn", "yaml"),
    }
    assert brought == set()
