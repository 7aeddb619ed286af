"""The settings of a sandbox, their ranges, and its keys. This module has no dependencies."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

# The keys are no secrets. They are documented, and valid only for the sandbox.
WEB_API_KEY: Final = "sandbox-web-api-key"
APP_KEY: Final = "sandbox-app-key"
# The keys of an account that cannot read other accounts.
ORDINARY_WEB_API_KEY: Final = "sandbox-ordinary-web-api-key"
ORDINARY_APP_KEY: Final = "sandbox-ordinary-app-key"

# The minimum and maximum of each number. The maximum of invoices is that of total_count, an int32
# in the contract. The other maximums only catch typing errors.
LIMITS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "port": (0, 65535),
        "invoices": (0, 2**31 - 1),
        "page_cap": (1, 25),
        "latency": (0, 3600),
        "fail_rate": (0, 1),
        "rate_limit": (1, 1_000_000),
        "fail_request": (1, 1_000_000),
    }
)


def out_of_range(name: str, value: float) -> str | None:
    """Return a description of the problem if a value is out of the range of a setting, or None."""
    low, high = LIMITS[name]
    # The comparison is false for NaN, which is therefore out of range.
    if low <= value <= high:
        return None
    return f"must be from {low} to {high}, not {value}"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a sandbox.

    The constructor raises ValueError for a value that is out of range.
    """

    host: str = "127.0.0.1"
    """The host name or address to listen on."""
    port: int = 0
    """The port to listen on. 0 means a free port."""
    invoices: int = 250
    """The number of invoices of the demo keys' account."""
    seed: int = 2026
    """The seed of invoices and failures, which are the same in every run with the same seed."""
    page_cap: int = 25
    """The maximum size of a page, 1 to 25, even if the request asks for more."""
    latency: float = 0.0
    """The time to wait before each response of the API, in seconds."""
    fail_rate: float = 0.0
    """The share of the API requests that fail: 0 to 1."""
    rate_limit: int | None = None
    """The maximum number of API requests in a second. None is no limit."""
    fail_request: int | None = None
    """The number of the API request that fails with 500, where 1 is the first. None is none."""
    unknown_fields: bool = False
    """Whether to add fields to responses that are not in the contract, as a server may do."""
    cors_origins: tuple[str, ...] = ()
    """The origins, such as http://localhost:5173, whose pages may call the API from a browser."""

    def __post_init__(self) -> None:
        for name in LIMITS:
            value = getattr(self, name)
            if value is None:
                continue
            problem = out_of_range(name, value)
            if problem:
                raise ValueError(f"{name} {problem}")
