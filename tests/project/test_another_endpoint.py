"""Another endpoint takes an edit of the contract, `make regenerate`, and the few lines that CONTRIBUTING shows."""

import json
import os
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
"""How many lines another endpoint with the same envelope and paging may take, docstring included."""

PYRIGHT = ROOT / "tools" / "node_modules" / ".bin" / "pyright"

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
    """Return the Python code that CONTRIBUTING shows, as it must be in the files."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    found = re.findall(r"^    ```python\n(.*?)^    ```$", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def with_payments(contract: dict[str, Any]) -> dict[str, Any]:
    """Describe `POST /v3/list_payments` like `POST /v3/list_invoices`, with payments."""
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


def insert_after(text: str, beginning: str, lines: str) -> str:
    """Return a text with lines after the only line that begins like this, indented as that is."""
    changed, count = re.subn(
        rf"^( *){re.escape(beginning)}.*\n",
        lambda found: found[0] + textwrap.indent(lines, found[1]),
        text,
        flags=re.MULTILINE,
    )
    assert count == 1, f"{count} lines begin with {beginning}"
    return changed


def with_payments_bound(client: str, kind: str, lines: str) -> str:
    """Return the code of one of the two clients with an import and an attribute for payments."""
    imported, attribute = [line for line in lines.splitlines(keepends=True) if line.strip()]
    client = insert_after(client, "from finerworks.invoices import INVOICES", imported)
    return insert_after(client, f"self.invoices = {kind}(", attribute)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project to which payments were added as CONTRIBUTING says."""
    copy = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "overlays", copy / "overlays")
    contract = cast("dict[str, Any]", yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8")))
    regenerate(copy, yaml.safe_dump(with_payments(contract)))
    operation, binding, sync_lines, async_lines = blocks()
    package = copy / "overlays" / "finerworks"
    (package / "payments.py").write_text(binding, "utf-8")

    operations = package / "operations.py"
    text = insert_after(operations.read_text("utf-8"), "LIST_INVOICES = ", operation)
    assert text.count("[LIST_INVOICES]") == 1
    text = text.replace("[LIST_INVOICES]", "[LIST_INVOICES, LIST_PAYMENTS]")
    operations.write_text(text, "utf-8")

    client = package / "client.py"
    sync_part, separator, async_part = client.read_text("utf-8").partition("class AsyncFinerWorks")
    sync_part = with_payments_bound(sync_part, "Resource", sync_lines)
    async_part = with_payments_bound(async_part, "AsyncResource", async_lines)
    client.write_text(sync_part + separator + async_part, "utf-8")
    return copy


def test_it_takes_few_lines() -> None:
    """Whatever must be written by hand next to the contract, without blank lines and lone brackets."""
    lines = [line for block in blocks() for line in block.splitlines()]
    assert len([line for line in lines if re.search(r"\w", line)]) <= MOST_LINES


def test_it_is_listed_like_invoices(copy: Path) -> None:
    """Sync and async: keys, pages, a failure that is retried, an invalid response that is refused."""
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
    pages, retried, single, exported, invalid = 3, 1, 1, 3, 1
    assert len(heads) == pages + retried + single + exported + invalid + pages
    for head in heads:
        assert head.startswith(b"POST /v3/list_payments ")
        assert b"the-web-api-key" in head
        assert b"the-app-key" in head


TYPED = """
from finerworks import AsyncFinerWorks, FinerWorks

for payment in FinerWorks().payments.list():
    reveal_type(payment)
reveal_type(FinerWorks().payments.page())


async def main() -> None:
    async for payment in AsyncFinerWorks().payments.list():
        reveal_type(payment)
    reveal_type(await AsyncFinerWorks().payments.page())
"""
"""A program that asks a type checker what it knows about payments."""


def check_types(copy: Path, command: list[str]) -> list[str]:
    """Run a type checker on the program. Return the types that it reveals, without their modules."""
    (copy / "typed.py").write_text(TYPED, "utf-8")
    ran = subprocess.run(
        [*command, "typed.py"],
        env={**os.environ, "MYPYPATH": f"{copy / 'overlays'}:{copy / 'generated'}"},
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    revealed = re.findall(r"(?:Revealed type is|Type of .* is) \"(.*)\"", ran.stdout)
    return [re.sub(r"[\w.]+\.", "", name) for name in revealed]


PRECISE = ["Payment", "PaymentList", "Payment", "PaymentList"]


def test_mypy_knows_its_types(copy: Path) -> None:
    """Strictly: an item of a listing is a payment, a page a list of payments, sync and async."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-incremental"]
    assert check_types(copy, command) == PRECISE


def test_pyright_knows_its_types(copy: Path) -> None:
    """The same types. `make test-site` installs pyright."""
    settings = {"extraPaths": ["overlays", "generated"], "venvPath": str(ROOT), "venv": ".venv"}
    (copy / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    assert check_types(copy, [str(PYRIGHT), "--project", "pyrightconfig.json"]) == PRECISE
