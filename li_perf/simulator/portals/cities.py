"""Cities that nobody lives in, each on a stand-in of its portal: `serve_city` is all that others need."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from li_perf.simulator.faults import Faults
from li_perf.simulator.portals import rows_gainesville, rows_nashville, rows_new_york, rows_vancouver
from li_perf.simulator.portals.arcgis import ArcGis
from li_perf.simulator.portals.columns import Column
from li_perf.simulator.portals.dice import Dice
from li_perf.simulator.portals.made_up import Course, Span, made_up
from li_perf.simulator.portals.opendatasoft import Opendatasoft
from li_perf.simulator.portals.rows import Rows
from li_perf.simulator.portals.socrata import Socrata
from li_perf.simulator.portals.stand_in import Speaker, StandIn, serve

SINCE, UNTIL = date(2025, 1, 1), date(2026, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUp:
    """A city's clock, how its requests run, their columns, the portal that shows them, how many there are a year."""

    zone: ZoneInfo
    course: Callable[[Dice], Course]
    columns: Callable[[Dice], list[Column]]
    speaker: Callable[[Rows], Speaker]
    a_year: int


CITIES = {
    "gainesville": MadeUp(
        zone=ZoneInfo("America/New_York"),
        course=rows_gainesville.course,
        columns=rows_gainesville.columns,
        speaker=lambda rows: Socrata(rows=rows, table=rows_gainesville.TABLE),
        a_year=5_000,
    ),
    "vancouver": MadeUp(
        zone=ZoneInfo("America/Vancouver"),
        course=rows_vancouver.course,
        columns=rows_vancouver.columns,
        speaker=lambda rows: Opendatasoft(rows=rows, table=rows_vancouver.TABLE),
        a_year=272_580,
    ),
    "new-york": MadeUp(
        zone=ZoneInfo("America/New_York"),
        course=rows_new_york.course,
        columns=rows_new_york.columns,
        speaker=lambda rows: Socrata(rows=rows, table=rows_new_york.TABLE),
        a_year=3_600_000,
    ),
    "nashville": MadeUp(
        zone=ZoneInfo("America/Chicago"),
        course=rows_nashville.course,
        columns=rows_nashville.columns,
        speaker=lambda rows: ArcGis(rows=rows, table=rows_nashville.TABLE),
        a_year=200_000,
    ),
}


def speaker_of(
    name: str, *, rows: int | None = None, since: date = SINCE, until: date = UNTIL, seed: int = 311
) -> Speaker:
    """A made-up city's portal with so many requests of the period, as many as in a whole year by default.

    Raises KeyError for a city that has none.
    """
    city = CITIES[name]
    dice, span = Dice(seed), Span(zone=city.zone, since=since, until=until)
    count = city.a_year if rows is None else rows
    return city.speaker(made_up(count, city.columns(dice), city.course(dice), span, dice=dice))


@asynccontextmanager
async def serve_city(
    name: str,
    *,
    rows: int | None = None,
    faults: Faults = Faults(),
    since: date = SINCE,
    until: date = UNTIL,
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int | None = None,
) -> AsyncIterator[StandIn]:
    """Serves a made-up city's portal until the block ends; its address is what LI_PERF_PORTAL_URL wants.

    Without a `seed` the faults' own says which city is made up. Raises KeyError for a city that has none, ValueError
    for a host that is not loopback.
    """
    seed = faults.seed if seed is None else seed
    speaker = await asyncio.to_thread(speaker_of, name, rows=rows, since=since, until=until, seed=seed)
    async with serve(speaker, faults=faults, host=host, port=port) as stand_in:
        yield stand_in
