"""How to install a missing extra in the environment of this program."""

import importlib.metadata
import importlib.util
import re
import shlex
import sys
from pathlib import Path

__all__ = ["install_command"]

_REQUIREMENT = re.compile(r"(?P<package>[^;]+);.*extra == ['\"](?P<extra>[\w-]+)['\"]")


def install_command(extra: str) -> str:
    """Return the command that installs the packages of an extra.

    It names the packages instead of the extra, because this package may have been installed from a
    clone, a git URL, a wheel or an index, and must not be replaced.
    """
    packages = shlex.join(_packages_of(extra))
    environment = Path(sys.prefix)
    if (environment / "pipx_metadata.json").is_file():
        return f"pipx inject {environment.name} {packages}"
    if _has_pip():
        return f"{shlex.quote(sys.executable)} -m pip install {packages}"
    # uv creates environments without pip: those of uvx, `uv tool` and `uv venv`.
    return f"uv pip install --python {shlex.quote(sys.executable)} {packages}"


def _has_pip() -> bool:
    try:
        return importlib.util.find_spec("pip") is not None
    except ValueError:  # `sys.modules` contains another object with this name.
        return False


def _packages_of(extra: str) -> list[str]:
    """Return the requirements of an extra, such as ``pyarrow>=18``."""
    found = list[str]()
    for requirement in importlib.metadata.requires("finerworks") or ():
        match = _REQUIREMENT.fullmatch(requirement)
        if match and match["extra"] == extra:
            found.append(match["package"].strip())
    # A frozen program has no metadata about its extras.
    return found or [f"finerworks[{extra}]"]
