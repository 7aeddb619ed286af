"""The two keys and the account: where they come from, how they are hidden, and where they go.

The account is not a secret. A `repr` hides it, but it is not removed from the server's text.
"""

import dataclasses
import functools
import os
import re
from typing import Self

import httpx

from finerworks.errors import MAX_BODY, AuthenticationError, CredentialsError

KEY_VARIABLES = {"web_api_key": "FINERWORKS_WEB_API_KEY", "app_key": "FINERWORKS_APP_KEY"}
"""The environment variable of each key. A key's name is also the name of its header."""

ACCOUNT_VARIABLE = "FINERWORKS_ACCOUNT_KEY"
"""The environment variable of the account to read."""

_SAME_PLACE = "Pass both as arguments, or set both in the environment and pass neither"

MIN_REDACTED_LENGTH = 6
"""Shorter keys, such as those in tests, are not redacted, because that would garble ordinary
words."""

MAX_SPELLED_KEY = 1_000
"""The maximum length of an escaped key that may be cut off at the end of a text, in characters."""


class Secret(str):
    """A key with the `repr` ``[key]``, which hides it in a traceback with local variables."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "[key]"


class NotText(Secret):
    """Stands for an argument that is not text: it is blank, and only the type is kept.

    Showing the value in an error message could show a key.

    Args:
        value: The argument.

    Attributes:
        kind: The name of its type.
    """

    __slots__ = ("kind",)

    kind: str

    def __new__(cls, value: object) -> Self:
        """Return a blank text with the type of a value."""
        secret = super().__new__(cls, " ")
        secret.kind = type(value).__name__
        return secret


def hide(value: object) -> Secret | None:
    """Return an argument as a `Secret`; None stays None.

    A value that is not text becomes a `NotText`, which `check_key` rejects: an error message with
    the value could show a key.
    """
    if value is None or isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(str.__str__(value))  # the value of a `str` enumeration, not its name
    return NotText(value)


Origin = tuple[str, str, int | None]
"""Scheme, host and port. The keys go only to URLs with the same ones."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: httpx.URL) -> Origin:
    """Return the origin of a URL."""
    port = url.port or _DEFAULT_PORTS.get(url.scheme)
    return url.scheme, url.host, port


