"""generated/: what the generator makes of the contract, with templates of ours where it errs."""

import copy
import decimal
import difflib
import filecmp
import json
import pickle
import re
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from answers import listing, rows
from finerworks_client import Client
from finerworks_client.api.invoices import list_invoices
from finerworks_client.models import Invoice, InvoiceList, InvoiceListRequest
from finerworks_client.types import UNSET
from generator import ROOT, regenerate

TEMPLATES = ROOT / "overlays" / "templates"
INSTALLED = Path(str(files("openapi_python_client"))) / "templates"


OWN = "exact_types.jinja"
"""The template that the generator has no counterpart of: the overrides import its macros."""


def overrides() -> list[str]:
    """Name the templates that are overridden."""
    names = [str(path.relative_to(TEMPLATES)) for path in sorted(TEMPLATES.rglob("*.jinja"))]
    names.remove(OWN)
    return names


MAPPING_METHODS = """\
    {% if model.additional_properties %}
    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> {{ additional_property_type }}:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: {{ additional_property_type }}) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
    {% endif %}
"""
"""What the generator adds to each model, and ours does not."""

REPLACED = {
    "endpoint_macros.py.jinja": """\
{{ parameter.to_string() | as_unembedded_code }},
body: {{ endpoint.bodies[0].prop.get_type_string() | as_unembedded_code }}\
{% if not endpoint.bodies[0].prop.required %} = UNSET{% endif %},
    {{ body.prop.get_type_string(no_optional=True) | as_unembedded_code }} \
{% if not loop.last %} | {% endif %}
{{ parameter.to_string() | as_unembedded_code }},
{{ parameter.to_string() | as_unembedded_code }},
{{ parameter.to_string() | as_unembedded_code }},
    {{ parameter.to_docstring() | wordwrap(90) | indent(8) }}
""",
    "endpoint_module.py.jinja": """\
from ...types import Response, UNSET
{% set return_string = endpoint.response_type() %}
    if isinstance(body, {{body.prop.get_type_string(no_optional=True) | as_unembedded_code }}):
""",
    "model.py.jinja": """\
from ..types import UNSET, Unset
{% for lazy_import in model.lazy_imports | sort %}
{% if loop.first %}
if TYPE_CHECKING:
{% endif %}
  {{ lazy_import }}
{% endfor %}
{% set additional_property_type = 'Any' if model.additional_properties == True \
else model.additional_properties.get_type_string() | as_unembedded_code %}
{{ property.to_string() | as_unembedded_code }}
{{ property.to_string() | as_unembedded_code }}
return field_dict
        d = dict(src_dict)
        {% set property_source = 'd.pop("' + (property.name | in_double_quote_literal) + '")' %}
        {% set property_source = 'd.pop("' + (property.name | in_double_quote_literal) \
+ '", UNSET)' %}
        {{ module_name }}.additional_properties = d
"""
    + MAPPING_METHODS,
    "property_templates/float_property.py.jinja": "",
    "property_templates/list_property.py.jinja": """\
{{ property.python_name }}: {{ property.get_type_string() | as_unembedded_code }} = UNSET
{% set type_string = property.get_type_string(json=True) | as_unembedded_code %}
""",
    "property_templates/union_property.py.jinja": """\
def _parse_{{ property.python_name }}(data: object) -> \
{{ property.get_type_string() | as_unembedded_code }}:
    {% for inner_property in property.inner_properties %}
    return cast({{ property.get_type_string() | as_unembedded_code }}, data)
{% if declare_type %}{{ destination }}: \
{{ property.get_type_string(json=True) | as_unembedded_code }}{% endif %}
""",
    "types.py.jinja": """\
from typing import BinaryIO, Generic, TypeVar, Literal, IO
""",
}
"""The generator's lines that ours replace: when an upgrade changes one, ours must change too."""


@pytest.mark.parametrize("name", overrides())
def test_an_override_differs_only_where_it_says(name: str) -> None:
    """Each line that is not the installed generator's is marked, so an upgrade shows what moved."""
    ours = (TEMPLATES / name).read_text("utf-8").splitlines()
    theirs = (INSTALLED / name).read_text("utf-8").splitlines()
    matcher = difflib.SequenceMatcher(a=theirs, b=ours, autojunk=False)
    changed = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    assert changed, "an override that changes nothing is to be deleted"
    for *_, start, end in changed:
        for line in ours[start:end]:
            assert "{# finerworks" in line, f"{name}: not marked: {line}"
    gone = [line for _, start, end, *_ in changed for line in theirs[start:end]]
    assert gone == REPLACED[name].splitlines(), (
        f"{name}: other lines of the generator are gone than those that ours stand for"
    )


