"""The whole client under made-up answers: only typed errors come out, or what the contract allows.

What an answer is worth is judged here without the SDK: by a JSON Schema validator that reads
openapi.yaml, with numbers read as decimals. Nothing of `finerworks.validation` is used for it.
"""

import asyncio
import copy
import dataclasses
import datetime as dt
import gzip
import json
import pickle
import re
import ssl
import traceback
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Context, Decimal
from typing import Any, TypeAlias, cast

import httpx
import pytest
import yaml
from httpx_aiohttp import AiohttpTransport
from hypothesis import given, strategies as st
from openapi_schema_validator import OAS30Validator

import finerworks
from answers import REFUSED_KEYS, STATUS, listing, rows
from callers import Keys
from finerworks import AsyncFinerWorks, AsyncHTTPClient, FinerWorks, FinerWorksError, HTTPClient
from finerworks.sandbox.app import contract_path
from finerworks_client.api.invoices import list_invoices
from finerworks_client.models import Invoice, InvoiceList, InvoiceListRequest
from wire import Exchange, Wire

# Unlike all else that is made up here, so that any part of one that is found is a leak.
KEYS: Keys = {"web_api_key": "Zq7wXk39vLw0Jd8sRt", "app_key": "Qj8aYp41mNt6Vb2cHg"}
SECRETS = [KEYS["web_api_key"], KEYS["app_key"]]
PARTS = [key[start : start + 6] for key in SECRETS for start in range(len(key) - 5)]
"""Six characters of a key in a row are a part of it."""

MOST = 64 * 1024
"""The client's max_body_bytes."""

# --- made-up JSON ---------------------------------------------------------------------------------

Text: TypeAlias = st.SearchStrategy[str]


def joined(*texts: Text, by: str = "") -> Text:
    """Put texts together."""
    return st.tuples(*texts).map(by.join)


ECHOES: Text = joined(
    # Long enough for a key to meet the end of a message, of a reference or of a body that is kept.
    (st.integers(0, 40) | st.sampled_from([470, 480, 490, 495, 970, 1970, 1980, 1990, 1995])).map(
        "-".__mul__
    ),
    st.sampled_from(SECRETS),
    st.sampled_from(["", " ", "/", "long " * 500]),
)
WORDS: Text = st.text(st.characters(), max_size=8)  # lone surrogates too
STRINGS: Text = st.one_of(
    WORDS, ECHOES, st.sampled_from(["", "0", "true", "INV-0", "2026-02-01", "\ud800", "\x00"])
).flatmap(lambda text: st.booleans().map(lambda plain: json.dumps(text, ensure_ascii=plain)))
NUMBERS: Text = st.one_of(
    st.integers().map(str),
    st.floats().map(json.dumps),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    st.from_regex(r"\A-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,20})?\Z"),
    st.sampled_from(["NaN", "Infinity", "-Infinity"]),
    st.sampled_from(["1.0", "-0", "-0.0", "1e999", "9" * 400, "9" * 5000, "0." + "1" * 5000]),
    st.sampled_from(["2147483647", "2147483648", "-1", "01", "+1", ".5", "1.", "0x1", "1_0"]),
)
MOMENTS: Text = joined(
    st.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat()),
    st.sampled_from(["", ".0", ".1234567", ".123456789", ",5", "."]),
    st.sampled_from(["", "Z", "-06:00", "+23:59", "+24:00", "-0600", " ", "[UTC]"]),
).map(json.dumps)
NAMES: Text = st.sampled_from(
    [
        "status",
        "invoices",
        "total_count",
        "success",
        "message",
        "Message",
        "ModelState",
        "invoice_id",
        "amount_due",
        "due_date",
        "debug",
        "reference_id",
        "status_code",
        "x",
        "__class__",
        "additional_properties",
    ]
)
DEEP: Text = st.sampled_from(
    ["[" * 9 + "]" * 9, "[" * 900 + "]" * 900, "[" * 20_000, '{"a":' * 5_000 + "1" + "}" * 5_000]
)


def arrays(values: Text) -> Text:
    """Make lists."""
    return st.lists(values, max_size=3).map(",".join).map("[{}]".format)


def members(values: Text) -> Text:
    """Make objects, in which a name may come twice."""
    pairs = joined(NAMES.map(json.dumps) | STRINGS, values, by=":")
    return st.lists(pairs, max_size=4).map(",".join).map("{{{}}}".format)


