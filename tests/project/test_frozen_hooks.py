"""The hooks for PyInstaller, in an editable install. `tests/wheel` freezes programs with them."""

import importlib.metadata
import pkgutil
import runpy
from pathlib import Path
from typing import NamedTuple

import pytest

import finerworks
import finerworks_client


class Hook(NamedTuple):
    """What a hook adds to a program."""

    hiddenimports: list[str]
    datas: list[tuple[str, str]]
    """The path of each file here, and its folder in the program."""


Hooks = dict[str, Hook]


def run_hook(path: Path) -> Hook:
    """Run a hook as PyInstaller does."""
    variables = runpy.run_path(str(path))
    return Hook(variables.get("hiddenimports", []), variables.get("datas", []))


@pytest.fixture(scope="module")
def hooks() -> Hooks:
    """Run all hooks, and return them by the module that they are for."""
    (entry_point,) = [
        each
        for each in importlib.metadata.entry_points(group="pyinstaller40")
        if each.dist is not None and each.dist.name == "finerworks"
    ]
    (folder,) = entry_point.load()()
    paths = Path(folder).glob("hook-*.py")
    return {path.stem.removeprefix("hook-"): run_hook(path) for path in paths}


def data_files(hook: Hook) -> set[str]:
    """Return the paths, in a frozen program, of a hook's data files, which must exist here."""
    for source, _ in hook.datas:
        assert Path(source).exists(), source
    return {f"{folder}/{Path(source).name}" for source, folder in hook.datas}


def test_hooks_name_every_module_that_is_imported_by_name(hooks: Hooks) -> None:
    """Each module of the core and of the generated client, and no optional part."""
    core = {
        f"finerworks.{module.name}"
        for module in pkgutil.iter_modules(finerworks.__path__)
        if not module.ispkg and module.name != "__main__"
    }
    client = {
        module.name
        for module in pkgutil.walk_packages(finerworks_client.__path__, "finerworks_client.")
    }
    assert {"finerworks.client", "finerworks.http", "finerworks.pagination"} <= core
    assert hooks["finerworks"].hiddenimports == sorted(core)
    assert hooks["finerworks_client"].hiddenimports == sorted({"finerworks_client", *client})


def test_hooks_find_the_data_files_in_a_clone(hooks: Hooks) -> None:
    """The contract is then not in the package, but in the root of the clone."""
    assert data_files(hooks["finerworks.report"]) == {
        "finerworks/report/report.css",
        "finerworks/report/report.html.jinja",
    }
    sandbox = data_files(hooks["finerworks.sandbox.server"])
    assert {"finerworks/sandbox/openapi.yaml", "finerworks/sandbox/ui.html"} <= sandbox
    assert "connexion/resources/schemas/v3.0/schema.json" in sandbox
    assert any(name.endswith("/swagger-ui-bundle.js") for name in sandbox)


def test_every_hook_is_for_a_module_that_exists(hooks: Hooks) -> None:
    """A hook for a module that was renamed would never run."""
    for module in hooks:
        assert pkgutil.resolve_name(module)
