"""The command `finerworks`: invoices as tables, files and reports. It needs the extra `cli`."""

import sys

from finerworks.cli import streams
from finerworks.extras import install_command

__all__ = ["main"]


def main() -> int:
    """Run the command line of this process, and return the exit status."""
    output = streams.prepare()
    try:
        status = _run(sys.argv[1:])
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    return streams.finish(status, output)


def _run(arguments: list[str]) -> int:
    try:
        # Imported here, so that a missing extra is reported in one line.
        from finerworks.cli.run import run  # noqa: PLC0415
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        print(  # noqa: T201 - typer, which would print it, may be what is missing
            f"finerworks: the command needs {error.name}: install it with {install_command('cli')}",
            file=sys.stderr,
        )
        return 2
    return run(arguments)
