"""The built wheel, installed alone in a new environment outside the tree, lists invoices.

Run by `make build`, after it has built: it installs packages, so it needs the network.
"""

import re
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from finerworks.sandbox import Sandbox
from installed import ROOT, built, install, new_environment, run

LIST = """
import sys
from finerworks import FinerWorks, __file__ as where, money
with FinerWorks() as fw:
    amounts = [invoice.amount_due for invoice in fw.invoices.list()]
extras = [name for name in ("connexion", "uvicorn", "rich") if name in sys.modules]
print(len(amounts), money.total(amounts), extras, where)
"""

FRAME = "from finerworks import FinerWorks; print(FinerWorks().invoices.list().to_polars()['amount_due'].sum())"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment with the wheel and what it needs, and nothing else."""
    python = new_environment(tmp_path_factory.mktemp("elsewhere"))
    install(python, str(built("*.whl")))
    return python


def test_the_wheel_alone_lists_every_invoice(python: Path) -> None:
    """With the core's two dependencies, the installed package reads a listing whole."""
    with Sandbox(invoices=250, edge_cases=True) as sandbox:
        printed = run(str(python), "-c", LIST, cwd=python.parent, **sandbox.env).strip()
    assert printed.startswith("250 118620104.20 [] ")
    assert str(ROOT) not in printed, "the tree was used, not the wheel"


def test_the_wheel_needs_three_packages(python: Path) -> None:
    """Nothing of an extra comes with the core."""
    listed = run(str(python), "-m", "pip", "list", "--format", "freeze", cwd=python.parent)
    names = {line.split("==")[0] for line in listed.splitlines()} - {"pip", "setuptools"}
    theirs = {"anyio", "certifi", "h11", "httpcore", "idna", "typing_extensions"}
    assert names - theirs == {"attrs", "finerworks", "httpx"}


def test_the_wheel_has_its_sandbox_too(python: Path) -> None:
    """With the extra, the sandbox runs from the wheel: the contract is in it."""
    install(python, f"{built('*.whl')}[sandbox]")
    command = [str(python), "-m", "finerworks.sandbox", "--invoices", "30", "--"]
    printed = run(*command, str(python), "-c", LIST, cwd=python.parent)
    assert printed.startswith("30 ")


def test_the_wheel_has_its_command_too(python: Path, tmp_path: Path) -> None:
    """With its extras, the command lists, exports and makes a report; without them, it says what is missing."""
    command = python.with_name("finerworks")
    told = subprocess.run([str(command)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("finerworks: the command needs typer: install it with ")
    assert f"{python} -m pip install 'jinja2" in told.stderr
    install(python, f"{built('*.whl')}[cli,polars]")
    with Sandbox(invoices=250, edge_cases=True) as sandbox:
        printed = run(str(command), "invoices", "list", cwd=tmp_path, **sandbox.env)
        assert "250 invoices, 118,620,104.20 due in all" in printed
        run(str(command), "invoices", "export", "invoices.xlsx", cwd=tmp_path, **sandbox.env)
        run(str(command), "invoices", "report", "invoices.html", cwd=tmp_path, **sandbox.env)
        run(str(command), "invoices", "export", "invoices.parquet", cwd=tmp_path, **sandbox.env)
        assert run(str(python), "-c", FRAME, cwd=tmp_path, **sandbox.env) == "118620104.2000\n"
    assert zipfile.is_zipfile(tmp_path / "invoices.xlsx")
    assert "118,620,104.20" in (tmp_path / "invoices.html").read_text("utf-8")


def test_the_wheel_has_its_fixture_too(python: Path) -> None:
    """With the extra, pytest finds the fixture by the wheel's entry point."""
    install(python, f"{built('*.whl')}[sandbox]")
    install(python, "pytest")
    test = "from finerworks import FinerWorks\ndef test_it(finerworks_sandbox):\n"
    test += "    with FinerWorks() as fw:\n        assert len(list(fw.invoices.list())) == 72\n"
    (python.parent / "test_it.py").write_text(test, "utf-8")
    assert "1 passed" in run(
        str(python), "-m", "pytest", "-Werror", "--strict-markers", "test_it.py", cwd=python.parent
    )


def test_the_wheel_holds_both_packages_and_no_more() -> None:
    """Types, the contract and the license are in; tests, templates and caches are not."""
    names = zipfile.ZipFile(built("*.whl")).namelist()
    assert {
        "finerworks/py.typed",
        "finerworks/sandbox/openapi.yaml",
        "finerworks/sandbox/ui.html",
        "finerworks_client/py.typed",
        "finerworks_client/models/invoice.py",
    } <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert [name for name in names if name.endswith(".data/data/share/man/man1/finerworks.1")]
    tops = {name.split("/")[0] for name in names if not re.match(r"[^/]+\.(dist-info|data)/", name)}
    assert tops == {"finerworks", "finerworks_client"}
    assert not [name for name in names if "__pycache__" in name]


def test_the_sdist_holds_what_makes_the_wheel() -> None:
    """From the sdist, the client can be regenerated and the tests can be run."""
    with tarfile.open(built("*.tar.gz")) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {
        "openapi.yaml",
        "generator-config.yaml",
        "Makefile",
        "constraints.txt",
        ".github/workflows/test.yml",
        "examples/README.md",
        "overlays/templates/property_templates/union_property.py.jinja",
        "tests/conftest.py",
        "tests/support/wire.py",
    } <= names
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]
