"""The sandbox under requests that are made up: by schemathesis from the contract, and by the byte."""

# What schemathesis gives is typed in part only: where its types end, the checker is told not to mind.
# pyright: reportUnknownMemberType=false, reportUntypedFunctionDecorator=false

import copy
import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
import pytest
import requests
import schemathesis
import yaml
from hypothesis import given, strategies as st

from answers import REFUSED_KEYS
from finerworks.sandbox import (
    APP_KEY,
    ORDINARY_APP_KEY,
    ORDINARY_WEB_API_KEY,
    WEB_API_KEY,
    Sandbox,
    data,
)
from finerworks.sandbox.app import contract_path

LIST = "/v3/list_invoices"
DEMO = {"web_api_key": WEB_API_KEY, "app_key": APP_KEY}
ORDINARY = {"web_api_key": ORDINARY_WEB_API_KEY, "app_key": ORDINARY_APP_KEY}
HALF_RIGHT: list[dict[str, str]] = [
    {},
    *({**DEMO, name: "wrong"} for name in DEMO),
    *({name: DEMO[name]} for name in DEMO),
]
WRONG_KEYS = itertools.cycle(HALF_RIGHT)

CONTRACT: dict[str, Any] = yaml.safe_load(contract_path().read_text(encoding="utf-8"))

# The demo keys may read for the sandbox's sellers; for whom else is not in the contract, and cannot be.
WITH_SELLERS = copy.deepcopy(CONTRACT)
WITH_SELLERS["components"]["schemas"]["InvoiceListRequest"]["properties"]["account_key"]["enum"] = [
    *data.SELLERS,
    None,
]


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Keep one connection, whatever proxy the environment names."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def schema_of(contract: dict[str, Any]) -> schemathesis.BaseSchema:
    """Have schemathesis read a contract, with all of its checks but one."""
    schema = schemathesis.openapi.from_dict(contract)
    # It knows 401 and 403 alone for refused keys, where FinerWorks answers 400: checked below in its place.
    schema.config.checks.update(excluded_check_names=["ignored_auth"])
    return schema


@schema_of(WITH_SELLERS).parametrize()
def test_the_demo_account_is_as_the_contract_says(
    case: schemathesis.Case[Any], sandbox: Sandbox, session: requests.Session
) -> None:
    """Right requests are answered, wrong ones refused, and every answer is of the contract."""
    answer = case.call_and_validate(sandbox.base_url, headers=DEMO, session=session)
    if answer.status_code == 200:
        headers = {**next(WRONG_KEYS), "content-type": "application/json"}
        refused = session.post(answer.request.url or "", answer.request.body, headers=headers)
        assert (refused.status_code, refused.json()) == (400, REFUSED_KEYS)


@schema_of(CONTRACT).parametrize()
def test_an_ordinary_account_is_as_the_contract_says(
    case: schemathesis.Case[Any], sandbox: Sandbox, session: requests.Session
) -> None:
    """The same for an account whose account_key, whatever it is, is ignored."""
    case.call_and_validate(sandbox.base_url, headers=ORDINARY, session=session)


PATHS = st.one_of(
    st.sampled_from(
        [
            LIST,
            LIST + "/",
            "/openapi.json",
            "/ui",
            "/ui/",
            "/ui/swagger-ui.css",
            "/",
            "*",
            "//",
            "/v3/",
        ]
    ),
    st.tuples(st.sampled_from(["/", "/ui/", LIST, LIST + "?", "/v3/"]), st.binary(max_size=20)).map(
        lambda parts: parts[0] + quote_from_bytes(parts[1], safe="?/%.")
    ),
)
METHODS = st.sampled_from(
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
)
# What HTTP lets a header have: bytes that are no control characters.
WORDS = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30
).map(lambda text: text.strip().encode("latin-1"))
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            b"content-type",
            b"content-encoding",
            b"accept",
            b"cookie",
            b"origin",
            b"range",
            b"if-modified-since",
            b"expect",
        ]
    ),
    st.one_of(
        WORDS,
        st.sampled_from(
            [
                b"application/json",
                b"text/json",
                b"application/json; charset=utf-16",
                b"multipart/form-data",
                b"gzip",
            ]
        ),
    ),
    max_size=3,
)
BODIES = st.one_of(
    st.binary(max_size=100),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["per_page", "page_number", "account_key", "x"]), inner, max_size=4
            )
        ),
        max_leaves=5,
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [
            b'{"page_number": %s}' % (b"9" * 5000),
            b'{"a":' * 5000,
            b'{"per_page": 1e400}',
            b"\xef\xbb\xbf{}",
        ]
    ),
)


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """Give a client without keys of its own."""
    with httpx.Client(base_url=sandbox.base_url, trust_env=False, timeout=60) as client:
        yield client


KEYS = st.sampled_from([DEMO, DEMO, ORDINARY, *HALF_RIGHT]).map(
    lambda keys: {name.encode(): key.encode() for name, key in keys.items()}
) | st.dictionaries(st.sampled_from([b"web_api_key", b"app_key"]), WORDS)


@given(
    method=st.just("POST") | METHODS,
    path=st.just(LIST) | PATHS,
    headers=st.tuples(KEYS, HEADERS).map(lambda parts: parts[0] | parts[1]),
    body=BODIES,
)
def test_no_request_makes_the_sandbox_fail(
    client: httpx.Client, method: str, path: str, headers: dict[bytes, bytes], body: bytes
) -> None:
    """Whatever is asked, and however, there is an answer, and it is never a 500."""
    # A target is sent as it is, where a URL's path would be put in order.
    request = client.build_request(
        method, "/", headers=headers, content=body, extensions={"target": path.encode()}
    )
    answer = client.send(request)
    assert answer.status_code < 500
    if path == LIST and answer.status_code != 200 and method == "POST":
        assert list(answer.json()) in (["message"], ["Message", "ModelState"])
