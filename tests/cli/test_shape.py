"""`finerworks check --shape FILE`: what it finds out, how many requests it sends, and that nothing leaks."""

import gzip
import json
import os
import signal
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from answers import REFUSED_KEYS, ROW, STATUS, listing, rows
from command import CANARIES, COMMAND, run, run_against
from finerworks.cli.shape.document import render
from finerworks.sandbox import Sandbox
from finerworks.sandbox.settings import Dates, Shape
from wire import Exchange, Wire, http

JSON = "Content-Type: application/json"
Document = dict[str, Any]


def shape_of(file: Path, **settings: object) -> Document:
    """Write the shape of a sandbox, by default with 60 invoices, and return the file."""
    with Sandbox(**{"invoices": 60, "edge_cases": True, **settings}) as sandbox:  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - each test passes settings
        done = run("check", "--shape", file, "--overwrite", **sandbox.env)
    assert done.status in (0, 5), done
    document: Document = json.loads(file.read_text("utf-8"))
    return document


def answer_json(data: object, status: int = 200, *headers: str) -> bytes:
    """Send a JSON response."""
    return http(json.dumps(data).encode(), status, JSON, *headers)


# --- what is sent, and when -----------------------------------------------------------------------


def test_it_says_first_what_it_sends(tmp_path: Path) -> None:
    """The announcement is printed before anything is sent."""
    before = list[bytes]()
    with Wire(lambda each: each.wait(), accepts=False) as wire:
        variables = {**os.environ, **CANARIES, "FINERWORKS_BASE_URL": wire.url}
        command = [COMMAND, "check", "--shape", str(tmp_path / "a.json")]
        with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            before.append(process.stderr.readline())
            process.terminate()
            process.communicate(timeout=60)
    assert f"finerworks: sends at most 10 requests to {wire.url}, which only read: " in (
        before[0].decode()
    )
    assert list(tmp_path.iterdir()) == [], "a program that is ended leaves nothing"


def paged(exchange: Exchange, count: int, cap: int, total: Callable[[int], object]) -> bytes:
    """Send a page of a number of invoices, of any size up to a cap."""
    size = min(exchange.asked.get("per_page", 10), cap)
    first = (exchange.asked["page_number"] - 1) * size
    found = rows(*range(count))[first : first + size]
    return answer_json({**listing(found), "total_count": total(len(found))})


@pytest.mark.parametrize("total", [400, None])
def test_the_server_gets_no_more_than_the_file_says(tmp_path: Path, total: int | None) -> None:
    """The server receives only the requests in the file, and each requests a page."""
    with Wire(lambda each: each.send(paged(each, 400, 25, lambda _: total))) as wire:
        done = run_against(wire, "check", "--shape", tmp_path / "a.json")
    document = json.loads((tmp_path / "a.json").read_text())
    assert done.status == 0
    assert len(wire.exchanges) == len(document["requests"]) == 10
    assert {each.head.split()[1] for each in wire.exchanges} == {b"/v3/list_invoices"}
    assert [each.asked.get("per_page") for each in wire.exchanges] == [25] * 6 + [1, None, 25, 26]
    assert wire.connections == 1


@pytest.mark.parametrize(
    ("status", "sdk", "code"),
    [
        (503, "ServerError", 4),
        (429, "RateLimitError", 4),
        (302, "RedirectError", 4),
        (403, "PermissionDeniedError", 3),
    ],
)
def test_a_failure_of_the_first_request_ends_it(
    tmp_path: Path, status: int, sdk: str, code: int
) -> None:
    """If the first request fails, nothing more is sent, and the file records the failure."""
    answer = answer_json({"message": "secret words", "code": 7}, status, "Retry-After: 0")
    with Wire(lambda each: each.send(answer)) as wire:
        done = run_against(wire, "check", "--shape", tmp_path / "a.json")
    document = json.loads((tmp_path / "a.json").read_text())
    assert (done.status, len(wire.exchanges)) == (code, 1)
    assert document["requests"] == [
        {"purpose": "page 1", "status": status, "sdk": sdk, "body": "object", "rows": None}
    ]
    assert set(document["objects"]["error"]["fields"]) == {"message", "code"}
    assert "retry-after" in document["headers"]["names"]
    assert "secret" not in json.dumps(document)


