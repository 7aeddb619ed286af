"""The file that `check --shape` writes. `docs/guides/shape.md` explains each part of it."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Final, cast

import httpx

from finerworks import __version__
from finerworks.cli.shape import contract, findings, plan
from finerworks.cli.shape.exchange import Exchange, Received
from finerworks.cli.shape.names import ERROR_FIELDS, HEADERS, NameFilter
from finerworks.cli.shape.values import FieldShape, json_type, texts_of
from finerworks.config import LOOPBACK_HOSTS, PRODUCTION, TEST

FORMAT: Final = 1
"""The version of the format. It changes if programs that read an older version would fail."""

MAX_WIDTH: Final = 100
"""The maximum length of a line, if it can be split."""

OTHER: Final = "another"
"""Replaces a word that is in none of the lists below."""

NOTHING: Final = "none"

_OFFICIAL_HOSTS = frozenset({PRODUCTION, TEST, "https://api.finerworks.com"})
_HTTP_VERSIONS = frozenset({"HTTP/1.0", "HTTP/1.1", "HTTP/2"})
_MEDIA_TYPES = frozenset(
    {
        "application/json",
        "application/problem+json",
        "application/xml",
        "text/html",
        "text/json",
        "text/plain",
        "text/xml",
    }
)
_CHARSETS = frozenset({"utf-8", "utf-16", "iso-8859-1", "us-ascii", "windows-1252"})
_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "identity"})

Objects = list[dict[str, object]]


def describe(
    asked: plan.Interview, *, base_url: httpx.URL, keys: Collection[str]
) -> dict[str, object]:
    """Return the content of the file.

    Args:
        asked: The requests and their results.
        base_url: The origin that they were sent to.
        keys: The keys, which must not be in the file.
    """
    names = NameFilter(keys, _values_of(asked.exchanges))
    responses = [each.received for each in asked.exchanges if each.received is not None]
    headers = names.sort((name for each in responses for name in each.headers), HEADERS)
    return {
        "format": FORMAT,
        "finerworks": __version__,
        "host": _host(base_url),
        "connection": _connection(responses),
        "requests": [_request(exchange) for exchange in asked.exchanges],
        "bodies": _bodies(responses),
        "headers": {"names": headers.written, "not_written": headers.not_written},
        "findings": _findings(asked, names),
        "objects": _objects(asked, names),
    }


def render(value: object, indent: str = "") -> str:
    """Return JSON in which every object that fits in a line is one line."""
    line = json.dumps(value)
    if len(indent) + len(line) <= MAX_WIDTH:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value).items()
        parts = [f"{json.dumps(name)}: {render(field, inner)}" for name, field in fields]
        opening, closing = "{", "}"
    elif isinstance(value, list):
        parts = [render(item, inner) for item in cast("list[object]", value)]
        opening, closing = "[", "]"
    else:
        return line
    lines = ",\n".join(inner + part for part in parts)
    return f"{opening}\n{lines}\n{indent}{closing}"


def _values_of(exchanges: Iterable[Exchange]) -> Iterable[str]:
    """Yield every value of the responses: of their JSON, and of their headers."""
    for exchange in exchanges:
        yield from texts_of(exchange.data)
        if exchange.received is not None:
            yield from exchange.received.headers.values()


def _host(base_url: httpx.URL) -> str:
    origin = str(base_url).rstrip("/")
    if origin in _OFFICIAL_HOSTS:
        return origin
    return "this machine" if base_url.host in LOOPBACK_HOSTS else OTHER


def _known(value: str, words: Collection[str]) -> str:
    """Return a text if it is in a list. Any other text may be data."""
    if not value:
        return NOTHING
    return value if value in words else OTHER


def _connection(responses: Sequence[Received]) -> dict[str, object]:
    """Return the versions of the protocols. This machine's OpenSSL names those of TLS."""
    connections = [response.connection for response in responses]
    return {
        "http": sorted({_known(each.http, _HTTP_VERSIONS) for each in connections}),
        "tls": sorted({each.tls for each in connections if each.tls}),
        "ciphers": sorted({each.cipher for each in connections if each.cipher}),
    }


def _request(exchange: Exchange) -> dict[str, object]:
    return {
        "purpose": exchange.question.purpose,
        "status": exchange.status,
        "sdk": type(exchange.error).__name__ if exchange.error else "accepted",
        "body": _body(exchange),
        "rows": None if exchange.rows is None else len(exchange.rows),
    }


