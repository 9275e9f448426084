"""The rows of a stand-in's data set, in DuckDB: columns, changes while served, and what the clients see of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import duckdb


class Kind(StrEnum):
    """What a column holds; the values are DuckDB's types. INSTANT is in UTC, FLOATING some wall clock's."""

    TEXT = "varchar"
    NUMBER = "double"
    WHOLE = "bigint"
    FLOATING = "timestamp"
    INSTANT = "timestamp_us"
    DAY = "date"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as clients name it; `sql` computes it from the table `base`, whose rows are numbered by `n`."""

    name: str
    kind: Kind
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which rows: a condition with its values, an order (shuffled where there is none), how many, behind how many."""

    where: str = "true"
    values: Sequence[Any] = ()
    order: Sequence[str] = ()
    limit: int | None = None
    offset: int = 0


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
                _insert(cursor, [row], self._all, first=before[0][0] if before else next_number + offset)
            moment = at.astimezone(UTC).replace(tzinfo=None)
            keys = [str(row[self._key]) for row in rows]
            sql = f'update base set {self._changed} = ? where list_contains(?, "{self._key}")'
            cursor.execute(sql, [moment, keys]).execute("commit")

    def close(self) -> None:
        self._database.close()

    def _one(self, sql: str, values: Sequence[Any]) -> Any:
        with self._database.cursor() as cursor:
            return cursor.execute(sql, list(values)).fetchall()[0][0]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def rendered(columns: Sequence[Column], shown: Callable[[Column], str], *, has_nulls: bool) -> str:
    """An SQL expression that makes a row's JSON object; `shown` gives one for a column's JSON value."""

    def pair(column: Column) -> str:
        name = json.dumps(column.name).replace("'", "''")
        return f"'{name}:' || " + (f"coalesce({shown(column)}, 'null')" if has_nulls else shown(column))

    return f"'{{' || concat_ws(',', {', '.join(map(pair, columns))}) || '}}'"


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
    _insert(database, rows, columns, first=0)
    return Rows(database, [*columns, *more], changed=quoted(changed) if changed else "changed_at", key=key)


def _insert(
    database: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, first: int
) -> None:
    """By way of one JSON text: a thousand times faster than a statement a row."""
    own = [column for column in columns if column.sql == quoted(column.name)]
    shape = json.dumps([{column.name: "JSON" if column.kind is Kind.JSON else "VARCHAR" for column in own}])
    values = ", ".join(_cast(column) for column in own)
    database.execute(
        f"insert into base (n, {', '.join(column.sql for column in own)}) "
        f"select {int(first)} + row_number() over () - 1, {values} from (select unnest(from_json(?, ?)) as row)",
        [json.dumps(list(rows)), shape],
    )


def _cast(column: Column) -> str:
    """Times may be milliseconds since 1970; a zone is turned into UTC."""
    value = f"row.{quoted(column.name)}"
    if column.kind in (Kind.INSTANT, Kind.FLOATING):
        return f"coalesce(make_timestamp_ms(try_cast({value} as bigint)), try_cast({value} as timestamp))"
    return f"cast({value} as {column.kind})"
