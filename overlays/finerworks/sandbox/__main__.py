"""`python -m finerworks.sandbox`: run a sandbox until it is stopped, or while a command runs."""

import contextlib
import logging
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

from finerworks.sandbox import Sandbox
from finerworks.sandbox.options import NAME, PROGRAM, read_options

WAIT = 0.5
"""Seconds of a single wait.

Python handles signals before and after a call that waits, and a signal interrupts the call. But a
signal that arrives just before the call would be handled only after it.
"""


def main(arguments: Sequence[str], program: str = PROGRAM) -> int:
    """Run the command line, and return the exit status. `program` is its name in the help."""
    # The help contains an account key that not every terminal can show.
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="backslashreplace")
    sandbox, command, verbose = read_options(arguments, program)
    _on_stop_signals(_interrupt)
    # Logs go to standard error, as standard output belongs to the command.
    logging.basicConfig(level=logging.WARNING, format=f"{NAME}: %(message)s")
    if verbose:
        logging.getLogger("uvicorn.access").setLevel(logging.INFO)
    with contextlib.ExitStack() as stack:
        # At the end, ignore signals: one that arrives while Python exits would kill the program.
        stack.callback(_on_stop_signals, signal.SIG_IGN)
        try:
            problem = _enter(sandbox, stack)
            if problem:
                return _fail(problem)
            if not sandbox.is_loopback:
                _print_error(f"warning: other machines can reach the sandbox on {sandbox.host}")
            if command is None:
                _serve(sandbox)
            return _run(command, sandbox)
        except ModuleNotFoundError as error:
            return _fail(str(error), 2)  # the status of `finerworks`
        except KeyboardInterrupt:
            # Without a command, this is the normal end. A command has not started yet.
            return 0 if command is None else 130


def _on_stop_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt for SIGINT and SIGTERM, the first time."""
    # Stopping takes at most a few seconds, and a second signal would interrupt it. The handler is
    # not SIG_IGN yet, as Python warns about that if another signal has arrived already.
    _on_stop_signals(_ignore)
    raise KeyboardInterrupt


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing."""


def _enter(sandbox: Sandbox, stack: contextlib.ExitStack) -> str | None:
    """Start the sandbox, or return the reason why it cannot start.

    Raises:
        ModuleNotFoundError: The extra is not installed.
    """
    try:
        stack.enter_context(sandbox)
    except FileNotFoundError as error:
        return str(error)
    except OSError as error:
        # Without the address, which asyncio adds in parentheses.
        reason = str(error.strerror).split(" (")[0]
        return (
            f"cannot listen on {sandbox.host}, port {sandbox.port}: {reason}. "
            "Use --port 0 for a free port (make sandbox PORT=0)"
        )
    return None


def _serve(sandbox: Sandbox) -> NoReturn:
    """Print the address and the keys, and wait for a signal."""
    try:
        _print_address(sandbox)
    except OSError as error:
        # The sandbox is still useful, for example as a service on a known port.
        _print_error(f"warning: cannot print the address: {error.strerror}")
        _discard_output()
    while True:
        time.sleep(WAIT)


def _print_address(sandbox: Sandbox) -> None:
    print(
        f"The sandbox listens on {sandbox.base_url}. Ctrl-C stops it.",
        f"Try it in a browser: {sandbox.base_url}/ui",
        f"Demo keys: web_api_key {sandbox.web_api_key}, app_key {sandbox.app_key}",
        "To use it from another shell:",
        *(f"export {name}={shlex.quote(value)}" for name, value in sandbox.env.items()),
        sep="\n",
        flush=True,
    )


def _discard_output() -> None:
    """Discard the unprinted output. Otherwise, Python would try to print it again at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def _run(command: Sequence[str], sandbox: Sandbox) -> int:
    """Run a command with the sandbox in its environment, and return its exit status."""
    environment = {**os.environ, **sandbox.env}
    # It may name an account of the real API, which the sandbox does not have.
    environment.pop("FINERWORKS_ACCOUNT_KEY", None)
    # The keys of a profile would not be used: those in the environment take precedence.
    environment.pop("FINERWORKS_PROFILE", None)
    child: subprocess.Popen[bytes] | None = None

    def forward(number: int, _: FrameType | None) -> None:
        # A terminal sends Ctrl-C to the command as well, and once is enough.
        if child is not None and not (number == signal.SIGINT and sys.stderr.isatty()):
            child.send_signal(number)

    _on_stop_signals(forward)
    try:
        child = subprocess.Popen(command, env=environment)  # noqa: S603 - the user's own command
    except OSError as error:
        # The exit statuses of a shell that cannot find, or cannot run, a command.
        status = 127 if isinstance(error, FileNotFoundError) else 126
        return _fail(f"cannot run {command[0]}: {error.strerror}", status)
    status = _wait(child)
    if status < 0:
        # The status that a shell returns for a command which a signal ended.
        return 128 - status
    return status


def _wait(child: subprocess.Popen[bytes]) -> int:
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(WAIT)


def _print_error(text: str) -> None:
    """Print a line on standard error. The line is lost if that is full or closed."""
    with contextlib.suppress(OSError):
        print(f"{NAME}: {text}", file=sys.stderr)


def _fail(text: str, status: int = 1) -> int:
    _print_error(text)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
