"""Remove the frames of the sending transport from tracebacks: they contain the keys.

An exception that interrupts a request, such as a cancellation, passes through the frames of httpx,
httpcore or aiohttp. Error trackers record the local variables of every frame, which contain the
headers or the bytes that are sent.
"""

from types import TracebackType

NOTE = "The frames of the transport are left out, because their local variables hold the keys."


def leave_out_frames(error: BaseException, handled: BaseException | None) -> None:
    """Remove the frames below the caller's from an exception and its chained exceptions.

    Call it where the exception is caught, and raise the exception again. Its traceback then begins
    there. An `Exception` gets a note that says where it was raised, which may be in the user's
    code.

    Args:
        error: The exception.
        handled: The exception that was being handled when the transport was called, if any. It has
            nothing to do with the transport, and is not changed.
    """
    if isinstance(error, Exception):
        error.add_note(f"Raised in {_origin(error.__traceback__)}. {NOTE}")
    seen: set[int] = set()
    remaining: list[BaseException | None] = [error]
    while remaining:
        linked = remaining.pop()
        if linked is None or linked is handled or id(linked) in seen:
            continue
        seen.add(id(linked))
        linked.__traceback__ = None
        remaining += [linked.__cause__, linked.__context__]
        if isinstance(linked, BaseExceptionGroup):
            remaining += linked.exceptions  # pyright: ignore[reportUnknownMemberType] - isinstance() does not know of what


def _origin(traceback: TracebackType | None) -> str:
    """Return the file and the line in which an exception was raised."""
    if traceback is None:
        return "an unknown place"
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    file = traceback.tb_frame.f_code.co_filename
    return f"{file}, line {traceback.tb_lineno}"
