"""What is tried again, and when. Nothing here sends or keeps state.

Tried again is what another attempt can mend: no connection, no answer in time, HTTP 408, 425, 429
and 5xx (not 501 and 505, which say "never"), and a good status whose body was damaged on its way.
Not: any other 4xx, JSON that breaks the contract, a certificate that does not verify, an exception
of the caller's own.

A request is sent again only if it is known to read: one that writes could be carried out twice.
"""

import random
from collections.abc import AsyncIterable, Callable, Iterable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

from finerworks.errors import APIConnectionError, APIStatusError, ResponseValidationError

if TYPE_CHECKING:
    import stamina

MAX_RETRY_AFTER = 120.0
"""Seconds of `Retry-After` that are waited out; a longer wait is the caller's to decide on."""

AGAIN = {408, 425, 429, *range(500, 600)} - {501, 505}
"""HTTP statuses that another attempt can mend."""

READS: dict[str, type | str] = {}
"""The operations that only read: their paths, each with the generated model of its answer,
or the model's name in `finerworks_client.models`.

Their requests may be sent again after a failure, and their answers are checked against the model.
Each module that binds an endpoint adds its own; so may you, for a generated function of your own.
"""


WAITS = {"wait_initial": 0.5, "wait_max": 8.0, "wait_jitter": 0.5}
"""Where the server names no time: seconds before the second attempt, which double before each further one; the
most; and how many at random come with them.
"""


class Attempts(Iterable["stamina.Attempt"], AsyncIterable["stamina.Attempt"], Protocol):
    """A loop over the attempts at one request, by ``for`` or ``async for``."""


def attempts(on: Callable[[Exception], bool | float], attempts: int) -> Attempts:
    """Loop over at most so many attempts at one request, with `WAITS` between them."""
    import stamina  # noqa: PLC0415 - brings asyncio, which takes time to import

    return stamina.retry_context(on, attempts, None, **WAITS)


def backoff(attempt: int, again: bool | float) -> float:  # noqa: FBT001 - as `verdict` gives it
    """Give the seconds that the loop would wait after a failed attempt, for who waits in its place.

    Args:
        attempt: Which of them it was, from 1.
        again: The verdict on what it raised, which is not no.
    """
    import stamina  # noqa: PLC0415

    if stamina.is_testing():
        return 0.0
    first, longest, jitter = WAITS.values()
    waits = min(longest, first * 2 ** (attempt - 1) + random.uniform(0, jitter))  # noqa: S311 - no secret
    return waits if isinstance(again, bool) else again


def retry_after(value: str | None, *, now: float) -> float | None:
    """Give the seconds that a `Retry-After` header asks to wait, or None if it names no usable time.

    Args:
        value: The header: seconds, whole or not, or an HTTP date in any of its three forms (RFC 9110, 10.2.3).
        now: When it came, in seconds since the epoch.
    """
    text = (value or "").strip()
    try:
        if text.replace(".", "", 1).isdigit() and len(text) < 20:
            return float(text)
        return max(
            parsedate_to_datetime(text if "," in text else f"{text} GMT").timestamp() - now, 0.0
        )
    except (ValueError, OverflowError):
        return None


def verdict(error: Exception, *, reads: bool) -> bool | float:
    """Say whether a failed attempt is followed by another: no, yes, or yes after so many seconds.

    Args:
        error: What the attempt raised.
        reads: Whether the operation only reads, so that sending it twice does no harm.
    """
    if reads and isinstance(error, APIStatusError) and error.status_code in AGAIN:
        return (error.retry_after or 0) <= MAX_RETRY_AFTER and (error.retry_after or True)
    return (
        reads
        and isinstance(error, APIConnectionError | ResponseValidationError)
        and error.transient
    )
