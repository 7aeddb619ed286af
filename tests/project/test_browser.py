"""What becomes of tests in a browser where there is none."""

import pytest

from browser import chromium


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
