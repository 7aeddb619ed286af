"""generated/: what the generator makes of the contract, with templates of ours where it errs."""

import difflib
import filecmp
import shutil
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

from answers import listing, rows
from finerworks_client import Client
from finerworks_client.api.invoices import list_invoices
from finerworks_client.models import InvoiceList, InvoiceListRequest
from generator import ROOT, regenerate

TEMPLATES = ROOT / "overlays" / "templates"
INSTALLED = Path(str(files("openapi_python_client"))) / "templates"


def overrides() -> list[str]:
    """Name the templates that are overridden."""
    return [str(path.relative_to(TEMPLATES)) for path in sorted(TEMPLATES.rglob("*.jinja"))]


REPLACED = {
    "model.py.jinja": [
        "        d = dict(src_dict)",
        """        {% set property_source = 'd.pop("' + (property.name | in_double_quote_literal) + '")' %}""",
        """        {% set property_source = 'd.pop("' + (property.name | in_double_quote_literal) + '", UNSET)' %}""",
        "        {{ module_name }}.additional_properties = d",
    ],
    "property_templates/union_property.py.jinja": [
        "    {% for inner_property in property.inner_properties %}"
    ],
}
"""The generator's lines in whose place ours stand: when an upgrade changes one, ours are to be made anew."""


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
    assert gone == REPLACED[name], (
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