def _bodies(responses: Sequence[Received]) -> dict[str, object]:
    """Return the number of responses with each media type, character set and compression."""
    media_types = Counter[str]()
    charsets = Counter[str]()
    encodings = Counter[str]()
    for response in responses:
        media_type, _, parameters = _header(response, "content-type").partition(";")
        charset = parameters.strip().removeprefix("charset=").strip('"')
        media_types[_known(media_type.strip(), _MEDIA_TYPES)] += 1
        charsets[_known(charset, _CHARSETS)] += 1
        encodings[_known(_header(response, "content-encoding"), _ENCODINGS)] += 1
    return {
        "media_types": dict(sorted(media_types.items())),
        "charsets": dict(sorted(charsets.items())),
        "encodings": dict(sorted(encodings.items())),
    }


def _header(response: Received, name: str) -> str:
    return str(response.headers.get(name, "")).lower()


def _body(exchange: Exchange) -> str:
    """Return what a body is."""
    if exchange.received is None:
        return "none arrived"
    if exchange.data is not None:
        return json_type(exchange.data)
    content = exchange.received.content.strip()
    if not content:
        return "empty"
    return "null" if content == b"null" else "not JSON"


def _findings(asked: plan.Interview, names: NameFilter) -> dict[str, object]:
    pages = asked.pages
    others = asked.others
    sizes = {
        "1": findings.page_size(others.get(plan.ONE_ROW), 1, pages),
        "25": findings.page_size(pages[0], plan.PAGE_SIZE, pages),
        "26": findings.page_size(others.get(plan.TOO_LARGE), plan.PAGE_SIZE + 1, pages),
        "left out": findings.default_page_size(others.get(plan.NO_SIZE), pages),
    }
    return {
        "pages_read": len(pages),
        "rows_read": plan.rows_read(pages),
        "repeated_rows": findings.repeated_rows(pages),
        "order": _orders(_rows(pages), names),
        "total_count": findings.meaning_of_total(
            asked.exchanges, pages, complete=asked.is_complete
        ),
        "per_page": sizes,
        "page_after_last": findings.page_after_last(asked.after_last),
        "first_page_again": findings.first_page_again(pages[0], others.get(plan.AGAIN)),
    }


def _orders(rows: Objects, names: NameFilter) -> dict[str, str]:
    """Return the order of the invoices by each of their dates."""
    fields = names.sort({name for row in rows for name in row}, contract.INVOICE).written
    orders = {name: findings.order_of(row.get(name) for row in rows) for name in fields}
    return {name: order for name, order in orders.items() if order != findings.UNKNOWN}


def _rows(pages: Iterable[Exchange]) -> Objects:
    return _only_objects(row for page in pages for row in page.rows or [])


def _only_objects(values: Iterable[object]) -> Objects:
    return [cast("dict[str, object]", value) for value in values if isinstance(value, dict)]


def _objects(asked: plan.Interview, names: NameFilter) -> dict[str, object]:
    """Return the fields of each kind of object."""
    envelopes = _only_objects(each.data for each in asked.exchanges if each.is_success)
    failures = _only_objects(each.data for each in asked.exchanges if not each.is_success)
    described = {
        "envelope": _fields(envelopes, contract.ENVELOPE, names),
        "status": _fields(_inner(envelopes, "status"), contract.STATUS, names),
        "invoice": _fields(_rows(asked.pages), contract.INVOICE, names),
        "error": _fields(failures, ERROR_FIELDS, names),
        "ModelState": _fields(_inner(failures, "ModelState"), ERROR_FIELDS, names),
    }
    return {kind: fields for kind, fields in described.items() if fields["count"]}


def _inner(objects: Objects, name: str) -> Objects:
    """Return the objects that are in a field of others."""
    return _only_objects(each.get(name) for each in objects)


def _fields(objects: Objects, known: Collection[str], names: NameFilter) -> dict[str, object]:
    """Return the findings about the fields of objects of one kind."""
    found = names.sort({name for each in objects for name in each}, known)
    shapes = {name: FieldShape() for name in found.written}
    for each in objects:
        for name, value in each.items():
            if name in shapes:
                shapes[name].add(value)
    return {
        "count": len(objects),
        "names_not_written": found.not_written,
        "fields": {name: shape.to_json(len(objects)) for name, shape in shapes.items()},
    }
