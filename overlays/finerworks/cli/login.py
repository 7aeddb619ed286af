"""`finerworks login`, `logout` and `whoami`: keys that are stored under the name of a profile."""

import getpass
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import typer

from finerworks import PRODUCTION, FinerWorks
from finerworks.cli.env_file import STANDARD_INPUT, read_env_file
from finerworks.cli.identity import Identity
from finerworks.cli.ignored import ROWS, warn_if_ignored
from finerworks.cli.options import WrongUsageError
from finerworks.cli.profiles import Profile, chosen_name, known_profiles, profile_text
from finerworks.cli.results import Results
from finerworks.cli.session import connect, identity_of, keys_of
from finerworks.cli.settings import Settings, keys_in_environment, value_error_as_wrong_usage
from finerworks.cli.stores import Store
from finerworks.cli.variables import ACCOUNT_KEY, APP_KEY, BASE_URL, WEB_API_KEY
from finerworks.config import check_base_url
from finerworks.credentials import Secret, check_key
from finerworks.errors import CredentialsError

__all__ = ["StoreName", "log_in", "log_out", "who_am_i"]

StoreName = Literal["keyring", "file"]

SHOWN = 4
"""The number of characters that are shown at the end of a key."""

MIN_MASKED_LENGTH = 16
"""The minimum length of a key that is partly shown."""

SANDBOX_PREFIX = "sandbox-"
"""How the keys of the sandbox begin."""


@dataclass(frozen=True, kw_only=True)
class _Keys:
    """The keys and settings to store."""

    web_api_key: Secret
    app_key: Secret
    account_key: Secret
    base_url: str
    keys_from: str


def log_in(
    context: typer.Context,
    *,
    profile_option: str | None,
    store_name: StoreName,
    env_file: Path | None,
    account_option: str | None,
    allow_input: bool,
) -> None:
    """Read keys, check them at their host, and store them.

    Args:
        context: The command.
        profile_option: The name of the profile. None: that of the environment, or the default one.
        store_name: Where to store the keys.
        env_file: A file with the keys. None: ask for them, or read standard input if that is not a
            terminal.
        account_option: The account to read with the profile. None: what the file says.
        allow_input: Whether to ask.

    Raises:
        StoreError: The keys cannot be stored. If possible, this is detected before the user types
            them.
        WrongUsageError: The keys are those of a sandbox, and the host is not.
        FinerWorksError: The host rejected the keys, or cannot be reached. Nothing was stored.
    """
    profile = Profile(chosen_name(profile_option))
    store: Store = profile.keyring if store_name == "keyring" else profile.file
    store.check()
    keys = _read_keys(env_file, account_option, allow_input=allow_input)
    _refuse_sandbox_keys(keys)
    text = profile_text(
        web_api_key=keys.web_api_key,
        app_key=keys.app_key,
        account_key=keys.account_key,
        base_url=keys.base_url,
    )
    _check_keys(context, keys)
    others = [other for other in profile.stores() if other.place != store.place]
    store.save(text)
    for other in others:
        other.delete()
    _say(f"The keys are accepted, and stored as profile '{profile.name}' in {store.place}")
    _warn_about_environment(keys.base_url)


def _refuse_sandbox_keys(keys: _Keys) -> None:
    """Refuse to send keys of a sandbox to FinerWorks, which would only reject them.

    Raises:
        WrongUsageError: They would be.
    """
    are_of_sandbox = any(key.startswith(SANDBOX_PREFIX) for key in (keys.web_api_key, keys.app_key))
    if are_of_sandbox and keys.base_url == PRODUCTION:
        raise WrongUsageError(
            f"the keys {keys.keys_from} are those of a sandbox, and the host is {PRODUCTION}: set "
            f"{BASE_URL} to the address that the sandbox printed"
        )


def _check_keys(context: typer.Context, keys: _Keys) -> None:
    """Send a request with the keys, and warn if the account key appears to be ignored.

    Raises:
        FinerWorksError: The host rejected the keys, or cannot be reached.
    """
    settings = Settings(
        web_api_key=keys.web_api_key,
        app_key=keys.app_key,
        base_url=keys.base_url,
        keys_from=keys.keys_from,
        account_key=keys.account_key,
        account_from="the login",
    )
    _say(f"Checking the keys at {keys.base_url}")
    with connect(context, settings) as fw:
        page = fw.invoices.page(per_page=ROWS)
        if keys.account_key:
            total_count = page.total_count if isinstance(page.total_count, int) else None
            warn_if_ignored(fw, page.invoices or [], total_count)


def _read_keys(env_file: Path | None, account_option: str | None, *, allow_input: bool) -> _Keys:
    """Return the keys of a file, of standard input, or of the user."""
    if env_file is None and not sys.stdin.isatty():
        env_file = STANDARD_INPUT
    if env_file is None:
        if not allow_input:
            raise WrongUsageError("--no-input: name a file with the keys by --env-file")
        web_api_key = _ask("web_api_key", WEB_API_KEY)
        app_key = _ask("app_key", APP_KEY)
        return _Keys(
            web_api_key=web_api_key,
            app_key=app_key,
            account_key=Secret(account_option or ""),
            base_url=_base_url(None),
            keys_from="that you typed",
        )
    file = read_env_file(env_file)
    account_key = Secret(account_option) if account_option else file.account_key
    return _Keys(
        web_api_key=file.web_api_key,
        app_key=file.app_key,
        account_key=account_key or Secret(),
        base_url=_base_url(file.base_url),
        keys_from=f"in {file.place}",
    )


