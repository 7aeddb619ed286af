"""The help of each command: what it does, examples, and further information.

typer keeps the line breaks of these texts, so each paragraph is one line.
"""

__all__ = [
    "CHECK",
    "ENVIRONMENT",
    "EXPORT",
    "INVOICES",
    "LIST",
    "LOGIN",
    "LOGOUT",
    "REPORT",
    "ROOT",
    "SANDBOX",
    "WHOAMI",
]


def _text(summary: str, examples: tuple[str, ...], *paragraphs: str) -> str:
    """Return a help text. The examples come before the longer paragraphs."""
    lines = "\n".join(f"  $ {example}" for example in examples)
    return "\n\n".join([summary, f"Examples:\n{lines}", *paragraphs])


ROOT = _text(
    "List, export and report your FinerWorks invoices.",
    (
        "finerworks check",
        "finerworks invoices list --since 2026-01",
        "finerworks invoices export invoices.xlsx",
        "finerworks invoices report invoices.html",
        "finerworks sandbox -- finerworks invoices list",
    ),
    "Keys come from the file that --env-file names; else from FINERWORKS_WEB_API_KEY and "
    "FINERWORKS_APP_KEY in the environment; else from the profile that 'finerworks login' stored. "
    "Both keys must come from the same place. The host is FINERWORKS_BASE_URL if that is set.",
    "The last example needs no keys: it lists the invoices of a sandbox on this machine.",
    "Run 'finerworks COMMAND --help' for the options of a command.",
)
INVOICES = _text(
    "List, export and report invoices.",
    (
        "finerworks invoices list --past-due",
        "finerworks invoices export invoices.csv --since 2026-01 --until 2026-03",
        "finerworks invoices report invoices.html",
    ),
)
LIST = _text(
    "List invoices as a table with exact totals, or as JSON or CSV.",
    (
        "finerworks invoices list --since 2026-01 --past-due",
        "finerworks invoices list --json | jq length",
        "finerworks invoices list -o invoices.jsonl",
    ),
    "The output starts when all pages have been read. After an error there is no output.",
)
EXPORT = _text(
    "Write invoices to a file, with exact amounts.",
    (
        "finerworks invoices export invoices.xlsx",
        "finerworks invoices export 2026.csv --since 2026-01",
        "finerworks invoices export - --format csv | head",
        (
            "finerworks invoices export bills.csv --since 2026-07 --layout sage "
            "--account-code 5000 --tax-code 'No VAT'"
        ),
    ),
    "The file appears when it is complete. After an error there is no file.",
    "The layout 'plain' has days without times. In the layout 'full', dates keep their UTC offset: "
    "in CSV and JSON Lines it is part of the date, in Parquet and Excel it has its own columns.",
)
REPORT = _text(
    "Write a report for people: what you owe, what is past its due date, and what is due next.",
    (
        "finerworks invoices report invoices.html",
        "finerworks invoices report last-year.html --since 2025-01 --until 2025-12",
    ),
    "It is a single HTML file that loads nothing from other hosts.",
)
CHECK = _text(
    "Check the keys, and show the host, the account, the number of invoices and the response time.",
    ("finerworks check", "finerworks check --json", "finerworks check --shape shape.json"),
    "It names each way in which the responses deviate from the contract.",
)
LOGIN = _text(
    "Store keys under the name of a profile, after the host accepted them.",
    (
        "finerworks login",
        "finerworks login --profile work --store file",
        "finerworks login --store file < keys.env",
    ),
    "On a terminal, you are asked for both keys, which are not shown. Otherwise they are read from "
    "standard input or from --env-file, as NAME=VALUE lines.",
    "Keys of --env-file and of the environment take precedence over those of a profile.",
    "The host is that of FINERWORKS_BASE_URL. The keys of the profile go to no other.",
)
LOGOUT = _text(
    "Remove the keys that 'finerworks login' stored.",
    ("finerworks logout", "finerworks logout --profile work"),
    "It is no error if there are none.",
)
WHOAMI = _text(
    "Show the host, the account, where the keys come from, and the last characters of each key.",
    ("finerworks whoami", "finerworks whoami --profile work", "finerworks whoami --check --json"),
    "Nothing is sent without --check.",
)
SANDBOX = _text(
    "Run a local stand-in for FinerWorks, to try things without keys (extra 'sandbox').",
    (
        "finerworks sandbox",
        "finerworks sandbox -- finerworks invoices list",
        "finerworks sandbox --help",
    ),
)
ENVIRONMENT = {
    "FINERWORKS_WEB_API_KEY, FINERWORKS_APP_KEY": "The keys. Both must come from the same place.",
    "FINERWORKS_ACCOUNT_KEY": "The account to read (platform accounts only).",
    "FINERWORKS_BASE_URL": "The host, https://v2.api.finerworks.com by default.",
    "FINERWORKS_PROFILE": "The profile to use, 'default' by default. See 'finerworks login'.",
    "FINERWORKS_LOG": "debug or info: log each request to standard error.",
    "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY": "Proxies, and hosts that are reached directly.",
    "SSL_CERT_FILE, SSL_CERT_DIR": "Certificates to trust instead of those of certifi.",
    "XDG_CONFIG_HOME": "The folder of finerworks/profiles, ~/.config by default.",
    "PYTHON_KEYRING_BACKEND": "The keyring to use, if it is not the system's.",
    "NO_COLOR": "If set, print without colour. So does TERM=dumb.",
}
"""The variables that the command reads, for the man page."""
