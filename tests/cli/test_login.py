"""`finerworks login`, `logout` and `whoami`: where keys are stored, and which ones are used."""

import json
import os
import pty
import select
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from commands import COMMAND, Ended, environment
from finerworks.cli.options import WrongUsageError
from finerworks.cli.profiles import Profile, chosen_name, profile_text
from finerworks.cli.stores import FileStore
from finerworks.credentials import Secret
from finerworks.errors import CredentialsError
from finerworks.sandbox import ORDINARY_APP_KEY, ORDINARY_WEB_API_KEY, Sandbox

SUPPORT = Path(__file__).parents[1] / "support"
WRONG = {
    "FINERWORKS_WEB_API_KEY": "canary-of-the-web-key",
    "FINERWORKS_APP_KEY": "canary-of-the-app-key",
}
"""Keys that every host rejects, and that no output may contain."""


class Home:
    """A user with a configuration folder and a keyring, both empty at first."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.keyring_file = folder / "keyring.json"
        self.more = dict[str, str]()

    def variables(self, **known: str) -> dict[str, str]:
        """Return the environment of a command, without keys."""
        return environment(
            {
                "XDG_CONFIG_HOME": str(self.folder / "config"),
                "TEST_KEYRING": str(self.keyring_file),
                "PYTHON_KEYRING_BACKEND": "file_keyring.FileKeyring",
                "PYTHONPATH": str(SUPPORT),
                **self.more,
                **known,
            }
        )

    def run(self, *arguments: str, text: str = "", **known: str) -> Ended:
        """Run the command with a text in its standard input."""
        done = subprocess.run(
            [COMMAND, *arguments],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=self.variables(**known),
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def login(self, *arguments: str, **known: str) -> Ended:
        """Log in with the sandbox's keys in standard input."""
        return self.login_with({}, *arguments, **known)

    def login_with(self, others: Mapping[str, str], *arguments: str, **known: str) -> Ended:
        """Log in with other keys, or for another host."""
        values = {**self.sandbox.env, **others}
        text = "".join(f"{name}={value}\n" for name, value in values.items())
        return self.run("login", *arguments, text=text, **known)

    def file(self, profile: str = "default", suffix: str = ".env") -> Path:
        """Return the path of a profile's file."""
        return self.folder / "config" / "finerworks" / "profiles" / f"{profile}{suffix}"

    @property
    def everything(self) -> str:
        """The text of all files of this user."""
        paths = [path for path in self.folder.rglob("*") if path.is_file()]
        return "".join(path.read_text("utf-8") for path in paths)


@pytest.fixture
def home(tmp_path: Path, sandbox: Sandbox) -> Home:
    """Return a user."""
    return Home(tmp_path, sandbox)


