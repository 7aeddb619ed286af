"""The table on standard output, and the progress on standard error."""

import contextlib
import datetime as dt
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import BinaryIO, cast

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

import finerworks
from finerworks import dates, money
from finerworks.cli import streams
from finerworks.exports import Tally
from finerworks.exports.words import counted, visible
from finerworks.threads import can_start_thread

__all__ = ["buffered_output", "progress", "summary", "table"]

MEMORY_LIMIT = 8 << 20
"""Bytes of output to hold in memory. Output that is longer goes to a temporary file."""

MIN_WIDTH = 72
"""Width of the table in columns. A narrower terminal wraps the lines, so no amount is truncated."""

Watch = Callable[["finerworks.Pager[finerworks.Invoice]"], Iterator["finerworks.Invoice"]]
"""Iterates over the invoices of a listing, and shows the progress."""


def summary(count: int, total: Decimal) -> str:
    """Return the number of invoices and their total amount as text."""
    return f"{counted(count, 'invoice')}, {money.text(total)} due in all"


@contextlib.contextmanager
def progress(*, shown: bool) -> Generator[Watch]:
    """Show the number of pages and invoices on standard error, if that is a terminal."""
    console = Console(stderr=True)
    # `is_terminal` alone is also true in a pipe, if FORCE_COLOR is set.
    shown = shown and console.is_terminal and console.file.isatty()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        console=console,
        auto_refresh=shown and can_start_thread(),  # in a thread
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    task = bar.add_task("Requesting the first page", total=None)

    def watch(pager: "finerworks.Pager[finerworks.Invoice]") -> Iterator["finerworks.Invoice"]:
        count = 0
        if pager.consistent:
            bar.update(task, description="Reading until two passes agree")
        with contextlib.closing(pager.pages()) as pages:
            for number, page in enumerate(pages, 1):
                count += len(page.items)
                read = count
                if pager.selection.by_month:
                    read = number * pager.per_page  # which is too many after a short page
                description = f"{counted(number, 'page')}, {counted(count, 'invoice')}"
                bar.update(
                    task,
                    completed=read,
                    total=pager.total_count,
                    description=description,
                    refresh=shown,
                )
                yield from page.items

    with bar if shown else contextlib.nullcontext():
        yield watch


@contextlib.contextmanager
def buffered_output() -> Generator[BinaryIO]:
    """Yield a file, and copy it to standard output when the `with` block ends without an error.

    Raises:
        BrokenPipeError: The reader, such as `head`, closed standard output.
        OutputError: Standard output cannot be written. If possible, this is detected before the
            `with` block is entered.
    """
    streams.check_output()
    with tempfile.SpooledTemporaryFile(MEMORY_LIMIT) as file:
        yield cast(BinaryIO, file)
        file.seek(0)
        shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()


def table(
    invoices: Iterable["finerworks.Invoice"],
    as_of: dt.date | None,
    note: str | None,
    *,
    is_terminal: bool,
) -> str:
    """Return invoices as a table, with exact totals below it.

    Invoices past their due date are marked in words, and on a terminal in bold. `note` says which
    invoices were selected.
    """
    rows = _empty_table(is_terminal=is_terminal)
    tally = Tally(invoices)
    late = list[Decimal]()
    below_zero = list[Decimal]()
    for invoice in tally:
        past_due, style = "", ""
        if dates.is_past_due(invoice, as_of):
            late.append(invoice.amount_due)
            past_due = counted(dates.days_past_due(invoice, as_of) or 0, "day")
            style = "bold"
        if invoice.amount_due < 0:
            below_zero.append(invoice.amount_due)
        month = dates.month(invoice)
        rows.add_row(
            Text(visible(invoice.invoice_id)),
            f"{month:%Y-%m}" if month else "-",
            str(dates.due_day(invoice) or "-"),
            past_due,
            money.text(invoice.amount_due),
            style=style,
        )
    lines = _render(rows, is_terminal=is_terminal)
    if not is_terminal:
        lines.append("")
    lines.append(_totals(tally, late, below_zero))
    if late:
        lines.append("The API does not say whether an invoice is paid: some of these may be.")
    if note:
        lines.append(f"Shown: {note}.")
    return "\n".join(lines) + "\n"


def _totals(tally: Tally, late: Sequence[Decimal], below_zero: Sequence[Decimal]) -> str:
    parts = [
        summary(tally.count, tally.total),
        f"{len(late):,} past due date, {money.text(money.total(late))}",
    ]
    if below_zero:
        # Without the credits, what is past its due date can be more than what is due in all.
        total = money.text(money.total(below_zero))
        parts.append(f"{counted(len(below_zero), 'credit')}, {total}")
    return "; ".join(parts)


def _empty_table(*, is_terminal: bool) -> Table:
    """Return the table without rows. In a pipe it has no lines and no padding at the edges."""
    rows = Table(box=box.SIMPLE_HEAD if is_terminal else None, pad_edge=is_terminal, padding=(0, 1))
    rows.add_column("Invoice", overflow="fold")
    rows.add_column("Month", overflow="fold", no_wrap=True)
    rows.add_column("Due", overflow="fold", no_wrap=True)
    rows.add_column("Past due", overflow="fold")
    rows.add_column("Amount due", justify="right", no_wrap=True)
    return rows


def _render(rows: Table, *, is_terminal: bool) -> list[str]:
    """Return the lines of the table: for the terminal in its colours, else as plain text."""
    if is_terminal:
        console = Console()
        console.width = max(console.width, MIN_WIDTH)
    else:
        console = Console(width=10_000, color_system=None)
    with console.capture() as captured:
        console.print(rows)
    lines = captured.get().splitlines()
    if is_terminal:
        return lines
    return [line.rstrip() for line in lines]
