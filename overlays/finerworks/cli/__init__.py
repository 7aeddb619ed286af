"""`finerworks`, the command: invoices as tables, files and reports, without a program. It needs the extra `cli`."""

import sys

__all__ = ["main"]


def main() -> int:
    """Do what the command line says, and give the exit status."""
    try:
        # Here, so that without the extra there is one line that says so.
        from finerworks.cli.run import run  # noqa: PLC0415
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        print(  # noqa: T201 - nothing better is there
            f"finerworks: the command needs {error.name}: pip install '.[cli]' in the clone",
            file=sys.stderr,
        )
        return 1
    return run(sys.argv[1:])