def mode(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_go_into_a_private_file(home: Home) -> None:
    """Keys are stored in a file that others cannot read. Its path is printed, and commands use it."""
    done = home.login("--store", "file")
    assert (done.status, done.out) == (0, "")
    assert f"stored as profile 'default' in the file {home.file()}" in done.err
    assert mode(home.file()) == 0o600
    assert mode(home.file().parent) == mode(home.file().parent.parent) == 0o700
    assert not home.keyring_file.exists()
    listed = home.run("invoices", "list")
    assert (listed.status, "250 invoices" in listed.out) == (0, True)
    assert listed.err == (
        f"Host {home.sandbox.base_url}, account: the owner of the keys in profile 'default'\n"
    )


def test_a_file_that_others_can_read_becomes_private(home: Home) -> None:
    """Commands warn about a readable file, and the next login replaces it."""
    home.login("--store", "file")
    home.file().chmod(0o644)
    home.file().parent.chmod(0o755)
    warned = home.run("check")
    assert (warned.status, f"run chmod 600 '{home.file()}'" in warned.err) == (0, True)
    home.login("--store", "file")
    assert (mode(home.file()), mode(home.file().parent)) == (0o600, 0o700)
    assert home.run("check").err == ""
    assert [path.name for path in home.file().parent.iterdir()] == ["default.env"]


def test_a_file_is_private_whatever_the_umask_is(home: Home) -> None:
    """The file is private with any umask, even while it is written."""
    previous = os.umask(0)
    try:
        home.login("--store", "file")
    finally:
        os.umask(previous)
    assert (mode(home.file()), mode(home.file().parent)) == (0o600, 0o700)


def test_keys_go_into_the_keyring(home: Home) -> None:
    """The keyring stores both keys in one entry, which commands use. No file contains them."""
    done = home.login()
    assert (done.status, done.out) == (0, "")
    assert "stored as profile 'default' in the system's keyring" in done.err
    (entry,) = json.loads(home.keyring_file.read_text("utf-8")).items()
    assert entry[0] == "finerworks/default"
    assert all(key in entry[1] for key in (Sandbox.web_api_key, Sandbox.app_key))
    note = home.file(suffix=".keyring")
    assert (mode(note), Sandbox.app_key in note.read_text("utf-8")) == (0o600, False)
    assert not home.file().exists()
    assert "invoices  250" in home.run("check").out


def test_the_keyring_is_asked_only_for_what_is_in_it(home: Home) -> None:
    """Commands that use no stored keys do not access the keyring."""
    hanging = {"PYTHON_KEYRING_BACKEND": "file_keyring.HangingKeyring"}
    assert home.run("check", **hanging).status == 3
    assert home.login("--store", "file", **hanging).status == 0
    assert home.run("check", **hanging).status == 0


@pytest.mark.parametrize(
    ("backend", "reason"),
    [
        ("keyring.backends.null.Keyring", "the keyring did not keep the keys"),
        ("keyring.backends.fail.Keyring", "cannot use the system's keyring: this system has none"),
        (
            "file_keyring.FailingKeyring",
            "cannot use the system's keyring: it failed with KeyringError",
        ),
        ("no_such_module.Keyring", "cannot use the system's keyring: it failed with "),
    ],
)
def test_a_keyring_that_does_not_work_is_an_error(backend: str, reason: str, home: Home) -> None:
    """If the keyring fails, nothing is stored, and the message says how to choose a file."""
    done = home.login(PYTHON_KEYRING_BACKEND=backend)
    assert (done.status, done.out) == (1, "")
    assert reason in done.err
    assert "--store file" in done.err
    assert Sandbox.app_key not in done.err + home.everything
    assert "there is no profile" in home.run("whoami", "--profile", "default").err


def test_a_keyring_that_hangs_is_left_after_a_time_limit(home: Home) -> None:
    """A keyring that hangs, as D-Bus may, is an error after a time limit."""
    (home.folder / "sitecustomize.py").write_text(
        "import finerworks.cli.stores as stores\nstores.TIME_LIMIT = 0.2\n"
    )
    path = os.pathsep.join([str(home.folder), str(SUPPORT)])
    hanging = {"PYTHON_KEYRING_BACKEND": "file_keyring.HangingKeyring", "PYTHONPATH": path}
    done = home.login(**hanging)
    assert (done.status, "the keyring did not respond within" in done.err) == (1, True)


def test_without_the_package_it_says_what_to_install(home: Home) -> None:
    """If the package is missing, the message says what to install, before the keys are read."""
    program = "import sys; sys.modules['keyring'] = None\nfrom finerworks.cli import main\nsys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "login"],
        input="not read",
        capture_output=True,
        text=True,
        check=False,
        env=home.variables(),
    )
    assert done.returncode == 2
    assert "the keyring needs the package keyring: install it with" in done.stderr
    assert "'keyring<26,>=25'" in done.stderr


