"""The findings of `finerworks check --shape`: pure functions of responses, without a server."""

import string
from collections.abc import Callable
from dataclasses import replace

import pytest

from answers import ROW, STATUS, listing, rows
from command import CANARIES
from exchanges import describe_all, exchange
from finerworks import ResponseValidationError, errors
from finerworks.cli.shape import findings, plan, values
from finerworks.cli.shape.exchange import Exchange as Asked, Question
from finerworks.cli.shape.names import NameFilter


@pytest.mark.parametrize("count", [0, 1, 10, 25, 26, 60, 125, 126, 400])
@pytest.mark.parametrize("cap", [7, 25, 1000])
@pytest.mark.parametrize("total", ["all", "page", "none", "wrong", "huge"])
def test_it_sends_at_most_ten_requests(count: int, cap: int, total: str) -> None:
    """At most ten requests are sent, whatever the total and the page size are."""
    totals: dict[str, Callable[[int], object]] = {
        "all": lambda _: count,
        "page": lambda size: size,
        "none": lambda _: None,
        "wrong": lambda _: 3,
        "huge": lambda _: 10**400,
    }
    sent = list[Question]()

    def ask(question: Question) -> Asked:
        sent.append(question)
        size = min(10 if question.per_page is None else question.per_page, cap)
        first = (question.page_number - 1) * size
        found = rows(*range(count))[first : first + size]
        page = {**listing(found), "total_count": totals[total](len(found))}
        return exchange(page, question=question)

    asked = plan.interview(ask)
    assert len(sent) == len(asked.exchanges) <= plan.MAX_REQUESTS == 10
    assert [each.question for each in asked.exchanges] == sent
    assert all(1 <= each.page_number <= plan.FAR_PAGE for each in sent)
    purposes = {each.purpose for each in sent}
    assert {plan.AGAIN, plan.ONE_ROW, plan.NO_SIZE, plan.TOO_LARGE} <= purposes
    assert asked.after_last is not None


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("https://v2.api.finerworks.com", "https://v2.api.finerworks.com"),
        ("https://test-api.finerworks.com/", "https://test-api.finerworks.com"),
        ("https://api.finerworks.com", "https://api.finerworks.com"),
        ("https://v2.api.finerworks.com:8443", "another"),
        ("http://v2.api.finerworks.com", "another"),
        ("https://gateway.mycompany.test", "another"),
        ("http://127.0.0.1:8765", "this machine"),
        ("http://[::1]:8765", "this machine"),
        ("http://localhost", "this machine"),
    ],
)
def test_a_host_of_the_users_own_is_not_written(host: str, written: str) -> None:
    """Only FinerWorks' hosts are written to the file."""
    assert describe_all([exchange(listing([]))], host=host)["host"] == written


@pytest.mark.parametrize(
    ("value", "described"),
    [
        (None, {"null": 1, "types": {}}),
        ("", {"empty": 1, "types": {"text": 1}}),
        ([], {"empty": 1, "types": {"list": 1}}),
        ({}, {"empty": 1, "types": {"object": 1}}),
        (False, {"empty": 0, "types": {"boolean": 1}}),
        ("words", {"types": {"text": 1}}),
        ([1], {"types": {"list": 1}}),
        (b"19.990", {"types": {"number": 1}, "numbers": {"fraction_digits": {"3": 1}, "with_exponent": 0, "in_text": 0}}),
        (b"-1E+3", {"types": {"number": 1}, "numbers": {"fraction_digits": {"0": 1}, "with_exponent": 1, "in_text": 0}}),
        (b"0." + b"1" * 40, {"numbers": {"fraction_digits": {"more": 1}, "with_exponent": 0, "in_text": 0}}),
        (b"9" * 5000, {"types": {"number": 1}}),
        ("19.99", {"types": {"text": 1}, "numbers": {"fraction_digits": {"2": 1}, "with_exponent": 0, "in_text": 1}}),
        ("2026-02-28T18:11:17.9111259-06:00", {"dates": {"forms": {"date T time": 1}, "offsets": {"-06:00": 1}, "fraction_digits": {"7": 1}, "unset": 0}}),
        ("2026-02-28T18:11:17Z", {"dates": {"forms": {"date T time": 1}, "offsets": {"Z": 1}, "fraction_digits": {"0": 1}, "unset": 0}}),
        ("2026-02-28 18:11", {"dates": {"forms": {"date and time": 1}, "offsets": {"none": 1}, "fraction_digits": {"0": 1}, "unset": 0}}),
        ("2026-02-28T18:11:17+99:99", {"dates": {"forms": {"date T time": 1}, "offsets": {"another": 1}, "fraction_digits": {"0": 1}, "unset": 0}}),
        ("2026-02-28", {"dates": {"forms": {"date alone": 1}, "offsets": {}, "fraction_digits": {}, "unset": 0}}),
        ("0001-01-01T00:00:00", {"dates": {"forms": {"date T time": 1}, "offsets": {}, "fraction_digits": {}, "unset": 1}}),
        ("/Date(1772323877911-0600)/", {"dates": {"forms": {"/Date(...)/": 1}, "offsets": {}, "fraction_digits": {}, "unset": 0}}),
        ("2/28/2026 6:11 PM", {"dates": {"forms": {"with slashes": 1}, "offsets": {}, "fraction_digits": {}, "unset": 0}}),
        ("٢٠٢٦-٠٢-٢٨", {"types": {"text": 1}}),
    ],
)  # fmt: skip
def test_a_value_is_described_by_its_form(value: object, described: dict[str, object]) -> None:
    """A value is described by its type, digits and offset."""
    field = values.FieldShape()
    decoded = values.decode(value) if isinstance(value, bytes) else value
    field.add(decoded)
    shape = field.to_json(1)
    assert (shape["present"], shape["absent"]) == (1, 0)
    assert {name: shape[name] for name in described} == described
    assert ("dates" in shape) == ("dates" in described)


