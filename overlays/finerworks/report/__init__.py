"""The report: one HTML file for people, of what is due, what is overdue, and since when.

The file stands alone: no script, nothing loaded, and a policy in it by which a browser refuses both.
Every sum is exact, and each table's parts add up to the total.
"""

import base64
import datetime as dt
import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import jinja2

from finerworks import money
from finerworks.exports import whole_file
from finerworks.exports.words import counted, visible
from finerworks.report.parts import Part, by_age, charts, row_of
from finerworks_client.models import Invoice

__all__ = ["Totals", "write_report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a report came to. Overdue is what is past its due day and above zero."""

    count: int
    total: Decimal
    overdue_count: int
    overdue_total: Decimal


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
    """Write a report on invoices, such as those of `fw.invoices.list()`, complete or not at all.

    Args:
        invoices: They are read once, and held until the report is written.
        path: Where it goes.
        as_of: The day on which something is overdue or not. None: today, by each due date's own offset.
        host: Where the invoices came from.
        account: Whose they are, where the keys do not say it.
        shown: What was left out, in words, such as "2026-01 to 2026-06, overdue only". None: nothing.
        overwrite: Whether a file that is there may be replaced.

    Raises:
        FileExistsError: It is there, and is not to be replaced. Nothing was listed.
        OSError: It cannot be written.
    """
    made = dt.datetime.now().astimezone()
    with whole_file(path, overwrite=overwrite) as file:
        whole = Part("Total", [row_of(invoice, as_of) for invoice in invoices])
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
            whole=whole,
            ages=by_age(whole.rows),
            charts=charts(whole.rows),
        )
        file.writelines(piece.encode() for piece in page)
    late = whole.late
    return Totals(
        count=whole.count, total=whole.total, overdue_count=late.count, overdue_total=late.total
    )


@functools.cache
def _template() -> jinja2.Template:
    """Load the page. What it is given is escaped; a name that it is not given is an error."""
    house = jinja2.Environment(
        autoescape=True,
        loader=jinja2.PackageLoader(__name__, "."),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    written = {"amount": money.text, "counted": counted, "visible": visible}
    return house.get_template("report.html.jinja", globals=written)
