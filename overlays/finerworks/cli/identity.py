"""The host and the account of the figures that a command shows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finerworks.exports.words import visible
from finerworks.lazy import LazyModule

if TYPE_CHECKING:
    from finerworks import credentials
else:
    credentials = LazyModule("finerworks.credentials")

__all__ = ["Identity"]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The host and the account of figures."""

    host: str
    """The base URL."""
    keys_from: str
    """Where the keys come from, such as "in the environment"."""
    account_key: "credentials.Secret"
    """The account that is read. Empty: the account that owns the keys."""
    account_from: str
    """Where the account comes from, such as "--account-key"."""

    @property
    def account(self) -> str:
        """The account in words."""
        if self.account_key:
            return f"{visible(self.account_key)} (from {self.account_from})"
        return f"the owner of the keys {self.keys_from}"

    @property
    def members(self) -> dict[str, object]:
        """The host and the account as members of a JSON object."""
        return {"host": self.host, "account_key": self.account_key or None}

    @property
    def sentence(self) -> str:
        """The host and the account in words."""
        return f"Host {self.host}, account: {self.account}"
