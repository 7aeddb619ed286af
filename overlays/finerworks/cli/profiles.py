"""Profiles: keys that `finerworks login` stored under a name, and where each is stored.

A profile is text in the format of `--env-file`, with the host that accepted its keys. It is stored
completely in one place, so that its keys are never mixed with others: in a file, or in the system's
keyring, with a file that says so. Without such a file, the keyring is not accessed.
"""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from finerworks.cli.env_file import EnvFile, parse_env_text
from finerworks.cli.options import WrongUsageError
from finerworks.cli.stores import FileStore, KeyringStore, Store
from finerworks.cli.variables import ACCOUNT_KEY, APP_KEY, BASE_URL, PROFILE, WEB_API_KEY
from finerworks.credentials import Secret
from finerworks.errors import CredentialsError

__all__ = ["DEFAULT", "Profile", "chosen_name", "known_profiles", "profile_text"]

DEFAULT = "default"
"""The name of the default profile."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def chosen_name(option: str | None) -> str:
    """Return the name of the profile: from --profile, FINERWORKS_PROFILE, or the default one.

    Raises:
        WrongUsageError: It is not a valid file name.
    """
    name = option
    setting = "--profile"
    if name is None:
        name = os.environ.get(PROFILE) or DEFAULT
        setting = PROFILE
    if not _NAME.fullmatch(name):
        raise WrongUsageError(
            f"{setting} must have at most 64 letters, digits, dots, hyphens and underscores, "
            "and begin with a letter or a digit"
        )
    return name


def profiles_folder() -> Path:
    """Return the folder of the profiles' files: ~/.config/finerworks/profiles on most systems."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA", "")
    else:
        base = os.environ.get("XDG_CONFIG_HOME", "")
    # According to the specification, a relative folder must be ignored.
    folder = Path(base) if Path(base).is_absolute() else Path.home() / ".config"
    return folder / "finerworks" / "profiles"


def known_profiles() -> list[str]:
    """Return the names of the stored profiles."""
    names = set[str]()
    for suffix in (FileStore.suffix, KeyringStore.suffix):
        names.update(
            path.name.removesuffix(suffix) for path in profiles_folder().glob(f"*{suffix}")
        )
    return sorted(names)


@dataclass(frozen=True)
class Profile:
    """A profile, which may not be stored yet."""

    name: str

    @property
    def file(self) -> FileStore:
        """The file of the profile, which may not exist."""
        return FileStore(profiles_folder() / f"{self.name}{FileStore.suffix}")

    @property
    def keyring(self) -> KeyringStore:
        """The profile's entry in the keyring, which may not exist."""
        return KeyringStore(self.name, profiles_folder() / f"{self.name}{KeyringStore.suffix}")

    def stores(self) -> list[Store]:
        """Return where the profile is stored: in one place, or in none."""
        both: tuple[Store, Store] = (self.file, self.keyring)
        return [store for store in both if store.exists()]

    def read(self) -> EnvFile:
        """Return the settings of the profile.

        Raises:
            CredentialsError: It is not stored.
            WrongUsageError: It is stored twice, or its text is damaged.
            StoreError: The keyring, or the file, cannot be read.
        """
        stores = self.stores()
        if not stores:
            raise CredentialsError(f"there is no profile '{self.name}'. {self._advice()}")
        if len(stores) > 1:
            raise WrongUsageError(
                f"profile '{self.name}' is stored in two places: run 'finerworks logout "
                f"--profile {self.name}', and log in again"
            )
        store = stores[0]
        place = f"profile '{self.name}'"
        return parse_env_text(store.load().encode(), f"{place}, in {store.place},", place)

    def _advice(self) -> str:
        known = known_profiles()
        advice = f"Run 'finerworks login --profile {self.name}' to store its keys"
        if known:
            advice += f", or use one of: {', '.join(known)}"
        return advice


def profile_text(
    *, web_api_key: Secret, app_key: Secret, account_key: Secret, base_url: str
) -> Secret:
    """Return the text of a profile. Reading it returns the same values.

    Raises:
        CredentialsError: A value cannot be written to a line.
    """
    values = {
        WEB_API_KEY: web_api_key,
        APP_KEY: app_key,
        ACCOUNT_KEY: account_key,
        BASE_URL: Secret(base_url),
    }
    lines = ["# Written by 'finerworks login'"]
    lines += [f"{name}={_quoted(value)}" for name, value in values.items()]
    text = Secret("\n".join(lines) + "\n")
    read = parse_env_text(text.encode(), "the keys", "the keys")
    same = {
        WEB_API_KEY: read.web_api_key,
        APP_KEY: read.app_key,
        ACCOUNT_KEY: read.account_key or Secret(),
        BASE_URL: Secret(read.base_url or ""),
    }
    if same != values:
        raise CredentialsError("the keys cannot be stored: copy them again")
    return text


def _quoted(value: str) -> str:
    """Return a value in single quotes. Only these two characters are special there."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
