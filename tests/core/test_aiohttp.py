"""aiohttp's transport behaves like httpx's own, even where aiohttp would not.

Other tests also run over aiohttp: network faults in test_faults.py, dead connections in
test_idle_connections.py, and secrets in test_secrets.py and its neighbours.
"""

import asyncio
import base64
import json
import time
from collections.abc import Callable

import aiohttp
import httpx
import pytest
from aiohttp.client_proto import ResponseHandler
from httpx_aiohttp import AiohttpTransport

from answers import listing, rows
from callers import KEYS, Aiohttp, Async
from finerworks import (
    APIConnectionError,
    APITimeoutError,
    AsyncFinerWorks,
    AsyncHTTPClient,
    FinerWorksError,
    foreign_errors,
)
from finerworks.integrations.aiohttp_session import ConnectionChecks
from wire import Exchange, Wire, http, page

STRANGER = http(json.dumps(listing(rows("of somebody else"), 1)).encode())
"""A response that belongs to no request."""


async def pages(
    client: AsyncHTTPClient, count: int, pause: Callable[[], object] | None = None
) -> list[list[str]]:
    """Get a page of two invoices several times, each time after a pause. Return their ids."""
    fw = AsyncFinerWorks(http_client=client)
    found: list[list[str]] = []
    for _ in range(count):
        invoices = (await fw.invoices.page(per_page=2)).invoices or []
        found.append([invoice.invoice_id or "" for invoice in invoices])
        if pause is None:
            await asyncio.sleep(0.3)
        else:
            pause()
    return found


def block_the_loop() -> None:
    """Block the event loop for a while, like a program that computes."""
    time.sleep(0.3)


@pytest.mark.parametrize("caller", [Async(), Aiohttp()], ids=lambda caller: caller.name)
@pytest.mark.parametrize("pause", [None, block_the_loop], ids=["idle", "busy"])
@pytest.mark.parametrize("delay", [0, 0.1])
def test_a_response_that_nobody_requested_is_never_used(
    caller: Async, pause: Callable[[], object] | None, delay: float
) -> None:
    """A response that arrives on an idle connection is never used for the next request."""

    def does(exchange: Exchange) -> None:
        exchange.send(page(exchange))
        if exchange.number <= 2:
            exchange.pause(delay)
            exchange.send(STRANGER)

    async def run(url: str) -> list[list[str]]:
        async with caller.client(**KEYS, base_url=url) as client:
            return await pages(client, 4, pause)

    with Wire(does) as wire:
        assert asyncio.run(run(wire.url)) == [["0", "1"]] * 4
    assert wire.connections >= 2