ANYTHING: Text = st.recursive(
    st.one_of(st.sampled_from(["null", "true", "false"]), NUMBERS, STRINGS, MOMENTS, DEEP),
    lambda values: arrays(values) | members(values),
    max_leaves=6,
)

# --- good answers, and what becomes of them -------------------------------------------------------

REJECTED: dict[str, object] = {
    "status": {**STATUS, "success": False, "message": "no"},
    "invoices": None,
    "total_count": 0,
}

# What comes close to right in a field, and so gets far.
LIKELY: dict[str, Text] = {
    **dict.fromkeys(["amount_due", "total_count", "status_code"], NUMBERS),
    **dict.fromkeys(
        ["due_date", "invoice_date", "invoice_month", "first_day_of_month", "last_day_of_month"],
        MOMENTS,
    ),
    **dict.fromkeys(["invoice_id", "message", "Message", "reference_id", "domain"], STRINGS),
    "success": st.sampled_from(["true", "false"]),
}


def parts_of(value: object) -> Iterator[dict[str, object]]:
    """Give an answer's objects: itself, and those in it."""
    inner: list[object] = []
    if isinstance(value, dict):
        yield (part := cast("dict[str, object]", value))
        inner = list(part.values())
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    for each in inner:
        yield from parts_of(each)


@st.composite
def mutations(draw: st.DrawFn, good: dict[str, object]) -> str:
    """Change a good answer in one or two places: a field replaced, removed, added or given twice."""
    answer, marks = copy.deepcopy(good), dict[str, str]()
    for turn in range(draw(st.integers(0, 2))):
        part = draw(st.sampled_from(list(parts_of(answer))))
        names = [*sorted(part), *(name for name in LIKELY if name in part)]
        name = draw(st.sampled_from(names)) if names else "x"
        mark, value = f"@{turn}@", draw(LIKELY.get(name, ANYTHING) | ANYTHING)
        change = draw(st.sampled_from(["replace", "replace", "remove", "add", "twice"]))
        if change == "remove":
            part.pop(name, None)
        else:
            before = json.dumps(part.get(name))
            marks[json.dumps(mark)] = (
                f"{value},{json.dumps(name)}:{before}" if change == "twice" else value
            )
            part[draw(NAMES) if change == "add" else name] = mark
    text = json.dumps(answer)
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text


PAGE_TEXTS: Text = mutations(listing(rows("a"))) | mutations(listing(rows("a", "b", "c")))
DOCUMENTS: Text = st.one_of(
    ANYTHING,
    PAGE_TEXTS,
    mutations(listing(None)),
    mutations(REJECTED),
    mutations(dict(REFUSED_KEYS)),
)

# --- answers on the wire --------------------------------------------------------------------------

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body as it comes on a wire: not decoded, in parts, to be read once."""

    def __init__(self, body: bytes, size: int) -> None:
        self._parts = [body[start : start + size] for start in range(0, len(body), size)]

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a server sends."""

    status: int
    headers: Headers
    body: bytes
    chunk: int = 4096

    def __repr__(self) -> str:
        return f"Answer({self.status}, {self.headers!r:.999}, {self.body!r:.9999}, {self.chunk})"

    def response(self) -> httpx.Response:
        """Make the response that a transport gives for it."""
        return httpx.Response(
            self.status, headers=list(self.headers), stream=Chunks(self.body, self.chunk)
        )

    def written(self) -> bytes:
        """Write it as it goes over a wire."""
        lines = [b"HTTP/1.1 %d Some Reason" % self.status]
        lines += [name + b": " + value for name, value in self.headers]
        body = b"" if self.has_no_body else self.body
        if self.frames_itself or self.has_no_body:
            pass
        elif self.chunk < 4096:
            lines.append(b"Transfer-Encoding: chunked")
            parts = [*Chunks(body, self.chunk), b""]
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
        else:
            lines.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join([*lines, b"", b""]) + body

    @property
    def has_no_body(self) -> bool:
        """Whether HTTP gives a response of this status no body."""
        return self.status < 200 or self.status in {204, 304}

    @property
    def frames_itself(self) -> bool:
        """Whether a header says where the body ends, rightly or wrongly."""
        names = {name.lower() for name, _ in self.headers}
        return not names.isdisjoint({b"content-length", b"transfer-encoding"})

    @property
    def may_break_the_connection(self) -> bool:
        """Whether a client may find on a wire that this is no response, or see another end of it."""
        head = sum(len(name) + len(value) for name, value in self.headers)
        return self.status < 200 or self.frames_itself or head > 8_000

    @property
    def encodings(self) -> list[bytes]:
        """The codings that Content-Encoding names, without those that change nothing."""
        values = [value for name, value in self.headers if name.lower() == b"content-encoding"]
        names = [name.strip().lower() for name in b",".join(values).split(b",")]
        return [name for name in names if name not in (b"", b"identity")]

    @property
    def content(self) -> bytes:
        """The body, unpacked; nothing where it is damaged."""
        content = self.body
        for name in reversed(self.encodings):
            if name not in UNPACK:
                break
            try:
                content = UNPACK[name](content)
            except (zlib.error, EOFError):
                return b""
        return content


