"""The httpx transport that does everything a request needs on its way to FinerWorks.

`Transport` and `AsyncTransport` wrap the transport that sends: httpx's own, or the caller's. They
add the keys, limit the time and size of each attempt, refuse redirects, check the response, convert
every failure to a typed error, and retry requests that are safe to repeat.

The two classes are loops that send and wait. `Call` makes the decisions for both, and does neither.
"""

import asyncio
import datetime as dt
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Generic, NamedTuple, Self

import httpx

from finerworks import retry
from finerworks.compression import DamagedBodyError
from finerworks.config import Config
from finerworks.credentials import origin_of
from finerworks.deadline import STEPS, Closable, Deadline, create_deadline, with_deadline
from finerworks.errors import (
    CLIENT_CLOSED,
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    ClientStateError,
    FinerWorksError,
)
from finerworks.event_loop import find_running_loop, running_loop
from finerworks.foreign_errors import to_httpx_error
from finerworks.headers import public_headers
from finerworks.logs import get_logger
from finerworks.network import abandon, async_abandon, is_unsolicited, keep_deadlines, limit_time
from finerworks.operations import READ_OPERATIONS, Operation
from finerworks.proxies import Proxy, Route
from finerworks.proxy_failures import (
    add_forwarding_hint,
    add_tls_hint,
    describe_way,
    proxy_error,
    proxy_refusal,
)
from finerworks.response import (
    Body,
    JSONResponse,
    Outcome,
    connection_error,
    interpret,
    reference_id,
)
from finerworks.supplied import IN_PROCESS, SuppliedConnections, TransportT
from finerworks.throttle import THROTTLE
from finerworks.tracebacks import leave_out_frames

THROTTLE_POLL_SECONDS = 0.01
"""Seconds between two checks of an asyncio task whether its request may be sent. The task polls
because garbage collection may close a listing in any thread, but an asyncio event may be set only
in the thread of its loop."""

OBSERVER = "finerworks_observer"
"""The request extension that holds an `Observer`. `HTTPClient` describes it."""

Observer = Callable[[httpx.Response, bytes], None]
"""A function that is called with the head of a response and its decompressed body, before they are
checked. A damaged body is passed as an empty one."""


class _Owner(NamedTuple):
    """The scope of a transport: requests of one process and event loop, on one route."""

    process: int
    loop: asyncio.AbstractEventLoop | None
    route: Route


class Connections(Generic[TransportT]):
    """The transports that send: one for each process, event loop and route.

    So a forked process opens its own connections. It keeps a reference to those of its parent,
    which garbage collection would otherwise close, and never uses them. There is no lock: if
    another thread held it at the time of the fork, it would stay locked in the forked process.
    asyncio's connections belong to their event loop, and end with it.

    Args:
        create: Creates a transport for a route.
        route: Returns the route of a URL.
    """

    def __init__(
        self, create: Callable[[Route], TransportT], route: Callable[[httpx.URL], Route]
    ) -> None:
        self._create: Callable[[Route], TransportT] = create
        self.route: Callable[[httpx.URL], Route] = route
        self._transports: dict[_Owner, TransportT] = {}
        self.closed = False

    def get(self, route: Route, loop: asyncio.AbstractEventLoop | None = None) -> TransportT:
        """Return the transport for a route.

        Args:
            route: The route of a request.
            loop: The event loop that runs the request, with asyncio.

        Raises:
            ClientStateError: The client was closed.
            SettingsError: A setting of the environment that the route needs cannot be used.
        """
        if self.closed:
            raise ClientStateError(CLIENT_CLOSED)
        owner = _Owner(os.getpid(), loop, route)
        transport = self._transports.get(owner)
        if transport is None:
            self._forget_closed_loops(owner.process)
            transport = self._create(route)
            keep_deadlines(transport)
            transport = self._transports.setdefault(owner, transport)
        return transport

    def _forget_closed_loops(self, process: int) -> None:
        """Forget transports whose event loop is closed: nobody can use or close them."""
        for owner in list(self._transports):
            closed = owner.loop is not None and owner.loop.is_closed()
            if closed and owner.process == process:
                self._transports.pop(owner, None)

    def close(self, loop: asyncio.AbstractEventLoop | None = None) -> list[TransportT]:
        """Stop sending. Return the transports of this process and loop, which must be closed."""
        self.closed = True
        mine = (os.getpid(), loop)
        return [
            transport
            for owner, transport in list(self._transports.items())
            if (owner.process, owner.loop) == mine
        ]


