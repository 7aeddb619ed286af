"""The failures that the sandbox makes, as a client at the other end of a socket sees them."""

import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress

import httpx
import pytest

from finerworks.sandbox import Sandbox
from finerworks.sandbox.faults import RateLimit

LIST = "/v3/list_invoices"
KINDS = {"429", "500", "502", "503", "reset", "cut off"}


def ask(sandbox: Sandbox) -> socket.socket:
    """A plain socket, which nothing smooths over, with a request sent by it."""
    url = httpx.URL(sandbox.base_url)
    sent = b'{"per_page": 25}'
    head = (
        f"POST {LIST} HTTP/1.1\r\nHost: {url.host}\r\nConnection: close\r\n"
        f"web_api_key: {sandbox.web_api_key}\r\napp_key: {sandbox.app_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    )
    connection = socket.create_connection((url.host, url.port or 0), timeout=30)
    connection.sendall(head.encode() + sent)
    return connection


def exchange(sandbox: Sandbox) -> bytes:
    """All that comes back for a request."""
    with ask(sandbox) as connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


def outcome(sandbox: Sandbox) -> str:
    """What became of one request, in a word."""
    try:
        head, _, body = exchange(sandbox).partition(b"\r\n\r\n")
    except ConnectionResetError:
        return "reset"
    status, announced = head.split()[1].decode(), 0
    for line in head.splitlines():
        if line.lower().startswith(b"content-length:"):
            announced = int(line.split()[1])
    return status if len(body) == announced else "cut off"


def client_of(sandbox: Sandbox) -> httpx.Client:
    """A client with the demo keys."""
    keys = {"web_api_key": sandbox.web_api_key, "app_key": sandbox.app_key}
    return httpx.Client(base_url=sandbox.base_url, headers=keys, trust_env=False)


def repeat(request: Callable[[], object], unless: type[Exception] = ZeroDivisionError) -> None:
    """Makes a request until it fails, other than with the error `unless`."""
    for _ in range(200):
        with suppress(unless):
            request()


@pytest.fixture(scope="module")
def failing() -> Iterator[Sandbox]:
    """A sandbox in which every request of the API fails."""
    with Sandbox(fail_rate=1) as sandbox:
        yield sandbox


def answer_with(sandbox: Sandbox, status: int) -> httpx.Response:
    """The first answer that has the status, of many."""
    with client_of(sandbox) as client:
        for _ in range(200):
            try:
                answer = client.post(LIST, json={})
            except httpx.TransportError:
                continue
            if answer.status_code == status:
                return answer
    raise AssertionError(f"no {status} in 200 answers")


def test_all_kinds_of_failure_come_in_about_equal_shares(failing: Sandbox) -> None:
    """Six kinds, and nothing else when everything is to fail."""
    kinds = Counter(outcome(failing) for _ in range(180))
    assert set(kinds) == KINDS
    assert min(kinds.values()) >= 15


def test_a_reset_is_a_reset_to_a_raw_socket(failing: Sandbox) -> None:
    """Not an end of the connection, which some clients take for the end of the answer."""
    with pytest.raises(ConnectionResetError):
        repeat(lambda: exchange(failing))


def test_a_reset_is_a_read_error_to_httpx(failing: Sandbox) -> None:
    """What the SDK, and whoever uses httpx, has to expect."""
    with client_of(failing) as client, pytest.raises(httpx.ReadError):
        repeat(lambda: client.post(LIST, json={}), unless=httpx.RemoteProtocolError)


def test_a_body_that_is_cut_off_is_half_of_the_true_one(failing: Sandbox) -> None:
    """The whole length is announced, half of a good answer comes, and the connection ends."""
    with Sandbox() as sandbox:
        true_body = exchange(sandbox).partition(b"\r\n\r\n")[2]
    bodies: set[bytes] = set()
    while not bodies:
        try:
            head, _, body = exchange(failing).partition(b"\r\n\r\n")
        except ConnectionResetError:
            continue
        if head.startswith(b"HTTP/1.1 200"):
            assert f"content-length: {len(true_body)}".encode() in head
            bodies.add(body)
    assert bodies == {true_body[: len(true_body) // 2]}


def test_a_body_that_is_cut_off_is_a_protocol_error_to_httpx(failing: Sandbox) -> None:
    """No client that minds Content-Length takes it for a whole answer."""
    with client_of(failing) as client, pytest.raises(httpx.RemoteProtocolError):
        repeat(lambda: client.post(LIST, json={}), unless=httpx.ReadError)


def test_429_says_when_to_come_back(failing: Sandbox) -> None:
    """In a second, and in the plain shape."""
    answer = answer_with(failing, 429)
    assert answer.headers["retry-after"] == "1"
    assert list(answer.json()) == ["message"]


def test_502_is_a_page_of_html(failing: Sandbox) -> None:
    """As a gateway on the way answers: a client that parses it as JSON must cope."""
    answer = answer_with(failing, 502)
    assert answer.headers["content-type"] == "text/html"
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("status", [500, 503])
def test_other_failures_are_in_the_plain_shape(failing: Sandbox, status: int) -> None:
    """A message and no Retry-After."""
    answer = answer_with(failing, status)
    assert list(answer.json()) == ["message"]
    assert "retry-after" not in answer.headers


def test_a_seed_gives_the_same_failures_in_every_run() -> None:
    """A run that failed can be had again; another seed fails elsewhere."""

    def run(seed: int) -> list[str]:
        with Sandbox(fail_rate=0.5, seed=seed) as sandbox:
            return [outcome(sandbox) for _ in range(40)]

    first = run(1)
    assert first == run(1)
    assert first != run(2)
    assert 5 < first.count("200") < 35


def test_nothing_fails_unless_asked() -> None:
    """The default is a server without faults."""
    with Sandbox() as sandbox:
        assert {outcome(sandbox) for _ in range(30)} == {"200"}


@pytest.mark.parametrize("number", [1, 3])
def test_one_request_fails_and_no_other(number: int) -> None:
    """The one that is named, with 500, so that a program's second try can be counted on."""
    with Sandbox(fail_request=number) as sandbox:
        outcomes = [outcome(sandbox) for _ in range(5)]
    assert outcomes == ["500" if count == number else "200" for count in range(1, 6)]


def test_only_requests_of_the_api_fail(failing: Sandbox) -> None:
    """Swagger UI and the contract stay up, and so do the errors of other paths and methods."""
    with client_of(failing) as client:
        for _ in range(10):
            assert client.get("/ui/").status_code == 200
            assert client.get("/openapi.json").status_code == 200
            assert client.get(LIST).status_code == 405
            assert client.post("/elsewhere", json={}).status_code == 404


@pytest.mark.parametrize(
    ("a_second", "times", "admitted"),
    [
        (1, [0, 0, 0.5, 0.99, 1, 1.5, 2], [True, False, False, False, True, False, True]),
        (2, [0, 0.5, 0.9, 1, 1.4, 1.5], [True, True, False, True, False, True]),
        (3, [5, 5, 5, 5, 6, 6, 6, 6], [True, True, True, False, True, True, True, False]),
    ],
)
def test_a_rate_limit_counts_what_it_let_through_in_the_last_second(
    a_second: int, times: list[float], admitted: list[bool]
) -> None:
    """What it turned away does not count, so that waiting a second always helps."""
    limit = RateLimit(a_second)
    assert [limit.admits(now) for now in times] == admitted


def test_requests_above_the_rate_limit_get_429() -> None:
    """Over the wire: some pass, some are told to come back in a second."""
    with Sandbox(rate_limit=2) as sandbox, client_of(sandbox) as client:
        answers = [client.post(LIST, json={}) for _ in range(25)]
        assert client.get("/openapi.json").status_code == 200
    assert {answer.status_code for answer in answers} == {200, 429}
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}


def test_a_slow_answer_outlasts_an_impatient_client() -> None:
    """The API waits, and nothing else does."""
    with Sandbox(latency=3600) as sandbox, client_of(sandbox) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post(LIST, json={}, timeout=0.2)
        assert client.get("/openapi.json").status_code == 200


def test_stopping_answers_what_is_waiting() -> None:
    """However long the wait was to be, the sandbox ends at once and leaves no request hanging."""
    with Sandbox(latency=3600) as sandbox:
        waiting = ask(sandbox)
        # Served after what came before it: the first request is waiting by now.
        httpx.get(f"{sandbox.base_url}/openapi.json", trust_env=False)
    with waiting:
        assert waiting.recv(65536).startswith(b"HTTP/1.1 200")
