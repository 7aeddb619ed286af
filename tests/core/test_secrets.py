"""Both keys reach only their server: the tests search for a canary in everything else."""

import asyncio
import gc
import json
import logging
import os
import pickle
import re
import ssl
import subprocess
import sys
import traceback
import warnings
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
import trustme
from httpx_aiohttp import AiohttpTransport

from callers import CALLERS, Caller, by_httpx
from finerworks import (
    APIConnectionError,
    AsyncFinerWorks,
    AsyncHTTPClient,
    CredentialsError,
    FinerWorks,
    HTTPClient,
    RedirectError,
)
from wire import Does, Exchange, Wire, elsewhere, http, page

# Nowhere a local, where a traceback would show it with reason.
WEB, APP = "canary-web/7f3a9c", "canary-app-51d2e8"
CANARIES = {"FINERWORKS_WEB_API_KEY": WEB, "FINERWORKS_APP_KEY": APP}
ACCOUNT = "canary-account-c0ffee"


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the canaries as the keys in the environment."""
    for name, canary in CANARIES.items():
        monkeypatch.setenv(name, canary)


@pytest.fixture(params=CALLERS, ids=lambda caller: caller.name)
def caller(request: pytest.FixtureRequest) -> Caller:
    """Return the sync client, the async one, and the async one over aiohttp."""
    chosen: Caller = request.param
    return chosen


def check(shown: object) -> None:
    """Check that a text contains no canary, in any escaped form, and no half of one."""
    text = unescape(
        unquote(unquote(f"{shown!s} {shown!r}".lower().replace("\\x00", "").replace("\0", "")))
    )
    text = re.sub(r"\\+x([2-7][0-9a-f])", lambda it: chr(int(it[1], 16)), text).replace("\\", "")
    for canary in CANARIES.values():
        assert canary[:9] not in text
        assert canary not in text
        assert canary.replace("/", "%2f") not in text
        assert "".join(f"u{ord(each):04x}" for each in canary) not in text


def check_logs(records: list[logging.LogRecord]) -> None:
    """Check that no log record has a canary in its message, arguments or attributes."""
    assert records
    for record in records:
        check(record.getMessage())
        check(record.args)
        check(vars(record))
        assert ACCOUNT not in record.getMessage()


def check_error(error: BaseException) -> None:
    """Check that an error has no canary in its text, attributes, pickle, or traceback with local variables."""
    check(error)
    check(vars(error))
    check(error.args)
    check(pickle.dumps(error))
    check("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    for linked in (error.__cause__, error.__context__):
        assert not isinstance(linked, httpx.HTTPError)


def arrived(wire: Wire) -> None:
    """Check that both canaries reached the server."""
    for canary in CANARIES.values():
        assert canary.encode() in wire.received()


def echo() -> str:
    """Return a text with each canary: plain, escaped as in JSON, and escaped as in a URL."""
    said: list[str] = []
    for canary in CANARIES.values():
        spelled = "".join(f"\\u{ord(each):04X}" for each in canary)
        said += [
            canary,
            canary.replace("/", "\\/"),
            canary.replace("/", "%2F"),
            canary.upper(),
            spelled,
        ]
    return " ".join(said)


def repeats(status: int, shape: str) -> Does:
    """Return a server that repeats the keys in its response."""
    url = quote(quote(f"{WEB} {APP}", safe=""))
    script = " ".join(
        "".join(f"\\x{ord(each):02x}" for each in canary) for canary in CANARIES.values()
    )
    entities = " ".join(
        canary.replace("/", "&#47;").replace("-", "&#x2d;") for canary in CANARIES.values()
    )
    for name, said in {
        "ECHO": echo(),
        "ENTITIES": entities,
        "SCRIPT": script,
        "TWICE": url,
    }.items():
        shape = shape.replace(name, said)
    return lambda exchange: exchange.send(http(shape.encode(), status))


def cuts(exchange: Exchange) -> None:
    """Hang up in the middle of a response that repeats the keys."""
    exchange.send(http(echo().encode(), 200, length=100_000))
    exchange.close()


FAILURES: dict[str, Does] = {
    "Message": repeats(400, '{"Message": "ECHO"}'),
    "ModelState": repeats(
        400, '{"Message": "no", "ModelState": {"ECHO": ["ECHO"], "authorization_credentials": []}}'
    ),
    "message": repeats(403, '{"message": "ECHO"}'),
    "status": repeats(500, '{"status": {"message": "ECHO", "reference_id": "ECHO"}}'),
    "html": repeats(502, "<p>ECHO</p>" * 100),
    "html that is cut": repeats(404, "x" * 1950 + "ECHO" * 20),
    "success: false": repeats(
        200, '{"status": {"success": false, "message": "ECHO", "reference_id": "ECHO"}}'
    ),
    "not JSON": repeats(200, "ECHO"),
    "contract": repeats(
        200, '{"status": {"reference_id": "ECHO"}, "invoices": [{"invoice_id": "ECHO"}]}'
    ),
    "html with entities": repeats(500, "<p>ENTITIES</p>"),
    "script": repeats(500, "<script>SCRIPT</script>"),
    "twice in a URL": repeats(500, "TWICE"),
    "UTF-16 that begins with a letter of its own": lambda exchange: exchange.send(
        http(f"木<p>{echo()}</p>".encode("utf-16-le"), 403)
    ),
    "spaces, and a key that is cut": repeats(500, " " * 99_990 + WEB),
    "spaces in a reference, and a key that is cut": repeats(
        200, json.dumps({"status": {"success": False, "reference_id": " " * 99_990 + WEB}})
    ),
    "a key at the end of what is kept": repeats(500, "x" * 1990 + WEB * 20),
    "a key in escapes, where the answer is cut": repeats(
        500, "x" * 99_980 + "".join(f"\\u{ord(it):04x}" for it in WEB)
    ),
    "UTF-16": lambda exchange: exchange.send(http(f"<p>{echo()}</p>".encode("utf-16-le"), 403)),
    "cut off": cuts,
    "closed": lambda exchange: exchange.close(),
    "no HTTP": lambda exchange: exchange.send(b"what is this\r\n\r\n"),
    "redirect": lambda exchange: exchange.send(http(b"", 302, "Location: https://other.test/")),
}


@pytest.mark.usefixtures("canaries")
@pytest.mark.parametrize("does", FAILURES.values(), ids=FAILURES)
def test_no_failure_shows_a_key(
    caller: Caller, does: Does, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No error, log record or output contains a key, even if the server repeats it."""
    caplog.set_level(1)
    for name in ("finerworks", "httpx", "httpcore", "asyncio"):
        caplog.set_level(1, name)
    with Wire(does) as wire, warnings.catch_warnings(record=True) as warned:
        (error,) = caller.refusals(1, base_url=wire.url, account_key=ACCOUNT)
    arrived(wire)
    assert ACCOUNT.encode() in wire.received()
    check_error(error)
    check_logs(caplog.records)
    check(capfd.readouterr())
    check([str(each.message) for each in warned])


