"""httpx's transports, adapted to SOCKS proxies.

httpx does not convert the errors of the package socksio, and does not close the connection to a
proxy that refused a request.
"""

import contextlib
from collections.abc import Generator

import httpx

from finerworks.deadline import Timeout
from finerworks.network import AsyncDeadlineStream, DeadlineStream


class SOCKSTransport(httpx.HTTPTransport):
    """Sends through a SOCKS proxy."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises:
            httpx.TransportError: The request failed, on either side of the proxy.
        """
        try:
            with _map_socks_errors():
                return super().handle_request(request)
        except httpx.TransportError:
            connection = _connection_of(request)
            if isinstance(connection, DeadlineStream):
                connection.close()
            raise


class AsyncSOCKSTransport(httpx.AsyncHTTPTransport):
    """The same as `SOCKSTransport`, for asyncio."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; see `SOCKSTransport.handle_request`."""
        try:
            with _map_socks_errors():
                return await super().handle_async_request(request)
        except httpx.TransportError:
            connection = _connection_of(request)
            if isinstance(connection, AsyncDeadlineStream):
                await connection.aclose()
            raise


@contextlib.contextmanager
def _map_socks_errors() -> Generator[None]:
    """Convert exceptions of socksio and httpcore for bytes that are not SOCKS 5."""
    from socksio import SOCKSError  # noqa: PLC0415 - an extra, which only SOCKS proxies need

    try:
        yield
    except (SOCKSError, AssertionError, NotImplementedError, ValueError) as error:
        raise httpx.RemoteProtocolError("the proxy sent something else than SOCKS 5") from error


def _connection_of(request: httpx.Request) -> object:
    """Return the connection that a request used last, if it is one of ours."""
    timeout = request.extensions["timeout"]["connect"]
    return timeout.deadline.connection if isinstance(timeout, Timeout) else None
