"""Files of the lake's tables: the rows of a query as Parquet, in a file whose name begins with its batch's number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from li_perf.errors import StoreError
from li_perf.store import delta
from li_perf.store.delta import File, Shape, Snapshot
from li_perf.store.query import Tables, literal

COPY = "copy ({query}) to {path} (format parquet, compression zstd, row_group_size 61440, return_stats)"


def table(folder: Path, shape: Shape, *, partition: Sequence[str] = ()) -> Snapshot:
    """The table as it stands, made where there is none."""
    delta.create(folder, shape, partition=partition)
    now = delta.snapshot(folder)
    assert now
    return now


def write(tables: Tables, query: str, folder: Path, *, batch: int, partition: Mapping[str, str] | None = None) -> File:
    """The rows of a query in a new file, which is no part of the table before a commit; none where there is no row."""
    place = "".join(f"{name}={value}/" for name, value in (partition or {}).items())
    path = f"{place}{batch:08}-{uuid4()}.parquet"
    (folder / path).parent.mkdir(exist_ok=True)
    ((_, rows, size, *_),) = tables.rows(COPY.format(query=query, path=literal(folder / path)))
    if not rows:
        (folder / path).unlink()
    return File(path=path, partition=partition or {}, size=size, rows=rows)


def batch_of(file: File) -> int:
    """The number of the batch that wrote it."""
    number = Path(file.path).name.split("-")[0]
    return int(number) if number.isdigit() else 0  # 0: written by another program, out of files of ours


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """DuckDB's and the system's errors about files and memory as sentences. Raises StoreError."""
    import duckdb

    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException, OSError) as error:
        why = str(error).splitlines()[0]
        raise StoreError(
            f"The lake {folder} cannot be written ({why}). It is as it was; make room, or mend the folder's rights, "
            "and run `li-perf clean` again."
        ) from None
