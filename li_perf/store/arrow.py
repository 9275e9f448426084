"""Rows to columns and back, as engines elsewhere take and give them. The only file that knows pyarrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def schema(columns: Mapping[str, str]) -> Any:
    """The columns of a schema of `Tables` as Arrow has them; times are UTC, without a zone."""
    import pyarrow as pa

    kinds = {
        "varchar": pa.string(),
        "boolean": pa.bool_(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }
    return pa.schema([(name, kinds[kind]) for name, kind in columns.items()])


def batch(rows: Sequence[Sequence[Any]], columns: Mapping[str, str]) -> Any:
    """Rows as one batch; aware times become UTC, ISO texts times and days. Raises ValueError as `Tables.fill`."""
    import pyarrow as pa

    if any(len(row) != len(columns) for row in rows):
        raise ValueError(f"a row has not as many values as the table has columns, {len(columns)}")
    wanted = schema(columns)
    values = [list(column) for column in zip(*rows, strict=True)]
    return pa.record_batch([_column(*one) for one in zip(values, wanted.types, strict=True)], schema=wanted)


def _column(values: list[Any], kind: Any) -> Any:
    import pyarrow as pa

    is_text = any(isinstance(value, str) for value in values)
    return pa.array(values, pa.string()).cast(kind) if is_text else pa.array(values, kind)


def shaped(found: Any, columns: Mapping[str, str]) -> Any:
    """A batch with the columns' own types, whatever an engine made of them. Raises ValueError."""
    import pyarrow as pa

    wanted = schema(columns)
    return pa.record_batch([found.column(field.name).cast(field.type) for field in wanted], schema=wanted)


def table(batches: Sequence[Any], columns: Mapping[str, str]) -> Any:
    """Batches as one table, with no rows where there are none."""
    import pyarrow as pa

    return pa.Table.from_batches(batches, schema=schema(columns))


def rows(found: Any) -> list[tuple[Any, ...]]:
    """A batch's rows."""
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))
