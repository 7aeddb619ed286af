"""Exchanges of `finerworks check` without a server, and the file that is made of them."""

import json
from collections.abc import Sequence
from typing import Any

import httpx

from command import CANARIES
from finerworks import errors
from finerworks.cli.shape import plan
from finerworks.cli.shape.document import describe
from finerworks.cli.shape.exchange import Connection, Exchange as Asked, Question, Received

Document = dict[str, Any]


def exchange(
    data: object,
    status: int = 200,
    *,
    question: Question | None = None,
    headers: Sequence[tuple[str, str]] = (("content-type", "application/json"),),
) -> Asked:
    """Make an exchange without a server. Bytes are a body as it is, and anything else is JSON."""
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    error = None
    if status != 200:
        error = errors.class_for_status(status)("no", status_code=status)
    received = Received(
        status, httpx.Headers(list(headers)), Connection("HTTP/1.1", None, None), content
    )
    return Asked(question or Question("page 1", 1, 25), received, error, 0.0)


def describe_all(
    pages: list[Asked], others: Sequence[Asked] = (), host: str = "https://v2.api.finerworks.com"
) -> Document:
    """Give the file of some exchanges."""
    named = {each.question.purpose: each for each in others}
    asked = plan.Interview(pages, named)
    return describe(asked, base_url=httpx.URL(host), keys=list(CANARIES.values()))
