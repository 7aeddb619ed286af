"""Decompress a response, within a limit.

Only gzip is requested. A server or proxy may still send ``x-gzip``, several members (RFC 1952), a
body that is compressed twice, or deflate. Other clients accept these too.
"""

import re
import zlib
from collections.abc import Callable

MAX_CODINGS = 5
"""The maximum number of codings of one body. curl has the same limit."""

GZIP_MAGIC = b"\x1f\x8b"
"""The first bytes of each gzip member."""

_GZIP = zlib.MAX_WBITS | 16
_ZLIB = zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS

_SLICE = 4096
"""Bytes that are decompressed at a time. zlib copies the rest after each member. If a body with
many short members were decompressed at once, its rest would be copied many times."""

_PADDING = re.compile(rb"\0*")


class DamagedBodyError(ValueError):
    """A compressed body is damaged or incomplete."""


def decompress(body: bytes, content_encoding: str, limit: int) -> bytes:
    """Return a decompressed body, but at most ``limit`` bytes.

    Decoding stops at an unknown coding. Some servers put the charset or something else here, and
    send plain text.

    Args:
        body: The compressed body.
        content_encoding: The `Content-Encoding` of the response: its codings, in the order in
            which they were applied. Empty if it has none.
        limit: The maximum number of bytes to return, and to hold for each coding.

    Raises:
        DamagedBodyError: It is damaged, or ends early.
    """
    for coding in reversed(_codings(content_encoding)):
        decoder = _DECODERS.get(coding)
        if decoder is None:
            break
        # A response without a body may still have a coding.
        if body:
            body = decoder(body, limit)
    return body


def _codings(content_encoding: str) -> list[str]:
    """Return the codings in a `Content-Encoding`, in lower case.

    Raises:
        DamagedBodyError: There are too many.
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
        limit: The maximum number of bytes to decompress.

    Attributes:
        content: The decompressed content.
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
        """Decompress the next stream, up to the limit.

        Args:
            wbits: The format, as zlib's parameter ``wbits``.

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
        """Continue with the next gzip member. Return whether there is one.

        Zeros before it are padding. Anything else that is not the beginning of a member is ignored,
        as in browsers: the members before it have their own checksums.
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
    """Return the content of deflate. HTTP specifies zlib's format, but some servers send it raw."""
    inflater = _Inflater(body, limit)
    inflater.read_stream(_ZLIB if _has_zlib_header(body) else _RAW_DEFLATE)
    return bytes(inflater.content)


def _has_zlib_header(body: bytes) -> bool:
    """Return whether a body begins with a zlib header (RFC 1950, 2.2)."""
    header = body[:2]
    method = header[0] & 0x0F
    return method == zlib.DEFLATED and int.from_bytes(header) % 31 == 0


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _decompress_gzip,
    "x-gzip": _decompress_gzip,
    "deflate": _decompress_deflate,
}
