"""Keyrings for tests, which are chosen by PYTHON_KEYRING_BACKEND."""

import json
import os
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Keeps passwords in the JSON file that TEST_KEYRING names."""

    priority = 1  # pyright: ignore[reportAssignmentType] - as the keyring's own backends may do

    @property
    def path(self) -> Path:
        """The file."""
        return Path(os.environ["TEST_KEYRING"])

    def read(self) -> dict[str, str]:
        """Return all passwords."""
        if not self.path.exists():
            return {}
        found: dict[str, str] = json.loads(self.path.read_text("utf-8"))
        return found

    def get_password(self, service: str, username: str) -> str | None:
        """Return a password."""
        return self.read().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store a password. It must be a `str`, as backends in C expect it."""
        if type(password) is not str:
            raise TypeError("not a str")
        passwords = {**self.read(), f"{service}/{username}": password}
        self.path.write_text(json.dumps(passwords), "utf-8")

    def delete_password(self, service: str, username: str) -> None:
        """Remove a password."""
        passwords = self.read()
        if f"{service}/{username}" not in passwords:
            raise PasswordDeleteError("not there")
        del passwords[f"{service}/{username}"]
        self.path.write_text(json.dumps(passwords), "utf-8")


class HangingKeyring(FileKeyring):
    """Never responds, as D-Bus may."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """Wait for longer than anyone does."""
        time.sleep(3600)
        return super().get_password(service, username)


class FailingKeyring(FileKeyring):
    """Fails, with the password in its message, when one is stored."""

    priority = 1

    def set_password(self, service: str, username: str, password: str) -> None:
        """Fail."""
        raise KeyringError(f"cannot store {service}/{username}: {password}")
