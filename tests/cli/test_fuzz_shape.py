"""No value of a response appears in the file that `finerworks check --shape` writes."""

import json
import re
import string
from pathlib import Path
from typing import cast

from hypothesis import given, strategies as st

from command import CANARIES
from exchanges import Document, describe_all, exchange
from finerworks import __version__, errors
from finerworks.cli.shape import contract, plan
from finerworks.cli.shape.exchange import Question
from finerworks.cli.shape.names import ERROR_FIELDS, HEADERS

WORDS = (
    *contract.ENVELOPE,
    *contract.STATUS,
    *contract.INVOICE,
    *ERROR_FIELDS,
    *HEADERS,
    *errors.__all__,
    *"""format|finerworks|host|connection|http|tls|ciphers|requests|purpose|status|sdk|accepted|body
rows|bodies|media_types|charsets|encodings|headers|names|not_written|findings|pages_read|rows_read
repeated_rows|order|total_count|per_page|page_after_last|first_page_again|objects|envelope|invoice
error|ModelState|count|names_not_written|fields|present|absent|null|empty|types|numbers|dates|forms
fraction_digits|with_exponent|in_text|offsets|unset|more|none|another
list|text|number|boolean|object|not JSON|none arrived
HTTP/1.0|HTTP/1.1|HTTP/2|gzip|x-gzip|deflate|br|zstd|identity
utf-8|utf-16|iso-8859-1|us-ascii|windows-1252|application/json|application/problem+json
application/xml|text/html|text/json|text/plain|text/xml
page 1|page 2|page 3|page 4|page 5|page 1 again|per_page 1|per_page left out|per_page 26
a page after the last|ascending|descending|neither|all equal|cannot tell|not asked|left out
server error|no response|not readable|obeyed|cut|rejected|more rows than asked for
10 rows, as documented|fewer than 10 rows|more than 10 rows|the rows of all pages
the rows of the page|something else|changes|not always an integer|the same rows
the same rows in another order|other rows|an empty list|not a list|this machine
date T time|date and time|date alone|/Date(...)/|with slashes""".replace("\n", "|").split("|"),
    "https://v2.api.finerworks.com",
    __version__,
)
"""Every text that the file may contain, apart from names of fields and UTC offsets."""

KEYS = list(CANARIES.values())
KEY_TEXTS = [*KEYS, *(key.lower() for key in KEYS), *(f"x{key}y" for key in KEYS), KEYS[0][:9]]

NAMES = st.one_of(
    st.sampled_from([*contract.ENVELOPE, *contract.STATUS, *contract.INVOICE, "ModelState"]),
    st.sampled_from(KEY_TEXTS),
    st.text(string.ascii_letters + string.digits + "_-.", min_size=1, max_size=12),
    st.text(max_size=8),
)
DATE_TEXTS = st.datetimes(timezones=st.timezones() | st.none()).map(lambda date: date.isoformat())
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.text(string.ascii_lowercase, min_size=3, max_size=8),
    st.sampled_from(KEY_TEXTS),
    DATE_TEXTS,
)
JSON_VALUES = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
# Names that contain a value of the same object, as in a map that repeats its ids.
REPEATING = st.text(string.ascii_letters, min_size=3, max_size=8).map(
    lambda text: {text: 1, f"a_{text}": 2, "id_of_it": text}
)
OBJECTS = st.dictionaries(NAMES, JSON_VALUES, max_size=8) | REPEATING
INVOICES = st.fixed_dictionaries(dict.fromkeys(contract.INVOICE, VALUES)) | OBJECTS
PAGES = st.fixed_dictionaries(
    {
        "status": OBJECTS,
        "invoices": st.lists(INVOICES, max_size=6),
        "total_count": st.integers(0, 99) | VALUES,
    },
    optional={"more": JSON_VALUES},
)
PAGES_WITH_MORE = st.tuples(OBJECTS, PAGES).map(lambda parts: {**parts[0], **parts[1]})
BODIES: st.SearchStrategy[object] = st.one_of(PAGES, PAGES_WITH_MORE, OBJECTS, JSON_VALUES)
HEADER_NAMES = st.one_of(
    st.sampled_from(sorted(HEADERS)),
    st.sampled_from(KEY_TEXTS),
    st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=20),
)
HEADER_VALUES = st.sampled_from([*KEY_TEXTS, "application/json", "text/x-account-77123", "gzip"])
SOME_HEADERS = st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=5)
REPEATING_HEADERS = st.text(string.ascii_letters, min_size=3, max_size=8).map(
    lambda text: [("x-trace", text), (f"x-{text}", "1")]
)
RESPONSES = st.tuples(
    BODIES, st.sampled_from([200, 200, 200, 400, 500]), SOME_HEADERS | REPEATING_HEADERS
)
Response = tuple[object, int, list[tuple[str, str]]]