@pytest.mark.usefixtures("canaries")
def test_no_error_quotes_what_is_not_http(caller: Caller) -> None:
    """A response that is not HTTP is not quoted in an error."""
    with Wire(lambda exchange: exchange.send(echo().encode() + b"\r\n\r\n")) as wire:
        (error,) = caller.refusals(1, base_url=wire.url)
    arrived(wire)
    check_error(error)


def transport_errors() -> list[object]:
    """Return every error of httpx, httpcore and aiohttp that is still referenced."""
    found = [each for each in gc.get_objects() if isinstance(each, BaseException)]
    theirs = {"httpx", "httpcore", "aiohttp"}
    return [each for each in found if type(each).__module__.split(".")[0] in theirs]


@pytest.mark.usefixtures("canaries")
def test_the_error_of_the_transport_is_let_go(caller: Caller) -> None:
    """The transport's error, whose frames have the keys, is released at once."""
    gc.collect()
    gc.disable()
    try:
        others = transport_errors()  # of tests before this one
        with Wire(Exchange.reset) as wire:
            (error,) = caller.refusals(1, base_url=wire.url)
            kept = [
                each for each in transport_errors() if not any(each is other for other in others)
            ]
    finally:
        gc.enable()
    arrived(wire)
    assert isinstance(error, APIConnectionError)
    assert kept == []


