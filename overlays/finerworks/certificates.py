"""The trusted certificates from the environment, or an error that names the variable.

If OpenSSL cannot read a file, its error does not name the file. If a folder does not exist, it
reports nothing, and rejects every certificate of a server.
"""

import os
import re
import ssl
from pathlib import Path

import httpx

from finerworks.errors import SettingsError, shorten

FILE_VARIABLE = "SSL_CERT_FILE"
FOLDER_VARIABLE = "SSL_CERT_DIR"
KEY_LOG_VARIABLE = "SSLKEYLOGFILE"

_HASHED_NAME = re.compile(r"[0-9a-f]{8}\.[0-9]+")
"""The file names that OpenSSL looks for in a folder: the hash of a certificate's subject, and a
number."""


def read_trusted_certificates() -> ssl.SSLContext:
    """Return the certificates that httpx trusts: those from the environment, or else its own.

    Raises:
        SettingsError: A variable names a file or folder that cannot be used.
    """
    context, reason = _create_context()
    problem = _find_problem(context)
    if problem is not None:
        raise SettingsError(problem)
    if context is None:
        raise SettingsError(
            f"the certificates that httpx trusts cannot be read ({reason}): install httpx and "
            f"certifi again, or set {FILE_VARIABLE} to a file with certificates"
        )
    return context


def _create_context() -> tuple[ssl.SSLContext | None, str]:
    """Return httpx's context, or None and the reason."""
    try:
        return httpx.create_ssl_context(), ""
    except OSError as error:  # an SSLError is one too
        return None, type(error).__name__


def trust_nothing() -> ssl.SSLContext:
    """Return a context that rejects every certificate, for connections that use no TLS.

    Creating it reads no file.
    """
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _find_problem(context: ssl.SSLContext | None) -> str | None:
    """Return which variable causes an error and how to correct it, or None.

    Args:
        context: OpenSSL's context. None: it could not be created.
    """
    key_log = os.environ.get(KEY_LOG_VARIABLE)
    file = os.environ.get(FILE_VARIABLE)
    folders = os.environ.get(FOLDER_VARIABLE)
    if context is None and key_log:
        problem = _find_key_log_problem(key_log)
        if problem is not None:
            return problem
    if file:  # it takes precedence over the folder
        return _find_file_problem(file) if context is None else None
    if folders:
        return _find_folder_problem(folders)
    return None


def _find_key_log_problem(path: str) -> str | None:
    """Return why the secrets of connections cannot be written to a file, or None."""
    try:
        Path(path).open("ab").close()
    except OSError as error:
        return (
            f"{_quote(KEY_LOG_VARIABLE, path)}: this file cannot be written ({error.strerror}). "
            "Programs write the secrets of their TLS connections to it: unset the variable, "
            "unless you need that"
        )
    return None


def _find_file_problem(path: str) -> str:
    if "-----BEGIN" in path:
        return (
            f"{FILE_VARIABLE} has the text of a certificate or a key: write the text to a file, "
            "and set the variable to the path of the file"
        )
    setting = _quote(FILE_VARIABLE, path)
    if _is_folder(path):
        return f"{setting}: this is a folder. Set {FOLDER_VARIABLE} instead, or name a file in it"
    try:
        Path(path).open("rb").close()
    except FileNotFoundError:
        return f"{setting}: there is no such file. {_advice(path)}"
    except OSError as error:
        return f"{setting}: this file cannot be read ({error.strerror}). {_advice(path)}"
    return (
        f"{setting}: this file is empty, damaged or of another kind. Name a file with certificates "
        "in PEM format, which begin with -----BEGIN CERTIFICATE-----. A certificate in DER format "
        "can be converted: openssl x509 -inform der -in ca.der -out ca.pem"
    )


def _find_folder_problem(paths: str) -> str | None:
    """Return why no certificate can be found in a folder, or in a list of folders, or None."""
    folders = [folder for folder in paths.split(os.pathsep) if folder]
    if any(_has_certificates(folder) for folder in folders):
        return None
    setting = _quote(FOLDER_VARIABLE, paths)
    if any(_is_folder(folder) for folder in folders):
        return (
            f"{setting}: OpenSSL finds no certificate in this folder, because it looks for names "
            f"such as 9d66eef0.0. Run: openssl rehash FOLDER. Or set {FILE_VARIABLE} to a file"
        )
    if any(os.path.isfile(folder) for folder in folders):  # noqa: PTH113 - see _is_folder
        return f"{setting}: this is a file. Set {FILE_VARIABLE} instead"
    return f"{setting}: there is no such folder. {_advice(paths)}"


def _has_certificates(folder: str) -> bool:
    """Return whether a folder has files that OpenSSL looks for, as far as we may see."""
    try:
        names = [file.name for file in Path(folder).iterdir()]
    except PermissionError:
        return True  # the files that OpenSSL needs may still be readable
    except OSError:
        return False
    return any(_HASHED_NAME.fullmatch(name) for name in names)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - Path raises for a path that is too long


def _quote(variable: str, path: str) -> str:
    return f"{variable} is {shorten(path)}"


def _advice(path: str) -> str:
    if path.startswith("~"):
        return "~ stands for your home folder in a shell only: write the whole path"
    if not Path(path).is_absolute():
        return f"It is looked for in {_working_folder()}: write the whole path"
    return "Correct the variable, or unset it"


def _working_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it has been deleted
        return "the folder of this process"
