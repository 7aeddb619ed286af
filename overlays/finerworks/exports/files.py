"""Files that are there as a whole or not at all."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

__all__ = ["ExportError", "whole_file"]


class ExportError(ValueError):
    """An item holds what a file or a table cannot."""


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Generator[BinaryIO]:
    """Give a file to write to that takes its name when all of it is on the disk.

    Until then it is beside it, under a name that begins with a point and ends in ``.part``. After an error in the
    `with` block it is removed, and what was at ``path`` is as before.

    Raises:
        FileExistsError: There is a file of that name, and ``overwrite`` is not set.
        OSError: It cannot be written there.
    """
    target = Path(os.path.realpath(path))  # a link stays a link, to a new file
    _refuse(target, path, overwrite=overwrite)
    part = target.with_name(f".{target.name[:50]}.{secrets.token_hex(4)}.part")
    with _on(path):
        file = part.open("xb")
    try:
        with file:
            yield file
            with _on(path):
                file.flush()
                os.fsync(file.fileno())
        _refuse(target, path, overwrite=overwrite)
        with _on(path):
            if target.exists():
                shutil.copymode(target, part)  # who may read it is as it was
            _rename(part, target, overwrite=overwrite)
    finally:
        part.unlink(missing_ok=True)


def _there_is(path: str | os.PathLike[str]) -> FileExistsError:
    return FileExistsError(
        f"{os.fspath(path)} exists, and is kept: give another name, or choose to overwrite it"
    )


def _refuse(target: Path, path: str | os.PathLike[str], *, overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise _there_is(path)
    if target.exists() and not target.is_file():
        raise OSError(f"{os.fspath(path)} is not a file")


@contextlib.contextmanager
def _on(path: str | os.PathLike[str]) -> Generator[None]:
    """Tell of the file that was asked for, not of the one beside it."""
    try:
        yield
    except FileExistsError as error:
        raise _there_is(path) from error
    except OSError as error:
        raise OSError(f"cannot write {os.fspath(path)}: {error.strerror or error}") from error


def _rename(part: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        part.replace(target)
    else:
        try:
            target.hardlink_to(part)  # unlike a renaming, it never takes the place of another file
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            part.replace(target)
    with contextlib.suppress(OSError):  # not every system lets a folder be synced
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
