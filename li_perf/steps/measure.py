"""measure: what the lake's tickets come to, by area, type and period, each number with what it leaves out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from li_perf.analysis.dictionary import BY_WEEK, MEASURES
from li_perf.analysis.matching import Statement
from li_perf.analysis.measured import SCHEMAS
from li_perf.analysis.metrics import STATEMENTS, of_span
from li_perf.cities.city import City
from li_perf.steps.apart import apart
from li_perf.steps.fill_lake import fill_lake
from li_perf.steps.job import Job, Progress
from li_perf.store import lake, measures
from li_perf.store.lake import Lake
from li_perf.store.measures import Figure
from li_perf.store.query import Tables, memory_share
from li_perf.store.runs import now
from li_perf.store.workbench import Workbench, beside

HOUR = 3600.0
MEMORY, OF_QUANTILES = 150_000_000, 64  # bytes in any case, and for each request
COLUMNS = tuple(
    dict.fromkeys(name for measure in MEASURES for name in (measure.name, measure.n, *measure.excluded.values()))
)


async def measure(job: Job) -> None:
    """Rebuild the measures of all that was downloaded. Raises UserError where no download is finished."""
    await fill_lake(job)
    as_of = job.run.extracted_at or now()
    path = job.ledger.path
    now_kept = (await asyncio.to_thread(lake.look, lake.folder_of(path))).filled()
    with (
        lake.shown(
            now_kept, spill=path.with_suffix(".measuring"), memory_limit=_memory(now_kept), on_disk=True
        ) as kept,
        beside(kept, job.engine) as tables,
    ):
        await apart(tables, partial(_compute, job.city, kept, tables, as_of, STATEMENTS, check=job.halt.check))
        requests: int = tables.rows("select count(*) from ticket")[0][0]
        await measures.replace(job.ledger, as_of=as_of, requests=requests, figures=_figures(tables), days=_days(tables))
    job.tell(Progress(step="measure", done=requests, total=requests))


def _memory(known: Lake) -> int:
    """How many bytes the measures of a lake may take: quantiles hold their values, the rest goes to disk."""
    rows = known.tickets.rows if known.tickets else 0
    return min(memory_share(), MEMORY + rows * OF_QUANTILES)


def between(
    city: City, store: Path, *, level: str, as_of: str, since: date | None, until: date | None
) -> tuple[int, list[Figure]]:
    """How many requests were opened between two local days, `until` exclusive, and their measures by one level.

    Computed now, from the lake. Raises StoreError where there is none.
    """
    with TemporaryDirectory(prefix="li_perf-") as spill, lake.reading(lake.folder_of(store), spill=Path(spill)) as kept:
        return between_in(kept, city, level=level, as_of=as_of, since=since, until=until)


def between_in(
    kept: Tables, city: City, *, level: str, as_of: str, since: date | None, until: date | None
) -> tuple[int, list[Figure]]:
    """The same of a lake that is being read."""
    bounds = [(">=", since), ("<", until)]
    where = " and ".join(f"requested_on {sign} date '{day.isoformat()}'" for sign, day in bounds if day) or "true"
    _compute(city, kept, kept, as_of, of_span(level), where=where)
    return kept.rows("select count(*) from ticket")[0][0], list(_figures(kept))


def _compute(
    city: City,
    kept: Tables,
    tables: Workbench,
    as_of: str,
    statements: Sequence[Statement],
    *,
    where: str = "true",
    check: Callable[[], None] = lambda: None,
) -> None:
    tickets = f"select {', '.join(SCHEMAS['ticket'])} from tickets where {where}"
    tables.take("ticket", SCHEMAS["ticket"], tickets, kept)
    tables.load("target", SCHEMAS["target"], _targets(city))
    tables.load("setting", SCHEMAS["setting"], [_setting(city, datetime.fromisoformat(as_of), _tells_reopenings(kept))])
    for statement in statements:
        check()
        tables.make(statement.name, statement.select)


def _targets(city: City) -> Iterator[tuple[str, float]]:
    if city.targets:
        for kind, target in city.targets.by_type.items():
            yield kind, target.total_seconds() / HOUR


def _tells_reopenings(kept: Tables) -> bool:
    """Whether any request of the whole lake has one: a column that was never filled, or is gone, says nothing."""
    return bool(kept.rows("select count(reopened_at) > 0 from tickets")[0][0])


def _setting(city: City, as_of: datetime, tells_reopenings: bool) -> tuple[datetime, date, float | None, bool, bool]:
    target = city.targets.default if city.targets else None
    hours = target.total_seconds() / HOUR if target else None
    on = as_of.astimezone(city.zone).date()
    return as_of.astimezone(UTC), on, hours, city.is_closed_by_day, tells_reopenings


def _figures(tables: Workbench) -> Iterator[Figure]:
    """Each measure of each group."""
    for block in tables.blocks(f"select period, starts_on, area, type, {', '.join(COLUMNS)} from measure"):
        for period, starts_on, area, kind, *values in block:
            found = dict(zip(COLUMNS, values, strict=True))
            for measure in BY_WEEK if period == "week" else MEASURES:
                excluded = {reason: found[name] for reason, name in measure.excluded.items() if found[name]}
                yield Figure(
                    name=measure.name,
                    period=period,
                    starts_on=starts_on,
                    area=area,
                    type=kind,
                    value=_number(found[measure.name]),
                    n=found[measure.n],
                    excluded=excluded,
                )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _days(tables: Workbench) -> Iterator[tuple[str, date, int, int]]:
    for block in tables.blocks("select type, requested_on, volume, volume_7d from rolling"):
        yield from block
