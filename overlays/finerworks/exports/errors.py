"""What can go wrong with an export, apart from the listing and the disk."""

__all__ = ["ExportError", "SettingError"]


class ExportError(ValueError):
    """A value that a file or a table cannot hold."""


class SettingError(ValueError):
    """A setting of a layout is missing, cannot be used, or is not for this layout.

    Attributes:
        setting: The name of the setting, such as ``account_code``.
        problem: What is wrong, in words that follow the name.
    """

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(setting, problem)
        self.setting = setting
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.setting} {self.problem}"
