"""Gold of every city: its measures, all replaced in one transaction, and read by whoever shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Table, delete, func, insert, select

from li_perf.store import notes
from li_perf.store.ledger import Ledger
from li_perf.store.reading import Reads
from li_perf.store.runs import now
from li_perf.store.tables import measurement, metric, rolling

BLOCK = 5_000


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """What the measures are of: so many requests as of a download's end (ISO text, UTC)."""

    as_of: str
    requests: int
    made_at: str


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of one group in one period; `n` requests count, `excluded` says by reason which do not.

    `area` and `type` are null where the group is all of them, and empty where it is those that name none.
    """

    name: str
    period: str
    starts_on: date | None
    area: str | None
    type: str | None
    value: float | None
    n: int
    excluded: dict[str, int] = {}


async def replace(
    ledger: Ledger, *, as_of: str, requests: int, figures: Iterable[Figure], days: Iterable[tuple[str, date, int, int]]
) -> None:
    """Put these measures in the place of the old ones; readers see the old ones until all are there."""

    def write(connection: Connection) -> None:
        for table in (measurement, metric, rolling):
            connection.execute(delete(table))
        _insert(connection, metric, map(_row, figures))
        _insert(connection, rolling, ((kind, day.isoformat(), *volumes) for kind, day, *volumes in days))
        connection.execute(insert(measurement), {"as_of": as_of, "requests": requests, "made_at": now()})

    await ledger.transact(write)


def _insert(connection: Connection, table: Table, rows: Iterator[tuple[Any, ...]]) -> None:
    """Rows in the order of the table's columns but for a number of its own: as the driver takes them, for speed."""
    names = [column.name for column in table.columns if column.name != "id"]
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    while block := list(islice(rows, BLOCK)):
        connection.exec_driver_sql(statement, block)


def level_of(area: object, kind: object) -> str:
    """city, area, type or area_type: by what a group is taken."""
    return "_".join(word for word, part in (("area", area), ("type", kind)) if part is not None) or "city"


def _row(figure: Figure) -> tuple[Any, ...]:
    starts_on = figure.starts_on and figure.starts_on.isoformat()
    level, excluded = level_of(figure.area, figure.type), figure.excluded
    left_out = msgspec.json.encode(excluded).decode() if excluded else None
    group = (figure.period, starts_on, level, figure.area, figure.type)
    return (figure.name, *group, figure.value, figure.n, left_out)


async def measured(ledger: Reads) -> Measurement | None:
    """What the measures are of, None before the first."""
    rows = await ledger.rows(select(measurement.c.as_of, measurement.c.requests, measurement.c.made_at))
    return Measurement(**rows[0]._mapping) if rows else None


def selection(
    *,
    period: str,
    level: str,
    names: Sequence[str] = (),
    area: str | None = None,
    kind: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Select[Any]:
    """The query for figures of one kind of period and one level; `since` and `until` bound the periods' first days."""
    query = select(metric).where(metric.c.period == period, metric.c.level == level)
    for column, value in ((metric.c.area, area), (metric.c.type, kind)):
        query = query if value is None else query.where(column == value)
    query = query.where(metric.c.name.in_(names)) if names else query
    query = query.where(metric.c.starts_on >= since.isoformat()) if since else query
    query = query.where(metric.c.starts_on < until.isoformat()) if until else query
    return query.order_by(metric.c.name, metric.c.area, metric.c.type, metric.c.starts_on)


async def figures(ledger: Reads, query: Select[Any]) -> list[Figure]:
    """The figures that a `selection` selects."""
    return [_figure(row) for row in await ledger.rows(query)]


def _figure(row: Any) -> Figure:
    return Figure(
        name=row.name,
        period=row.period,
        starts_on=row.starts_on and date.fromisoformat(row.starts_on),
        area=row.area,
        type=row.type,
        value=row.value,
        n=row.n,
        excluded=notes.read(row.excluded, dict[str, int], "a measure") if row.excluded else {},
    )


def bare(query: Select[Any]) -> Select[Any]:
    """A `selection` of plain rows: name, area, type, period, starts_on, value, n, excluded, as they are kept."""
    m = metric.c
    return query.with_only_columns(m.name, m.area, m.type, m.period, m.starts_on, m.value, m.n, m.excluded)


async def page(ledger: Reads, query: Select[Any], *, limit: int, offset: int) -> Sequence[Any]:
    """At most `limit` rows of a query behind the first `offset`."""
    return await ledger.rows(query.limit(limit).offset(offset))


async def count(ledger: Reads, query: Select[Any]) -> int:
    """How many rows a query has."""
    return int(await ledger.scalar(select(func.count()).select_from(query.order_by(None).subquery())))


def day_selection(*, kind: str | None = None, since: date | None = None, until: date | None = None) -> Select[Any]:
    """The query for rows of `rolling`: type, day, volume, volume_7d."""
    query = select(rolling).order_by(rolling.c.type, rolling.c.day)
    query = query if kind is None else query.where(rolling.c.type == kind)
    query = query.where(rolling.c.day >= since.isoformat()) if since else query
    return query.where(rolling.c.day < until.isoformat()) if until else query


async def days(
    ledger: Reads, *, kind: str | None = None, since: date | None = None, until: date | None = None
) -> Sequence[Any]:
    """Rows of `rolling`."""
    return await ledger.rows(day_selection(kind=kind, since=since, until=until))
