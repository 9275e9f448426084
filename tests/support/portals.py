"""Small data sets in each kind of portal's own shape, and downloads of them as the product makes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from li_perf.cities.city import City, Dataset
from li_perf.engine.halt import Halt
from li_perf.model import Period, Reject
from li_perf.session import Order, Which, at_work
from li_perf.settings import load
from li_perf.simulator.portals import arcgis as layers
from li_perf.simulator.portals import open311 as georeport
from li_perf.simulator.portals import opendatasoft as explore
from li_perf.simulator.portals import rows as kept
from li_perf.simulator.portals import socrata as soda
from li_perf.simulator.portals.columns import Column, Kind
from li_perf.simulator.portals.stand_in import Speaker
from li_perf.sources import arcgis, open311, opendatasoft, socrata
from li_perf.sources.portal import Portal
from li_perf.steps.job import Job
from li_perf.steps.paging import fetch_all
from li_perf.store import pages
from support.runs import Brisk

ZONE = ZoneInfo("America/Chicago")
PERIOD = Period(since=date(2025, 1, 1), until=date(2025, 4, 1))
START = datetime(2025, 1, 1, tzinfo=ZONE).astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One kind of portal: its stand-in, our words for it, the columns of a row, and the one that names it."""

    speaker: Callable[[int], Speaker]
    portal: Portal
    columns: tuple[str, ...]
    name: str


def _moments(count: int) -> list[datetime]:
    """Evenly over the period, and one at its first and its last second, and one before and behind."""
    span = datetime(2025, 4, 1, tzinfo=ZONE) - START
    inner = [START + span * number / count for number in range(count - 1)]
    inner = [moment.replace(microsecond=0) for moment in inner]
    return [*inner, START + span - timedelta(seconds=1), START + span, START - timedelta(seconds=1)]


def _socrata(count: int) -> Speaker:
    rows: list[dict[str, Any]] = [
        {
            "id": str(number),
            "status": "Open" if number % 3 else None,
            "opened": moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S.000"),
            "changed": f"2025-06-{1 + number % 3:02d}T06:00:00.123Z",  # many rows at the same instant
            "lat": round(29.65 + number / 1e4, 4),
        }
        for number, moment in enumerate(_moments(count))
    ]
    kinds = {
        "id": Kind.TEXT,
        "status": Kind.TEXT,
        "opened": Kind.FLOATING,
        "changed": Kind.INSTANT,
        "lat": Kind.NUMBER,
    }
    system = [Column(name=one.name, kind=one.kind, sql=one.sql.replace("changed_at", "changed")) for one in soda.SYSTEM]
    data = kept.given(rows, kinds, changed="changed", key="id", more=system)
    return soda.Socrata(rows=data, table="78uv-94ar")


def _opendatasoft(count: int) -> Speaker:
    rows = [
        {"id": str(number), "status": "Open", "opened": moment.isoformat(), "changed": "2025-06-01T06:00:00+00:00"}
        for number, moment in enumerate(_moments(count))
    ]
    kinds = {"id": Kind.TEXT, "status": Kind.TEXT, "opened": Kind.INSTANT, "changed": Kind.INSTANT}
    return explore.Opendatasoft(rows=kept.given(rows, kinds, changed="changed", key="id"), table="requests")


def _arcgis(count: int) -> Speaker:
    rows = [
        {
            "Request__": str(number),
            "Status": "New",
            "Opened": round(moment.timestamp() * 1_000),
            "Closed": None if number % 2 else round(moment.timestamp() * 1_000) + 60_000,
        }
        for number, moment in enumerate(_moments(count))
    ]
    kinds = {"Request__": Kind.TEXT, "Status": Kind.TEXT, "Opened": Kind.INSTANT, "Closed": Kind.INSTANT}
    data = kept.given(rows, kinds, changed="Closed", key="Request__", more=[layers.OBJECTID])
    return layers.ArcGis(rows=data, table="requests (311)", most=100)


def _open311(count: int) -> Speaker:
    rows = [
        {"service_request_id": number, "status": "open", "requested_datetime": moment.isoformat()}
        for number, moment in enumerate(_moments(count))
    ]
    kinds = {"service_request_id": Kind.WHOLE, "status": Kind.TEXT, "requested_datetime": Kind.INSTANT}
    return georeport.Open311(rows=kept.given(rows, kinds, key="service_request_id"), cap=100, jurisdiction="city.gov")


PLACES = {
    "socrata": Place(
        speaker=_socrata,
        portal=socrata.Table(table="78uv-94ar", zone=ZONE, opened_in="opened"),
        columns=("id", "status", "opened", "lat"),
        name="id",
    ),
    "opendatasoft": Place(
        speaker=_opendatasoft,
        portal=opendatasoft.Table(table="requests", zone=ZONE, opened_in="opened", changed_in="changed"),
        columns=("id", "status", "opened"),
        name="id",
    ),
    "arcgis": Place(
        speaker=_arcgis,
        portal=arcgis.Table(table="requests (311)", opened_in="Opened", changed_in=("Opened", "Closed")),
        columns=("Request__", "Status", "Opened", "Closed"),
        name="Request__",
    ),
    "open311": Place(
        speaker=_open311,
        portal=open311.Table(cap=100, jurisdiction="city.gov"),
        columns=("service_request_id", "status", "requested_datetime"),
        name="service_request_id",
    ),
}


def city_of(place: Place, *, page_size: int = 150, required: int | None = None) -> City:
    """A city on this portal; its first so many columns are required."""
    required = len(place.columns) if required is None else required
    data: Dataset[Any] = Dataset(
        portal=place.portal,
        required=place.columns[:required],
        optional=place.columns[required:],
        read=lambda row: Reject(reason="not read here", row=str(row)),
        page_size=page_size,
    )
    return City(
        name="somewhere",
        title="Somewhere",
        zone=ZONE,
        portal_url="https://a.portal",
        requests=data,
        closed_words=frozenset({"closed"}),
    )


async def at_portal(
    url: str,
    folder: Path,
    city: City,
    act: Callable[[Job], Coroutine[Any, Any, Any]],
    *,
    halt: Halt | None = None,
    **others: Any,
) -> Any:
    """Do `act` on the unfinished or a new run of the period."""
    given = {"data": folder / "data", "output": folder / "output", "portal_url": url, "portal_rate": 0.0}
    settings = load(**(given | {"breaker_probe": 0.1, "outage_limit": 30.0, "timeout": 5.0} | others))
    order = Order(city=city, settings=settings, which=Which.NEW_OR_UNFINISHED, period=PERIOD)
    return await at_work(order, act, halt or Brisk())


async def download(job: Job) -> Sequence[Any]:
    """All of the period; the rows received."""
    where = job.city.requests.portal.opened(*job.city.instants(job.period))
    await fetch_all(job, job.city.requests, where)
    return await received(job)


async def received(job: Job) -> Sequence[Any]:
    """The rows of the pages that are kept."""
    portal, found = job.city.requests.portal, []

    def read(bodies: Any) -> None:
        found.extend(row for body in bodies for row in portal.rows(body))

    await pages.with_bodies(job.ledger, job.run.id, portal.table, read)
    return found


def names_of(place: Place, rows: Sequence[Any]) -> Counter[str]:
    return Counter(str(row[place.name]) for row in rows)


def expected(count: int) -> Counter[str]:
    """The last two rows lie outside the period."""
    return Counter(str(number) for number in range(count))
