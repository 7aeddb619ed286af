"""openapi.yaml: valid, and its own examples hold to it and are read by the generated models."""

from pathlib import Path
from typing import cast

import attrs
import pytest
import yaml
from jsonschema.exceptions import ValidationError
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT4, ObjectSchema

from finerworks_client import models

ROOT = Path(__file__).parents[2]
Json = dict[str, "Json"] | list["Json"] | str | float | bool | None


def contract() -> dict[str, Json]:
    """Read the contract."""
    return cast(dict[str, Json], yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8")))


def at(pointer: str) -> dict[str, Json]:
    """Give the object in the contract at a path such as `components/schemas`."""
    part: Json = contract()
    for name in pointer.split("/"):
        assert isinstance(part, dict)
        part = part[name]
    assert isinstance(part, dict)
    return part


def operation() -> dict[str, Json]:
    """Give the one operation."""
    path = at("paths")["/v3/list_invoices"]
    assert isinstance(path, dict)
    assert list(path) == ["post"]
    return cast(dict[str, Json], path["post"])


def examples() -> list[tuple[str, str, Json]]:
    """Give each example of the operation: its name, its schema's name, its value."""
    found: list[tuple[str, str, Json]] = []
    bodies = [operation()["requestBody"], *cast(dict[str, Json], operation()["responses"]).values()]
    for body in cast(list[dict[str, dict[str, dict[str, Json]]]], bodies):
        media = body["content"]["application/json"]
        schema = cast(dict[str, str], media["schema"])["$ref"].rsplit("/", 1)[1]
        for reference in cast(dict[str, dict[str, str]], media["examples"]).values():
            name = reference["$ref"].rsplit("/", 1)[1]
            example = cast(dict[str, Json], at("components/examples")[name])
            found.append((name, schema, example["value"]))
    return found


def check(value: Json, schema: str) -> None:
    """Validate a value against a schema of the contract."""
    document = DRAFT4.create_resource(contract())
    registry = Registry[ObjectSchema]().with_resource("contract", document)
    reference = {"$ref": f"contract#/components/schemas/{schema}"}
    OAS30Validator(
        reference, registry=registry, format_checker=OAS30Validator.FORMAT_CHECKER
    ).validate(value)


def test_is_valid_openapi() -> None:
    """The document is OpenAPI 3.0.3 by its specification."""
    assert contract()["openapi"] == "3.0.3"
    validate(contract())


def test_says_what_the_documentation_says() -> None:
    """Path, hosts, keys, defaults and limits are those of the help page."""
    servers = cast(list[dict[str, str]], contract()["servers"])
    assert [server["url"] for server in servers[:2]] == [
        "https://v2.api.finerworks.com",
        "https://test-api.finerworks.com",
    ]
    assert contract()["security"] == [{"web_api_key": [], "app_key": []}]
    for name, scheme in at("components/securitySchemes").items():
        assert isinstance(scheme, dict)
        assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", name)
    fields = at("components/schemas/InvoiceListRequest/properties")
    per_page = cast(dict[str, Json], fields["per_page"])
    assert (per_page["default"], per_page["minimum"], per_page["maximum"]) == (10, 1, 25)
    assert list(fields) == ["per_page", "page_number", "account_key"]


def test_everything_is_described() -> None:
    """Each schema and each field says what it is."""
    for name, schema in at("components/schemas").items():
        assert isinstance(schema, dict)
        assert schema["description"], name
        for field, part in cast(dict[str, dict[str, Json]], schema["properties"]).items():
            assert "$ref" in part or part["description"], f"{name}.{field}"


def test_its_version_is_in_its_change_log() -> None:
    """The contract's own version heads the changes in its description."""
    info = at("info")
    assert isinstance(info["description"], str)
    changes = info["description"].split("**Changes of this contract**")[1]
    assert changes.strip().startswith(f"- {info['version']}:")


def test_there_is_an_example_of_each_kind() -> None:
    """A request, a good answer, an empty account, refused keys and a rejected request."""
    assert [name for name, _, _ in examples()] == [
        "FirstPageRequest",
        "OnBehalfRequest",
        "InvoicePage",
        "EmptyAccount",
        "TurnedDown",
        "RefusedCredentials",
        "RejectedRequest",
        "PlainFailure",
    ]


@pytest.mark.parametrize(("name", "schema", "value"), examples(), ids=lambda value: str(value)[:20])
def test_an_example_holds_to_its_schema(name: str, schema: str, value: Json) -> None:
    """Each example is valid against its schema, and is what the generated model makes of it."""
    check(value, schema)
    model = getattr(models, schema).from_dict(value)
    again = model.to_dict()
    assert schema_keys(again) == schema_keys(value), name
    check(again, schema)


def schema_keys(value: Json) -> Json:
    """Reduce a value to its keys, which survive where a date's seventh digit does not."""
    if isinstance(value, dict):
        return {key: schema_keys(inner) for key, inner in value.items()}
    return [schema_keys(inner) for inner in value] if isinstance(value, list) else None


def test_a_broken_example_does_not_hold() -> None:
    """The check of the examples can fail: on a type, a missing field, a limit, a date."""
    page = {name: value for name, _, value in examples()}["InvoicePage"]
    assert isinstance(page, dict)
    wrongs: list[dict[str, Json]] = [{"invoices": 7}, {"status": {}}, {"total_count": -1}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            check(page | wrong, "InvoiceList")
    row = cast(list[dict[str, Json]], page["invoices"])[0]
    parts: list[dict[str, Json]] = [
        {"amount_due": "1"},
        {"due_date": "15/03"},
        {"invoice_id": None},
    ]
    for part in parts:
        with pytest.raises(ValidationError):
            check(row | part, "Invoice")
    with pytest.raises(ValidationError, match="maximum"):
        check({"per_page": 26}, "InvoiceListRequest")


def test_fields_are_named_alike_in_json_and_python() -> None:
    """The check of answers finds a field by its Python name, so the contract's are the same."""
    for name in ("InvoiceList", "Invoice", "ResponseStatus"):
        fields = [field.name for field in attrs.fields(getattr(models, name)) if field.init]
        assert sorted(fields) == sorted(at(f"components/schemas/{name}/properties"))
