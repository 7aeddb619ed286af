"""A running sandbox: uvicorn in a thread of its own, on a socket that is already bound."""

import asyncio
import contextlib
import errno
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future

import uvicorn
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from finerworks.sandbox.app import build_app
from finerworks.sandbox.faults import Faults
from finerworks.sandbox.settings import Settings


class RunningServer:
    """A server that listens from its construction until `stop`.

    The constructor raises OSError if it cannot listen.
    """

    def __init__(self, settings: Settings) -> None:
        faults = Faults(build_app(settings), settings)
        app: ASGIApp = faults
        if settings.cors_origins:
            # In front of the faults, so that pages of other origins can read these as well.
            app = CORSMiddleware(
                app,
                allow_origins=settings.cors_origins,
                allow_methods=["POST"],
                allow_headers=["web_api_key", "app_key"],
                expose_headers=["Retry-After"],
            )
        config = uvicorn.Config(
            app,
            http=_Protocol,
            # asyncio's own loop, even if uvloop is installed: faults use its transports.
            loop="asyncio",
            ws="none",
            lifespan="on",
            # The program that starts the sandbox configures logging.
            log_config=None,
            proxy_headers=False,
            server_header=False,
            headers=[("server", "finerworks-sandbox")],
            # Seconds to wait, when the sandbox stops, for clients that do not read their response.
            timeout_graceful_shutdown=2,
        )
        self._socket = _listen(settings.host, settings.port)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._started: Future[None] = Future()
        self._server = _Server(config, lambda: self._started.set_result(None), faults.close)
        self._thread = threading.Thread(target=self._run, name="finerworks-sandbox", daemon=True)
        self._thread.start()
        try:
            self._started.result()
        except BaseException:  # Ctrl-C too
            self.stop()
            raise

    def _run(self) -> None:
        try:
            with contextlib.suppress(SystemExit):  # uvicorn cannot start
                self._server.run(sockets=[self._socket])
        finally:
            if not self._started.done():
                self._started.set_exception(RuntimeError("the sandbox cannot start: see its log"))

    def stop(self) -> None:
        """Finish pending requests, close all connections, and end the thread."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


class _Server(uvicorn.Server):
    """A server that calls a function when it has started, and another before it stops."""

    def __init__(
        self, config: uvicorn.Config, on_start: Callable[[], None], on_stop: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await super().shutdown(sockets)


class _Protocol(H11Protocol):
    """A protocol that adds its connection to the ASGI state of each request."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type; always true for TCP
        super().connection_made(transport)
        # asyncio sets TCP_NODELAY only if the listening socket has a protocol number, which
        # create_server does not set. Each response would wait 40 ms for the client's
        # acknowledgement.
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, "transport": transport}


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a host name, or on an IPv4 or IPv6 address."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError as error:
        raise OSError(errno.EINVAL, "not a host name") from error
    family, _, _, _, address = found[0]
    return socket.create_server((str(address[0]), port), family=family)
