"""Files that appear only when they are complete."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import BinaryIO

__all__ = ["StagedFile", "TargetExistsError", "whole_file", "whole_files"]


class TargetExistsError(FileExistsError):
    """A file exists and must not be replaced. ``path`` is its name, as the caller passed it."""

    # Not `filename`, which would change the message of OSError.
    path: str


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Generator[BinaryIO]:
    """Yield a file to write to. It appears at ``path`` when the `with` block ends.

    Until then it has a temporary name in the same folder, which begins with a dot and ends in
    ``.part``. After an error in the `with` block it is removed, and ``path`` is unchanged.

    Raises:
        FileExistsError: The file exists, and ``overwrite`` is False.
        OSError: The file cannot be written.
    """
    with whole_files(path, overwrite=overwrite) as (staged,):
        yield staged.file


@contextlib.contextmanager
def whole_files(
    *paths: str | os.PathLike[str], overwrite: bool = False
) -> Generator[list["StagedFile"]]:
    """Yield files to write to. They appear together when the `with` block ends.

    If one of them cannot be renamed, those that were already renamed are removed, and the files
    that they replaced are restored. Only a crash of the machine or of the program at that moment
    can leave some of them.

    Raises:
        FileExistsError: One of the files exists, and ``overwrite`` is False.
        OSError: One of the files cannot be written.
    """
    all_staged = [StagedFile(path, overwrite=overwrite) for path in paths]
    try:
        for staged in all_staged:
            staged.open()
        yield all_staged
        wanted = [staged for staged in all_staged if staged.is_wanted]
        for staged in wanted:
            staged.finish()
        _publish(wanted)
    finally:
        for staged in all_staged:
            staged.clean_up()


def _publish(all_staged: Sequence["StagedFile"]) -> None:
    """Rename all files to their targets, or none of them."""
    published = list[StagedFile]()
    try:
        for staged in all_staged:
            staged.publish(keep_old=len(all_staged) > 1)
            published.append(staged)
    except BaseException:
        for staged in reversed(published):
            staged.withdraw()
        raise


class StagedFile:
    """A file under a temporary name next to its target.

    Attributes:
        file: The open file.
        target_exists: Whether the target existed when the file was opened.
        is_wanted: Whether the file must appear. False discards it.
    """

    file: BinaryIO

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool) -> None:
        self._path = path
        self._overwrite = overwrite
        self._target = Path(os.path.realpath(path))  # If `path` is a link, it remains one.
        _check_target(self._target, path, overwrite=overwrite)
        hidden = f".{self._target.name[:50]}.{secrets.token_hex(4)}"
        self._part = self._target.with_name(f"{hidden}.part")
        self._old = self._target.with_name(f"{hidden}.old")
        self.target_exists = self._target.exists()
        self.is_wanted = True

    def open(self) -> None:
        """Open the file under its temporary name."""
        with _errors_about(self._path):
            self.file = self._part.open("xb")

    def finish(self) -> None:
        """Write everything to the disk, and close the file."""
        with _errors_about(self._path):
            self.file.flush()
            os.fsync(self.file.fileno())
        self.file.close()
        _check_target(self._target, self._path, overwrite=self._overwrite)

    def publish(self, *, keep_old: bool) -> None:
        """Rename the file to its target. ``keep_old`` keeps a replaced file, for `withdraw`."""
        with _errors_about(self._path):
            if self._target.exists():
                shutil.copymode(self._target, self._part)
                if keep_old:
                    shutil.copy2(self._target, self._old)
            _rename(self._part, self._target, overwrite=self._overwrite)

    def withdraw(self) -> None:
        """Undo `publish`."""
        if self._old.exists():
            self._old.replace(self._target)
        else:
            self._target.unlink(missing_ok=True)

    def clean_up(self) -> None:
        """Close and remove what is left under temporary names."""
        if hasattr(self, "file"):
            self.file.close()
            self._part.unlink(missing_ok=True)
            self._old.unlink(missing_ok=True)


def _exists_already(path: str | os.PathLike[str]) -> "TargetExistsError":
    error = TargetExistsError(
        f"{os.fspath(path)} exists already: choose another name, or set overwrite=True"
    )
    error.path = os.fspath(path)
    return error


def _check_target(target: Path, path: str | os.PathLike[str], *, overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise _exists_already(path)
    if target.exists() and not target.is_file():
        raise OSError(f"{os.fspath(path)} is not a file")


@contextlib.contextmanager
def _errors_about(path: str | os.PathLike[str]) -> Generator[None]:
    """Replace errors about the temporary file with errors about the caller's file."""
    try:
        yield
    except FileExistsError as error:
        raise _exists_already(path) from error
    except OSError as error:
        raise OSError(f"cannot write {os.fspath(path)}: {error.strerror or error}") from error


def _rename(part: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        part.replace(target)
    else:
        _rename_to_new(part, target)
    with contextlib.suppress(OSError):  # Not every system can sync a folder.
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _rename_to_new(part: Path, target: Path) -> None:
    """Rename the file to its target, or raise FileExistsError if another program was faster."""
    try:
        # Unlike a rename, a hard link never replaces a file. The caller removes `part`.
        target.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # The file system has no hard links.
        part.replace(target)
