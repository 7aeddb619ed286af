"""The generated client: every operation and model. They are small, and programs choose by name."""

from PyInstaller.utils.hooks import collect_submodules

hiddenimports = collect_submodules("finerworks_client")
