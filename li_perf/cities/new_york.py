"""New York: 311 requests on Socrata (NYC Open Data's erm2-nwe9), in the shapes that it had since 2018."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from li_perf.cities.city import City, Dataset, Row, Targets
from li_perf.cities.clock import is_midnight, moment
from li_perf.cities.places import position
from li_perf.cities.reading import (
    UNKNOWN,
    Unreadable,
    five_digits,
    identifier,
    known,
    local_day,
    rejecting,
    text,
    unchanged,
)
from li_perf.cities.spelling import respelled
from li_perf.model import Point, Ticket
from li_perf.sources.socrata import Table
from li_perf.store import plain

ZONE = ZoneInfo("America/New_York")
CLOSED = frozenset({"closed", "closed - testing", "cancel", "canceled", "cancelled"})
SILENT = "unspecified"  # a status that says nothing: the closing decides


@rejecting
def read_ticket(row: Row) -> Ticket:
    """One row of erm2-nwe9, by the API's column names or by the download's; times are the city's own clock.

    The status decides whether a request is open, not the closing time: some have both. A closing at
    midnight is a day, see `_closed`.
    """
    row = row if "unique_key" in row else respelled(row)
    requested_at = moment(row.get("created_date"), "created_date", ZONE)
    if requested_at is None:
        raise Unreadable("created_date is missing")
    closed_at, closed_on = _closed(row, requested_at)
    status = identifier(row.get("status"), "status")
    word = status.casefold()
    return Ticket(
        service_request_id=identifier(row.get("unique_key"), "unique_key"),
        status=status,
        is_open=closed_on is None if word == SILENT else word not in CLOSED,
        service_name=text(row.get("complaint_type"), "complaint_type"),
        service_type=known(row.get("descriptor"), "descriptor"),
        agency_responsible=text(row.get("agency"), "agency"),
        requested_at=requested_at,
        requested_on=requested_at.astimezone(ZONE).date(),
        updated_at=moment(row.get("resolution_action_updated_date"), "resolution_action_updated_date", ZONE),
        closed_at=closed_at,
        closed_on=closed_on,
        address=unchanged(row.get("incident_address"), "incident_address"),
        zipcode=five_digits(known(row.get("incident_zip"), "incident_zip"), "incident_zip"),
        point=position(row, column="location"),
        area=known(row.get("borough"), "borough"),
        channel=known(row.get("open_data_channel_type"), "open_data_channel_type"),
        resolution=text(row.get("resolution_description"), "resolution_description"),
        due_at=moment(row.get("due_date"), "due_date", ZONE, after=requested_at),
    )


def _closed(row: Row, requested_at: datetime) -> tuple[datetime | None, date | None]:
    """When and on which day a request was closed.

    Some agencies record the day only, which the portal writes as its midnight: 97 % of the Department of Buildings'
    elevator closings, none of Housing's. A closing at exactly midnight is therefore a day, also where the request was
    opened at that very moment (old rows have days there, too). Of true times one in 86,400 is lost, its day is not.
    """
    closed_at = moment(row.get("closed_date"), "closed_date", ZONE, after=requested_at)
    day_only = closed_at is not None and is_midnight(closed_at, ZONE)
    return None if day_only else closed_at, local_day(closed_at, ZONE)


STATUS = plain.required(plain.identifier("status"))
PLAIN = plain.Plain(  # what `read_ticket` says, of plain rows
    zone=ZONE,
    values={
        "service_request_id": plain.required(plain.identifier("unique_key")),
        "status": STATUS,
        "is_open": plain.Value(
            sql=f"case when {plain.is_any(STATUS, {SILENT})} then closed_date is null "
            f"else not {plain.is_any(STATUS, CLOSED)} end"
        ),
        "service_name": plain.text("complaint_type"),
        "service_type": plain.known("descriptor", UNKNOWN),
        "agency_responsible": plain.text("agency"),
        "requested_at": plain.required(plain.moment("created_date")),
        "requested_on": plain.day("created_date"),
        "updated_at": plain.moment("resolution_action_updated_date"),
        "closed_at": plain.moment_but_midnight("closed_date"),
        "closed_on": plain.day("closed_date"),
        "address": plain.text("incident_address"),
        "zipcode": plain.five_digits(plain.known("incident_zip", UNKNOWN)),
        **plain.degrees(lon="longitude", lat="latitude", place="location"),
        "area": plain.known("borough", UNKNOWN),
        "channel": plain.known("open_data_channel_type", UNKNOWN),
        "resolution": plain.text("resolution_description"),
        "due_at": plain.moment("due_date"),
    },
)

REQUESTS = Dataset(
    portal=Table(table="erm2-nwe9", opened_in="created_date", zone=ZONE),
    required=("unique_key", "created_date", "closed_date", "agency", "complaint_type", "status"),
    optional=(
        *("descriptor", "due_date", "resolution_description", "resolution_action_updated_date", "incident_zip"),
        *("incident_address", "borough", "open_data_channel_type", "latitude", "longitude", "location"),
    ),
    read=read_ticket,
    page_size=20_000,
    floor=1,
    plain=PLAIN,
)

NEW_YORK = City(
    name="new-york",
    title="New York",
    zone=ZONE,
    portal_url="https://data.cityofnewyork.us",
    requests=REQUESTS,
    closed_words=CLOSED,
    box=(Point(lon=-74.26, lat=40.49), Point(lon=-73.69, lat=40.92)),
    area_title="borough",
    targets=Targets(),  # some agencies write a due date into each request
)