AnyConnections = Connections[TransportT] | SuppliedConnections[TransportT]
"""The transports that send: our own, or the caller's."""


class Attempt:
    """One attempt at a request: the request, its deadline, and what has arrived.

    Args:
        request: The request to send, with the keys.
        deadline: When the attempt must be over.
        max_body_bytes: The maximum size of the response.
    """

    def __init__(self, request: httpx.Request, deadline: Deadline, max_body_bytes: int) -> None:
        self.request = request
        self.deadline = deadline
        self.body = Body(max_body_bytes)
        self.response: httpx.Response | None = None
        self.route = Route()

    def receive_head(self, response: httpx.Response) -> bool:
        """Keep the head of the response. Return whether its body must still be read.

        Raises:
            httpx.RemoteProtocolError: The response arrived before the request was sent, so it
                belongs to another request, or the server switched to another protocol.
        """
        if is_unsolicited(response):
            raise httpx.RemoteProtocolError("a response arrived that was not requested")
        if response.is_informational:
            raise httpx.RemoteProtocolError("the server switched to another protocol")
        self.response = response
        # A mock's body is in memory as it was sent. httpx has decoded a copy, but only the first of
        # several gzip members.
        in_memory = isinstance(response.stream, httpx.ByteStream)
        if in_memory or not response.is_stream_consumed:
            self.body.content_encoding = response.headers.get("Content-Encoding", "")
            return True
        # A transport of the caller has read the body, and httpx has decoded it.
        self.body.add(response.content)
        return False

    def receive_chunk(self, chunk: bytes) -> bool:
        """Keep a part of the body. Return whether to read on.

        Raises:
            httpx.ReadTimeout: The deadline has passed.
        """
        if self.deadline.remaining <= 0:
            raise httpx.ReadTimeout("the response was not complete in time")
        self.body.add(chunk)
        return not self.body.too_large


