"""The errors of an export, apart from those of the listing and the disk."""

from collections.abc import Callable, Mapping

from finerworks.exports.words import joined

__all__ = ["ExportError", "MissingSettingsError", "SettingError"]


class ExportError(ValueError):
    """A value that a file or a table cannot store."""


class SettingError(ValueError):
    """A setting of a layout is missing, invalid, or not for this layout.

    Attributes:
        setting: The name of the setting, such as ``account_code``. If several are missing, the
            first one.
        problem: The problem, as text that follows the name.
    """

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(setting, problem)
        self.setting = setting
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.setting} {self.problem}"


class MissingSettingsError(SettingError):
    """Settings that a layout requires are missing.

    Attributes:
        layout: The name of the layout.
        meanings: What each of the missing settings is, by its name.
    """

    def __init__(self, layout: str, meanings: Mapping[str, str]) -> None:
        super().__init__(next(iter(meanings)), f"is required for the layout {layout}")
        self.args = (layout, meanings)  # from which a pickle is read
        self.layout = layout
        self.meanings = meanings

    def __str__(self) -> str:
        return self.message(f"the layout {self.layout}", str)

    def message(self, layout: str, name_of: Callable[[str], str]) -> str:
        """Return all that is missing, and what it is, in one line.

        Args:
            layout: How the user names the layout, such as ``--layout xero``.
            name_of: Returns how the user names a setting, such as ``--account-code``.
        """
        meanings = {name_of(setting): meaning for setting, meaning in self.meanings.items()}
        needed = f"{layout} needs {joined(list(meanings))}"
        if len(meanings) == 1:
            return f"{needed}: {meanings.popitem()[1]}"
        explained = [f"{name} is {meaning}" for name, meaning in meanings.items()]
        return f"{needed}. {'; '.join(explained)}"