@pytest.mark.parametrize(
    "broken",
    [
        {"invoices": {}},
        {"invoices": [{"invoice_id": "a"}]},
        {"invoices": [rows("a")[0] | {"due_date": "15/03/2026"}]},
        {"invoices": [rows("a")[0] | {"due_date": 7}]},
    ],
)
def test_a_broken_value_under_a_nullable_field_raises(broken: dict[str, object]) -> None:
    """Without the override, raw data is handed on under a type that it does not have."""
    with pytest.raises((TypeError, ValueError, KeyError)):
        InvoiceList.from_dict(listing([]) | broken)


def test_null_and_good_values_are_read() -> None:
    """What the override must not break: null, and values of the right type."""
    assert InvoiceList.from_dict(listing(None)).invoices is None
    page = InvoiceList.from_dict(listing([rows("a")[0] | {"due_date": None}]))
    assert page.invoices is not None
    assert page.invoices[0].due_date is None


def test_the_generated_client_works_on_its_own() -> None:
    """The package needs nothing of ours: a plain client of its own reads a page."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url == "https://api.test/v3/list_invoices"
        assert request.headers["app_key"] == "a"
        return httpx.Response(200, json=listing(rows("a")))

    client = Client(base_url="https://api.test", headers={"web_api_key": "w", "app_key": "a"})
    transport = httpx.Client(
        base_url="https://api.test",
        headers={"web_api_key": "w", "app_key": "a"},
        transport=httpx.MockTransport(answer),
    )
    page = list_invoices.sync(client=client.set_httpx_client(transport), body=InvoiceListRequest())
    assert isinstance(page, InvoiceList)
    assert page.total_count == 1


def test_an_amount_is_exact_where_json_was_decoded_to_floats() -> None:
    """With plain httpx, 19.99 is the decimal that the server wrote, not the binary fraction."""
    page = InvoiceList.from_dict(httpx.Response(200, json=listing(rows("a"))).json())
    assert page.invoices is not None
    assert str(page.invoices[0].amount_due) == "19.99"


AMOUNTS = ["19.99", "-25.5", "1000.00", "0.00", "1E+3", "-0.0", "1E+400", "1E-300", "0E+999999"]
"""Amounts that an int or a float holds to the digit."""


@pytest.mark.parametrize("literal", AMOUNTS)
def test_to_dict_gives_json_that_reads_back_equal(literal: str) -> None:
    """Known and unknown fields hold what json.dumps() accepts, whatever the caller's context."""
    amount = Decimal(literal)
    numbers = {"amount_due": amount, "new": amount, "fees": [{"amount": amount}, [amount]]}
    row = rows("a")[0] | numbers | {"note": "text", "none": None, "yes": True}
    with decimal.localcontext() as context:
        context.prec = 2
        written = json.dumps(Invoice.from_dict(row).to_dict())
    again = json.loads(written, parse_float=Decimal)
    for name in [*numbers, "note", "none", "yes"]:
        assert again[name] == row[name]
    assert Invoice.from_dict(json.loads(written)).amount_due == amount


LOST = ["12345678901234567.89", "0.1234567890123456789", "1E+999999", "1E-999999", "NaN", "sNaN"]
"""Amounts that neither an int nor a float holds."""


@pytest.mark.parametrize("literal", LOST)
def test_to_dict_refuses_to_change_an_amount(literal: str) -> None:
    """The error names the value, and where its digits can be read. Nothing large is made."""
    invoice = Invoice.from_dict(rows("a")[0])
    invoice.amount_due = Decimal(literal)
    tracemalloc.start()
    with pytest.raises(ValueError, match=f"^{re.escape(literal)} cannot .* Read the Decimal from"):
        invoice.to_dict()
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()
    unknown = Invoice.from_dict(rows("a")[0] | {"fees": [{"amount": Decimal(literal)}]})
    with pytest.raises(ValueError, match=f"^{re.escape(literal)} cannot"):
        unknown.to_dict()


def test_a_model_is_no_mapping() -> None:
    """A model has attributes alone: a loop over it is a TypeError, and not a KeyError: 0."""
    page = InvoiceList.from_dict(listing(rows("a")) | {"new": [1]})
    assert page.additional_properties == {"new": [1]}
    with pytest.raises(TypeError, match="not iterable"):
        iter(cast("Any", page))
    with pytest.raises(TypeError, match="not iterable"):
        dict(cast("Any", page))
    for name in ("additional_keys", "__getitem__", "__setitem__", "__delitem__", "__contains__"):
        assert not hasattr(InvoiceList, name)
        assert not hasattr(Invoice, name)


def test_the_only_list_of_an_envelope_has_a_second_name() -> None:
    """`page.items` is never None, as that of a `Page`."""
    page = InvoiceList.from_dict(listing(rows("a", "b")))
    assert page.items is page.invoices
    assert [invoice.invoice_id for invoice in page.items] == ["a", "b"]
    assert InvoiceList.from_dict(listing([])).items == []
    assert InvoiceList.from_dict({**listing([]), "invoices": None}).items == []
    assert "items" not in page.to_dict()
    assert not hasattr(Invoice, "items")


