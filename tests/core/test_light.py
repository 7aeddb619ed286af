"""Work that is done only when needed, and only once: imports, certificates, URLs."""

import asyncio
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
import trustme
from httpx_aiohttp import AiohttpTransport

from callers import KEYS
from finerworks import AsyncFinerWorks, AsyncHTTPClient, FinerWorks, HTTPClient, RateLimitError
from finerworks.http import _read_certificates  # pyright: ignore[reportPrivateUsage] - its memory is to be empty
from wire import Exchange, Wire, http, page


def imported(program: str) -> set[str]:
    """Return the modules that a program has imported."""
    told = f"import sys\n{program}\nprint(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", told], capture_output=True, text=True, check=True
        ).stdout.split()
    )


HEAVY = {"attr", "asyncio", "anyio", "finerworks_client", "finerworks.validation"}
"""Modules other than httpx that take time to import."""

imports_little = pytest.mark.differs_with_httpx2(
    "httpx2.alias_httpx() imports httpx2 and httpcore2, and the latter imports anyio"
)


@imports_little
def test_to_look_takes_no_httpx() -> None:
    """The package, its errors and `money` can be imported without httpx."""
    assert not imported("import finerworks; finerworks.ServerError; finerworks.money.total([])") & {
        *HEAVY,
        "httpx",
    }


@imports_little
def test_the_client_brings_little_more_than_httpx() -> None:
    """Importing the client imports little more than httpx. The first request imports the rest."""
    assert not imported("from finerworks import FinerWorks") & HEAVY


def test_optional_parts_are_not_imported() -> None:
    """A listing imports no optional package."""
    program = """
from finerworks import FinerWorks, FinerWorksError
try:
    list(FinerWorks(web_api_key="a", app_key="b", base_url="http://127.0.0.1:1", max_retries=0).invoices.list())
except FinerWorksError:
    pass
"""
    extras = {"aiohttp", "httpx_aiohttp", "finerworks.sandbox", "connexion"}
    assert not imported(program) & {*extras, "pandas", "polars", "pyarrow"}


@imports_little
def test_the_help_of_a_command_takes_no_httpx() -> None:
    """The help of a command does not import httpx."""
    command = [sys.executable, "-X", "importtime", "-m", "finerworks.sandbox", "--help"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    modules = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "finerworks.sandbox" in modules
    assert not modules & {*HEAVY, "httpx", "connexion"}


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> list[ssl.SSLContext]:
    """Clear the cached certificates, and return the list of contexts that are created afterwards."""
    made: list[ssl.SSLContext] = []
    make = httpx.create_ssl_context

    def watched() -> ssl.SSLContext:
        made.append(make())
        return made[-1]

    _read_certificates.cache_clear()
    monkeypatch.setattr(httpx, "create_ssl_context", watched)
    return made


def test_certificates_are_read_once(
    contexts: list[ssl.SSLContext], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All clients of a process share the certificates, until the environment names others."""
    for _ in range(3):
        FinerWorks(**KEYS).close()
        AsyncFinerWorks(**KEYS)
    assert len(contexts) == 1
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(served)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    with Wire(tls=served) as wire:
        for _ in range(2):
            with FinerWorks(**KEYS, base_url=wire.url) as fw:
                assert len(list(fw.invoices.list())) == 60
    assert len(contexts) == 2


def test_the_callers_own_certificates_are_used_as_they_are(contexts: list[ssl.SSLContext]) -> None:
    """For a transport with its own certificates, none are read."""
    authority = trustme.CA()
    served, trusted = (
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )
    authority.issue_cert("127.0.0.1").configure_cert(served)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    authority.configure_trust(trusted)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    with Wire(tls=served) as wire, httpx.HTTPTransport(verify=trusted) as transport:
        fw = FinerWorks(http_client=HTTPClient(**KEYS, base_url=wire.url, transport=transport))
        assert len(list(fw.invoices.list())) == 60
    assert contexts == []


def test_aiohttp_carries_it() -> None:
    """The aiohttp transport supports complete listings, concurrency, typed errors and the keys."""
    crowd = threading.Barrier(4)

    async def reads(url: str) -> list[str]:
        door = AsyncHTTPClient(**KEYS, base_url=url, transport=AiohttpTransport())
        async with door as client, AsyncFinerWorks(http_client=client) as fw:
            ids = [invoice.invoice_id async for invoice in fw.invoices.list(concurrency=4)]
            with pytest.raises(RateLimitError):
                await fw.invoices.page(1, per_page=7)
            return ids

    def does(exchange: Exchange) -> None:
        asked = exchange.asked
        if 1 < asked["page_number"] < 6 and asked["per_page"] == 25:
            crowd.wait(10)
        exchange.send(
            page(exchange, 125) if asked["per_page"] == 25 else http(b"", 429, "Retry-After: 200")
        )

    with Wire(does) as wire:
        assert asyncio.run(reads(wire.url)) == [str(each) for each in range(125)]
    assert wire.received().count(b"the-web-api-key") == len(wire.exchanges)