def gunzip(body: bytes) -> bytes:
    """Unpack all members of gzip. What is behind them, and is none, does not count."""
    content = b""
    while body and b"\x1f\x8b".startswith(body[:2]):
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        content += member.decompress(body)
        if not member.eof:
            raise EOFError
        body = member.unused_data.lstrip(b"\0")
    return content


UNPACK: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gunzip,
    b"x-gzip": gunzip,
    b"deflate": zlib.decompress,
}
"""How each coding is unpacked."""


def encoded(text: str, codec: str) -> bytes:
    """Write a text as bytes, lone surrogates too."""
    return (
        text.encode(codec, "surrogatepass")
        if codec.startswith("utf")
        else text.encode(codec, "replace")
    )


def damaged(body: bytes) -> st.SearchStrategy[bytes]:
    """Cut a body off, put what does not belong there before or behind it, or make it too large."""
    return st.one_of(
        st.just(body + b" " * MOST),
        st.integers(0, len(body)).map(lambda end: body[:end]),
        st.binary(max_size=3).map(lambda junk: junk + body),
        st.binary(max_size=3).map(lambda junk: body + junk),
    )


def packings(body: bytes) -> list[tuple[bytes, Headers]]:
    """Pack a body in each right way, with the header that says so."""
    zipped = gzip.compress(body, 1, mtime=0)
    half = len(body) // 2
    members = gzip.compress(body[:half], 1, mtime=0) + gzip.compress(body[half:], 1, mtime=0)
    kinds = [
        (body, b"identity"),
        (zipped, b"gzip"),
        (zipped, b"GZIP"),
        (zipped, b"x-gzip"),
        (members, b"gzip"),
        (gzip.compress(members, 1, mtime=0), b"gzip, gzip"),
        (zlib.compress(body), b"deflate"),
    ]
    return [(body, ()), *((form, ((b"Content-Encoding", name),)) for form, name in kinds)]


def packed(body: bytes) -> st.SearchStrategy[tuple[bytes, Headers]]:
    """Pack a body, and say how: rightly, wrongly, twice, in an unknown way, or damaged."""
    zipped = gzip.compress(body, 1, mtime=0)
    wrong = [
        (body, b"gzip"),
        (zipped, b""),
        (zlib.compress(body), b"x-deflate"),
        (zlib.compress(body), b"gzip"),
        (gzip.compress(zipped), b"gzip"),
        (zipped, b"gzip, gzip"),
        (zipped + zipped, b"gzip"),
        (body, b"br"),
        (body, b"\xe9"),
    ]
    cut = damaged(zipped).map(lambda part: (part, b"gzip"))
    said = (st.sampled_from(wrong) | cut).map(
        lambda each: (each[0], ((b"Content-Encoding", each[1]),))
    )
    return st.sampled_from(packings(body)) | said


