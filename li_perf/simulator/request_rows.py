"""Rows of public_cases_fc: L&I's tickets and other agencies' requests, numbered in order of time."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from li_perf.simulator import moments
from li_perf.simulator.streets import STREETS
from li_perf.simulator.tickets import Draft

AGENCY = "License & Inspections"
_FIRST_ID = 17_346_520
# name, code, parts of 100, service types
_SERVICES = (
    ("Maintenance Complaint", None, 46, ("Exterior High Weeds", "Interior", "Exterior", "No Heat", "Infestation")),
    ("Construction Complaints", None, 17, ("No Permit", "Unsafe Work", "Stop Work")),
    ("License Complaint", None, 9, ("Rental License", "Business License")),
    ("Dangerous Building Complaint", None, 8, (None,)),
    ("Fire Safety Complaint", None, 6, ("Blocked Exit", "Smoke Alarm")),
    ("LI Escalation", "SR-LI99", 5, (None,)),
    ("Vacant House or Commercial", "SR-LI27", 4, (None,)),
    ("Zoning Residential", "SR-LI31", 3, (None,)),
    ("Zoning Business", "SR-LI30", 2, (None,)),
)
_SHARES = [share for _, _, share, _ in _SERVICES]
_OTHERS = (
    ("Streets Department", "Illegal Dumping", "SR-ST02", "5 Business Days"),
    ("Streets Department", "Rubbish/Recyclable Material Collection", "SR-ST03", "2 Business Days"),
    ("Community Life Improvement Program", "Graffiti Removal", "SR-CL01", "7 Business Days"),
    ("Philly311 Contact Center", "Information Request", "SR-IR01", None),
    ("Police Department", "Abandoned Vehicle", "SR-PD01", "60 Business Days"),
)


def rows(dice: Random, drafts: Iterable[Draft], pulled: datetime) -> None:
    """Fills in each draft's row."""
    for draft in drafts:
        name, code, _, types = dice.choices(_SERVICES, weights=_SHARES)[0]
        lon_lat = _point(dice, draft) if draft.has_point else (None, None)
        zip_code = draft.address.zip_code if draft.address else dice.choice(STREETS).zip_codes[0]
        closed = None if draft.is_open else _closed(dice, draft.requested_at, pulled)
        draft.row = _row(
            requested_at=draft.requested_at,
            closed_at=closed,
            updated_at=closed or min(draft.requested_at + timedelta(days=dice.random() * 5), pulled),
            status="Open" if draft.is_open else "Closed",
            service=(AGENCY, name, code, None),
            service_type=dice.choice(types),
            address=draft.text,
            zip_code=zip_code,
            lon_lat=lon_lat,
        )
        if closed and dice.random() < 0.003:
            draft.row["closed_datetime"] = None


def keep_open_until(dice: Random, draft: Draft, inspected: datetime, pulled: datetime) -> None:
    """A closed ticket is closed when its inspection is over, hence not before the violation that was found."""
    if draft.row is None or draft.row["closed_datetime"] is None:
        return
    over = min(inspected + timedelta(days=dice.random() * 6), pulled)
    if moments.text(over) > draft.row["closed_datetime"]:
        draft.row["closed_datetime"] = draft.row["updated_datetime"] = moments.text(over)


def others(dice: Random, since: date, until: date, count: int) -> list[dict[str, Any]]:
    """Rows of other agencies: a client that asks for L&I's must never meet them."""
    found = []
    for day in moments.days(dice, since, until, count):
        requested = moments.instant(dice, day)
        street = dice.choice(STREETS)
        number = dice.randrange(street.low, street.high)
        lon, lat = street.position(number)
        where = (lon, lat) if dice.random() > 0.526 else (None, None)
        found.append(
            _row(
                requested_at=requested,
                closed_at=requested + timedelta(days=dice.random() * 9),
                updated_at=requested + timedelta(days=9),
                status="Closed",
                service=dice.choice(_OTHERS),
                service_type=None,
                address=f"{number} {street.full}",
                zip_code=street.zip_code(number),
                lon_lat=where,
            )
        )
    return found


def numbered(dice: Random, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In order of time, with the ids that grow with it."""
    found.sort(key=lambda row: row["requested_datetime"])
    number = _FIRST_ID
    for index, row in enumerate(found, 1):
        number += dice.randint(1, 3)
        row |= {"cartodb_id": index, "objectid": 5_000_000 + index, "service_request_id": number}
    return found


def _closed(dice: Random, requested: datetime, pulled: datetime) -> datetime:
    closed = requested + timedelta(days=moments.lag_days(dice, median=16, p90=75))
    return closed if closed < pulled else requested + (pulled - requested) * dice.random()


def _point(dice: Random, draft: Draft) -> tuple[float, float]:
    if draft.address and draft.address.lon is not None and draft.address.lat is not None:
        return draft.address.lon, draft.address.lat
    street = dice.choice(STREETS)
    return street.position(street.low)


def geometry(lon: float | None, lat: float | None) -> str | None:
    """PostGIS's own spelling of a point: extended well-known binary in hexadecimal."""
    if lon is None or lat is None:
        return None
    return struct.pack("<BIIdd", 1, 0x20000001, 4326, lon, lat).hex().upper()


def _row(
    *,
    requested_at: datetime,
    closed_at: datetime | None,
    updated_at: datetime,
    status: str,
    service: tuple[str, str, str | None, str | None],
    service_type: str | None,
    address: str | None,
    zip_code: str | None,
    lon_lat: tuple[float | None, float | None],
) -> dict[str, Any]:
    agency, name, code, notice = service
    lon, lat = lon_lat
    return {
        "cartodb_id": 0,
        "the_geom": geometry(lon, lat),
        "the_geom_webmercator": None,
        "objectid": 0,
        "service_request_id": 0,
        "subject": None,
        "status": status,
        "status_notes": None if status == "Open" else "Issue Resolved",
        "service_name": name,
        "service_code": code,
        "agency_responsible": agency,
        "service_notice": notice,
        "requested_datetime": moments.text(requested_at),
        "updated_datetime": moments.text(updated_at),
        "expected_datetime": None,
        "closed_datetime": moments.text(closed_at),
        "address": address,
        "zipcode": zip_code,
        "media_url": None,
        "lat": lat,
        "lon": lon,
        "service_type": service_type,
    }
