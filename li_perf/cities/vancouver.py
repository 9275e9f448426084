"""Vancouver: 3-1-1 requests on Opendatasoft, opened at a UTC time, closed on a local day, and without numbers."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from li_perf.cities.city import City, Dataset, Row
from li_perf.cities.clock import day
from li_perf.cities.reading import Unreadable, identifier, instant, known, point, rejecting, text, unchanged
from li_perf.cities.spelling import respelled
from li_perf.cities.twins import digest, numbered
from li_perf.model import Point, Ticket
from li_perf.sources.opendatasoft import Table

ZONE = ZoneInfo("America/Vancouver")
CLOSED = frozenset({"close", "closed"})
OPENED = "service_request_open_timestamp"


@rejecting
def read_ticket(row: Row) -> Ticket:
    """One row of 3-1-1-service-requests, by the API's column names or by the download's.

    `service_request_close_date` is the city's own day: set against the local day of opening no request is closed before
    it is opened, set against the UTC day one in twenty is. A request's number is a digest of what never changes of it;
    `numbered` tells equal ones apart.
    """
    row = row if OPENED in row else respelled(row)
    requested_at = instant(row.get(OPENED), OPENED)
    if requested_at is None:
        raise Unreadable(f"{OPENED} is missing")
    status = identifier(row.get("status"), "status")
    where = point(row.get("longitude"), row.get("latitude"))
    department = text(row.get("department"), "department")
    service_name = text(row.get("service_request_type"), "service_request_type")
    address = unchanged(row.get("address"), "address")
    area = text(row.get("local_area"), "local_area")
    channel = text(row.get("channel"), "channel")
    return Ticket(
        service_request_id=digest(
            department, service_name, requested_at.isoformat(), address or None, area, *_rounded(where), channel
        ),
        status=status,
        is_open=status.casefold() not in CLOSED,
        service_name=service_name,
        service_type=None,
        agency_responsible=department,
        requested_at=requested_at,
        requested_on=requested_at.astimezone(ZONE).date(),
        updated_at=instant(row.get("last_modified_timestamp"), "last_modified_timestamp"),
        closed_at=None,
        closed_on=day(row.get("service_request_close_date"), "service_request_close_date"),
        address=address,
        zipcode=None,
        point=where,
        area=area,
        channel=known(channel, "channel"),
        resolution=known(row.get("closure_reason"), "closure_reason"),
    )


def _rounded(where: Point | None) -> tuple[float, float] | tuple[None, None]:
    """To a decimetre: downloads may print fewer digits than the API."""
    return (round(where.lat, 6), round(where.lon, 6)) if where else (None, None)


REQUESTS = Dataset(
    portal=Table(table="3-1-1-service-requests", opened_in=OPENED, changed_in="last_modified_timestamp", zone=ZONE),
    required=(
        *("department", "service_request_type", "status", OPENED, "service_request_close_date", "address"),
        *("local_area", "channel", "latitude", "longitude"),  # without one of them every number would be another
    ),
    optional=("closure_reason", "last_modified_timestamp"),
    read=read_ticket,
    floor=1,
    identify=numbered,
)

VANCOUVER = City(
    name="vancouver",
    title="Vancouver",
    zone=ZONE,
    portal_url="https://opendata.vancouver.ca/api/explore/v2.1",
    requests=REQUESTS,
    closed_words=CLOSED,
    box=(Point(lon=-123.23, lat=49.19), Point(lon=-123.02, lat=49.32)),
    area_title="local area",
    is_closed_by_day=True,
)
