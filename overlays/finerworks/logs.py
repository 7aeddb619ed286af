"""The log lines of this package: each once, whenever and however the program configures logging.

`logging.config.dictConfig` and `fileConfig` disable every logger that exists and that they do not
name, unless they are told not to. A program that imports this package before it configures logging
does not mean that.
"""

import contextlib
import logging
import os
import sys

LOGGER = "finerworks"
"""The name of the logger."""

LEVEL_VARIABLE = "FINERWORKS_LOG"
"""The environment variable that turns lines on: ``debug`` or ``info``."""

_HANDLER = "finerworks-standard-error"


def get_logger(name: str = LOGGER) -> logging.Logger:
    """Return a logger. If a configuration disabled it along with all others, it is enabled again.

    A logger below it, which nobody knows, is the witness: a program that disables this very logger
    leaves that one enabled. Call this once before the program configures logging, and each time
    before you log.
    """
    logger = logging.getLogger(name)
    witness = logging.getLogger(f"{name}.witness")
    if logger.disabled and witness.disabled:
        logger.disabled = False
        witness.disabled = False
    return logger


def configure_logging() -> None:
    """Log at the level of `FINERWORKS_LOG`, to standard error if the program logs nowhere else.

    Raises:
        ValueError: The variable is neither ``debug`` nor ``info``.
    """
    logger = get_logger()
    level = os.environ.get(LEVEL_VARIABLE)
    if not level:
        return
    if level.upper() not in ("DEBUG", "INFO"):
        raise ValueError(f"{LEVEL_VARIABLE} must be debug or info, not {level!r}")
    logger.setLevel(level.upper())
    # By its name: after a reload, the handler is of the former class.
    if _HANDLER not in [handler.name for handler in logger.handlers]:
        logger.addHandler(_StandardError())


class _StandardError(logging.Handler):
    """Prints what no other handler gets. The program may add one at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.name = _HANDLER

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line, unless another handler gets it, or standard error is closed."""
        if sys.stderr is None or self._another_handles(record):
            return
        # No request fails because a line about it cannot be printed.
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()

    def _another_handles(self, record: logging.LogRecord) -> bool:
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None:
            others = [handler for handler in logger.handlers if handler is not self]
            if any(_handles(handler, record) for handler in others):
                return True
            logger = logger.parent if logger.propagate else None
        return False


def _handles(handler: logging.Handler, record: logging.LogRecord) -> bool:
    """Return whether a handler does something with a record."""
    does_nothing = isinstance(handler, logging.NullHandler)
    return not does_nothing and record.levelno >= handler.level


# The witness must exist before the program configures logging.
get_logger()
