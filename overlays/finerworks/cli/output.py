"""What a person sees: the table on standard output, progress on standard error."""

import contextlib
import datetime as dt
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO, cast

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from finerworks import money
from finerworks.exports import Tally, ages
from finerworks.exports.words import counted, visible

if TYPE_CHECKING:
    from finerworks.pagination import Pager
    from finerworks_client.models import Invoice

__all__ = ["progress", "summary", "table", "whole_output"]

IN_MEMORY = 8 << 20
"""Bytes of output that are held in memory before they are given out; more are held in a file."""

LEAST = 72
"""Columns that the table takes. A narrower terminal breaks its lines, which is better than half an amount."""

Watch = Callable[["Pager[Invoice]"], "Iterator[Invoice]"]
"""Gives the invoices of a listing, and shows how far it is."""


def summary(count: int, total: Decimal) -> str:
    """Say how many invoices there are, and what is due in all."""
    return f"{counted(count, 'invoice')}, {money.text(total)} due in all"


@contextlib.contextmanager
def progress(*, shown: bool) -> Generator[Watch]:
    """Show pages and invoices on standard error, if that is a terminal and it is wanted."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    shown = (
        shown and console.is_terminal and console.file.isatty()
    )  # FORCE_COLOR makes a terminal of anything
    bar = Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    )
    task = bar.add_task("Asking for the first page", total=None)

    def watch(pager: "Pager[Invoice]") -> "Iterator[Invoice]":
        count = 0
        with contextlib.closing(pager.pages()) as pages:
            for number, page in enumerate(pages, 1):
                count += len(page.items)
                told = f"{counted(number, 'page')}, {counted(count, 'invoice')}"
                bar.update(task, completed=count, total=pager.total_count, description=told)
                yield from page.items

    with bar if shown else contextlib.nullcontext():
        yield watch


@contextlib.contextmanager
def whole_output() -> Generator[BinaryIO]:
    """Give a file whose content goes to standard output when all of it is there, and not before."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        yield cast(BinaryIO, file)
        file.seek(0)
        try:
            sys.stdout.flush()
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.flush()
        except BrokenPipeError as error:  # whoever reads this, such as head, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(141) from error


def table(invoices: "Iterable[Invoice]", as_of: dt.date | None, note: str | None) -> str:
    """Write invoices as a table, with exact totals below it. What is overdue is marked in words, and in colour."""
    terminal = sys.stdout.isatty()
    console = Console() if terminal else Console(width=10_000, color_system=None)
    console.width = max(console.width, LEAST)
    # Without lines or padding where a program reads it.
    shown = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=terminal, padding=(0, 1))
    for name in ("Invoice", "Month", "Due", "Overdue"):
        shown.add_column(name, overflow="fold", no_wrap=name in {"Month", "Due"})
    shown.add_column("Amount due", justify="right", no_wrap=True)
    all_of_them, late = Tally(invoices), list[Decimal]()
    for invoice in all_of_them:
        month, due = ages.month(invoice), ages.due_day(invoice)
        told, style = "", ""
        if ages.is_overdue(invoice, as_of):
            late.append(invoice.amount_due)
            told, style = f"{ages.days_overdue(invoice, as_of):,} days", "red"
        shown.add_row(
            Text(visible(invoice.invoice_id)),
            f"{month:%Y-%m}" if month else "-",
            f"{due}" if due else "-",
            told,
            money.text(invoice.amount_due),
            style=style,
        )
    with console.capture() as captured:
        console.print(shown)
    lines = [line.rstrip() if not terminal else line for line in captured.get().splitlines()]
    total = summary(all_of_them.count, all_of_them.total)
    lines.append(
        f"{'' if terminal else chr(10)}{total}; {len(late):,} overdue, {money.text(money.total(late))}"
    )
    return "\n".join([*lines, *([f"Shown: {note}."] if note else [])]) + "\n"
