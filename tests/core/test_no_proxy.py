"""`NO_PROXY`: each row of the table in the guide, with real connections, compared with other programs."""

import asyncio
import os
import re
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import requests

from callers import KEYS
from finerworks import APIConnectionError, AsyncFinerWorks, FinerWorks
from programs import needed_program
from wire import Wire

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "proxies.md"
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass(frozen=True)
class Row:
    """A row of the table: a value of `NO_PROXY`, and the route of requests."""

    value: str
    direct: list[str]
    proxied: list[str]
    programs: str


def read_rows() -> list[Row]:
    """Read the table. A row with several values is several rows."""
    section = GUIDE.read_text().partition("### `NO_PROXY`")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    rows: list[Row] = []
    for line in lines:
        values, direct, proxied, programs = [cell.strip() for cell in line.strip("|").split("|")]
        rows += [
            Row(value, re.findall("`(.+?)`", direct), re.findall("`(.+?)`", proxied), programs)
            for value in re.findall("`(.+?)`", values)
        ]
    return rows


ROWS = read_rows()

COMBINED = [
    Row(
        value="https://corp.test:8443",
        direct=["https://corp.test:8443"],
        proxied=["https://corp.test", "https://api.corp.test:8443", "http://corp.test:8443"],
        programs="httpx",
    ),
    Row(
        value="https://corp.test/path?query",
        direct=["https://corp.test"],
        proxied=["http://corp.test", "https://path", "https://query"],
        programs="",
    ),
]
"""Rare combinations of rows of the table."""


class Network:
    """A proxy, and one server that represents all hosts. Neither responds.

    Args:
        patch: Sends connections to any host to the server.
    """

    def __init__(self, patch: pytest.MonkeyPatch, server: Wire, proxy: Wire) -> None:
        self._server = server
        self._proxy = proxy
        for name in list(os.environ):
            if name.lower() in VARIABLES:
                patch.delenv(name)
        patch.setenv("HTTP_PROXY", proxy.url)
        patch.setenv("HTTPS_PROXY", proxy.url)
        self.server_port = server.port
        look_up = socket.getaddrinfo

        def look_up_here(host: object, port: object, *args: int, **kwargs: int) -> object:
            if (host, port) == ("127.0.0.1", proxy.port):
                return look_up("127.0.0.1", proxy.port, *args, **kwargs)
            return look_up("127.0.0.1", server.port, type=socket.SOCK_STREAM)

        patch.setattr(socket, "getaddrinfo", look_up_here)

    @property
    def connections(self) -> tuple[int, int]:
        """The number of connections to the server and to the proxy."""
        return self._server.connections, self._proxy.connections

    def way_since(self, before: tuple[int, int]) -> str:
        """Return the target of the only connection since then."""
        after = self.connections
        assert sum(after) == sum(before) + 1
        return "direct" if after[0] > before[0] else "proxy"

    def way_of(self, request: Callable[[str], object], url: str) -> str:
        """Make a request, and return where it connected to."""
        before = self.connections
        request(url)
        return self.way_since(before)

    def check(self, request: Callable[[str], object], row: Row) -> None:
        """Check that requests go where a row says."""
        seen = {url: self.way_of(request, url) for url in row.direct + row.proxied}
        expected = dict.fromkeys(row.direct, "direct") | dict.fromkeys(row.proxied, "proxy")
        assert seen == expected


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """Run a proxy and a server."""
    with (
        Wire(greets=lambda exchange: exchange.close()) as server,
        Wire(greets=lambda exchange: exchange.close()) as proxy,
    ):
        yield Network(monkeypatch, server, proxy)


def ask_for_a_page(url: str) -> None:
    """Send a request with the client of this package."""
    with (
        FinerWorks(**KEYS, base_url=url, allow_insecure_http=True, max_retries=0) as fw,
        pytest.raises(APIConnectionError),
    ):
        fw.invoices.page()


def ask_with_httpx(url: str) -> None:
    """Send a request with a plain client of httpx."""
    no_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading them takes time
    with httpx.Client(verify=no_certificates) as client, suppress(httpx.TransportError):
        client.get(url)


def test_the_table_is_read_whole() -> None:
    """Every row of the table in the guide is tested."""
    assert len(ROWS) > 25
    assert all(row.direct or row.proxied for row in ROWS)
    for program in ("curl", "httpx", "requests"):
        assert any(program in row.programs for row in ROWS)


