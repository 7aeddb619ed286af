"""Programs frozen with PyInstaller, and zip applications: they work without any option.

Run by `make build`, after it has built: it installs packages, so it needs the network.
"""

import shutil
import subprocess
import zipapp
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from finerworks.sandbox import Sandbox
from installed import built, install, new_environment, run

COMMAND = """
import sys
from finerworks.cli import main
sys.exit(main())
"""

CORE = """
import asyncio
import importlib
import importlib.metadata
import importlib.util
import pkgutil
import finerworks
import finerworks_client
from finerworks import AsyncFinerWorks, FinerWorks, money

async def later():
    async with AsyncFinerWorks() as fw:
        return [invoice.amount_due async for invoice in fw.invoices.list()]

with FinerWorks() as fw:
    amounts = [invoice.amount_due for invoice in fw.invoices.list()]
print(len(amounts), money.total(amounts), money.total(asyncio.run(later())))
for name in finerworks.__all__:
    getattr(finerworks, name)
for module in pkgutil.iter_modules(finerworks.__path__):
    if not module.ispkg:
        importlib.import_module(f"finerworks.{module.name}")
for module in pkgutil.walk_packages(finerworks_client.__path__, "finerworks_client."):
    importlib.import_module(module.name)
print(importlib.import_module("finerworks_client.api.invoices.list_invoices").sync.__name__)
print(importlib.metadata.version(finerworks.__name__) == finerworks.__version__)
parts = ["connexion", "jinja2", "typer", "uvicorn", "finerworks.report", "finerworks.sandbox"]
print([part for part in parts if importlib.util.find_spec(part)])
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Create an environment with the wheel, its command and sandbox, and PyInstaller."""
    folder = tmp_path_factory.mktemp("frozen")
    python = new_environment(folder)
    install(python, f"{built('*.whl')}[cli,sandbox]", "pyinstaller")
    yield python
    shutil.rmtree(folder)  # It is large, and pytest would keep it.


def freeze(python: Path, name: str, program: str) -> str:
    """Freeze a program without any option, and return its path."""
    folder = python.parents[2]
    (folder / f"{name}.py").write_text(program, "utf-8")
    run(str(python), "-m", "PyInstaller", f"{name}.py", cwd=folder)
    return str(folder / "dist" / name / name)


@pytest.fixture(scope="module")
def core(python: Path) -> str:
    """Freeze a program that uses the core alone, and modules by name."""
    return freeze(python, "core", CORE)


@pytest.fixture(scope="module")
def command(python: Path, core: str) -> str:
    """Freeze the command, with pyarrow, which `core` would contain as well."""
    assert core
    install(python, f"{built('*.whl')}[arrow]")
    return freeze(python, "command", COMMAND)


def run_alone(*command: str, cwd: Path, **environment: str) -> str:
    """Run a command with nothing else in its environment, and return what it prints."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def read_report(path: Path) -> str:
    """Return a report, which must have its style."""
    page = path.read_text("utf-8")
    assert "@media print" in page
    return page


def test_a_frozen_program_has_the_core_and_nothing_else(core: str, tmp_path: Path) -> None:
    """It has all operations and models, and no part that it does not use."""
    with Sandbox(invoices=250, edge_cases=True) as sandbox:
        printed = run_alone(core, cwd=tmp_path, **sandbox.env)
    assert printed.splitlines() == ["250 118620104.20 118620104.20", "sync", "True", "[]"]


def test_a_frozen_command_lists_exports_and_reports(command: str, tmp_path: Path) -> None:
    """Every format and the report work: their packages and data files are in the program."""
    with Sandbox(invoices=250, edge_cases=True) as sandbox:
        listed = run_alone(command, "invoices", "list", "--quiet", cwd=tmp_path, **sandbox.env)
        for name in ("a.csv", "a.jsonl", "a.parquet", "a.xlsx"):
            export = (command, "invoices", "export", name, "--quiet")
            assert run_alone(*export, cwd=tmp_path, **sandbox.env) == ""
        report = (command, "invoices", "report", "a.html", "--quiet")
        run_alone(*report, cwd=tmp_path, **sandbox.env)
    assert "250 invoices, 118,620,104.20 due in all" in listed
    assert len((tmp_path / "a.csv").read_text("utf-8").splitlines()) == 251
    assert len((tmp_path / "a.jsonl").read_text("utf-8").splitlines()) == 250
    assert (tmp_path / "a.parquet").read_bytes().startswith(b"PAR1")
    assert zipfile.is_zipfile(tmp_path / "a.xlsx")
    assert "118,620,104.20" in read_report(tmp_path / "a.html")


def test_a_frozen_command_runs_a_sandbox(command: str, core: str, tmp_path: Path) -> None:
    """The contract, and the web framework with its data files, are in the program."""
    around = (command, "sandbox", "--invoices", "30", "--")
    assert run_alone(*around, core, cwd=tmp_path).startswith("30 ")


def test_a_zip_application_lists_exports_and_reports(tmp_path: Path) -> None:
    """One file runs, with any Python: the core, the command, CSV, JSON Lines, Excel, the report."""
    python = new_environment(tmp_path)
    application = tmp_path / "application"
    install(python, "--target", str(application), f"{built('*.whl')}[cli]")
    (application / "__main__.py").write_text(COMMAND, "utf-8")
    zipapp.create_archive(application, tmp_path / "command.pyz")
    application.rename(tmp_path / "elsewhere")
    # -S: without the packages of the environment.
    command = (str(python), "-I", "-S", str(tmp_path / "command.pyz"))
    with Sandbox(invoices=250, edge_cases=True) as sandbox:
        listed = run_alone(*command, "invoices", "list", "--quiet", cwd=tmp_path, **sandbox.env)
        for name in ("a.csv", "a.jsonl", "a.xlsx"):
            export = (*command, "invoices", "export", name, "--quiet")
            assert run_alone(*export, cwd=tmp_path, **sandbox.env) == ""
        report = (*command, "invoices", "report", "a.html", "--quiet")
        run_alone(*report, cwd=tmp_path, **sandbox.env)
    assert "250 invoices, 118,620,104.20 due in all" in listed
    assert zipfile.is_zipfile(tmp_path / "a.xlsx")
    assert "118,620,104.20" in read_report(tmp_path / "a.html")
