"""The report: an HTML file that shows what you owe, what is past its due date, and what is next.

The file has no scripts and loads nothing. A content security policy in it makes browsers refuse
both. All sums are exact, and the parts of each table add up to its total.
"""

import base64
import datetime as dt
import functools
import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import jinja2

from finerworks import money
from finerworks.exports import whole_file
from finerworks.exports.words import counted, visible
from finerworks.report.parts import Part, by_age, charts, largest, listed, oldest, payments, row_of
from finerworks_client.models import Invoice

__all__ = ["Totals", "write_report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The totals of a report.

    Past due are invoices past their due date with an amount above zero. FinerWorks does not
    document whether it lowers the amount of an invoice that is paid, so they may be paid.
    """

    count: int
    total: Decimal
    past_due_count: int
    past_due_total: Decimal

    @property
    def overdue_count(self) -> int:
        """The same as ``past_due_count``. Deprecated."""
        warnings.warn("use past_due_count", DeprecationWarning, stacklevel=2)
        return self.past_due_count

    @property
    def overdue_total(self) -> Decimal:
        """The same as ``past_due_total``. Deprecated."""
        warnings.warn("use past_due_total", DeprecationWarning, stacklevel=2)
        return self.past_due_total


def write_report(
    invoices: Iterable[Invoice],
    path: Path,
    *,
    as_of: dt.date | None = None,
    host: str,
    account: str | None = None,
    shown: str | None = None,
    overwrite: bool = False,
) -> Totals:
    """Write a report on invoices, and return its totals. After an error, there is no file.

    Args:
        invoices: The invoices, such as ``fw.invoices.list()``. They are read once, and kept in
            memory until the report is written.
        path: The HTML file to write.
        as_of: The day to use as today. None: the current day, in the UTC offset of each due date.
        host: The host that the invoices come from, as the report shows it.
        account: The account key, as the report shows it. None: the account that owns the keys.
        shown: Which invoices were selected, in words, such as "2026-01 to 2026-06, past due date".
            The report then speaks of these invoices, not of what you owe. None: all of them.
        overwrite: Whether to replace an existing file.

    Raises:
        FileExistsError: The file exists, and ``overwrite`` is False. Nothing was requested.
        OSError: The file cannot be written.
    """
    made = dt.datetime.now().astimezone()
    with whole_file(path, overwrite=overwrite) as file:
        all_invoices = Part("Total", [row_of(invoice, as_of) for invoice in invoices])
        style = files(__name__).joinpath("report.css").read_text(encoding="utf-8")
        page = _template().generate(
            style=style,
            style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
            made=made,
            as_of=as_of or made.date(),
            by_offset=as_of is None,
            host=host,
            account=account,
            shown=shown,
            all_invoices=all_invoices,
            oldest=oldest(all_invoices.rows),
            payments=payments(all_invoices.rows),
            largest=largest(all_invoices.rows),
            ages=by_age(all_invoices.rows),
            charts=charts(all_invoices.rows),
            listed=listed(all_invoices.rows),
        )
        file.writelines(piece.encode() for piece in page)
    late = all_invoices.late
    return Totals(
        count=all_invoices.count,
        total=all_invoices.total,
        past_due_count=late.count,
        past_due_total=late.total,
    )


@functools.cache
def _template() -> jinja2.Template:
    """Return the template. It escapes all values, and raises an error if a value is missing."""
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.PackageLoader(__name__, "."),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    functions = {"amount": money.text, "counted": counted, "visible": visible}
    return environment.get_template("report.html.jinja", globals=functions)
