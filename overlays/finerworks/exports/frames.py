"""Listings as Arrow tables, polars and pandas data frames, with exact decimals and timestamps."""

# Some types in pyarrow-stubs are unknown.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import datetime as dt
from collections.abc import AsyncIterable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from finerworks.exports import require
from finerworks.exports.columns import DIGITS, SCALE, Cell, item_of, split, split_cells
from finerworks.lazy import LazyModule

require("pyarrow", extra="arrow", what="a table")

import pyarrow as pa  # noqa: E402 - `require` explains how to install it

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
else:
    pd = LazyModule("pandas", optional=True)
    pl = LazyModule("polars", optional=True)

__all__ = ["ROWS", "Frame", "Rows", "schema"]

ROWS = 10_000
"""Rows in a record batch of Arrow, and in a row group of Parquet."""

_SHORT_AMOUNT = pa.decimal128(18, SCALE)
"""Amounts in pandas: up to 14 digits before the decimal point. Arrow can still multiply such a
number by one of 64 bits, which has 19 digits; it allows 38 in all."""

_TYPES: dict[type, pa.DataType] = {
    str: pa.string(),
    Decimal: pa.decimal128(DIGITS, SCALE),
    dt.date: pa.date32(),
    dt.datetime: pa.timestamp("us"),
    int: pa.int64(),
    bool: pa.bool_(),
}


def schema(model: type) -> pa.Schema:
    """Return the Arrow schema of a model.

    Amounts are decimal128. Dates with a time are timestamps in the server's local time.
    """
    return pa.schema([pa.field(column.name, _TYPES[column.kind]) for column in split(model)])


class Rows:
    """A buffer of items that become a record batch."""

    def __init__(self, model: type) -> None:
        self._model = model
        self._schema = schema(model)
        self._cells = list[list[Cell]]()

    def __len__(self) -> int:
        return len(self._cells)

    def add(self, item: object) -> None:
        """Add an item.

        Raises:
            ExportError: A table cannot store one of its values.
        """
        self._cells.append(split_cells(self._model, item))

    def batch(self) -> pa.RecordBatch:
        """Return the items that were added since the last batch."""
        rows = self._cells
        self._cells = []
        columns = zip(*rows, strict=True) if rows else [()] * len(self._schema)
        arrays = [
            pa.array(list(values), field.type)
            for values, field in zip(columns, self._schema, strict=True)
        ]
        return pa.record_batch(arrays, schema=self._schema)


class Frame:
    """A table to which items are added.

    Args:
        response: The name of the response's model in `finerworks_client.models`.
    """

    def __init__(self, response: str) -> None:
        self._rows = Rows(item_of(response))
        self._batches = list[pa.RecordBatch]()

    def add(self, item: object) -> None:
        """Add an item.

        Raises:
            ExportError: A table cannot store one of its values.
        """
        self._rows.add(item)
        if len(self._rows) == ROWS:
            self._batches.append(self._rows.batch())

    def read(self, items: Iterable[object]) -> Self:
        """Add all items (see `add`), and return this frame."""
        for item in items:
            self.add(item)
        return self

    async def aread(self, items: AsyncIterable[object]) -> Self:
        """Add all items (see `add`), and return this frame."""
        async for item in items:
            self.add(item)
        return self

    def arrow(self) -> pa.Table:
        """Return the table as an Arrow table."""
        self._batches.append(self._rows.batch())
        return pa.Table.from_batches(self._batches)

    def polars(self) -> "pl.DataFrame":
        """Return the table as a polars data frame."""
        import polars as pl  # noqa: PLC0415 - an optional package

        return pl.DataFrame(self.arrow())

    def pandas(self) -> "pd.DataFrame":
        """Return the table as a pandas data frame with Arrow types.

        Amounts are ``decimal128(18, 4)``, or ``decimal128(38, 4)`` if one of them is too large.
        """
        import pandas as pd  # noqa: PLC0415 - an optional package

        return _narrow(self.arrow()).to_pandas(types_mapper=pd.ArrowDtype)


def _narrow(table: pa.Table) -> pa.Table:
    """Return a table whose amounts have few enough digits to calculate with.

    Arrow derives the type of a product or a sum from the types of its operands, not from their
    values. With amounts of 38 digits each such type has too many, which is an error.
    """
    short_schema = table.schema
    for number, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            short_schema = short_schema.set(number, field.with_type(_SHORT_AMOUNT))
    try:
        return table.cast(short_schema)
    except pa.ArrowInvalid:  # an amount is too large
        return table
