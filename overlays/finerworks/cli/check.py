"""`finerworks check`: whether the keys work, and how the API behaves."""

import statistics
from collections.abc import Sequence
from pathlib import Path

import typer

from finerworks import FinerWorks
from finerworks.cli.identity import Identity
from finerworks.cli.ignored import warn, warn_unchecked
from finerworks.cli.results import Results
from finerworks.cli.session import existing_file_as_wrong_usage, keys_of
from finerworks.cli.shape import findings, plan
from finerworks.cli.shape.deviations import Deviation, about_page_after_last, find_deviations
from finerworks.cli.shape.document import describe, render
from finerworks.cli.shape.exchange import Exchange, Question, ask
from finerworks.credentials import Secret
from finerworks.errors import (
    APIConnectionError,
    AuthenticationError,
    FinerWorksError,
    PermissionDeniedError,
    ResponseValidationError,
)
from finerworks.exports.files import whole_file
from finerworks.exports.words import counted

__all__ = ["check_api", "record_shape"]

QUESTIONS = (
    Question(f"{plan.PAGE} 1", 1, plan.PAGE_SIZE),
    *(Question(plan.ONE_ROW, 1, 1) for _ in range(3)),
)
"""The requests of a check without `--shape`. The small ones show how long a response takes."""

KEYS_REFUSED = (AuthenticationError, PermissionDeniedError)
"""Errors which say that the host does not accept the keys."""


def check_api(fw: FinerWorks, identity: Identity, results: Results) -> None:
    """Send a few requests, and print the results.

    Raises:
        FinerWorksError: A request failed, or the SDK cannot read the response.
    """
    _add_identity(results, identity)
    account_key = identity.account_key
    exchanges = list[Exchange]()
    for question in QUESTIONS:
        exchanges.append(ask(fw, account_key, question))
        if exchanges[-1].error is not None:
            break
    _raise_failure(exchanges, results)
    deviations = find_deviations(exchanges[:1], exchanges[1:], keys=_secrets_of(fw, account_key))
    _report(exchanges, deviations, results)
    if account_key:
        _check_account(fw, exchanges[0])


def _add_identity(results: Results, identity: Identity) -> None:
    results.add("host", identity.host, {})
    results.add("account", identity.account, identity.members)


def _check_account(fw: FinerWorks, first: Exchange) -> None:
    """Warn if the first page of an account equals that of the account that owns the keys."""
    if not first.rows:
        return
    own = ask(fw, Secret(), Question(plan.OWN_PAGE, 1, plan.PAGE_SIZE, may_fail=True))
    if own.rows is None:
        warn_unchecked(own.error)
    elif own.rows == first.rows and own.total_count == first.total_count:
        warn()


def record_shape(
    fw: FinerWorks, identity: Identity, results: Results, file: Path, *, overwrite: bool
) -> None:
    """Send requests, print the results, and write their shape to a file.

    The file is written even if a response is an error, but not if the first request gets no
    response.

    Raises:
        FinerWorksError: A request failed that should succeed, or the SDK cannot read the response.
        WrongUsageError: The file exists, and `overwrite` is False.
        OSError: The file cannot be written.
    """
    once = fw.with_options(max_retries=0)
    account_key = identity.account_key
    secrets = _secrets_of(fw, account_key)
    with existing_file_as_wrong_usage(file), whole_file(file, overwrite=overwrite) as out:
        typer.echo(f"finerworks: {plan.announcement(identity.host)}", err=True)
        _add_identity(results, identity)
        asked = plan.interview(lambda question: ask(once, account_key, question))
        first_error = asked.pages[0].error
        if isinstance(first_error, APIConnectionError):
            raise first_error
        base_url = fw.client.get_httpx_client().base_url
        shape = describe(asked, base_url=base_url, keys=secrets)
        out.write(f"{render(shape)}\n".encode())
    responses = counted(len(asked.exchanges), "response")
    typer.echo(
        f"finerworks: {file} has the shape of {responses}, and no ids, amounts, texts or keys. "
        "Read it before you share it",
        err=True,
    )
    expected = [each for each in asked.exchanges if _should_succeed(each)]
    _raise_failure(expected, results)
    deviations = [
        *find_deviations(asked.pages, list(asked.others.values()), keys=secrets),
        *about_page_after_last(asked.after_last),
    ]
    _report(expected, deviations, results)


def _secrets_of(fw: FinerWorks, account_key: Secret) -> list[str]:
    """Return the keys, and the account's key if there is one."""
    secrets = [*keys_of(fw), account_key]
    return [str(secret) for secret in secrets if secret]


def _should_succeed(exchange: Exchange) -> bool:
    """Return whether a failed request is a failure of the command."""
    return not exchange.question.may_fail or plan.must_stop(exchange)


def _first_error(exchanges: Sequence[Exchange]) -> FinerWorksError | None:
    return next((each.error for each in exchanges if each.error is not None), None)


def _raise_failure(exchanges: Sequence[Exchange], results: Results) -> None:
    """Raise the first error, unless it is a response that deviates from the contract.

    If the first request was refused because of the keys, their line says so.
    """
    for number, exchange in enumerate(exchanges):
        if exchange.error is not None and not exchange.is_page:
            if number == 0 and isinstance(exchange.error, KEYS_REFUSED):
                results.add("keys", "refused", {"keys": "refused"})
            raise exchange.error


def _report(
    exchanges: Sequence[Exchange], deviations: Sequence[Deviation], results: Results
) -> None:
    """Print the findings of the exchanges. Raise if the SDK cannot read the responses."""
    error = _first_error(exchanges)
    results.add("keys", "accepted", {"keys": "accepted"})
    if error is None:
        _report_numbers(exchanges, results)
    sentences = [deviation.sentence for deviation in deviations]
    for sentence in sentences:
        results.add("deviation", sentence, {"deviations": sentences})
    if not deviations and error is None:
        results.add("contract", "no deviation found", {"deviations": []})
    results.finish()
    for deviation in deviations:
        if not deviation.readable and error is None:
            error = ResponseValidationError(deviation.sentence)
    if error is not None:
        raise error


def _report_numbers(exchanges: Sequence[Exchange], results: Results) -> None:
    first, *later = exchanges
    meaning = findings.meaning_of_total(exchanges, [first], complete=False)
    counts_all = meaning in {findings.ALL_ROWS, findings.UNKNOWN}
    count = first.total_count if counts_all else None
    results.add("invoices", "unknown" if count is None else f"{count:,}", {"invoices": count})
    seconds = statistics.median(exchange.seconds for exchange in later)
    first_time = f"{1000 * first.seconds:.0f} ms for the first response"
    later_time = f"{1000 * seconds:.0f} ms for later ones"
    members = {
        "first_response_seconds": round(first.seconds, 6),
        "later_responses_seconds": round(seconds, 6),
    }
    results.add("speed", f"{first_time}, {later_time}", members)
