"""Single tickets out of a lake: the open ones from the oldest on, and one by its number."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from li_perf.store import lake
from li_perf.store.lake import Lake
from li_perf.store.lake_shape import TICKET, names
from li_perf.store.query import Tables

MEMORY = 256_000_000  # bytes
FREE_TEXT = ("resolution",)  # written by people, and may name people
COLUMNS = tuple(name for name in TICKET if name not in FREE_TEXT)
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of tickets, and how many there are in all."""

    tickets: Sequence[Row]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the order of opening a ticket stands."""

    requested_at: datetime
    number: str


def open_ones(
    known: Lake, *, after: Place | None, limit: int, area: str | None = None, kind: str | None = None
) -> Page:
    """At most `limit` open tickets behind `after`, oldest first; `area` and `kind` "" are of those that name none."""
    values = {"area": area, "kind": kind}
    where = "is_open and coalesce(area, '') = coalesce($area, area, '')"
    where += " and coalesce(service_name, '') = coalesce($kind, service_name, '')"
    behind = "true"
    place = {}
    if after:
        behind = "requested_at > $at or (requested_at = $at and service_request_id > $number)"
        place = {"at": after.requested_at.astimezone(UTC).replace(tzinfo=None), "number": after.number}
    page = f"""
select {names(COLUMNS)} from tickets where {where} and ({behind})
order by requested_at, service_request_id limit {limit:d}
"""
    with _looking(known) as tables:
        ((total,),) = tables.rows(f"select count(*) from tickets where {where}", values)
        return Page(tickets=[_row(found) for found in tables.rows(page, values | place)], total=total)


def one(known: Lake, number: str) -> Row | None:
    """A ticket and, under `history`, the statuses that it had; None where there is no such ticket."""
    return several(known, [number]).get(number)


def several(known: Lake, numbers: Sequence[str]) -> dict[str, Row]:
    """The same of each of these numbers that there is."""
    query = f"select {names(COLUMNS)}, history from tickets where list_contains($numbers, service_request_id)"
    with _looking(known) as tables:
        found = tables.rows(query, {"numbers": list(numbers)})
    rows = [{**_row(values[:-1]), "history": [_turn(turn) for turn in values[-1]]} for values in found]
    return {row["service_request_id"]: row for row in rows}


def written_at(known: Lake) -> float | None:
    """When the last commit of tickets was made, in seconds since 1970; None where that is not known."""
    assert known.tickets
    log = known.folder / "tickets" / "_delta_log" / f"{known.tickets.version:020}.json"
    try:
        return log.stat().st_mtime
    except OSError:
        return None


def _looking(known: Lake) -> AbstractContextManager[Tables]:
    spill = Path(tempfile.gettempdir()) / f"li_perf-{uuid4().hex}"  # made only by what does not fit into memory
    return lake.reading(known.folder, spill=spill, memory_limit=MEMORY, at=known)


def _row(values: Sequence[Any]) -> Row:
    return {name: _plain(value) for name, value in zip(COLUMNS, values, strict=True)}


def _turn(values: Row) -> Row:
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    """A time as text: UTC, as the views give it without saying so."""
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value.isoformat() if isinstance(value, date) else value
