"""Which requests go through a proxy from the environment, and whether its address is valid."""

import contextlib
import os
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.request import getproxies, getproxies_environment, proxy_bypass

import httpx

from finerworks.config import LOOPBACK_HOSTS
from finerworks.credentials import Secret, format_origin
from finerworks.errors import SettingsError
from finerworks.no_proxy import is_direct

SYSTEM = "the system's proxy settings"
"""The source of a proxy that does not come from the environment, on Windows and macOS."""

SOCKS_SCHEMES = ("socks5", "socks5h")
"""The schemes of SOCKS proxies. For both, the proxy looks up the host name."""

SCHEMES = ("http", "https", *SOCKS_SCHEMES)
"""The valid schemes of a proxy's address."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_MAX_PORT = 65535
_MAX_SOCKS_BYTES = 255
"""The maximum length of a user name and of a password in SOCKS 5 (RFC 1929)."""

_ESCAPES = "# as %23, / as %2F, ? as %3F, @ as %40"


@dataclass(frozen=True)
class Proxy:
    """A proxy from the environment. Its address is checked only when it is needed.

    Attributes:
        address: The address, unchanged. It may contain a password.
        source: The variable that it comes from, or `SYSTEM`.
    """

    address: Secret
    source: str

    @property
    def scheme(self) -> str:
        """The scheme of the address, which is one of `SCHEMES` if it is valid."""
        return _with_scheme(self.address).partition("://")[0].lower()

    def describe(self) -> str:
        """Return the name of this proxy in messages, without its user name and password."""
        return f"the proxy {format_origin(parse_proxy(self))} (from {self.source})"


@dataclass(frozen=True)
class Route:
    """The route of a request.

    Attributes:
        proxy: The proxy to use. None: a direct connection.
        encrypted: Whether it uses TLS, with the server or with the proxy.
        forwarded: Whether the proxy receives the request itself instead of tunnelling it, so that a
            response may be the proxy's own.
    """

    proxy: Proxy | None = None
    encrypted: bool = True
    forwarded: bool = False


@dataclass(frozen=True)
class ProxyRoutes:
    """The proxies for plain http and for https, or None.

    A request to this machine never goes through a proxy, because plain http would leave the machine
    unencrypted, with the keys.
    """

    http: Proxy | None
    https: Proxy | None

    def route(self, url: httpx.URL) -> Route:
        """Return the route of a request to a URL. `NO_PROXY` is read each time."""
        encrypted = url.scheme == "https"
        proxy = self.https if encrypted else self.http
        if proxy is None or url.host in LOOPBACK_HOSTS or _is_direct(url):
            return Route(encrypted=encrypted)
        return Route(
            proxy=proxy,
            encrypted=encrypted or proxy.scheme == "https",
            forwarded=not encrypted and proxy.scheme not in SOCKS_SCHEMES,
        )


def read_proxies() -> ProxyRoutes:
    """Return the proxies from the environment or, on Windows and macOS, from the system."""
    proxies = _read_again_if_changed(getproxies)
    for_all = _read_proxy("all", proxies.get("all"))
    return ProxyRoutes(
        http=_read_proxy("http", proxies.get("http")) or for_all,
        https=_read_proxy("https", proxies.get("https")) or for_all,
    )


def _read_proxy(kind: str, value: str | None) -> Proxy | None:
    if value is None or not value.strip():
        return None
    return Proxy(Secret(value.strip()), _source_of(kind, value))


def _source_of(kind: str, value: str) -> str:
    """Return the variable that a proxy comes from, in lower or upper case."""
    variable = f"{kind}_proxy"
    if os.environ.get(variable) == value:
        return variable
    for name in list(os.environ):
        if name.lower() == variable and os.environ.get(name) == value:
            return name
    return SYSTEM


def _is_direct(url: httpx.URL) -> bool:
    """Return whether `NO_PROXY`, or the system if no variable is set, excludes a URL."""
    variables = _read_again_if_changed(getproxies_environment)
    if variables:
        return is_direct(url, variables.get("no", ""))
    return bool(proxy_bypass(url.host))


def _read_again_if_changed(read: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Return what a function reads from the environment.

    Python looks up each variable in turn, and fails if another thread deletes it meanwhile.
    """
    while True:
        with contextlib.suppress(KeyError):
            return read()


