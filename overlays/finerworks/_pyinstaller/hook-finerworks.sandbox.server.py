"""The sandbox: its page, the contract, and the data files of the web framework."""

from importlib.util import find_spec
from pathlib import Path

from PyInstaller.utils.hooks import collect_data_files

import finerworks.sandbox

FOLDER = Path(finerworks.sandbox.__file__).parent

datas = collect_data_files("finerworks.sandbox")
if not (FOLDER / "openapi.yaml").is_file():
    # An editable install: the contract is in the root of the clone, not in the package.
    datas.append((str(FOLDER.parents[2] / "openapi.yaml"), "finerworks/sandbox"))

# The web framework, for which PyInstaller has no hooks. The maps are for debugging Swagger UI.
for package in ("connexion", "swagger_ui_bundle"):
    if find_spec(package):
        datas += collect_data_files(package, excludes=["**/*.map"])
