"""Work of the first request that can be done in advance: imports, and reading certificates."""

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
"""The encodings of host names, headers and response bodies. Python imports each of them when it is
first used."""


def preload(base_url: str | None = None) -> None:
    """Do the work of the first client and its first request now: imports, and reading certificates.

    Otherwise they block the event loop for up to half a second. Call it before the loop starts, or
    in a thread of its own: ``await asyncio.to_thread(finerworks.preload)``. Afterwards, creating a
    client and using it imports no module and reads no file in the loop. Features of extras, such as
    ``to_pandas()``, are not covered, except aiohttp: import `httpx_aiohttp` first, and create its
    transport outside of the loop as well.

    Certificates are read again in a forked process, and if the environment names other ones later.

    Args:
        base_url: The origin that the clients will talk to. None: read `FINERWORKS_BASE_URL`, else
            `PRODUCTION`. Certificates are read only for https.

    Raises:
        ValueError: The base URL is invalid, or the environment's proxy or certificates are.
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
    key = "preload"  # the keys may be missing from the environment
    http_client = AsyncHTTPClient(
        web_api_key=key, app_key=key, base_url=base_url, allow_insecure_http=True
    )
    AsyncFinerWorks(http_client=http_client, account_key=key)


def _rehearse() -> None:
    asyncio.run(rehearse())
