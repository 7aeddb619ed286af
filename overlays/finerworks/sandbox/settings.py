"""The settings of a sandbox, their ranges, and its keys. This module has no dependencies."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

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


Dates: TypeAlias = Literal["offset", "none", "mixed"]

Shape: TypeAlias = Literal[
    "bare-list",
    "unknown-fields",
    "missing-fields",
    "null-fields",
    "empty-fields",
    "numbers-as-text",
    "ids-as-numbers",
    "exponents",
    "four-digits",
    "total-count-per-page",
    "total-count-null",
    "total-count-missing",
    "ascending",
    "unordered",
    "cap-25",
    "large-pages",
    "last-page-error",
    "last-page-null",
    "last-page-repeats",
]

SHAPES: Final[Mapping[Shape, str]] = MappingProxyType(
    {
        "bare-list": "only the list of invoices, without status and total_count",
        "unknown-fields": "additional fields, as with --unknown-fields",
        "missing-fields": "no status_code, and no due_date in any invoice",
        "null-fields": "amount_due is null",
        "empty-fields": "due_date is an empty string",
        "numbers-as-text": "amount_due and total_count are strings",
        "ids-as-numbers": "invoice_id is a number",
        "exponents": "amount_due in exponent notation, such as 1.999e+1",
        "four-digits": "amount_due with four decimals, like SQL Server's money type",
        "total-count-per-page": "total_count counts the invoices of the page",
        "total-count-null": "total_count is null",
        "total-count-missing": "no total_count",
        "ascending": "the oldest invoice first",
        "unordered": "invoices in no date order",
        "cap-25": "a per_page above 25 is reduced to 25 instead of rejected",
        "large-pages": "a per_page of up to 1,000 is accepted",
        "last-page-error": "a page after the last gets a 400 response",
        "last-page-null": "invoices is null on a page after the last",
        "last-page-repeats": "a page after the last repeats the last page",
    }
)
"""What each shape means. Some violate the contract, and it leaves others open."""

ALTERNATIVES: Final[tuple[frozenset[Shape], ...]] = (
    frozenset({"total-count-per-page", "total-count-null", "total-count-missing"}),
    frozenset({"numbers-as-text", "null-fields", "exponents", "four-digits"}),
    frozenset({"missing-fields", "empty-fields"}),
    frozenset({"ascending", "unordered"}),
    frozenset({"cap-25", "large-pages"}),
    frozenset({"last-page-error", "last-page-null", "last-page-repeats"}),
)
"""Shapes that exclude each other."""


def wrong_shapes(shapes: Collection[str]) -> str | None:
    """Return a description of the problem if these shapes cannot be combined, or None."""
    if isinstance(shapes, str):
        return 'must be a tuple of names, such as ("bare-list",)'
    for shape in shapes:
        if shape not in SHAPES:
            return f"must be one of {', '.join(SHAPES)}, not {shape!r}"
    for alternatives in ALTERNATIVES:
        chosen = [shape for shape in SHAPES if shape in alternatives and shape in shapes]
        if len(chosen) > 1:
            return f"cannot be both {chosen[0]} and {chosen[1]}"
    return None


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
    invoices: int = 72
    """The number of invoices in the account of the demo keys."""
    edge_cases: bool = False
    """Whether all accounts have awkward amounts and dates, which you can test programs with.
    Otherwise, only the account ``edge-cases`` has them."""
    seed: int = 2026
    """The seed for invoices and failures. Every run with the same seed has the same ones."""
    page_cap: int = 25
    """The maximum size of a page, 1 to 25, even if the request asks for more."""
    latency: float = 0.0
    """The time to wait before each response of the API, in seconds."""
    fail_rate: float = 0.0
    """The share of the API requests that fail: 0 to 1."""
    rate_limit: int | None = None
    """The maximum number of API requests per second. None means no limit."""
    fail_request: int | None = None
    """Which API request fails with 500. 1 is the first, and None means none."""
    unknown_fields: bool = False
    """Whether to add fields to responses that are not in the contract, as a server may do."""
    dates: Dates = "offset"
    """Which dates have a UTC offset: all (``offset``), ``none``, or those of about every second
    invoice (``mixed``)."""
    shapes: tuple[Shape, ...] = ()
    """How responses deviate, such as ``("bare-list",)``. The command's help lists all shapes."""
    cors_origins: tuple[str, ...] = ()
    """The origins that may call the API from a browser, such as http://localhost:5173."""

    def __post_init__(self) -> None:
        for name in LIMITS:
            value = getattr(self, name)
            if value is None:
                continue
            problem = out_of_range(name, value)
            if problem:
                raise ValueError(f"{name} {problem}")
        if self.dates not in get_args(Dates):
            raise ValueError(f"dates must be one of {', '.join(get_args(Dates))}")
        problem = wrong_shapes(self.shapes)
        if problem:
            raise ValueError(f"shapes {problem}")
