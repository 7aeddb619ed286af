"""Another endpoint takes an edit of the contract, `make regenerate`, and the few lines that CONTRIBUTING shows."""

import json
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from answers import listing, rows
from generator import ROOT, regenerate
from wire import Exchange, Wire, http

MOST_LINES = 15
"""What another endpoint of the same envelope and paging may take, docstring included."""

PROGRAM = """
import asyncio

from finerworks import AsyncFinerWorks, FinerWorks, ResponseValidationError


async def main():
    async with AsyncFinerWorks() as fw:
        print([payment.payment_id async for payment in fw.payments.list()])

with FinerWorks() as fw:
    print([payment.payment_id for payment in fw.payments.list()])
    print(fw.payments.page(2, per_page=20).total_count)
    print({"payment_id", "amount_due", "payment_month_offset"} <= set(fw.payments.list().to_arrow().column_names))
    try:
        fw.payments.page(9)
    except ResponseValidationError as error:
        print(error.field)
asyncio.run(main())
"""


def blocks() -> list[str]:
    """Give the Python code that CONTRIBUTING shows, as it is to stand in the files."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    found = re.findall(r"^    ```python\n(.*?)^    ```$", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def with_payments(contract: dict[str, Any]) -> dict[str, Any]:
    """Describe `POST /v3/list_payments` beside `POST /v3/list_invoices`: the same, of payments."""
    names = ("Invoice", "InvoiceList", "InvoiceListRequest")
    schemas = contract["components"]["schemas"]
    invoices = {
        "path": contract["paths"]["/v3/list_invoices"],
        "schemas": {name: schemas[name] for name in names},
    }
    text = json.dumps(invoices).replace("invoice", "payment").replace("Invoice", "Payment")
    payments = json.loads(re.sub(r', "examples": \{.*?\}\}', "", text))
    contract["paths"]["/v3/list_payments"] = payments["path"]
    schemas.update(payments["schemas"])
    contract["tags"].append({"name": "Payments", "description": "What was paid."})
    return contract


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the project to which payments were added."""
    copy = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "overlays", copy / "overlays")
    contract = cast("dict[str, Any]", yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8")))
    regenerate(copy, yaml.safe_dump(with_payments(contract)))
    module, client = blocks()
    (copy / "overlays" / "finerworks" / "payments.py").write_text(module, "utf-8")
    imported, sync, aio = (line for line in client.splitlines() if line)
    path = copy / "overlays" / "finerworks" / "client.py"
    text = path.read_text("utf-8")
    for line, beside in (
        (imported, "from finerworks.invoices import INVOICES"),
        (sync, "    invoices = Resource(INVOICES)"),
        (aio, "    invoices = AsyncResource(INVOICES)"),
    ):
        assert text.count(f"{beside}\n") == 1
        text = text.replace(f"{beside}\n", f"{beside}\n{line}\n")
    path.write_text(text, "utf-8")
    return copy


def test_it_takes_few_lines() -> None:
    """Counted without blanks: what has to be written by hand beside the contract."""
    lines = [line for block in blocks() for line in block.splitlines() if line.strip()]
    assert len(lines) <= MOST_LINES


def test_it_is_listed_like_invoices(copy: Path) -> None:
    """Sync and async: keys, pages, a failure that is tried again, a broken answer that is refused."""
    heads: list[bytes] = []

    def does(exchange: Exchange) -> None:
        heads.append(exchange.head)
        number, size = exchange.asked["page_number"], exchange.asked["per_page"]
        payments = rows(*range((number - 1) * size, min(number * size, 60)))
        body = json.dumps(listing(payments, 60)).replace("invoice", "payment")
        if number == 9:
            body = body.replace('"total_count": 60', '"total_count": "60"')
        exchange.send(http(status=503) if exchange.number == 2 else http(body.encode()))

    with Wire(does) as wire:
        environment = {
            "FINERWORKS_WEB_API_KEY": "the-web-api-key",
            "FINERWORKS_APP_KEY": "the-app-key",
            "FINERWORKS_BASE_URL": wire.url,
            "PYTHONPATH": f"{copy / 'overlays'}:{copy / 'generated'}",
        }
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    every = str([str(number) for number in range(60)])
    assert (ran.stderr, ran.stdout.splitlines()) == (
        "",
        [every, "60", "True", "total_count", every],
    )
    assert (
        len(heads) == 3 + 1 + 1 + 3 + 1 + 3
    )  # pages, the one tried again, a single one, pages, a single one, pages
    for head in heads:
        assert head.startswith(b"POST /v3/list_payments ")
        assert b"the-web-api-key" in head
        assert b"the-app-key" in head


def test_it_is_typed(copy: Path) -> None:
    """By mypy, as strictly as the rest; and what a listing gives is known to be a payment."""
    program = copy / "typed.py"
    program.write_text(
        "from finerworks import FinerWorks\nfor payment in FinerWorks().payments.list():\n    reveal_type(payment)\n",
        "utf-8",
    )
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file=",
            "--no-incremental",
            str(program),
        ],
        env={"MYPYPATH": f"{copy / 'overlays'}:{copy / 'generated'}"},
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'Revealed type is "finerworks_client.models.payment.Payment"' in ran.stdout, (
        ran.stdout + ran.stderr
    )
    assert ran.returncode == 0, ran.stdout