def test_rejected_keys_are_recorded(tmp_path: Path) -> None:
    """The file contains the shape of the error that rejects the keys. The status is 3."""
    with Wire(lambda each: each.send(answer_json(REFUSED_KEYS, 400))) as wire:
        done = run_against(wire, "check", "--shape", tmp_path / "a.json")
    objects = json.loads((tmp_path / "a.json").read_text())["objects"]
    assert done.status == 3
    assert objects["error"]["fields"]["ModelState"]["types"] == {"object": 1}
    assert list(objects["ModelState"]["fields"]) == ["ApiC.Models.authorization_credentials"]


@pytest.mark.parametrize("content", [b"<html>no</html>", b"", b"null", b"3"])
def test_a_first_response_that_is_no_page_ends_it(tmp_path: Path, content: bytes) -> None:
    """A first response that is not a page is recorded, and nothing more is sent."""
    with Wire(lambda each: each.send(http(content, 200, "Content-Type: text/html"))) as wire:
        done = run_against(wire, "check", "--shape", tmp_path / "a.json")
    document = json.loads((tmp_path / "a.json").read_text())
    bodies = {b"": "empty", b"null": "null", b"3": "number"}
    assert (done.status, len(wire.exchanges)) == (5, 1)
    assert document["requests"][0]["body"] == bodies.get(content, "not JSON")
    assert document["bodies"]["media_types"] == {"text/html": 1}


@pytest.mark.parametrize("number", [2, 3])
def test_a_limit_of_the_rate_ends_it(tmp_path: Path, number: int) -> None:
    """After a rate limit, nothing more is sent. The file has the earlier responses."""

    def answer(each: Exchange) -> None:
        limited = each.number == number
        each.send(answer_json({}, 429) if limited else paged(each, 60, 25, lambda _: 60))

    with Wire(answer) as wire:
        done = run_against(wire, "check", "--shape", tmp_path / "a.json")
    requests = json.loads((tmp_path / "a.json").read_text())["requests"]
    assert (done.status, len(wire.exchanges)) == (4, number)
    assert [each["status"] for each in requests] == [200] * (number - 1) + [429]


def test_a_request_without_a_response_ends_it(tmp_path: Path) -> None:
    """A request without a response is recorded, and nothing more is sent."""

    def answer(each: Exchange) -> None:
        if each.number == 3:
            each.reset()
        each.send(paged(each, 30, 25, lambda _: 30))

    with Wire(answer) as wire:
        done = run_against(wire, "check", "--shape", tmp_path / "a.json")
    last = json.loads((tmp_path / "a.json").read_text())["requests"][-1]
    assert (done.status, len(wire.exchanges)) == (4, 3)
    assert (last["status"], last["sdk"], last["body"]) == (
        None,
        "APIConnectionError",
        "none arrived",
    )


@pytest.mark.parametrize("limited", [True, False])
def test_an_early_end_is_a_failure_whatever_was_asked(tmp_path: Path, limited: bool) -> None:
    """An early end is a failure, even at a page that a server may reject."""

    def answer(each: Exchange) -> None:
        if each.number == 1:
            each.send(paged(each, 12, 25, lambda _: None))
        elif limited:
            each.send(answer_json({}, 429))
        else:
            each.reset()

    with Wire(answer) as wire:
        done = run_against(wire, "check", "--shape", tmp_path / "a.json")
    assert (done.status, len(wire.exchanges)) == (4, 2)
    assert len(json.loads((tmp_path / "a.json").read_text())["requests"]) == 2


def test_without_any_response_there_is_no_file(tmp_path: Path) -> None:
    """Without any response, no file is written."""
    done = run(
        "check",
        "--shape",
        tmp_path / "a.json",
        **CANARIES,
        FINERWORKS_BASE_URL="http://127.0.0.1:1",
    )
    assert (done.status, list(tmp_path.iterdir())) == (4, [])
    assert done.err.startswith("finerworks: sends at most 10 requests")


