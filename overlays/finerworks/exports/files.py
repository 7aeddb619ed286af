"""Files that appear only when they are complete."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

__all__ = ["ExportError", "whole_file"]


class ExportError(ValueError):
    """A value that a file or a table cannot hold."""


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Generator[BinaryIO]:
    """Yield a file to write to, which appears at ``path`` when the `with` block ends.

    Until then it has a temporary name in the same folder, which begins with a dot and ends in
    ``.part``. After an error in the `with` block it is removed, and ``path`` is unchanged.

    Raises:
        FileExistsError: The file exists, and ``overwrite`` is False.
        OSError: The file cannot be written.
    """
    target = Path(os.path.realpath(path))  # If `path` is a link, it stays one.
    _check_target(target, path, overwrite=overwrite)
    part = target.with_name(f".{target.name[:50]}.{secrets.token_hex(4)}.part")
    with _errors_about(path):
        file = part.open("xb")
    try:
        with file:
            yield file
            with _errors_about(path):
                file.flush()
                os.fsync(file.fileno())
        _check_target(target, path, overwrite=overwrite)
        with _errors_about(path):
            if target.exists():
                shutil.copymode(target, part)
            _rename(part, target, overwrite=overwrite)
    finally:
        part.unlink(missing_ok=True)


def _exists_already(path: str | os.PathLike[str]) -> FileExistsError:
    return FileExistsError(
        f"{os.fspath(path)} exists already: choose another name, or set overwrite=True"
    )


def _check_target(target: Path, path: str | os.PathLike[str], *, overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise _exists_already(path)
    if target.exists() and not target.is_file():
        raise OSError(f"{os.fspath(path)} is not a file")


@contextlib.contextmanager
def _errors_about(path: str | os.PathLike[str]) -> Generator[None]:
    """Replace errors about the temporary file by errors about the file that the caller named."""
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
    """Give the file its name, or raise FileExistsError if another program was faster."""
    try:
        # Unlike a rename, a hard link never replaces a file. The caller removes `part`.
        target.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # The file system has no hard links.
        part.replace(target)
