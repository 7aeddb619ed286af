"""Network faults on a real socket end in the complete listing or in a typed error."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import faults
from callers import know_no_invalid_host, retry_at_once
from faults import FAULTS, TABLE, Fault, Key, callers_of

# Python's ssl leaves a socket to the garbage collector whose peer resets it before the handshake.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")

EVERY = [fault for group in FAULTS.values() for fault in group]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Key, str]]:
    """Simulate every fault, in parallel: most of the time is waiting."""
    authority: Path = tmp_path_factory.mktemp("tls") / "authority.pem"
    faults.authority().cert_pem.write_to_path(str(authority))
    with pytest.MonkeyPatch.context() as patch:
        retry_at_once(patch)
        for name in list(os.environ):
            if name.startswith("FINERWORKS_") or name.lower().endswith("_proxy"):
                patch.delenv(name)
        patch.setenv("SSL_CERT_FILE", str(authority))
        know_no_invalid_host(patch)
        yield faults.outcomes()


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.name)
def test_a_fault_that_stays_is_a_typed_error(seen: dict[Key, str], fault: Fault) -> None:
    """A permanent fault raises a typed error after the right number of attempts."""
    names = [caller.name for caller in callers_of(fault)]
    assert [seen[fault.name, name, True] for name in names] == [fault.always] * len(names)


@pytest.mark.parametrize(
    "fault", [each for each in EVERY if each.once], ids=lambda fault: fault.name
)
def test_a_fault_that_passes_leaves_the_listing_whole(seen: dict[Key, str], fault: Fault) -> None:
    """After a transient fault, the listing is complete and in order."""
    names = [caller.name for caller in callers_of(fault)]
    assert [seen[fault.name, name, False] for name in names] == [fault.once] * len(names)


def test_the_table_of_the_documentation_is_what_was_seen(seen: dict[Key, str]) -> None:
    """docs/faults.md has the outcomes of this run, and none of them is unwanted."""
    written = faults.table(seen)
    if os.environ.get("WRITE_FAULTS"):
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(written)
    assert TABLE.read_text() == written, "write it again with: make faults"
    for unwanted in ("HANGS", "PARTIAL", "UNTYPED", "MISCOUNTED"):
        assert unwanted not in written
