"""Hooks for PyInstaller, to freeze a program that uses finerworks.

PyInstaller finds this package through the entry point `hook-dirs` of the distribution, so no option
is needed. It runs `hook-X.py` if the program imports the module X. Each hook adds what PyInstaller
cannot see in the code: data files, and modules that are imported by name.

There is a hook for each part of finerworks, so that a program contains only the parts that it uses.
No hook imports a package of an extra, because the extra may not be installed.
"""

from pathlib import Path

__all__ = ["get_hook_dirs"]


def get_hook_dirs() -> list[str]:
    """Return the folder of the hooks."""
    return [str(Path(__file__).parent)]
