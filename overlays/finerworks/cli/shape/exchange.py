"""One request for a page of invoices, and its unchanged response."""

import functools
import time
from dataclasses import dataclass
from typing import NamedTuple, cast

import httpx

from finerworks import FinerWorks
from finerworks.cli.shape.values import NumberLiteral, decode, json_type
from finerworks.credentials import Secret
from finerworks.errors import (
    APIConnectionError,
    APIStatusError,
    FinerWorksError,
    ResponseValidationError,
)
from finerworks.operations import LIST_INVOICES
from finerworks.transport import OBSERVER


class Question(NamedTuple):
    """A request for a page.

    Attributes:
        purpose: Why it is sent, in words that are part of the file.
        page_number: The page to request.
        per_page: The size of the page. None: do not send one.
        may_fail: Whether the contract lets the server reject it.
    """

    purpose: str
    page_number: int
    per_page: int | None
    may_fail: bool = False


class Connection(NamedTuple):
    """How a response arrived.

    Attributes:
        http: The version of HTTP, such as ``HTTP/1.1``.
        tls: The version of TLS, such as ``TLSv1.3``. None: not encrypted, or not known.
        cipher: The name of the TLS cipher. None as above.
    """

    http: str
    tls: str | None
    cipher: str | None


@dataclass(frozen=True)
class Received:
    """A response as it arrived.

    Attributes:
        status: The HTTP status.
        headers: The headers.
        connection: How it arrived.
        content: The decompressed body.
    """

    status: int
    headers: httpx.Headers
    connection: Connection
    content: bytes


@dataclass
class Exchange:
    """A request and its result.

    Attributes:
        question: The request.
        received: The response. None if none arrived.
        error: The error that the SDK raised. None: it can read the response.
        seconds: How long it took.
    """

    question: Question
    received: Received | None
    error: FinerWorksError | None
    seconds: float

    @property
    def status(self) -> int | None:
        """The HTTP status. None if no response arrived."""
        if self.received is not None:
            return self.received.status
        return self.error.status_code if isinstance(self.error, APIStatusError) else None

    @property
    def is_success(self) -> bool:
        """Whether the HTTP status is 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @functools.cached_property
    def data(self) -> object:
        """The decoded JSON of the response, with numbers as `NumberLiteral`. None: it has none."""
        if self.received is None:
            return None
        try:
            return decode(self.received.content)
        except ValueError:
            return None

    @property
    def is_page(self) -> bool:
        """Whether the server sent a page, even one that breaks the contract."""
        accepted = self.error is None or isinstance(self.error, ResponseValidationError)
        return accepted and json_type(self.data) in ("object", "list")

    @property
    def envelope(self) -> dict[str, object] | None:
        """The JSON object of a page. None if it is only a list, or if there is no page."""
        is_envelope = self.is_page and json_type(self.data) == "object"
        return cast("dict[str, object]", self.data) if is_envelope else None

    @property
    def rows(self) -> list[object] | None:
        """The invoices of a page. None if it has no list of them."""
        if not self.is_page:
            return None
        rows = self.data if self.envelope is None else self.envelope.get("invoices")
        return cast("list[object]", rows) if isinstance(rows, list) else None

    @property
    def total_count(self) -> int | None:
        """The total count of a page. None if it has no usable one."""
        envelope = self.envelope or {}
        value = envelope.get("total_count")
        return value.as_integer() if isinstance(value, NumberLiteral) else None


def ask(fw: FinerWorks, account_key: Secret, question: Question) -> Exchange:
    """Send a request, and return the result.

    The request is sent through the client's own transport, so its limits apply.

    Args:
        fw: The client.
        account_key: The account to read. Empty: the account that owns the keys.
        question: What to request.
    """
    body: dict[str, object] = {"page_number": question.page_number}
    if question.per_page is not None:
        body["per_page"] = question.per_page
    if account_key:
        body["account_key"] = account_key
    received = list[Received]()

    def observe(response: httpx.Response, content: bytes) -> None:
        received.append(
            Received(
                response.status_code,
                httpx.Headers(response.headers),
                _connection_of(response),
                content,
            )
        )

    client = fw.client.get_httpx_client()
    error: FinerWorksError | None = None
    started = time.perf_counter()
    try:
        client.post(LIST_INVOICES.path, json=body, extensions={OBSERVER: observe})
    except FinerWorksError as caught:
        error = caught
    seconds = time.perf_counter() - started
    arrived = received[-1] if received else None
    if arrived is not None and not _belongs_to(arrived, error):
        arrived = None
    return Exchange(question, arrived, error, seconds)


def _belongs_to(received: Received, error: FinerWorksError | None) -> bool:
    """Return whether a response is that of the last attempt.

    An interrupted attempt has none, and the response of an earlier attempt says nothing about it.
    """
    if isinstance(error, APIConnectionError):
        return False
    if isinstance(error, APIStatusError):
        return received.status == error.status_code
    return True


def _connection_of(response: httpx.Response) -> Connection:
    """Return how a response arrived. The response must still be open."""
    http: bytes = response.extensions.get("http_version", b"")
    stream = response.extensions.get("network_stream")
    encrypted = None if stream is None else stream.get_extra_info("ssl_object")
    if encrypted is None:
        return Connection(http.decode("ascii", "replace"), None, None)
    cipher: tuple[str, str, int] | None = encrypted.cipher()
    name = None if cipher is None else cipher[0]
    return Connection(http.decode("ascii", "replace"), encrypted.version(), name)
