"""The results of a command, as lines for people or as JSON."""

from collections.abc import Mapping

import typer

from finerworks.cli.json_text import json_object

__all__ = ["Results"]


class Results:
    """Lines that are printed at once, or the members of a JSON object that is printed at the end.

    Args:
        as_json: Whether to print JSON.
        width: The width of the labels of the lines.
    """

    def __init__(self, *, as_json: bool, width: int = 9) -> None:
        self._as_json = as_json
        self._width = width
        self._members = dict[str, object]()

    def add(self, label: str, text: str, members: Mapping[str, object]) -> None:
        """Add a line, and the corresponding members for programs."""
        self._members.update(members)
        if not self._as_json:
            typer.echo(f"{label:<{self._width}} {text}")

    def finish(self) -> None:
        """Print the JSON object, if requested."""
        if self._as_json:
            typer.echo(json_object(self._members))
