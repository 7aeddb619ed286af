"""Every network fault that we simulate, what the caller gets, and the table in the documentation.

Each listing has 60 invoices on three pages. The fault happens on page 2, or on the connection, so that a
part of the listing has been returned already: once, or every time.
"""

import contextlib
import functools
import gc
import gzip
import itertools
import json
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from answers import REFUSED_KEYS, STATUS, listing, rows
from callers import CALLERS, KEYS, Caller
from finerworks import APIStatusError, FinerWorksError
from finerworks_client.models import Invoice
from socks import SOCKSProxy
from wire import Does, Exchange, Wire, http, page

TABLE = Path(__file__).parents[2] / "docs" / "faults.md"

HEAD = """# Network faults

The tests simulate each of these faults with a server on a real socket. The client lists 60 invoices on three
pages. The fault happens on page 2, or on the connection itself: once, or every time. In the last section, the fault is
in a proxy.

The cells say what the caller gets:

- *all 60 invoices*: the client retried, and the caller noticed nothing.
- *the same*: another attempt cannot help, so the error is raised the first time.
- a dash: this fault cannot happen only once, or it cannot happen at all, because aiohttp's transport does not use the
  proxies of the environment.

The columns *sync* and *async* are for clients that send with httpx. The column *aiohttp* is for an asyncio client with
`httpx_aiohttp.AiohttpTransport()` (the extra `aiohttp`).

The server counts the attempts. An error without a number of attempts is about the listing as a whole: each of its
responses was valid by itself. A body that is not JSON (`NaN` is not JSON either) may have been damaged on its way, so
the request is sent again. JSON that breaks the contract is not requested again.

`make faults` writes this page from a test run. `make test` simulates all faults again, and fails if the page differs.
"""

WHOLE = "all 60 invoices"
"""The outcome of a fault that a retry overcomes: nothing is missing."""

PATIENCE = 90
"""Seconds after which a call counts as hanging. No call takes a tenth of this."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: What goes wrong, in words.
        always: What the caller gets if it goes wrong every time.
        once: What the caller gets if it goes wrong once. Empty if that is the same.
        does: What the server does with the request for page 2.
        greets: What the server does with a connection before it reads from it.
        tls: Which certificate the server has, if it speaks TLS.
        https: Whether the client speaks TLS to it.
        accepts: Whether the server accepts connections at all.
        listens: Whether there is a server.
        host: The name of the server, as the client has it.
        via: How the address of the proxy begins through which the client connects, if it does.
            Then the fault is the proxy's, and not the server's.
        timeout: The client's, in seconds.
        max_body_bytes: The client's.
    """

    name: str
    always: str
    once: str = WHOLE
    does: Does | None = None
    greets: Does | None = None
    tls: str | None = None
    https: bool = False
    accepts: bool = True
    listens: bool = True
    host: str = "127.0.0.1"
    via: str | None = None
    timeout: float = 30
    max_body_bytes: int = 1_000_000


def sends(data: bytes) -> Does:
    """Return a server that sends these bytes and closes the connection."""

    def does(exchange: Exchange) -> None:
        exchange.send(data)
        exchange.close()

    return does


def answers(body: bytes, status: int = 200, *headers: str) -> Does:
    """Return a server that sends this response and waits for the next request."""
    return lambda exchange: exchange.send(http(body, status, *headers))


def says(data: object) -> Does:
    """Return a server that responds with 200 and JSON."""
    return answers(json.dumps(data).encode(), 200, "Content-Type: application/json")


def nests(depth: int) -> Does:
    """Return a server that sends lists in lists.

    Where reading them reaches Python's recursion limit, a finalizer would fail. None is left then.
    """

    def does(exchange: Exchange) -> None:
        gc.collect()
        exchange.send(http(b"[" * depth))

    return does


