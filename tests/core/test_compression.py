"""Compressed responses are decompressed within the limit, in every form that servers use, or raise an error."""

import gzip
import io
import itertools
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from hypothesis import given, strategies as st
from pytest_httpx import HTTPXMock

from answers import listing, rows
from callers import KEYS, Caller
from finerworks import HTTPClient, ResponseValidationError, ServerError
from finerworks.compression import DamagedBodyError, decompress
from wire import Wire, http

JSON = json.dumps(listing(rows("a", "b"))).encode()
HALF = len(JSON) // 2
LIMIT = 1_000_000


def members(*parts: bytes) -> bytes:
    """Compress each part as its own gzip member."""
    return b"".join(map(gzip.compress, parts))


def gzip_with_a_name(content: bytes) -> bytes:
    """Compress like a program that writes a file name, and so a longer header."""
    file = io.BytesIO()
    with gzip.GzipFile("page.json", "wb", fileobj=file) as member:
        member.write(content)
    return file.getvalue()


def raw_deflate(content: bytes) -> bytes:
    """Compress without header and checksum."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


TWO = members(JSON[:HALF], JSON[HALF:])

READABLE = {
    "one member": ("gzip", members(JSON)),
    "two members": ("gzip", TWO),
    "a member for every byte": ("gzip", members(*(bytes([each]) for each in JSON))),
    "an empty member first": ("gzip", members(b"", JSON)),
    "an empty member between": ("gzip", members(JSON[:HALF], b"", JSON[HALF:])),
    "an empty member last": ("gzip", members(JSON, b"")),
    "members with names": ("gzip", gzip_with_a_name(JSON[:HALF]) + gzip_with_a_name(JSON[HALF:])),
    "zeros behind": ("gzip", TWO + bytes(512)),
    "zeros between": ("gzip", members(JSON[:HALF]) + bytes(100) + members(JSON[HALF:])),
    "something else behind": ("gzip", TWO + b"\r\n"),
    "x-gzip": ("x-gzip", TWO),
    "GZIP": ("GZIP", TWO),
    "X-GZip": (" X-GZip ", TWO),
    "gzip twice": ("gzip, gzip", gzip.compress(TWO)),
    "x-gzip over gzip": ("gzip,x-gzip", gzip.compress(TWO)),
    "identity": ("identity", JSON),
    "identity and gzip": ("identity, gzip", TWO),
    "gzip and nothing": ("gzip,", TWO),
    "deflate": ("deflate", zlib.compress(JSON)),
    "deflate without its head": ("deflate", raw_deflate(JSON)),
    "deflate over gzip": ("gzip, deflate", zlib.compress(TWO)),
    "a charset": ("utf-8", JSON),
    "nothing, by name": ("", JSON),
}
"""The header, and a valid body with the page."""

DAMAGED = {
    "a member that is cut off": ("gzip", members(JSON)[:-9]),
    "a checksum that is cut off": ("gzip", members(JSON)[:-1]),
    "a second member that is cut off": ("gzip", TWO[:-9]),
    "a second checksum that is cut off": ("gzip", TWO[:-1]),
    "a second head that is cut off": ("gzip", members(JSON, b"")[: len(members(JSON)) + 4]),
    "one byte of a second head": ("gzip", members(JSON) + b"\x1f"),
    "a wrong checksum": ("gzip", members(JSON)[:-8] + b"\0\0\0\0" + members(JSON)[-4:]),
    "a wrong length": ("gzip", members(JSON)[:-4] + b"\0\0\0\0"),
    "a wrong checksum of the second member": ("gzip", TWO[:-8] + b"\0\0\0\0" + TWO[-4:]),
    "a second member that is something else": ("gzip", members(JSON) + b"\x1f\x8b\x08 no"),
    "plain text": ("gzip", JSON),
    "gzip once, where it is to be twice": ("gzip, gzip", TWO),
    "deflate as gzip": ("gzip", zlib.compress(JSON)),
    "gzip as deflate": ("deflate", members(JSON)),
    "deflate that is cut off": ("deflate", zlib.compress(JSON)[:-1]),
    "raw deflate that is cut off": ("deflate", raw_deflate(JSON)[:-1]),
    "a wrong checksum of deflate": ("deflate", zlib.compress(JSON)[:-4] + b"\0\0\0\0"),
    "too many codings": (", ".join(["gzip"] * 6), members(JSON)),
}
"""The header, and a body that does not match it."""

UNREADABLE = {
    **DAMAGED,
    "a first member that is half the page": ("gzip", members(JSON[:HALF])),
    "a coding that was not requested": ("br", b"\x1b\x0f\x00\xf8"),
    "another coding that was not requested": ("zstd", b"\x28\xb5\x2f\xfd\x04\x00"),
    "a coding that does not exist": ("x-deflate", zlib.compress(JSON)),
    "a known coding over an unknown one": ("br, gzip", gzip.compress(b"\x1b\x0f\x00\xf8")),
}
"""The same, with bodies whose content is no page."""


@pytest.mark.parametrize("name", READABLE)
def test_what_servers_send_is_read(caller: Caller, name: str) -> None:
    """Every form that servers use is decompressed at the first attempt."""
    encoding, body = READABLE[name]
    head = [f"Content-Encoding: {encoding}"]
    with Wire(lambda exchange: exchange.send(http(body, 200, *head))) as wire:
        page = caller.page(**KEYS, base_url=wire.url)
    assert page.total_count == 2
    assert len(wire.exchanges) == 1


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_requested_again(caller: Caller, name: str) -> None:
    """A damaged body is requested again, and the error names the coding."""
    encoding, body = UNREADABLE[name]
    head = [f"Content-Encoding: {encoding}"]
    with Wire(lambda exchange: exchange.send(http(body, 200, *head))) as wire:
        (error,) = caller.refusals(1, **KEYS, base_url=wire.url)
    assert isinstance(error, ResponseValidationError)
    assert f"not JSON (Content-Encoding: {encoding}" in str(error)
    assert len(wire.exchanges) == error.attempts == 3


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that arrives in small parts."""

    def __init__(self, body: bytes) -> None:
        self._chunks = [body[start : start + 7] for start in range(0, len(body), 7)]

    def __iter__(self) -> Iterator[bytes]:
        """Yield the parts."""
        yield from self._chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts."""
        for chunk in self._chunks:
            yield chunk


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("in_parts", [True, False], ids=["in parts", "as a whole"])
def test_mocks_may_send_the_same(
    caller: Caller, httpx_mock: HTTPXMock, name: str, *, in_parts: bool
) -> None:
    """All members of a mock's gzip body are decompressed. httpx reads only the first."""
    encoding, body = READABLE[name]
    headers = {"Content-Encoding": encoding}

    def respond(_: httpx.Request) -> httpx.Response:
        if in_parts:
            return httpx.Response(200, headers=headers, stream=Chunks(body))
        return httpx.Response(200, headers=headers, content=body)

    httpx_mock.add_callback(respond)
    assert caller.page(**KEYS).total_count == 2


