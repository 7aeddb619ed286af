"""A local stand-in for the FinerWorks web API, for tests, demos and experiments.

    from finerworks.sandbox import Sandbox

    with Sandbox(invoices=40) as sandbox:
        ...  # sandbox.base_url, sandbox.web_api_key, sandbox.app_key

It needs the extra `sandbox`. To run it from a shell, see `python -m finerworks.sandbox --help`.
It is not FinerWorks: the invoices are made up, and nothing is sent to other hosts.
"""

import ipaddress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from finerworks.extras import install_command
from finerworks.lazy import LazyModule
from finerworks.sandbox.settings import (
    APP_KEY,
    ORDINARY_APP_KEY,
    ORDINARY_WEB_API_KEY,
    WEB_API_KEY,
    Settings,
)

if TYPE_CHECKING:
    from finerworks.sandbox import server
else:
    server = LazyModule("finerworks.sandbox.server", optional=True)

__all__ = [
    "APP_KEY",
    "ORDINARY_APP_KEY",
    "ORDINARY_WEB_API_KEY",
    "WEB_API_KEY",
    "Sandbox",
    "Settings",
]


class Sandbox(Settings):
    """A sandbox that serves requests, in a thread of its own, while its `with` block runs.

    The settings are keyword arguments. Entering the block raises OSError if the sandbox cannot
    listen, and ModuleNotFoundError if the extra is not installed. You can use the same sandbox in
    several `with` blocks, one after the other.
    """

    web_api_key = WEB_API_KEY
    app_key = APP_KEY
    _running: "server.RunningServer | None" = None

    def __enter__(self) -> Self:
        if self._running is not None:
            raise RuntimeError("this sandbox is already running")
        try:
            # Imported here, as the keys and the help are available without a web server.
            from finerworks.sandbox.server import RunningServer  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"the sandbox needs {error.name}: install it with {install_command('sandbox')}",
                name=error.name,
            ) from error
        self._running = RunningServer(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None

    @property
    def base_url(self) -> str:
        """The address of the running sandbox, such as http://127.0.0.1:8765."""
        host, port = self._address
        if host.is_unspecified:
            # 0.0.0.0 and :: are addresses to listen on, not to connect to.
            host = ipaddress.ip_address("127.0.0.1" if host.version == 4 else "::1")
        authority = f"[{host}]:{port}" if host.version == 6 else f"{host}:{port}"
        return f"http://{authority}"

    @property
    def is_loopback(self) -> bool:
        """Whether the running sandbox can be reached only from this machine."""
        return self._address[0].is_loopback

    @property
    def env(self) -> dict[str, str]:
        """The environment variables that point a FinerWorks client at the running sandbox."""
        return {
            "FINERWORKS_WEB_API_KEY": self.web_api_key,
            "FINERWORKS_APP_KEY": self.app_key,
            "FINERWORKS_BASE_URL": self.base_url,
        }

    @property
    def _address(self) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]:
        if self._running is None:
            raise RuntimeError("the sandbox is not running: use it in a with statement")
        host, port = self._running.address
        return ipaddress.ip_address(host), port
