"""Nashville: hubNashville's 311 requests on ArcGIS, and the headings of its downloads and of the portal before."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from li_perf.cities.city import City, Dataset, Row
from li_perf.cities.clock import epoch, moment
from li_perf.cities.places import position
from li_perf.cities.reading import (
    Unreadable,
    five_digits,
    identifier,
    known,
    label,
    local_day,
    rejecting,
    text,
    unchanged,
)
from li_perf.cities.spelling import respelled
from li_perf.model import Point, Ticket
from li_perf.sources.arcgis import Table

ZONE = ZoneInfo("America/Chicago")
CLOSED = frozenset({"closed"})
FIRST_CALL = frozenset({"Resolved by hubNashville on First Call"})
ALIASES = MappingProxyType({"Public_Works_WO": "Public Works WO"})
OLDER = (("case_request", "request_type"), ("case_subrequest", "subrequest_type"), ("request_id", "request"))


@rejecting
def read_ticket(row: Row) -> Ticket:
    """One row of hubNashville_(311)_Service_Requests_1, under the layer's names, a download's, or the older portal's.

    Times are UTC in all of them, milliseconds in the layer and text elsewhere. `Request__` numbers the request; the
    layer's OBJECTID is another one after each reload.
    """
    row = respelled(row, OLDER)
    requested_at = _time(row, "Date_Time_Opened")
    if requested_at is None:
        raise Unreadable("Date_Time_Opened is missing")
    closed_at = _time(row, "Date_Time_Closed")
    status = identifier(row.get("status"), "Status")
    service_name = text(row.get("request_type"), "Request_Type")
    return Ticket(
        service_request_id=identifier(row.get("request"), "Request__"),
        status=status,
        is_open=status.casefold() not in CLOSED,
        service_name=ALIASES.get(service_name or "", service_name),
        service_type=text(row.get("subrequest_type"), "Subrequest_Type"),
        agency_responsible=None,
        requested_at=requested_at,
        requested_on=requested_at.astimezone(ZONE).date(),
        updated_at=None,
        closed_at=closed_at,
        closed_on=local_day(closed_at, ZONE),
        address=unchanged(row.get("address"), "Address"),
        zipcode=five_digits(row.get("zip"), "ZIP"),
        point=position(row, column="mapped_location"),
        area=label(row.get("council_district"), "Council_District"),
        channel=known(row.get("request_origin"), "Request_Origin"),
        is_first_call=service_name in FIRST_CALL,
    )


def _time(row: Row, name: str) -> datetime | None:
    value = row.get(name.lower())
    return moment(value, name, UTC) if isinstance(value, str) else epoch(value, name)


REQUESTS = Dataset(
    portal=Table(
        table="hubNashville_(311)_Service_Requests_1",
        opened_in="Date_Time_Opened",
        changed_in=("Date_Time_Opened", "Date_Time_Closed"),
    ),
    required=("Request__", "Status", "Request_Type", "Date_Time_Opened", "Date_Time_Closed"),
    optional=(*("Subrequest_Type", "Council_District", "Address", "ZIP", "Latitude", "Longitude", "Request_Origin"),),
    read=read_ticket,
    page_size=2_000,
    floor=1,
)

NASHVILLE = City(
    name="nashville",
    title="Nashville",
    zone=ZONE,
    portal_url="https://services2.arcgis.com/HdTo6HJqh92wn4D8/arcgis/rest/services",
    requests=REQUESTS,
    closed_words=CLOSED,
    box=(Point(lon=-87.06, lat=35.96), Point(lon=-86.51, lat=36.41)),
    area_title="council district",
    aliases=ALIASES,
    first_call=FIRST_CALL,
)
