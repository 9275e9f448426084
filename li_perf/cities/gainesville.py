"""Gainesville: 311 requests on Socrata (myGNV, dataGNV's 78uv-94ar); a request is over when it has a closing time.

Never asked for: reporter_display and description, which name people; the portal's own minutes and days, which disagree
with its times in one row of eight.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from li_perf.cities.city import City, Dataset, Row, Targets
from li_perf.cities.clock import moment
from li_perf.cities.places import position
from li_perf.cities.reading import Unreadable, identifier, label, local_day, rejecting, text, unchanged
from li_perf.model import Point, Ticket
from li_perf.sources.socrata import Table

ZONE = ZoneInfo("America/New_York")
CLOSED = frozenset({"archived", "closed"})
RANK = re.compile(r"^(Lieutenant|Captain|Sergeant|Corporal|Officer)\b.*")

# The vocabulary changed in the summer of 2021. Only words of one meaning: "Graffiti (Public Property)" is narrower than
# the "Graffiti" before it, and stays apart.
ALIASES = MappingProxyType(
    {
        "Fire Hydrant Issues": "Fire Hydrant issues",
        "Flooding": "Flooding & Ditch Maintenance",
        "Grass (Overgrown)": "Overgrown Grass",
        "Maintenance Ditch/Drainage/Flooding": "Flooding & Ditch Maintenance",
        "Parking in Yard (Other Than Driveway)": "Parking in Yard",
        "Sewer/Wastewater": "Wastewater & Sewer",
        "Street Sign": "Street Sign Repair",
        "Streetlight/Lamp": "Streetlight Repair",
        "Traffic/Pedestrian Signal": "Traffic / Pedestrian Signal within City Limits",
        "Trash/Debris (Private Property)": "Trash / Debris (Private Property)",
        "Trash/Debris (Public Property)": "Trash / Debris (Public Property)",
        "Tree/Limbs (Private Property)": "Tree / Limbs (Private Property)",
        "Tree/Limbs (Public Property)": "Tree / Limbs (Public Property)",
        "Vehicle (Abandoned/Non-Operational)": "Abandoned Vehicle",
        "Water Pipe Leaks/Spills": "Leaks",
    }
)


@rejecting
def read_ticket(row: Row) -> Ticket:
    """One row of 78uv-94ar; times are local, `created` a timestamp, the others text with or without seconds.

    The closing time decides whether a request is over: 212 of 5,000 have it without seconds, and every status but the
    first ones goes with it. An archived request without one is over since nobody knows when.
    """
    requested_at = moment(row.get("created"), "created", ZONE)
    if requested_at is None:
        raise Unreadable("created is missing")
    status = identifier(row.get("status"), "status")
    reopened_at = moment(row.get("reopened"), "reopened", ZONE, after=requested_at)
    closed_at = _closed_at(row, requested_at, reopened_at)
    service_name = text(row.get("request_type"), "request_type")
    return Ticket(
        service_request_id=identifier(row.get("id"), "id"),
        status=status,
        is_open=closed_at is None and status.casefold() not in CLOSED,
        service_name=ALIASES.get(service_name or "", service_name),
        service_type=None,
        agency_responsible=_desk(text(row.get("assigned_to"), "assigned_to")),
        requested_at=requested_at,
        requested_on=requested_at.astimezone(ZONE).date(),
        updated_at=moment(row.get("last_updated"), "last_updated", ZONE),
        closed_at=closed_at,
        closed_on=local_day(closed_at, ZONE),
        address=unchanged(row.get("location_detail"), "location_detail"),
        zipcode=None,
        point=position(row, column="location"),
        area=label(row.get("commission_district"), "commission_district"),
        reopened_at=reopened_at,
    )


def _desk(assigned_to: str | None) -> str | None:
    """Who a request went to; of a person in the police, whom the portal names, the rank alone."""
    return RANK.sub(r"\1", assigned_to) if assigned_to else None


def _closed_at(row: Row, requested_at: datetime, reopened_at: datetime | None) -> datetime | None:
    """The closing time, unless the request was opened again behind it."""
    closed_at = moment(row.get("closed"), "closed", ZONE, after=requested_at)
    return None if closed_at and reopened_at and reopened_at > closed_at else closed_at


REQUESTS = Dataset(
    portal=Table(table="78uv-94ar", opened_in="created", zone=ZONE),
    required=("id", "status", "request_type", "created", "closed"),
    optional=(
        *("last_updated", "reopened", "assigned_to", "location_detail", "latitude", "longitude", "location"),
        "commission_district",
    ),
    read=read_ticket,
    floor=1,
)

GAINESVILLE = City(
    name="gainesville",
    title="Gainesville",
    zone=ZONE,
    portal_url="https://data.cityofgainesville.org",
    requests=REQUESTS,
    closed_words=CLOSED,
    box=(Point(lon=-82.5, lat=29.55), Point(lon=-82.2, lat=29.8)),
    area_title="commission district",
    # the 72 hours of github.com/smtran8/civicops-311-gainesville
    targets=Targets(default=timedelta(hours=72)),
    aliases=ALIASES,
)
