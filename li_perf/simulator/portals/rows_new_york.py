"""A made-up New York in the shape of erm2-nwe9: the agencies' own habits, invented places.

Buildings writes days for times, a few agencies set due dates, one request in a thousand is closed before it is opened.
"""

from __future__ import annotations

from typing import NamedTuple

from li_perf.simulator.portals.columns import Column, Kind
from li_perf.simulator.portals.dice import Dice, at
from li_perf.simulator.portals.made_up import Course, near, text
from li_perf.simulator.portals.socrata import SYSTEM

TABLE = "erm2-nwe9"


class Type(NamedTuple):
    name: str
    agency: str
    weight: int
    median_hours: float
    descriptors: tuple[str, str]
    location: str | None


AGENCIES = {
    "NYPD": "New York City Police Department",
    "HPD": "Department of Housing Preservation and Development",
    "DEP": "Department of Environmental Protection",
    "DOT": "Department of Transportation",
    "DSNY": "Department of Sanitation",
    "DOB": "Department of Buildings",
    "DOHMH": "Department of Health and Mental Hygiene",
    "DPR": "Department of Parks and Recreation",
}
TYPES = (
    Type("Illegal Parking", "NYPD", 30, 1.5, ("Blocked Hydrant", "Double Parked Blocking Traffic"), "Street/Sidewalk"),
    Type(
        "Noise - Residential", "NYPD", 28, 1.2, ("Loud Music/Party", "Banging/Pounding"), "Residential Building/House"
    ),
    Type("HEAT/HOT WATER", "HPD", 20, 60, ("ENTIRE BUILDING", "APARTMENT ONLY"), "RESIDENTIAL BUILDING"),
    Type("Blocked Driveway", "NYPD", 12, 1.6, ("No Access", "Partial Access"), "Street/Sidewalk"),
    Type("Noise - Street/Sidewalk", "NYPD", 10, 1.0, ("Loud Music/Party", "Loud Talking"), "Street/Sidewalk"),
    Type("UNSANITARY CONDITION", "HPD", 8, 330, ("PESTS", "MOLD"), "RESIDENTIAL BUILDING"),
    Type("Abandoned Vehicle", "NYPD", 5, 3.0, ("With License Plate", "Missing License Plate"), "Street/Sidewalk"),
    Type("Street Condition", "DOT", 6, 60, ("Pothole", "Cave-in"), None),
    Type("Water System", "DEP", 5, 20, ("Hydrant Running (WC3)", "Leak (Use Comments) (WA2)"), None),
    Type("Missed Collection", "DSNY", 5, 40, ("Trash", "Recycling"), "Sidewalk"),
    Type(
        "General Construction/Plumbing",
        "DOB",
        4,
        500,
        ("Building - Vacant, Open And Unguarded", "Cons - Contrary"),
        None,
    ),
    Type("Elevator", "DOB", 2, 650, ("Elevator - Defective/Not Working", "Elevator - Single Device"), None),
    Type("Rodent", "DOHMH", 3, 200, ("Rat Sighting", "Signs of Rodents"), "3+ Family Apt. Building"),
    Type("Damaged Tree", "DPR", 3, 300, ("Branch or Limb Has Fallen Down", "Tree Leaning/Uprooted"), "Street"),
)
BOROUGHS = ("BROOKLYN", "QUEENS", "BRONX", "MANHATTAN", "STATEN ISLAND", "Unspecified")
BY_BOROUGH = (300, 240, 230, 200, 29, 1)
CENTRES = ((40.65, -73.95), (40.72, -73.82), (40.85, -73.87), (40.78, -73.97), (40.58, -74.15), (40.7, -73.95))
STREETS = (
    "ALDER STREET",
    "BEACON AVENUE",
    "CEDAR PLACE",
    "1 AVENUE",
    "EAST 500 STREET",
    "O'BRIEN COURT",
    "HARBOR ROAD",
)


RARE = {  # columns of a few agencies, and the share of the rows that have them
    "vehicle_type": 0.046,
    "facility_type": 0.012,
    "taxi_pick_up_location": 0.006,
    "bridge_highway_name": 0.003,
    "bridge_highway_segment": 0.003,
    "bridge_highway_direction": 0.001,
    "road_ramp": 0.002,
}


def course(dice: Dice) -> Course:
    return Course(median_hours=at([kind.median_hours for kind in TYPES], _type(dice)), closed_share=0.985)


def _type(dice: Dice) -> str:
    return dice.index("type", [kind.weight for kind in TYPES])


def columns(dice: Dice) -> list[Column]:
    """In the portal's order; the system's fields first."""
    rare = [text(name, dice.maybe(name, share, "'Invented'")) for name, share in RARE.items()]
    return [*SYSTEM, *_what(dice), *_where(dice), *_places(dice), *rare]


