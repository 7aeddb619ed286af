"""Log each line of this package once, whenever and however the program configures logging.

`logging.config.dictConfig` and `fileConfig` disable every existing logger that they do not name,
unless they are configured not to. A program that imports this package before it configures logging
does not intend that.
"""

import contextlib
import logging
import os
import sys

LOGGER = "finerworks"
"""The name of the logger."""

LEVEL_VARIABLE = "FINERWORKS_LOG"
"""The environment variable that turns on log lines: ``debug`` or ``info``."""

_HANDLER = "finerworks-standard-error"


def get_logger(name: str = LOGGER) -> logging.Logger:
    """Return a logger. If a configuration disabled it along with all others, enable it again.

    A child logger that nobody knows serves as a witness: if a program disables this specific
    logger, the witness stays enabled. Call this once before the program configures logging, and
    each time before you log.
    """
    logger = logging.getLogger(name)
    witness = logging.getLogger(f"{name}.witness")
    if logger.disabled and witness.disabled:
        logger.disabled = False
        witness.disabled = False
    return logger


def configure_logging() -> None:
    """Log at the level of `FINERWORKS_LOG`, to standard error if no other handler is configured.

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
    # By name, because after a reload, the handler is an instance of the former class.
    if _HANDLER not in [handler.name for handler in logger.handlers]:
        logger.addHandler(_StandardError())


class _StandardError(logging.Handler):
    """Prints lines that no other handler gets. The program may add a handler at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.name = _HANDLER

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line, unless another handler gets it or standard error is closed."""
        if sys.stderr is None or self._another_handles(record):
            return
        # A request must not fail because a line about it cannot be printed.
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
    """Return whether a handler processes a record."""
    does_nothing = isinstance(handler, logging.NullHandler)
    return not does_nothing and record.levelno >= handler.level


# The witness must exist before the program configures logging.
get_logger()
