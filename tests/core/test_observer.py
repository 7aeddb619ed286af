"""The request extension `finerworks_observer`: each response before it is checked."""

import gzip
import json
import ssl
from pathlib import Path

import httpx
import pytest
import trustme

from answers import listing, rows
from callers import KEYS, Caller
from finerworks import APIConnectionError, FinerWorksError, HTTPClient, ResponseValidationError
from wire import Exchange, Wire, http

JSON = "Content-Type: application/json"


class Seen:
    """An observer that keeps its arguments."""

    def __init__(self) -> None:
        self.responses: list[httpx.Response] = []
        self.contents: list[bytes] = []

    def __call__(self, response: httpx.Response, content: bytes) -> None:
        """Keep a response."""
        self.responses.append(response)
        self.contents.append(content)


def request(wire: Wire, observer: object) -> httpx.Request:
    """Make a request for a page, with an observer."""
    extensions = {"finerworks_observer": observer}
    body = {"page_number": 1, "per_page": 25}
    return httpx.Request("POST", f"{wire.url}/v3/list_invoices", json=body, extensions=extensions)


def test_it_sees_a_good_response(caller: Caller) -> None:
    """The observer gets the status, the headers and the exact body."""
    seen = Seen()
    with Wire() as wire:
        response = caller.send(request(wire, seen), base_url=wire.url, **KEYS)
    assert seen.contents == [response.content]
    assert seen.responses[0].status_code == 200
    assert seen.responses[0].headers["content-type"] == "application/json"
    assert seen.responses[0].extensions["http_version"] == b"HTTP/1.1"


@pytest.mark.parametrize(
    ("status", "content"),
    [(200, b"[]"), (200, b"<html>"), (200, b""), (400, b'{"message": "no"}'), (302, b"moved")],
)
def test_it_sees_what_is_then_raised(caller: Caller, status: int, content: bytes) -> None:
    """The observer gets responses that are then raised as errors."""
    seen = Seen()
    answer = http(content, status, JSON)
    with Wire(lambda each: each.send(answer)) as wire, pytest.raises(FinerWorksError):
        caller.send(request(wire, seen), base_url=wire.url, max_retries=0, **KEYS)
    assert [(each.status_code, seen.contents) for each in seen.responses] == [(status, [content])]


def test_it_sees_every_attempt(caller: Caller) -> None:
    """The observer gets the response of every attempt."""

    def answer(exchange: Exchange) -> None:
        exchange.send(http(b"{}", 503 if exchange.number == 1 else 400, JSON))

    seen = Seen()
    with Wire(answer) as wire, pytest.raises(FinerWorksError):
        caller.send(request(wire, seen), base_url=wire.url, **KEYS)
    assert [each.status_code for each in seen.responses] == [503, 400]


def test_it_sees_a_body_decompressed(caller: Caller) -> None:
    """The observer gets the decompressed body, and the header with its coding."""
    content = json.dumps(listing(rows(1))).encode()
    compressed = http(gzip.compress(content), 200, JSON, "Content-Encoding: gzip")
    seen = Seen()
    encodings = list[str]()

    def observe(response: httpx.Response, body: bytes) -> None:
        seen(response, body)
        encodings.append(response.headers["content-encoding"])

    with Wire(lambda each: each.send(compressed)) as wire:
        caller.send(request(wire, observe), base_url=wire.url, **KEYS)
    assert (seen.contents, encodings) == ([content], ["gzip"])


@pytest.mark.parametrize("compress", [False, True])
def test_the_limit_of_the_size_holds(caller: Caller, compress: bool) -> None:
    """A body that is too large is cut off, compressed or not."""
    content = b" " * 500_000
    answer = http(content, 200, JSON)
    if compress:
        answer = http(gzip.compress(content), 200, JSON, "Content-Encoding: gzip")
    seen = Seen()
    with Wire(lambda each: each.send(answer)) as wire, pytest.raises(ResponseValidationError):
        caller.send(request(wire, seen), base_url=wire.url, max_body_bytes=1000, **KEYS)
    assert 1000 < len(seen.contents[0]) < 100_000


def test_it_sees_a_damaged_body_as_an_empty_one(caller: Caller) -> None:
    """The observer gets a response with a damaged body, which is empty."""
    damaged = http(b"this is not gzip", 200, JSON, "Content-Encoding: gzip")
    seen = Seen()
    with Wire(lambda each: each.send(damaged)) as wire, pytest.raises(ResponseValidationError):
        caller.send(request(wire, seen), base_url=wire.url, max_retries=0, **KEYS)
    assert [response.status_code for response in seen.responses] == [200]
    assert seen.contents == [b""]


def test_it_does_not_see_what_breaks_off(caller: Caller) -> None:
    """The observer does not get an incomplete response."""
    seen = Seen()
    answer = http(b'{"status"', 200, JSON, "Connection: close", length=1000)

    def break_off(exchange: Exchange) -> None:
        exchange.send(answer)
        exchange.close()

    with Wire(break_off) as wire, pytest.raises(APIConnectionError):
        caller.send(request(wire, seen), base_url=wire.url, max_retries=0, **KEYS)
    assert seen.responses == []


def test_it_never_sees_the_keys(caller: Caller) -> None:
    """The response has no request, whose headers would contain the keys."""
    seen = Seen()
    with Wire() as wire:
        caller.send(request(wire, seen), base_url=wire.url, **KEYS)
    assert KEYS["app_key"].encode() in wire.received()
    with pytest.raises(RuntimeError):
        _ = seen.responses[0].request
    assert "the-app-key" not in repr(vars(seen.responses[0]))


def test_its_own_exception_passes_through(caller: Caller) -> None:
    """An exception of the observer is raised, and nothing is retried."""

    def fail(_response: httpx.Response, _content: bytes) -> None:
        raise LookupError("mine")

    with Wire() as wire, pytest.raises(LookupError, match="mine"):
        caller.send(request(wire, fail), base_url=wire.url, **KEYS)
    assert len(wire.exchanges) == 1


def test_it_sees_an_open_connection(
    caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is still open, so its TLS version is known."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    versions = list[object]()

    def observe(response: httpx.Response, _content: bytes) -> None:
        stream = response.extensions["network_stream"]
        versions.append(stream.get_extra_info("ssl_object").version())

    answer = http(json.dumps(listing([])).encode(), 200, JSON, "Connection: close")
    with Wire(lambda each: each.send(answer), tls=tls) as wire:
        caller.send(request(wire, observe), base_url=wire.url, **KEYS)
    assert versions == ["TLSv1.3"]


def test_a_hook_may_set_it_for_every_call() -> None:
    """An event hook can set the observer for every call."""
    seen = Seen()

    def observe(request: httpx.Request) -> None:
        request.extensions["finerworks_observer"] = seen

    with Wire() as wire, HTTPClient(base_url=wire.url, **KEYS) as client:
        client.event_hooks = {"request": [observe]}
        for _ in range(2):
            client.post("/v3/list_invoices", json={"page_number": 1, "per_page": 5})
    assert len(seen.responses) == 2
