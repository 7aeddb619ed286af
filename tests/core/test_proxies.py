"""Proxies from the environment: typed errors say that the proxy caused them."""

import asyncio
import base64
import logging
import os
import pickle
import ssl
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import trustme
from pytest_httpx import HTTPXMock

from callers import KEYS, Caller
from finerworks import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncFinerWorks,
    AsyncHTTPClient,
    FinerWorks,
    HTTPClient,
    PermissionDeniedError,
    ServerError,
    proxies,
)
from socks import SOCKSProxy
from wire import Does, Exchange, Wire, http, page

USER = "canary-user"
PASSWORD = "canary-pass"  # noqa: S105 - looked for everywhere
HOST = "https://127.0.0.2:9"
PLAIN = "http://127.0.0.2:9"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the proxies that the user of the machine has set."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def use(monkeypatch: pytest.MonkeyPatch, proxy: Wire, scheme: str = "http") -> None:
    """Set a proxy for all requests to other machines, with a user name and a password."""
    address = f"{scheme}://{USER}:{PASSWORD}@127.0.0.1:{proxy.port}"
    monkeypatch.setenv("HTTP_PROXY" if scheme == "http" else "ALL_PROXY", address)
    monkeypatch.setenv("HTTPS_PROXY", address)


def echoes(status: int) -> Does:
    """Return a proxy that responds with the request, as an error page may do."""

    def does(exchange: Exchange) -> None:
        head = exchange.head.decode()
        secret = f"{USER}:{PASSWORD} {head}"
        reason = f"X-Debug: {USER}:{PASSWORD}"
        exchange.send(http(secret.encode(), status, reason))

    return does


def check_hidden(error: BaseException) -> None:
    """Check that an error shows no user name, no password and no text of the proxy."""
    for text in (str(error), repr(error), str(vars(error)), repr(pickle.dumps(error))):
        assert "canary" not in text
        assert "Some Reason" not in text
    assert error.__context__ is None


