"""Which requests go through a proxy of the environment."""

from dataclasses import dataclass
from urllib.request import getproxies, proxy_bypass

import httpx

from finerworks.config import LOOPBACK_HOSTS
from finerworks.credentials import Secret


@dataclass(frozen=True)
class ProxyRoutes:
    """The proxies for plain http and for https; None where there is none.

    A request to this machine never goes through a proxy: plain http to it would leave the
    machine unencrypted, with the keys.
    """

    http: str | None
    https: str | None

    def proxy_for(self, url: httpx.URL) -> str | None:
        """Return the proxy that a request to a URL goes through. None: it goes directly."""
        proxy = self.https if url.scheme == "https" else self.http
        if proxy is None:
            return None
        if url.host in LOOPBACK_HOSTS or proxy_bypass(url.host):
            return None
        return proxy


NO_PROXIES = ProxyRoutes(http=None, https=None)
"""Every request goes directly."""


def read_proxies() -> ProxyRoutes:
    """Return the proxies of the environment or, on Windows and macOS, of the system."""
    proxies = getproxies()
    for_all = proxies.get("all")
    return ProxyRoutes(
        http=_with_scheme(proxies.get("http") or for_all),
        https=_with_scheme(proxies.get("https") or for_all),
    )


def _with_scheme(proxy: str | None) -> Secret | None:
    if not proxy:
        return None
    url = proxy if "://" in proxy else f"http://{proxy}"
    return Secret(url)  # it may hold a password