# What HTTP lets a header have: no control characters. httpx makes text of it by guessing.
LINES: st.SearchStrategy[bytes] = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20
).map(lambda text: text.strip().encode("latin-1"))
LOCATIONS = joined(
    st.sampled_from(
        ["", "http://", "https://", "//", "http:", "data:", "://", "https://user:pass@"]
    ),
    st.sampled_from(
        [
            "",
            "other.test",
            "xn--",
            "xn--999",
            "[::1]",
            "[::1",
            "[v1.a]",
            "é.test",
            "a..b",
            "1.2.3.4.5",
            "%",
        ]
    )
    | st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), max_size=5),
    st.sampled_from(["", ":", ":0", ":99999999", ":b", ":-1"]),
    st.sampled_from(["", "/", "/a b", "?q", "#f", "/%zz", "/" + "a" * 70_000]),
).map(str.encode)
WAITS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    joined(
        st.sampled_from(["Mon, 01", "Mon, 31", "99", "x, 0", "-1"]),
        st.sampled_from(["Jan", "Feb", "x"]),
        st.sampled_from(["1", "99", "1970", "2026", "9999", "99999", "9" * 30]),
        st.sampled_from(["00:00:00", "23:59:60", "99:99:99", "1", "1:1:1:1", ""]),
        st.sampled_from(["GMT", "-0000", "+9999", "", "+" + "9" * 30]),
        by=" ",
    ),
).map(str.encode)
COOKIES = joined(
    st.sampled_from(["a=b", "=", "a", 'a="b', "\xe9=\xff", ""]),
    st.sampled_from(
        [
            "expires=x",
            "expires=Mon, 99 Jan 99999 99:99:99 GMT",
            "Max-Age=1e9",
            "Max-Age=" + "9" * 30,
        ]
    ),
    st.sampled_from(
        ["", "domain=\xff", "domain=.", "domain=other.test", "port=x", "version=x", "path=\xe9"]
    ),
    by="; ",
).map(lambda text: text.encode("latin-1"))
EXTRAS: st.SearchStrategy[Headers] = st.lists(
    st.one_of(
        st.tuples(st.just(b"Location"), LOCATIONS | LINES),
        st.tuples(st.just(b"Retry-After"), WAITS | LINES),
        st.tuples(st.just(b"Set-Cookie"), COOKIES | LINES),
        st.tuples(
            st.just(b"Content-Type"),
            st.sampled_from([b"text/html", b"application/json; charset=x"]) | LINES,
        ),
        st.tuples(
            st.sampled_from([b"Content-Length", b"Transfer-Encoding", b"X-Other", b"Date"]), LINES
        ),
    ),
    max_size=3,
).map(tuple)
STATUSES = st.one_of(
    st.sampled_from([200] * 6),
    st.sampled_from([201, 204, 299, 301, 302, 400, 401, 429, 500, 503]),
    st.integers(100, 999),
)


@st.composite
def answers(draw: st.DrawFn, statuses: st.SearchStrategy[int] = STATUSES) -> Answer:
    """Make an answer: a document or any bytes, perhaps damaged, in any packing, with any headers."""
    if draw(st.booleans()):
        # A good status, whole on the wire: what is wrong with it, if anything is, is in its fields.
        wire, encoding = draw(
            PAGE_TEXTS.map(lambda text: packings(encoded(text, "utf-8"))).flatmap(st.sampled_from)
        )
        return Answer(200, draw(EXTRAS) + encoding, wire)
    codec = draw(
        st.sampled_from(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"])
    )
    body = draw(DOCUMENTS.map(lambda text: encoded(text, codec)) | st.binary(max_size=50))
    if draw(st.sampled_from([False] * 5 + [True])):
        body = draw(damaged(body))
    wire, encoding = draw(packed(body))
    return Answer(
        draw(statuses),
        draw(EXTRAS) + encoding,
        wire,
        draw(st.sampled_from([4096, 1, 7])) if len(wire) < 5000 else 4096,
    )


# --- what an answer is worth, without the SDK -----------------------------------------------------

SCHEMAS: dict[str, Any] = yaml.safe_load(contract_path().read_text(encoding="utf-8"))["components"][
    "schemas"
]
# What total_count says is a hint: a page hands it on as it came, and a listing looks at it.
LEAST = SCHEMAS["InvoiceList"]["properties"]["total_count"].pop("minimum")
CHECKER = OAS30Validator({**SCHEMAS["InvoiceList"], "components": {"schemas": SCHEMAS}})
DATES = [
    name
    for name, schema in SCHEMAS["Invoice"]["properties"].items()
    if schema.get("format") == "date-time"
]
MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,7})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?", re.ASCII
)

NO_TRAPS = Context(traps=[])
"""A number that no decimal holds is read as NaN, and is no error."""
LONGEST = 400
"""Characters of a number with a fraction or an exponent. A client refuses longer ones."""


