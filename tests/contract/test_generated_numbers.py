"""Numbers in generated code are decimals, wherever a contract can have them."""

import decimal
import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from generator import ROOT, regenerate

TEMPLATES = ROOT / "overlays" / "templates"

CONTRACT = """
openapi: 3.1.0
info: {title: Numbers, version: 1.0.0}
paths:
  /numbers:
    get:
      operationId: find_numbers
      parameters:
        - {name: least, in: query, required: true, schema: {type: number}}
        - {name: most, in: query, schema: {type: number, default: 19.99}}
        - {name: nearest, in: query, schema: {type: [number, "null"]}}
        - {name: among, in: query, schema: {type: array, items: {type: number}}}
        - {name: X-Rate, in: header, required: true, schema: {type: number}}
        - {name: X-Other-Rate, in: header, schema: {type: number}}
      responses:
        "200":
          description: numbers
          content: {application/json: {schema: {$ref: "#/components/schemas/Numbers"}}}
    post:
      operationId: add_numbers
      requestBody:
        required: true
        content: {application/json: {schema: {type: array, items: {type: number}}}}
      responses:
        "200":
          description: their sum
          content: {application/json: {schema: {type: number}}}
components:
  schemas:
    Numbers:
      type: object
      required: [required, nullable, items, nullable_items]
      properties:
        required: {type: number}
        optional: {type: number}
        nullable: {type: [number, "null"]}
        optional_nullable: {type: [number, "null"]}
        items: {type: array, items: {type: number}}
        optional_items: {type: array, items: {type: number}}
        nullable_items: {type: array, items: {type: [number, "null"]}}
        with_default: {type: number, default: 0.1}
        whole_default: {type: number, default: 5}
        nullable_default: {type: [number, "null"], default: 19.99}
        text_or_number: {type: [string, number]}
        kind: {const: float}
        anything: {}
        prices: {$ref: "#/components/schemas/Prices"}
    Prices:
      type: object
      additionalProperties: {type: number}
"""

FLOATS: dict[str, Any] = {
    "required": 19.99,
    "optional": 0.1,
    "nullable": 1234567.89,
    "optional_nullable": 16777217.01,
    "items": [19.99, 1000],
    "optional_items": [0.29],
    "nullable_items": [None, 4.35],
    "with_default": 1.15,
    "nullable_default": 99999999.99,
    "text_or_number": -25.5,
    "kind": "float",
    "prices": {"small": 0.29, "large": 1000},
}
"""A response as plain httpx decodes it."""

DECIMALS: dict[str, Any] = json.loads(json.dumps(FLOATS), parse_float=Decimal)
"""The same response with the digits that the server wrote."""

WRONG: list[object] = [
    True,
    "19.99",
    float("nan"),
    float("inf"),
    Decimal("NaN"),
    Decimal("-Infinity"),
    [],
]
"""What a number cannot be."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate a package from the contract above, with the templates of this project."""
    made = tmp_path_factory.mktemp("numbers")
    copy = made / "copy"
    shutil.copytree(TEMPLATES, copy / "overlays" / "templates")
    regenerate(copy, CONTRACT)
    shutil.move(copy / "generated" / "finerworks_client", made / "numbers_client")
    return made


@pytest.fixture(scope="module")
def package(folder: Path) -> Iterator[ModuleType]:
    """Import the generated package."""
    sys.path.insert(0, str(folder))
    yield importlib.import_module("numbers_client.models")
    sys.path.remove(str(folder))


def test_the_annotations_say_decimal(folder: Path) -> None:
    """Each number is annotated as a Decimal, and nothing else is changed."""
    code = (folder / "numbers_client" / "models" / "numbers.py").read_text("utf-8")
    for line in (
        "    required: decimal.Decimal\n",
        "    nullable: decimal.Decimal | None\n",
        "    items: list[decimal.Decimal]\n",
        "    nullable_items: list[decimal.Decimal | None]\n",
        "    optional: decimal.Decimal | Unset = UNSET\n",
        "    optional_nullable: decimal.Decimal | None | Unset = UNSET\n",
        "    optional_items: list[decimal.Decimal] | Unset = UNSET\n",
        '    with_default: decimal.Decimal | Unset = decimal.Decimal("0.1")\n',
        '    whole_default: decimal.Decimal | Unset = decimal.Decimal("5.0")\n',
        '    nullable_default: decimal.Decimal | None | Unset = decimal.Decimal("19.99")\n',
        "    text_or_number: decimal.Decimal | str | Unset = UNSET\n",
        '    kind: Literal["float"] | Unset = UNSET\n',
    ):
        assert line in code
    prices = (folder / "numbers_client" / "models" / "prices.py").read_text("utf-8")
    assert "additional_properties: dict[str, decimal.Decimal] = " in prices
    send = (folder / "numbers_client" / "api" / "default" / "find_numbers.py").read_text("utf-8")
    for line in (
        "    least: decimal.Decimal,\n",
        '    most: decimal.Decimal | Unset = decimal.Decimal("19.99"),\n',
        "    nearest: decimal.Decimal | None | Unset = UNSET,\n",
        "    among: list[decimal.Decimal] | Unset = UNSET,\n",
        "    x_rate: decimal.Decimal,\n",
        "        least (decimal.Decimal):\n",
    ):
        assert line in send
    add = (folder / "numbers_client" / "api" / "default" / "add_numbers.py").read_text("utf-8")
    assert "    body: list[decimal.Decimal],\n" in add
    assert ") -> Response[decimal.Decimal]:" in add


