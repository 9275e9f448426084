"""Analysis in memory: typed rows in, answers to plain SQL out. Alone but for the simulator in naming DuckDB."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from li_perf.store.dialects import DUCKDB, spoken

CHUNK_ROWS = 5_000
BATCH_ROWS = 50_000
SHARE, LEAST, MOST = 0.25, 64_000_000, 4_000_000_000  # of the memory at hand, and bytes
# Of this container, in either version of control groups; "max", or more than there is, where it has none.
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))

JOIN_ORDER = "join_order,build_side_probe_side"  # what optimises it

# In this order: nothing can be changed after the last.
SETTINGS = (
    "timezone = 'UTC'",
    "enable_progress_bar = false",
    "enable_external_access = false",
    "lock_configuration = true",
)


_in_use: WeakSet[Tables] = WeakSet()


class Tables:
    """The tables of one analysis, gone when closed; the session's zone is UTC, and SQL reaches no network.

    It reaches no file either, but for those in `folder`. Beyond `memory_limit` bytes, by default a quarter of what this
    process may have, it spills into the folder `spill`. Unless it `reorders`, joins are made as they are written.
    Tables `on_disk` lie in `spill`, compressed: a third of the room, and out of memory before anything must be spilled.
    """

    def __init__(
        self,
        *,
        spill: Path,
        threads: int | None = None,
        memory_limit: int | None = None,
        folder: Path | None = None,
        reorders: bool = True,
        on_disk: bool = False,
    ) -> None:
        import duckdb

        shutil.rmtree(spill, ignore_errors=True)  # what a killed run left
        self._disk = spill if on_disk else None
        if on_disk:
            spill.mkdir(parents=True)
        self._connection = duckdb.connect(
            str(spill / "tables.duckdb") if on_disk else ":memory:",
            config={
                "threads": threads or min(4, os.cpu_count() or 1),
                "memory_limit": f"{memory_limit or memory_share()}B",
                "temp_directory": str(spill),
                "autoload_known_extensions": False,
                "autoinstall_known_extensions": False,
                "disabled_optimizers": "" if reorders else JOIN_ORDER,
            },
        )
        if folder is not None:
            self.run(f"set allowed_directories = [{literal(folder)}]")
        for setting in SETTINGS:
            self.run(f"set {setting}")
        _in_use.add(self)

    def create(self, name: str, schema: Mapping[str, str]) -> None:
        """An empty table `name`; `schema` is column name -> SQL type.

        Give times as TIMESTAMP: reading TIMESTAMPTZ back needs a package that is not installed.
        """
        columns = ", ".join(f"{_quoted(key)} {kind}" for key, kind in schema.items())
        self.run(f"create table {_quoted(name)} ({columns})")

    def fill(self, name: str, schema: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> int:
        """Adds rows to a table and returns their number; aware times become UTC.

        Values travel as one list a column, some 50 times faster than row by row. Raises ValueError for a row of another
        length than the schema.
        """
        columns = ", ".join(f"unnest(cast(? as {kind}[]))" for kind in schema.values())
        statement = f"insert into {_quoted(name)} select {columns}"
        remaining, count = iter(rows), 0
        while chunk := list(islice(remaining, CHUNK_ROWS)):
            self._connection.execute(statement, _columns(chunk, len(schema)))
            count += len(chunk)
        return count

    def load(self, name: str, schema: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> int:
        """Makes a table of rows and returns their number."""
        self.create(name, schema)
        return self.fill(name, schema, rows)

    def take(self, name: str, schema: Mapping[str, str], select: str, kept: Self) -> None:
        """Names what a query of these tables answers: of `kept`, which must be these, nothing is copied."""
        assert kept is self, "tables are taken from the lake that they are in"
        self.run(f"create view {_quoted(name)} as select {', '.join(map(_quoted, schema))} from ({select}) as taken")

    def make(self, name: str, select: str) -> None:
        """Makes a table of what a query answers."""
        self.run(f"create table {_quoted(name)} as {select}")

    def run(self, sql: str) -> None:
        """Runs one statement for its effect."""
        self._connection.execute(spoken(sql, DUCKDB))

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows that one statement answers; `values` are those of its parameters ($name)."""
        return self._connection.execute(spoken(sql, DUCKDB), values or {}).fetchall()

    def blocks(self, sql: str) -> Iterator[list[tuple[Any, ...]]]:
        """The rows that one statement answers, some thousands at a time."""
        answer = self._connection.execute(spoken(sql, DUCKDB))
        while block := answer.fetchmany(CHUNK_ROWS):
            yield block

    def batches(self, sql: str) -> Iterator[Any]:
        """The rows that one statement answers, as batches of columns for another engine; needs pyarrow."""
        yield from self._connection.sql(spoken(sql, DUCKDB)).to_arrow_reader(BATCH_ROWS)

    def interrupt(self) -> None:
        """End the statement that another thread runs: it raises there."""
        self._connection.interrupt()

    def close(self) -> None:
        _in_use.discard(self)
        self._connection.close()
        if self._disk:
            shutil.rmtree(self._disk, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def interrupt_all() -> None:
    """End the statements that other threads run, of all tables."""
    for tables in tuple(_in_use):
        tables.interrupt()


def memory_share() -> int:
    """A quarter of the memory that this process may have, in bytes: of its container's, else of the machine's."""
    at_hand = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in CGROUP_LIMITS:
        with suppress(OSError, ValueError):
            at_hand = min(at_hand, int(limit.read_text()))
    return int(min(MOST, max(LEAST, SHARE * at_hand)))


def _columns(chunk: list[Sequence[Any]], width: int) -> list[list[Any]]:
    if len(chunk[0]) != width:
        raise ValueError(f"a row has {len(chunk[0])} values where the table has {width} columns")
    return [list(column) for column in zip(*chunk, strict=True)]


def literal(value: object) -> str:
    """A text or path as it stands in SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
