"""A pytest plugin: records which test runs which line, and later runs only the tests of a line.

With `MUTATION_RECORD=file`, each test is a context of coverage, and the file gets the seconds that
each took. With `MUTATION_TESTS=file`, only the tests that it lists are run, in its order.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

_seconds: dict[str, float] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Name the context after the test. A process that it starts is named by its environment."""
    measured = coverage.Coverage.current()
    if measured is not None:
        measured.switch_context(item.nodeid)
    result = yield
    if measured is not None:
        measured.switch_context("")
    return result


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep how long a test took, with its fixtures, if it passed."""
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0.0) + report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what was recorded."""
    measured = coverage.Coverage.current()
    if measured is not None:
        measured.stop()
        measured.save()
    record = os.environ.get("MUTATION_RECORD")
    if record and not hasattr(session.config, "workerinput"):
        Path(record).write_text(json.dumps(_seconds), encoding="utf-8")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep only the tests that are listed, in their order."""
    listed = os.environ.get("MUTATION_TESTS")
    if not listed:
        return
    order = {name: place for place, name in enumerate(json.loads(Path(listed).read_text()))}
    chosen = [item for item in items if item.nodeid in order]
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in order])
    items[:] = sorted(chosen, key=lambda item: order[item.nodeid])