def test_the_help_imports_no_keyring() -> None:
    """Neither the help nor a command with keys in the environment imports the keyring."""
    command = [sys.executable, "-X", "importtime", "-m", "finerworks", "login", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {"keyring", "httpx", "getpass"}


@pytest.mark.parametrize("store", ["file", "keyring"])
def test_rejected_keys_are_not_stored(store: str, home: Home) -> None:
    """Rejected keys are not stored, and do not replace stored ones."""
    home.login("--store", store)
    before = home.everything
    done = home.login_with(WRONG, "--store", store)
    assert (done.status, "canary" in done.err) == (3, False)
    assert "The keys are those in standard input." in done.err
    assert home.everything == before
    nowhere = home.login_with({"FINERWORKS_BASE_URL": "http://127.0.0.1:1"}, "--store", store)
    assert (nowhere.status, home.everything) == (4, before)


def test_profiles_are_independent(home: Home) -> None:
    """`--profile` takes precedence over FINERWORKS_PROFILE, and that over the default profile."""
    home.login("--store", "file")
    ordinary = {
        "FINERWORKS_WEB_API_KEY": ORDINARY_WEB_API_KEY,
        "FINERWORKS_APP_KEY": ORDINARY_APP_KEY,
    }
    home.login_with(ordinary, "--store", "file", "--profile", "ordinary")
    home.login("--profile", "birch", "--account-key", "seller-birch")

    def count(*options: str, **known: str) -> str:
        lines = home.run("check", *options, **known).out.splitlines()
        return next(line.split()[1] for line in lines if line.startswith("invoices "))

    assert count() == "250"
    assert count("--profile", "ordinary") == "12"
    assert count(FINERWORKS_PROFILE="birch") == "26"
    assert count("--profile", "ordinary", FINERWORKS_PROFILE="birch") == "12"
    assert count("--profile", "birch", "--account-key", "seller-aspen") == "60"
    names = json.loads(home.run("whoami", "--json").out)["profiles"]
    assert names == ["birch", "default", "ordinary"]


def test_an_account_key_that_is_ignored_is_noticed_at_the_login(home: Home) -> None:
    """`login` warns if the server ignores the account key."""
    ordinary = {
        "FINERWORKS_WEB_API_KEY": ORDINARY_WEB_API_KEY,
        "FINERWORKS_APP_KEY": ORDINARY_APP_KEY,
    }
    options = ("--store", "file", "--account-key", "seller-birch")
    warned = home.login_with(ordinary, *options)
    assert (warned.status, "the account key appears to be ignored" in warned.err) == (0, True)
    assert "warning" not in home.login(*options).err


def test_an_unknown_profile_is_an_error(home: Home) -> None:
    """An unknown profile is an error. No other keys are used instead."""
    home.login("--store", "file")
    for done in (
        home.run("check", "--profile", "wrok"),
        home.run("check", FINERWORKS_PROFILE="wrok"),
    ):
        assert (done.status, done.out) == (3, "")
        assert "there is no profile 'wrok'. Run 'finerworks login --profile wrok'" in done.err
        assert "use one of: default" in done.err


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "x" * 65, "-x"])
def test_a_profile_cannot_leave_its_folder(name: str) -> None:
    """A profile's name must be a valid file name."""
    with pytest.raises(WrongUsageError, match="--profile must have at most 64 letters"):
        chosen_name(name)


def test_a_file_wins_over_the_environment_and_that_over_a_profile(home: Home) -> None:
    """A file takes precedence over the environment, and that over a profile. Conflicts are reported."""
    home.login("--store", "file")
    ordinary = {
        "FINERWORKS_WEB_API_KEY": ORDINARY_WEB_API_KEY,
        "FINERWORKS_APP_KEY": ORDINARY_APP_KEY,
        "FINERWORKS_BASE_URL": home.sandbox.base_url,
    }
    (home.folder / "own.env").write_text(home.file().read_text("utf-8"))
    by_environment = home.run("check", **ordinary)
    assert "account   the owner of the keys in the environment" in by_environment.out
    assert "invoices  12" in by_environment.out
    by_file = home.run("check", "--env-file", "own.env", FINERWORKS_PROFILE="x", **ordinary)
    assert (by_file.status, "invoices  250" in by_file.out) == (0, True)
    refused = home.run("check", "--profile", "default", **ordinary)
    assert (refused.status, refused.out) == (2, "")
    assert "keys of the environment take precedence over a profile" in refused.err
    both = home.run("check", "--profile", "default", "--env-file", "own.env")
    assert (both.status, "name two sources of keys" in both.err) == (2, True)
    warned = home.run("check", FINERWORKS_PROFILE="default", **ordinary)
    assert (warned.status, "FINERWORKS_PROFILE is not used" in warned.err) == (0, True)


