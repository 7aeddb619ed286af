"""The same calls on the sync and the async client, so that one test holds for both."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Protocol, TypedDict, Unpack

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from finerworks import (
    AsyncFinerWorks,
    AsyncHTTPClient,
    FinerWorks,
    FinerWorksError,
    HTTPClient,
    retry,
)
from finerworks.sandbox import Sandbox
from finerworks_client.models import Invoice, InvoiceList


class Settings(TypedDict, total=False):
    """Settings of a client."""

    web_api_key: str
    app_key: str
    base_url: str
    timeout: float | httpx.Timeout
    max_retries: int
    max_body_bytes: int
    allow_insecure_http: bool


def retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries follow at once, whatever they would wait for."""
    decide = retry.decide

    def decide_without_delay(
        error: FinerWorksError, *, attempt: int, max_retries: int
    ) -> retry.Decision:
        decision = decide(error, attempt=attempt, max_retries=max_retries)
        return retry.Decision(retry=decision.retry)

    monkeypatch.setattr(retry, "decide", decide_without_delay)


def know_no_invalid_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let names that end in .invalid be unknown, without asking a name server."""
    look_up: Callable[..., object] = socket.getaddrinfo

    def look_up_others(
        host: str | bytes | None,
        *args: Any,  # noqa: ANN401 - as they are
        **kwargs: Any,  # noqa: ANN401
    ) -> object:
        name = host.decode() if isinstance(host, bytes) else host
        if name and name.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_others)


class Keys(TypedDict):
    """Both keys."""

    web_api_key: str
    app_key: str


KEYS: Keys = {"web_api_key": "the-web-api-key", "app_key": "the-app-key"}
"""Keys that are nobody's."""


def keys(sandbox: Sandbox) -> Settings:
    """Give the settings of a client that speaks to a sandbox."""
    return {
        "web_api_key": sandbox.web_api_key,
        "app_key": sandbox.app_key,
        "base_url": sandbox.base_url,
    }


class Caller(Protocol):
    """The same calls on the sync or the async client, so that one test holds for both."""

    name: str

    def invoices(
        self, account_key: str | None = None, per_page: int = 25, **settings: Unpack[Settings]
    ) -> list[Invoice]:
        """List all invoices of a new client."""
        ...

    def page(
        self,
        page_number: int = 1,
        per_page: int = 10,
        account_key: str | None = None,
        **settings: Unpack[Settings],
    ) -> InvoiceList:
        """Give one page of a new client."""
        ...

    def send(self, request: httpx.Request, **settings: Unpack[Settings]) -> httpx.Response:
        """Send a request through a new door."""
        ...

    def refusals(
        self, count: int, account_key: str | None = None, **settings: Unpack[Settings]
    ) -> list[FinerWorksError]:
        """Ask one client for so many pages, and give the error of each."""
        ...


class Sync:
    """The sync client."""

    name = "sync"

    def invoices(
        self, account_key: str | None = None, per_page: int = 25, **settings: Unpack[Settings]
    ) -> list[Invoice]:
        """List all invoices of a new client."""
        with HTTPClient(**settings) as http, FinerWorks(http_client=http) as fw:
            return list(fw.invoices.list(account_key=account_key, per_page=per_page))

    def page(
        self,
        page_number: int = 1,
        per_page: int = 10,
        account_key: str | None = None,
        **settings: Unpack[Settings],
    ) -> InvoiceList:
        """Give one page of a new client."""
        with HTTPClient(**settings) as http, FinerWorks(http_client=http) as fw:
            return fw.invoices.page(page_number, per_page=per_page, account_key=account_key)

    def send(self, request: httpx.Request, **settings: Unpack[Settings]) -> httpx.Response:
        """Send a request through a new door."""
        with HTTPClient(**settings) as http:
            return http.send(request)

    def refusals(
        self, count: int, account_key: str | None = None, **settings: Unpack[Settings]
    ) -> list[FinerWorksError]:
        """Ask one client for so many pages, and give the error of each."""
        errors: list[FinerWorksError] = []
        with FinerWorks(account_key=account_key, **settings) as fw:
            for _ in range(count):
                with pytest.raises(FinerWorksError) as caught:
                    fw.invoices.page()
                errors.append(caught.value)
        return errors


class Async:
    """The async client, each call in an event loop of its own."""

    name = "async"

    def transport(self) -> httpx.AsyncBaseTransport | None:
        """Return a transport for a client; None: httpx's own."""
        return None

    def client(self, **settings: Unpack[Settings]) -> AsyncHTTPClient:
        """Return a new client."""
        return AsyncHTTPClient(**settings, transport=self.transport())

    def invoices(
        self, account_key: str | None = None, per_page: int = 25, **settings: Unpack[Settings]
    ) -> list[Invoice]:
        """List all invoices of a new client."""

        async def call() -> list[Invoice]:
            async with self.client(**settings) as http, AsyncFinerWorks(http_client=http) as fw:
                pager = fw.invoices.list(account_key=account_key, per_page=per_page)
                return [invoice async for invoice in pager]

        return asyncio.run(call())

    def page(
        self,
        page_number: int = 1,
        per_page: int = 10,
        account_key: str | None = None,
        **settings: Unpack[Settings],
    ) -> InvoiceList:
        """Give one page of a new client."""

        async def call() -> InvoiceList:
            async with self.client(**settings) as http, AsyncFinerWorks(http_client=http) as fw:
                return await fw.invoices.page(
                    page_number, per_page=per_page, account_key=account_key
                )

        return asyncio.run(call())

    def send(self, request: httpx.Request, **settings: Unpack[Settings]) -> httpx.Response:
        """Send a request through a new door."""

        async def call() -> httpx.Response:
            async with self.client(**settings) as http:
                return await http.send(request)

        return asyncio.run(call())

    def refusals(
        self, count: int, account_key: str | None = None, **settings: Unpack[Settings]
    ) -> list[FinerWorksError]:
        """Ask one client for so many pages, and give the error of each."""

        async def call() -> list[FinerWorksError]:
            errors: list[FinerWorksError] = []
            async with (
                self.client(**settings) as http,
                AsyncFinerWorks(account_key=account_key, http_client=http) as fw,
            ):
                for _ in range(count):
                    with pytest.raises(FinerWorksError) as caught:
                        await fw.invoices.page()
                    errors.append(caught.value)
            return errors

        return asyncio.run(call())


class Aiohttp(Async):
    """The async client over aiohttp, as the extra `aiohttp` has it."""

    name = "aiohttp"

    def transport(self) -> httpx.AsyncBaseTransport:
        """Return aiohttp's transport."""
        return AiohttpTransport()


CALLERS: list[Caller] = [Sync(), Async(), Aiohttp()]
"""Every way to send: by httpx without and with asyncio, and by aiohttp."""

by_httpx = pytest.mark.parametrize("caller", CALLERS[:2], ids=lambda caller: caller.name)
"""Lets a test run only where httpx's own transport sends."""