@pytest.mark.parametrize("caller", [Async(), Aiohttp()], ids=lambda caller: caller.name)
def test_a_connection_that_switched_to_another_protocol_is_not_used_again(caller: Async) -> None:
    """A connection that switched to another protocol is not reused, even if it looks idle."""

    def does(exchange: Exchange) -> None:
        if exchange.number == 1:
            exchange.send(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        else:
            exchange.send(page(exchange))

    async def run(url: str) -> None:
        async with caller.client(**KEYS, base_url=url, max_retries=1) as client:
            assert await pages(client, 2) == [["0", "1"]] * 2

    with Wire(does) as wire:
        asyncio.run(run(wire.url))
    assert wire.connections == 2


@pytest.mark.parametrize("caller", [Async(), Aiohttp()], ids=lambda caller: caller.name)
def test_a_switch_to_another_protocol_is_a_failure_of_the_connection(caller: Async) -> None:
    """A switch to another protocol is a connection error, not the error of an HTTP status."""
    switches = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    with Wire(lambda exchange: exchange.send(switches)) as wire:
        (error,) = caller.refusals(1, **KEYS, base_url=wire.url, max_retries=0)
    assert type(error) is APIConnectionError


def test_a_connection_that_is_refused_says_where() -> None:
    """The error about a refused connection has aiohttp's text, which contains the address."""
    (error,) = Aiohttp().refusals(1, **KEYS, base_url="http://127.0.0.1:1", max_retries=0)
    assert "ConnectError: Cannot connect to host 127.0.0.1:1" in str(error)


def test_a_new_connection_that_is_unusable_is_a_failure() -> None:
    """An unusable new connection counts as an attempt, so a server that hangs up ends the retries."""

    async def run() -> None:
        protocol = ResponseHandler(asyncio.get_running_loop())
        protocol.force_close()
        with pytest.raises(aiohttp.ClientConnectionError, match="before the request was sent"):
            ConnectionChecks().check(protocol)

    asyncio.run(run())


def sets_a_cookie(exchange: Exchange) -> None:
    """Send a page, and a cookie."""
    whole = page(exchange)
    exchange.send(whole.replace(b"\r\n", b"\r\nSet-Cookie: session=one; Path=/\r\n", 1))


def test_no_cookie_is_kept() -> None:
    """Cookies that the server sets for one account are not sent for another."""

    async def run(url: str) -> None:
        async with Aiohttp().client(**KEYS, base_url=url) as client:
            for account in ("one", "two"):
                await AsyncFinerWorks(http_client=client).invoices.page(account_key=account)

    with Wire(sets_a_cookie) as wire:
        asyncio.run(run(f"http://localhost:{wire.port}"))
    assert len(wire.exchanges) == 2
    assert b"cookie" not in wire.received().lower()


def test_a_session_of_the_callers_is_used_as_it_is() -> None:
    """The caller's session keeps its cookies and settings, and is closed with the client."""

    async def run(url: str) -> None:
        async with aiohttp.ClientSession(headers={"X-Own": "theirs"}) as session:
            transport = AiohttpTransport(client=session)
            async with AsyncHTTPClient(**KEYS, base_url=url, transport=transport) as client:
                await AsyncFinerWorks(http_client=client).invoices.page()
            assert [cookie.key for cookie in session.cookie_jar] == ["session"]
            assert session.closed

    with Wire(sets_a_cookie) as wire:
        asyncio.run(run(f"http://localhost:{wire.port}"))
    assert b"X-Own: theirs" in wire.received()


class Wrapper(httpx.AsyncBaseTransport):
    """The caller's transport, which sends through another one."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


@pytest.mark.parametrize("inner", [httpx.AsyncHTTPTransport, AiohttpTransport])
def test_a_transport_around_another_has_typed_errors_in_time(
    inner: Callable[[], httpx.AsyncBaseTransport],
) -> None:
    """A transport that wraps aiohttp's has time limits and typed errors as well."""

    async def run(url: str, seconds: float) -> FinerWorksError:
        client = AsyncHTTPClient(
            **KEYS, base_url=url, transport=Wrapper(inner()), timeout=seconds, max_retries=1
        )
        async with client, AsyncFinerWorks(http_client=client) as fw:
            with pytest.raises(FinerWorksError) as caught:
                await fw.invoices.page()
            return caught.value

    def drips(exchange: Exchange) -> None:
        exchange.drip(page(exchange))

    with Wire(drips) as wire:
        error = asyncio.run(run(wire.url, 1))
    assert type(error) is APITimeoutError
    assert error.attempts == len(wire.exchanges) == 2
    with Wire(Exchange.reset) as wire:
        error = asyncio.run(run(wire.url, 30))
    assert type(error) is APIConnectionError
    assert error.attempts == len(wire.exchanges) == 2


PROXY_FAULTS: dict[str, Callable[[Exchange], object]] = {
    "closes": Exchange.close,
    "resets": Exchange.reset,
    "does not speak HTTP": lambda exchange: exchange.send(b"what is this\r\n\r\n"),
    "refuses": lambda exchange: exchange.send(http(b"sorry", 502)),
    "stalls": Exchange.wait,
}


def failure_through(proxy: str, caller: Async, target: str) -> FinerWorksError:
    """Return the error of a request that a proxy fails to carry."""
    transport: httpx.AsyncBaseTransport
    if caller.name == "aiohttp":
        transport = AiohttpTransport(proxy=httpx.Proxy(proxy))
    else:
        transport = httpx.AsyncHTTPTransport(proxy=proxy)

    async def run() -> FinerWorksError:
        client = AsyncHTTPClient(**KEYS, base_url=target, transport=transport, timeout=1)
        async with client, AsyncFinerWorks(http_client=client) as fw:
            with pytest.raises(FinerWorksError) as caught:
                await fw.invoices.page()
            return caught.value

    return asyncio.run(run())


@pytest.mark.parametrize("fault", PROXY_FAULTS.values(), ids=PROXY_FAULTS)
def test_a_proxy_that_fails_is_the_same_error(fault: Callable[[Exchange], object]) -> None:
    """A proxy that fails causes the same error, after as many attempts, as over httpx."""
    errors: list[FinerWorksError] = []
    for caller in (Async(), Aiohttp()):
        with Wire(fault) as proxy:
            errors.append(failure_through(proxy.url, caller, "https://unknown.invalid"))
    own, over_aiohttp = errors
    assert type(over_aiohttp) is type(own)
    assert over_aiohttp.attempts == own.attempts
    for error in errors:
        assert isinstance(error, APIConnectionError)


def test_a_proxy_that_does_not_listen_is_the_same_error() -> None:
    """A proxy that does not listen causes the same error, after as many attempts, as over httpx."""
    errors = [
        failure_through("http://127.0.0.1:1", caller, "https://unknown.invalid")
        for caller in (Async(), Aiohttp())
    ]
    assert [type(error) for error in errors] == [APIConnectionError] * 2
    assert [error.attempts for error in errors] == [3, 3]


# httpx-aiohttp passes the password to aiohttp in a deprecated way.
@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated", "ignore:The 'proxy_auth' parameter")
def test_the_password_of_a_proxy_is_in_no_error() -> None:
    """An error does not contain the proxy's address, unlike aiohttp's own text."""
    with Wire(lambda exchange: exchange.send(http(b"", 407))) as proxy:
        address = proxy.url.replace("http://", "http://user:canary-of-the-proxy@")
        error = failure_through(address, Aiohttp(), "https://unknown.invalid")
    assert "the proxy responded with 407 Proxy Authentication Required" in str(error)
    for spelling in (b"canary", base64.b64encode(b"user:canary-of-the-proxy")):
        assert spelling.decode() not in repr(vars(error))


def test_every_error_of_aiohttp_becomes_one_of_httpx() -> None:
    """Every error class of aiohttp is mapped to one of httpx."""
    names = [name for name in dir(aiohttp) if name.endswith("Error")]
    classes = [getattr(aiohttp, name) for name in names]
    theirs = [each for each in classes if issubclass(each, aiohttp.ClientError)]
    assert len(theirs) > 10
    for error_class in theirs:
        error = error_class.__new__(error_class)
        error.__cause__ = None
        try:
            text = str(error)
        except AttributeError:
            continue  # needs the arguments of its constructor
        translated = foreign_errors.to_httpx_error(error, timed_out=False)
        assert isinstance(translated, httpx.TransportError), text