class Call:
    """A caller's request and its attempts. Nothing here sends or waits.

    Args:
        request: The caller's request. It is never modified, and never contains the keys.
        config: The settings of the client.
    """

    def __init__(self, request: httpx.Request, config: Config) -> None:
        self.throttle = THROTTLE.get()
        self._request = request
        self._config = config
        self._operation = _find_operation(request, config)
        self._observer: Observer | None = request.extensions.get(OBSERVER)
        self._number = 0
        self._started = 0.0

    def next_attempt(self) -> Attempt:
        """Return the next attempt, with a copy of the request that contains the keys."""
        self._number += 1
        extensions = dict(self._request.extensions)
        extensions.pop(OBSERVER, None)
        timeouts = extensions.get("timeout") or self._config.timeout.as_dict()
        step_timeouts = {step: timeouts.get(step) for step in STEPS}
        deadline = create_deadline(step_timeouts)
        extensions["timeout"] = with_deadline(step_timeouts, deadline)
        request = httpx.Request(
            self._request.method,
            self._request.url,
            headers=self._request.headers,
            stream=self._request.stream,
            extensions=extensions,
        )
        self._config.credentials.add_to(request)
        return Attempt(request, deadline, self._config.max_body_bytes)

    def start(self, attempt: Attempt, client: Closable) -> None:
        """Start the clock of an attempt, which ends when the client is closed."""
        self._started = time.monotonic()
        attempt.deadline.client = client
        attempt.deadline.start()

    def observe(self, attempt: Attempt) -> None:
        """Pass a response to the observer of the request, if it has one.

        Call it before the response is closed. Afterwards, nothing is known about a connection that
        the server does not keep open.
        """
        if self._observer is None or attempt.response is None:
            return
        try:
            content = attempt.body.decode()
        except DamagedBodyError:
            content = b""
        self._observer(attempt.response, content)

    def received(self, attempt: Attempt) -> Outcome:
        """Return the outcome of an attempt that received a response."""
        if attempt.response is None:
            return self.failed(attempt, httpx.TransportError("no response arrived"))
        outcome = interpret(
            attempt.response,
            attempt.body,
            url=self._request.url,
            operation=self._operation,
            max_body_bytes=self._config.max_body_bytes,
        )
        if isinstance(outcome, JSONResponse):
            self._complete_response(outcome)
            return outcome
        credentials = self._config.credentials
        outcome.headers = public_headers(attempt.response.headers, credentials.redact)
        if isinstance(outcome, AuthenticationError):
            credentials.explain_refusal(outcome, self._request.url)
        proxy = attempt.route.proxy
        if proxy is not None and attempt.route.forwarded and isinstance(outcome, APIStatusError):
            return self._complete_error(self._forwarded_error(outcome, proxy))
        return self._complete_error(outcome)

    def _forwarded_error(self, error: APIStatusError, proxy: Proxy) -> FinerWorksError:
        """Return the error for a response that came from a server or from the proxy itself."""
        if error.status_code == 407:  # no server sends it (RFC 9110, 15.5.8)
            return proxy_refusal(error.status_code, self._request.url, proxy)
        add_forwarding_hint(error, proxy)
        return error

    def failed(self, attempt: Attempt, error: httpx.TransportError) -> Outcome:
        """Return the outcome of an attempt whose transport failed.

        If the connection broke after the head of an error response arrived, the error is that of
        the status, which says more than the broken connection.
        """
        if attempt.response is not None and not attempt.response.is_success:
            return self.received(attempt)
        return self._complete_error(self._transport_error(attempt, error))

    def _transport_error(self, attempt: Attempt, error: httpx.TransportError) -> APIConnectionError:
        """Return the error for a failure of the transport. It says if a proxy was involved."""
        url = self._request.url
        proxy = attempt.route.proxy
        if isinstance(error, httpx.ProxyError):
            return proxy_error(error, url, proxy)
        connected = attempt.deadline.connection is not None
        where = describe_way(error, url, proxy, connected=connected)
        failure = connection_error(error, where)
        add_tls_hint(failure, proxy)
        return failure

    def _complete_error(self, error: FinerWorksError) -> FinerWorksError:
        """Add the request to an error, and remove the keys from it."""
        error.add_request(
            method=self._request.method,
            path=self._request.url.path,
            attempts=self._number,
            redact=self._config.credentials.redact,
        )
        return error

    def _complete_response(self, response: JSONResponse) -> None:
        """Remove cookies from a successful response, set its `elapsed`, and log it."""
        response.headers.pop("Set-Cookie", None)  # a session must not link two accounts
        seconds = time.monotonic() - self._started
        response.elapsed = dt.timedelta(seconds=seconds)
        logger = get_logger()
        if logger.isEnabledFor(logging.DEBUG):
            identifier = reference_id(response.json()) or "None"
            redacted = self._config.credentials.redact(identifier)
            logger.debug("%s, reference_id %s", self._describe(response.status_code), redacted)

    def decide(self, attempt: Attempt, error: FinerWorksError) -> retry.Decision:
        """Return whether another attempt follows a failed one, and log that."""
        decision = retry.GIVE_UP
        if self._may_repeat():
            decision = retry.decide(
                error, attempt=self._number, max_retries=self._config.max_retries
            )
        # A cancelled attempt did not fail: its listing was closed.
        if not attempt.deadline.cancelled:
            self._log_failure(attempt, error, decision)
        return decision

    def _may_repeat(self) -> bool:
        # A body from an iterator cannot be sent twice.
        repeatable = isinstance(self._request.stream, httpx.ByteStream)
        return self._operation is not None and repeatable and not self.throttle.closed

    def _log_failure(
        self, attempt: Attempt, error: FinerWorksError, decision: retry.Decision
    ) -> None:
        result: object = type(error).__name__
        if attempt.response is not None and not isinstance(error, APIConnectionError):
            result = attempt.response.status_code
        following = "giving up"
        if decision.retry:
            following = f"again in {decision.delay:.1f} s"
        get_logger().info(
            "%s, reference_id %s, %s", self._describe(result), error.reference_id, following
        )

    def _describe(self, result: object) -> str:
        method = self._request.method
        path = self._request.url.path
        seconds = time.monotonic() - self._started
        return f"{method} {path}: {result} in {seconds:.3f} s, attempt {self._number}"


