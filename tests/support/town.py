"""A town made up by hand: its portal's pages are JSON lists of rows, written into bronze as a download would."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from li_perf.cities.city import City, Dataset
from li_perf.cities.reading import local_day
from li_perf.engine.halt import Halt
from li_perf.model import Period, Reject, Ticket
from li_perf.steps.fill_lake import fill_lake
from li_perf.steps.job import Job, Progress
from li_perf.store import pages, runs
from li_perf.store.lake import State, folder_of, reading
from li_perf.store.ledger import Ledger
from li_perf.store.opening import open_ledger

ZONE = ZoneInfo("America/Chicago")
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Lists:
    """A portal of which only the pages are asked; `groups` rows at a page's end come again at the next one's begin."""

    table: str = "requests"
    title: str = "Lists"
    groups: int = 0

    def rows(self, body: bytes) -> list[Any]:
        return json.loads(body)

    def repeated(self, rows: Sequence[Any]) -> int:
        return min(self.groups, len(rows))


def read(row: Row) -> Ticket | Reject:
    """`opened` and `closed` are ISO times."""
    if "id" not in row:
        return Reject(reason="id is missing", row=json.dumps(row))
    opened, closed = datetime.fromisoformat(row["opened"]), row.get("closed")
    closed_at = datetime.fromisoformat(closed).astimezone(UTC) if closed else None
    return Ticket(
        service_request_id=row["id"],
        status=row.get("status", "Open"),
        is_open=row.get("status", "Open") != "Closed",
        service_name=row.get("type"),
        service_type=None,
        agency_responsible=None,
        requested_at=opened.astimezone(UTC),
        requested_on=opened.astimezone(ZONE).date(),
        updated_at=None,
        closed_at=closed_at,
        closed_on=local_day(closed_at, ZONE),
        address=row.get("address"),
        zipcode=None,
        point=None,
        area=row.get("area"),
    )


TOWN = City(
    name="town",
    title="Town",
    zone=ZONE,
    portal_url="http://127.0.0.1:1",
    requests=Dataset(portal=Lists(), required=("id", "opened"), optional=(), read=read),  # type: ignore[arg-type]
    closed_words=frozenset({"closed"}),
)


def row(number: int, status: str = "Open", opened: str = "2025-01-15T12:00:00Z", **others: Any) -> Row:
    return {"id": str(number), "status": status, "opened": opened, **others}


async def receive(path: Path, *bodies: Iterable[Row], finished: bool = True, run_id: int | None = None) -> int:
    """One download of these pages, or more pages of one that was begun; its run's number."""
    async with open_ledger(path) as ledger:
        if run_id is None:
            run_id = await _begun(ledger)
        repeated = 0
        for body in map(list, bodies):
            change = pages.page_change(
                run_id=run_id,
                dataset="requests",
                request="page",
                next_request=None,
                row_count=len(body) - repeated,
                body=json.dumps(body).encode(),
            )
            await ledger.save(change)
        if finished:
            await runs.finish_download(ledger, run_id, "requests", None)
        return run_id


async def _begun(ledger: Ledger) -> int:
    run = await runs.begin(ledger, city="town", since="2025-01-01", until="2026-01-01", settings={}, version="0")
    started = {"run_id": run.id, "dataset": "requests", "columns": "[]", "missing": "[]", "query": "page"}
    counted = {"counted_before": None, "counted_after": None, "restarts": 0, "finished_at": None}
    await runs.start_download(ledger, started | counted, keep_pages=False)
    return run.id


@asynccontextmanager
async def job(path: Path, *, city: City = TOWN, halt: Halt | None = None, told: list[Progress] | None = None):  # type: ignore[no-untyped-def]
    """The last run of a store, as a step is given it."""
    async with open_ledger(path) as ledger:
        run = await runs.latest(ledger)
        assert run
        period = Period(since=date(2025, 1, 1), until=date(2026, 1, 1))
        tell = told.append if told is not None else lambda _: None
        yield Job(city=city, period=period, run=run, ledger=ledger, halt=halt or Halt(), tell=tell)


async def filled(path: Path, *, afresh: bool = False, **how: Any) -> State:
    """The lake behind a clean."""
    async with job(path, **how) as at_work:
        return await fill_lake(at_work, afresh=afresh)


def with_portal(portal: Lists) -> City:
    return replace(TOWN, requests=replace(TOWN.requests, portal=portal))  # type: ignore[arg-type]


def everything(path: Path) -> list[tuple[Any, ...]]:
    """All that the lake of a store has, but for what says when it was filled."""
    with reading(folder_of(path), spill=path.parent / "spill") as tables:
        return [
            *tables.rows("select * from tickets order by service_request_id"),
            *tables.rows('select dataset, reason, "row", page from rejects order by all'),
        ]