def drips(head: bytes, data: bytes) -> Does:
    """Return a server that sends the beginning at once, and the rest byte by byte."""

    def does(exchange: Exchange) -> None:
        exchange.send(head)
        exchange.drip(data)

    return does


def stops(data: bytes) -> Does:
    """Return a server that sends these bytes, and then nothing."""

    def does(exchange: Exchange) -> None:
        exchange.send(data)
        exchange.wait()

    return does


def resets(data: bytes) -> Does:
    """Return a server that sends these bytes and resets the connection."""

    def does(exchange: Exchange) -> None:
        exchange.send(data)
        exchange.pause(0.05)
        exchange.reset()

    return does


def informs(exchange: Exchange) -> None:
    """Send interim responses until the client closes the connection."""
    while not exchange.pause(0.005):
        exchange.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")


def floods(exchange: Exchange) -> None:
    """Send an endless body."""
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        exchange.send(b"10000\r\n" + b" " * 65536 + b"\r\n")


def twice(exchange: Exchange) -> None:
    """Send a second response that nobody requested. It must not be used for the next page."""
    exchange.send(page(exchange) + http(json.dumps(listing(rows(*range(25)), 60)).encode()))


def beneath(data: bytes) -> Does:
    """Return a server that sends bytes beneath its TLS, and waits."""

    def does(exchange: Exchange) -> None:
        exchange.send_beneath(data)
        exchange.wait()

    return does


def row(**fields: object) -> dict[str, object]:
    """Return page 2, with something wrong in its fourth invoice."""
    invoices = rows(*range(25, 50))
    invoices[3] = {**invoices[3], **fields}
    return listing(invoices, 60)


GOOD = json.dumps(listing(rows(*range(25, 50)), 60)).encode()
TWO_MEMBERS = gzip.compress(GOOD[:900]) + gzip.compress(GOOD[900:])
NO_ANSWER = "`APIConnectionError`, 3 attempts"
TOO_LATE = "`APITimeoutError`, 3 attempts"
REFUSAL = json.dumps(REFUSED_KEYS).encode()
LONG_WAIT = "Retry-After: 121"
UNVERIFIED = "`APIConnectionError`, 1 attempt"
NOT_JSON = "`ResponseValidationError`, 3 attempts"
BROKEN = "`ResponseValidationError`, 1 attempt"
ONE, THREE = "1 attempt", "3 attempts"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PROXIED = "127.0.0.2"  # an address of this machine that is reached through a proxy
SOON = 1.0  # seconds, for faults that last until the timeout
REFUSED = "`APIConnectionError`, 1 attempt"

