from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.bad_request import BadRequest
from ...models.failure import Failure
from ...models.invoice_list import InvoiceList
from ...models.invoice_list_request import InvoiceListRequest
from ...types import Response


def _get_kwargs(
    *,
    body: InvoiceListRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v3/list_invoices",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> BadRequest | Failure | InvoiceList:
    if response.status_code == 200:
        response_200 = InvoiceList.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = BadRequest.from_dict(response.json())

        return response_400

    response_default = Failure.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[BadRequest | Failure | InvoiceList]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: InvoiceListRequest,
) -> Response[BadRequest | Failure | InvoiceList]:
    """List an account's invoices, one page at a time

     Gives one page of the account's invoices, one invoice for each month. It only reads,
    although it is a POST: sending it again changes nothing.

    To read all, ask for page 1, 2, 3 and so on until every invoice that `total_count` counts
    has come, or until a page comes back empty. Not documented: the order of the invoices,
    whether they can move between pages while one reads, and any rate limit.

    Args:
        body (InvoiceListRequest): Which page of invoices to give, and of which account.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BadRequest | Failure | InvoiceList]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: InvoiceListRequest,
) -> BadRequest | Failure | InvoiceList | None:
    """List an account's invoices, one page at a time

     Gives one page of the account's invoices, one invoice for each month. It only reads,
    although it is a POST: sending it again changes nothing.

    To read all, ask for page 1, 2, 3 and so on until every invoice that `total_count` counts
    has come, or until a page comes back empty. Not documented: the order of the invoices,
    whether they can move between pages while one reads, and any rate limit.

    Args:
        body (InvoiceListRequest): Which page of invoices to give, and of which account.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BadRequest | Failure | InvoiceList
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: InvoiceListRequest,
) -> Response[BadRequest | Failure | InvoiceList]:
    """List an account's invoices, one page at a time

     Gives one page of the account's invoices, one invoice for each month. It only reads,
    although it is a POST: sending it again changes nothing.

    To read all, ask for page 1, 2, 3 and so on until every invoice that `total_count` counts
    has come, or until a page comes back empty. Not documented: the order of the invoices,
    whether they can move between pages while one reads, and any rate limit.

    Args:
        body (InvoiceListRequest): Which page of invoices to give, and of which account.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BadRequest | Failure | InvoiceList]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: InvoiceListRequest,
) -> BadRequest | Failure | InvoiceList | None:
    """List an account's invoices, one page at a time

     Gives one page of the account's invoices, one invoice for each month. It only reads,
    although it is a POST: sending it again changes nothing.

    To read all, ask for page 1, 2, 3 and so on until every invoice that `total_count` counts
    has come, or until a page comes back empty. Not documented: the order of the invoices,
    whether they can move between pages while one reads, and any rate limit.

    Args:
        body (InvoiceListRequest): Which page of invoices to give, and of which account.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BadRequest | Failure | InvoiceList
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
