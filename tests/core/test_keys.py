"""Both keys come from one place: arguments, environment and clients are never combined."""

from collections.abc import Callable

import httpx
import pytest

from answers import listing
from callers import Settings
from finerworks import AsyncFinerWorks, AsyncHTTPClient, CredentialsError, FinerWorks, HTTPClient

WEB, APP = "FINERWORKS_WEB_API_KEY", "FINERWORKS_APP_KEY"

PAIR: Settings = {"web_api_key": "web", "app_key": "app"}

MakeHTTP = Callable[..., HTTPClient | AsyncHTTPClient]
Make = Callable[..., FinerWorks | AsyncFinerWorks]
Kind = tuple[Make, MakeHTTP]


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Return the classes of the sync and of the async client."""
    kinds: dict[str, Kind] = {
        "sync": (FinerWorks, HTTPClient),
        "async": (AsyncFinerWorks, AsyncHTTPClient),
    }
    return kinds[request.param]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set both keys in the environment."""
    monkeypatch.setenv(WEB, "web-of-environment")
    monkeypatch.setenv(APP, "app-of-environment")
    return monkeypatch


def one_key(name: str) -> Settings:
    """Return settings with one key."""
    if name == "web_api_key":
        return {"web_api_key": "CANARY-1"}
    return {"app_key": "CANARY-1"}


def keys(client: HTTPClient | AsyncHTTPClient) -> tuple[str | None, str | None]:
    """Return the keys of a client as plain text."""
    credentials = client.config.credentials
    pair = (credentials.web_api_key, credentials.app_key)
    web_api_key, app_key = (None if key is None else str.__str__(key) for key in pair)
    return web_api_key, app_key


def keys_of(fw: FinerWorks | AsyncFinerWorks) -> tuple[str | None, str | None]:
    """Return the keys of a client's requests."""
    if isinstance(fw, FinerWorks):
        client = fw.client.get_httpx_client()
        assert isinstance(client, HTTPClient)
        return keys(client)
    other = fw.client.get_async_httpx_client()
    assert isinstance(other, AsyncHTTPClient)
    return keys(other)


@pytest.mark.parametrize(("passed", "missing"), [("web_api_key", APP), ("app_key", WEB)])
@pytest.mark.parametrize("removed", [(), (WEB,), (APP,)])
def test_an_argument_never_joins_a_key_of_the_environment(
    kind: Kind, passed: str, missing: str, removed: tuple[str, ...], environment: pytest.MonkeyPatch
) -> None:
    """A single argument is never combined with a key from the environment."""
    make, _ = kind
    for name in removed:
        environment.delenv(name)
    argument = missing.removeprefix("FINERWORKS_").lower()
    with pytest.raises(CredentialsError) as caught:
        make(**one_key(passed))
    assert str(caught.value) == (
        f"{passed}= was passed without {argument}=: every request needs both keys, from the same "
        f"place. {missing} of the environment is not combined with it, as it may belong to another "
        "account. Pass both as arguments, or set both in the environment and pass neither."
    )


def test_an_environment_with_one_key_is_not_enough(
    kind: Kind, environment: pytest.MonkeyPatch
) -> None:
    """An environment with one key is an error with the missing argument and variable."""
    make, _ = kind
    environment.setenv(APP, "")
    with pytest.raises(CredentialsError, match=r"missing app_key= \(or FINERWORKS_APP_KEY\)"):
        make()


def test_an_error_about_no_keys_says_who_reads_stored_ones(kind: Kind) -> None:
    """Users who ran `finerworks login` expect that the SDK reads them, too."""
    make, _ = kind
    with pytest.raises(CredentialsError, match=r"missing web_api_key= .* and app_key=") as caught:
        make()
    assert str(caught.value).endswith(
        " Only the command reads keys that `finerworks login` stored."
    )


@pytest.mark.parametrize("wrong", [b"CANARY-1", bytearray(b"CANARY-1"), 7, ["CANARY-1"]])
@pytest.mark.parametrize("name", ["web_api_key", "app_key"])
def test_a_key_that_is_not_text_is_named_with_its_type(
    kind: Kind, name: str, wrong: object
) -> None:
    """As bytes of an environment or a file; nothing of it is in the message."""
    for make in kind:
        with pytest.raises(CredentialsError) as caught:
            make(**{**PAIR, name: wrong})
        variable = WEB if name == "web_api_key" else APP
        assert str(caught.value) == (
            f"{name}= (in place of {variable}) is of type {type(wrong).__name__}: pass a str."
        )