def format_origin(url: httpx.URL) -> str:
    """Return a URL's origin as text, without credentials, path and query."""
    origin = url.copy_with(userinfo=b"", raw_path=b"", fragment=None)
    return str(origin).rstrip("/")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Credentials:
    """Both keys, and the only origin that receives them.

    The keys are not headers of a client, because those are sent with every request. A request to
    another origin is sent without the keys.

    Both keys come from arguments, or both come from the environment. One of each might belong to
    different accounts.
    """

    origin: Origin
    web_api_key: Secret | None
    app_key: Secret | None
    from_environment: bool
    """Whether the environment was read, because no key was passed as an argument."""

    def require(self) -> tuple[Secret, Secret]:
        """Return the two keys, ``web_api_key`` first.

        Raises:
            CredentialsError: A key is missing. The message names its argument and variable.
        """
        if self.web_api_key and self.app_key:
            return self.web_api_key, self.app_key
        present = [name for name in KEY_VARIABLES if getattr(self, name)]
        missing = [name for name in KEY_VARIABLES if name not in present]
        if present and not self.from_environment:
            variable = KEY_VARIABLES[missing[0]]
            raise CredentialsError(
                f"{present[0]}= was passed without {missing[0]}=: every request needs both keys, "
                f"from the same place. {variable} of the environment is not combined with it, as "
                f"it may belong to another account. {_SAME_PLACE}"
            )
        names = " and ".join(f"{name}= (or {KEY_VARIABLES[name]})" for name in missing)
        error = CredentialsError(
            f"missing {names}: every request needs both keys, from the same place. {_SAME_PLACE}"
        )
        if not present:
            error.hint = "Only the command reads keys that `finerworks login` stored."
        raise error

    def replace_keys(self, *, web_api_key: Secret | None, app_key: Secret | None) -> "Credentials":
        """Return these credentials with the keys that a caller passed, if any.

        A single key completes a pair if the other key was passed before. It is never combined with
        a key from the environment, and never replaces one key of a complete pair.

        Raises:
            CredentialsError: A key is malformed, or would be combined with one from another place.
        """
        if web_api_key is None and app_key is None:
            return self
        passed = read_credentials(self.origin, web_api_key=web_api_key, app_key=app_key)
        combined = dataclasses.replace(
            passed,
            web_api_key=passed.web_api_key or self.web_api_key,
            app_key=passed.app_key or self.app_key,
        )
        if combined == passed:
            return passed
        is_complete = self.web_api_key is not None and self.app_key is not None
        if self.from_environment or is_complete:
            passed_name, kept_name = "web_api_key", "app_key"
            if web_api_key is None:
                passed_name, kept_name = kept_name, passed_name
            place = "the environment" if self.from_environment else "the client"
            raise CredentialsError(
                f"{passed_name}= was passed without {kept_name}=: it would be combined with the "
                f"{kept_name} of {place}, which may belong to another account. {_SAME_PLACE}"
            )
        return combined

    def add_to(self, request: httpx.Request) -> None:
        """Add both keys to a request if it goes to their origin.

        Raises:
            CredentialsError: A key is missing.
        """
        if origin_of(request.url) != self.origin:
            return
        web_api_key, app_key = self.require()
        request.headers["web_api_key"] = web_api_key
        request.headers["app_key"] = app_key

    def explain_refusal(self, error: AuthenticationError, url: httpx.URL) -> None:
        """Add to the error for refused keys which host it was, and what can be seen of the keys.

        Args:
            error: The error.
            url: The URL of the request.
        """
        host = format_origin(url)
        if origin_of(url) != self.origin:
            error.diagnosis = "No keys were sent to this host."
            error.hint = f"{error.diagnosis} They are only for the host of base_url=."
            return
        error.message = f"the keys were refused: {error.message}"
        error.diagnosis = " ".join([error.diagnosis, *self._visible_problems()])
        error.hint = (
            f"{error.diagnosis} Check that web_api_key= (FINERWORKS_WEB_API_KEY) and "
            f"app_key= (FINERWORKS_APP_KEY) are both for {host}."
        )

    def _visible_problems(self) -> list[str]:
        """Return what is probably wrong with the keys, in sentences that show no part of them."""
        problems = list[str]()
        if self.web_api_key == self.app_key:
            problems.append("Both keys are equal.")
        for name, key in (("web_api_key", self.web_api_key), ("app_key", self.app_key)):
            if key and _QUOTED.fullmatch(key):
                problems.append(f"The {name} begins and ends with a quotation mark.")
        return problems

    def redact(self, text: str) -> str:
        """Return a text from the server without the keys, in case the server echoed them.

        The end of a long text is removed, too, because it may have been cut in the middle of a key.
        """
        pattern = _pattern_of(self.web_api_key, self.app_key)
        redacted = pattern.sub("[key]", text)
        if len(text) > MAX_BODY:
            return redacted[:-MAX_SPELLED_KEY]
        return redacted


_QUOTED = re.compile(r"""(["'`]).*\1""")
"""A key with the quotation marks of a shell or a file around it."""

_BACKSLASHES = r"(?:\\(?:(?:u00|x)5c)?|%(?:25)*5c|&#?\w+;)+"
"""One or more backslashes, escaped in any way."""

_NO_BACKSLASH_BEFORE = r"(?<!\\)(?<!\\u005c)(?<!\\x5c)(?<!%5c)(?<!%255c)"
"""The beginning of several backslashes. If a match could begin at each of them, its time would grow
with the square of their number."""


# Its cache has no lock, which a forked process could inherit locked.
@functools.lru_cache(maxsize=8)
def _pattern_of(*keys: Secret | None) -> re.Pattern[str]:
    """Return a pattern for the keys, however they are escaped."""
    long_enough = [key for key in keys if key and len(key) >= MIN_REDACTED_LENGTH]
    longest_first = sorted(long_enough, key=len, reverse=True)  # one may begin with the other
    never = "(?!)"
    return re.compile("|".join(map(_key_pattern, longest_first)) or never, re.IGNORECASE)


