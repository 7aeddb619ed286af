"""The command line of `python -m finerworks.sandbox`: what may be given, and what it says of it."""

import argparse
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, NoReturn
from urllib.parse import urlsplit

from finerworks.sandbox import Sandbox, data
from finerworks.sandbox.settings import (
    APP_KEY,
    LIMITS,
    ORDINARY_APP_KEY,
    ORDINARY_WEB_API_KEY,
    WEB_API_KEY,
    Settings,
    out_of_range,
)

NAME: Final = "finerworks.sandbox"
DEFAULT_PORT: Final = 8765

DESCRIPTION: Final = """\
A local stand-in for the FinerWorks web API, made from its contract, openapi.yaml. It is not
FinerWorks: the invoices are made up, and nothing is sent anywhere.

Without COMMAND it runs until Ctrl-C (SIGINT) or SIGTERM, and prints its address, its keys and what
to set in another shell. With COMMAND it runs the command with FINERWORKS_WEB_API_KEY,
FINERWORKS_APP_KEY and FINERWORKS_BASE_URL set and FINERWORKS_ACCOUNT_KEY unset, stops when the
command ends, and exits with its status."""

SELLERS: Final = "\n".join(
    f"        {seller.key}: {'null' if seller.null_list else seller.count}"
    for seller in data.SELLERS.values()
)

EPILOG: Final = f"""\
accounts, by web_api_key and app_key:
  {WEB_API_KEY}, {APP_KEY}
      The demo keys, of an account that may read for others by account_key. Their invoices:
{SELLERS}
      Any other account_key is refused with 400: the sandbox's own choice, as it is not documented.
  {ORDINARY_WEB_API_KEY}, {ORDINARY_APP_KEY}
      An account of {data.ORDINARY.count} invoices without that right: its account_key is ignored.

examples:
  python -m {NAME}
  python -m {NAME} --invoices 1000 --fail-rate 0.2 -- python reconcile.py
  python -m {NAME} --latency 0.25 --page-cap 10 --cors-origin http://localhost:5173
"""


class Options(NamedTuple):
    """What a command line asks for."""

    sandbox: Sandbox
    command: list[str] | None
    """The command after the first `--`, if there is one."""
    verbose: bool


def read_options(arguments: Sequence[str]) -> Options:
    """Ends the program, as argparse does, for `--help` and for what it cannot read."""
    own, command = list(arguments), None
    if "--" in own:
        at = own.index("--")
        own, command = own[:at], own[at + 1 :]
    parser = _parser()
    given = vars(parser.parse_args(own))
    if command is None:
        given.setdefault("port", DEFAULT_PORT)
    elif not command:
        parser.error("a command is missing after --")
    given["cors_origins"] = tuple(given.get("cors_origins", ()))
    verbose = given.pop("verbose", False)
    return Options(Sandbox(**given), command, verbose)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{NAME}: {message} (--help lists the options)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"python -m {NAME}",
        usage="%(prog)s [options] [-- COMMAND ...]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        # What is not given stays out, so that each default is said once, in Settings.
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )

    def number(name: str, metavar: str, what: str, *, default: str | None = None) -> None:
        """An option for the setting `name`, with the setting's own type, limits and default."""
        low, high = LIMITS[name]
        kind = float if name in {"latency", "fail_rate"} else int
        usual = f"{getattr(Settings, name):g}" if default is None else default
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=_reader(name, kind),
            metavar=metavar,
            help=f"{what}; {low} to {high}, default {usual}",
        )

    parser.add_argument(
        "--host", help=f"name or address to listen on; default {Settings.host}, this machine only"
    )
    port = f"{DEFAULT_PORT}, or 0 with COMMAND"
    number("port", "N", "port to listen on, 0 for a free one", default=port)
    number("invoices", "N", "how many invoices the account of the demo keys has")
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="which amounts, dates and failures: the same seed gives the same ones; "
        f"any whole number, default {Settings.seed}",
    )
    number("page_cap", "N", "largest page given, whatever per_page asks for")
    number("latency", "SECONDS", "wait before each answer of the API, in seconds")
    number(
        "fail_rate",
        "SHARE",
        "share of the API's requests that fail: in equal parts with 429 and Retry-After: 1, 500, "
        "502 with an HTML page, 503, a connection reset, and a body cut off in the middle",
    )
    number(
        "rate_limit",
        "N",
        "requests let through in a second, the others get 429 and Retry-After: 1",
        default="no limit",
    )
    number(
        "fail_request",
        "N",
        "which of the API's requests fails with 500, counted from 1, once",
        default="none of them",
    )
    parser.add_argument(
        "--unknown-fields",
        action="store_true",
        help="put fields into the answers that the contract does not know, as a server may at any time",
    )
    parser.add_argument(
        "--cors-origin",
        dest="cors_origins",
        action="append",
        type=_origin,
        metavar="ORIGIN",
        help="origin whose pages may call the API from a browser, such as http://localhost:5173, "
        "or * for any; may be given more than once; default none",
    )
    parser.add_argument("--verbose", action="store_true", help="log each request on standard error")
    return parser


def _reader(name: str, kind: type[int] | type[float]) -> Callable[[str], float]:
    """Reads a value of the setting `name`, and refuses it as the setting itself would."""

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"must be {what}, not {text!r}") from None
        if complaint := out_of_range(name, value):
            raise argparse.ArgumentTypeError(complaint)
        return value

    return read


def _origin(text: str) -> str:
    """Refuses what no browser sends as an origin: it would never match, and not say why."""
    url = urlsplit(text)
    if text not in {"*", f"{url.scheme}://{url.netloc}"}:
        raise argparse.ArgumentTypeError(
            f"must be an origin such as http://localhost:5173, not {text!r}"
        )
    return text