def test_a_failure_that_may_be_is_none(tmp_path: Path) -> None:
    """Rejected requests for a large page, or a page after the last, are recorded and no failure."""
    document = shape_of(tmp_path / "a.json", shapes=("last-page-error",))
    with Sandbox(invoices=250, edge_cases=True, shapes=("last-page-error",)) as sandbox:
        done = run("check", "--shape", tmp_path / "b.json", **sandbox.env)
    assert done.status == 0
    assert "deviation a page after the last is rejected" in done.out
    assert [each["sdk"] for each in document["requests"][-2:]] == ["BadRequestError"] * 2


# --- the file -------------------------------------------------------------------------------------


def test_an_existing_file_stays_unless_it_may_be_replaced(tmp_path: Path) -> None:
    """An existing file is an error before anything is sent, without `--overwrite`."""
    file = tmp_path / "a.json"
    file.write_text("mine")
    with Wire() as wire:
        refused = run_against(wire, "check", "--shape", file)
        assert (refused.status, file.read_text(), wire.exchanges) == (2, "mine", [])
        assert "add --overwrite" in refused.err
    with Wire(lambda each: each.send(paged(each, 60, 25, lambda _: 60))) as wire:
        assert run_against(wire, "check", "--shape", file, "--overwrite").status == 0
    assert json.loads(file.read_text())["format"] == 1


def test_a_folder_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    """A missing folder is an error before anything is sent."""
    with Wire() as wire:
        done = run_against(wire, "check", "--shape", tmp_path / "no" / "a.json")
    assert (done.status, wire.exchanges) == (1, [])
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_file(tmp_path: Path, number: signal.Signals) -> None:
    """An interrupt leaves no file, and no part of one."""

    def answer(each: Exchange) -> None:
        if each.number == 2:
            os.kill(process.pid, number)
            each.wait()
        each.send(paged(each, 60, 25, lambda _: 60))

    with Wire(answer) as wire:
        variables = {**os.environ, **CANARIES, "FINERWORKS_BASE_URL": wire.url}
        command = [COMMAND, "check", "--shape", str(tmp_path / "a.json")]
        with subprocess.Popen(
            command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else 143)
    assert list(tmp_path.iterdir()) == []