FAULTS: dict[str, list[Fault]] = {
    "No connection": [
        Fault("the port is closed", NO_ANSWER, once="", listens=False),
        Fault("the host name is unknown", NO_ANSWER, once="", host="unknown.invalid"),
        Fault("the connection is not accepted", TOO_LATE, once="", accepts=False, timeout=SOON),
        Fault("the connection is closed at once", NO_ANSWER, greets=lambda it: it.close()),
        Fault("the connection is reset at once", NO_ANSWER, greets=lambda it: it.reset()),
        Fault("the TLS handshake stalls", TOO_LATE, greets=lambda it: it.wait(), tls="good", timeout=SOON),
        Fault("the TLS handshake is cut off", NO_ANSWER, greets=lambda it: it.reset(), tls="good"),
        Fault("the server does not use TLS", NO_ANSWER, once="", https=True, greets=sends(b"HTTP/1.1 400 No\r\n\r\n")),
        Fault("the certificate is from an unknown authority", UNVERIFIED, once="", tls="unknown"),
        Fault("the certificate is for another host", UNVERIFIED, once="", tls="other"),
    ],
    "No response, or an incomplete one": [
        Fault("the server never responds", TOO_LATE, does=lambda it: it.wait(), timeout=SOON),
        Fault("the connection is closed", NO_ANSWER, does=lambda it: it.close()),
        Fault("the connection is reset", NO_ANSWER, does=lambda it: it.reset()),
        Fault("the head arrives byte by byte", TOO_LATE, does=lambda it: it.drip(http(GOOD)), timeout=SOON),
        Fault("the head stops halfway", TOO_LATE, does=stops(http(GOOD)[:40]), timeout=SOON),
        Fault("the head is cut off", NO_ANSWER, does=sends(http(GOOD)[:40])),
        Fault("endless interim responses (103)", TOO_LATE, does=informs, timeout=SOON),
        Fault("the body arrives byte by byte", TOO_LATE, does=drips(http(length=len(GOOD)), GOOD), timeout=SOON),
        Fault("the body stops halfway", TOO_LATE, does=stops(http(GOOD[:900], length=len(GOOD))), timeout=SOON),
        Fault("the body is cut off", NO_ANSWER, does=sends(http(GOOD[:900], length=len(GOOD)))),
        Fault("the body is cut off between chunks", NO_ANSWER, does=sends(CHUNKED + b"2\r\n{}\r\n")),
        Fault("the connection is reset during the body", NO_ANSWER, does=resets(http(GOOD[:900], length=len(GOOD)))),
    ],
    "Not HTTP": [
        Fault("arbitrary bytes", NO_ANSWER, does=sends(b"\x00\x01\x02 what is this\r\n\r\n")),
        Fault("a body without a head", NO_ANSWER, does=sends(GOOD)),
        Fault("a status that is not a number", NO_ANSWER, does=sends(b"HTTP/1.1 OK fine\r\n\r\n")),
        Fault("a 200 kB head", NO_ANSWER, does=sends(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n")),
        Fault("a header name with a zero byte", NO_ANSWER, does=sends(b"HTTP/1.1 200 OK\r\nX\x00Y: 1\r\n\r\n")),
        Fault("two different values of `Content-Length`", NO_ANSWER, does=sends(http(GOOD, 200, "Content-Length: 2"))),
        Fault("a negative `Content-Length`", NO_ANSWER, does=sends(http(GOOD, length=-1))),
        Fault("a chunk whose size is not a number", NO_ANSWER, does=sends(CHUNKED + b"many\r\n{}\r\n")),
        Fault("a switch to another protocol (101)", NO_ANSWER, does=sends(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")),
        Fault("a second response that was not requested", WHOLE, does=twice),
        Fault("a damaged TLS record", NO_ANSWER, tls="good", does=beneath(b"\x17\x03\x03\x00\x20" + b"x" * 32)),
        Fault("plain text within a TLS connection", NO_ANSWER, tls="good", does=beneath(b"HTTP/1.1 502 No\r\n\r\n")),
    ],
    "Too large": [
        Fault("a body larger than `max_body_bytes`", BROKEN, once="", does=answers(b" " * 2_000_000)),
        Fault("an endless body", BROKEN, once="", does=floods),
        Fault(
            "a compressed body that is larger than `max_body_bytes` when decompressed",
            BROKEN,
            once="",
            does=answers(gzip.compress(b" " * 50_000_000), 200, "Content-Encoding: gzip"),
        ),
        Fault(
            "the same, in the second gzip member",
            BROKEN,
            once="",
            does=answers(TWO_MEMBERS + gzip.compress(b" " * 50_000_000), 200, "Content-Encoding: gzip"),
        ),
        Fault(
            "a 900 kB error page",
            "`ServerError` 500, 3 attempts",
            does=answers(b"<p>sorry</p>" * 75_000, 500, "Content-Type: text/html"),
        ),
    ],
    "An invalid response with status 200": [
        Fault("an empty body", NOT_JSON, does=answers(b"")),
        Fault("HTML", NOT_JSON, does=answers(b"<!doctype html><title>Welcome</title>")),
        Fault("incomplete JSON", NOT_JSON, does=answers(GOOD[:900])),
        Fault("text that is not UTF-8", NOT_JSON, does=answers(b'{"message": "caf\xe9 \xff"}')),
        Fault("a body in an encoding other than gzip", NOT_JSON, does=answers(b"\x1b", 200, "Content-Encoding: br")),
        Fault("a damaged gzip body", NOT_JSON, does=answers(b"\x1f", 200, "Content-Encoding: gzip")),
        Fault("gzip with two members", WHOLE, does=answers(TWO_MEMBERS, 200, "Content-Encoding: gzip")),
        Fault("gzip with a second member that is cut off", NOT_JSON, does=answers(TWO_MEMBERS[:-9], 200, "Content-Encoding: gzip")),
        Fault("gzip under its old name, `x-gzip`", WHOLE, does=answers(gzip.compress(GOOD), 200, "Content-Encoding: x-gzip")),
        Fault("plain text labelled as gzip", NOT_JSON, does=answers(GOOD, 200, "Content-Encoding: gzip")),
        Fault("`NaN` for an amount", NOT_JSON, does=answers(GOOD.replace(b"19.99", b"NaN", 1))),
        Fault("`Infinity` for an amount", NOT_JSON, does=answers(GOOD.replace(b"19.99", b"Infinity", 1))),
        Fault("`1e999` for an amount", BROKEN, once="", does=answers(GOOD.replace(b"19.99", b"1e999", 1))),
        Fault("lists nested 100,000 levels deep", NOT_JSON, does=nests(100_000)),
        Fault("`null`", BROKEN, once="", does=says(None)),
        Fault("a number", BROKEN, once="", does=says(7)),
        Fault("a list", BROKEN, once="", does=says([])),
        Fault("a page without `status`", BROKEN, once="", does=says({"invoices": [], "total_count": 60})),
        Fault("a page without `invoices`", BROKEN, once="", does=says({"status": STATUS, "total_count": 60})),
        Fault("`invoices` that is not a list", BROKEN, once="", does=says({**listing([], 60), "invoices": {}})),
        Fault("an amount that is text", BROKEN, once="", does=says(row(amount_due="19.99"))),
        Fault("an amount that is `null`", BROKEN, once="", does=says(row(amount_due=None))),
        Fault("an id that is a number", BROKEN, once="", does=says(row(invoice_id=28))),
        Fault("the same id twice on a page", "`ResponseValidationError`", once="", does=says(row(invoice_id="26"))),
        Fault("a date in another format", BROKEN, once="", does=says(row(due_date="31/12/2026"))),
        Fault("a total that is text", BROKEN, once="", does=says({**listing([], 60), "total_count": "60"})),
        Fault("a negative total", "`ResponseValidationError`", once="", does=says(listing([], -1))),
        Fault("`success: false`", f"`RequestRejectedError`, {ONE}", once="", does=says({"status": {"success": False}})),
        Fault("204 without a body", BROKEN, once="", does=sends(b"HTTP/1.1 204 No Content\r\n\r\n")),
    ],
    "Another HTTP status": [
        *[
            Fault(f"{code}", f"`{kind}` {code}, {ONE}", once="", does=answers(b'{"message": "no"}', code))
            for code, kind in [
                (402, "APIStatusError"),
                (403, "PermissionDeniedError"),
                (404, "NotFoundError"),
                (418, "APIStatusError"),
                (499, "APIStatusError"),
                (501, "ServerError"),
                (505, "ServerError"),
                (600, "APIStatusError"),
                (999, "APIStatusError"),
            ]
        ],
        Fault("400", f"`BadRequestError` 400, {ONE}", once="", does=answers(b"null", 400)),
        Fault("400 that rejects the keys", f"`AuthenticationError` 400, {ONE}", once="", does=answers(REFUSAL, 400)),
        Fault("401", f"`AuthenticationError` 401, {ONE}", once="", does=answers(b"[]", 401)),
        *[
            Fault(f"{code}", f"`{kind}` {code}, {THREE}", does=answers(body, code))
            for code, kind, body in [
                (408, "APIStatusError", b""),
                (425, "APIStatusError", b"null"),
                (429, "RateLimitError", b"7"),
                (500, "ServerError", b"<html>"),
                (502, "ServerError", b"\xff\xfe"),
                (503, "ServerError", b"\xef\xbb\xbf{}"),
                (504, "ServerError", b"caf\xe9"),
                (520, "ServerError", b"[]"),
                (530, "ServerError", b'"text"'),
                (599, "ServerError", b"{"),
            ]
        ],
        Fault("429 with `Retry-After: 121`", f"`RateLimitError` 429, {ONE}", once="", does=answers(b"", 429, LONG_WAIT)),
        Fault("503 whose body is cut off", f"`ServerError` 503, {THREE}", does=sends(http(b"sorry", 503, length=900))),
        *[
            Fault(f"302 {what}", f"`RedirectError` 302, {ONE}", once="", does=answers(b"", 302, *where))
            for what, where in [
                ("to another host", ["Location: https://other.test/v3/list_invoices"]),
                ("to another path of this host", ["Location: /v4/list_invoices"]),
                ("to an address that cannot be parsed", ["Location: https://xn--\xff.test:99999999/[::"]),
                ("without an address", []),
            ]
        ],
    ],
    "A proxy from the environment": [
        Fault("the proxy's port is closed", NO_ANSWER, once="", via="http", https=True, listens=False),
        Fault("the proxy closes the connection", NO_ANSWER, via="http", https=True, does=lambda it: it.close()),
        Fault("the proxy never responds", TOO_LATE, via="http", https=True, does=lambda it: it.wait(), timeout=SOON),
        *[
            Fault(f"the proxy responds to CONNECT with {code}", REFUSED, once="", via="http", https=True, does=answers(b"", code))
            for code in (302, 403, 407, 501)
        ],
        *[
            Fault(f"the proxy responds to CONNECT with {code}", NO_ANSWER, via="http", https=True, does=answers(b"", code))
            for code in (429, 502, 503, 504)
        ],
        Fault("the proxy responds to plain http with 407", REFUSED, once="", via="http", does=answers(b"", 407)),
        Fault("the proxy responds to plain http with 403", f"`PermissionDeniedError` 403, {ONE}", once="", via="http", does=answers(b"", 403)),
        Fault("the proxy responds to plain http with 502", f"`ServerError` 502, {THREE}", via="http", does=answers(b"", 502)),
        Fault("a SOCKS proxy rejects the password", REFUSED, once="", via="socks5h", https=True, greets=SOCKSProxy(0, b"other")),
        Fault("a SOCKS proxy does not allow the host", REFUSED, once="", via="socks5h", https=True, greets=SOCKSProxy(0, reply=2)),
        Fault("a SOCKS proxy cannot connect", NO_ANSWER, via="socks5h", https=True, greets=SOCKSProxy(0, reply=5)),
        Fault("a SOCKS proxy never responds", TOO_LATE, via="socks5h", https=True, greets=lambda it: it.wait(), timeout=SOON),
        Fault("a SOCKS proxy does not use SOCKS", NO_ANSWER, via="socks5h", https=True, greets=sends(b"HTTP/1.1 400 No\r\n\r\n")),
    ],
}  # fmt: skip


@functools.cache
def authority() -> trustme.CA:
    """Return a certificate authority that clients trust."""
    return trustme.CA()


def _tls(kind: str | None) -> ssl.SSLContext | None:
    if kind is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer = trustme.CA() if kind == "unknown" else authority()
    certificate = issuer.issue_cert("other.test" if kind == "other" else "127.0.0.1", PROXIED)
    with certificate.private_key_and_cert_chain_pem.tempfile() as chain:
        context.load_cert_chain(chain)
    return context


def _crowd(port: int, count: int) -> list[socket.socket]:
    """Open connections, whether they are accepted or not."""
    crowd = [socket.socket() for _ in range(count)]
    for each in crowd:
        each.settimeout(0)
        each.connect_ex(("127.0.0.1", port))
    return crowd


@contextlib.contextmanager
def _closed_port() -> Generator[int]:
    """Return a port that nobody listens on, and that no other server gets meanwhile."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port: int = reserved.getsockname()[1]
        yield port


def _run(fault: Fault, caller: Caller, *, always: bool) -> str:
    """Simulate a fault during a listing. Return what the caller got, and after how many attempts."""
    met, struck = itertools.count(), itertools.count()

    def does(exchange: Exchange) -> None:
        if fault.does and exchange.asked["page_number"] == 2 and (next(struck) == 0 or always):
            fault.does(exchange)
        else:
            exchange.send(page(exchange))

    def greets(exchange: Exchange) -> None:
        if fault.greets and (next(met) == 0 or always):
            fault.greets(exchange)

    with contextlib.ExitStack() as stack:
        tls, backlog = _tls(fault.tls), 50 if fault.accepts else 0
        wire = stack.enter_context(
            Wire(does, greets=greets, tls=tls, accepts=fault.accepts, backlog=backlog)
        )
        for each in _crowd(wire.port, 0 if fault.accepts else 3):
            stack.enter_context(contextlib.closing(each))
        port = wire.port if fault.listens else stack.enter_context(_closed_port())
        scheme = "https" if fault.https or tls else "http"
        url = f"{scheme}://{fault.host}:{port}"
        try:
            given = caller.invoices(
                **KEYS,
                base_url=url,
                timeout=fault.timeout,
                max_body_bytes=fault.max_body_bytes,
                allow_insecure_http=True,
            )
        except FinerWorksError as error:
            tried = (
                next(struck) if fault.does else wire.connections if fault.greets else error.attempts
            )
            return _told(error, tried)
        except Exception as error:  # noqa: BLE001 - a row must never say this
            return f"UNTYPED: {type(error).__name__}"
    return _complete(given)


def _complete(given: list[Invoice]) -> str:
    """Return whether a listing is complete, for the table."""
    ids = [invoice.invoice_id for invoice in given]
    return (
        WHOLE if ids == [str(number) for number in range(60)] else f"PARTIAL: {len(ids)} invoices"
    )


class _Proxy:
    """A proxy with a fault, which otherwise connects everything to one server.

    Args:
        fault: What it does wrong.
        always: Whether it does so every time, or only the first time.
        port: The server's port.
    """

    def __init__(self, fault: Fault, port: int, *, always: bool) -> None:
        self._fault = fault
        self._port = port
        self._always = always
        self._lock = threading.Lock()
        self.struck = 0
        """How often the fault was due."""

    def _strikes(self) -> bool:
        with self._lock:
            self.struck += 1
            return self.struck == 1 or self._always

    def does(self, exchange: Exchange) -> None:
        """Handle a request to an HTTP proxy."""
        connects = exchange.head.startswith(b"CONNECT ")
        due = connects or exchange.asked["page_number"] == 2
        if self._fault.does and due and self._strikes():
            self._fault.does(exchange)
        elif connects:
            exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            exchange.tunnel(self._port)
        else:
            exchange.send(page(exchange))

    def greets(self, exchange: Exchange) -> None:
        """Handle a connection to a SOCKS proxy."""
        if self._fault.greets and self._strikes():
            self._fault.greets(exchange)
        elif self._fault.greets:
            SOCKSProxy(self._port)(exchange)

    def address(self, port: int) -> str:
        """Return what to set the variables to, for a port that the proxy listens on."""
        greets = self._fault.greets
        login = "me:secret@" if isinstance(greets, SOCKSProxy) and greets.user else ""
        return f"{self._fault.via}://{login}127.0.0.1:{port}"


def _run_with_proxy(fault: Fault, caller: Caller, *, always: bool) -> str:
    """Simulate a fault of a proxy during a listing. Return what `_run` returns."""
    with Wire(tls=_tls("good")) as server, contextlib.ExitStack() as stack:
        proxy = _Proxy(fault, server.port, always=always)
        wire = stack.enter_context(Wire(proxy.does, greets=proxy.greets))
        if not fault.listens:
            stack.close()
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for variable in ("HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(variable, proxy.address(wire.port))
        url = f"{'https' if fault.https else 'http'}://{PROXIED}:9"
        try:
            given = caller.invoices(
                **KEYS, base_url=url, allow_insecure_http=True, timeout=fault.timeout
            )
        except FinerWorksError as error:
            return _told(error, proxy.struck if fault.listens else error.attempts)
        except Exception as error:  # noqa: BLE001 - a row must never say this
            return f"UNTYPED: {type(error).__name__}"
    return _complete(given)


def _told(error: FinerWorksError, tried: int) -> str:
    """Return an error as text for the table. Its number of attempts must be what the server counted."""
    status = f" {error.status_code}" if isinstance(error, APIStatusError) else ""
    if error.attempts == 0:  # from the pager: every response was valid
        return f"`{type(error).__name__}`"
    count = f"{tried} attempt{'s' if tried > 1 else ''}"
    return f"`{type(error).__name__}`{status}, {count}{'' if tried == error.attempts else ' (MISCOUNTED)'}"


def _watched(run: Callable[[], str]) -> str:
    """Run, but do not wait forever."""
    result: Future[str] = Future()
    threading.Thread(target=lambda: result.set_result(run()), daemon=True).start()
    try:
        return result.result(PATIENCE)
    except TimeoutError:
        return "HANGS"


Key = tuple[str, str, bool]
"""The name of a fault, the name of a caller, and whether the fault happens every time."""


def callers_of(fault: Fault) -> list[Caller]:
    """Return the clients that can meet a fault: aiohttp's uses no proxy of the environment."""
    if fault.via:
        return [caller for caller in CALLERS if caller.name != "aiohttp"]
    return list(CALLERS)


def outcomes() -> dict[Key, str]:
    """Simulate every fault, once and every time, with each client."""
    runs: dict[Key, Callable[[], str]] = {}
    one_by_one: dict[Key, Callable[[], str]] = {}
    for fault in itertools.chain(*FAULTS.values()):
        for caller, always in itertools.product(callers_of(fault), (False, True)):
            if not always and not fault.once:
                continue
            key = (fault.name, caller.name, always)
            if fault.via:
                one_by_one[key] = functools.partial(_run_with_proxy, fault, caller, always=always)
            else:
                runs[key] = functools.partial(_run, fault, caller, always=always)
    with ThreadPoolExecutor(8) as pool:
        seen = dict(zip(runs, pool.map(_watched, runs.values()), strict=True))
    # Each sets variables of the environment, which is that of all threads.
    return seen | {key: _watched(run) for key, run in one_by_one.items()}


def table(seen: Mapping[Key, str]) -> str:
    """Return the page of the documentation, with the outcomes as tables."""
    names = [caller.name for caller in CALLERS]
    columns = [f"{when}, {name}" for when in ("once", "every time") for name in names]
    lines = [HEAD]
    for group, faults in FAULTS.items():
        lines += [f"## {group}", "", f"| {' | '.join(['fault', *columns])} |"]
        lines += [f"| {' | '.join(['---'] * (len(columns) + 1))} |"]
        for fault in faults:
            single = "the same" if ONE in fault.always or "attempt" not in fault.always else "-"
            met_by = [caller.name for caller in callers_of(fault)]
            cells = [
                seen.get((fault.name, name, always), single) if name in met_by else "-"
                for always in (False, True)
                for name in names
            ]
            lines.append(f"| {' | '.join([fault.name, *cells])} |")
        lines.append("")
    return "\n".join(lines)