def _with_scheme(address: str) -> Secret:
    return Secret(address if _SCHEME.match(address) else f"http://{address}")


def create_proxy(proxy: Proxy, trusted: ssl.SSLContext) -> httpx.Proxy:
    """Return a proxy as httpx's type.

    Args:
        proxy: The proxy of the environment.
        trusted: The trusted certificates, for a proxy that uses TLS.

    Raises:
        SettingsError: Its address is invalid.
    """
    url = parse_proxy(proxy)
    if url.scheme == "https":
        return httpx.Proxy(url, ssl_context=trusted)
    return httpx.Proxy(url)


def parse_proxy(proxy: Proxy) -> httpx.URL:
    """Return the address of a proxy.

    Raises:
        SettingsError: It is invalid. The message says why, but shows no part of it: in an invalid
            address, the host and the password cannot be told apart reliably.
    """
    address = _with_scheme(proxy.address)
    problem = _find_problem(address)
    if problem is not None:
        raise SettingsError(f"{proxy.source}: {problem}")
    return httpx.URL(address)


def _find_problem(address: str) -> str | None:
    """Return what is wrong with a proxy's address and how to correct it, or None."""
    scheme, _, rest = address.partition("://")
    if scheme.lower() not in SCHEMES:
        return (
            "the proxy's address must begin with http://, https://, socks5:// or socks5h://. "
            "Where a desktop wrote socks://, write socks5://; SOCKS 4 is not supported"
        )
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    is_quoted = authority.startswith(("'", '"'))
    if "@" in rest[len(authority) :] and not is_quoted:
        return (
            "the proxy's user name or password has a character that must be percent-encoded: "
            f"write {_ESCAPES}"
        )
    url = _parse_url(address)
    if url is None or not _has_valid_host(authority):
        return (
            "this is not the address of a proxy, such as http://proxy.example:3128 or "
            "http://USER:PASSWORD@proxy.example:3128. Write it without quotes and spaces, an IPv6 "
            f"address in brackets, and in a user name or password {_ESCAPES}"
        )
    if url.scheme in SOCKS_SCHEMES:
        return _find_socks_problem(url)
    return None


def _parse_url(address: str) -> httpx.URL | None:
    """Return a URL with a host and a valid port, or None."""
    try:
        url = httpx.URL(str(address))
        url.host.encode("idna")
        url.username.encode()
        url.password.encode()
    except (httpx.InvalidURL, UnicodeError):
        return None
    if not url.host or (url.port is not None and not 0 < url.port <= _MAX_PORT):
        return None
    return url


def _has_valid_host(authority: str) -> bool:
    """Return whether the host and port are well-formed. httpx accepts more."""
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        return True
    has_empty_port = host.endswith(":")  # as in http:/proxy.example
    return not has_empty_port and re.search(r"[\s%'\"]", host) is None


def _find_socks_problem(url: httpx.URL) -> str | None:
    """Return why a SOCKS proxy cannot be used and how to correct it, or None."""
    if find_spec("socksio") is None:
        return (
            "a SOCKS proxy needs the package socksio: install it with pip install socksio, or "
            "for a command that pipx installed with pipx inject finerworks socksio"
        )
    parts = (url.username.encode(), url.password.encode())
    if any(parts) and not all(0 < len(part) <= _MAX_SOCKS_BYTES for part in parts):
        return (
            "a SOCKS proxy takes a user name and a password, each of 1 to "
            f"{_MAX_SOCKS_BYTES} bytes, or neither"
        )
    return None