def read(content: bytes) -> object:
    """Read JSON strictly: no NaN, numbers with a fraction as decimals. ValueError if it is none."""

    def refuse(literal: str) -> object:
        raise ValueError(literal)

    def read_number(literal: str) -> Decimal:
        return Decimal(literal if len(literal) <= LONGEST else "NaN", NO_TRAPS)

    try:
        data: object = json.loads(content, parse_float=read_number, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("too deep") from error
    return data


def rows_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Give a good answer's invoices."""
    invoices: list[dict[str, Any]] | None = answer["invoices"]
    return invoices or []


def good(data: object) -> bool:
    """Say whether an answer is a good one by the contract."""
    if not CHECKER.is_valid(data):
        return False
    answer = cast("dict[str, Any]", data)
    amounts = [row["amount_due"] for row in rows_of(answer)]
    return answer["status"]["success"] is True and all(map(plausible, amounts))


def plausible(amount: int | Decimal) -> bool:
    """Say whether an amount is finite, and has no more digits than a double could have."""
    if isinstance(amount, int):
        return abs(amount) < 10**400
    return amount.is_finite() and abs(amount.adjusted()) <= 400


def turned_down(data: object) -> bool:
    """Say whether an answer says that the request was turned down, good or not as it may be else."""
    try:
        return cast("Any", data)["status"]["success"] is False
    except (KeyError, IndexError, TypeError):
        return False


def plain(data: object) -> bool:
    """Say whether an answer has in addition nothing that a client may have doubts about."""
    if not good(data) or (cast("dict[str, Any]", data).get("total_count") or LEAST) < LEAST:
        return False
    for row in rows_of(cast("dict[str, Any]", data)):
        for text in (row[name] for name in DATES if row[name] is not None):
            try:
                dt.datetime.strptime(  # noqa: DTZ007 - only whether it can be read
                    cast("re.Match[str]", MOMENT.fullmatch(text))[1], "%Y-%m-%dT%H:%M:%S"
                )
            except (TypeError, ValueError):
                return False
    return True


def worth(answer: Answer) -> object:
    """Give what an answer says, or raise ValueError if it says nothing."""
    if answer.status != 200 or max(len(answer.body), len(answer.content)) > MOST:
        raise ValueError(answer.status)
    return read(answer.content)


def check_invoice(invoice: Invoice, row: dict[str, Any]) -> None:
    """An invoice is what its row says: the same id, the amount to the digit, the same moments."""
    assert invoice.invoice_id == row["invoice_id"]
    assert str(invoice.amount_due) == str(Decimal(row["amount_due"]))
    for name in DATES:
        assert row[name] is None or row[name][10] == "T"
        assert getattr(invoice, name) == (row[name] and dt.datetime.fromisoformat(row[name]))


def check_page(page: InvoiceList, answer: Answer) -> None:
    """A page that is handed on is good by the contract, and is what the server sent."""
    data = worth(answer)
    assert good(data)
    sent = cast("dict[str, Any]", data)
    assert (page.invoices is None) == (sent["invoices"] is None)
    for invoice, row in zip(page.invoices or [], rows_of(sent), strict=True):
        check_invoice(invoice, row)
    for name in ("success", "status_code", "message", "reference_id", "domain"):
        assert name not in sent["status"] or getattr(page.status, name) == sent["status"][name]
    assert ("total_count" not in sent) or page.total_count == sent["total_count"]


def check_error(error: FinerWorksError, answer: Answer, kind: str) -> None:
    """An error is the right one, shows no key, is bounded, and can be pickled and copied."""
    if kind.startswith("mock") or not answer.may_break_the_connection:
        check_kind(error, answer)
    shown = [str(error), repr(error), repr(vars(error)), "".join(traceback.format_exception(error))]
    # A part of a key that the wire had cut off is nothing that a client can know for one.
    both = "".join(
        answer.content.decode(form, "replace")
        for form in ("utf-8", json.detect_encoding(answer.content))
    )
    cut = both.replace(SECRETS[0], "").replace(SECRETS[1], "")
    told = "".join([*shown, pickle.dumps(error).decode("latin-1")])
    assert not [part for part in PARTS if part in told and part not in cut]
    assert len(str(error)) < 3_000
    assert len(getattr(error, "body", "")) <= 2_000
    assert len(pickle.dumps(error)) < 30_000
    for text in shown[:2]:
        text.encode()  # nothing that cannot be printed
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301
        assert type(twin) is type(error)
        assert vars(twin) == vars(error)
        assert (str(twin), twin.args) == (str(error), error.args)


def check_kind(error: FinerWorksError, answer: Answer) -> None:
    """An error is of the kind that the answer's status and body make it."""
    assert getattr(finerworks, type(error).__name__) is type(error)
    if answer.status < 200:  # HTTP ends there: what follows is of another protocol
        assert isinstance(error, finerworks.APIConnectionError)
        return
    if not 200 <= answer.status < 300:
        redirect = isinstance(error, finerworks.RedirectError)
        assert isinstance(error, finerworks.APIStatusError)
        assert error.status_code == answer.status
        assert redirect == (300 <= answer.status < 400)
        return
    assert isinstance(error, finerworks.ResponseValidationError | finerworks.RequestRejectedError)
    try:
        data = worth(answer)
    except ValueError:
        assert isinstance(error, finerworks.ResponseValidationError)
        return
    assert not plain(data)
    assert isinstance(error, finerworks.RequestRejectedError) == turned_down(data)


# --- the client over each transport, each way in --------------------------------------------------


class Server:
    """A server that answers all that belongs to one call alike, and the next call by the next answer."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.turn = answers, 0

    def answer(self, body: bytes) -> Answer:
        """Choose the answer to a request with this body."""
        del body
        return self.answers[self.turn]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request without a wire."""
        return self.answer(request.content).response()

    def serve(self, exchange: Exchange) -> None:
        """Answer a request on a wire."""
        answer = self.answer(exchange.body)
        exchange.send(answer.written())
        if answer.may_break_the_connection:
            exchange.close()


class Book(Server):
    """A server of one listing: an answer to a page, and empty pages after those."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(*answers)
        self.asked: set[int] = set()

    @property
    def served(self) -> list[Answer]:
        """What was answered, in the order of the pages: those that are read ahead come as they may."""
        return [
            self.answers[number - 1] if number <= len(self.answers) else EMPTY
            for number in sorted(self.asked)
        ]

    def answer(self, body: bytes) -> Answer:
        """Choose the answer to a request for a page."""
        number: int = json.loads(body)["page_number"]
        self.asked.add(number)
        return self.answers[number - 1] if number <= len(self.answers) else EMPTY


GOOD = Answer(200, (), json.dumps(listing(rows("good"))).encode())
EMPTY = Answer(200, (), json.dumps(listing([])).encode())

Outcome: TypeAlias = "InvoiceList | list[Invoice] | FinerWorksError"
Way: TypeAlias = Callable[[Server, int], list[Outcome]]


@contextmanager
def http_client(transport: str, server: Server) -> Generator[HTTPClient]:
    """Make a client that speaks to a server through a transport."""
    if transport == "mock":
        mock = httpx.MockTransport(server)
        with HTTPClient(transport=mock, max_retries=1, max_body_bytes=MOST, **KEYS) as http:
            yield http
        return
    with (
        Wire(server.serve) as wire,
        HTTPClient(base_url=wire.url, max_retries=1, max_body_bytes=MOST, **KEYS) as http,
    ):
        yield http


@asynccontextmanager
async def async_http_client(transport: str, server: Server) -> AsyncGenerator[AsyncHTTPClient]:
    """Make the same client for asyncio."""
    if transport == "mock":
        mock = httpx.MockTransport(server)
        async with AsyncHTTPClient(
            transport=mock, max_retries=1, max_body_bytes=MOST, **KEYS
        ) as http:
            yield http
        return
    with Wire(server.serve) as wire:
        own = AiohttpTransport(verify=NO_CERTIFICATES) if transport == "aiohttp" else None
        async with AsyncHTTPClient(
            transport=own, base_url=wire.url, max_retries=1, max_body_bytes=MOST, **KEYS
        ) as http:
            yield http


NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here speaks TLS, and reading certificates takes long."""


def by_sync(transport: str, call: Callable[[FinerWorks], object]) -> Way:
    """Make a way in: the same call so many times by one client, and what came of each."""

    def way(server: Server, calls: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        with http_client(transport, server) as http, FinerWorks(http_client=http) as fw:
            for turn in range(calls):
                server.turn = turn
                try:
                    outcomes.append(cast("Outcome", call(fw)))
                except FinerWorksError as error:
                    outcomes.append(error)
        return outcomes

    return way


def by_async(transport: str, call: Callable[[AsyncFinerWorks], Awaitable[object]]) -> Way:
    """Make the same way in for the async client."""

    async def run(server: Server, calls: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        async with (
            async_http_client(transport, server) as http,
            AsyncFinerWorks(http_client=http) as fw,
        ):
            for turn in range(calls):
                server.turn = turn
                try:
                    outcomes.append(cast("Outcome", await call(fw)))
                except FinerWorksError as error:
                    outcomes.append(error)
        return outcomes

    return lambda server, calls: asyncio.run(run(server, calls))


def generated(fw: FinerWorks) -> object:
    """Call the generated function."""
    return list_invoices.sync_detailed(client=fw.client, body=InvoiceListRequest()).parsed


async def generated_async(fw: AsyncFinerWorks) -> object:
    """Call the generated function for async."""
    return (
        await list_invoices.asyncio_detailed(client=fw.client, body=InvoiceListRequest())
    ).parsed


async def listed_async(fw: AsyncFinerWorks) -> object:
    """List all."""
    return [invoice async for invoice in fw.invoices.list(concurrency=8)]


def one_by_one(fw: FinerWorks) -> object:
    """List all, a page at a time."""
    return list(fw.invoices.list(concurrency=1))


def sync_pages(transport: str) -> list[Way]:
    """Give the ways to a page through a transport."""
    return [by_sync(transport, lambda fw: fw.invoices.page()), by_sync(transport, generated)]


def async_pages(transport: str) -> list[Way]:
    """Give the same ways for async."""
    return [
        by_async(transport, lambda fw: fw.invoices.page()),
        by_async(transport, generated_async),
    ]


# `make fuzz TRANSPORT=...` chooses by the beginning of these names.
PAGES: dict[str, list[Way]] = {
    "mock_sync": sync_pages("mock"),
    "mock_async": async_pages("mock"),
    "httpx_sync": sync_pages("httpx"),
    "httpx_async": async_pages("httpx"),
}
LISTS: dict[str, Way] = {
    "mock_one_by_one": by_sync("mock", one_by_one),
    "mock_sync": by_sync("mock", lambda fw: list(fw.invoices.list(concurrency=8))),
    "mock_async": by_async("mock", listed_async),
    "httpx_sync": by_sync("httpx", lambda fw: list(fw.invoices.list(concurrency=8))),
    "httpx_async": by_async("httpx", listed_async),
}
if httpx.__name__ != "httpx2":  # which httpx-aiohttp is not made for
    PAGES["aiohttp"] = async_pages("aiohttp")
    LISTS["aiohttp"] = by_async("aiohttp", listed_async)


def check(outcome: Outcome, answer: Answer, kind: str) -> None:
    """Check what comes out of a client that got an answer."""
    if isinstance(outcome, FinerWorksError):
        check_error(outcome, answer, kind)
    else:
        assert isinstance(outcome, InvoiceList)
        check_page(outcome, answer)


# What made a client of before fail with an error that was none of ours, or show what it must not; and
# what is easily missed by chance.
SENT = GOOD.body.decode()
FOUND = {
    "a header that is not ASCII": Answer(200, ((b"X-Other", b"\xe9"),), GOOD.body),
    "a cookie that is not ASCII, to be sent back": Answer(
        200, ((b"Set-Cookie", b"a=\xff"),), GOOD.body
    ),
    "a target whose host is no name": Answer(302, ((b"Location", b"http://xn--/"),), b""),
    "a target without a host": Answer(302, ((b"Location", b"data:x"),), b""),
    "a target with a bad port": Answer(302, ((b"Location", b"https://other.test:b"),), b""),
    "an amount with more digits than a float has": Answer(
        200, (), SENT.replace("19.99", "1234567890123456.78").encode()
    ),
    "an id that is a number": Answer(200, (), SENT.replace('"good"', "7").encode()),
    "an amount that is true": Answer(200, (), SENT.replace("19.99", "true").encode()),
    "an amount that is none": Answer(200, (), SENT.replace("19.99", "NaN").encode()),
    "an amount without end": Answer(200, (), SENT.replace("19.99", "1e999").encode()),
    "an amount that no decimal holds": Answer(
        200, (), SENT.replace("19.99", "1e9999999999999999999").encode()
    ),
    "a number that is none, where nobody looks": Answer(
        200, (), SENT.replace('null, "ref', '{"x": NaN}, "ref').encode()
    ),
    "a character that cannot be printed": Answer(400, (), b'{"message": "\\ud800"}'),
    "a reference with such a character": Answer(
        500, (), b'{"status": {"reference_id": "\\ud800"}}'
    ),
    "a page too deep to be read": Answer(200, (), b"[" * 20_000),
    "a failure too deep to be read": Answer(500, (), b"[" * 20_000),
    "a page in no encoding, by name": Answer(200, ((b"Content-Encoding", b"identity"),), GOOD.body),
    "a page that is too large": Answer(200, (), GOOD.body + b" " * MOST),
    "a page that is too large when it is unpacked": Answer(
        200, ((b"Content-Encoding", b"gzip"),), gzip.compress(GOOD.body + b" " * MOST)
    ),
    "half a key in UTF-16, where the wire cuts": Answer(
        403, (), (json.dumps(SECRETS[0])[:14]).encode("utf-16-le")
    ),
    "a key where a body is cut": Answer(500, (), b"-" * 1_990 + SECRETS[0].encode()),
    "a key where a reference is cut": Answer(
        200,
        (),
        json.dumps(
            {"status": STATUS | {"success": False, "reference_id": "-" * 490 + SECRETS[0]}}
        ).encode(),
    ),
    "a key in escapes where a message is cut": Answer(
        400,
        (),
        json.dumps({"Message": "-" * 480 + SECRETS[0]}).replace("Zq7w", r"Zq\u0037w").encode(),
    ),
}


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("answer", FOUND.values(), ids=FOUND)
def test_what_was_found_so_stays_mended(kind: str, answer: Answer) -> None:
    """What the test below found once is a page or a typed error, and harms no later answer."""
    for way in PAGES[kind]:
        outcome, after = way(Server(answer, GOOD), 2)
        check(outcome, answer, kind)
        assert isinstance(after, InvoiceList)


@pytest.mark.parametrize("kind", LISTS)
def test_an_error_of_a_listing_is_copied_whole(kind: str) -> None:
    """Errors that are about no single request keep their arguments, too."""
    answer = Answer(200, (), json.dumps(listing(rows("a"), -1)).encode())
    (outcome,) = LISTS[kind](Book(answer), 1)
    assert isinstance(outcome, finerworks.ResponseValidationError)
    check_error(outcome, answer, kind)


@pytest.mark.parametrize("kind", PAGES)
@given(way=st.integers(0, 1), answer=answers())
def test_any_answer_is_a_page_of_the_contract_or_a_typed_error(
    kind: str, way: int, answer: Answer
) -> None:
    """A page is handed on if the contract allows it, as it was sent; all else is an error of ours.

    And the client is as good as new: the next answer is read as if there had been none before.
    """
    outcome, after = PAGES[kind][way](Server(answer, GOOD), 2)
    check(outcome, answer, kind)
    assert isinstance(after, InvoiceList)
    check_page(after, GOOD)


@st.composite
def listings(draw: st.DrawFn) -> list[Answer]:
    """Make the answers to the requests for pages 1, 2 and so on, of which one or none is a made-up one."""
    total = draw(st.integers(0, 60))
    firsts = range(0, max(total, 1), 25)
    told = draw(st.sampled_from([total, total, None, total + 1, 0, 25, 2**31 - 1, -1]))
    bodies = [
        json.dumps(listing(rows(*range(first, min(first + 25, total))), 0) | {"total_count": told})
        for first in firsts
    ]
    pages = [Answer(200, (), body.encode()) for body in bodies]
    if draw(st.booleans()):
        pages.insert(draw(st.integers(0, len(pages))), draw(answers(st.just(200) | STATUSES)))
    return pages


@pytest.mark.parametrize("kind", LISTS)
@given(pages=listings())
def test_any_listing_is_of_good_answers_alone_or_ends_in_a_typed_error(
    kind: str, pages: list[Answer]
) -> None:
    """What is listed was sent by good answers, each invoice once; one bad answer on the way is an error."""
    book = Book(*pages)
    (outcome,) = LISTS[kind](book, 1)
    if isinstance(outcome, FinerWorksError):
        if not isinstance(outcome, finerworks.ListingChangedError) and not all(
            map(fine, book.served)
        ):
            bad = next(answer for answer in book.served if not fine(answer))
            check_error(outcome, bad, kind)
        return
    contents = [cast("dict[str, Any]", worth(answer)) for answer in book.served]
    assert all(map(good, contents))
    sent = {row["invoice_id"]: row for content in contents for row in rows_of(content)}
    invoices = cast("list[Invoice]", outcome)
    assert [invoice.invoice_id for invoice in invoices] == list(sent)
    for invoice in invoices:
        check_invoice(invoice, sent[invoice.invoice_id])


def fine(answer: Answer) -> bool:
    """Say whether a client has nothing against an answer by itself."""
    try:
        return plain(worth(answer))
    except ValueError:
        return False