def test_a_mock_may_return_the_same_response_twice() -> None:
    """Reading a response does not change it."""
    response = httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=TWO)
    transport = httpx.MockTransport(lambda _: response)
    with HTTPClient(**KEYS, transport=transport) as client:
        for _ in range(2):
            assert client.post("/v3/list_invoices", json={}).json()["total_count"] == 2
    assert response.headers["Content-Encoding"] == "gzip"


def test_a_transport_may_have_read_the_body() -> None:
    """A body that the caller's transport has read is not decompressed again."""

    class Reader(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            response.read()
            return response

    body = http(members(JSON), 200, "Content-Encoding: gzip")
    with (
        Wire(lambda exchange: exchange.send(body)) as wire,
        HTTPClient(**KEYS, base_url=wire.url, transport=Reader()) as client,
    ):
        assert client.post("/v3/list_invoices", json={}).json()["total_count"] == 2


def test_the_response_says_nothing_of_its_compression(caller: Caller) -> None:
    """The returned response has the decompressed body, and no Content-Encoding."""
    body = http(TWO, 200, "Content-Encoding: x-gzip")
    with Wire(lambda exchange: exchange.send(body)) as wire:
        request = httpx.Request("POST", f"{wire.url}/v3/list_invoices", json={})
        response = caller.send(request, **KEYS, base_url=wire.url)
    assert response.content == JSON
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "gzip, gzip", "deflate"])
def test_no_body_needs_no_decompression(caller: Caller, encoding: str) -> None:
    """An empty body is empty in any coding."""
    body = http(b"", 200, f"Content-Encoding: {encoding}")
    with Wire(lambda exchange: exchange.send(body)) as wire:
        request = httpx.Request("POST", f"{wire.url}/v3/submit_order", json={})
        assert caller.send(request, **KEYS, base_url=wire.url).json() is None


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_body_is_not_an_empty_one(caller: Caller, name: str) -> None:
    """A damaged response to an operation that writes is an error, not an empty success."""
    encoding, body = DAMAGED[name]
    head = [f"Content-Encoding: {encoding}"]
    with Wire(lambda exchange: exchange.send(http(body, 200, *head))) as wire:
        request = httpx.Request("POST", f"{wire.url}/v3/submit_order", json={})
        with pytest.raises(ResponseValidationError, match="not JSON"):
            caller.send(request, **KEYS, base_url=wire.url)
    assert len(wire.exchanges) == 1


