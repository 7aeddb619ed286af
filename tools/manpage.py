"""Write the man page of the command from its help: `make man`.

The command is made with typer, whose classes click-man does not know.
"""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import typer.main
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from finerworks import __version__
from finerworks.cli import help_texts
from finerworks.cli.app import HELP_OPTIONS, app
from finerworks.cli.options import EXIT_STATUSES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "finerworks.1"
NAME = "finerworks"
DATE = "2026-11-29"
"""The day on which the commands were last changed. A man page must have one."""

INDENT = "  "
"""How lines of a help text begin that must stay as they are, such as examples."""


def man_page() -> str:
    """Return the man page in the macros of man(7)."""
    group = typer.main.get_command(app)
    if not isinstance(group, TyperGroup):
        raise TypeError("the command has no commands of its own")
    lines = [
        f'.TH FINERWORKS 1 {DATE} "finerworks {_escape(__version__)}" "User Commands"',
        ".SH NAME",
        rf"{NAME} \- list, export and report FinerWorks invoices",
        ".SH SYNOPSIS",
        rf"\fB{NAME}\fR [\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGUMENTS\fR]",
        ".SH DESCRIPTION",
        *_prose(group.help or ""),
        ".SH COMMANDS",
        *_commands(group, NAME),
        ".SH OPTIONS",
        *_parameters(group),
        ".SH ENVIRONMENT",
        *_table(help_texts.ENVIRONMENT),
        ".SH EXIT STATUS",
        *_table(EXIT_STATUSES),
    ]
    return "\n".join(lines) + "\n"


Command = TyperGroup | TyperCommand


def _commands(group: TyperGroup, path: str) -> Iterator[str]:
    """Return the commands of a group, and those of its groups."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{path} {name}")
            continue
        if not isinstance(command, TyperCommand):
            raise TypeError(f"{name} is not a command of typer")
        yield f'.SS "{_escape(f"{path} {name}")}"'
        yield from _prose(command.help or "")
        yield from _parameters(command)


def _parameters(command: Command) -> Iterator[str]:
    """Return the arguments and options of a command, with their help."""
    context = typer.Context(command, help_option_names=HELP_OPTIONS)
    for parameter in command.get_params(context):
        if isinstance(parameter, TyperArgument):
            yield from _item(rf"\fI{_escape(parameter.make_metavar(context))}\fR", parameter.help)
        elif isinstance(parameter, TyperOption):
            # typer returns the names of --help in any order.
            longest_first = sorted(parameter.opts, key=len, reverse=True)
            names = ", ".join(rf"\fB{_escape(name)}\fR" for name in longest_first)
            metavar = "" if parameter.is_flag else parameter.make_metavar(context)
            value = rf" \fI{_escape(metavar)}\fR" if metavar else ""
            yield from _item(names + value, parameter.help)


def _table(rows: dict[str, str]) -> Iterator[str]:
    for name, meaning in rows.items():
        yield from _item(rf"\fB{_escape(name)}\fR", meaning)


def _item(term: str, text: str | None) -> Iterator[str]:
    yield ".TP"
    yield term
    yield from _wrap(text or "")


def _prose(text: str) -> Iterator[str]:
    """Return paragraphs. Lines that are indented, such as examples, stay as they are."""
    for number, paragraph in enumerate(text.split("\n\n")):
        if number > 0:
            yield ".PP"
        lines = paragraph.splitlines()
        prose = [line for line in lines if not line.startswith(INDENT)]
        verbatim = [line.removeprefix(INDENT) for line in lines if line.startswith(INDENT)]
        yield from _wrap(" ".join(prose))
        if verbatim:
            yield from (".RS", ".nf", *(_line(line) for line in verbatim), ".fi", ".RE")


def _wrap(text: str) -> Iterator[str]:
    """Return a paragraph as short lines, so that a change of it is a short change of the page."""
    for line in textwrap.wrap(text, 90, break_on_hyphens=False, break_long_words=False):
        yield _line(line)


def _line(text: str) -> str:
    """Return a line of text. At its beginning, a dot or an apostrophe would be a macro."""
    escaped = _escape(text)
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _escape(text: str) -> str:
    r"""Return text for roff, in which ``\-`` is the hyphen of options, which can be copied."""
    return text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq")


def main() -> int:
    """Write the page, or with --check, return 1 if it is not up to date."""
    if sys.argv[1:] != ["--check"]:
        PAGE.write_text(man_page(), encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == man_page():
        return 0
    print("docs/finerworks.1 is not up to date: run 'make man'", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
