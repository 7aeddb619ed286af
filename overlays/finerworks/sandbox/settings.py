"""What a sandbox can be told, which values it takes, and the keys that open it. No dependencies."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

# The keys are printed, documented and worth nothing: they open this sandbox and nothing else.
WEB_API_KEY: Final = "sandbox-web-api-key"
APP_KEY: Final = "sandbox-app-key"
# A second pair, of an account that may not read for others.
ORDINARY_WEB_API_KEY: Final = "sandbox-ordinary-web-api-key"
ORDINARY_APP_KEY: Final = "sandbox-ordinary-app-key"

# The smallest and the largest value of each number. The largest count of invoices is what the
# contract's int32 total_count can say; the other upper bounds only catch slips.
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
    """What is wrong with the value of the setting `name`, in words; None if nothing is."""
    low, high = LIMITS[name]
    # Asked this way round, so that NaN, which compares as false with everything, is refused.
    return None if low <= value <= high else f"must be from {low} to {high}, not {value}"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a sandbox behaves. Raises ValueError, naming the setting, for a value out of range."""

    host: str = "127.0.0.1"
    """The name or address to listen on."""
    port: int = 0
    """The port to listen on; 0 takes a free one."""
    invoices: int = 250
    """How many invoices the account of the demo keys has."""
    seed: int = 2026
    """Which invoices and which failures: the same seed gives the same ones in every run."""
    page_cap: int = 25
    """The largest page the server gives, whatever is asked: 1 to 25."""
    latency: float = 0.0
    """How long each answer of the API waits, in seconds."""
    fail_rate: float = 0.0
    """The share of the API's answers that fail: 0 to 1."""
    rate_limit: int | None = None
    """How many requests a second the API lets through; None for no limit."""
    fail_request: int | None = None
    """Which of the API's requests fails with 500, counted from 1; None for none."""
    unknown_fields: bool = False
    """Whether answers have fields that the contract does not know, as a server may add them at any time."""
    cors_origins: tuple[str, ...] = ()
    """The origins, such as http://localhost:5173, whose pages may call the API from a browser."""

    def __post_init__(self) -> None:
        for name in LIMITS:
            value = getattr(self, name)
            complaint = None if value is None else out_of_range(name, value)
            if complaint:
                raise ValueError(f"{name} {complaint}")
