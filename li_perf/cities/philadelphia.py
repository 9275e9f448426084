"""Philadelphia: 311 requests, L&I's violations and complaints on Carto (columns as phl.carto.com has them), AIS."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from li_perf.cities.city import City, Dataset, LicensesAndInspections, Pairs, Row
from li_perf.cities.philadelphia_codes import ALLOWED, family
from li_perf.cities.reading import (
    Unreadable,
    identifier,
    instant,
    label,
    local_day,
    point,
    rejecting,
    text,
    unchanged,
)
from li_perf.model import Complaint, Point, Property, Ticket, Violation
from li_perf.sources.carto_table import Table

ZONE = ZoneInfo("America/New_York")
AGENCY = "License & Inspections"  # as it stands in agency_responsible
CLOSED = frozenset({"closed"})


@rejecting
def read_ticket(row: Row) -> Ticket:
    """One row of public_cases_fc; times are UTC there, an empty text is no text, `status` is Open or Closed."""
    requested_at = instant(row.get("requested_datetime"), "requested_datetime")
    if requested_at is None:
        raise Unreadable("requested_datetime is missing")
    closed_at = instant(row.get("closed_datetime"), "closed_datetime")
    status = identifier(row.get("status"), "status")
    return Ticket(
        service_request_id=identifier(row.get("service_request_id"), "service_request_id"),
        status=status,
        is_open=status.casefold() not in CLOSED,
        service_name=text(row.get("service_name"), "service_name"),
        service_type=text(row.get("service_type"), "service_type"),
        agency_responsible=text(row.get("agency_responsible"), "agency_responsible"),
        requested_at=requested_at,
        requested_on=requested_at.astimezone(ZONE).date(),
        updated_at=instant(row.get("updated_datetime"), "updated_datetime"),
        closed_at=closed_at,
        closed_on=local_day(closed_at, ZONE),
        address=unchanged(row.get("address"), "address"),
        zipcode=(text(row.get("zipcode"), "zipcode") or "")[:5] or None,
        point=point(row.get("lon"), row.get("lat")),
    )


@rejecting
def read_violation(row: Row) -> Violation:
    """One row of violations; violationdate is a local midnight in UTC, so the local day is what counts."""
    code = text(row.get("violationcode"), "violationcode")
    return Violation(
        violationnumber=identifier(row.get("violationnumber"), "violationnumber"),
        casenumber=label(row.get("casenumber"), "casenumber"),
        opa_account_num=_account(row),
        violation_on=_day(row, "violationdate"),
        violationcode=code,
        violationcodetitle=text(row.get("violationcodetitle"), "violationcodetitle"),
        violationstatus=text(row.get("violationstatus"), "violationstatus"),
        casestatus=text(row.get("casestatus"), "casestatus"),
        caseprioritydesc=text(row.get("caseprioritydesc"), "caseprioritydesc"),
        casecreated_at=instant(row.get("casecreateddate"), "casecreateddate"),
        address=text(row.get("address"), "address"),
        family=family(code),
    )


@rejecting
def read_complaint(row: Row) -> Complaint:
    """One row of complaints; ticket_num_311 is the City's own link to the 311 request."""
    return Complaint(
        complaintnumber=label(row.get("complaintnumber"), "complaintnumber"),
        casenumber=label(row.get("casenumber"), "casenumber"),
        service_request_id=label(row.get("ticket_num_311"), "ticket_num_311"),
        complaint_on=_day(row, "complaintdate"),
        initialinvestigation_on=_day(row, "initialinvestigation_date"),
        opa_account_num=_account(row),
    )


@rejecting
def read_property(row: Row) -> Property:
    """One row of opa_properties_public: a condominium's units share their `location`."""
    return Property(
        account=_account(row, "parcel_number") or "",
        address=text(row.get("location"), "location"),
        unit=text(row.get("unit"), "unit"),
    )


@rejecting
def read_place_of_violation(row: Row) -> Property:
    """What one row of violations says of the parcel's address."""
    unit = (text(row.get(name), name) for name in ("unit_type", "unit_num"))
    return Property(
        account=_account(row) or "",
        address=text(row.get("address"), "address"),
        unit=" ".join(filter(None, unit)) or None,
    )


def _day(row: Row, name: str) -> date | None:
    return local_day(instant(row.get(name), name), ZONE)


def _account(row: Row, name: str = "opa_account_num") -> str | None:
    """Nine digits; a number has lost its leading zeros."""
    account = label(row.get(name), name)
    return account.zfill(9) if account and not isinstance(row[name], str) else account


REQUESTS = Dataset(
    portal=Table(table="public_cases_fc", key=("service_request_id",), opened_in="requested_datetime"),
    required=("service_request_id", "status", "agency_responsible", "requested_datetime", "address"),
    optional=(
        *("closed_datetime", "updated_datetime", "service_name", "service_type", "service_code"),
        *("status_notes", "zipcode", "lat", "lon"),
    ),
    read=read_ticket,
    floor=1,
)

VIOLATIONS = Dataset(
    portal=Table(table="violations", key=("violationnumber", "casenumber", "violationcode")),
    required=("violationnumber", "casenumber", "opa_account_num", "violationdate"),
    optional=(
        *("violationcode", "violationcodetitle", "violationstatus", "violationresolutiondate", "casestatus"),
        *("caseprioritydesc", "casecreateddate", "casetype", "address", "unit_type", "unit_num"),
    ),
    read=read_violation,
)

COMPLAINTS = Dataset(
    portal=Table(
        table="complaints",
        key=("ticket_num_311", "complaintnumber", "casenumber"),
        has_groups=True,  # a row a call: several may say the same
        opened_in="complaintdate",
    ),
    required=("complaintnumber", "casenumber", "complaintdate", "ticket_num_311"),
    optional=(
        *("initialinvestigation_date", "opa_account_num", "complaintcode", "complaintcodename"),
        *("complaintstatus", "address"),
    ),
    read=read_complaint,
)

PROPERTIES = Dataset(
    portal=Table(table="opa_properties_public", key=("parcel_number",), has_groups=True),
    required=("parcel_number", "location", "unit"),
    optional=("zip_code",),
    read=read_property,
    page_size=10_000,
)

PHILADELPHIA = City(
    name="philadelphia",
    title="Philadelphia",
    zone=ZONE,
    portal_url="https://phl.carto.com/api/v2/sql",
    requests=REQUESTS,
    closed_words=CLOSED,
    box=(Point(lon=-75.29, lat=39.86), Point(lon=-74.95, lat=40.14)),
    inspections=LicensesAndInspections(
        agency=AGENCY,
        violations=VIOLATIONS,
        complaints=COMPLAINTS,
        window_days=60,
        allowed=ALLOWED,
        pairs=Pairs(properties=PROPERTIES, of_violation=read_place_of_violation),
    ),
)
