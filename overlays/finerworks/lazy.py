"""Modules that annotations refer to, which are imported when an annotation is evaluated.

Static type checkers see an ordinary import, under `TYPE_CHECKING`. Runtime type checkers, such as
beartype, and `typing.get_type_hints()` find the objects of this module instead.
"""

from importlib import import_module
from typing import Any


class LazyModule:
    """A substitute for a module, with the same names.

    Args:
        name: The module.
        optional: Whether it belongs to an extra. If that is not installed, each of its types is
            `Any`.
    """

    def __init__(self, name: str, *, optional: bool = False) -> None:
        self._name = name
        self._optional = optional

    def __getattr__(self, name: str) -> object:
        # Tools that inspect an object look for such names. None of them is a type.
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            module = import_module(self._name)
        except ModuleNotFoundError:
            if not self._optional:
                raise
            return Any
        return getattr(module, name)
