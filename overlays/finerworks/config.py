"""The settings of a client, from arguments or else the environment, and their checks.

`Options` has the arguments of a caller. `Config` has the resulting settings. Both are frozen.
"""

import os
from dataclasses import dataclass, replace

import httpx

from finerworks.credentials import (
    Credentials,
    Secret,
    describe_setting,
    format_origin,
    origin_of,
    read_credentials,
)
from finerworks.logs import configure_logging

PRODUCTION = "https://v2.api.finerworks.com"
"""FinerWorks' production host (the help page's Node sample, and newer clients)."""

TEST = "https://test-api.finerworks.com"
"""FinerWorks' test host (the help page)."""

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names of this machine. Nobody can read requests to it on the way."""

DEFAULT_TIMEOUT = httpx.Timeout(30.0)
"""The maximum time of one attempt, in seconds."""

DEFAULT_MAX_RETRIES = 2
"""The maximum number of retries of a failed request."""

DEFAULT_MAX_BODY_BYTES = 32 * 1024 * 1024
"""The maximum size of a response, in bytes."""

_BASE_URL_VARIABLE = "FINERWORKS_BASE_URL"
_MAX_SECONDS = 1e9
_MAX_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class Options:
    """The arguments of a caller. None means "not given". `HTTPClient` describes them."""

    web_api_key: Secret | None = None
    app_key: Secret | None = None
    base_url: str | None = None
    timeout: float | httpx.Timeout | None = None
    max_retries: int | None = None
    max_body_bytes: int | None = None
    allow_insecure_http: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Config:
    """The validated settings of a client."""

    credentials: Credentials
    base_url: httpx.URL
    timeout: httpx.Timeout
    max_retries: int
    max_body_bytes: int
    allow_insecure_http: bool


def create_config(options: Options) -> Config:
    """Return the settings of a new client.

    Options that are not given come from the environment, or else from the defaults. Logging is set
    up according to `FINERWORKS_LOG`.

    Raises:
        CredentialsError: A key is malformed. A key may be missing here.
        ValueError: Another setting is out of its range.
    """
    configure_logging()
    allow_insecure_http = options.allow_insecure_http is True
    base_url = read_base_url(options.base_url, allow_insecure_http=allow_insecure_http)
    with_defaults = Config(
        credentials=read_credentials(
            origin_of(base_url), web_api_key=options.web_api_key, app_key=options.app_key
        ),
        base_url=base_url,
        timeout=DEFAULT_TIMEOUT,
        max_retries=DEFAULT_MAX_RETRIES,
        max_body_bytes=DEFAULT_MAX_BODY_BYTES,
        allow_insecure_http=allow_insecure_http,
    )
    return change_config(with_defaults, options)


def change_config(config: Config, options: Options) -> Config:
    """Return new settings: the given options replace existing settings.

    The environment is not read again, so that a later change to it cannot redirect requests.

    Raises:
        CredentialsError: A key is malformed, or was passed without the other.
        ValueError: Another setting is out of its range.
    """
    base_url = config.base_url
    credentials = config.credentials.replace_keys(
        web_api_key=options.web_api_key, app_key=options.app_key
    )
    timeout = config.timeout
    max_retries = config.max_retries
    max_body_bytes = config.max_body_bytes
    allow_insecure_http = config.allow_insecure_http
    if options.allow_insecure_http is not None:
        allow_insecure_http = options.allow_insecure_http is True
    if options.base_url is not None or options.allow_insecure_http is not None:
        address = options.base_url or str(base_url)
        base_url = read_base_url(address, allow_insecure_http=allow_insecure_http)
    if options.timeout is not None:
        timeout = check_timeout(options.timeout)
    if options.max_retries is not None:
        max_retries = check_integer("max_retries", options.max_retries, minimum=0)
    if options.max_body_bytes is not None:
        max_body_bytes = check_integer("max_body_bytes", options.max_body_bytes, minimum=1)
    return Config(
        credentials=replace(credentials, origin=origin_of(base_url)),
        base_url=base_url,
        timeout=timeout,
        max_retries=max_retries,
        max_body_bytes=max_body_bytes,
        allow_insecure_http=allow_insecure_http,
    )


def read_base_url(value: str | None, *, allow_insecure_http: bool) -> httpx.URL:
    """Return a base URL that is only an origin.

    Args:
        value: The URL. None: read `FINERWORKS_BASE_URL`, else use `PRODUCTION`.
        allow_insecure_http: Whether plain http may leave this machine, where others can read
            the keys.

    Raises:
        ValueError: It is not an origin, or not allowed. The message says why.
    """
    setting = describe_setting("base_url", _BASE_URL_VARIABLE, value)
    if value is None:
        value = os.environ.get(_BASE_URL_VARIABLE) or PRODUCTION
    return check_base_url(setting, value, allow_insecure_http=allow_insecure_http)


def check_base_url(
    setting: str,
    value: str,
    *,
    allow_insecure_http: bool,
    insecure_advice: str = "use https://, or allow it with allow_insecure_http=True",
) -> httpx.URL:
    """Return a base URL that is an allowed origin.

    Args:
        setting: The name of the setting in an error.
        value: The URL.
        allow_insecure_http: Whether plain http may leave this machine.
        insecure_advice: The advice in an error about plain http.

    Raises:
        ValueError: It is not an origin, or not allowed. The message says why.
    """
    url = _parse_url(value)
    if url is None:
        raise ValueError(
            f"{setting} is not an http:// or https:// address, for example {PRODUCTION}"
        )
    if url.userinfo or url.raw_path != b"/" or url.fragment:
        # If the path contains an @, the apparent host may be a user name and half a password.
        has_host = b"@" not in url.raw_path and "@" not in url.fragment
        origin = format_origin(url) if has_host else f"an origin, for example {PRODUCTION}"
        raise ValueError(f"{setting} contains credentials, a path or a query: pass only {origin}")
    if url.scheme == "http" and not allow_insecure_http and url.host not in LOOPBACK_HOSTS:
        raise ValueError(f"{setting} would send the keys unencrypted: {insecure_advice}")
    return url


def _parse_url(text: str) -> httpx.URL | None:
    """Return an absolute http or https URL, or None if the text is not one."""
    try:
        url = httpx.URL(text)
        url.host.encode("idna")
    except (httpx.InvalidURL, TypeError, UnicodeError):
        return None
    if url.scheme not in ("http", "https") or not url.host:
        return None
    if url.port is not None and not 0 < url.port <= _MAX_PORT:
        return None
    return url


def check_timeout(value: float | httpx.Timeout) -> httpx.Timeout:
    """Return a timeout in seconds as an `httpx.Timeout`; an `httpx.Timeout` stays as it is.

    Raises:
        ValueError: It is not a number above 0 and below 1e9.
    """
    if isinstance(value, httpx.Timeout):
        return value
    is_number = type(value) in (int, float)
    if not is_number or not 0 < value < _MAX_SECONDS:
        raise ValueError(
            f"timeout= must be a number of seconds above 0 and below 1e9, not {value!r}"
        )
    return httpx.Timeout(value)


def check_integer(name: str, value: int, *, minimum: int, maximum: int | None = None) -> int:
    """Return an argument that is an integer within its range.

    Raises:
        ValueError: It is not an integer within its range. The message names the argument.
    """
    expected = f"an integer of at least {minimum}"
    if maximum is not None:
        expected = f"an integer from {minimum} to {maximum}"
    if type(value) is not int or value < minimum:
        raise ValueError(f"{name}= must be {expected}, not {value!r}")
    if maximum is not None and value > maximum:
        raise ValueError(f"{name}= must be {expected}, not {value!r}")
    return value


def check_boolean(name: str, value: bool) -> bool:  # noqa: FBT001 - it is the value to check
    """Return an argument that is True or False.

    Raises:
        ValueError: It is neither. The message names the argument.
    """
    if type(value) is not bool:
        raise ValueError(f"{name}= must be True or False, not {value!r}")
    return value