@pytest.mark.parametrize("name", ["FINERWORKS_WEB_API_KEY", "FINERWORKS_APP_KEY"])
def test_half_a_pair_of_the_environment_is_not_completed(name: str, home: Home) -> None:
    """A single key in the environment is not completed by a profile's key."""
    home.login("--store", "file")
    done = home.run("check", **{name: "canary-of-the-key"})
    assert (done.status, done.out) == (3, "")
    assert "is not set: set it in the environment" in done.err


def test_an_account_of_the_environment_is_not_combined(home: Home) -> None:
    """An account in the environment is an error with a profile. An option can select one."""
    home.login("--store", "file")
    home.login("--store", "file", "--profile", "aspen", "--account-key", "seller-aspen")
    other = {"FINERWORKS_ACCOUNT_KEY": "seller-birch"}
    for profile in ("default", "aspen"):
        refused = home.run("check", "--profile", profile, **other)
        assert (refused.status, refused.out) == (2, "")
        assert f"profile '{profile}' has the keys, and FINERWORKS_ACCOUNT_KEY" in refused.err
    named = home.run("check", "--account-key", "seller-cedar", **other)
    assert (named.status, "invoices  25" in named.out) == (0, True)
    same = home.run("check", "--profile", "aspen", FINERWORKS_ACCOUNT_KEY="seller-aspen")
    assert (same.status, "invoices  60" in same.out) == (0, True)


def test_keys_of_a_profile_go_to_their_host_only(home: Home) -> None:
    """A profile's keys are sent only to the host of the login."""
    home.login("--store", "file")
    with Sandbox(invoices=3) as other:
        done = home.run("check", FINERWORKS_BASE_URL=other.base_url)
    assert (done.status, done.out) == (2, "")
    assert f"FINERWORKS_BASE_URL is another host than {home.sandbox.base_url}" in done.err
    same = home.run("check", FINERWORKS_BASE_URL=home.sandbox.base_url)
    assert (same.status, same.err) == (0, "")


@pytest.mark.parametrize("store", ["file", "keyring"])
def test_logout_can_be_repeated(store: str, home: Home) -> None:
    """`logout` removes all keys, can be repeated, and warns about keys in the environment."""
    home.login("--store", store)
    done = home.run("logout")
    again = home.run("logout", **WRONG)
    assert (done.status, done.out) == (0, "")
    assert "The keys of profile 'default' are removed from the " in done.err
    assert (again.status, "No keys are stored as profile 'default'" in again.err) == (0, True)
    assert "the environment still sets FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY" in again.err
    assert again.err.splitlines()[-1] == "unset FINERWORKS_WEB_API_KEY FINERWORKS_APP_KEY"
    assert "canary" not in again.err
    assert Sandbox.app_key not in home.everything
    assert list(home.file().parent.iterdir()) == []


def test_login_moves_a_profile(home: Home) -> None:
    """A login in another store moves the profile there."""
    home.login()
    home.login("--store", "file")
    assert json.loads(home.keyring_file.read_text("utf-8")) == {}
    assert [path.name for path in home.file().parent.iterdir()] == ["default.env"]
    home.login("--store", "keyring")
    assert [path.name for path in home.file().parent.iterdir()] == ["default.keyring"]


def test_a_profile_in_two_places_is_an_error(home: Home) -> None:
    """A profile in two stores is an error, and logging out corrects it."""
    home.login("--store", "file")
    content = home.file().read_text("utf-8")
    home.login()
    home.file().write_text(content)
    done = home.run("check")
    assert (done.status, "is stored in two places" in done.err) == (2, True)
    assert home.run("logout").status == 0
    assert Sandbox.app_key not in home.everything