@pytest.mark.parametrize(
    ("status", "attempts", "told"),
    [
        (301, 1, "responded with 301 Moved Permanently. The proxy does not allow connections to"),
        (400, 1, "responded with 400 Bad Request. The proxy does not allow connections to"),
        (403, 1, "responded with 403 Forbidden. The proxy does not allow connections to"),
        (407, 1, "responded with 407 Proxy Authentication Required. Check the user name and"),
        (429, 3, "responded with 429 Too Many Requests. Check the network, the proxy settings"),
        (501, 1, "responded with 501 Not Implemented. The proxy does not allow connections"),
        (502, 3, "responded with 502 Bad Gateway. Check the network, the proxy settings"),
        (503, 3, "responded with 503 Service Unavailable. Check the network"),
        (504, 3, "responded with 504 Gateway Timeout. Check the network"),
        (599, 3, "responded with HTTP status 599. Check the network"),
    ],
)
def test_a_tunnel_that_is_refused(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, status: int, attempts: int, told: str
) -> None:
    """The proxy's status decides about a retry. The error names the variable, but no secret."""
    with Wire(echoes(status)) as proxy:
        use(monkeypatch, proxy)
        with pytest.raises(APIConnectionError) as caught:
            caller.page(**KEYS, base_url=HOST)
    error = caught.value
    name = f"the proxy http://127.0.0.1:{proxy.port} (from HTTPS_PROXY)"
    assert f"{HOST}: ProxyError: {name} {told}" in str(error)
    assert error.attempts == len(proxy.exchanges) == attempts
    assert error.transient == (attempts == 3)
    assert type(error) is APIConnectionError
    check_hidden(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own


@pytest.mark.parametrize(("status", "told"), [(407, "HTTPS_PROXY, as in"), (403, "NO_PROXY")])
def test_the_hint_says_what_to_do(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, status: int, told: str
) -> None:
    """The hint says how to correct a password, or to allow or bypass the proxy for a host."""
    with Wire(echoes(status)) as proxy:
        use(monkeypatch, proxy)
        with pytest.raises(APIConnectionError) as caught:
            caller.page(**KEYS, base_url=HOST)
    assert told in caught.value.hint
    assert str(caught.value).endswith(caught.value.hint)


def test_a_listing_asks_a_proxy_once_for_each_page(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing sends a wrong password only once, so it does not lock out the user."""
    with Wire(echoes(407)) as proxy:
        use(monkeypatch, proxy)
        with pytest.raises(APIConnectionError):
            caller.invoices(**KEYS, base_url=HOST)
    assert len(proxy.exchanges) == 1


def test_plain_http_that_the_proxy_refuses(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 407 to a plain http request is the proxy's, as for a tunnel."""
    with Wire(echoes(407)) as proxy:
        use(monkeypatch, proxy)
        with pytest.raises(APIConnectionError) as caught:
            caller.page(**KEYS, base_url=PLAIN, allow_insecure_http=True)
    assert caught.value.attempts == len(proxy.exchanges) == 1
    assert "(from HTTP_PROXY) responded with 407" in str(caught.value)
    assert "Check the user name and password in HTTP_PROXY" in str(caught.value)
    assert caught.value.body == ""
    check_hidden(caught.value)


@pytest.mark.parametrize(
    ("status", "kind", "attempts"),
    [(403, PermissionDeniedError, 1), (418, APIStatusError, 1), (502, ServerError, 3)],
)
def test_another_status_for_plain_http_may_be_the_proxys(
    caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    kind: type[APIStatusError],
    attempts: int,
) -> None:
    """Another status for plain http is its typed error, which mentions the proxy."""
    with Wire(lambda exchange: exchange.send(http(b"no", status))) as proxy:
        use(monkeypatch, proxy)
        with pytest.raises(kind) as caught:
            caller.page(**KEYS, base_url=PLAIN, allow_insecure_http=True)
    assert caught.value.attempts == attempts
    name = f"the proxy http://127.0.0.1:{proxy.port} (from HTTP_PROXY)"
    assert str(caught.value).endswith(f"The response may be that of {name}.")


def test_a_status_407_within_a_tunnel_is_the_servers(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A 407 inside a tunnel is the server's."""
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.2").configure_cert(served)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    def carry(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        exchange.tunnel(server.port)

    with (
        Wire(lambda exchange: exchange.send(http(b"", 407)), tls=served) as server,
        Wire(carry) as proxy,
    ):
        use(monkeypatch, proxy)
        with pytest.raises(APIStatusError) as caught:
            caller.page(**KEYS, base_url=HOST)
    assert caught.value.status_code == 407
    assert "proxy" not in str(caught.value)


def test_a_proxy_that_cannot_be_reached(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unreachable proxy is retried, and the error says that it is the proxy."""
    with Wire() as proxy:
        use(monkeypatch, proxy)
    with pytest.raises(APIConnectionError) as caught:
        caller.page(**KEYS, base_url=HOST)
    name = f"the proxy http://127.0.0.1:{proxy.port} (from HTTPS_PROXY)"
    assert f"{HOST}: {name} cannot be reached: ConnectError: " in str(caught.value)
    assert caught.value.attempts == 3
    check_hidden(caught.value)


def test_a_proxy_that_hangs_up(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a connection ends, the error names both the proxy and the host."""
    with Wire(lambda exchange: exchange.close()) as proxy:
        use(monkeypatch, proxy)
        with pytest.raises(APIConnectionError) as caught:
            caller.page(**KEYS, base_url=HOST)
    name = f"the proxy http://127.0.0.1:{proxy.port} (from HTTPS_PROXY)"
    assert f"{HOST} through {name}: RemoteProtocolError" in str(caught.value)
    assert caught.value.attempts == 3


def test_a_proxy_that_never_responds(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a tunnel counts towards the time limit of the attempt."""
    with Wire(lambda exchange: exchange.wait()) as proxy:
        use(monkeypatch, proxy)
        with pytest.raises(APITimeoutError, match=r"through the proxy http://127.0.0.1:") as caught:
            caller.page(**KEYS, base_url=HOST, timeout=0.2)
    assert caught.value.attempts == 3


def test_a_proxy_that_speaks_no_tls(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint explains that `https://` is wrong for a proxy without TLS."""
    with Wire(greets=lambda exchange: exchange.send(b"HTTP/1.1 400 No\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://{USER}:{PASSWORD}@127.0.0.1:{proxy.port}")
        with pytest.raises(APIConnectionError, match=r"HTTPS_PROXY begins with https://") as caught:
            caller.page(**KEYS, base_url=HOST)
    check_hidden(caught.value)


def socks(reply: int) -> SOCKSProxy:
    """Return a proxy that accepts the user, and then replies with a code."""
    return SOCKSProxy(port=0, user=USER.encode(), password=PASSWORD.encode(), reply=reply)


def sends(data: bytes) -> Does:
    """Return a proxy that sends bytes at once."""
    return lambda exchange: exchange.send(data)


@dataclass(frozen=True)
class Refusal:
    """What a SOCKS proxy does, the expected number of attempts, and the expected error."""

    does: Does
    attempts: int
    told: str


REFUSALS = {
    "another password": Refusal(SOCKSProxy(0, b"other"), 1, "rejected the user. Check the user"),
    "no login": Refusal(SOCKSProxy(0), 1, "Check the user name and password in ALL_PROXY"),
    "a rule": Refusal(socks(reply=2), 1, "not allowed by ruleset. The proxy does not allow"),
    "a refused connection": Refusal(socks(reply=5), 3, "did not connect: Connection refused"),
    "an unknown reply": Refusal(socks(reply=99), 3, "something else than SOCKS 5"),
    "an end": Refusal(lambda it: it.close(), 3, f"{HOST} through the proxy"),
    "a reset": Refusal(lambda it: it.reset(), 3, "Error"),
    "HTTP": Refusal(sends(b"HTTP/1.1 400 No\r\n\r\n"), 3, "something else than SOCKS 5"),
    "an unknown method": Refusal(sends(b"\x05\x09"), 3, "RemoteProtocolError"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_socks_proxy_that_refuses(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    """A wrong login and a rule are final. Other replies are retried. No connection stays open."""
    with Wire(greets=refusal.does) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://{USER}:{PASSWORD}@127.0.0.1:{proxy.port}")
        with pytest.raises(APIConnectionError) as caught:
            caller.page(**KEYS, base_url=HOST)
        assert refusal.told in str(caught.value)
        assert f"the proxy socks5h://127.0.0.1:{proxy.port} (from ALL_PROXY)" in str(caught.value)
        assert caught.value.attempts == proxy.connections == refusal.attempts
    check_hidden(caught.value)


def test_a_socks_proxy_that_wants_a_login(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a user name in the address, the refusal of a SOCKS proxy is final."""
    with Wire(greets=SOCKSProxy(0, b"me", b"secret")) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
        with pytest.raises(APIConnectionError, match="Check the user name and pass") as caught:
            caller.page(**KEYS, base_url=HOST)
    assert caught.value.attempts == 1


@pytest.mark.parametrize("status", [403, 407])
def test_a_status_through_a_socks_proxy_is_the_servers(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """A status through a SOCKS proxy is the server's, also for plain http."""
    with (
        Wire(lambda exchange: exchange.send(http(b"", status))) as server,
        Wire(greets=SOCKSProxy(server.port)) as proxy,
    ):
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
        with pytest.raises(APIStatusError) as caught:
            caller.page(**KEYS, base_url=PLAIN, allow_insecure_http=True)
    assert caught.value.status_code == status
    assert "proxy" not in str(caught.value)


def test_a_socks_proxy_that_says_nothing(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SOCKS handshake counts towards the time limit of the attempt."""
    with Wire(greets=lambda exchange: exchange.wait()) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
        with pytest.raises(APITimeoutError, match=r"through the proxy socks5://") as caught:
            caller.page(**KEYS, base_url=HOST, timeout=0.2)
    assert caught.value.attempts == 3


@pytest.mark.parametrize(("status", "attempts"), [(407, 1), (403, 1), (502, 3)])
def test_a_proxy_of_a_transport_of_your_own(caller: Caller, status: int, attempts: int) -> None:
    """The refusal of a proxy of your own transport is final as well."""
    with Wire(echoes(status)) as proxy:
        address = f"http://{USER}:{PASSWORD}@127.0.0.1:{proxy.port}"

        def ask() -> None:
            transport = httpx.HTTPTransport(proxy=address)
            with HTTPClient(**KEYS, base_url=HOST, transport=transport) as client:
                FinerWorks(http_client=client).invoices.page()

        async def ask_with_asyncio() -> None:
            transport = httpx.AsyncHTTPTransport(proxy=address)
            async with AsyncHTTPClient(**KEYS, base_url=HOST, transport=transport) as client:
                await AsyncFinerWorks(http_client=client).invoices.page()

        with pytest.raises(APIConnectionError, match=f"the proxy responded with {status} ") as got:
            asyncio.run(ask_with_asyncio()) if caller.name == "async" else ask()
    assert got.value.attempts == len(proxy.exchanges) == attempts
    check_hidden(got.value)


def test_a_proxy_of_another_transport(caller: Caller, httpx_mock: HTTPXMock) -> None:
    """The text of other transports is quoted without user name and password."""
    words = f"Cannot connect to http://{USER}:{PASSWORD}@proxy.test:3128"
    httpx_mock.add_exception(httpx.ProxyError(words), is_reusable=True)
    with pytest.raises(APIConnectionError) as caught:
        caller.page(**KEYS)
    assert "the proxy failed: Cannot connect to http://proxy.test:3128" in str(caught.value)
    assert caught.value.attempts == 3
    check_hidden(caught.value)


def test_no_log_line_shows_the_password(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No log line of this package, httpx or httpcore shows the password, at any level."""
    caplog.set_level(logging.DEBUG)
    with Wire(lambda exchange: exchange.send(page(exchange))) as proxy:
        use(monkeypatch, proxy)
        caller.page(**KEYS, base_url=PLAIN, allow_insecure_http=True)
    with Wire(lambda exchange: exchange.send(http(b"", 407))) as proxy:
        use(monkeypatch, proxy)
        with pytest.raises(APIConnectionError):
            caller.page(**KEYS, base_url=HOST)
    encoded = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert caplog.records
    for record in caplog.records:
        shown = f"{record.getMessage()} {vars(record)}"
        assert "canary" not in shown
        assert encoded not in shown


def test_the_proxies_of_the_system_are_used(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows and macOS, the system's proxies and exceptions are used without variables."""
    with Wire(echoes(407)) as proxy:
        address = f"http://{USER}:{PASSWORD}@127.0.0.1:{proxy.port}"
        monkeypatch.setattr(proxies, "getproxies", lambda: {"https": address})
        with pytest.raises(APIConnectionError, match="from the system's proxy settings") as caught:
            caller.page(**KEYS, base_url=HOST)
        check_hidden(caught.value)
        monkeypatch.setattr(proxies, "proxy_bypass", {"127.0.0.2"}.__contains__)
        with pytest.raises(APIConnectionError, match=f"{HOST}: ConnectError"):
            caller.page(**KEYS, base_url=HOST)
    assert len(proxy.exchanges) == 1


def test_a_variable_that_is_deleted_meanwhile_does_no_harm(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread may change the environment while the variables are read."""
    read = urllib.request.getproxies_environment
    interrupted = [KeyError("ANOTHER_VARIABLE"), KeyError("ANOTHER_VARIABLE")]

    def read_while_another_thread_writes() -> dict[str, str]:
        if interrupted:
            raise interrupted.pop()
        return read()

    with Wire(lambda exchange: exchange.send(page(exchange))) as proxy:
        use(monkeypatch, proxy)
        monkeypatch.setattr(proxies, "getproxies", read_while_another_thread_writes)
        monkeypatch.setattr(proxies, "getproxies_environment", read_while_another_thread_writes)
        caller.page(**KEYS, base_url=PLAIN, allow_insecure_http=True)
    assert not interrupted
    assert len(proxy.exchanges) == 1
