"""How responses deviate from the contract or from the documented sample, in sentences.

A sentence contains names of fields and counts, and no values.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple, cast

from finerworks.cli.shape import contract, findings
from finerworks.cli.shape.exchange import Exchange
from finerworks.cli.shape.names import NameFilter
from finerworks.cli.shape.values import has_offset, json_type, texts_of
from finerworks.exports.words import counted
from finerworks.response import decode_json
from finerworks.validation import find_invalid_fields

JSON_MEDIA_TYPES: Final = frozenset({"application/json", "text/json"})
"""The media types that the help page names."""

_TOTALS: Final = {
    "absent": "total_count is absent",
    "null": "total_count is null",
    "the rows of the page": "total_count counts the invoices of the page",
    "changes": "total_count changes from request to request",
    "something else": "total_count does not count the invoices",
}

Fields = dict[str, object]


class Deviation(NamedTuple):
    """A deviation.

    Attributes:
        sentence: A description.
        readable: Whether the SDK can still read a listing.
    """

    sentence: str
    readable: bool = True


def find_deviations(
    pages: Sequence[Exchange], others: Sequence[Exchange], *, keys: Collection[str]
) -> list[Deviation]:
    """Return the deviations of responses, each once. Exchanges without a page are ignored.

    Args:
        pages: Pages that were read one after the other.
        others: Other requests, with the same invoices.
        keys: The keys, which no sentence contains.
    """
    pages = [exchange for exchange in pages if exchange.is_page]
    every = [*pages, *(exchange for exchange in others if exchange.is_page)]
    names = NameFilter(keys, [text for page in every for text in texts_of(page.data)])
    deviations = [
        *_about_the_response(every),
        *_about_the_envelope(every, names),
        *_about_invoices(pages, names),
        *_about_dates(pages, names),
        *_about_total(pages, every),
        *_about_pages(every),
    ]
    return list(dict.fromkeys(deviations))


def about_page_after_last(exchange: Exchange | None) -> list[Deviation]:
    """Return how a page after the last one deviates. In the contract, it is empty."""
    sentence = {
        "rejected": "is rejected",
        "server error": "fails",
        "null": "has null in place of invoices",
        "rows": "has invoices",
    }.get(findings.page_after_last(exchange))
    return [] if sentence is None else [Deviation(f"a page after the last {sentence}")]


def _about_the_response(pages: Sequence[Exchange]) -> Iterator[Deviation]:
    for page in pages:
        if isinstance(page.data, list):
            yield Deviation(
                "the response is a bare list of invoices, without status and total_count",
                readable=False,
            )
        media_type = page.received.headers.get("content-type", "") if page.received else ""
        if media_type.partition(";")[0].strip().lower() not in JSON_MEDIA_TYPES:
            yield Deviation("the media type of the response is not application/json")


def _about_the_envelope(pages: Sequence[Exchange], names: NameFilter) -> Iterator[Deviation]:
    envelopes = list[Fields]()
    for page in pages:
        data = _sdk_data(page)
        if isinstance(data, dict):
            envelopes.append(cast("Fields", data))
    for envelope in envelopes:
        # `_about_invoices` looks at each invoice.
        without_invoices: Fields = {**envelope}
        if isinstance(envelope.get("invoices"), list):
            without_invoices["invoices"] = []
        for field in find_invalid_fields(without_invoices, "InvoiceList"):
            problem = _with_type(field.problem, _value_at(envelope, field.path))
            yield Deviation(f"{field.path} {problem}", readable=False)
    statuses = [envelope.get("status") for envelope in envelopes]
    found = [cast("Fields", status) for status in statuses if isinstance(status, dict)]
    yield from _unknown_fields(envelopes, contract.ENVELOPE, names, "the response")
    yield from _unknown_fields(found, contract.STATUS, names, "status")


def _unknown_fields(
    objects: Sequence[Fields], known: Collection[str], names: NameFilter, where: str
) -> Iterator[Deviation]:
    unknown = {name for each in objects for name in each if name not in known}
    found = names.sort(unknown, ())
    for name in found.written:
        yield Deviation(f"{where} has an unknown field, which is ignored: {name}")
    if found.not_written:
        fields = counted(found.not_written, "unknown field")
        yield Deviation(f"{where} has {fields} whose name may be data, so it is not shown here")


def _sdk_data(page: Exchange) -> object:
    """Return the JSON of a page as the SDK decodes it. None if it cannot."""
    try:
        return decode_json(page.received.content if page.received else b"")
    except ValueError:
        return None


def _sdk_rows(page: Exchange) -> list[object]:
    """Return the invoices of a page as the SDK decodes them."""
    data = _sdk_data(page)
    if isinstance(data, dict):
        data = cast("Fields", data).get("invoices")
    return cast("list[object]", data) if isinstance(data, list) else []


def _value_at(data: object, path: str) -> object:
    """Return the value at a path such as ``status.success``."""
    for name in path.split(".") if path else []:
        data = cast("Fields", data).get(name) if isinstance(data, dict) else None
    return data


def _with_type(problem: str, value: object) -> str:
    """Return a problem with the type that the value has."""
    if problem == "is missing":
        return problem
    if value is None:
        return "is null"
    is_bad_text = isinstance(value, str) and "date" in problem
    return problem if is_bad_text else f"{problem}, but {json_type(value)}"


def _about_invoices(pages: Sequence[Exchange], names: NameFilter) -> Iterator[Deviation]:
    rows = [row for page in pages for row in _sdk_rows(page)]
    problems = Counter[str]()
    for row in rows:
        for field in find_invalid_fields(row, "Invoice"):
            problem = _with_type(field.problem, _value_at(row, field.path))
            problems[f"{field.path or 'an invoice'} {problem}"] += 1
    for problem, count in problems.items():
        yield Deviation(f"{problem} in {count} of {len(rows)} invoices", readable=False)
    objects = [cast("Fields", row) for row in rows if isinstance(row, dict)]
    yield from _unknown_fields(objects, contract.INVOICE, names, "an invoice")
    for page in pages:
        if findings.repeated_rows([page]):
            yield Deviation("two invoices on one page have the same invoice_id", readable=False)


def _about_dates(pages: Sequence[Exchange], names: NameFilter) -> Iterator[Deviation]:
    all_dates = Counter[str]()
    without_offset = Counter[str]()
    for page in pages:
        for row in page.rows or []:
            if not isinstance(row, dict):
                continue
            for name, value in cast("Fields", row).items():
                with_offset = has_offset(value)
                all_dates[name] += with_offset is not None
                without_offset[name] += with_offset is False
    fields = [
        f"{name} {without_offset[name]} of {all_dates[name]}"
        for name in names.sort(+without_offset, contract.INVOICE).written
    ]
    if fields:
        yield Deviation(
            "dates without a UTC offset, which are read without one (the documented sample has "
            f"offsets): {', '.join(fields)}"
        )


def _about_total(pages: Sequence[Exchange], every: Sequence[Exchange]) -> Iterator[Deviation]:
    envelopes = [page for page in every if page.envelope is not None]
    if any((page.total_count or 0) < 0 for page in envelopes):
        yield Deviation("total_count is below 0", readable=False)
    if any(not page.rows and (page.total_count or 0) > 0 for page in pages[:1]):
        yield Deviation("the first page is empty, although total_count is above 0", readable=False)
    meaning = findings.meaning_of_total(every, pages, complete=False)
    sentence = _TOTALS.get(meaning)
    if envelopes and sentence:
        yield Deviation(f"{sentence}: listings go on to the first empty page")


def _about_pages(pages: Sequence[Exchange]) -> Iterator[Deviation]:
    for page in pages:
        asked = page.question.per_page
        size = "" if asked is None else findings.page_size(page, asked, pages)
        if size == "more rows than asked for":
            yield Deviation(f"a page has more invoices than per_page={asked} allows")
        if size == "cut" and page.question.page_number == 1:
            yield Deviation(f"the first page has fewer invoices than per_page={asked} asks for")
