"""Every argument is in the signature, with its type and default, for `help()` and every editor."""

import inspect
import pydoc
from collections.abc import Callable

import pytest

import finerworks
from finerworks import AsyncFinerWorks, AsyncHTTPClient, FinerWorks, HTTPClient, errors
from finerworks.resources import AsyncResource, Resource
from finerworks_client.models import Invoice, InvoiceList

SETTINGS = [
    "web_api_key",
    "app_key",
    "base_url",
    "timeout",
    "max_retries",
    "max_body_bytes",
    "allow_insecure_http",
]


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (FinerWorks, {*SETTINGS, "account_key", "http_client"}),
        (AsyncFinerWorks, {*SETTINGS, "account_key", "http_client"}),
        (FinerWorks.with_options, {*SETTINGS, "account_key", "self"}),
        (AsyncFinerWorks.with_options, {*SETTINGS, "account_key", "self"}),
        (HTTPClient, {*SETTINGS, "transport"}),
        (AsyncHTTPClient, {*SETTINGS, "transport"}),
    ],
)
def test_every_setting_is_an_argument_of_its_own(
    function: Callable[..., object], arguments: set[str]
) -> None:
    """Each setting is a typed argument, and None means "not given"."""
    parameters = inspect.signature(function).parameters
    assert set(parameters) == arguments
    for name, parameter in parameters.items():
        if name != "self":
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
            assert parameter.default is None
            assert parameter.annotation is not inspect.Parameter.empty


@pytest.mark.parametrize("resource", [Resource, AsyncResource])
def test_signatures_show_numbers(resource: type[Resource[object, object, object]]) -> None:
    """Signatures show the values of defaults, not their names."""
    listing = inspect.signature(resource.list).parameters
    assert (listing["per_page"].default, listing["concurrency"].default) == (25, 6)
    page = inspect.signature(resource.page).parameters
    assert (page["page_number"].default, page["per_page"].default) == (1, 10)
    assert "per_page: int = 25" in pydoc.plain(pydoc.render_doc(resource.list))


def test_help_names_the_attributes_of_a_client() -> None:
    """Where a reader looks for what to call."""
    for client in (FinerWorks, AsyncFinerWorks):
        text = pydoc.plain(pydoc.render_doc(client))
        assert "invoices: The account's invoices. ``list()`` returns all of them" in text
        assert "``with_raw_response.page()``" in text
        assert "client: The generated client" in text


ERRORS = [getattr(errors, name) for name in errors.__all__ if name != "InvalidField"]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_help_names_the_attributes_of_an_error(error: type[errors.FinerWorksError]) -> None:
    """Its own, or the class that has them, as `help()` shows no docstring of another class."""
    text = inspect.getdoc(error) or ""
    owners = [each for each in error.__mro__ if "__init__" in vars(each) and each in ERRORS]
    for owner in owners:
        assert "Attributes:" in text if owner is error else f"`{owner.__name__}`" in text


def test_help_shows_each_argument() -> None:
    """`help(FinerWorks)` shows every argument with its type."""
    shown = pydoc.plain(pydoc.render_doc(FinerWorks))
    for name in (*SETTINGS, "account_key", "http_client"):
        assert f"{name}: " in shown


def test_the_models_are_public_names() -> None:
    """`from finerworks import Invoice, InvoiceList` gives the generated models."""
    assert finerworks.Invoice is Invoice
    assert finerworks.InvoiceList is InvoiceList
    assert {"Invoice", "InvoiceList"} <= set(dir(finerworks))
