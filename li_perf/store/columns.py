"""A table as a Parquet file, by DuckDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from li_perf.store.query import Tables


def parquet(schema: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> bytes:
    """The rows as a file's content; `schema` is column name -> SQL type."""
    with TemporaryDirectory(prefix="li_perf-") as name:
        folder = Path(name)
        with Tables(spill=folder / "spill", folder=folder) as tables:
            tables.load("content", schema, rows)
            tables.run(f"copy content to '{folder / 'table.parquet'}' (format parquet)")
        return (folder / "table.parquet").read_bytes()