@pytest.mark.parametrize("row", [*ROWS, *COMBINED], ids=lambda row: row.value)
def test_requests_go_where_the_table_says(
    network: Network, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    """Requests follow each row of the table, and combinations of rows."""
    monkeypatch.setenv("NO_PROXY", row.value)
    network.check(ask_for_a_page, row)


@pytest.mark.parametrize(
    "row", [row for row in [*ROWS, *COMBINED] if "httpx" in row.programs], ids=lambda row: row.value
)
def test_httpx_does_the_same(network: Network, monkeypatch: pytest.MonkeyPatch, row: Row) -> None:
    """A plain httpx client does the same where the table says so."""
    monkeypatch.setenv("NO_PROXY", row.value)
    network.check(ask_with_httpx, row)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "requests" in row.programs], ids=lambda row: row.value
)
def test_requests_does_the_same(
    network: Network, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    """The library requests does the same where the table says so."""

    def ask_with_requests(url: str) -> None:
        with suppress(requests.ConnectionError):
            requests.get(url, timeout=60)

    monkeypatch.setenv("NO_PROXY", row.value)
    network.check(ask_with_requests, row)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "curl" in row.programs], ids=lambda row: row.value
)
def test_curl_does_the_same(network: Network, row: Row) -> None:
    """The program curl does the same where the table says so."""
    curl = needed_program("curl", advice="this test needs curl: `make toolchains`")

    def ask_with_curl(url: str) -> None:
        to_server = f"::127.0.0.1:{network.server_port}"
        command = [curl, "--silent", "--globoff", "--connect-to", to_server, url]
        proxies = {"https_proxy": os.environ["HTTPS_PROXY"], "http_proxy": os.environ["HTTP_PROXY"]}
        subprocess.run(command, env={**proxies, "no_proxy": row.value}, check=False)

    network.check(ask_with_curl, row)


def test_it_is_read_at_each_request(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that is added to `NO_PROXY` while a client is in use takes effect."""
    with FinerWorks(**KEYS, base_url="https://corp.test", max_retries=0) as fw:

        def ask(_: str) -> None:
            with pytest.raises(APIConnectionError):
                fw.invoices.page()

        assert network.way_of(ask, "") == "proxy"
        monkeypatch.setenv("NO_PROXY", "corp.test")
        assert network.way_of(ask, "") == "direct"


def test_it_is_read_at_each_request_with_asyncio(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With asyncio, a host that is added to `NO_PROXY` takes effect, too."""
    url = f"https://corp.test:{network.server_port}"

    async def ask_twice() -> list[str]:
        async with AsyncFinerWorks(**KEYS, base_url=url, max_retries=0) as fw:
            ways: list[str] = []
            for no_proxy in ("", "corp.test"):
                monkeypatch.setenv("NO_PROXY", no_proxy)
                before = network.connections
                with pytest.raises(APIConnectionError):
                    await fw.invoices.page()
                ways.append(network.way_since(before))
            return ways

    assert asyncio.run(ask_twice()) == ["proxy", "direct"]


def test_the_lower_case_variable_wins(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lower-case variable takes precedence, even if it is empty, as in curl."""
    monkeypatch.setenv("NO_PROXY", "corp.test")
    monkeypatch.setenv("no_proxy", "other.test")
    assert network.way_of(ask_for_a_page, "https://corp.test") == "proxy"
    assert network.way_of(ask_for_a_page, "https://other.test") == "direct"
    monkeypatch.setenv("no_proxy", "")
    assert network.way_of(ask_for_a_page, "https://corp.test") == "proxy"


@pytest.mark.parametrize(
    "value",
    [
        *[
            "",
            " ",
            ",",
            " , ,, ",
            ".",
            "*.",
            ":8443",
            "corp.test:",
            "corp.test:x",
            "corp.test:99999999",
        ],
        *["://", "x://corp.test", "https://corp.test:x", "https://corp.test.", "corp.test/8"],
        *["[", "[]", "[::1", "%", "\udcff", "é.", "a:" + "8" * 5000],
        *["/8", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "10.0.0.0/8:443"],
        *["2001:db8::/129", "10.0.0.0/" + "8" * 5000],
    ],
)
def test_an_entry_without_a_meaning_opens_nothing_and_breaks_nothing(
    network: Network, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """A misspelled entry never bypasses the proxy, and is never an error."""
    monkeypatch.setenv("NO_PROXY", value)
    harmless = value in ("corp.test:", "https://corp.test.")
    expected = "direct" if harmless else "proxy"
    assert network.way_of(ask_for_a_page, "https://corp.test") == expected
    assert network.way_of(ask_for_a_page, "https://10.1.2.3") == "proxy"
