"""A made-up Nashville in the shape of hubNashville's layer: times in UTC, and a third resolved on the first call."""

from __future__ import annotations

from li_perf.simulator.portals.arcgis import OBJECTID
from li_perf.simulator.portals.columns import Column, Kind
from li_perf.simulator.portals.dice import Dice, at
from li_perf.simulator.portals.made_up import Course, near, text

TABLE = "hubNashville_(311)_Service_Requests_1"
TYPES = (  # (type, subtype, weight, median hours)
    ("Resolved by hubNashville on First Call", "Information", 31, 0.0),
    ("Trash, Recycling & Litter", "Missed Pickup - Trash Cart Service", 25, 40.0),
    ("Streets, Roads & Sidewalks", "Potholes", 14, 80.0),
    ("Property Violations", "High Weeds and Grass", 10, 300.0),
    ("Transit", "Bus Stop", 4, 60.0),
    ("Permits", "Building Permit", 4, 30.0),
    ("Public Works WO", "Work Order", 3, 120.0),
    ("Public_Works_WO", "Work Order", 1, 120.0),
    ("Parks", "Park Maintenance", 3, 90.0),
    ("Public Safety", "Abandoned Vehicle", 5, 100.0),
)
STREETS = ("ALDER ST", "BEACON PIKE", "OLD HARBOR RD", "500TH AVE N", "O'HARA CT")
CITIES = {"NASHVILLE": 76, "MADISON": 6, "ANTIOCH": 9, "HERMITAGE": 5, None: 4}
ORIGINS = {"Phone": 50, "hubNashville Community": 40, "Mobile App": 9, "Email": 1}


def course(dice: Dice) -> Course:
    return Course(median_hours=at([hours for *_, hours in TYPES], _type(dice)), closed_share=0.97)


def _type(dice: Dice) -> str:
    return dice.index("type", [weight for _, _, weight, _ in TYPES])


def columns(dice: Dice) -> list[Column]:
    """The id of the layer first."""
    kind = _type(dice)
    under_way = dice.weighted("status", {"New": 5, "Assigned": 4, "Pending": 1})
    house = f"cast({dice.between('house', 1, 7000)} as varchar)"
    placed = f"case when {dice.share('placed')} < 0.93 then"
    district = f"{placed} cast({dice.between('district', 1, 35)} as double) end"
    return [
        OBJECTID,
        text("GlobalID", "'00000000-0000-4000-8000-' || lpad(cast(n as varchar), 12, '0')"),
        text("Request__", "cast(3000000 + n as varchar)"),
        text("Status", f"case when closed is null then {under_way} else 'Closed' end"),
        text("Request_Type", at([name for name, *_ in TYPES], kind)),
        text("Subrequest_Type", at([subtype for _, subtype, _, _ in TYPES], kind)),
        text("Additional_Subrequest_Type", at([subtype for _, subtype, _, _ in TYPES], kind)),
        Column(name="Date_Time_Opened", kind=Kind.INSTANT, sql="opened"),
        Column(name="Date_Time_Closed", kind=Kind.INSTANT, sql="closed"),
        text("Request_Origin", dice.weighted("origin", ORIGINS)),
        text("Address", f"{placed} {house} || ' ' || {dice.pick('street', STREETS)} end"),
        text("City", dice.weighted("city", CITIES)),
        Column(name="Council_District", kind=Kind.NUMBER, sql=district),
        text("ZIP", f"{placed} cast({dice.between('zip', 37201, 37221)} as varchar) end"),
        Column(name="Latitude", kind=Kind.NUMBER, sql=f"{placed} {near(dice, 'lat', 36.15, 0.2)} end"),
        Column(name="Longitude", kind=Kind.NUMBER, sql=f"{placed} {near(dice, 'lon', -86.78, 0.3)} end"),
    ]