def _find_operation(request: httpx.Request, config: Config) -> Operation | None:
    """Return the operation of a request if it only reads, else None."""
    if request.method != "POST":
        return None
    if origin_of(request.url) != config.credentials.origin:
        return None
    return READ_OPERATIONS.get(request.url.path)


def _outcome_of(
    error: BaseException, call: Call, attempt: Attempt, *, timed_out: bool
) -> Outcome | None:
    """Return the outcome of an attempt in which an exception was raised.

    None means that the exception is not about the connection. The function that catches it must not
    keep httpx's error in a variable, because the error's traceback refers to the frame of that
    function.
    """
    failure = to_httpx_error(error, timed_out=timed_out)
    return None if failure is None else call.failed(attempt, failure)


def _hide_keys(error: BaseException, transport: object, handled: BaseException | None) -> None:
    """Remove the frames, which contain the keys, from an exception of a transport.

    An exception of a mock is not changed: it comes from a test, which needs the frames.
    """
    if isinstance(error, Exception) and isinstance(transport, IN_PROCESS):
        return
    leave_out_frames(error, handled)


class Transport(httpx.BaseTransport):
    """Sends the requests of a sync client.

    Args:
        config: The settings of the client.
        connections: The transports that send.
        shared: Whether the connections belong to another client, which closes them.
    """

    def __init__(
        self,
        config: Config,
        connections: AnyConnections[httpx.BaseTransport],
        *,
        shared: bool = False,
    ) -> None:
        self._config = config
        self._connections = connections
        self._shared = shared

    @property
    def closed(self) -> bool:
        """Whether this client, or the one that owns its connections, was closed."""
        return self._connections.closed

    def with_config(self, config: Config) -> Self:
        """Return a transport with other settings that shares the connections."""
        return type(self)(config, self._connections, shared=True)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, with retries if necessary, and return the checked response.

        Raises:
            FinerWorksError: The request failed; `finerworks.errors` lists the kinds.
        """
        call = Call(request, self._config)
        while True:
            attempt = call.next_attempt()
            outcome = self._send(call, attempt)
            if isinstance(outcome, JSONResponse):
                return outcome
            if self._connections.closed and isinstance(outcome, APIConnectionError):
                raise ClientStateError(CLIENT_CLOSED)
            decision = call.decide(attempt, outcome)
            if not decision.retry:
                raise outcome
            with call.throttle.paused(outcome):
                call.throttle.sleep(decision.delay)

    def _send(self, call: Call, attempt: Attempt) -> Outcome:
        try:
            call.throttle.enter(attempt.deadline)
            return self._send_now(call, attempt)
        finally:
            call.throttle.leave(attempt.deadline)

    def _send_now(self, call: Call, attempt: Attempt) -> Outcome:
        attempt.route = self._connections.route(attempt.request.url)
        transport = self._connections.get(attempt.route)
        handled = sys.exception()
        call.start(attempt, self._connections)
        try:
            response = transport.handle_request(attempt.request)
            try:
                self._receive(attempt, response)
                call.observe(attempt)
            finally:
                response.close()
        except httpx.TransportError as error:
            return call.failed(attempt, error)
        except BaseException as error:
            abandon(transport, attempt.request, attempt.deadline.connection)
            _hide_keys(error, transport, handled)
            raise
        return call.received(attempt)

    def _receive(self, attempt: Attempt, response: httpx.Response) -> None:
        if not attempt.receive_head(response):
            return
        if not isinstance(response.stream, httpx.SyncByteStream):
            raise TypeError("the transport returned a response for asyncio")
        for chunk in response.stream:
            if not attempt.receive_chunk(chunk):
                break

    def close(self) -> None:
        """Close the connections, unless they belong to another client."""
        if self._shared or self._connections.closed:
            return
        for transport in self._connections.close():
            transport.close()


class AsyncTransport(httpx.AsyncBaseTransport):
    """Sends the requests of an asyncio client; see `Transport`."""

    def __init__(
        self,
        config: Config,
        connections: AnyConnections[httpx.AsyncBaseTransport],
        *,
        shared: bool = False,
    ) -> None:
        self._config = config
        self._connections = connections
        self._shared = shared

    @property
    def closed(self) -> bool:
        """Whether this client, or the one that owns its connections, was closed."""
        return self._connections.closed

    def with_config(self, config: Config) -> Self:
        """Return a transport with other settings that shares the connections."""
        return type(self)(config, self._connections, shared=True)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the checked response; see `Transport.handle_request`."""
        call = Call(request, self._config)
        while True:
            attempt = call.next_attempt()
            outcome = await self._send(call, attempt)
            if isinstance(outcome, JSONResponse):
                return outcome
            if self._connections.closed and isinstance(outcome, APIConnectionError):
                raise ClientStateError(CLIENT_CLOSED)
            decision = call.decide(attempt, outcome)
            if not decision.retry:
                raise outcome
            with call.throttle.paused(outcome):
                await asyncio.sleep(decision.delay)

    async def _send(self, call: Call, attempt: Attempt) -> Outcome:
        try:
            while not call.throttle.try_enter(attempt.deadline):  # noqa: ASYNC110 - see THROTTLE_POLL_SECONDS
                await asyncio.sleep(THROTTLE_POLL_SECONDS)
            return await self._send_now(call, attempt)
        finally:
            call.throttle.leave(attempt.deadline)

    async def _send_now(self, call: Call, attempt: Attempt) -> Outcome:
        loop = running_loop()
        attempt.route = self._connections.route(attempt.request.url)
        transport = self._connections.get(attempt.route, loop)
        handled = sys.exception()
        call.start(attempt, self._connections)
        time_limit = limit_time(transport, attempt.deadline)
        try:
            async with time_limit:
                response = await transport.handle_async_request(attempt.request)
                try:
                    await self._receive(attempt, response)
                    call.observe(attempt)
                finally:
                    await response.aclose()
        except BaseException as error:
            outcome = _outcome_of(error, call, attempt, timed_out=time_limit.expired())
            if outcome is not None:
                return outcome
            await async_abandon(transport, attempt.request, attempt.deadline.connection)
            _hide_keys(error, transport, handled)
            raise
        return call.received(attempt)

    async def _receive(self, attempt: Attempt, response: httpx.Response) -> None:
        if not attempt.receive_head(response):
            return
        if not isinstance(response.stream, httpx.AsyncByteStream):
            raise TypeError("the transport returned a response that is not for asyncio")
        async for chunk in response.stream:
            if not attempt.receive_chunk(chunk):
                break

    async def aclose(self) -> None:
        """Close the connections, unless they belong to another client."""
        if self._shared or self._connections.closed:
            return
        for transport in self._connections.close(find_running_loop()):
            await transport.aclose()
