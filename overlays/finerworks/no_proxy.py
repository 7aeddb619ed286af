"""`NO_PROXY`: which hosts are reached directly although a proxy is set. Nothing here sends.

There is no standard for the variable. We support the entries that curl, httpx or requests support,
and a few others with a clear meaning. `docs/guides/proxies.md` has the rules as a table, and
`tests/core/test_no_proxy.py` tests each of its rows, next to curl.
"""

import functools
import ipaddress
import re
from dataclasses import dataclass

import httpx

from finerworks.credentials import origin_of

_LENGTH = re.compile("[0-9]{1,3}")
_PORT = re.compile("[0-9]{1,5}")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Target:
    """The target of a request.

    Attributes:
        scheme: ``http`` or ``https``.
        name: The host in lower case and ASCII, without a trailing dot.
        address: The host as an IP address, if it is one. Names are not looked up.
        port: The port, even if the URL does not contain it.
    """

    scheme: str
    name: str
    address: Address | None
    port: int | None


@dataclass(frozen=True)
class Rule:
    """One entry of `NO_PROXY`. All of its conditions must be true. None is no condition.

    Attributes:
        scheme: ``http`` or ``https``.
        port: The port.
        network: The addresses. A single address is a network of one.
        name: The name, in lower case and ASCII.
        itself: Whether it matches the host of this name.
        subdomains: Whether it matches the hosts below this name.
    """

    scheme: str | None = None
    port: int | None = None
    network: Network | None = None
    name: str | None = None
    itself: bool = True
    subdomains: bool = False

    def matches(self, target: Target) -> bool:
        """Return whether this rule matches a target."""
        if self.scheme is not None and self.scheme != target.scheme:
            return False
        if self.port is not None and self.port != target.port:
            return False
        if self.network is not None:
            # False for an address of the other IP version.
            return target.address is not None and target.address in self.network
        return self.name is None or self._matches_name(target)

    def _matches_name(self, target: Target) -> bool:
        if target.address is not None:
            return False
        if target.name == self.name:
            return self.itself
        return self.subdomains and target.name.endswith(f".{self.name}")


ANY_HOST = Rule()
"""The rule that matches everything."""


def is_direct(url: httpx.URL, no_proxy: str) -> bool:
    """Return whether a URL is reached directly according to a value of `NO_PROXY`."""
    target = _target_of(url)
    return any(rule.matches(target) for rule in parse(no_proxy))


def _target_of(url: httpx.URL) -> Target:
    host = url.raw_host.decode("ascii").lower()
    scheme, _, port = origin_of(url)
    return Target(
        scheme=scheme, name=host.removesuffix("."), address=_parse_address(host), port=port
    )


def _parse_address(text: str) -> Address | None:
    """Return an IP address without its zone, as in ``fe80::1%eth0``. None if it is not one."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


# Its cache has no lock, which a forked process could inherit locked.
@functools.lru_cache(maxsize=8)
def parse(no_proxy: str) -> tuple[Rule, ...]:
    """Return the rules of a value of `NO_PROXY`. Unsupported entries are left out."""
    entries = re.split(r"[\s,]+", no_proxy.lower())
    rules = [_parse_entry(entry) for entry in entries if entry]
    return tuple(rule for rule in rules if rule is not None)


def _parse_entry(entry: str) -> Rule | None:
    """Return the rule of one entry, or None if it is not supported."""
    if entry == "*":
        return ANY_HOST
    if "://" in entry:
        return _parse_pattern(entry)
    network = _parse_network(entry)
    if network is not None:
        return Rule(network=network)
    place = _split_port(entry)
    if place is None:
        return None
    host, port = place
    if host.startswith("*."):
        return _create_rule(host[2:], port=port, itself=False)
    return _create_rule(host.lstrip("."), port=port)


def _parse_pattern(entry: str) -> Rule | None:
    """Return the rule of a pattern in httpx's syntax, such as ``https://*.corp.test:8443``.

    There, ``corp.test`` matches only this host, ``*.corp.test`` the hosts below it, and
    ``*corp.test`` both.
    """
    prefix, _, rest = entry.partition("://")
    scheme = None if prefix == "all" else prefix
    place = _split_port(re.split("[/?#]", rest, maxsplit=1)[0])
    if place is None:
        return None
    host, port = place
    if host in ("", "*"):
        return Rule(scheme=scheme, port=port)
    if host.startswith("*."):
        return _create_rule(host[2:], scheme=scheme, port=port, itself=False)
    if host.startswith("*"):
        return _create_rule(host[1:], scheme=scheme, port=port)
    return _create_rule(host, scheme=scheme, port=port, subdomains=False)


def _parse_network(entry: str) -> Network | None:
    """Return a range such as ``10.0.0.0/8``, or None if an entry is not one.

    Host bits may be set, as in ``10.1.2.3/8``. Like curl, this ignores a range of all addresses,
    ``/0``.
    """
    address, slash, length = entry.partition("/")
    if not slash or not _LENGTH.fullmatch(length) or int(length) == 0:
        return None
    try:
        return ipaddress.ip_network(f"{address}/{length}", strict=False)
    except ValueError:
        return None


def _split_port(text: str) -> tuple[str, int | None] | None:
    """Return a host without the brackets of an IPv6 address, and its port if there is one.

    None if the port is invalid: such an entry must not match all ports.
    """
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        return text, None
    if not port:
        return host, None
    if not _PORT.fullmatch(port):
        return None
    return host, int(port)


def _create_rule(
    host: str,
    *,
    scheme: str | None = None,
    port: int | None = None,
    itself: bool = True,
    subdomains: bool = True,
) -> Rule | None:
    """Return the rule for an address or a name, or None if no host can have this name."""
    address = _parse_address(host)
    if address is not None and itself:
        return Rule(scheme=scheme, network=ipaddress.ip_network(address), port=port)
    name = _to_ascii(host).removesuffix(".")
    if not name:
        return None
    return Rule(scheme=scheme, port=port, name=name, itself=itself, subdomains=subdomains)


def _to_ascii(name: str) -> str:
    """Return a name in the form in which it is looked up. Empty if that is not possible."""
    if name.isascii():
        return name
    try:
        return httpx.URL(scheme="http", host=name).raw_host.decode("ascii")
    except httpx.InvalidURL:
        return ""