def values_in(data: object) -> list[str]:
    """Return all texts and numbers in JSON as they are written, without names."""
    if isinstance(data, dict):
        fields = cast("dict[str, object]", data).values()
        return [text for value in fields for text in values_in(value)]
    if isinstance(data, list):
        return [text for each in cast("list[object]", data) for text in values_in(each)]
    if data is None or isinstance(data, bool):
        return []
    return [data if isinstance(data, str) else json.dumps(data)]


def names_in(data: object) -> list[str]:
    """Return all field names in JSON."""
    if isinstance(data, dict):
        fields = cast("dict[str, object]", data)
        return [*fields, *(name for value in fields.values() for name in names_in(value))]
    if isinstance(data, list):
        return [name for each in cast("list[object]", data) for name in names_in(each)]
    return []


def is_offset(text: str) -> bool:
    """Return whether a text is a UTC offset that exists on earth."""
    return bool(re.fullmatch("Z|[+-](0[0-9]|1[0-4]):?(00|15|30|45)", text))


def texts_that_may_tell(document: Document) -> list[str]:
    """Return the texts of the file that are not in the list of words, in lower case."""
    texts = [*names_in(document), *values_in(document)]
    return [
        text.lower()
        for text in texts
        if text not in WORDS and not text.isdigit() and not is_offset(text)
    ]


@given(st.lists(RESPONSES, min_size=1, max_size=6))
def test_no_value_of_a_response_is_in_the_file(responses: list[Response]) -> None:
    """The file contains no value of any response, even if the server repeats the keys as names."""
    purposes = ["page 1", plan.AGAIN, plan.ONE_ROW, plan.NO_SIZE, plan.AFTER_LAST, plan.TOO_LARGE]
    asked = [
        exchange(data, status, question=Question(purpose, 1, 25), headers=headers)
        for (data, status, headers), purpose in zip(responses, purposes, strict=False)
    ]
    document = describe_all(asked[:1], asked[1:])
    telling = texts_that_may_tell(document)
    names = [name for data, _, headers in responses for name in [*names_in(data), *dict(headers)]]
    assert {name.lower() for name in names} >= set(telling), "only names come from responses"
    secrets = [value for data, _, _ in responses for value in values_in(data)]
    secrets += [value for _, _, headers in responses for _, value in headers]
    for secret in [*secrets, *KEYS]:
        if len(secret) >= 3:
            assert not [text for text in telling if secret.lower() in text], secret
    assert not [text for text in telling if any(text in key.lower() for key in KEYS)]
    numbers = [int(text) for text in values_in(document) if text.isdigit()]
    assert max(numbers) <= 999, "counts and HTTP statuses"


def test_the_documentation_has_every_word() -> None:
    """The page explains every part of the file, and every word of its findings."""
    text = (Path(__file__).parents[2] / "docs/guides/shape.md").read_text("utf-8")
    page = " ".join(text.split())
    known = contract.ENVELOPE | contract.STATUS | contract.INVOICE | ERROR_FIELDS | HEADERS
    for word in set(WORDS) - known - set(errors.__all__):
        is_in_between = word in ("page 2", "page 3", "page 4")  # of "page 1 to page 5"
        assert is_in_between or word == __version__ or word in page, word