OTHER_LISTS = """
openapi: 3.0.3
info: {title: Lists, version: 1.0.0}
paths:
  /lists:
    get:
      operationId: lists
      responses:
        "200":
          description: all of them
          content: {application/json: {schema: {$ref: "#/components/schemas/Lists"}}}
components:
  schemas:
    Lists:
      type: object
      properties:
        plain: {$ref: "#/components/schemas/Plain"}
        two: {$ref: "#/components/schemas/Two"}
        named: {$ref: "#/components/schemas/Named"}
        mixed: {$ref: "#/components/schemas/Mixed"}
    Plain:
      type: object
      properties:
        prices: {type: array, items: {type: number}}
    Two:
      type: object
      properties:
        hens: {type: array, items: {type: string}}
        eggs: {type: array, items: {type: string}}
    Named:
      type: object
      properties:
        items: {type: array, items: {type: string}}
    Mixed:
      type: object
      properties:
        hens:
          oneOf:
            - {type: array, items: {type: string}}
            - {type: string}
"""


def test_other_models_have_no_second_name(tmp_path: Path) -> None:
    """Two lists, a list or a text, or a field that is called items."""
    (tmp_path / "overlays").mkdir()
    shutil.copytree(TEMPLATES, tmp_path / "overlays" / "templates")
    regenerate(tmp_path, OTHER_LISTS)
    models = tmp_path / "generated" / "finerworks_client" / "models"
    sources = {
        name: (models / f"{name}.py").read_text() for name in ("plain", "two", "named", "mixed")
    }
    assert "def items(self) -> list[decimal.Decimal]:" in sources["plain"]
    assert "return self.prices or []" in sources["plain"]
    for name in ("two", "named", "mixed"):
        assert "def items" not in sources[name]


def by_pickle(protocol: int) -> Callable[[Any], Any]:
    """Return a function that copies a value by pickling it."""

    def copied(value: object) -> object:
        return pickle.loads(pickle.dumps(value, protocol))  # noqa: S301 - pickled a moment before

    return copied


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle, the oldest protocol": by_pickle(0),
    "pickle, the newest protocol": by_pickle(pickle.HIGHEST_PROTOCOL),
}


@pytest.mark.parametrize("how", COPIES)
def test_unset_is_the_same_object_after_a_copy(how: str) -> None:
    """`is UNSET` holds by itself, and inside a model that is equal to the original."""
    made = COPIES[how]((UNSET, InvoiceListRequest(), InvoiceList.from_dict(listing(rows("a")))))
    assert made[0] is UNSET
    assert made[1].account_key is UNSET
    assert made[1] == InvoiceListRequest()
    assert made[1].to_dict() == InvoiceListRequest().to_dict()
    assert made[2] == InvoiceList.from_dict(listing(rows("a")))


def test_unset_is_the_same_object_in_another_process() -> None:
    """What a process pool sends, and what it returns."""
    program = (
        "import pickle, sys; from finerworks_client.types import UNSET;"
        "request = pickle.load(sys.stdin.buffer); assert request.account_key is UNSET;"
        "pickle.dump(request, sys.stdout.buffer)"
    )
    sent = pickle.dumps(InvoiceListRequest())
    run = subprocess.run(
        [sys.executable, "-c", program], input=sent, capture_output=True, check=True
    )
    came = pickle.loads(run.stdout)  # noqa: S301 - pickled by the program above
    assert came.account_key is UNSET


def test_is_marked_as_typed() -> None:
    """Type checkers read the package's annotations (PEP 561)."""
    assert files("finerworks_client").joinpath("py.typed").is_file()


def test_regenerating_gives_the_same_bytes_anywhere(tmp_path: Path) -> None:
    """Made again where names, settings and ignore files are hostile, each file is as committed."""
    hostile = '[tool.ruff]\nline-length = 40\n[tool.ruff.lint]\nselect = ["ALL"]\n'
    (tmp_path / "pyproject.toml").write_text(hostile, "utf-8")
    (tmp_path / ".git").mkdir()  # an ignore file counts in a repository alone
    (tmp_path / ".gitignore").write_text("*\n", "utf-8")
    copy = tmp_path / "build" / ".venv" / "some where"  # two names that ruff passes over by itself
    copy.mkdir(parents=True)
    shutil.copytree(TEMPLATES, copy / "overlays" / "templates")
    stale = copy / "generated" / "finerworks_client" / "stale.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    regenerate(copy, (ROOT / "openapi.yaml").read_text("utf-8"))
    made, committed = copy / "generated", ROOT / "generated"
    assert listed(made) == listed(committed)
    assert filecmp.cmpfiles(made, committed, listed(made), shallow=False)[1:] == ([], [])


def listed(folder: Path) -> list[str]:
    """Name every file below a folder, but for Python's own caches."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