@pytest.mark.usefixtures("canaries")
def test_nothing_that_users_hold_shows_a_key(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No client, generated client, pager, page or response shows a key."""
    caplog.set_level(1)
    with Wire() as wire, HTTPClient(base_url=wire.url) as door, FinerWorks(http_client=door) as fw:
        view = fw.with_options(timeout=5, account_key=ACCOUNT)
        pager = view.invoices.list()
        first = next(iter(pager.pages()))
        answer = door.post("/v3/list_invoices", json={"page_number": 1, "per_page": 5})
        for held in (
            fw,
            door,
            view,
            fw.client,
            fw.invoices,
            view.invoices,
            pager,
            first,
            answer,
            answer.request,
        ):
            check(held)
            if hasattr(held, "__dict__"):
                check(
                    {
                        name: f"{value!r} {getattr(value, '__dict__', '')!r}"
                        for name, value in vars(held).items()
                    }
                )
        check(
            [
                door.headers,
                answer.headers,
                answer.request.headers,
                door.auth,
                door.event_hooks,
                door.cookies,
            ]
        )
        assert ACCOUNT not in repr(vars(view))
        assert ACCOUNT not in repr(vars(view.invoices))
    arrived(wire)
    check_logs(caplog.records)
    check(capfd.readouterr())


@pytest.mark.usefixtures("canaries")
def test_a_client_left_open_warns_without_a_key() -> None:
    """Python's warning about an open connection contains no key."""

    def abandon(url: str) -> None:
        FinerWorks(base_url=url).invoices.page()
        gc.collect()

    with Wire() as wire:
        with pytest.warns(ResourceWarning, match="unclosed <socket") as warned:
            abandon(wire.url)
        arrived(wire)
    check([str(each.message) for each in warned])

    async def leave(url: str) -> None:
        await AsyncFinerWorks(base_url=url).invoices.page()
        gc.collect()
        await asyncio.sleep(0)

    with Wire() as wire, pytest.warns(ResourceWarning, match="unclosed") as warned:
        asyncio.run(leave(wire.url))
    check([str(each.message) for each in warned])


BAD, RAW = f"{WEB}\n", APP.encode()
WRONG: list[dict[str, Any]] = [{"timeout": -1}, {"timout": 5}, {"account_key": " "}]


@pytest.mark.parametrize("make", [FinerWorks, AsyncFinerWorks, HTTPClient, AsyncHTTPClient])
def test_a_wrong_argument_shows_no_key(
    make: type[FinerWorks], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of a constructor has no key in any frame of its traceback."""
    with pytest.raises(CredentialsError) as caught:
        make(web_api_key=BAD, app_key=APP)
    check_error(caught.value)
    with pytest.raises(CredentialsError) as caught:
        make(web_api_key="web", app_key=RAW)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # that is the mistake
    check_error(caught.value)
    for wrong in WRONG:
        with pytest.raises((ValueError, TypeError)) as other:
            make(web_api_key=WEB, app_key=APP, **wrong)
        check_error(other.value)
    if make in (FinerWorks, AsyncFinerWorks):
        for wrong in WRONG:
            with pytest.raises((ValueError, TypeError)) as other:
                make(web_api_key="web", app_key="app").with_options(
                    web_api_key=WEB, app_key=APP, **wrong
                )
            check_error(other.value)
    monkeypatch.setenv("FINERWORKS_WEB_API_KEY", BAD)
    with pytest.raises(CredentialsError) as caught:
        make()
    check_error(caught.value)


TARGETS = [
    "http://127.0.0.1:{other}/v3/list_invoices",
    "//127.0.0.1:{other}/",
    "http://user:pass@127.0.0.1:{other}/",
    "http://127.0.0.1:{own}@127.0.0.1:{other}/",
    "http://127.0.0.1:{own}%40127.0.0.1:{other}@127.0.0.1:{other}/",
    "http://localhost:{other}/",
    "HTTP://127.0.0.1:{other}",
    "https://127.0.0.1:{own}/",
    "http://127.0.0.1:{own}/v4/list_invoices",
    "/v3/other",
    "?again",
    "",
    "http://[::1",
    "https://xn--\xff.test/",
    "http://127.0.0.1:99999999/",
    "http:///\\127.0.0.1:{other}/",
    "javascript:alert(1)",
]


@pytest.mark.usefixtures("canaries")
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 306, 307, 308, 399])
def test_no_redirect_reaches_anybody(
    caller: Caller, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is sent to the target of a redirect, and no connection is opened."""
    caplog.set_level(1)
    with elsewhere() as other:

        def redirects(exchange: Exchange) -> None:
            target = TARGETS[exchange.number - 1].format(own=wire.port, other=other.port)
            exchange.send(http(b"", status, f"Location: {target}"))

        with Wire(redirects) as wire:
            errors = caller.refusals(len(TARGETS), base_url=wire.url)
    assert len(wire.exchanges) == len(TARGETS)
    assert wire.connections == 1
    for error in errors:
        assert type(error) is RedirectError
        assert error.status_code == status
        check_error(error)
    assert f"a redirect to http://127.0.0.1:{other.port}." in str(errors[3])
    assert "user" not in str(errors[2])
    arrived(wire)
    check_logs(caplog.records)


@pytest.mark.usefixtures("canaries")
def test_no_option_of_the_callers_turns_redirects_on() -> None:
    """`follow_redirects` has no effect, with any transport."""
    with elsewhere() as other:
        target = f"Location: http://127.0.0.1:{other.port}/"
        with Wire(lambda exchange: exchange.send(http(b"", 307, target))) as wire:
            for transport in (None, httpx.HTTPTransport()):
                with HTTPClient(base_url=wire.url, transport=transport) as door:
                    door.follow_redirects = True
                    with pytest.raises(RedirectError):
                        door.post("/v3/list_invoices", json={}, follow_redirects=True)

            async def use() -> None:
                for transport in (None, httpx.AsyncHTTPTransport(), AiohttpTransport()):
                    async with AsyncHTTPClient(base_url=wire.url, transport=transport) as door:
                        door.follow_redirects = True
                        with pytest.raises(RedirectError):
                            await door.post("/v3/list_invoices", json={}, follow_redirects=True)

            asyncio.run(use())
    arrived(wire)
    assert len(wire.exchanges) == 5


@pytest.mark.parametrize("make", [FinerWorks, AsyncFinerWorks, HTTPClient, AsyncHTTPClient])
@pytest.mark.parametrize(
    "host", ["api.finerworks.com", "127.0.0.1.other.test", "10.0.0.1", "[::2]", "localhost.other"]
)
@pytest.mark.usefixtures("canaries")
def test_plain_http_does_not_leave_the_machine(make: type[FinerWorks], host: str) -> None:
    """Keys are sent unencrypted only to this machine, unless the caller allows it."""
    with pytest.raises(ValueError, match="would send the keys unencrypted: use https://") as caught:
        make(base_url=f"http://{host}")
    check_error(caught.value)
    with pytest.raises(ValueError, match="would send the keys unencrypted"):
        make(base_url=f"http://{host}", allow_insecure_http=False)
    make(base_url=f"http://{host}", allow_insecure_http=True)
    for here in ("127.0.0.1", "localhost", "[::1]"):
        make(base_url=f"http://{here}:8765")


@pytest.mark.usefixtures("canaries")
def test_a_proxy_sees_a_tunnel(caller: Caller, tmp_path: Path) -> None:
    """A proxy sees the host, and an encrypted tunnel."""
    authority, passed = trustme.CA(), list[bytes]()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.tempfile() as chain:
        context.load_cert_chain(chain)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    trusted = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))

    def carry(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        passed.append(exchange.tunnel(server.port))

    with Wire(tls=context) as server, Wire(carry) as proxy:
        if caller.name == "sync":
            transport = httpx.HTTPTransport(proxy=proxy.url, verify=trusted)
            with HTTPClient(base_url=server.url, transport=transport) as door:
                assert len(list(FinerWorks(http_client=door).invoices.list())) == 60
        else:

            async def use() -> None:
                transport: httpx.AsyncBaseTransport
                if caller.name == "async":
                    transport = httpx.AsyncHTTPTransport(proxy=proxy.url, verify=trusted)
                else:
                    transport = AiohttpTransport(proxy=httpx.Proxy(proxy.url), verify=trusted)
                async with AsyncHTTPClient(base_url=server.url, transport=transport) as door:
                    assert (
                        len(
                            [
                                each
                                async for each in AsyncFinerWorks(http_client=door).invoices.list()
                            ]
                        )
                        == 60
                    )

            asyncio.run(use())
    arrived(server)
    assert proxy.received().startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1".encode())
    assert passed
    check(proxy.received() + b"".join(passed))


@by_httpx
@pytest.mark.usefixtures("canaries")
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_used(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The environment's proxy is used for other hosts, unless NO_PROXY excludes them."""
    with Wire(lambda exchange: exchange.send(page(exchange))) as proxy:
        for value in (proxy.url, proxy.url.removeprefix("http://")):
            monkeypatch.setenv(name, value)
            assert (
                caller.page(base_url="http://127.0.0.2:9", allow_insecure_http=True).total_count
                == 60
            )
        monkeypatch.setenv("NO_PROXY", "127.0.0.2")
        with pytest.raises(APIConnectionError):
            caller.page(base_url="http://127.0.0.2:9", allow_insecure_http=True)
    heads = [exchange.head.partition(b"\r\n")[0] for exchange in proxy.exchanges]
    assert heads == [b"POST http://127.0.0.2:9/v3/list_invoices HTTP/1.1"] * 2


@pytest.mark.usefixtures("canaries")
def test_a_proxy_of_the_environment_is_not_for_this_machine(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain http to this machine does not go through a proxy."""
    with elsewhere() as proxy, Wire() as wire:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert len(caller.invoices(base_url=wire.url)) == 60
        with FinerWorks() as fw:  # made for another host, and a view of it for this one
            fw.with_options(base_url=wire.url).invoices.page()
            fw.with_options(base_url=wire.url.replace("127.0.0.1", "localhost")).invoices.page()
    arrived(wire)


@pytest.mark.usefixtures("canaries")
def test_the_output_of_commands_shows_no_key() -> None:
    """Neither the sandbox nor a program prints a key, at the most verbose level."""
    talkative = {**os.environ, "FINERWORKS_LOG": "debug", "THEIR_WEB": WEB, "THEIR_APP": APP}
    command = [sys.executable, "-m", "finerworks.sandbox", "--", sys.executable, "-c", LISTS]
    done = subprocess.run(
        command, env=talkative, capture_output=True, text=True, timeout=60, check=False
    )
    assert "AuthenticationError" in done.stderr
    check(done.stdout + done.stderr)


LISTS = """
import logging, os
from finerworks import FinerWorks
logging.basicConfig(level=1)
FinerWorks(web_api_key=os.environ["THEIR_WEB"], app_key=os.environ["THEIR_APP"]).invoices.page()
"""
