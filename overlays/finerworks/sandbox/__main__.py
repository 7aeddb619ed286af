"""`python -m finerworks.sandbox`: runs a sandbox until it is stopped, or around one command."""

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

from finerworks.sandbox import Sandbox
from finerworks.sandbox.options import NAME, read_options

# How long to wait at a time, in seconds. Python looks for signals before and after a call that
# waits, and the system cuts the call short for one: but one that comes in between waits too.
A_WHILE = 0.5


def main(arguments: Sequence[str]) -> int:
    """Does what the command line says, and gives the exit status."""
    # The help names an account key that not every terminal can show.
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="backslashreplace")
    sandbox, command, verbose = read_options(arguments)
    _on_stop_signals(_interrupt)
    # Logs go to standard error: standard output is the command's.
    logging.basicConfig(level=logging.WARNING, format=f"{NAME}: %(message)s")
    if verbose:
        logging.getLogger("uvicorn.access").setLevel(logging.INFO)
    with contextlib.ExitStack() as stack:
        # Once all is done: of a signal while Python itself ends, the program would die.
        stack.callback(_on_stop_signals, signal.SIG_IGN)
        try:
            if complaint := _enter(sandbox, stack):
                return _fail(complaint)
            if not sandbox.is_loopback:
                _say(f"warning: other machines can reach this, it listens on {sandbox.host}")
            return _serve(sandbox) if command is None else _run(command, sandbox)
        except KeyboardInterrupt:
            # A command that has not begun is one that did not succeed.
            return 0 if command is None else 130


def _on_stop_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Makes of either signal what Python makes of SIGINT: it ends any wait. Once."""
    # Stopping takes a few seconds at most, and a second signal would only break it off. Not yet
    # SIG_IGN: Python complains of that for a signal that has come already.
    _on_stop_signals(_ignore)
    raise KeyboardInterrupt


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Does nothing."""


def _enter(sandbox: Sandbox, stack: contextlib.ExitStack) -> str | None:
    """Starts the sandbox, or says why it cannot."""
    try:
        stack.enter_context(sandbox)
    except (ModuleNotFoundError, FileNotFoundError) as error:
        return str(error)
    except OSError as error:
        reason = str(error.strerror).split(" (")[0]  # without the address, which asyncio repeats
        return f"cannot listen on {sandbox.host}, port {sandbox.port}: {reason}. --port 0 takes a free one"
    return None


def _serve(sandbox: Sandbox) -> int:
    """Prints what a client needs to know, and waits for a signal."""
    print(
        f"The sandbox listens on {sandbox.base_url}. Ctrl-C stops it.",
        f"Try it in a browser: {sandbox.base_url}/ui",
        f"Demo keys: web_api_key {sandbox.web_api_key}, app_key {sandbox.app_key}",
        "To use it from another shell:",
        *(f"export {name}={shlex.quote(value)}" for name, value in sandbox.env.items()),
        sep="\n",
        flush=True,
    )
    while True:
        time.sleep(A_WHILE)


def _run(command: Sequence[str], sandbox: Sandbox) -> int:
    """Runs the command with the sandbox in its environment, and gives its exit status."""
    environment = {**os.environ, **sandbox.env}
    # An account of the real API is none of the sandbox's.
    environment.pop("FINERWORKS_ACCOUNT_KEY", None)
    child: subprocess.Popen[bytes] | None = None

    def forward(number: int, _: FrameType | None) -> None:
        # A terminal sends its Ctrl-C to the command as well: once is enough.
        if child is not None and not (number == signal.SIGINT and sys.stderr.isatty()):
            child.send_signal(number)

    _on_stop_signals(forward)
    try:
        # What the user gave to run is run.
        child = subprocess.Popen(command, env=environment)  # noqa: S603
    except OSError as error:
        # The exit statuses of a shell that cannot find a command, or not run it.
        status = 127 if isinstance(error, FileNotFoundError) else 126
        return _fail(f"cannot run {command[0]}: {error.strerror}", status)
    status = _wait(child)
    # As a shell tells of a command that a signal ended.
    return 128 - status if status < 0 else status


def _wait(child: subprocess.Popen[bytes]) -> int:
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(A_WHILE)


def _say(text: str) -> None:
    print(f"{NAME}: {text}", file=sys.stderr)


def _fail(text: str, status: int = 1) -> int:
    _say(text)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