def test_two_arguments_replace_both_keys_of_the_environment(
    kind: Kind, environment: pytest.MonkeyPatch
) -> None:
    """If both keys are arguments, the environment is not read, even if it has a malformed key."""
    make, make_http = kind
    assert keys_of(make()) == ("web-of-environment", "app-of-environment")
    environment.setenv(WEB, "not a key")
    assert keys_of(make(web_api_key="web", app_key="app")) == ("web", "app")
    assert keys(make_http(web_api_key="web")) == ("web", None)
    assert keys(make_http(app_key="app")) == (None, "app")


@pytest.mark.parametrize("passed", ["web_api_key", "app_key"])
@pytest.mark.parametrize("source", ["the environment", "the client"])
@pytest.mark.usefixtures("environment")
def test_one_key_never_replaces_one_of_a_pair(kind: Kind, passed: str, source: str) -> None:
    """A single key never replaces one of a pair, for example if a seller's other key is None by mistake."""
    make, make_http = kind
    pair = PAIR if source == "the client" else Settings()
    kept = "app_key" if passed == "web_api_key" else "web_api_key"
    fw, http = make(**pair), make_http(**pair)
    changes: list[Callable[[], object]] = [
        lambda: fw.with_options(**one_key(passed)),
        lambda: fw.with_options(timeout=3).with_options(**one_key(passed)),
        lambda: make(http_client=http, **one_key(passed)),
    ]
    for change in changes:
        with pytest.raises(CredentialsError) as caught:
            change()
        assert str(caught.value) == (
            f"{passed}= was passed without {kept}=: it would be combined with the {kept} of "
            f"{source}, which may belong to another account. "
            "Pass both as arguments, or set both in the environment and pass neither."
        )


@pytest.mark.usefixtures("environment")
def test_two_keys_replace_a_pair(kind: Kind) -> None:
    """Two keys replace a pair, and other settings keep the keys."""
    make, make_http = kind
    for pair in (Settings(), PAIR):
        fw = make(**pair).with_options(web_api_key="web-2", app_key="app-2")
        assert keys_of(fw) == ("web-2", "app-2")
        assert keys_of(fw.with_options(timeout=3)) == ("web-2", "app-2")
        fw = make(http_client=make_http(**pair), web_api_key="web-2", app_key="app-2")
        assert keys_of(fw) == ("web-2", "app-2")
        assert keys_of(fw.with_options(base_url="https://api.test")) == ("web-2", "app-2")


def test_two_halves_that_are_passed_are_a_pair(kind: Kind, environment: pytest.MonkeyPatch) -> None:
    """One key for the HTTP client and one for FinerWorks are a pair."""
    make, make_http = kind
    fw = make(http_client=make_http(web_api_key="web"), app_key="app")
    assert keys_of(fw) == ("web", "app")
    fw = make(http_client=make_http(app_key="app"), web_api_key="web")
    assert keys_of(fw) == ("web", "app")
    with pytest.raises(CredentialsError, match="was passed without app_key="):
        make(http_client=make_http(web_api_key="web"))
    with pytest.raises(CredentialsError, match="was passed without app_key="):
        make(http_client=make_http(web_api_key="web"), web_api_key="web-2")
    environment.delenv(APP)
    with pytest.raises(CredentialsError, match="web_api_key of the environment"):
        make(http_client=make_http(), app_key="app")
    with pytest.raises(CredentialsError, match="was passed without app_key="):
        make(http_client=make_http(), web_api_key="web-2")


def test_a_client_without_keys_takes_both_later(kind: Kind) -> None:
    """An HTTP client may be created without keys, and get both from FinerWorks."""
    make, make_http = kind
    fw = make(http_client=make_http(), web_api_key="web", app_key="app")
    assert keys_of(fw) == ("web", "app")


def test_a_malformed_key_is_named_where_it_is_passed_later(kind: Kind) -> None:
    """A malformed key that is passed later raises the same error as in the constructor."""
    make, _ = kind
    fw = make(**PAIR)
    wrong_keys: list[Settings] = [
        {"web_api_key": "CANARY 1", "app_key": "a"},
        {"web_api_key": "CANARY 1"},
    ]
    for wrong in wrong_keys:
        with pytest.raises(CredentialsError, match=r"web_api_key= \(in place of") as caught:
            fw.with_options(**wrong)
        assert "CANARY" not in str(caught.value)


@pytest.mark.usefixtures("environment")
def test_half_a_pair_is_sent_nowhere() -> None:
    """An HTTP client with one key sends nothing to the origin of the keys."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=listing([]))

    with (
        HTTPClient(web_api_key="web", transport=httpx.MockTransport(answer)) as http,
        pytest.raises(CredentialsError, match="was passed without app_key="),
    ):
        http.post("/v3/list_invoices", json={})
    assert not sent
