"""Which failures are retried, and after what delay. Nothing here waits or sends.

Failures that may be transient are retried: no connection, no response in time, HTTP 408, 425, 429
and 5xx (except 501 and 505, which are permanent), and a 2xx response with a body that was damaged
in transit. Not retried are other 4xx statuses, JSON that violates the contract, a certificate that
cannot be verified, and exceptions in the caller's own code.

A request is retried only if its operation is known to only read. Another operation could be carried
out twice.
"""

import datetime as dt
import math
import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from finerworks.errors import (
    APIConnectionError,
    APIStatusError,
    FinerWorksError,
    ResponseValidationError,
)

MAX_RETRY_AFTER = 120.0
"""The maximum `Retry-After` that is observed, in seconds. A longer wait is the caller's
decision."""

INITIAL_DELAY = 0.5
"""Seconds before the second attempt. The delay doubles before each further attempt."""

MAX_DELAY = 8.0
"""The maximum delay between two attempts, in seconds, unless the server requests one."""

JITTER = 0.5
"""The maximum random addition to a delay, in seconds, so that clients do not all retry at once."""

RETRYABLE_CLIENT_ERRORS = frozenset({408, 425, 429})
"""HTTP statuses below 500 that are retried."""

PERMANENT_SERVER_ERRORS = frozenset({501, 505})
"""HTTP statuses from 500 to 599 that are not retried."""

_MAX_DIGITS = 20


@dataclass(frozen=True)
class Decision:
    """Whether another attempt follows a failed one.

    Attributes:
        retry: Whether it does.
        delay: After how many seconds.
    """

    retry: bool
    delay: float = 0.0


GIVE_UP = Decision(retry=False)


def decide(error: FinerWorksError, *, attempt: int, max_retries: int) -> Decision:
    """Return whether to retry after a failed attempt of a request that only reads.

    Args:
        error: How it failed.
        attempt: The number of the attempt, from 1.
        max_retries: The maximum number of attempts after the first.
    """
    if attempt > max_retries or not is_retryable(error):
        return GIVE_UP
    requested = error.retry_after if isinstance(error, APIStatusError) else None
    if not requested:
        return Decision(retry=True, delay=backoff(attempt))
    if requested > MAX_RETRY_AFTER:
        return GIVE_UP
    return Decision(retry=True, delay=requested)


def is_retryable(error: FinerWorksError) -> bool:
    """Return whether a failure may be transient."""
    if isinstance(error, APIStatusError):
        return is_retryable_status(error.status_code)
    if isinstance(error, APIConnectionError | ResponseValidationError):
        return error.transient
    return False


def is_retryable_status(status_code: int) -> bool:
    """Return whether an HTTP status that is not 2xx may be transient."""
    if 500 <= status_code < 600:
        return status_code not in PERMANENT_SERVER_ERRORS
    return status_code in RETRYABLE_CLIENT_ERRORS


def backoff(attempt: int) -> float:
    """Return the seconds to wait after a failed attempt, if the server requests no delay.

    Args:
        attempt: The number of the failed attempt, from 1.
    """
    jitter = random.uniform(0, JITTER)  # noqa: S311 - not a secret
    doublings = min(attempt - 1, 10)  # larger exponents give MAX_DELAY anyway
    return min(MAX_DELAY, math.ldexp(INITIAL_DELAY, doublings) + jitter)


def parse_retry_after(
    value: str | None, *, date: str | None = None, age: str | None = None
) -> float | None:
    """Return the seconds in a `Retry-After` header.

    Args:
        value: The header: seconds, or an HTTP date in any of its three forms (RFC 9110, 10.2.3).
        date: The response's own `Date` header. A date is compared with it, as this machine's
            clock may be wrong. None: with this machine's clock.
        age: The response's `Age` header: how many seconds ago its `Date` was, if a cache kept it.

    Returns:
        The seconds, at least 0. None if the header is invalid.
    """
    if value is None:
        return None
    text = value.strip()
    seconds = _parse_seconds(text)
    if seconds is not None:
        return seconds
    moment = _parse_http_date(text)
    if moment is None:
        return None
    now = _parse_http_date(date or "")
    if now is None:
        now = time.time()
    else:
        now += _parse_seconds(age or "") or 0.0
    return max(moment - now, 0.0)


def _parse_seconds(text: str) -> float | None:
    """Return a number without a sign or an exponent. None if the text is anything else."""
    digits = text.replace(".", "", 1)
    is_number = digits.isascii() and digits.isdigit()  # isdigit() alone accepts "²"
    if is_number and len(text) < _MAX_DIGITS:
        return float(text)
    return None


def _parse_http_date(text: str) -> float | None:
    """Return an HTTP date in seconds since the epoch, or None if the text is not one."""
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            # asctime's form has no time zone. Every HTTP date is in GMT, never in this machine's
            # time zone.
            moment = moment.replace(tzinfo=dt.UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None