DAY = "2026-01-0{}T00:00:00"


@pytest.mark.parametrize(
    ("days", "order"),
    [
        ([1, 2, 3], "ascending"),
        ([3, 2, 1], "descending"),
        ([1, 1, 2], "ascending"),
        ([2, 2, 1], "descending"),
        ([2, 2], "all equal"),
        ([1, 2, 1], "neither"),
        ([3, None, 1], "descending"),
        ([1], "cannot tell"),
        ([], "cannot tell"),
        ([None, None], "cannot tell"),
    ],
)
def test_an_order_is_that_of_all_dates(days: list[int | None], order: str) -> None:
    """The order of dates is that of the local times, because some may have no offset."""
    dates = [day and DAY.format(day) + "-06:00" * (day % 2) for day in days]
    assert findings.order_of(dates) == order
    assert findings.order_of([3, "x", *dates, "0001-01-01T00:00:00"]) == order


@pytest.mark.parametrize(
    ("sizes", "totals", "complete", "meaning"),
    [
        ([25, 25, 10, 1], [60, 60, 60, 60], True, "the rows of all pages"),
        ([25, 25, 10, 1], [25, 25, 10, 1], True, "the rows of the page"),
        ([25, 25, 25], [25, 25, 25], False, "the rows of the page"),
        ([12], [12], True, "cannot tell"),
        ([12, 1], [12, 12], True, "the rows of all pages"),
        ([25, 25], [400, 400], False, "the rows of all pages"),
        ([25, 25], [400, 401], False, "changes"),
        ([25, 10], [3, 3], True, "something else"),
        ([25, 10], [400, 400], True, "something else"),
        ([25, 10], [0, 0], True, "something else"),
        ([25, 10], [None, None], True, "null"),
        ([25, 10], [35, None], True, "not always an integer"),
        ([25, 10], ["35", "35"], True, "not always an integer"),
        ([25, 10], [35.5, 35.5], True, "not always an integer"),
        ([0], [0], True, "cannot tell"),
        ([], [], True, "cannot tell"),
    ],
)
def test_a_total_means_what_fits_all_pages(
    sizes: list[int], totals: list[object], complete: bool, meaning: str
) -> None:
    """The meaning of a total must match all pages."""
    number = 0
    pages = list[Asked]()
    for size, total in zip(sizes, totals, strict=True):
        ids = range(size) if size == 1 else range(number, number + size)
        pages.append(exchange({**listing(rows(*ids)), "total_count": total}))
        number += size
    assert findings.meaning_of_total(pages, pages, complete=complete) == meaning


def test_a_field_that_some_objects_lack_says_how_many() -> None:
    """The number of objects without a field does not include those with null."""
    some: list[dict[str, object]] = [{**ROW, "due_date": None}, {"invoice_id": "2"}]
    fields = describe_all([exchange(listing(some))])["objects"]["invoice"]["fields"]
    assert (fields["due_date"]["absent"], fields["due_date"]["null"]) == (1, 1)
    assert (fields["amount_due"]["absent"], fields["invoice_id"]["absent"]) == (1, 0)


