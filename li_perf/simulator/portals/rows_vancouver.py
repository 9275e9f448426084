"""A made-up Vancouver in the shape of 3-1-1-service-requests: no ids, opened in UTC, closed on a local day."""

from __future__ import annotations

from li_perf.simulator.portals.columns import Column, Kind
from li_perf.simulator.portals.dice import Dice, at
from li_perf.simulator.portals.made_up import Course, near, text

TABLE = "3-1-1-service-requests"
TYPES = (  # (type, department, weight, median hours)
    ("Missed Green Bin Pickup Case", "ENG - Sanitation Services", 10, 30.0),
    ("Illegal Dumping/Abandoned Garbage Pick up Case", "ENG - Sanitation Services", 9, 40.0),
    ("Abandoned Non-Recyclables-Small Case", "ENG - Sanitation Services", 8, 35.0),
    ("Pothole Case", "ENG - Streets Operations", 5, 90.0),
    ("Street Light Out Case", "ENG - Traffic and Electrical Operations and Design", 4, 200.0),
    ("City and Park Trees Maintenance Case", "PR - Urban Forestry", 6, 300.0),
    ("Private Property Concern Case", "DBL - Property Use Inspections", 6, 250.0),
    ("City Services Feedback Case", "311 Contact Centre", 3, 70.0),
    ("Internal Transfer Case", "311 Contact Centre", 2, 1.0),
)
AREAS = (
    "Downtown",
    "Mount Pleasant",
    "Kitsilano",
    "Renfrew-Collingwood",
    "Sunset",
    "Strathcona",
    "West End",
    "Riley Park",
)
REASONS = {
    "Service provided": 57,
    "Further action has been planned": 9,
    "Unknown": 6,
    "Reviewed and no action planned": 6,
    "Referred to another service group": 4,
}
CHANNELS = {"WEB": 4, "Phone": 4, "Mobile App": 2, "E-mail": 1, "Chat": 1}
STREETS = ("ALDER ST", "W 99TH AV", "E 98TH AV", "BEACON DRIVE", "O'HARA PLACE")


def course(dice: Dice) -> Course:
    """The portal is loaded anew at night."""
    return Course(median_hours=at([hours for *_, hours in TYPES], _type(dice)), closed_share=0.99, refreshed_hour=12)


def _type(dice: Dice) -> str:
    return dice.index("type", [weight for _, _, weight, _ in TYPES])


def columns(dice: Dice) -> list[Column]:
    """Open ones have no closing day, closed ones always have; a fifth has no area, and then no place."""
    kind = _type(dice)
    placed = f"case when {dice.share('placed')} < 0.79 then"
    house = f"cast({dice.between('house', 1, 4000)} as varchar)"
    lat, lon = near(dice, "lat", 49.25, 0.09), near(dice, "lon", -123.12, 0.2)
    return [
        text("department", at([department for _, department, _, _ in TYPES], kind)),
        text("service_request_type", at([name for name, *_ in TYPES], kind)),
        text("status", "case when closed is null then 'Open' else 'Close' end"),
        text("closure_reason", f"case when closed is not null then {dice.weighted('reason', REASONS)} end"),
        Column(name="service_request_open_timestamp", kind=Kind.INSTANT, sql="opened"),
        Column(name="service_request_close_date", kind=Kind.DAY, sql="cast(closed_local as date)"),
        Column(name="last_modified_timestamp", kind=Kind.INSTANT, sql="date_trunc('second', changed_at)"),
        text("address", f"{placed} {house} || ' ' || {dice.pick('street', STREETS)} end"),
        text("local_area", f"{placed} {dice.pick('area', AREAS)} end"),
        text("channel", dice.weighted("channel", CHANNELS)),
        Column(name="latitude", kind=Kind.NUMBER, sql=f"{placed} {lat} end"),
        Column(name="longitude", kind=Kind.NUMBER, sql=f"{placed} {lon} end"),
        Column(name="geom", kind=Kind.JSON, sql=f"""{placed} '{{"lon":' || {lon} || ',"lat":' || {lat} || '}}' end"""),
    ]
