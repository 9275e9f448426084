"""Delta tables on disk: which files a table consists of, and one commit that changes them. Alone in naming deltalake.

The files themselves are written and read by DuckDB, so that memory stays within its limit. A commit of deltalake adds
and removes files at once (Delta protocol, "Actions"): readers see the old table or the new one.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from li_perf.errors import StoreError

NOTE = "li_perf"  # under which a commit's own metadata has our note
RETENTION_HOURS = 24  # how long a file that was replaced stays for those who are reading it
ODD = re.compile(r"[\[\]%\\\x00-\x1f]")  # in a folder's name: deltalake takes the path for a URL, and looks elsewhere
RECENT = 10  # commits in which our note is looked for first; other programs may have made some behind it
PRIMITIVES = {
    "varchar": "string",
    "boolean": "boolean",
    "timestamptz": "timestamp",
    "date": "date",
    "double": "double",
    "bigint": "long",
}

Shape = Mapping[str, Any]  # column -> SQL type; a mapping stands for a list of such structs


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a table: its path inside the table's folder, the partition it belongs to, bytes and rows."""

    path: str
    partition: Mapping[str, str]
    size: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A table as of one commit: `note` is what we wrote into the last commit of ours, None before the first."""

    folder: Path
    version: int
    columns: tuple[str, ...]
    files: tuple[File, ...]
    note: str | None

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    def paths(self) -> list[str]:
        return [str(self.folder / file.path) for file in self.files]


def snapshot(folder: Path) -> Snapshot | None:
    """The table as it stands, None without one. Raises StoreError where it cannot be read."""
    if not (folder / "_delta_log").is_dir():
        return None
    table = _opened(folder)
    actions = table.get_add_actions(flatten=True)
    values = {name: actions.column(name).to_pylist() for name in actions.schema.names}
    parts = {name.removeprefix("partition."): column for name, column in values.items() if name.startswith("partition")}
    files = [
        File(path=path, size=size, rows=rows, partition={name: column[i] for name, column in parts.items()})
        for i, (path, size, rows) in enumerate(
            zip(values.get("path", ()), values.get("size_bytes", ()), values.get("num_records", ()), strict=True)
        )
    ]
    columns = tuple(field.name for field in table.schema().fields)
    return Snapshot(folder=folder, version=table.version(), columns=columns, files=tuple(files), note=_note(table))


def create(folder: Path, shape: Shape, *, partition: Sequence[str] = ()) -> None:
    """An empty table, unless there is one."""
    from deltalake import DeltaTable

    if (folder / "_delta_log").is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    kept = {"delta.deletedFileRetentionDuration": f"interval {RETENTION_HOURS} hours"}
    DeltaTable.create(
        uri(folder), schema=_schema(shape), mode="ignore", partition_by=list(partition), configuration=kept
    )


def commit(now: Snapshot, *, add: Sequence[File], remove: Sequence[File], note: str, anew: Shape | None = None) -> None:
    """The next state of a table, in one commit, which is durable when this returns.

    `anew` takes all files away, and gives the table these columns.
    """
    from deltalake import CommitProperties
    from deltalake.transaction import AddAction, RemoveAction

    table, moment = _opened(now.folder), time.time_ns() // 1_000_000
    for file in add:
        _sync(now.folder / file.path)
    added = [
        AddAction(file.path, file.size, file.partition, moment, True, json.dumps({"numRecords": file.rows}))
        for file in add
    ]
    removed = [RemoveAction(file.path, True, moment, file.size, dict(file.partition)) for file in remove]
    table.create_write_transaction(
        added if anew else [*added, *removed],
        "overwrite" if anew else "append",
        _schema(anew) if anew else table.schema(),
        partition_by=table.metadata().partition_columns,
        commit_properties=CommitProperties(custom_metadata={NOTE: note}),
    )
    _sync(now.folder / "_delta_log" / f"{now.version + 1:020}.json")


def vacuum(folder: Path, note: str) -> None:
    """Delete files that no reader needs any more, and those that a killed run left without committing them."""
    from deltalake import CommitProperties

    _opened(folder).vacuum(
        RETENTION_HOURS,
        dry_run=False,
        enforce_retention_duration=False,
        full=True,
        commit_properties=CommitProperties(custom_metadata={NOTE: note}),
    )


def _opened(folder: Path) -> Any:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        return DeltaTable(uri(folder))
    except DeltaError as error:
        raise unreadable(folder.parent, error) from None


def unreadable(lake: Path, error: Exception) -> StoreError:
    """What is to be said of a lake that is damaged."""
    why = str(error).splitlines()[0]
    return StoreError(
        f"The lake {lake} cannot be read ({why}). Move {lake} away; `li-perf clean` makes it again from the pages."
    )


def uri(folder: Path) -> str:
    """A folder's name as deltalake takes it. Raises StoreError for one that it would look for elsewhere."""
    path = str(folder.resolve())
    if ODD.search(path):
        raise StoreError(
            f"Delta tables cannot lie in {path}: its name has one of [ ] % \\. Set LI_PERF_DATA elsewhere."
        )
    return path


def _note(table: Any) -> str | None:
    for limit in (RECENT, None):
        for entry in table.history(limit):
            if NOTE in entry:
                return str(entry[NOTE])
    return None


def _schema(shape: Shape) -> Any:
    from deltalake import Schema

    return Schema(_fields(shape))


def _fields(shape: Shape) -> list[Any]:
    from deltalake import Field
    from deltalake.schema import ArrayType, PrimitiveType, StructType

    return [
        Field(name, PrimitiveType(PRIMITIVES[kind]) if isinstance(kind, str) else ArrayType(StructType(_fields(kind))))
        for name, kind in shape.items()
    ]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
