"""A local stand-in for the FinerWorks web API, for tests, demos and trying things out.

    from finerworks.sandbox import Sandbox

    with Sandbox(invoices=40) as sandbox:
        ...  # sandbox.base_url, sandbox.web_api_key, sandbox.app_key

It needs the extra `finerworks[sandbox]`. From a shell: `python -m finerworks.sandbox --help`.
It is not FinerWorks: the invoices are made up, and nothing is sent anywhere.
"""

import ipaddress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from finerworks.sandbox.settings import (
    APP_KEY,
    ORDINARY_APP_KEY,
    ORDINARY_WEB_API_KEY,
    WEB_API_KEY,
    Settings,
)

if TYPE_CHECKING:
    from finerworks.sandbox.server import RunningServer

__all__ = [
    "APP_KEY",
    "ORDINARY_APP_KEY",
    "ORDINARY_WEB_API_KEY",
    "WEB_API_KEY",
    "Sandbox",
    "Settings",
]


class Sandbox(Settings):
    """A sandbox that listens while its `with` block runs, in a thread of its own.

    Takes the settings as keyword arguments. Entering raises OSError if it cannot listen, and
    ModuleNotFoundError if the extra is not installed. It can be entered again once it is left.
    """

    web_api_key = WEB_API_KEY
    app_key = APP_KEY
    _running: "RunningServer | None" = None

    def __enter__(self) -> Self:
        if self._running is not None:
            raise RuntimeError("this sandbox is running already")
        try:
            # Here, as naming the keys or printing the help needs no web server.
            from finerworks.sandbox.server import RunningServer  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"the sandbox needs {error.name}: in a clone of finerworks, run pip install '.[sandbox]'",
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
            # "Every address" is one to listen on, not one to call.
            host = ipaddress.ip_address("127.0.0.1" if host.version == 4 else "::1")
        return f"http://{f'[{host}]' if host.version == 6 else host}:{port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the running sandbox can be reached from this machine only."""
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
