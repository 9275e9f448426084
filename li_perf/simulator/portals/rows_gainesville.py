"""A made-up Gainesville in the shape of 78uv-94ar: one true timestamp, the others text in two formats."""

from __future__ import annotations

from li_perf.simulator.portals.columns import Column, Kind
from li_perf.simulator.portals.dice import Dice, at
from li_perf.simulator.portals.made_up import Course, near, text
from li_perf.simulator.portals.socrata import SYSTEM

TABLE = "78uv-94ar"
TYPES = (  # (today's word, the older one, weight, median hours)
    ("Trash / Debris (Private Property)", "Trash/Debris (Private Property)", 10, 200.0),
    ("Road Repair", "Road Repair", 9, 60.0),
    ("General Code Issue", "General Code Issue", 8, 300.0),
    ("Streetlight Repair", "Streetlight/Lamp", 8, 90.0),
    ("Other", "Other", 8, 50.0),
    ("Abandoned Vehicle", "Vehicle (Abandoned/Non-Operational)", 6, 150.0),
    ("Overgrown Grass", "Grass (Overgrown)", 5, 400.0),
    ("Street Sign Repair", "Street Sign", 4, 40.0),
    ("Traffic / Pedestrian Signal within City Limits", "Traffic/Pedestrian Signal", 4, 20.0),
)
OLDER_UNTIL = "timestamp '2021-07-01'"
TEAMS = ("Public Works Department (Primary)", "Code Enforcement Department (Primary)", "Street Lights", "City Hall")
STREETS = ("NW 900TH ST", "SE 700TH AVE", "W ACORN AVE", "NE 800TH TER", "SW O'HARA DR")


def course(dice: Dice) -> Course:
    return Course(median_hours=at([hours for *_, hours in TYPES], _type(dice)), spread=1.9, closed_share=0.985)


def _type(dice: Dice) -> str:
    return dice.index("type", [weight for _, _, weight, _ in TYPES])


def columns(dice: Dice) -> list[Column]:
    """Every row was archived, closed, or is under way; some are archived without a closing."""
    kind = _type(dice)
    today, older = at([today for today, *_ in TYPES], kind), at([older for _, older, *_ in TYPES], kind)
    under_way = dice.weighted("status", {"Submitted": 3, "Open": 2, "In Process": 2, "Acknowledged": 1, "Archived": 2})
    over = dice.weighted("over", {"Archived": 95, "Closed": 4, "Referred to Another Agency": 1})
    lat, lon = near(dice, "lat", 29.6516, 0.09), near(dice, "lon", -82.3248, 0.12)
    point = f"""'{{"type":"Point","coordinates":[' || {lon} || ',' || {lat} || ']}}'"""
    house = f"cast({dice.between('house', 1, 6000)} as varchar)"
    return [
        *SYSTEM,
        text("id", "cast(9000000 + n as varchar)"),
        text("status", f"case when closed_local is null then {under_way} else {over} end"),
        text("request_type", f"case when opened_local < {OLDER_UNTIL} then {older} else {today} end"),
        text("description", dice.maybe("described", 0.7, "'Nobody said this.'")),
        Column(name="created", kind=Kind.FLOATING, sql="opened_local"),
        text("last_updated", _us(dice, "coalesce(closed_local, opened_local)")),
        text("reporter_display", "'Nobody'"),
        text("location_detail", f"{house} || ' ' || {dice.pick('street', STREETS)}"),
        Column(name="latitude", kind=Kind.NUMBER, sql=lat),
        Column(name="longitude", kind=Kind.NUMBER, sql=lon),
        Column(name="location", kind=Kind.JSON, sql=point),
        text("commission_district", dice.maybe("placed", 0.974, dice.pick("district", ["1", "2", "3", "4"]))),
        text("closed", _us(dice, "closed_local")),
        text("minutes_to_close", "cast(date_diff('minute', opened_local, closed_local) as varchar)"),
        text("police_sector", dice.maybe("policed", 0.96, dice.pick("sector", ["1", "2", "3", "4", "6"]))),
        text("acknowledged", dice.maybe("seen", 0.6, _us(dice, "opened_local + interval 90 minute"))),
        text("assigned_to", dice.pick("team", TEAMS)),
        text("reopened", dice.maybe("reopened", 0.02, _us(dice, "closed_local - interval 1 minute"))),
    ]


def _us(dice: Dice, moment: str) -> str:
    """One in twenty without seconds."""
    short = f"{dice.share('short')} < 0.045"
    return (
        f"case when {short} then strftime({moment}, '%m/%d/%Y %H:%M') else strftime({moment}, '%m/%d/%Y %H:%M:%S') end"
    )