def _key_pattern(key: str) -> str:
    """Return a pattern for a key, however JSON, JavaScript, HTML or a URL escape its characters."""
    # Consecutive backslashes are one pattern: separately, they could match in exponentially
    # many ways.
    single_backslashes = re.sub(r"\\+", r"\\", key)
    pattern = "".join(_character_pattern(character) for character in single_backslashes)
    if key.startswith("\\"):
        return _NO_BACKSLASH_BEFORE + pattern
    return pattern


def _character_pattern(character: str) -> str:
    if character == "\\":
        return _BACKSLASHES
    code = f"{ord(character):02x}"
    plain = rf"\\{{0,4}}{re.escape(character)}"
    escaped = rf"\\{{1,4}}(?:u00|x){code}"
    in_url = rf"%(?:25)*{code}"
    in_html = r"&#?\w+;"
    return f"(?:{plain}|{escaped}|{in_url}|{in_html})"


def describe_setting(argument: str, variable: str, value: object) -> str:
    """Return a setting's name in errors: its argument and variable, and which one was used."""
    if value is None:
        return f"{argument}= (from {variable})"
    return f"{argument}= (in place of {variable})"


def read_credentials(
    origin: Origin, *, web_api_key: Secret | None, app_key: Secret | None
) -> Credentials:
    """Return both keys from the arguments or, if neither was passed, from the environment.

    A key may be missing in the result. The environment never completes an argument.

    Raises:
        CredentialsError: A key cannot be sent as a header. The message does not show the key.
    """
    from_environment = web_api_key is None and app_key is None
    return Credentials(
        origin=origin,
        web_api_key=_read_key("web_api_key", web_api_key, from_environment=from_environment),
        app_key=_read_key("app_key", app_key, from_environment=from_environment),
        from_environment=from_environment,
    )


def _read_key(name: str, argument: Secret | None, *, from_environment: bool) -> Secret | None:
    """Return a checked key. An empty environment variable counts as unset."""
    variable = KEY_VARIABLES[name]
    key = argument
    if from_environment:
        key = hide(os.environ.get(variable) or None)
    if key is None:
        return None
    check_key(describe_setting(name, variable, argument), key)
    return key


def check_key(setting: str, key: Secret) -> None:
    """Check that a key can be sent as a header.

    Args:
        setting: The name of the key in the error.
        key: The key.

    Raises:
        CredentialsError: The key cannot be sent. The message does not show it.
    """
    if isinstance(key, NotText):
        raise CredentialsError(f"{setting} is of type {key.kind}: pass a str")
    advice = "copy the key again, with nothing around it"
    if not key:
        raise CredentialsError(f"{setting} is empty: {advice}")
    is_visible = key.isascii() and key.isprintable()
    if not is_visible or " " in key:
        raise CredentialsError(
            f"{setting} contains a character that no key has, "
            f"such as a space or a line break: {advice}"
        )


def read_account_key(value: str | None) -> Secret:
    """Return the account to read, from its argument or else from `FINERWORKS_ACCOUNT_KEY`.

    Returns:
        The account's key. Empty: the account that the two keys belong to.

    Raises:
        ValueError: The key is blank, for example because a seller has no key in your records.
            FinerWorks would return your own account, and you would read the wrong invoices.
    """
    if value is None:
        account_key = Secret(os.environ.get(ACCOUNT_VARIABLE, ""))
        own_account = not account_key
    else:
        account_key = hide(value) or Secret()
        # An empty `str` is a mistake of the caller. An empty `Secret` has been checked before: it
        # comes from `with_options`, and means your own account.
        own_account = isinstance(value, Secret) and not value
    if not account_key.strip() and not own_account:
        setting = describe_setting("account_key", ACCOUNT_VARIABLE, value)
        raise ValueError(
            f"{setting} is blank or not text: "
            "pass the account's key, or leave it out to read your own account"
        )
    return account_key
