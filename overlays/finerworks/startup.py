"""What the first request would otherwise do in the event loop: imports, reading certificates."""

import asyncio
import codecs
import importlib
import sys
from concurrent.futures.thread import ThreadPoolExecutor

from finerworks.client import AsyncFinerWorks
from finerworks.http import AsyncHTTPClient
from finerworks.network import rehearse

ENCODINGS = (
    "ascii",
    "idna",
    "latin-1",
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-be",
    "utf-16-le",
    "utf-32",
    "utf-32-be",
    "utf-32-le",
)
"""What host names, headers and the bodies of responses may be written in. Python imports each of
them when it is first used."""


def preload(base_url: str | None = None) -> None:
    """Do now what the first client and its first request would do: imports, reading certificates.

    Otherwise they block the event loop for up to half a second. Call it before the loop starts, or
    in a thread of its own: ``await asyncio.to_thread(finerworks.preload)``. Afterwards, creating a
    client and using it imports no module and reads no file in the loop. What belongs to an extra,
    such as ``to_pandas()``, is not covered, except for aiohttp: import `httpx_aiohttp` first, and
    create its transport outside of the loop as well.

    Certificates are read again if the environment names others later, and in a forked process.

    Args:
        base_url: The origin that the clients will talk to. None: read `FINERWORKS_BASE_URL`, else
            `PRODUCTION`. Certificates are read only for https.

    Raises:
        ValueError: The base URL, or the proxy or the certificates of the environment are invalid.
    """
    _create_client(base_url)
    for encoding in ENCODINGS:
        codecs.lookup(encoding)
    if "httpx_aiohttp" in sys.modules:
        importlib.import_module("finerworks.integrations.aiohttp_session")
    # In a thread of its own, because this one may run an event loop already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_rehearse).result()


def _create_client(base_url: str | None) -> None:
    """Create a client that sends nothing. It imports what it needs, and reads the certificates."""
    key = "preload"  # keys of the environment may be missing
    http_client = AsyncHTTPClient(
        web_api_key=key, app_key=key, base_url=base_url, allow_insecure_http=True
    )
    AsyncFinerWorks(http_client=http_client, account_key=key)


def _rehearse() -> None:
    asyncio.run(rehearse())
