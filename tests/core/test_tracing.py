"""Sentry and OpenTelemetry observe requests with their integrations for httpx, without keys."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import sentry_sdk
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor, RequestInfo, ResponseInfo
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Span, StatusCode
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.httpx import HttpxIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.scrubber import EventScrubber
from sentry_sdk.transport import Transport

from callers import CALLERS, Caller, by_httpx
from finerworks import (
    APIConnectionError,
    AsyncFinerWorks,
    AsyncHTTPClient,
    CredentialsError,
    FinerWorks,
    FinerWorksError,
    HTTPClient,
    ResponseValidationError,
    ServerError,
)
from wire import Exchange, Wire, http, page

CANARIES = {
    "FINERWORKS_WEB_API_KEY": "canary-of-the-web",
    "FINERWORKS_APP_KEY": "canary-of-the-app",
}
"""Keys that are looked for in everything that is recorded."""


@pytest.fixture(params=CALLERS, ids=lambda caller: caller.name)
def caller(request: pytest.FixtureRequest) -> Caller:
    """Return the sync client, the async one, and the async one over aiohttp."""
    chosen: Caller = request.param
    return chosen


@pytest.fixture(autouse=True)
def canary_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the keys in the environment, so that no test has them in its own local variables."""
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)


def has_key(recorded: object) -> bool:
    """Return whether a key is in what was recorded, as JSON."""
    return "canary-of" in json.dumps(recorded, default=repr)


def test_a_recorded_key_would_be_found() -> None:
    """These tests would find a recorded key."""
    assert has_key([{"headers": [(b"app_key", CANARIES["FINERWORKS_APP_KEY"].encode())]}])


def fail_once(exchange: Exchange) -> None:
    """Respond to the first request with 503."""
    exchange.send(http(b"", 503) if exchange.number == 1 else page(exchange))


class Recorder(Transport):
    """Keeps what Sentry would send."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        """Keep each item of an envelope as the JSON that would be sent."""
        self.items += [json.loads(item.get_bytes()) for item in envelope.items]


@pytest.fixture
def sentry() -> Iterator[Recorder]:
    """Set up Sentry so that it records as much as it can, and hides nothing itself."""
    transport = Recorder()
    sentry_sdk.init(
        dsn="http://public@sentry.invalid/1",
        transport=transport,
        traces_sample_rate=1.0,
        default_integrations=False,
        integrations=[HttpxIntegration(), LoggingIntegration(), ThreadingIntegration()],
        include_local_variables=True,
        include_source_context=False,  # it would show the keys in the source code of this test
        max_request_body_size="always",
        max_value_length=1_000_000,
        event_scrubber=EventScrubber(denylist=[], pii_denylist=[]),
        auto_session_tracking=False,
        send_client_reports=False,
    )
    with sentry_sdk.isolation_scope():
        yield transport
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


def test_sentry_records_one_span_for_a_call(
    caller: Caller, sentry: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """A call with a retry is one span and one breadcrumb, and its failed attempt is a breadcrumb."""
    caplog.set_level(logging.INFO, "finerworks")
    with Wire(fail_once) as wire:
        with sentry_sdk.start_transaction(name="test"):
            caller.page(base_url=wire.url)
        sentry_sdk.capture_message("done")
    assert len(wire.exchanges) == 2
    transaction, event = sentry.items
    (span,) = transaction["spans"]
    assert span["description"] == f"POST {wire.url}/v3/list_invoices"
    assert span["data"]["http.response.status_code"] == 200
    categories = [breadcrumb["category"] for breadcrumb in event["breadcrumbs"]["values"]]
    assert categories == ["finerworks", "httplib"]
    assert not has_key(sentry.items)


def test_spans_of_a_listing_belong_to_the_caller(caller: Caller, sentry: Recorder) -> None:
    """Pages that are prefetched in threads or tasks are spans of the caller's transaction.

    Sentry keeps the current span in an object that copied contexts share. So a span of a page may
    be nested in that of another page, which was in flight at the same time.
    """
    with Wire() as wire, sentry_sdk.start_transaction(name="test") as transaction:
        caller.invoices(base_url=wire.url)
    (item,) = sentry.items
    assert len(item["spans"]) == len(wire.exchanges) == 3
    assert {span["trace_id"] for span in item["spans"]} == {transaction.trace_id}


def echo(exchange: Exchange) -> None:
    """Fail, and show the request with its keys."""
    exchange.send(http(exchange.head, 500))


def reset(exchange: Exchange) -> None:
    """Break the connection off."""
    exchange.reset()


def break_the_contract(exchange: Exchange) -> None:
    """Respond with JSON that is not a page."""
    exchange.send(http(b"{}"))


@pytest.mark.parametrize(
    ("serve", "error_class"),
    [
        (echo, ServerError),
        (reset, APIConnectionError),
        (break_the_contract, ResponseValidationError),
    ],
)
def test_an_error_in_sentry_shows_no_key(
    caller: Caller,
    sentry: Recorder,
    serve: Callable[[Exchange], None],
    error_class: type[FinerWorksError],
) -> None:
    """An error event with the local variables of all frames contains no key."""
    with Wire(serve) as wire, sentry_sdk.start_transaction(name="test"):
        with pytest.raises(error_class) as caught:
            caller.page(base_url=wire.url, max_retries=1)
        sentry_sdk.capture_exception(caught.value)
    assert_frames_without_keys(sentry)


def fail_in_transport(request: httpx.Request) -> httpx.Response:
    """Raise an error that is not httpx's, in a frame that has the request and its keys."""
    assert has_key(list(request.headers.items()))
    raise RuntimeError("the transport is broken")


