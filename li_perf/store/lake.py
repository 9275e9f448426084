"""The lake of one city: its tickets and rejects as Delta tables, and what the last commit says of itself.

The commit of `tickets` is the one that counts: it holds the cursor and the counts as its own metadata. Rejects are
committed before it, under its number, and count once it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from li_perf.errors import StoreError
from li_perf.store import delta
from li_perf.store.delta import Shape, Snapshot, unreadable
from li_perf.store.lake_shape import REJECTS, TICKETS, sql_type
from li_perf.store.query import Tables, literal


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of rows received; each is one of the five others."""

    received: int = 0
    new: int = 0  # a request that the lake had not
    changed: int = 0  # another version of a request that it had
    unchanged: int = 0  # what it had
    earlier: int = 0  # an earlier row of a request, of which the last row received counts
    rejected: int = 0  # not of the documented shape

    def __add__(self, more: Counts) -> Counts:
        return Counts(**{name: getattr(self, name) + getattr(more, name) for name in self.__struct_fields__})


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far bronze has been read.

    `run` was the last to be read, begun at `started_at`; runs up to `last_run` are in the lake, but for those in
    `waiting`, whose downloads were not finished then. `page` is the last page read.
    """

    run: int
    started_at: str
    last_run: int
    waiting: tuple[int, ...] = ()
    page: int = 0


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A commit's account of itself; `batch` is its number, `origin` that of the one that began the lake anew.

    Since the origin: `total` is what became of all rows, `repeated` how many requests had several rows in one batch,
    `most_repeated` how many at most. `newest_update` is the latest change that any row spoke of, also unchanged ones.
    """

    batch: int
    origin: int
    cursor: Cursor
    counts: Counts
    total: Counts
    repeated: int = 0
    most_repeated: int = 0
    newest_update: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """The tables as of one commit."""

    folder: Path
    tickets: Snapshot | None
    rejects: Snapshot | None
    state: State | None

    @property
    def has_our_columns(self) -> bool:
        """Whether it was written with the columns that we write."""
        return self.tickets is not None and self.tickets.columns == tuple(TICKETS)

    @property
    def has_tickets(self) -> bool:
        """Whether it can be asked for tickets."""
        return self.state is not None and self.has_our_columns

    def filled(self) -> Lake:
        """Itself. Raises StoreError where it has no tickets."""
        if not self.has_tickets:
            raise StoreError(
                f"There are no tickets in {self.folder} yet. `li-perf clean` makes them of what was downloaded."
            )
        return self


def folder_of(store: Path) -> Path:
    """The lake's folder, beside the city's file."""
    return store.with_suffix(".lake").resolve()


def encoded(state: State) -> str:
    """As it stands in the commit."""
    return msgspec.json.encode(state).decode()


def look(folder: Path) -> Lake:
    """The lake as it stands. Raises StoreError where it cannot be read."""
    folder = folder.resolve()
    tickets = delta.snapshot(folder / "tickets")
    note = tickets.note if tickets else None
    try:
        state = msgspec.json.decode(note, type=State) if note else None
    except msgspec.DecodeError:
        state = None  # of another li_perf: begun anew
    return Lake(folder=folder, tickets=tickets, rejects=delta.snapshot(folder / "rejects"), state=state)


@contextmanager
def reading(folder: Path, *, spill: Path, memory_limit: int | None = None, at: Lake | None = None) -> Iterator[Tables]:
    """Queries of the views `tickets` and `rejects`, times as naive UTC; a commit meanwhile changes nothing.

    They show the lake as of now, or as it was when `at` was looked at. Give each reader a folder of its own to spill
    into. Raises StoreError where there is no lake.
    """
    with shown((at or look(folder)).filled(), spill=spill, memory_limit=memory_limit) as tables:
        yield tables


@contextmanager
def shown(lake: Lake, *, spill: Path, memory_limit: int | None = None, on_disk: bool = False) -> Iterator[Tables]:
    """The same of a lake that was looked at, and is ours; tables made beside the views are `on_disk`, or in memory."""
    with Tables(spill=spill, folder=lake.folder, memory_limit=memory_limit, on_disk=on_disk) as tables:
        _show(tables, lake)
        yield tables


def _show(tables: Tables, lake: Lake) -> None:
    import duckdb

    assert lake.state
    ours = f"where batch between {lake.state.origin} and {lake.state.batch}"
    try:
        tables.run(_view("tickets", TICKETS, lake.tickets))
        tables.run(_view("rejects", REJECTS, lake.rejects, ours))
    except duckdb.IOException as error:
        raise unreadable(lake.folder, error) from None


def source(shape: Shape, paths: Sequence[str]) -> str:
    """A table's files as they stand behind `from`; `month` is a part of their path."""
    if not paths:
        empty = ", ".join(f'cast(null as {sql_type(kind)}) as "{name}"' for name, kind in shape.items())
        return f"(select {empty} limit 0)"
    listed = ", ".join(map(literal, paths))
    return f"read_parquet([{listed}], hive_partitioning = {str('month' in shape).lower()}, hive_types_autocast = false)"


def _view(name: str, shape: Shape, table: Snapshot | None, where: str = "") -> str:
    naive = ", ".join(f'cast("{key}" as {sql_type(kind, naive=True)}) as "{key}"' for key, kind in shape.items())
    return f"create view {name} as select {naive} from {source(shape, table.paths() if table else [])} {where}"
