"""The core: its modules, which `finerworks.__getattr__` imports by name, and its version."""

import pkgutil

from PyInstaller.utils.hooks import copy_metadata

import finerworks

# Packages are the optional parts, and `__main__` is the command, which is one of them.
hiddenimports = [
    f"finerworks.{module.name}"
    for module in pkgutil.iter_modules(finerworks.__path__)
    if not module.ispkg and module.name != "__main__"
]

# For `importlib.metadata.version("finerworks")`, which error trackers call.
datas = copy_metadata("finerworks")
