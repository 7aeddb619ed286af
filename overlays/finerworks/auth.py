"""The two keys and the account: where they come from, and where they may go."""

import functools
import os
import re
from collections.abc import Callable, Generator

import httpx

from finerworks.errors import MAX_BODY, CredentialsError

VARIABLES = {"web_api_key": "FINERWORKS_WEB_API_KEY", "app_key": "FINERWORKS_APP_KEY"}
"""The environment variable of each key. The keys' names are those of their headers too."""


class Secret(str):
    """A key that does not show itself: as a local of a traceback, in a list or in a model it is ``[key]``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "[key]"


def hide(value: object) -> Secret | None:
    """Make a key of an argument; of what is no text, one that `read_key` refuses."""
    return None if value is None else Secret(str.__str__(value) if isinstance(value, str) else " ")


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Give scheme, host and port: what two URLs must share for keys to go to both."""
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def shown(url: httpx.URL) -> str:
    """Write a URL's origin for people, without credentials, path or query."""
    return str(url.copy_with(userinfo=b"", raw_path=b"", fragment=None)).rstrip("/")


class KeyAuth(httpx.Auth):
    """Puts both keys on a request, if it goes to the one origin that they are for.

    Keys are not client headers: those go along wherever a client sends. A request to another
    origin leaves without them.

    Args:
        url: The origin that the keys are for.
        keys: Each key by its name; None where it is missing.
    """

    def __init__(self, url: httpx.URL, **keys: Secret | None) -> None:
        self.origin, self._keys = origin(url), keys

    @functools.cached_property
    def _replace(self) -> Callable[[str, str], str]:
        # A shorter key, a test's perhaps, is left: to take it out of a server's words would take the words apart.
        secrets = sorted(
            (key for key in self._keys.values() if key and len(key) >= 6), key=len, reverse=True
        )
        return re.compile("|".join(map(_spelled, secrets)) or "(?!)", re.IGNORECASE).sub

    def require(self) -> dict[str, Secret]:
        """Give both keys.

        Raises:
            CredentialsError: One is missing. The message names its argument and its variable.
        """
        missing = " and ".join(
            f"{name}= (or {VARIABLES[name]})" for name, key in self._keys.items() if not key
        )
        if missing:
            told = "every request needs both keys. Pass them as arguments or set them in the environment"
            raise CredentialsError(f"missing {missing}: {told}")
        return {name: key for name, key in self._keys.items() if key}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add both keys to a request to their own origin. httpx calls this."""
        if origin(request.url) == self.origin:
            for name, key in self.require().items():
                request.headers[name] = key
        yield request

    def redact(self, text: str) -> str:
        """Take the keys out of a text that the server sent, should it have echoed them.

        The end of a long text goes too: it may have been cut, and with it a key.
        """
        return self._replace("[key]", text)[: -1000 if len(text) > MAX_BODY else None]


def _spelled(key: str) -> str:
    """Give a pattern for a key as it is, and as JSON, JavaScript, HTML or a URL may write its characters."""
    ways = r"(?:\\{{0,4}}{0}|\\{{1,4}}(?:u00|x){1:02x}|%(?:25)*{1:02x}|&#?\w+;)"
    # Backslashes in a row are one pattern: each by itself could be read in more ways than can be tried.
    return "".join(
        r"\\+" if it == "\\" else ways.format(re.escape(it), ord(it))
        for it in re.sub(r"\\+", r"\\", key)
    )


def named(argument: str, variable: str, value: object) -> str:
    """Name a setting in an error: its argument and its variable, and which of them was used."""
    return f"{argument}= ({f'from {variable}' if value is None else f'in place of {variable}'})"


def read_key(name: str, value: object) -> Secret | None:
    """Take a key from its argument or the environment, and check that it can be a header.

    Raises:
        CredentialsError: It cannot. The key is not shown.
    """
    key = hide(os.environ.get(VARIABLES[name]) or None if value is None else value)
    if key is None or (key and key.isascii() and key.isprintable() and " " not in key):
        return key
    told = "has a character that no key has, such as a space or a line break" if key else "is empty"
    raise CredentialsError(
        f"{named(name, VARIABLES[name], value)} {told}: copy the key again, with nothing around it"
    )


def read_account_key(value: str | None) -> Secret:
    """Give whose data to read: the argument, else `FINERWORKS_ACCOUNT_KEY`, else an empty `Secret`: one's own.

    Raises:
        ValueError: The argument is blank, as when a seller has no key on record. The server would
            take that for one's own account, and answer with the wrong seller's money.
    """
    account = hide(os.environ.get("FINERWORKS_ACCOUNT_KEY") if value is None else value) or Secret()
    if not account.strip() and (account or not isinstance(value, Secret | None)):
        told = "is blank, or no text: give the account's key, or leave it out for your own"
        raise ValueError(f"{named('account_key', 'FINERWORKS_ACCOUNT_KEY', value)} {told}")
    return account