def test_an_entry_that_vanished_is_an_error(home: Home) -> None:
    """If the keyring's entry is gone, that is an error. Logging out and in corrects it."""
    home.login()
    home.keyring_file.write_text("{}")
    done = home.run("check")
    assert (done.status, "run 'finerworks login' again" in done.err) == (1, True)
    assert home.run("logout").status == 0
    assert home.login().status == 0


def test_login_warns_of_keys_that_would_win(home: Home) -> None:
    """`login` warns about variables that commands use instead, or refuse to combine."""
    done = home.login("--store", "file", **WRONG)
    assert done.status == 0
    assert "the environment still sets FINERWORKS_WEB_API_KEY and FINERWORKS_APP_KEY" in done.err
    assert done.err.splitlines()[-1] == "unset FINERWORKS_WEB_API_KEY FINERWORKS_APP_KEY"
    other = home.login("--store", "file", FINERWORKS_ACCOUNT_KEY="seller-birch")
    assert "the environment sets FINERWORKS_ACCOUNT_KEY, which commands do not combine" in other.err
    assert other.err.splitlines()[-1] == "unset FINERWORKS_ACCOUNT_KEY"
    both = home.login("--store", "file", **WRONG, FINERWORKS_ACCOUNT_KEY="seller-birch")
    assert both.err.splitlines()[-1] == (
        "unset FINERWORKS_WEB_API_KEY FINERWORKS_APP_KEY FINERWORKS_ACCOUNT_KEY"
    )
    host = home.login("--store", "file", FINERWORKS_BASE_URL=home.sandbox.base_url)
    assert "warning" not in host.err
    assert "unset" not in host.err


def test_whoami_shows_everything_but_the_keys(home: Home) -> None:
    """`whoami` shows only the last four characters of the keys, and sends nothing."""
    keys = {"FINERWORKS_WEB_API_KEY": "canary-of-web-key-1234", "FINERWORKS_APP_KEY": "short"}
    nowhere = {"FINERWORKS_BASE_URL": "http://127.0.0.1:1"}
    done = home.run("whoami", **keys, **nowhere, FINERWORKS_ACCOUNT_KEY="seller")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "host        http://127.0.0.1:1",
        "account     seller (from FINERWORKS_ACCOUNT_KEY)",
        "keys        those in the environment",
        "web_api_key ****1234",
        "app_key     **** (too short to show its end)",
    ]
    checked = home.run("whoami", "--check", **keys, **nowhere)
    assert checked.status == 4


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_whoami_says_that_the_api_does_not_name_an_account(
    options: tuple[str, ...], home: Home
) -> None:
    """Nobody finds out there which account the keys are of. One that was given has a name."""
    account = "account     the owner of the keys in the environment, which the API does not name"
    env = home.sandbox.env
    assert account in home.run("whoami", *options, **env).out.splitlines()
    named = home.run("whoami", *options, "--account-key", "seller-birch", **env)
    assert "account     seller-birch (from --account-key)" in named.out.splitlines()
    assert "does not name" not in named.out


@pytest.mark.parametrize("name", ["FINERWORKS_WEB_API_KEY", "FINERWORKS_APP_KEY"])
def test_keys_of_a_sandbox_are_for_no_other_host(name: str, home: Home) -> None:
    """Whoever forgot the address is told so. Nothing is sent or stored."""
    given = {**WRONG, name: "sandbox-canary", "FINERWORKS_BASE_URL": ""}
    # If they were sent, they would go nowhere.
    done = home.login_with(given, "--store", "file", HTTPS_PROXY="http://127.0.0.1:1")
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "finerworks: the keys in standard input are those of a sandbox, and the host is "
        "https://v2.api.finerworks.com: set FINERWORKS_BASE_URL to the address that the sandbox "
        "printed\n"
    )
    assert not home.file().exists()