def test_the_types_agree(folder: Path) -> None:
    """A strict type checker finds nothing wrong in the generated package."""
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "-p", "numbers_client"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("sent", [FLOATS, DECIMALS], ids=["floats", "decimals"])
def test_numbers_are_read_as_written(package: ModuleType, sent: dict[str, Any]) -> None:
    """Whether JSON was decoded to floats or to decimals, a field has the digits of the server."""
    read = package.Numbers.from_dict(sent)
    assert read.required == Decimal("19.99")
    assert read.optional == Decimal("0.1")
    assert read.nullable == Decimal("1234567.89")
    assert read.optional_nullable == Decimal("16777217.01")
    assert read.items == [Decimal("19.99"), Decimal(1000)]
    assert read.optional_items == [Decimal("0.29")]
    assert read.nullable_items == [None, Decimal("4.35")]
    assert read.with_default == Decimal("1.15")
    assert read.nullable_default == Decimal("99999999.99")
    assert read.text_or_number == Decimal("-25.5")
    assert read.prices.additional_properties == {"small": Decimal("0.29"), "large": Decimal(1000)}
    numbers = [read.required, read.optional, read.nullable, read.optional_nullable, *read.items]
    assert {type(each) for each in numbers} == {Decimal}
    assert json.loads(json.dumps(read.to_dict())) == FLOATS


def test_what_is_absent_or_null_stays_so(package: ModuleType) -> None:
    """UNSET and None are no numbers."""
    sent = {"required": 1, "nullable": None, "items": [], "nullable_items": [None]}
    read = package.Numbers.from_dict(sent | {"optional_nullable": None, "text_or_number": "text"})
    assert (read.required, read.nullable, read.optional_nullable) == (Decimal(1), None, None)
    assert not read.optional
    assert not isinstance(read.optional, Decimal)
    assert read.text_or_number == "text"
    assert read.to_dict() == sent | {"optional_nullable": None, "text_or_number": "text"}


def test_a_default_is_exact(package: ModuleType) -> None:
    """A default of the contract is the decimal that the contract says."""
    made = package.Numbers(required=Decimal(1), nullable=None, items=[], nullable_items=[])
    assert (made.with_default, made.whole_default) == (Decimal("0.1"), Decimal(5))
    assert made.nullable_default == Decimal("19.99")
    assert made.to_dict()["with_default"] == 0.1


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("field", ["required", "optional", "nullable", "optional_nullable"])
def test_what_is_no_number_is_refused(package: ModuleType, field: str, wrong: object) -> None:
    """Booleans, text, NaN and infinity raise, and the message says what is expected."""
    with pytest.raises((TypeError, ValueError), match=r"expected a (finite )?number, got "):
        package.Numbers.from_dict(FLOATS | {field: wrong})


@pytest.mark.parametrize("field", ["required", "optional"])
def test_null_is_refused_where_the_contract_has_none(package: ModuleType, field: str) -> None:
    """A number that is not nullable is never None."""
    with pytest.raises(TypeError, match="expected a number, got NoneType"):
        package.Numbers.from_dict(FLOATS | {field: None})


@pytest.mark.parametrize(
    "literal",
    ["19.90", "12345678901234567.89", "0.1234567890123456789", "1E+400", "-0.00", "1E-999999"],
)
def test_a_decimal_keeps_its_digits(package: ModuleType, literal: str) -> None:
    """A Decimal is kept as it is, even where no float or no context of the caller holds it."""
    with decimal.localcontext() as context:
        context.prec = 3
        read = package.Numbers.from_dict(FLOATS | {"required": Decimal(literal)})
    assert str(read.required) == literal


def test_parameters_and_bodies_are_sent_to_the_digit(package: ModuleType) -> None:
    """A query, a header and a body have the digits of the Decimal; a response is a Decimal."""
    client_module = importlib.import_module("numbers_client.client")
    find = importlib.import_module("numbers_client.api.default.find_numbers")
    add = importlib.import_module("numbers_client.api.default.add_numbers")
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json=FLOATS if request.method == "GET" else 0.3)

    transport = httpx.Client(base_url="https://api.test", transport=httpx.MockTransport(answer))
    client = client_module.Client(base_url="https://api.test").set_httpx_client(transport)
    long = Decimal("12345678901234567.89")
    read = find.sync(client=client, least=long, among=[Decimal("0.10")], x_rate=long)
    assert read == package.Numbers.from_dict(FLOATS)
    total = add.sync(client=client, body=[Decimal("0.1"), Decimal("0.2")])
    assert total == Decimal("0.3")
    query, body = requests[0], requests[1]
    assert dict(query.url.params) == {"least": str(long), "most": "19.99", "among": "0.10"}
    assert query.headers["X-Rate"] == str(long)
    assert "X-Other-Rate" not in query.headers
    assert json.loads(body.content) == [0.1, 0.2]
