"""After `preload()`, the event loop imports no module and reads no file."""

import asyncio
import gzip
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

import finerworks
from wire import Exchange, Wire, http, page

PROGRAM = """
import asyncio
import ssl
import sys
import threading

import finerworks

transport, preloads = sys.argv[1:]
if transport == "aiohttp":
    import httpx_aiohttp

loop_thread = None
events = []


def is_blocking():
    return threading.get_ident() == loop_thread


def watch(event, arguments):
    if is_blocking() and event in ("open", "import", "os.listdir", "os.scandir"):
        events.append(f"{event} {arguments[0]}")


def watch_certificates(name):
    # OpenSSL reads them by itself, which is no event of Python's.
    read = getattr(ssl.SSLContext, name)

    def read_and_note(*arguments, **options):
        if is_blocking():
            events.append(name)
        return read(*arguments, **options)

    setattr(ssl.SSLContext, name, read_and_note)


async def use(own):
    global loop_thread
    loop_thread = threading.get_ident()
    http_client = finerworks.AsyncHTTPClient(transport=own, max_retries=1)
    async with http_client, finerworks.AsyncFinerWorks(http_client=http_client) as fw:
        invoices = [invoice async for invoice in fw.invoices.list()]
        results = [len(invoices)]
        once = fw.with_options(max_retries=0)
        for account_key in ("404", "500", "503", "invalid", "gzip", "reset", "redirect", "html"):
            try:
                await once.invoices.page(account_key=account_key)
            except finerworks.FinerWorksError as error:
                str(error)
                results.append(type(error).__name__)
        try:
            async with asyncio.timeout(0.01):
                await fw.invoices.page(account_key="stalls")
        except TimeoutError:
            results.append("TimeoutError")
    loop_thread = None
    return results


def create_transport():
    return httpx_aiohttp.AiohttpTransport() if transport == "aiohttp" else None


async def main():
    if preloads == "in a thread":
        await asyncio.to_thread(finerworks.preload)
    return await use(await asyncio.to_thread(create_transport))


watch_certificates("load_verify_locations")
watch_certificates("set_default_verify_paths")
sys.addaudithook(watch)
if preloads == "before":
    finerworks.preload()
print(*asyncio.run(main()))
print(*events, sep="\\n")
"""

RESULTS = (
    "60 NotFoundError ServerError ServerError ResponseValidationError ResponseValidationError "
    "APIConnectionError RedirectError ResponseValidationError TimeoutError"
)


def serve(exchange: Exchange) -> None:
    """Respond according to the account: one request fails once, and one of each kind fails."""
    account = json.loads(exchange.body).get("account_key")
    responses = {
        "404": http('{"message": "é"}'.encode("utf-16-le"), 404),
        "500": http("\ufeff{}".encode(), 500, "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"),
        "503": http("{}".encode("utf-32-be"), 503, "Retry-After: 0"),
        "invalid": http(b'{"status": {"success": true}, "invoices": [{"due_date": "x"}]}'),
        "gzip": http(gzip.compress(b"{}"), 200, "Content-Encoding: gzip"),
        "redirect": http(b"", 302, "Location: https://xn--bcher-kva.test/"),
        "html": http(b"<!doctype html>"),
    }
    if account == "reset":
        exchange.reset()
    elif account == "stalls":
        exchange.wait()
    elif account in responses:
        exchange.send(responses[account])
    elif exchange.number == 2:
        exchange.send(http(b"", 503))
    else:
        exchange.send(page(exchange))


@pytest.fixture(params=["http", "https"])
def tls(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ssl.SSLContext | None:
    """Return the server's TLS context, which clients trust by the environment, or None."""
    if request.param == "http":
        return None
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    return context


def run(tls: ssl.SSLContext | None, transport: str, preloads: str) -> tuple[str, list[str]]:
    """Run the program. Return its results, and its blocking actions in the event loop."""
    with Wire(serve, tls=tls) as wire:
        scheme = "http" if tls is None else "https"
        environment = {
            **os.environ,
            "FINERWORKS_BASE_URL": f"{scheme}://localhost:{wire.port}",
            "FINERWORKS_WEB_API_KEY": "the-web-api-key",
            "FINERWORKS_APP_KEY": "the-app-key",
        }
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM, transport, preloads],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.stderr == ""
    results, *events = done.stdout.splitlines()
    return results, [event for event in events if event]


@pytest.mark.parametrize(
    ("transport", "preloads"),
    [("httpx", "before"), ("aiohttp", "before"), ("httpx", "in a thread")],
)
def test_nothing_blocks_the_loop_after_preloading(
    tls: ssl.SSLContext | None, transport: str, preloads: str
) -> None:
    """After `preload()`, neither a listing, a retry, a failure nor a cancellation blocks the loop."""
    assert run(tls, transport, preloads) == (RESULTS, [])


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
def test_the_first_request_blocks_the_loop_without_it(
    tls: ssl.SSLContext | None, transport: str
) -> None:
    """Without `preload()`, the first request blocks the loop, so the test above is valid."""
    results, events = run(tls, transport, "never")
    assert results == RESULTS
    assert "import finerworks_client.models" in " ".join(events)
    if tls is not None and transport == "httpx":
        assert "load_verify_locations" in events


def test_it_works_where_an_event_loop_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """`preload()` works in a running event loop, which it blocks, and needs no keys."""
    monkeypatch.setenv("FINERWORKS_ACCOUNT_KEY", " ")
    monkeypatch.setenv("FINERWORKS_APP_KEY", "two words")

    async def use() -> None:
        finerworks.preload()

    asyncio.run(use())


def test_it_says_what_is_wrong_with_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid base URL, from the argument or the environment, is an error."""
    with pytest.raises(ValueError, match=r"base_url= .in place of FINERWORKS_BASE_URL. is not"):
        finerworks.preload("ftp://127.0.0.1")
    monkeypatch.setenv("FINERWORKS_BASE_URL", "nonsense")
    with pytest.raises(ValueError, match=r"base_url= .from FINERWORKS_BASE_URL. is not"):
        finerworks.preload()
