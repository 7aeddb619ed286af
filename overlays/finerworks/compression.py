"""Undoes the compression of a response, within a limit.

Only gzip is requested. What arrives may still be spelled ``x-gzip``, have several members (RFC
1952), be compressed twice, or be deflate: a server or proxy decides that, and other clients read
it too.
"""

import re
import zlib
from collections.abc import Callable

MAX_CODINGS = 5
"""The most codings of one body that are undone. curl has the same limit."""

GZIP_MAGIC = b"\x1f\x8b"
"""How each member of gzip begins."""

_GZIP = zlib.MAX_WBITS | 16
_ZLIB = zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS

_SLICE = 4096
"""Bytes that are decompressed at a time. zlib copies what follows the end of a member, so a body of
many short members would be copied as often if it were decompressed as one."""

_PADDING = re.compile(rb"\0*")


class DamagedBodyError(ValueError):
    """A compressed body is damaged, or ends early."""


def decompress(body: bytes, content_encoding: str, limit: int) -> bytes:
    """Return a body without its compression: at most ``limit`` bytes, however much it holds.

    A coding that is not known is not undone, nor are those that were applied before it. Some
    servers name the charset here, or anything else, and send plain text.

    Args:
        body: The body as it arrived.
        content_encoding: The `Content-Encoding` of the response: its codings, in the order in
            which they were applied. Empty if it has none.
        limit: The most bytes to return, and to hold for each coding.

    Raises:
        DamagedBodyError: It is damaged, or ends early.
    """
    for coding in reversed(_codings(content_encoding)):
        decoder = _DECODERS.get(coding)
        if decoder is None:
            break
        # A response without a body may have a coding nevertheless.
        if body:
            body = decoder(body, limit)
    return body


def _codings(content_encoding: str) -> list[str]:
    """Return the codings in a `Content-Encoding`, in lower case.

    Raises:
        DamagedBodyError: There are more than anyone needs.
    """
    codings = [coding.strip().lower() for coding in content_encoding.split(",")]
    applied = [coding for coding in codings if coding not in ("", "identity")]
    if len(applied) > MAX_CODINGS:
        raise DamagedBodyError(f"these are more than {MAX_CODINGS} codings")
    return applied


class _Inflater:
    """Decompresses a body, stream by stream.

    Args:
        body: The compressed body.
        limit: The most bytes to decompress.

    Attributes:
        content: What is decompressed.
    """

    def __init__(self, body: bytes, limit: int) -> None:
        self.content = bytearray()
        self._body = body
        self._limit = limit
        self._position = 0

    @property
    def full(self) -> bool:
        """Whether the limit is reached."""
        return len(self.content) >= self._limit

    def read_stream(self, wbits: int) -> None:
        """Decompress the next stream, no further than to the limit.

        Args:
            wbits: Its format, as zlib has it.

        Raises:
            DamagedBodyError: It is damaged, or ends early.
        """
        stream = zlib.decompressobj(wbits)
        while not stream.eof and not self.full:
            compressed = self._body[self._position : self._position + _SLICE]
            if not compressed:
                raise DamagedBodyError("the body ends early")
            try:
                self.content += stream.decompress(compressed, self._limit - len(self.content))
            except zlib.error as error:
                raise DamagedBodyError("the body is damaged") from error
            self._position += len(compressed) - len(stream.unused_data)

    def find_member(self) -> bool:
        """Go on to the next member of gzip. Return whether there is one.

        Zeros before it are padding. Anything else that is no member, not even the beginning of one,
        is ignored, as browsers do: the members before it have checksums of their own.
        """
        padding = _PADDING.match(self._body, self._position)
        if padding is not None:
            self._position = padding.end()
        magic = self._body[self._position : self._position + len(GZIP_MAGIC)]
        return bool(magic) and GZIP_MAGIC.startswith(magic)


def _decompress_gzip(body: bytes, limit: int) -> bytes:
    inflater = _Inflater(body, limit)
    inflater.read_stream(_GZIP)
    while not inflater.full and inflater.find_member():
        inflater.read_stream(_GZIP)
    return bytes(inflater.content)


def _decompress_deflate(body: bytes, limit: int) -> bytes:
    """Return the content of deflate. HTTP means zlib's format, but some servers send it raw."""
    inflater = _Inflater(body, limit)
    inflater.read_stream(_ZLIB if _has_zlib_header(body) else _RAW_DEFLATE)
    return bytes(inflater.content)


def _has_zlib_header(body: bytes) -> bool:
    """Return whether a body begins as zlib's format does (RFC 1950, 2.2)."""
    header = body[:2]
    method = header[0] & 0x0F
    return method == zlib.DEFLATED and int.from_bytes(header) % 31 == 0


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _decompress_gzip,
    "x-gzip": _decompress_gzip,
    "deflate": _decompress_deflate,
}
