"""The stores of profiles: files that only their user can read, or the system's keyring."""

import contextlib
import os
import stat
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar, runtime_checkable

from finerworks.credentials import Secret
from finerworks.extras import install_command

__all__ = ["FileStore", "KeyringStore", "Store", "StoreError"]

T = TypeVar("T")

SERVICE = "finerworks"
"""The name of this program in the keyring. The profile is used as the user name."""

TIME_LIMIT = 60.0
"""Seconds that the keyring may take. It may ask the user for a password, and D-Bus may hang."""

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class StoreError(OSError):
    """Keys cannot be stored, read or removed. The message does not show them."""


class KeyringMissingError(ModuleNotFoundError):
    """The package of the keyring is not installed. The message says how to install it."""


@runtime_checkable
class Store(Protocol):
    """A place for the text of one profile."""

    @property
    def place(self) -> str:
        """Where it is, in words."""
        ...

    def exists(self) -> bool:
        """Return whether the profile is stored here."""
        ...

    def check(self) -> None:
        """Raise StoreError if the profile cannot be stored here, before the user types the keys."""
        ...

    def save(self, text: Secret) -> None:
        """Store the text, and replace the stored one."""
        ...

    def load(self) -> Secret:
        """Return the text."""
        ...

    def delete(self) -> None:
        """Remove the text."""
        ...


@dataclass(frozen=True)
class FileStore:
    """A file with mode 0600 in a folder with mode 0700."""

    path: Path
    suffix: ClassVar[str] = ".env"

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return f"the file {self.path}"

    def exists(self) -> bool:
        """Return whether the file is there."""
        return self.path.exists()

    def check(self) -> None:
        """Do nothing: saving reports errors."""

    def save(self, text: Secret) -> None:
        """Write the file."""
        _write_private(self.path, text)

    def load(self) -> Secret:
        """Return the content of the file."""
        try:
            return Secret(self.path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not a text file"
            # Not chained: a UnicodeDecodeError contains the entire text, with the keys.
            raise StoreError(f"cannot read {self.path}: {reason}") from None

    def delete(self) -> None:
        """Remove the file."""
        _remove(self.path)

    def is_readable_by_others(self) -> bool:
        """Return whether other users of the machine can read the file, according to its mode."""
        return os.name != "nt" and bool(self.path.stat().st_mode & OTHERS)


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its user can read, or keep the existing file unchanged.

    The text is written to a new file, which is renamed. Opening the existing one would keep its
    mode, and a crash would leave half of the text.
    """
    try:
        _make_private(path.parent)
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.")
        part = Path(name)
        try:
            with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
                if hasattr(os, "fchmod"):  # Windows supports it from Python 3.13 on.
                    os.fchmod(file.fileno(), PRIVATE_FILE)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error


def _make_private(folder: Path) -> None:
    """Create a folder and its parent, or remove the permissions of other users."""
    for part in (folder.parent, folder):
        part.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        if os.name != "nt":
            part.chmod(PRIVATE_FOLDER)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot remove {path}: {error.strerror or error}") from error


@dataclass(frozen=True)
class KeyringStore:
    """An entry of the system's keyring, with a file that says that it is there."""

    profile: str
    marker: Path
    suffix: ClassVar[str] = ".keyring"

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return "the system's keyring"

    def exists(self) -> bool:
        """Return whether a login stored the profile in the keyring. The keyring is not accessed."""
        return self.marker.exists()

    def check(self) -> None:
        """Read from the keyring, whether the entry exists or not.

        Raises:
            StoreError: There is no keyring.
            KeyringMissingError: The package for it is not installed.
        """
        self._get()

    def save(self, text: Secret) -> None:
        """Store the text, and read it back: some keyrings discard it silently."""
        is_new = not self.exists()
        # The file comes first: whatever happens then, logging out removes the keys.
        note = f"The keys are in the system's keyring: service {SERVICE}, user {self.profile}.\n"
        _write_private(self.marker, note)
        try:
            self._set(text)
        except (StoreError, KeyringMissingError):
            if is_new:
                _remove(self.marker)
            raise

    def load(self) -> Secret:
        """Return the text from the keyring."""
        text = self._get()
        if text is None:
            raise StoreError(
                f"the keyring has no keys of profile '{self.profile}': run 'finerworks login' again"
            )
        return text

    def delete(self) -> None:
        """Remove the entry, if it is there, and then the file."""
        if self._get() is not None:
            _limited(lambda: _keyring().delete_password(SERVICE, self.profile))
        _remove(self.marker)

    def _set(self, text: Secret) -> None:
        _limited(lambda: _keyring().set_password(SERVICE, self.profile, _plain(text)))
        if self._get() != text:
            raise StoreError(
                "the keyring did not keep the keys: check PYTHON_KEYRING_BACKEND and the "
                "configuration of keyring, or store the keys with --store file"
            )

    def _get(self) -> Secret | None:
        text = _limited(lambda: _keyring().get_password(SERVICE, self.profile))
        return None if text is None else Secret(text)


@runtime_checkable
class _Keyring(Protocol):
    """The part of the package keyring that this module uses."""

    def get_password(self, service_name: str, username: str) -> str | None: ...
    def set_password(self, service_name: str, username: str, password: str) -> None: ...
    def delete_password(self, service_name: str, username: str) -> None: ...


def _keyring() -> _Keyring:
    try:
        import keyring  # noqa: PLC0415 - an optional package, which takes long to import
    except ModuleNotFoundError as error:
        raise KeyringMissingError(
            f"the keyring needs the package {error.name}: install it with "
            f"{install_command('keyring')}, or store the keys with --store file",
            name=error.name,
        ) from error
    return keyring


def _plain(text: Secret) -> str:
    """Return a text of exactly the type `str`, which keyring backends in C require."""
    return str.__str__(text)


def _limited(action: Callable[[], T]) -> T:
    """Return the result of an action with the keyring, or raise StoreError if it takes too long.

    It runs in a thread, which is abandoned after the time limit: D-Bus cannot be interrupted.
    """
    results = list[T]()
    failures = list[Exception]()

    def run() -> None:
        try:
            results.append(action())
        except Exception as error:  # noqa: BLE001 - a backend may raise anything
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True, name="keyring")
    thread.start()
    thread.join(TIME_LIMIT)
    if results:
        return results[0]
    if not failures:
        raise StoreError(
            f"the keyring did not respond within {TIME_LIMIT:.0f} seconds: unlock it, or store the "
            "keys with --store file"
        )
    raise _store_error(failures[0])


def _store_error(error: Exception) -> StoreError | KeyringMissingError:
    """Return the message about a failure of the keyring."""
    if isinstance(error, (StoreError, KeyringMissingError)):
        return error
    reason = f"it failed with {type(error).__name__}"
    with contextlib.suppress(ModuleNotFoundError):
        from keyring.errors import NoKeyringError  # noqa: PLC0415 - an optional package

        if isinstance(error, NoKeyringError):
            reason = "this system has none"
    # Not chained, and without the message: a backend may show the text that it should store.
    return StoreError(f"cannot use the system's keyring: {reason}. Use --store file instead")
