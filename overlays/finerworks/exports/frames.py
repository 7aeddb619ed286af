"""Listings as tables: Arrow's, and polars' and pandas' made of them, with exact decimals and timestamps."""

# The types that pyarrow-stubs has are in part unknown.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import datetime as dt
from collections.abc import AsyncIterable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from finerworks.exports import require
from finerworks.exports.columns import DIGITS, SCALE, Cell, item_of, split, split_cells

require("pyarrow", "arrow", "a table")

import pyarrow as pa  # noqa: E402 - after the message that says what to do if it is missing

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["ROWS", "Frame", "Rows", "schema"]

ROWS = 10_000
"""Rows that are made into a batch, and a row group of Parquet, at a time."""

_TYPES: dict[type, pa.DataType] = {
    str: pa.string(),
    Decimal: pa.decimal128(DIGITS, SCALE),
    dt.datetime: pa.timestamp("us"),
    int: pa.int64(),
    bool: pa.bool_(),
}


def schema(model: type) -> pa.Schema:
    """Give a generated model's columns in Arrow: decimal128 for amounts, timestamps of the server's wall clock."""
    return pa.schema([pa.field(column.name, _TYPES[column.kind]) for column in split(model)])


class Rows:
    """Items on their way into a batch."""

    def __init__(self, model: type) -> None:
        self._model, self._schema, self._cells = model, schema(model), list[list[Cell]]()

    def __len__(self) -> int:
        return len(self._cells)

    def add(self, item: object) -> None:
        """Take an item.

        Raises:
            ExportError: It holds what a table cannot.
        """
        self._cells.append(split_cells(self._model, item))

    def batch(self) -> pa.RecordBatch:
        """Give what was taken since the last batch."""
        taken, self._cells = self._cells, []
        columns = zip(*taken, strict=True) if taken else [()] * len(self._schema)
        arrays = [
            pa.array(list(each), field.type)
            for each, field in zip(columns, self._schema, strict=True)
        ]
        return pa.record_batch(arrays, schema=self._schema)


class Frame:
    """A table in the making.

    Args:
        answer: The model of the endpoint's answer, in `finerworks_client.models`.
        packages: What it is to become a data frame of; they are looked for at once.
    """

    def __init__(self, answer: str, *packages: str) -> None:
        for package in packages:
            require(package, package, f"a {package} data frame")
        self._rows, self._batches = Rows(item_of(answer)), list[pa.RecordBatch]()

    def add(self, item: object) -> None:
        """Take an item.

        Raises:
            ExportError: It holds what a table cannot.
        """
        self._rows.add(item)
        if len(self._rows) == ROWS:
            self._batches.append(self._rows.batch())

    def read(self, items: Iterable[object]) -> Self:
        """Take all items; see `add`."""
        for item in items:
            self.add(item)
        return self

    async def aread(self, items: AsyncIterable[object]) -> Self:
        """Take all items; see `add`."""
        async for item in items:
            self.add(item)
        return self

    def arrow(self) -> pa.Table:
        """Give the table as Arrow's."""
        self._batches.append(self._rows.batch())
        return pa.Table.from_batches(self._batches)

    def polars(self) -> "pl.DataFrame":
        """Give the table as polars'."""
        import polars as pl  # noqa: PLC0415 - of an extra of its own

        return pl.DataFrame(self.arrow())

    def pandas(self) -> "pd.DataFrame":
        """Give the table as pandas', with Arrow's types: amounts are `decimal128`, not floats."""
        import pandas as pd  # noqa: PLC0415 - of an extra of its own

        return self.arrow().to_pandas(types_mapper=pd.ArrowDtype)