def _what(dice: Dice) -> list[Column]:
    kind = _type(dice)
    agency = at([kind.agency for kind in TYPES], kind)
    by_day = f"{agency} = 'DOB' and {dice.share('by day')} < 0.97"
    swapped = f"{dice.share('swapped')} < 0.001"
    closed = (
        f"case when {by_day} then date_trunc('day', closed_local) "
        f"when {swapped} and closed_local is not null then opened_local - interval 1 hour else closed_local end"
    )
    both = f"{at([kind.descriptors[0] for kind in TYPES], kind)}, {at([kind.descriptors[1] for kind in TYPES], kind)}"
    due = f"case when {agency} in ('DSNY', 'DOHMH') then opened_local + to_days(10) end"
    unfinished = dice.weighted("status", {"In Progress": 70, "Open": 25, "Assigned": 3, "Pending": 1, "Unspecified": 1})
    return [
        text("unique_key", "cast(60000000 + n as varchar)"),
        _floating("created_date", "opened_local"),
        _floating("closed_date", closed),
        text("agency", agency),
        text("agency_name", at([AGENCIES[kind.agency] for kind in TYPES], kind)),
        text("complaint_type", at([kind.name for kind in TYPES], kind)),
        text("descriptor", dice.maybe("described", 0.974, f"[{both}][1 + {dice.throw('descriptor')} % 2]")),
        text(
            "descriptor_2", dice.maybe("second", 0.3, dice.pick("descriptor 2", ["Other", "N/A", "Before/After Hours"]))
        ),
        text("location_type", at([kind.location for kind in TYPES], kind)),
        text("status", f"case when closed_local is not null then 'Closed' else {unfinished} end"),
        _floating("due_date", due),
        text("resolution_description", f"case when closed_local is not null then {dice.pick('said', _SAID)} end"),
        _floating("resolution_action_updated_date", "coalesce(closed_local, opened_local + to_hours(2))"),
        text(
            "open_data_channel_type", dice.weighted("channel", {"ONLINE": 47, "MOBILE": 25, "PHONE": 23, "UNKNOWN": 5})
        ),
    ]


_SAID = (
    "The agency responded to the complaint and took action to fix the condition.",
    'The agency visited the location and found no condition; it was "closed".',
    "The agency inspected the complaint address, but could not gain access.",
)


def _where(dice: Dice) -> list[Column]:
    street = dice.pick("street", STREETS)
    house = f"cast({dice.between('house', 1, 999)} as varchar)"
    at_corner = f"{dice.share('corner')} < 0.08"
    crossing = dice.pick("crossing", STREETS)
    zipcode = f"cast({dice.between('zip', 10001, 11697)} as varchar)"
    return [
        text("incident_zip", dice.maybe("zipped", 0.988, zipcode)),
        text("incident_address", f"case when not {at_corner} then {house} || ' ' || {street} end"),
        text("street_name", f"case when not {at_corner} then {street} end"),
        text("cross_street_1", dice.maybe("crossed", 0.87, crossing)),
        text("cross_street_2", dice.maybe("crossed", 0.87, dice.pick("crossing 2", STREETS))),
        text("intersection_street_1", dice.maybe("met", 0.88, crossing)),
        text("intersection_street_2", dice.maybe("met", 0.88, dice.pick("crossing 2", STREETS))),
        text("address_type", f"case when {at_corner} then 'INTERSECTION' else 'ADDRESS' end"),
        text("landmark", dice.maybe("known", 0.8, street)),
        text(
            "bbl", dice.maybe("billed", 0.88, f"cast({dice.between('bbl', 1_000_010_001, 1_000_999_999)} as varchar)")
        ),
    ]


def _places(dice: Dice) -> list[Column]:
    borough = dice.index("borough", BY_BOROUGH)
    name = at(BOROUGHS, borough)
    has_place = f"{dice.share('placed')} < 0.9866"
    lat = near(dice, "lat", at([lat for lat, _ in CENTRES], borough), 0.08)
    lon = near(dice, "lon", at([lon for _, lon in CENTRES], borough), 0.08)
    point = f"""'{{"type":"Point","coordinates":[' || {lon} || ',' || {lat} || ']}}'"""
    district = f"lpad(cast({dice.between('board', 1, 18)} as varchar), 2, '0')"
    return [
        text("city", dice.maybe("citied", 0.93, name)),
        text("community_board", f"{district} || ' ' || {name}"),
        text(
            "council_district", dice.maybe("sat", 0.97, f"lpad(cast({dice.between('seat', 1, 51)} as varchar), 2, '0')")
        ),
        text("police_precinct", f"'Precinct ' || cast({dice.between('precinct', 1, 123)} as varchar)"),
        text("borough", name),
        text("park_facility_name", "'Unspecified'"),
        text("park_borough", name),
        *_optional(dice, has_place, lat, lon, point),
    ]


def _optional(dice: Dice, has_place: str, lat: str, lon: str, point: str) -> list[Column]:
    there = f"case when {has_place} then"
    x, y = dice.between("x", 930_000, 1_060_000), dice.between("y", 130_000, 270_000)  # feet
    return [
        Column(name="x_coordinate_state_plane", kind=Kind.WHOLE, sql=f"{there} {x} end"),
        Column(name="y_coordinate_state_plane", kind=Kind.WHOLE, sql=f"{there} {y} end"),
        Column(name="latitude", kind=Kind.NUMBER, sql=f"{there} {lat} end"),
        Column(name="longitude", kind=Kind.NUMBER, sql=f"{there} {lon} end"),
        Column(name="location", kind=Kind.JSON, sql=f"{there} {point} end"),
    ]


def _floating(name: str, sql: str) -> Column:
    return Column(name=name, kind=Kind.FLOATING, sql=f"({sql})")