def test_whoami_is_json_too(home: Home) -> None:
    """`whoami --json` has the store of the keys, and `--check` sends a request."""
    home.login("--store", "file", "--profile", "work")
    done = home.run("whoami", "--json", "--check", "--profile", "work")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out) == {
        "host": home.sandbox.base_url,
        "account_key": None,
        "account_from": None,
        "keys_from": "in profile 'work'",
        "stored_in": f"the file {home.file('work')}",
        "web_api_key": "****-key",
        "app_key": "****",
        "profiles": ["work"],
        "accepted": True,
    }
    nobody = home.run("whoami", "--json")
    error = json.loads(nobody.err)["error"]
    assert (nobody.status, error["type"]) == (3, "CredentialsError")
    assert "finerworks login" in error["message"]


def test_errors_name_the_profile(home: Home) -> None:
    """Errors about rejected or damaged keys name the profile."""
    home.login("--store", "file")
    home.file().write_text(home.file().read_text("utf-8").replace("sandbox-app", "canary-app"))
    rejected = home.run("check")
    assert (rejected.status, "canary" in rejected.err) == (3, False)
    assert "The keys are those in profile 'default'." in rejected.err
    home.file().write_text("FINERWORKS_APP_KEY=canary\n")
    damaged = home.run("check")
    assert (damaged.status, "canary" in damaged.err) == (2, False)
    assert f"profile 'default', in the file {home.file()}, does not set" in damaged.err


def test_keys_come_from_a_file_or_standard_input(home: Home) -> None:
    """`login` reads keys from a file or from standard input. A single key is an error."""
    lines = "".join(f"{name}={value}\n" for name, value in home.sandbox.env.items())
    (home.folder / "own.env").write_text(lines)
    assert home.run("login", "--store", "file", "--env-file", "own.env").status == 0
    assert home.run("login", "--store", "file", "--env-file", "-", text=lines).status == 0
    half = home.run("login", "--profile", "half", "--store", "file", text="FINERWORKS_APP_KEY=x\n")
    assert (half.status, home.file("half").exists()) == (2, False)


@pytest.mark.parametrize("key", ["it's\\fine", "${HOME}`x`", '#="quoted"', "a'\\'b", "\\", "'"])
def test_any_key_is_stored_as_it_is(key: str, tmp_path: Path) -> None:
    """A key with quotes, backslashes or shell characters is stored unchanged."""
    text = profile_text(
        web_api_key=Secret(key),
        app_key=Secret(key[::-1]),
        account_key=Secret("séller 'x'"),
        base_url="https://api.test",
    )
    store = FileStore(tmp_path / "folder" / "sub" / "a.env")
    store.save(text)
    assert str.__str__(store.load()) == str.__str__(text)
    assert repr(text) == "[key]"


def test_a_profile_that_is_not_stored_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A missing profile is an error, even if the folder does not exist."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    assert Profile("default").stores() == []
    with pytest.raises(CredentialsError, match="there is no profile 'default'"):
        Profile("default").read()


def test_a_folder_that_cannot_be_written_is_an_error(home: Home) -> None:
    """One line names the file that cannot be written, and no part of it remains."""
    (home.folder / "config").write_text("a file")
    done = home.login("--store", "file")
    assert (done.status, done.out) == (1, "")
    assert f"cannot write {home.file()}: " in done.err
    assert Sandbox.app_key not in done.err