def test_what_was_not_asked_is_not_known() -> None:
    """After an early end, the file says which findings are unknown."""
    found = describe_all([exchange({"message": "no"}, 500)])["findings"]
    assert found == {
        "pages_read": 1,
        "rows_read": 0,
        "repeated_rows": 0,
        "order": {},
        "total_count": "cannot tell",
        "per_page": {
            "1": "not asked",
            "25": "server error",
            "26": "not asked",
            "left out": "not asked",
        },
        "page_after_last": "not asked",
        "first_page_again": "not asked",
    }


@pytest.mark.parametrize(
    ("again", "found"),
    [
        (exchange(listing(rows(1, 2))), "the same rows"),
        (exchange(listing(rows(2, 1))), "the same rows in another order"),
        (exchange(listing(rows(2, 3))), "other rows"),
        (exchange({}, 500), "server error"),
        (exchange({}, 404), "rejected"),
        (Asked(Question("x", 1, 25), None, errors.APIConnectionError("no"), 0.0), "no response"),
        (exchange({"status": STATUS}), "not readable"),
    ],
)
def test_the_first_page_is_compared_with_itself(again: Asked, found: str) -> None:
    """The first page is compared with its second reading, by the invoice IDs."""
    assert findings.first_page_again(exchange(listing(rows(1, 2))), again) == found


def test_another_status_that_is_a_success_has_an_envelope() -> None:
    """A 2xx status other than 200 has an envelope, although the SDK does not accept it."""
    created = exchange(listing(rows(1)))
    assert created.received is not None
    created.received = replace(created.received, status=201)
    created.error = ResponseValidationError("no")
    objects = describe_all([created])["objects"]
    assert (objects["envelope"]["count"], "error" in objects) == (1, False)


def test_a_name_of_a_header_that_has_a_value_in_it_is_not_written() -> None:
    """A header name that contains a header's value is not written."""
    headers = [("x-trace", "Someone"), ("x-someone", "1"), ("x-other", "1")]
    found = describe_all([exchange(listing([]), headers=headers)])["headers"]
    assert found == {"names": ["x-other", "x-trace"], "not_written": 1}


def test_a_request_that_is_rejected_with_200_is_recorded() -> None:
    """A rejection with HTTP 200 is recorded as an envelope, with the SDK's error."""
    failure = exchange({"status": {"success": False, "message": "no"}, "invoices": None})
    failure.error = errors.RequestRejectedError("no")
    document = describe_all([failure])
    assert document["requests"][0]["sdk"] == "RequestRejectedError"
    assert document["findings"]["per_page"]["25"] == "rejected"
    assert document["objects"]["envelope"]["fields"]["invoices"]["null"] == 1


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("currency", True),
        ("addressLine2", True),
        ("x-ms-request-root", True),
        ("request.account_key", True),
        ("INV-1", False),
        ("a name with spaces", False),
        ("account_20261128", False),
        ("a1b2c3d4", False),
        ("x" * 40, True),
        ("x" * 41, False),
        ("", False),
        ("2nd", False),
        ("ñandú", False),
        ("name\n", False),
        ("CanaryOfTheAppKey", False),
        ("xcanaryoftheappkeyx", False),
        ("Canary", False),
        ("a_value_in_it", False),
        ("of_another_VALUE_IN", True),
    ],
)
def test_a_name_is_written_if_it_looks_like_one(name: str, written: bool) -> None:
    """A name is written if it looks like a field name, and contains no value and no key."""
    names = NameFilter(CANARIES.values(), ["ab", "Value_In_It"])
    assert names.sort([name], ()).written == [name] * written
    assert names.sort([name], ()).not_written == (not written)
    assert names.sort([name], {name}).written == [name], "of the contract"


def test_many_unknown_names_are_none_of_them_written() -> None:
    """If there are many unknown names, they are probably data, and none is written."""
    names = NameFilter([], [])
    many = [f"x_{letter}" for letter in string.ascii_lowercase]
    assert names.sort(many[:20], ()).written == sorted(many[:20])
    assert names.sort([*many[:21], "invoices"], {"invoices"}) == (["invoices"], 21)


def test_it_reads_what_nests_too_deep_for_python() -> None:
    """Deeply nested responses are treated as no JSON, or their inner parts are ignored."""
    deep = b'{"status": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001
    asked = exchange(deep)
    asked.error = ResponseValidationError("no")
    assert describe_all([asked])["requests"][0]["body"] in ("object", "not JSON")
