"""Responses that deviate from the contract, or that the contract leaves open.

FinerWorks publishes no machine-readable contract, so the live API may deviate from ours. Each
deviation starts from a valid response, which a middleware rewrites after it has been checked.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from finerworks.sandbox.settings import Dates, Settings, Shape

Row: TypeAlias = dict[str, object]
Envelope: TypeAlias = dict[str, object]

PATH: Final = "/v3/list_invoices"

DATE_FIELDS: Final = (
    "invoice_month",
    "invoice_date",
    "first_day_of_month",
    "last_day_of_month",
    "due_date",
)

OFFSET_LENGTH: Final = len("-06:00")


class Literal(str):
    """JSON that is written unchanged. `json` cannot write a number in exponent notation."""

    __slots__ = ()


def encode(value: object) -> str:
    """Return a value as JSON."""
    if isinstance(value, Literal):
        return value
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        members = [f"{json.dumps(name)}:{encode(field)}" for name, field in fields.items()]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        elements = [encode(element) for element in cast("list[object]", value)]
        return "[" + ",".join(elements) + "]"
    return json.dumps(value)


def change_dates(envelope: Envelope, dates: Dates) -> Envelope:
    """Return a response in which no date, or not every date, has an offset."""

    def change(row: Row) -> Row:
        # The checksum distributes invoices evenly, in the same way on every page of every size.
        keeps_offset = dates == "mixed" and zlib.crc32(str(row["invoice_id"]).encode()) % 2 == 0
        if keeps_offset:
            return row
        return {name: _without_offset(name, value) for name, value in row.items()}

    return {**envelope, "invoices": _each_row(envelope, change)}


def _without_offset(name: str, value: object) -> object:
    """Return a date as .NET writes it without a time zone: no offset, and no trailing zeros."""
    if name not in DATE_FIELDS or not isinstance(value, str):
        return value
    seconds, _, fraction = value[:-OFFSET_LENGTH].partition(".")
    fraction = fraction.rstrip("0")
    return f"{seconds}.{fraction}" if fraction else seconds


def _each_row(envelope: Envelope, change: Callable[[Row], Row]) -> list[Row] | None:
    """Return the changed invoices of a response. None if it has no list of them."""
    rows = cast("list[Row] | None", envelope["invoices"])
    if rows is None:
        return None
    return [change(row) for row in rows]


def _row_change(change: Callable[[Row], Row]) -> Callable[[Envelope], Envelope]:
    """Return a change of a response that changes each invoice."""
    return lambda envelope: {**envelope, "invoices": _each_row(envelope, change)}


def _without(fields: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name not in names}


def _missing_fields(envelope: Envelope) -> Envelope:
    status = _without(cast("Row", envelope["status"]), "status_code")
    invoices = _each_row(envelope, lambda row: _without(row, "due_date"))
    return {**envelope, "status": status, "invoices": invoices}


def _numbers_as_text(envelope: Envelope) -> Envelope:
    invoices = _each_row(envelope, lambda row: {**row, "amount_due": str(row["amount_due"])})
    return {**envelope, "invoices": invoices, "total_count": str(envelope["total_count"])}


def _amount(row: Row, form: str) -> Literal:
    """Return the amount of an invoice in another form, with the same value."""
    return Literal(format(Decimal(str(row["amount_due"])), form))


def _total_of_the_page(envelope: Envelope) -> Envelope:
    return {**envelope, "total_count": len(_each_row(envelope, dict) or [])}


CHANGES: Final[Mapping[Shape, Callable[[Envelope], Envelope]]] = {
    "missing-fields": _missing_fields,
    "null-fields": _row_change(lambda row: {**row, "amount_due": None}),
    "empty-fields": _row_change(lambda row: {**row, "due_date": ""}),
    "numbers-as-text": _numbers_as_text,
    "ids-as-numbers": _row_change(
        lambda row: {**row, "invoice_id": zlib.crc32(str(row["invoice_id"]).encode())}
    ),
    "exponents": _row_change(lambda row: {**row, "amount_due": _amount(row, "e")}),
    "four-digits": _row_change(lambda row: {**row, "amount_due": _amount(row, ".4f")}),
    "total-count-per-page": _total_of_the_page,
    "total-count-null": lambda envelope: {**envelope, "total_count": None},
    "total-count-missing": lambda envelope: _without(envelope, "total_count"),
}
"""The changes of a response's envelope. `reshape` and `app.py` implement the other shapes."""


def reshape(envelope: Envelope, settings: Settings) -> tuple[int, object]:
    """Return the status and the body to send instead of a valid response."""
    is_after_last_page = envelope["invoices"] == [] and envelope["total_count"] != 0
    if is_after_last_page and "last-page-error" in settings.shapes:
        return 400, {"message": "The page does not exist."}
    if is_after_last_page and "last-page-null" in settings.shapes:
        envelope = {**envelope, "invoices": None}
    if settings.dates != "offset":
        envelope = change_dates(envelope, settings.dates)
    for shape, change in CHANGES.items():
        if shape in settings.shapes:
            envelope = change(envelope)
    if "bare-list" in settings.shapes:
        return 200, envelope["invoices"]
    return 200, envelope


def with_shapes(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Return `app` with a middleware that reshapes its successful responses."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await app(scope, receive, send)
            return
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await app(scope, receive, keep)
        for message in _reshaped(messages, settings):
            await send(message)

    return middleware


def _reshaped(messages: list[Message], settings: Settings) -> list[Message]:
    """Return the messages of a response with another body. An error stays as it is."""
    start = messages[0]
    if start["status"] != 200:
        return messages
    envelope = json.loads(b"".join(message.get("body", b"") for message in messages))
    status, body = reshape(envelope, settings)
    content = encode(body).encode()
    headers = [header for header in start["headers"] if header[0] != b"content-length"]
    headers.append((b"content-length", str(len(content)).encode()))
    return [
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": content},
    ]
