"""The errors of an export, apart from those of the listing and the disk."""

__all__ = ["ExportError", "SettingError"]


class ExportError(ValueError):
    """A value that a file or a table cannot store."""


class SettingError(ValueError):
    """A setting of a layout is missing, invalid, or not for this layout.

    Attributes:
        setting: The name of the setting, such as ``account_code``.
        problem: The problem, as text that follows the name.
    """

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(setting, problem)
        self.setting = setting
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.setting} {self.problem}"
