"""A program that configures logging in each of several orders, and prints what was logged.

It reads a JSON list of orders from standard input: each is a list of names of the functions below.
It runs each order in a fork of its own, in which this package is not imported yet, and writes a JSON
list of the lines that arrived on standard error.
"""

import importlib
import io
import json
import logging
import logging.config
import os
import sys
import tempfile
from typing import TYPE_CHECKING

import httpcore
import httpx

import finerworks_client.models

if TYPE_CHECKING:
    from finerworks import FinerWorks

IMPORTED = (httpcore, finerworks_client.models)
"""What takes time to import, and is no part of any order."""

HANDLER = {"class": "logging.StreamHandler"}
clients: list["FinerWorks"] = []


def import_() -> None:
    """Import the package."""
    importlib.import_module("finerworks.client")


def client() -> None:
    """Create a client, whose requests fail."""
    from finerworks import FinerWorks, HTTPClient  # noqa: PLC0415 - a step of its own

    transport = httpx.MockTransport(lambda _: httpx.Response(503))
    http_client = HTTPClient(
        web_api_key="web-api-key", app_key="app-key", transport=transport, max_retries=0
    )
    clients.append(FinerWorks(http_client=http_client))


def request() -> None:
    """Send a request by the newest client. It fails, which is one line."""
    from finerworks import ServerError  # noqa: PLC0415 - imported by then

    try:
        clients[-1].invoices.page()
    except ServerError:
        return
    raise AssertionError("the request did not fail")


def basic() -> None:
    """Configure the root logger, unless it has a handler."""
    logging.basicConfig(level=logging.INFO)


def basic_by_force() -> None:
    """Configure the root logger anew."""
    logging.basicConfig(level=logging.INFO, force=True)


def dictionary() -> None:
    """Configure the root logger, and disable all loggers that exist."""
    root = {"level": "INFO", "handlers": ["h"]}
    logging.config.dictConfig({"version": 1, "handlers": {"h": HANDLER}, "root": root})


def dictionary_that_names_it() -> None:
    """Configure this package's logger alone, and disable all others."""
    ours = {"level": "INFO", "handlers": ["h"], "propagate": False}
    logging.config.dictConfig(
        {"version": 1, "handlers": {"h": HANDLER}, "loggers": {"finerworks": ours}}
    )


def dictionary_that_spares() -> None:
    """Configure the root logger, and leave the other loggers as they are."""
    root = {"level": "INFO", "handlers": ["h"]}
    logging.config.dictConfig(
        {"version": 1, "disable_existing_loggers": False, "handlers": {"h": HANDLER}, "root": root}
    )


def file() -> None:
    """Configure the root logger from a file, and disable all loggers that exist."""
    text = """
[loggers]
keys = root
[handlers]
keys = h
[formatters]
keys =
[logger_root]
level = INFO
handlers = h
[handler_h]
class = StreamHandler
args = ()
"""
    logging.config.fileConfig(io.StringIO(text))


def handler_of_its_own() -> None:
    """Give this package's logger a handler, as a program may."""
    logger = logging.getLogger("finerworks")
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.StreamHandler())


def separate() -> None:
    """Keep this package's lines from the root logger's handlers."""
    logging.getLogger("finerworks").propagate = False


def null_handler() -> None:
    """Give the root logger a handler that prints nothing, as libraries do with their own."""
    logging.getLogger().addHandler(logging.NullHandler())


def errors_only() -> None:
    """Give the root logger a handler for errors alone."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.ERROR)
    logging.getLogger().addHandler(handler)


def no_handlers() -> None:
    """Take every handler from the root logger."""
    logging.getLogger().handlers.clear()


def capture_warnings() -> None:
    """Log warnings, by a logger of their own."""
    logging.captureWarnings(True)  # noqa: FBT003 - its only parameter


def reload() -> None:
    """Import modules of the package once more, as notebooks do."""
    for name in ("logs", "config", "transport"):
        importlib.reload(sys.modules[f"finerworks.{name}"])


def silence() -> None:
    """Disable this package's logger, and no other."""
    logging.getLogger("finerworks").disabled = True


def close_standard_error() -> None:
    """Close standard error, and let nothing else take its place."""
    sys.stderr.close()


def without_standard_error() -> None:
    """Do without standard error, as programs that a desktop starts."""
    sys.stderr = None  # pyright: ignore[reportAttributeAccessIssue] - as Python does with 2>&-


def lines_of(order: list[str]) -> list[str]:
    """Run the steps of an order in a fork, and return what it wrote to standard error."""
    with tempfile.TemporaryFile("w+") as errors:
        child = os.fork()
        if child == 0:
            os.dup2(errors.fileno(), 2)
            status = 1
            try:
                for step in order:
                    globals()[step]()
                status = 0
            except BaseException as error:  # noqa: BLE001 - a child must not go on
                os.write(2, f"{error!r}\n".encode())
            os._exit(status)
        _, status = os.waitpid(child, 0)
        errors.seek(0)
        lines = errors.read().splitlines()
    return lines if status == 0 else [*lines, f"status {status}"]


if __name__ == "__main__":
    json.dump([lines_of(order) for order in json.load(sys.stdin)], sys.stdout)
