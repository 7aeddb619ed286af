"""What becomes of tests where a program that they need is missing."""

import pytest

from browser import chromium
from programs import needed_program


def test_without_chromium_no_test_of_a_page_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """In CI it fails; elsewhere it is skipped, and the reason says what to install."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="make toolchains"):
        chromium()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="make toolchains"):
        chromium()


def test_another_program_that_is_found_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that is there, and nothing is skipped or failed then."""
    monkeypatch.setenv("CI", "true")
    path = needed_program("", "no-such-program", "sh", advice="this test needs a shell")
    assert path.endswith("/sh")