CONTROLLED = (
    "import fcntl, os, sys, termios\n"
    "os.setsid()\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)
"""A program that starts another one under the control of the terminal in its standard input."""


def on_terminal(home: Home, *arguments: str, typed: list[bytes]) -> tuple[int, str]:
    """Run a command on its own terminal, type a text at each prompt, and return its output."""
    parent, child = pty.openpty()
    command = [sys.executable, "-c", CONTROLLED, COMMAND, *arguments]
    variables = home.variables(TERM="xterm")
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, cwd=home.folder, env=variables
    )
    os.close(child)
    shown = b""
    answers = list(typed)
    while select.select([parent], [], [], 60)[0]:
        try:
            part = os.read(parent, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        shown += part
        if shown.endswith(b"_key: ") and answers:
            _wait_until_hidden(parent)
            os.write(parent, answers.pop(0))
    os.close(parent)
    return process.wait(60), shown.decode()


def _wait_until_hidden(terminal: int) -> None:
    """Wait until the terminal does not show what is typed."""
    import termios  # noqa: PLC0415 - Windows does not have it

    for _ in range(600):
        flags: int = termios.tcgetattr(terminal)[3]
        if not flags & termios.ECHO:
            return
        time.sleep(0.1)
    pytest.fail("the terminal shows what is typed")


def test_a_terminal_is_asked_without_an_echo(home: Home) -> None:
    """On a terminal, `login` asks for both keys without showing them."""
    home.more["FINERWORKS_BASE_URL"] = home.sandbox.base_url
    typed = [f"{Sandbox.web_api_key}\n".encode(), f" {Sandbox.app_key} \n".encode()]
    status, shown = on_terminal(home, "login", "--store", "file", typed=typed)
    assert (status, Sandbox.web_api_key in shown, Sandbox.app_key in shown) == (0, False, False)
    assert "web_api_key: " in shown
    assert "app_key: " in shown
    assert "The keys are accepted" in shown
    assert Sandbox.app_key in home.file().read_text("utf-8")


def test_ctrl_c_at_the_prompt_stores_nothing(home: Home) -> None:
    """Ctrl-C at the prompt exits with 130, and nothing is stored."""
    status, shown = on_terminal(home, "login", "--store", "file", typed=[b"\x03"])
    assert (status, home.file().exists()) == (130, False)
    assert "Traceback" not in shown


def test_the_end_of_input_at_the_prompt_is_an_error(home: Home) -> None:
    """Ctrl-D or an empty line at the prompt is an error."""
    for typed in (b"\x04", b"\n"):
        status, shown = on_terminal(home, "login", "--store", "file", typed=[typed])
        assert (status, home.file().exists()) == (3, False)
        assert "Traceback" not in shown


def test_nobody_is_asked_with_no_input(home: Home) -> None:
    """`--no-input` is wrong usage if keys must be typed, even on a terminal."""
    status, shown = on_terminal(home, "login", "--store", "file", "--no-input", typed=[])
    assert (status, "name a file with the keys by --env-file" in shown) == (2, True)


def test_a_keyring_is_tried_before_anyone_is_asked(home: Home) -> None:
    """The keyring is tried before `login` asks for keys."""
    home.more["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    status, shown = on_terminal(home, "login", typed=[])
    assert (status, "_key: " in shown) == (1, False)
    assert "--store file" in shown


def test_no_key_is_in_a_traceback(home: Home) -> None:
    """`--debug` shows a traceback without values."""
    for options in (("--store", "file"), ()):
        backend = {"PYTHON_KEYRING_BACKEND": "file_keyring.FailingKeyring"}
        done = home.login_with(WRONG, *options, "--debug", **backend)
        assert "Traceback" in done.err
        assert "canary" not in done.err
    stored = home.login("--debug", PYTHON_KEYRING_BACKEND="file_keyring.FailingKeyring")
    assert "Traceback" in stored.err
    assert Sandbox.app_key not in stored.err


def test_no_option_takes_a_key(home: Home) -> None:
    """No option accepts a key, because other users can read the command line."""
    for option in ("--web-api-key", "--app-key"):
        assert home.run("login", option, "x").err.startswith("finerworks: No such option")


def test_the_sandbox_hides_the_profile_from_a_command(home: Home) -> None:
    """A command in a sandbox uses the sandbox's keys, and no warning is printed."""
    done = home.run("sandbox", "--", COMMAND, "check", FINERWORKS_PROFILE="work")
    assert (done.status, done.err) == (0, "")
