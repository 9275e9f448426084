"""The rows of a stand-in's data set, in DuckDB: columns, changes while served, and what the clients see of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from li_perf.simulator.portals.columns import Column, Kind, Query, quoted
from li_perf.simulator.portals.loading import insert


class Rows:
    """One data set. `changed` is the column of `base` that a change moves; `key` names a row for `upsert`."""

    def __init__(
        self, database: duckdb.DuckDBPyConnection, columns: Sequence[Column], *, changed: str, key: str | None = None
    ) -> None:
        self._database = database
        self._all = list(columns)
        self._changed = changed
        self._key = key
        self.columns: dict[str, Column] = {}
        self.show()

    def show(self, *, drop: frozenset[str] = frozenset(), add: frozenset[str] = frozenset()) -> None:
        """Columns go and come; a new one is empty."""
        new = [Column(name=name, kind=Kind.TEXT, sql="cast(null as varchar)") for name in sorted(add)]
        self.columns = {column.name: column for column in (*self._all, *new) if column.name not in drop}

    def count(self, query: Query) -> int:
        return int(self._one(f"select count(*) from base where {query.where}", query.values))

    def largest(self, column: Column, query: Query) -> datetime | None:
        found = self._one(f"select max({column.sql}) from base where {query.where}", query.values)
        return found if isinstance(found, datetime) else None

    def texts(self, rendered: str, query: Query) -> list[str]:
        """Each row as `rendered`, an SQL expression over `base`, makes a text of it.

        The rows are picked first, so that only theirs is computed.
        """
        order = ", ".join(query.order) or "hash(n, 311)"
        limit = "" if query.limit is None else f"limit {int(query.limit)}"
        sql = (
            f"with picked as materialized (select * from base where {query.where} order by {order} "
            f"{limit} offset {int(query.offset)}) select {rendered} from picked as base"
        )
        with self._database.cursor() as cursor:
            return [text for (text,) in cursor.execute(sql, list(query.values)).fetchall()]

    def touch(self, at: datetime, *, share: float = 1.0) -> int:
        """So large a share of the rows counts as changed at that instant, as when a publisher replaces them."""
        moment = at.astimezone(UTC).replace(tzinfo=None)
        sql = f"update base set {self._changed} = ? where hash(n, 7) % 1000000 < ?"
        return int(self._one(sql, [moment, round(share * 1_000_000)]))

    def amend(self, assignment: str, condition: str, at: datetime) -> int:
        """An SQL assignment to columns of `base`, where a condition on it holds: those rows changed at that instant."""
        moment = at.astimezone(UTC).replace(tzinfo=None)
        return int(self._one(f"update base set {assignment}, {self._changed} = ? where {condition}", [moment]))

    def upsert(self, rows: Sequence[Mapping[str, Any]], at: datetime) -> None:
        """Rows in the portal's shape: one with a known key takes the other's place. For rows that came as such."""
        assert self._key, "these rows have no key"
        with self._database.cursor() as cursor:
            cursor.execute("begin")
            next_number = int(cursor.execute("select coalesce(max(n), -1) + 1 from base").fetchall()[0][0])
            for offset, row in enumerate(rows):
                sql = f'delete from base where "{self._key}" = ? returning n'
                before = cursor.execute(sql, [str(row[self._key])]).fetchall()
                insert(cursor, [row], self._all, first=before[0][0] if before else next_number + offset)
            moment = at.astimezone(UTC).replace(tzinfo=None)
            keys = [str(row[self._key]) for row in rows]
            sql = f'update base set {self._changed} = ? where list_contains(?, "{self._key}")'
            cursor.execute(sql, [moment, keys]).execute("commit")

    def close(self) -> None:
        self._database.close()

    def _one(self, sql: str, values: Sequence[Any]) -> Any:
        with self._database.cursor() as cursor:
            return cursor.execute(sql, list(values)).fetchall()[0][0]


def given(
    rows: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, Kind],
    *,
    changed: str | None = None,
    key: str | None = None,
    more: Sequence[Column] = (),
) -> Rows:
    """A data set of rows in the portal's shape, a value or nothing in each of the columns that `kinds` lists.

    Without a column for changes all rows changed at the same instant; `more` are columns computed from others.
    """
    database = duckdb.connect(":memory:")
    columns = [Column(name=name, kind=kind, sql=quoted(name)) for name, kind in kinds.items()]
    declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in kinds.items())
    own = "" if changed else ", changed_at timestamp default timestamp '2025-06-01 06:00:00'"
    database.execute(f"set threads = 2; create table base (n bigint, {declared}{own})")
    insert(database, rows, columns, first=0)
    return Rows(database, [*columns, *more], changed=quoted(changed) if changed else "changed_at", key=key)
