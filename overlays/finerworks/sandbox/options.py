"""The command line of `python -m finerworks.sandbox`."""

import argparse
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, NoReturn, get_args
from urllib.parse import urlsplit

from finerworks.sandbox import Sandbox, data
from finerworks.sandbox.settings import (
    APP_KEY,
    LIMITS,
    ORDINARY_APP_KEY,
    ORDINARY_WEB_API_KEY,
    SHAPES,
    WEB_API_KEY,
    Dates,
    Settings,
    out_of_range,
    wrong_shapes,
)

NAME: Final = "finerworks.sandbox"
PROGRAM: Final = f"python -m {NAME}"
DEFAULT_PORT: Final = 8765

DESCRIPTION: Final = """\
Run a local stand-in for the FinerWorks web API that follows its contract, openapi.yaml. It is not
FinerWorks: the invoices are made up, and nothing is sent to other hosts.

Without COMMAND, it prints its address, its keys and the variables to set in another shell, and runs
until Ctrl-C (SIGINT) or SIGTERM. With COMMAND, it runs the command with FINERWORKS_WEB_API_KEY,
FINERWORKS_APP_KEY and FINERWORKS_BASE_URL set and FINERWORKS_ACCOUNT_KEY unset. It stops when the
command ends, and exits with the status of the command."""

SELLERS: Final = "\n".join(
    f"        {seller.key}: {'null' if seller.null_list else seller.count}"
    for seller in data.SELLERS.values()
)

_SHAPES: Final = "\n".join(f"  {shape:<22}{what}" for shape, what in SHAPES.items())

EPILOG: Final = f"""\
values of NAME for --shape:
{_SHAPES}

accounts (web_api_key, app_key):
  {WEB_API_KEY}, {APP_KEY}
      The demo keys. With account_key, they can read these accounts (key: number of invoices):
{SELLERS}
      Any other account_key gets a 400 response. FinerWorks does not document what it returns.
  {ORDINARY_WEB_API_KEY}, {ORDINARY_APP_KEY}
      An account of {data.ORDINARY.count} invoices that cannot read others: account_key is ignored.
"""


def _examples(program: str) -> str:
    """Return examples that begin with the name of the program."""
    return f"""

examples:
  {program}
  {program} --invoices 1000 --fail-rate 0.2 -- python reconcile.py
  {program} --latency 0.25 --page-cap 10 --cors-origin http://localhost:5173
"""


class Options(NamedTuple):
    """A parsed command line."""

    sandbox: Sandbox
    command: list[str] | None
    """The command after the first `--`, or None."""
    verbose: bool


def read_options(arguments: Sequence[str], program: str = PROGRAM) -> Options:
    """Return the options, or exit, as argparse does, for `--help` and for wrong usage.

    Args:
        arguments: The command line.
        program: How the user started the program, as its help shows it.
    """
    own_arguments = list(arguments)
    command: list[str] | None = None
    if "--" in own_arguments:
        position = own_arguments.index("--")
        command = own_arguments[position + 1 :]
        own_arguments = own_arguments[:position]
    parser = _parser(program)
    settings = vars(parser.parse_args(own_arguments))
    if command is None:
        settings.setdefault("port", DEFAULT_PORT)
    elif not command:
        parser.error("a command is missing after --")
    settings["cors_origins"] = tuple(settings.get("cors_origins", ()))
    settings["shapes"] = tuple(settings.get("shapes", ()))
    problem = wrong_shapes(settings["shapes"])
    if problem:
        parser.error(f"argument --shape: {problem}")
    verbose = settings.pop("verbose", False)
    return Options(Sandbox(**settings), command, verbose)


class _Parser(argparse.ArgumentParser):
    """A parser that prints an error as one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{NAME}: {message} (see --help)\n")


def _parser(program: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=program,
        usage="%(prog)s [options] [-- COMMAND ...]",
        description=DESCRIPTION + _examples(program),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        # Omit missing options, so that each default is defined only once, in Settings.
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )

    def number(name: str, metavar: str, what: str, *, default: str | None = None) -> None:
        """Add an option for a setting, with the type, limits and default of the setting."""
        low, high = LIMITS[name]
        kind = float if name in {"latency", "fail_rate"} else int
        if default is None:
            default = f"{getattr(Settings, name):g}"
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=_reader(name, kind),
            metavar=metavar,
            help=f"{what}; {low} to {high}, default {default}",
        )

    parser.add_argument(
        "--host",
        help=f"host name or address to listen on; default {Settings.host}, this machine only",
    )
    port = f"{DEFAULT_PORT}, or 0 with COMMAND"
    number("port", "N", "port to listen on; 0 chooses a free port", default=port)
    number("invoices", "N", "number of invoices in the account of the demo keys")
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="seed for amounts, dates and failures; the same seed gives the same results; "
        f"any integer, default {Settings.seed}",
    )
    number("page_cap", "N", "maximum size of a page, even if per_page is larger")
    number("latency", "SECONDS", "time to wait before each response of the API, in seconds")
    number(
        "fail_rate",
        "SHARE",
        "share of the API requests that fail, with equal probability of 429 and Retry-After: 1, "
        "500, 502 with an HTML page, 503, a connection reset, or a truncated body",
    )
    number(
        "rate_limit",
        "N",
        "maximum number of requests per second; others get 429 and Retry-After: 1",
        default="no limit",
    )
    number("fail_request", "N", "which API request fails with 500; 1 is the first", default="none")
    parser.add_argument(
        "--edge-cases",
        action="store_true",
        help="use awkward amounts and dates in all accounts, such as 99,999,999.99 and null dates, "
        "not only in the account edge-cases",
    )
    parser.add_argument(
        "--unknown-fields",
        action="store_true",
        help="add fields to responses that are not in the contract, as a server may do",
    )
    parser.add_argument(
        "--dates",
        choices=get_args(Dates),
        help="which dates have a UTC offset: all (offset), none, or about half of them (mixed); "
        f"default {Settings.dates}",
    )
    parser.add_argument(
        "--shape",
        dest="shapes",
        action="append",
        choices=SHAPES,
        metavar="NAME",
        help="deviate from the contract in one of the ways below, as a server may do; "
        "can be repeated; default none",
    )
    parser.add_argument(
        "--cors-origin",
        dest="cors_origins",
        action="append",
        type=_origin,
        metavar="ORIGIN",
        help="origin that may call the API from a browser, such as http://localhost:5173, "
        "or * for any; can be repeated; default none",
    )
    parser.add_argument("--verbose", action="store_true", help="log each request to standard error")
    return parser


def _reader(name: str, kind: type[int] | type[float]) -> Callable[[str], float]:
    """Return a function that parses a value of a setting, and checks its range."""

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            what = "an integer" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"must be {what}, not {text!r}") from None
        problem = out_of_range(name, value)
        if problem:
            raise argparse.ArgumentTypeError(problem)
        return value

    return read


def _origin(text: str) -> str:
    """Check that a text is an origin. Any other text would silently match no request."""
    url = urlsplit(text)
    if text not in {"*", f"{url.scheme}://{url.netloc}"}:
        raise argparse.ArgumentTypeError(
            f"must be an origin such as http://localhost:5173, not {text!r}"
        )
    return text
