"""The sandbox's /ui, as a person uses it in a browser: execute, read the response, try other keys."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Response, expect

from browser import Watched
from finerworks.sandbox import Sandbox

FIRST = "INV-202610-0001"

# A desk and a telephone.
widths = pytest.mark.parametrize("width", [1280, 375])


def authorize(page: Page, **keys: str) -> None:
    """Remove the keys that are filled in, and type each key into its own field of the dialog."""
    page.get_by_role("button", name="Authorize").click()
    for name in ("web_api_key", "app_key"):
        scheme = page.locator(".auth-container").filter(has_text=f"{name} (apiKey)")
        scheme.get_by_role("button", name="Logout").click()
        if name in keys:
            scheme.get_by_role("textbox").fill(keys[name])
            scheme.get_by_role("button", name="Authorize").click()
    page.locator(".close-modal").click()


def execute(page: Page) -> tuple[Request, Response]:
    """Press the one button, and give what then went over the wire."""
    with page.expect_response("**/v3/list_invoices") as answered:
        page.get_by_role("button", name="Execute").click()
    return answered.value.request, answered.value


def part(page: Page, name: str) -> Locator:
    """Find a part of the response that the page shows."""
    return page.locator(f".live-responses-table .response {name}").first


@widths
def test_one_click_shows_invoices(browser: Browser, sandbox: Sandbox, width: int) -> None:
    """The address alone leads to the page; the demo keys are filled in, and both are sent."""
    watched = Watched(browser, sandbox.base_url, width=width)
    page = watched.open(sandbox.base_url)
    assert page.url == f"{sandbox.base_url}/ui/"
    assert page.title() == "FinerWorks sandbox: try the API"
    for text in ("not FinerWorks", sandbox.web_api_key, sandbox.app_key):
        expect(page.locator(".info")).to_contain_text(text)
    sent, answer = execute(page)
    assert (sent.headers["web_api_key"], sent.headers["app_key"]) == (
        sandbox.web_api_key,
        sandbox.app_key,
    )
    assert answer.status == 200
    expect(part(page, ".response-col_status")).to_have_text(re.compile("^200"))
    expect(part(page, ".response-col_description")).to_contain_text(FIRST)
    expect(page.locator(".curl-command")).to_contain_text(f"'app_key: {sandbox.app_key}'")
    assert watched.problems == []
    assert watched.overflow == 0
    page.close()


@widths
@pytest.mark.parametrize(
    "keys", [{}, {"web_api_key": "another", "app_key": "one"}], ids=["none", "wrong"]
)
def test_with_wrong_keys_a_person_sees_why(
    browser: Browser, sandbox: Sandbox, width: int, keys: dict[str, str]
) -> None:
    """The 400 of the live API with its words, and no error beside what the browser says of a 400."""
    watched = Watched(browser, sandbox.base_url, width=width)
    page = watched.open(f"{sandbox.base_url}/ui")
    authorize(page, **keys)
    _, answer = execute(page)
    assert answer.status == 400
    expect(part(page, ".response-col_status")).to_have_text(re.compile("^400"))
    description = part(page, ".response-col_description")
    expect(description).to_contain_text("Missing or unauthorized api credentials")
    expect(description).not_to_contain_text(FIRST)
    (problem,) = watched.problems
    assert "status of 400" in problem
    assert watched.overflow == 0
    page.close()


def test_an_answer_has_room_on_a_telephone(browser: Browser, sandbox: Sandbox) -> None:
    """The invoices take most of the width, and can be scrolled; nothing else is pushed out."""
    watched = Watched(browser, sandbox.base_url, width=375, height=667)
    page = watched.open(f"{sandbox.base_url}/ui")
    execute(page)
    code = page.locator(".live-responses-table .highlight-code").first
    expect(code).to_contain_text(FIRST)
    box = code.bounding_box()
    assert box is not None
    assert box["width"] > 0.75 * 375
    assert box["x"] + box["width"] <= 375
    page.close()