def test_a_foreign_error_in_sentry_shows_no_key(sentry: Recorder) -> None:
    """An unexpected error of a transport shows no key in local variables."""
    transport = httpx.MockTransport(fail_in_transport)
    with HTTPClient(transport=transport) as client, FinerWorks(http_client=client) as fw:
        with pytest.raises(RuntimeError, match="broken") as caught:
            fw.invoices.page()
        sentry_sdk.capture_exception(caught.value)
    assert_frames_without_keys(sentry)


def test_missing_keys_in_sentry_show_no_other_key(
    caller: Caller, sentry: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If one key is missing, the error event does not show the other one."""
    monkeypatch.delenv("FINERWORKS_APP_KEY")
    with pytest.raises(CredentialsError) as caught:
        caller.page()
    sentry_sdk.capture_exception(caught.value)
    assert_frames_without_keys(sentry)


def assert_frames_without_keys(sentry: Recorder) -> None:
    """Check that the recorded error has local variables of this package, and no key."""
    (event,) = [item for item in sentry.items if "exception" in item]
    frames = [
        frame
        for exception in event["exception"]["values"]
        for frame in exception["stacktrace"]["frames"]
    ]
    assert any(frame["module"].startswith("finerworks.") and frame["vars"] for frame in frames)
    assert not has_key(sentry.items)


# --- OpenTelemetry ------------------------------------------------------------------------------

CAPTURE = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST"
SANITIZE = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Return an exporter that keeps the finished spans."""
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> Iterator[TracerProvider]:
    """Return a source of tracers whose spans the exporter keeps."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider
    provider.shutdown()


class Hooks:
    """Hooks of OpenTelemetry that keep the request headers that they see."""

    def __init__(self) -> None:
        self.headers: list[dict[str, str]] = []

    def request(self, _: Span, request: RequestInfo) -> None:
        """Keep the headers, before the request is sent."""
        self.headers.append(dict(request.headers or {}))

    def response(self, _: Span, request: RequestInfo, __: ResponseInfo) -> None:
        """Keep the headers, after the response arrived."""
        self.headers.append(dict(request.headers or {}))

    async def async_request(self, span: Span, request: RequestInfo) -> None:
        """Do the same in an asyncio client."""
        self.request(span, request)

    async def async_response(
        self, span: Span, request: RequestInfo, response: ResponseInfo
    ) -> None:
        """Do the same in an asyncio client."""
        self.response(span, request, response)


def call_instrumented(url: str, provider: TracerProvider, hooks: Hooks) -> None:
    """List invoices with a sync client that is instrumented individually."""
    with HTTPClient(base_url=url) as client:
        HTTPXClientInstrumentor.instrument_client(
            client,
            tracer_provider=provider,
            request_hook=hooks.request,
            response_hook=hooks.response,
        )
        with FinerWorks(http_client=client) as fw:
            fw.invoices.page()


def call_instrumented_by_asyncio(url: str, provider: TracerProvider, hooks: Hooks) -> None:
    """List invoices with an asyncio client that is instrumented individually."""

    async def call() -> None:
        async with AsyncHTTPClient(base_url=url) as client:
            HTTPXClientInstrumentor.instrument_client(
                client,
                tracer_provider=provider,
                request_hook=hooks.async_request,
                response_hook=hooks.async_response,
            )
            async with AsyncFinerWorks(http_client=client) as fw:
                await fw.invoices.page()

    asyncio.run(call())


BOTH_KINDS = pytest.mark.parametrize(
    "call", [call_instrumented, call_instrumented_by_asyncio], ids=["sync", "async"]
)
InstrumentedCall = Callable[[str, TracerProvider, Hooks], None]


def statuses(exporter: InMemorySpanExporter) -> list[object]:
    """Return the HTTP status of each finished span."""
    return [(span.attributes or {})["http.status_code"] for span in exporter.get_finished_spans()]


def spans_have_key(exporter: InMemorySpanExporter) -> bool:
    """Return whether a key is anywhere in the finished spans."""
    return has_key([span.to_json() for span in exporter.get_finished_spans()])


@BOTH_KINDS
@pytest.mark.parametrize("captured", ["", ".*"])
def test_an_instrumented_client_has_one_span_for_a_call(
    call: InstrumentedCall,
    captured: str,
    provider: TracerProvider,
    exporter: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A call with a retry is one span. Hooks and captured headers never have the keys."""
    monkeypatch.setenv(CAPTURE, captured)
    hooks = Hooks()
    with Wire(fail_once) as wire:
        call(wire.url, provider, hooks)
    assert statuses(exporter) == [200]
    assert [b"canary-of-the-web" in each.head for each in wire.exchanges] == [True, True]
    assert [b"traceparent: 00-" in each.head for each in wire.exchanges] == [True, True]
    assert len(hooks.headers) == 2
    assert not has_key(hooks.headers)
    assert not spans_have_key(exporter)


@BOTH_KINDS
def test_a_failed_call_is_a_failed_span(
    call: InstrumentedCall, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """The span of a call that fails has the typed error with its traceback, and no key."""
    with Wire(echo) as wire, pytest.raises(ServerError):
        call(wire.url, provider, Hooks())
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert [event.name for event in span.events] == ["exception"]
    assert (span.events[0].attributes or {})["exception.type"] == "finerworks.errors.ServerError"
    assert not spans_have_key(exporter)


def test_a_client_with_other_settings_is_not_instrumented(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """Only the client itself is instrumented, not one that shares its connections."""
    with Wire() as wire, HTTPClient(base_url=wire.url) as client:
        HTTPXClientInstrumentor.instrument_client(client, tracer_provider=provider)
        with FinerWorks(http_client=client, timeout=5) as fw:
            fw.invoices.page()
    assert len(wire.exchanges) == 1
    assert exporter.get_finished_spans() == ()


@pytest.fixture
def hooks_of_all(provider: TracerProvider) -> Iterator[Hooks]:
    """Instrument every transport of httpx, as `opentelemetry-instrument` does."""
    hooks = Hooks()
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(
        tracer_provider=provider,
        request_hook=hooks.request,
        response_hook=hooks.response,
        async_request_hook=hooks.async_request,
        async_response_hook=hooks.async_response,
    )
    yield hooks
    instrumentor.uninstrument()


@by_httpx
@pytest.mark.usefixtures("hooks_of_all")
def test_global_instrumentation_has_one_span_for_an_attempt(
    caller: Caller, exporter: InMemorySpanExporter
) -> None:
    """A call with a retry is two spans, which by default record no header."""
    with Wire(fail_once) as wire:
        caller.page(base_url=wire.url)
    assert statuses(exporter) == [503, 200]
    assert not spans_have_key(exporter)


@by_httpx
@pytest.mark.usefixtures("hooks_of_all")
def test_spans_of_prefetched_pages_belong_to_the_caller(
    caller: Caller, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """Pages that are prefetched in threads or tasks are children of the caller's span."""
    with Wire() as wire, provider.get_tracer("test").start_as_current_span("listing") as listing:
        caller.invoices(base_url=wire.url)
    assert len(wire.exchanges) == 3
    pages = [span for span in exporter.get_finished_spans() if span.name == "POST"]
    assert [parent_id(span) for span in pages] == [listing.get_span_context().span_id] * 3


def parent_id(span: ReadableSpan) -> int | None:
    """Return the identifier of a span's parent."""
    return None if span.parent is None else span.parent.span_id


@by_httpx
def test_hooks_of_global_instrumentation_see_the_keys(caller: Caller, hooks_of_all: Hooks) -> None:
    """Global instrumentation sees each request as it is sent, with the keys."""
    with Wire() as wire:
        caller.page(base_url=wire.url)
    assert [headers["app_key"] for headers in hooks_of_all.headers] == ["canary-of-the-app"] * 2


@pytest.mark.parametrize(("sanitized", "recorded"), [("", True), (".*_key", False)])
def test_global_instrumentation_captures_the_keys_only_on_request(
    sanitized: str,
    recorded: bool,
    provider: TracerProvider,
    exporter: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Capturing all headers captures the keys, unless they are sanitized."""
    monkeypatch.setenv(CAPTURE, ".*")
    monkeypatch.setenv(SANITIZE, sanitized)
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    try:
        with Wire() as wire, FinerWorks(base_url=wire.url) as fw:
            fw.invoices.page()
    finally:
        instrumentor.uninstrument()
    (span,) = exporter.get_finished_spans()
    assert "http.request.header.app_key" in (span.attributes or {})
    assert spans_have_key(exporter) == recorded
