"""Variables for certificates and proxies: invalid ones are reported once, and unneeded ones are not read."""

import asyncio
import base64
import os
import pickle
import shutil
import ssl
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import certifi
import httpx
import hypothesis
import pytest
import trustme
from hypothesis import strategies as st

from callers import KEYS, Caller
from finerworks import (
    APIConnectionError,
    AsyncFinerWorks,
    AsyncHTTPClient,
    FinerWorks,
    FinerWorksError,
    HTTPClient,
    SettingsError,
)
from programs import needed_program
from socks import SOCKSProxy
from wire import Exchange, Wire, elsewhere, http, page

Make = Callable[..., object]
MAKERS = [FinerWorks, AsyncFinerWorks, HTTPClient, AsyncHTTPClient]

HOST = "https://127.0.0.2:9"
"""A host that is reached through a proxy, and does not exist."""

BAD_PROXY = "gopher://me:CANARY@proxy.test"

SSL_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the settings of the machine's user."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in SSL_VARIABLES:
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority."""
    return trustme.CA()


@pytest.fixture
def folder(tmp_path: Path, authority: trustme.CA) -> Path:
    """A folder with files of every kind."""
    pem = authority.cert_pem.bytes()
    (tmp_path / "good.pem").write_bytes(pem)
    (tmp_path / "empty.pem").touch()
    (tmp_path / "garbage.pem").write_bytes(b"\x00\xff garbage")
    (tmp_path / "ca.der").write_bytes(ssl.PEM_cert_to_DER_cert(pem.decode()))
    (tmp_path / "key.pem").write_bytes(authority.private_key_pem.bytes())
    (tmp_path / "cut.pem").write_bytes(pem[:300])
    (tmp_path / "utf16.pem").write_bytes(pem.decode().encode("utf-16"))
    (tmp_path / "unhashed").mkdir()
    (tmp_path / "unhashed" / "ca.pem").write_bytes(pem)
    return tmp_path


def check(error: BaseException, named: str) -> None:
    """Check that an error is one line with a variable, and shows no secret."""
    assert named in str(error)
    assert "\n" not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert error.__traceback__ is not None
    below_the_test = error.__traceback__.tb_next
    shown = traceback.TracebackException(type(error), error, below_the_test, capture_locals=True)
    for text in (str(error), repr(error), "".join(shown.format())):
        assert "CANARY" not in text


@dataclass(frozen=True)
class Bad:
    """An invalid setting, and the expected error."""

    variable: str
    file: str
    told: str


CERTIFICATES = {
    "a missing file": Bad("SSL_CERT_FILE", "missing.pem", "missing.pem: there is no such file"),
    "a folder": Bad("SSL_CERT_FILE", "unhashed", "this is a folder. Set SSL_CERT_DIR"),
    "an empty file": Bad("SSL_CERT_FILE", "empty.pem", "empty.pem: this file is empty, damaged"),
    "garbage": Bad("SSL_CERT_FILE", "garbage.pem", "BEGIN CERTIFICATE"),
    "DER": Bad("SSL_CERT_FILE", "ca.der", "openssl x509 -inform der"),
    "a private key": Bad("SSL_CERT_FILE", "key.pem", "Name a file with certificates"),
    "a file that is cut off": Bad("SSL_CERT_FILE", "cut.pem", "empty, damaged"),
    "UTF-16": Bad("SSL_CERT_FILE", "utf16.pem", "empty, damaged or of another kind"),
    "a path through a file": Bad("SSL_CERT_FILE", "good.pem/x", "cannot be read (Not a directory)"),
    "a long path": Bad("SSL_CERT_FILE", "x" * 5000, "cannot be read (File name too long)"),
    "a missing folder": Bad("SSL_CERT_DIR", "missing", "missing: there is no such folder"),
    "a file for a folder": Bad("SSL_CERT_DIR", "good.pem", "this is a file. Set SSL_CERT_FILE"),
    "a folder without hashes": Bad("SSL_CERT_DIR", "unhashed", "openssl rehash"),
    "a log that cannot be written": Bad("SSLKEYLOGFILE", "missing/x", "file cannot be written"),
    "a log that is a folder": Bad("SSLKEYLOGFILE", "unhashed", "written (Is a directory)"),
}


@pytest.mark.parametrize("make", [FinerWorks, AsyncHTTPClient])
@pytest.mark.parametrize("bad", CERTIFICATES.values(), ids=CERTIFICATES.keys())
def test_certificates_that_cannot_be_used_are_one_error(
    monkeypatch: pytest.MonkeyPatch, folder: Path, make: Make, bad: Bad
) -> None:
    """Creating a client raises an error with the variable, the file, the problem and the solution."""
    if bad.variable == "SSLKEYLOGFILE":
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "good.pem"))
    monkeypatch.setenv(bad.variable, str(folder / bad.file))
    with pytest.raises(SettingsError) as caught:
        make(**KEYS, base_url=HOST)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, FinerWorksError)
    assert bad.told in str(caught.value)
    check(caught.value, f"{bad.variable} is {folder}")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("~/ca.pem", "~ stands for your home folder in a shell only: write the whole path"),
        ("certs/ca.pem", "It is looked for in {cwd}: write the whole path"),
        ("two\nlines.pem", "SSL_CERT_FILE is two lines.pem: there is no such file"),
        ("-----BEGIN PRIVATE KEY----- MIIE", "has the text of a certificate or a key: write"),
    ],
)
def test_a_path_is_explained(monkeypatch: pytest.MonkeyPatch, value: str, told: str) -> None:
    """An error explains a value that only looks like a path, and quotes no key."""
    monkeypatch.setenv("SSL_CERT_FILE", value)
    with pytest.raises(SettingsError) as caught:
        FinerWorks(**KEYS, base_url=HOST)
    assert told.format(cwd=Path.cwd()) in str(caught.value)
    assert "MIIE" not in str(caught.value)
    check(caught.value, "SSL_CERT_FILE")


def test_a_working_folder_that_is_gone_does_no_harm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A deleted working folder only shortens the message."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv("SSL_CERT_FILE", "ca.pem")
    with pytest.raises(SettingsError, match="looked for in the folder of this process"):
        FinerWorks(**KEYS, base_url=HOST)


def test_a_setting_that_is_corrected_is_used(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, folder: Path, authority: trustme.CA
) -> None:
    """An error is not cached: the path is read again when the file exists."""
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "later.pem"))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(served)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    with Wire(tls=served) as wire:
        with pytest.raises(SettingsError, match="there is no such file"):
            caller.page(**KEYS, base_url=wire.url)
        shutil.copy(folder / "good.pem", folder / "later.pem")
        assert caller.page(**KEYS, base_url=wire.url).total_count == 60


@pytest.mark.parametrize("way", ["direct", "tunnel", "socks"])
def test_certificates_of_the_environment_replace_those_of_certifi(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path, way: str
) -> None:
    """Certificates from the environment replace certifi's on every route."""
    public = trustme.CA()
    public.cert_pem.write_to_path(str(tmp_path / "public.pem"))
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "public.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "good.pem"))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    public.issue_cert("127.0.0.1", "finerworks.test").configure_cert(served)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too

    def carry(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        exchange.tunnel(wire.port)

    with Wire(tls=served) as wire:
        with httpx.Client(trust_env=False) as plain:
            assert plain.post(wire.url, json={"page_number": 1, "per_page": 1}).is_success
        with Wire(carry) as proxy, Wire(greets=SOCKSProxy(wire.port)) as socks_proxy:
            base_url = "https://finerworks.test"
            if way == "direct":
                base_url = wire.url
            elif way == "tunnel":
                monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            else:
                monkeypatch.setenv("HTTPS_PROXY", f"socks5://127.0.0.1:{socks_proxy.port}")
            with pytest.raises(APIConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
                caller.page(**KEYS, base_url=base_url, max_retries=0)
        assert len(wire.exchanges) == 1


def test_a_folder_that_cannot_be_listed_may_have_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A folder that cannot be listed is accepted: OpenSSL opens certificates by name."""

    def refuse(_: Path) -> Iterator[Path]:
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", refuse)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    FinerWorks(**KEYS, base_url=HOST).close()


def test_a_folder_of_certificates_is_used(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, folder: Path, authority: trustme.CA
) -> None:
    """One valid folder in a list suffices, as for OpenSSL."""
    openssl = needed_program("openssl", advice="this test needs openssl: `make toolchains`")
    subprocess.run([openssl, "rehash", folder / "unhashed"], check=True)
    monkeypatch.setenv("SSL_CERT_DIR", f"{folder / 'missing'}{os.pathsep}{folder / 'unhashed'}")
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(served)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    with Wire(tls=served) as wire:
        assert caller.page(**KEYS, base_url=wire.url).total_count == 60


def test_a_log_of_secrets_is_written(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, folder: Path, authority: trustme.CA
) -> None:
    """`SSLKEYLOGFILE` works, also if it is set after another client was created."""
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "good.pem"))
    FinerWorks(**KEYS, base_url=HOST).close()
    monkeypatch.setenv("SSLKEYLOGFILE", str(folder / "secrets.log"))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(served)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    with Wire(tls=served) as wire:
        caller.page(**KEYS, base_url=wire.url)
    assert "TRAFFIC_SECRET" in (folder / "secrets.log").read_text()


def test_nothing_is_needed_for_plain_http_on_this_machine(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """The sandbox can be reached with invalid variables for certificates and proxies."""
    for variable in SSL_VARIABLES:
        monkeypatch.setenv(variable, str(folder / "missing" / "file"))
    for variable in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, BAD_PROXY)
    with Wire() as wire:
        assert len(caller.invoices(**KEYS, base_url=wire.url)) == 60
        here = wire.url.replace("127.0.0.1", "localhost")
        assert len(caller.invoices(**KEYS, base_url=here)) == 60


@pytest.mark.parametrize("make", [FinerWorks, AsyncFinerWorks])
@pytest.mark.parametrize(
    "variables",
    [
        {"HTTP_PROXY": BAD_PROXY},
        {"HTTPS_PROXY": BAD_PROXY, "NO_PROXY": "127.0.0.0/8"},
        {"HTTPS_PROXY": "http://127.0.0.1:9", "ALL_PROXY": BAD_PROXY},
        {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": BAD_PROXY},
        {"https_proxy": "", "HTTPS_PROXY": BAD_PROXY},
        {"HTTPS_PROXY": "", "ALL_PROXY": " "},
        {"SSL_CERT_FILE": "good.pem", "SSL_CERT_DIR": "missing"},
        {"SSL_CERT_FILE": "", "SSL_CERT_DIR": "", "SSLKEYLOGFILE": ""},
        {"FTP_PROXY": BAD_PROXY, "SOCKS_PROXY": BAD_PROXY},
    ],
)
def test_a_variable_that_this_host_does_not_use_has_no_effect(
    monkeypatch: pytest.MonkeyPatch, folder: Path, make: Make, variables: dict[str, str]
) -> None:
    """An invalid variable that this host does not need has no effect."""
    monkeypatch.chdir(folder)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    make(**KEYS, base_url=HOST)


PROXIES = {
    "SOCKS 4": ("socks4://proxy.test:1080", "SOCKS 4 is not supported"),
    "the SOCKS of a desktop": ("socks://proxy.test:1080/", "write socks5://"),
    "an unknown scheme": (BAD_PROXY, "must begin with http://, https://, socks5:// or socks5h://"),
    "a #": ("http://me:CANARY#x@proxy.test:3128", "write # as %23"),
    "a # after digits": ("http://CANARY:12#CANARY@proxy.test:3128", "write # as %23"),
    "a /": ("http://me:CANARY/x@proxy.test:3128", "/ as %2F"),
    "a ?": ("me:CANARY?x@proxy.test:3128", "? as %3F"),
    "a :// in a password": ("me:CANARY://x@proxy.test", "percent-encoded"),
    "no host after a password": ("http://me:CANARY", "is not the address of a proxy"),
    "no host": ("http://", "is not the address of a proxy"),
    "only a port": (":3128", "is not the address of a proxy"),
    "a port that is not a number": ("proxy.test:port", "is not the address of a proxy"),
    "a port that is too large": ("proxy.test:65536", "is not the address of a proxy"),
    "port 0": ("proxy.test:0", "is not the address of a proxy"),
    "quotes": ('"http://me:CANARY@proxy.test:3128"', "without quotes and spaces"),
    "a space": ("http://pro xy.test:3128", "without quotes and spaces"),
    "a line break": ("http://me:CAN\nARY@proxy.test:3128", "is not the address of a proxy"),
    "IPv6 without brackets": ("http://::1:3128", "an IPv6 address in brackets"),
    "a single slash": ("http:/proxy.test:3128", "is not the address of a proxy"),
    "a name that cannot be": ("http://proxy..test:3128", "is not the address of a proxy"),
    "bytes that are not UTF-8": ("http://me:CANARY\udcff@proxy.test", "is not the address"),
    "half of a SOCKS login": ("socks5://CANARY@proxy.test", "a user name and a password, each"),
    "a long SOCKS login": (f"socks5h://me:{'CANARY' * 50}@proxy.test", "1 to 255 bytes"),
}


@pytest.mark.parametrize(
    ("make", "variable"),
    [(FinerWorks, "HTTPS_PROXY"), (AsyncFinerWorks, "all_proxy"), (HTTPClient, "https_proxy")],
)
@pytest.mark.parametrize(("value", "told"), PROXIES.values(), ids=PROXIES.keys())
def test_a_proxy_that_cannot_be_used_is_one_error(
    monkeypatch: pytest.MonkeyPatch, make: Make, variable: str, value: str, told: str
) -> None:
    """Creating a client raises an error with the variable, but no part of the proxy's address."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        make(**KEYS, base_url=HOST)
    assert told in str(caught.value)
    check(caught.value, f"{variable}: ")
    assert "proxy.test:3128" not in str(caught.value)


@pytest.mark.parametrize("port", [1, 65535])
def test_a_proxy_may_have_any_port(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """The lowest and the highest port of a proxy are valid."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    with (
        FinerWorks(**KEYS, base_url=HOST, max_retries=0) as fw,
        pytest.raises(APIConnectionError, match=f"the proxy http://127.0.0.1:{port} .* reached"),
    ):
        fw.invoices.page()


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("value", ["socks5://me:CANARY@proxy.test", "SOCKS5H://proxy.test:1080"])
def test_socks_without_its_package_is_one_error(
    monkeypatch: pytest.MonkeyPatch, make: Make, value: str
) -> None:
    """The error says what to install for SOCKS, with pip and with pipx."""
    monkeypatch.setenv("ALL_PROXY", value)
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(SettingsError, match="ALL_PROXY: a SOCKS proxy needs") as caught:
        make(**KEYS, base_url=HOST)
    assert "pip install socksio" in str(caught.value)
    assert "pipx inject finerworks socksio" in str(caught.value)
    check(caught.value, "ALL_PROXY")


@hypothesis.given(
    scheme=st.sampled_from(["", "http://", "https://", "socks5://", "HTTP://", "socks4://", "//"]),
    user=st.text("CANARY#/?@:%[]\\ é\udcff\"'1", max_size=8),
    password=st.text("CANARY#/?@:%[]\\ é\udcff\"'1", max_size=8),
    host=st.sampled_from(["proxy.test", "10.1.2.3:3128", "[::1]:3128", "::1", "", "é.test", "p:x"]),
)
def test_no_address_of_a_proxy_shows_a_secret(
    scheme: str, user: str, password: str, host: str
) -> None:
    """With any user name and password, a `SettingsError` shows no part of them."""
    value = f"{scheme}x{user}CANARY:CANARY{password}CANARY@{host}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HTTPS_PROXY", value)
        try:
            FinerWorks(**KEYS, base_url=HOST).close()
        except SettingsError as error:
            check(error, "HTTPS_PROXY: ")


def basic(user: str, password: str) -> bytes:
    """Return the header that a proxy receives."""
    return b"Proxy-Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode())


@pytest.mark.parametrize(
    ("spelled", "password"),
    [
        ("pa%23ss", "pa#ss"),
        ("pa%2Fs%3Fs%40%25", "pa/s?s@%"),
        ("p@ss", "p@ss"),
        ("100%", "100%"),
        ("p%zz", "p%zz"),
        ("pässwörd", "pässwörd"),
        ("p%C3%A4ss", "päss"),
        ("a b:c", "a b:c"),
        ("", ""),
    ],
)
def test_a_password_arrives_as_it_is(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, spelled: str, password: str
) -> None:
    """The proxy receives the exact password. Spaces around the address are ignored."""
    with Wire(lambda exchange: exchange.send(page(exchange))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f" http://me:{spelled}@127.0.0.1:{proxy.port}/\n")
        caller.page(**KEYS, base_url="http://127.0.0.2:9", allow_insecure_http=True)
    assert basic("me", password) in proxy.received()


def test_a_changed_setting_is_an_error_of_the_request(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """A setting that becomes invalid later is an error of one request, and the client keeps working."""
    with elsewhere() as unreachable, Wire() as wire, FinerWorks(**KEYS, base_url=wire.url) as fw:
        fw.invoices.page()
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "missing.pem"))
        other = fw.with_options(
            base_url=unreachable.url.replace("http://127.0.0.1", "https://[::1]")
        )
        for ask in (other.invoices.page, lambda: list(other.invoices.list())):
            with pytest.raises(SettingsError) as caught:
                ask()
            assert caught.value.attempts == 0
            assert "SSL_CERT_FILE is " in str(caught.value)
        assert fw.invoices.page().total_count == 60


def test_a_changed_setting_is_an_error_of_the_request_with_asyncio(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """A setting that becomes invalid is an error of one request in a second event loop."""
    fw = AsyncFinerWorks(**KEYS, base_url=HOST, max_retries=0)

    async def ask() -> None:
        await fw.invoices.page()

    with pytest.raises(APIConnectionError):
        asyncio.run(ask())
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "missing.pem"))
    with pytest.raises(SettingsError, match="SSL_CERT_FILE is ") as caught:
        asyncio.run(ask())
    assert caught.value.attempts == 0


def test_a_proxy_with_tls_of_its_own_is_verified(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, folder: Path, authority: trustme.CA
) -> None:
    """A proxy's certificate is verified with the certificates from the environment."""
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(served)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    with Wire(tls=served) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with pytest.raises(APIConnectionError, match=r"through the proxy https://.*CERTIFICATE"):
            caller.page(**KEYS, base_url="http://127.0.0.2:9", allow_insecure_http=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "good.pem"))
        result = caller.page(**KEYS, base_url="http://127.0.0.2:9", allow_insecure_http=True)
    assert result.total_count == 60


def test_a_connection_to_a_proxy_reads_no_certificates(
    monkeypatch: pytest.MonkeyPatch, folder: Path, authority: trustme.CA
) -> None:
    """Certificates are read when a client is created, because reading them blocks."""
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "good.pem"))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(served)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    with Wire(tls=served) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with FinerWorks(**KEYS, base_url="http://127.0.0.2:9", allow_insecure_http=True) as fw:
            monkeypatch.delattr(ssl, "create_default_context")
            assert fw.invoices.page().total_count == 60


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_is_used(
    caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    authority: trustme.CA,
    scheme: str,
) -> None:
    """A SOCKS proxy is used, with and without a login, for TLS and for plain http."""
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "good.pem"))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("finerworks.test").configure_cert(served)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    with Wire(tls=served) as wire, Wire(greets=SOCKSProxy(wire.port, b"me", b"pa#ss")) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://me:pa%23ss@127.0.0.1:{proxy.port}")
        assert len(caller.invoices(**KEYS, base_url="https://finerworks.test")) == 60
    with Wire() as wire, Wire(greets=SOCKSProxy(wire.port)) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{proxy.port}")
        invoices = caller.invoices(
            **KEYS, base_url="http://finerworks.test", allow_insecure_http=True
        )
        assert len(invoices) == 60


def test_a_status_407_of_a_server_is_the_servers(caller: Caller) -> None:
    """Without a proxy, the error about a 407 does not mention one."""
    with (
        Wire(lambda exchange: exchange.send(http(b"", 407))) as wire,
        pytest.raises(FinerWorksError) as caught,
    ):
        caller.page(**KEYS, base_url=wire.url)
    assert "proxy" not in str(caught.value)