def test_the_same_responses_give_the_same_file(tmp_path: Path) -> None:
    """The same responses give the same bytes, so that files can be compared."""
    for name in ("a.json", "b.json"):
        shape_of(tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert (tmp_path / "a.json").read_text().endswith("}\n")


def test_an_account_of_a_platform_can_be_read(tmp_path: Path) -> None:
    """The account key is sent with each request, but not written to the file."""
    with Sandbox(invoices=250, edge_cases=True) as sandbox:
        done = run(
            "check",
            "--shape",
            tmp_path / "a.json",
            **sandbox.env,
            FINERWORKS_ACCOUNT_KEY="seller-birch",
        )
    text = (tmp_path / "a.json").read_text()
    assert done.status == 0
    assert json.loads(text)["findings"]["rows_read"] == 26
    assert "birch" not in text


def test_render_is_json_that_can_be_read() -> None:
    """The file is JSON with short values on one line."""
    document: Document = {"a": 1, "b": {"c": ["d"] * 30}, "e": ["f" * 200], "g": {}}
    assert json.loads(render(document)) == document
    assert all(len(line) <= 100 or "ffff" in line for line in render(document).splitlines())


# --- what is learned ------------------------------------------------------------------------------


def look_up(document: Document, path: str) -> Any:  # noqa: ANN401 - decoded JSON
    """Return the value at a path such as `findings/order/due_date`."""
    for name in path.split("/"):
        document = document[name]
    return document


LEARNED: list[tuple[tuple[Shape, ...], dict[str, object]]] = [
    (
        (),
        {
            "format": 1,
            "host": "this machine",
            "connection": {"http": ["HTTP/1.1"], "tls": [], "ciphers": []},
            "bodies": {
                "media_types": {"application/json": 8},
                "charsets": {"none": 8},
                "encodings": {"none": 8},
            },
            "headers": {
                "names": ["content-length", "content-type", "date", "server"],
                "not_written": 0,
            },
            "findings/rows_read": 60,
            "findings/repeated_rows": 0,
            "findings/total_count": "the rows of all pages",
            "findings/order/due_date": "descending",
            "findings/per_page": {
                "1": "obeyed",
                "25": "obeyed",
                "26": "rejected",
                "left out": "10 rows, as documented",
            },
            "findings/page_after_last": "an empty list",
            "findings/first_page_again": "the same rows",
            "objects/status/fields/domain": {
                "present": 7,
                "absent": 0,
                "null": 7,
                "empty": 0,
                "types": {},
            },
            "objects/status/fields/message/empty": 7,
            "objects/invoice/count": 60,
            "objects/invoice/fields/due_date/null": 7,
            "objects/invoice/fields/due_date/dates": {
                "forms": {"date T time": 53},
                "offsets": {"-05:00": 30, "-06:00": 23},
                "fraction_digits": {"7": 53},
                "unset": 0,
            },
            "objects/invoice/fields/amount_due/numbers": {
                "fraction_digits": {"0": 1, "1": 5, "2": 54},
                "with_exponent": 0,
                "in_text": 0,
            },
            "objects/error/fields/Message/types": {"text": 1},
        },
    ),
    (
        ("bare-list",),
        {
            "requests/0": {
                "purpose": "page 1",
                "status": 200,
                "sdk": "ResponseValidationError",
                "body": "list",
                "rows": 25,
            },
            "findings/total_count": "cannot tell",
            "findings/page_after_last": "an empty list",
            "objects/invoice/count": 60,
        },
    ),
    (
        ("unknown-fields",),
        {
            "objects/envelope/fields/added_later/types": {"object": 7},
            "objects/status/fields/added_later/present": 7,
            "objects/invoice/fields/added_later/present": 60,
        },
    ),
    (
        ("missing-fields",),
        {"objects/status/count": 7, "objects/invoice/fields/invoice_id/absent": 0},
    ),
    (("null-fields",), {"objects/invoice/fields/amount_due/null": 60}),
    (("empty-fields",), {"objects/invoice/fields/due_date/empty": 60}),
    (
        ("numbers-as-text",),
        {
            "objects/invoice/fields/amount_due/types": {"text": 60},
            "objects/invoice/fields/amount_due/numbers/in_text": 60,
            "objects/envelope/fields/total_count/types": {"text": 7},
            "findings/total_count": "not always an integer",
        },
    ),
    (("ids-as-numbers",), {"objects/invoice/fields/invoice_id/types": {"number": 60}}),
    (("exponents",), {"objects/invoice/fields/amount_due/numbers/with_exponent": 60}),
    (("four-digits",), {"objects/invoice/fields/amount_due/numbers/fraction_digits": {"4": 60}}),
    (("total-count-per-page",), {"findings/total_count": "the rows of the page"}),
    (("total-count-null",), {"findings/total_count": "null"}),
    (("total-count-missing",), {"findings/total_count": "absent"}),
    (("ascending",), {"findings/order/invoice_month": "ascending"}),
    (("unordered",), {"findings/order/invoice_month": "neither"}),
    (("cap-25",), {"findings/per_page/26": "cut"}),
    (("large-pages",), {"findings/per_page/26": "obeyed"}),
    (("last-page-error",), {"findings/page_after_last": "rejected"}),
    (("last-page-null",), {"findings/page_after_last": "null"}),
    (
        ("last-page-repeats", "total-count-missing"),
        {"findings/page_after_last": "rows", "findings/repeated_rows": 20},
    ),
]


@pytest.mark.parametrize(
    ("shapes", "learned"), LEARNED, ids=[" ".join(each) or "as it is" for each, _ in LEARNED]
)
def test_it_learns_what_the_server_does(
    tmp_path: Path, shapes: tuple[Shape, ...], learned: dict[str, object]
) -> None:
    """The file records each deviation that the sandbox can simulate."""
    document = shape_of(tmp_path / "a.json", shapes=shapes)
    for path, expected in learned.items():
        if path == "requests/0":
            assert document["requests"][0] == expected
        else:
            assert look_up(document, path) == expected, path


def test_a_field_that_no_object_has_is_not_in_the_file(tmp_path: Path) -> None:
    """A field that no object has is not in the file."""
    document = shape_of(tmp_path / "a.json", shapes=("missing-fields",))
    assert "due_date" not in document["objects"]["invoice"]["fields"]
    assert "status_code" not in document["objects"]["status"]["fields"]


@pytest.mark.parametrize("dates", ["none", "mixed"])
def test_it_learns_of_dates_without_an_offset(tmp_path: Path, dates: Dates) -> None:
    """The file has the number of dates without an offset, and their digits."""
    document = shape_of(tmp_path / "a.json", dates=dates)
    month = document["objects"]["invoice"]["fields"]["invoice_month"]["dates"]
    if dates == "none":
        assert (month["offsets"], month["fraction_digits"]) == ({"none": 59}, {"0": 59})
    else:
        assert set(month["offsets"]) == {"none", "-05:00", "-06:00"}
        assert sum(month["offsets"].values()) == 59
        assert set(month["fraction_digits"]) == {"0", "7"}
    assert document["findings"]["order"]["invoice_month"] == "descending"


def test_it_learns_the_version_of_tls(tmp_path: Path) -> None:
    """The file has the TLS version and the compression, even if the server closes each connection."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_2
    authority.issue_cert("127.0.0.1").configure_cert(tls)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    content = gzip.compress(json.dumps(listing(rows(1))).encode())
    headers = (f"{JSON}; charset=utf-8", "Content-Encoding: gzip", "X-Powered-By: ASP.NET")

    def answer(each: Exchange) -> None:
        each.send(http(content, 200, *headers, "Connection: close"))
        each.close()

    with Wire(answer, tls=tls) as wire:
        done = run_against(
            wire,
            "check",
            "--shape",
            tmp_path / "a.json",
            SSL_CERT_FILE=str(tmp_path / "authority.pem"),
        )
    document = json.loads((tmp_path / "a.json").read_text())
    assert done.status == 0, done
    assert document["connection"]["http"] == ["HTTP/1.1"]
    assert document["connection"]["tls"] == ["TLSv1.2"]
    assert len(document["connection"]["ciphers"]) == 1
    assert document["bodies"] == {
        "media_types": {"application/json": 6},
        "charsets": {"utf-8": 6},
        "encodings": {"gzip": 6},
    }
    assert document["headers"]["names"] == [
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "x-powered-by",
    ]
    assert "ASP.NET" not in json.dumps(document)


# --- nothing leaks --------------------------------------------------------------------------------


def test_a_server_that_repeats_everything_is_not_repeated(tmp_path: Path) -> None:
    """Keys, IDs and amounts are not written, even if a server uses them as names and values."""

    def answer(each: Exchange) -> None:
        key, other = CANARIES.values()
        echoed: dict[str, object] = {key: other, "a_field": key, "INV_77123": 1, "amount_77123": 2}
        row = {**ROW, **echoed, "invoice_id": "INV_77123", "amount_due": 77123.45}
        data = {**listing([row]), **echoed, "status": {**STATUS, **echoed, "message": other}}
        headers = (f"X-{key}: {other}", f"{other}: {key}", "X-77123: 1", "X-Trace: 77123")
        each.send(answer_json(data, 200, *headers))

    with Wire(answer) as wire:
        done = run_against(wire, "check", "--shape", tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text()
    document = json.loads(text)
    assert done.status == 0, done
    for secret in ("canary", "77123", ROW["due_date"], STATUS["reference_id"]):
        assert str(secret).lower() not in (text + done.out + done.err).lower()
    assert document["objects"]["invoice"]["names_not_written"] == 3
    assert document["objects"]["invoice"]["fields"]["a_field"]["types"] == {"text": 1}
    assert document["headers"]["not_written"] == 3
