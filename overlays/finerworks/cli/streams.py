"""The standard streams, which may be closed, full, or a pipe that nobody reads.

Standard output is the result of a command. If it cannot be written, the command fails. Standard
error is for progress, logs and messages. If it cannot be written, they are lost, and the result
does not change.
"""

import contextlib
import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
else:
    # Only static type checkers have it.
    ReadableBuffer = bytes | bytearray | memoryview

__all__ = ["BROKEN_PIPE", "Output", "OutputError", "check_output", "finish", "prepare"]

BROKEN_PIPE = 141
"""The exit status if the reader of standard output closed it."""


class OutputError(OSError):
    """Standard output cannot be written."""

    def __str__(self) -> str:
        reason = self.strerror
        if self.errno == errno.EBADF:
            reason = "it is closed, or was opened only for reading"
        return f"cannot write to standard output: {reason}"


class Output(io.FileIO):
    """The file of standard output. It remembers an error, which libraries may ignore."""

    error: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write bytes, and return how many were written.

        Raises:
            BrokenPipeError: The reader closed it.
            OutputError: It cannot be written.
        """
        try:
            written = super().write(data)
        except BrokenPipeError as error:
            self.error = error
            raise
        except OSError as error:
            self.error = OutputError(error.errno, error.strerror)
            raise self.error from error
        return written


class _LossyFile(io.FileIO):
    """A file that discards output which cannot be written."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write bytes, or discard them. Return their number in both cases."""
        with contextlib.suppress(OSError):
            super().write(data)
        return memoryview(data).nbytes


def prepare() -> Output | None:
    """Prepare the standard streams of this process for a command.

    Closed streams are opened so that writing to them fails. Otherwise, the system would assign the
    descriptor of standard error to the next file or connection, and output of a library to standard
    error would become part of an invoice file, or be sent to the server.

    Returns:
        The file of standard output. None: it is not a file, but an object of the program that runs
        the command.
    """
    for number, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_RDONLY)):
        try:
            os.fstat(number)
        except OSError:
            # The system uses the lowest free descriptor, which is this one.
            os.open(os.devnull, mode)
    # A stream is None if it was closed when Python started, or if the program has no console. If
    # standard error is None, `print` would write its text to standard output.
    sys.stdout = sys.stdout or _open_unwritable()
    sys.stderr = sys.stderr or _open_unwritable()
    if _is_file(sys.stderr):
        sys.stderr = _wrap(_LossyFile(sys.stderr.fileno(), "w", closefd=False), sys.stderr)
    if not _is_file(sys.stdout):
        return None
    output = Output(sys.stdout.fileno(), "w", closefd=False)
    sys.stdout = _wrap(output, sys.stdout)
    return output


def _open_unwritable() -> TextIO:
    """Return a stream that cannot be written, like a closed one."""
    number = os.open(os.devnull, os.O_RDONLY)
    return os.fdopen(number, "w", encoding="utf-8", closefd=False)


def _is_file(stream: TextIO) -> bool:
    """Return whether the stream writes to its file, so that bytes can be written there."""
    try:
        stream.fileno()
    except io.UnsupportedOperation:
        return False
    is_windows_console = os.name == "nt" and stream.isatty()
    return not is_windows_console


def _wrap(file: io.FileIO, stream: TextIO) -> TextIO:
    """Return a stream that writes text to a file, with the encoding of another stream."""
    return io.TextIOWrapper(
        io.BufferedWriter(file), encoding=stream.encoding, errors=stream.errors, line_buffering=True
    )


def check_output() -> None:
    """Check that standard output can be written, before a command does anything else.

    A full disk, and a pipe that nobody reads, are detected only when there is output.

    Raises:
        OutputError: It is closed, is read-only, or is a device that is full.
    """
    try:
        os.write(sys.stdout.fileno(), b"")
    except io.UnsupportedOperation:
        return  # It is not a file, but an object of the program that runs the command.
    except OSError as error:
        raise OutputError(error.errno, error.strerror) from error


def finish(status: int, output: Output | None) -> int:
    """Flush standard output, and return the exit status of the process.

    Args:
        status: The exit status of the command. The result is another if it is 0, but the output
            could not be written.
        output: The file of standard output.
    """
    with contextlib.suppress(OSError):  # `output` has it
        sys.stdout.flush()
    if output is None or output.error is None:
        return status
    _discard(output)
    if isinstance(output.error, BrokenPipeError):
        return status or BROKEN_PIPE
    if status == 0:
        print(f"finerworks: {output.error}", file=sys.stderr)  # noqa: T201 - needs no typer
        return 1
    return status


def _discard(output: Output) -> None:
    """Discard the buffer of standard output.

    When Python exits, it flushes the buffer, and reports an error of its own.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, output.fileno())
    os.close(null)
