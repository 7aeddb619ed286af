"""Which errors to handle, and how. Transient failures are retried twice before you see them.

To see an error: `python -m finerworks.sandbox --fail-rate 1 -- python examples/handle_errors.py`.
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
    """Return what to do about an error, by its type. Subclasses come before their base classes."""
    match error:
        case CredentialsError():
            return "Set FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY. Nothing was sent."
        case AuthenticationError() | PermissionDeniedError():
            return "Do not retry: check the keys. This is the one to page somebody for."
        case RateLimitError():
            return f"Retry in {error.retry_after or 60:.0f} seconds."
        # A timeout is an APIConnectionError.
        case APIConnectionError() | ServerError() | ListingChangedError():
            return "Retry later, from the beginning. Listing only reads, so that is safe."
        case ResponseValidationError():
            return f"The response breaks the contract: report it, with the field {error.field}."
        case _:  # BadRequestError, NotFoundError, RedirectError, RequestRejectedError
            return f"Report it to FinerWorks, with the reference ID {error.reference_id}."


def main() -> int:
    """Read all invoices, or print the error and what to do about it."""
    try:
        with FinerWorks() as fw:
            # An error raises, so you never get an incomplete list.
            invoices = list(fw.invoices.list())
    except FinerWorksError as error:
        print(f"error: {error}", file=sys.stderr)  # contains no keys, so you can log it
        print(f"next: {what_to_do(error)}", file=sys.stderr)
        return 1
    print(f"Read all {len(invoices)} invoices.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
