"""The summary of a file that a command wrote."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import typer

from finerworks.cli.identity import Identity
from finerworks.cli.json_text import json_object
from finerworks.cli.output import summary
from finerworks.cli.targets import STANDARD_OUTPUT

__all__ = ["Summary"]


@dataclass(frozen=True)
class Summary:
    """A file and its content."""

    target: Path
    identity: Identity
    count: int
    total: Decimal
    notes: tuple[str, ...] = ()
    """Notes about the file, in sentences."""
    shown: str | None = None
    """Which invoices were selected, in words. None: all of them."""

    def print(self, *, as_json: bool, quiet: bool, advice: str = "") -> None:
        """Print the summary: for people on standard error, and as JSON on standard output.

        If the file itself is on standard output, JSON goes to standard error.

        Args:
            as_json: Whether to print JSON.
            quiet: Whether people want no summary.
            advice: What people can do with the file.
        """
        to_standard_output = self.target == STANDARD_OUTPUT
        if as_json:
            typer.echo(json_object(self._members()), err=to_standard_output)
            return
        if quiet:
            return
        text = summary(self.count, self.total)
        if not to_standard_output:
            text += f", in {self.target}"
            text += f": {advice}" if advice else ""
        lines = [text]
        if self.shown:
            lines.append(f"Shown: {self.shown}.")
        for line in (*lines, *self.notes):
            typer.echo(line, err=True)

    def _members(self) -> dict[str, object]:
        to_standard_output = self.target == STANDARD_OUTPUT
        return {
            "file": None if to_standard_output else str(self.target),
            **self.identity.members,
            "shown": self.shown,
            "invoices": self.count,
            "amount_due": self.total,
            "notes": list(self.notes),
        }
