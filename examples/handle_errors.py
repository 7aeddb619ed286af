"""Which errors there are to handle, and what to do at each. What may pass by itself has been tried three times by then.

To see one: `python -m finerworks.sandbox --fail-rate 1 -- python examples/handle_errors.py`.
"""

import sys

from finerworks import (
    APIConnectionError,
    AuthenticationError,
    CredentialsError,
    FinerWorks,
    FinerWorksError,
    ListingChangedError,
    PermissionDeniedError,
    RateLimitError,
    ResponseValidationError,
    ServerError,
)


def what_to_do(error: FinerWorksError) -> str:
    """Decide by the error's type. The most special types come first."""
    match error:
        case CredentialsError():
            return "Set FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY. Nothing was sent."
        case AuthenticationError() | PermissionDeniedError():
            return (
                "Do not try again: have the keys looked at. This is the one to wake somebody for."
            )
        case RateLimitError():
            return f"Try again in {error.retry_after or 60:.0f} seconds."
        case (
            APIConnectionError() | ServerError() | ListingChangedError()
        ):  # a timeout is an APIConnectionError
            return "Try again later, from the beginning. Listing only reads, so that is safe."
        case ResponseValidationError():
            return f"The answer is not what the contract says: report it, with the field {error.field}."
        case _:  # BadRequestError, NotFoundError, RedirectError, RequestRejectedError
            return f"Report it to FinerWorks, with the reference {error.reference_id}."


def main() -> int:
    """Read the invoices whole, or say what is to be done."""
    try:
        with FinerWorks() as fw:
            invoices = list(
                fw.invoices.list()
            )  # whole: an error in the middle leaves no part of it
    except FinerWorksError as error:
        print(f"error: {error}", file=sys.stderr)  # it has no key in it: it can go to a log
        print(f"next: {what_to_do(error)}", file=sys.stderr)
        return 1
    print(f"{len(invoices)} invoices came, all of them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