def test_the_body_of_an_error_is_read_alike(caller: Caller) -> None:
    """The server's message in a compressed error is quoted, with any number of members."""
    body = members(b'{"message": "Closed ', b'for repairs"}')
    head = ["Content-Encoding: x-gzip"]
    with Wire(lambda exchange: exchange.send(http(body, 503, *head))) as wire:
        (error,) = caller.refusals(1, **KEYS, base_url=wire.url)
    assert isinstance(error, ServerError)
    assert "HTTP 503: Closed for repairs." in str(error)
    assert error.body == '{"message": "Closed for repairs"}'


@pytest.mark.parametrize("name", DAMAGED)
def test_nothing_of_a_damaged_error_is_quoted(caller: Caller, name: str) -> None:
    """A damaged body of an error is not quoted: it could end in the middle of a key."""
    encoding, body = DAMAGED[name]
    head = [f"Content-Encoding: {encoding}"]
    with Wire(lambda exchange: exchange.send(http(body, 503, *head))) as wire:
        (error,) = caller.refusals(1, **KEYS, base_url=wire.url)
    assert isinstance(error, ServerError)
    assert error.body == ""
    assert len(wire.exchanges) == 3


def spaced(size: int) -> bytes:
    """Return the page, padded with spaces to a size."""
    return JSON + b" " * (size - len(JSON))


@pytest.mark.parametrize("parts", [1, 2, 50])
@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
def test_the_limit_is_for_all_members_together(caller: Caller, size: int, parts: int) -> None:
    """A body of the maximum size is read, and one byte more is an error, in any number of members."""
    content = spaced(size)
    step = size // parts + 1
    body = members(*(content[start : start + step] for start in range(0, size, step)))
    response = http(body, 200, "Content-Encoding: gzip")
    with Wire(lambda exchange: exchange.send(response)) as wire:
        if size == LIMIT:
            assert caller.page(**KEYS, base_url=wire.url, max_body_bytes=LIMIT).total_count == 2
            return
        (error,) = caller.refusals(1, **KEYS, base_url=wire.url, max_body_bytes=LIMIT)
    assert "larger than max_body_bytes=1,000,000" in str(error)
    assert len(wire.exchanges) == 1


BOMB = gzip.compress(bytes(100_000_000))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", BOMB),
        ("gzip", members(JSON) + BOMB),
        ("gzip", members(*[b" " * 1_000] * 500) + BOMB),
        ("gzip, gzip", gzip.compress(BOMB)),
        ("gzip, gzip", gzip.compress(members(JSON)) + gzip.compress(BOMB)),
        ("deflate", zlib.compress(bytes(100_000_000))),
        ("deflate", raw_deflate(bytes(100_000_000))),
    ],
    ids=["first", "second", "late", "twice", "second twice", "deflate", "raw deflate"],
)
def test_a_bomb_is_not_decompressed(encoding: str, body: bytes) -> None:
    """No more than the limit is decompressed, and memory stays within a small multiple of it."""
    tracemalloc.start()
    try:
        content = decompress(body, encoding, LIMIT + 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(content) == LIMIT + 1
    assert peak < 5 * LIMIT


@given(
    parts=st.lists(st.binary(max_size=100), min_size=1, max_size=10),
    padding=st.integers(0, 10),
    limit=st.integers(1, 1_000),
)
def test_however_it_is_cut(parts: list[bytes], padding: int, limit: int) -> None:
    """The content of all members is returned, up to the limit."""
    body = b"".join(gzip.compress(part) + bytes(padding) for part in parts)
    content = b"".join(parts)
    assert decompress(body, "gzip", limit) == content[:limit]


@given(parts=st.lists(st.binary(max_size=100), min_size=1, max_size=4), data=st.data())
def test_wherever_it_ends_early(parts: list[bytes], data: st.DataObject) -> None:
    """A body that ends inside a member is damaged. One that ends after a member is valid."""
    ends = list(itertools.accumulate(len(gzip.compress(part)) for part in parts))
    end = data.draw(st.integers(1, ends[-1]))
    body = members(*parts)[:end]
    if end in ends:
        assert decompress(body, "gzip", LIMIT) == b"".join(parts[: ends.index(end) + 1])
        return
    with pytest.raises(DamagedBodyError, match="the body ends early"):
        decompress(body, "gzip", LIMIT)
