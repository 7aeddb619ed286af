"""Annotations can be resolved at run time, as runtime type checkers and `typing.get_type_hints()` do."""

import ast
import importlib
import inspect
import os
import pkgutil
import shutil
import subprocess
import sys
import typing
from collections.abc import Iterator
from inspect import get_annotations
from pathlib import Path
from types import FunctionType, ModuleType

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import finerworks
import finerworks_client
from finerworks import AsyncFinerWorks, FinerWorks, Invoice, Pager
from finerworks.exports.frames import Frame
from finerworks.invoices import AsyncInvoices, Invoices
from finerworks.sandbox import Sandbox
from generator import ROOT, regenerate

PROGRAM = ROOT / "tests" / "support" / "type_checked.py"


def names_of_modules() -> list[str]:
    """Return the names of all modules of both packages, except those that are programs."""
    names: list[str] = []
    for package in (finerworks, finerworks_client):
        names.append(package.__name__)
        found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        names += [each.name for each in found if not each.name.endswith("__main__")]
    return names


MODULES = names_of_modules()


def functions_of(owner: type) -> Iterator[FunctionType]:
    """Yield the functions of a class: its methods, and those of its properties."""
    for member in vars(owner).values():
        candidates = [member]
        if isinstance(member, property):
            candidates = [each for each in (member.fget, member.fset, member.fdel) if each]
        for candidate in candidates:
            function = inspect.unwrap(candidate)  # a class method, too, wraps a function
            if isinstance(function, FunctionType):
                yield function


def annotated_objects(module: ModuleType) -> Iterator[object]:
    """Yield a module, its classes and functions, and what the classes contain."""
    yield module
    owners = [member for member in list(vars(module).values()) if isinstance(member, type)]
    own = [owner for owner in owners if owner.__module__ == module.__name__]
    for owner in own:
        yield owner
        yield from functions_of(owner)
        own += [each for each in vars(owner).values() if isinstance(each, type)]
    for member in list(vars(module).values()):
        function = inspect.unwrap(member) if callable(member) else member
        if isinstance(function, FunctionType) and function.__module__ == module.__name__:
            yield function


@pytest.mark.parametrize("name", MODULES)
def test_every_annotation_is_resolved(name: str) -> None:
    """Each module, class, method and function has its type hints at run time."""
    module = importlib.import_module(name)
    for each in annotated_objects(module):
        typing.get_type_hints(_own(each), include_extras=True)


def _own(annotated: object) -> object:
    """Return a class without its bases: those of other packages may not resolve theirs."""
    if not isinstance(annotated, type):
        return annotated
    own = {"__module__": annotated.__module__, "__annotations__": get_annotations(annotated)}
    return type(annotated.__name__, (), own)


@pytest.mark.parametrize("name", MODULES)
def test_every_annotation_of_a_variable_is_resolved(name: str) -> None:
    """So have variables within functions, which beartype checks."""
    module = importlib.import_module(name)
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.AnnAssign):
            hint: object = ast.unparse(node.annotation)
            while isinstance(hint, str):
                hint = eval(hint, vars(module))  # noqa: S307 - an annotation of our own


@pytest.mark.parametrize("name", MODULES)
def test_every_protocol_can_be_checked(name: str) -> None:
    """Beartype refuses a protocol whose instances it cannot recognize."""
    module = importlib.import_module(name)
    for each in annotated_objects(module):
        if isinstance(each, type) and getattr(each, "_is_protocol", False):
            isinstance(None, each)


def test_hints_are_the_types_that_static_checkers_see() -> None:
    """A name that is imported late stands for its own type."""
    assert typing.get_type_hints(FinerWorks)["client"] is finerworks_client.Client
    assert typing.get_type_hints(FinerWorks)["invoices"] == Invoices
    assert typing.get_type_hints(AsyncFinerWorks)["invoices"] == AsyncInvoices
    pager = Pager[Invoice]
    assert typing.get_type_hints(pager.to_arrow)["return"] is pa.Table
    assert typing.get_type_hints(pager.to_polars)["return"] is pl.DataFrame
    assert typing.get_type_hints(pager.to_pandas)["return"] is pd.DataFrame
    assert typing.get_type_hints(Frame.pandas)["return"] is pd.DataFrame


def test_without_an_extra_its_types_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """Annotations are resolved where no extra is installed, too."""
    for package in ("pandas", "polars", "pyarrow"):
        monkeypatch.setitem(sys.modules, package, None)
    pager = Pager[Invoice]
    for method in (pager.to_arrow, pager.to_polars, pager.to_pandas):
        assert typing.get_type_hints(method)["return"] is typing.Any


def test_what_inspects_a_module_imports_nothing() -> None:
    """A module that annotations name is imported when one of them is resolved, and not before."""
    program = """
import inspect, sys
from finerworks import pagination
for member in vars(pagination).values():
    inspect.unwrap(member) if callable(member) else inspect.getdoc(member)
    inspect.isabstract(member), hasattr(member, "__path__"), hasattr(member, "__wrapped__")
print({"pandas", "polars", "pyarrow"} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("checker", ["typeguard", "beartype"])
def test_a_listing_passes_a_runtime_type_checker(checker: str, sandbox: Sandbox) -> None:
    """Nothing is called with, or returns, what its annotation does not say: sync, async, exports."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(PROGRAM), checker],
        env={**os.environ, **sandbox.env},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("checked\n", "")


CONTRACT = """
openapi: 3.1.0
info: {title: Cycle, version: 1.0.0}
paths:
  /hens:
    get:
      operationId: find_hen
      responses:
        "200":
          description: a hen
          content: {application/json: {schema: {$ref: "#/components/schemas/Hen"}}}
components:
  schemas:
    Hen:
      type: object
      properties:
        eggs: {type: array, items: {$ref: "#/components/schemas/Egg"}}
        mother: {$ref: "#/components/schemas/Hen"}
    Egg:
      type: object
      additionalProperties: {$ref: "#/components/schemas/Hen"}
      properties:
        mother: {$ref: "#/components/schemas/Hen"}
"""
"""Models that refer to each other, and to themselves."""


def test_generated_models_may_refer_to_each_other(tmp_path: Path) -> None:
    """The annotations of a cycle of models are resolved, whichever is imported first."""
    (tmp_path / "overlays").mkdir()
    shutil.copytree(ROOT / "overlays" / "templates", tmp_path / "overlays" / "templates")
    regenerate(tmp_path, CONTRACT)
    for first in ("hen", "egg"):
        program = f"""
import importlib, inspect, typing
importlib.import_module("finerworks_client.models.{first}")
from finerworks_client.models import Egg, Hen
from finerworks_client.types import Unset
for model in (Egg, Hen):
    for each in (model, model.__init__, model.from_dict, model.to_dict):
        typing.get_type_hints(each)
    inspect.signature(model, eval_str=True)
assert typing.get_type_hints(Hen)["eggs"] == list[Egg] | Unset
data = {{"eggs": [{{"mother": {{}}, "another": {{}}}}], "mother": {{}}}}
assert Hen.from_dict(data).to_dict() == data
"""
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "generated")}
        subprocess.run([sys.executable, "-W", "error", "-c", program], env=environment, check=True)