def _ask(name: str, variable: str) -> Secret:
    """Ask for a key on the terminal, without showing it.

    Raises:
        WrongUsageError: The terminal cannot hide what is typed.
        CredentialsError: The text cannot be a key.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            key = Secret(getpass.getpass(f"{name}: ").strip())
        except getpass.GetPassWarning:
            raise WrongUsageError(
                "this terminal would show the keys: use --env-file instead"
            ) from None
        except EOFError:
            raise CredentialsError("the input ended before both keys were typed") from None
    check_key(variable, key)
    return key


def _base_url(of_file: str | None) -> str:
    """Return the host of the keys: from the file, the environment, or the default.

    Raises:
        WrongUsageError: It cannot be used.
    """
    base_url = of_file
    if base_url is None:
        base_url = os.environ.get(BASE_URL)
    with value_error_as_wrong_usage():
        url = check_base_url(
            BASE_URL,
            base_url or PRODUCTION,
            allow_insecure_http=False,
            insecure_advice="use https://",
        )
    return str(url).rstrip("/")


def _warn_about_environment(base_url: str) -> None:
    """Warn about variables that take precedence over a profile, or conflict with one."""
    keys = keys_in_environment()
    others = [name for name in (ACCOUNT_KEY, BASE_URL) if os.environ.get(name)]
    if BASE_URL in others and _base_url(None) == base_url:
        others.remove(BASE_URL)
    if keys:
        _say(
            f"finerworks: warning: the environment still sets {' and '.join(keys)}: commands use "
            "these keys, not those of a profile. To use the profile, unset them:"
        )
    elif others:
        _say(
            f"finerworks: warning: the environment sets {' and '.join(others)}, which commands do "
            "not combine with the keys of a profile. To use the profile, unset them:"
        )
    if keys or others:
        _say(_unset_command([*keys, *others]))


def _unset_command(variables: Sequence[str]) -> str:
    """Return the command that removes variables from the environment of the user's shell."""
    if os.name == "nt":
        return f"Remove-Item {', '.join(f'Env:{name}' for name in variables)}"
    return f"unset {' '.join(variables)}"


def log_out(profile_option: str | None) -> None:
    """Remove the keys of a profile. It is not an error if there are none.

    Raises:
        StoreError: They cannot be removed.
    """
    profile = Profile(chosen_name(profile_option))
    stores = profile.stores()
    for store in stores:
        store.delete()
        _say(f"The keys of profile '{profile.name}' are removed from {store.place}")
    if not stores:
        _say(f"No keys are stored as profile '{profile.name}'")
    keys = keys_in_environment()
    if keys:
        _say(
            f"finerworks: warning: the environment still sets {' and '.join(keys)}, which commands "
            "use. To remove them there:"
        )
        _say(_unset_command(keys))


def who_am_i(context: typer.Context, settings: Settings, *, as_json: bool, check: bool) -> None:
    """Print the host, the account, and where the keys come from. No key is shown completely.

    Args:
        context: The command.
        settings: The settings of a client.
        as_json: Whether to print JSON.
        check: Whether to send a request, to see if the host accepts the keys.
    """
    results = Results(as_json=as_json, width=len("web_api_key"))
    with connect(context, settings) as fw:
        identity = identity_of(fw, settings)
        _add_identity(results, identity)
        if settings.profile is not None:
            stored_in = Profile(settings.profile).stores()[0].place
            results.add("stored in", stored_in, {"stored_in": stored_in})
        _add_keys(results, fw)
        profiles = known_profiles()
        if profiles:
            results.add("profiles", ", ".join(profiles), {"profiles": profiles})
        if check:
            fw.invoices.page(per_page=1)
            results.add("check", "the host accepts the keys", {"accepted": True})
    results.finish()


def _add_identity(results: Results, identity: Identity) -> None:
    results.add("host", identity.host, {"host": identity.host})
    members = {
        "account_key": identity.account_key or None,
        "account_from": identity.account_from if identity.account_key else None,
    }
    account = identity.account
    if not identity.account_key:
        account += ", which the API does not name"
    results.add("account", account, members)
    results.add("keys", f"those {identity.keys_from}", {"keys_from": identity.keys_from})


def _add_keys(results: Results, fw: FinerWorks) -> None:
    web_api_key, app_key = keys_of(fw)
    for name, key in (("web_api_key", web_api_key), ("app_key", app_key)):
        masked = _masked(key)
        text = f"{masked}{'' if _has_visible_end(key) else ' (too short to show its end)'}"
        results.add(name, text, {name: masked})


def _masked(key: Secret) -> str:
    """Return a key with everything hidden but its end, if it is long enough."""
    return f"****{key[-SHOWN:]}" if _has_visible_end(key) else "****"


def _has_visible_end(key: Secret) -> bool:
    return len(key) >= MIN_MASKED_LENGTH


def _say(text: str) -> None:
    typer.echo(text, err=True)
