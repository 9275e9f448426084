"""City nouns: the typed rows and states that every layer speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A position in degrees, WGS 84."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Local calendar days, `until` exclusive."""

    since: date
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One service request; times are aware UTC, `_on` days are the city's own.

    `closed_at` is None where only the day is known; `service_name` is the type in today's words, whatever it was called
    when it was opened. `area` is the city's own division, as written at filing. `due_at` is the target that the city
    set for this one request. `is_first_call` was resolved by whoever took the call: opened and closed at once.
    `reopened_at` is when it was last opened again behind a closing, where the city tells; it may be closed since.
    """

    service_request_id: str
    status: str
    is_open: bool
    service_name: str | None
    service_type: str | None
    agency_responsible: str | None
    requested_at: datetime
    requested_on: date
    updated_at: datetime | None
    closed_at: datetime | None
    closed_on: date | None
    address: str | None
    zipcode: str | None
    point: Point | None
    area: str | None = None
    channel: str | None = None
    resolution: str | None = None
    due_at: datetime | None = None
    is_first_call: bool = False
    reopened_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One code violation; `violation_on` is the local calendar day, `family` the subject of its code."""

    violationnumber: str
    casenumber: str | None
    opa_account_num: str | None
    violation_on: date | None
    violationcode: str | None
    violationcodetitle: str | None
    violationstatus: str | None
    casestatus: str | None
    caseprioritydesc: str | None
    casecreated_at: datetime | None
    address: str | None
    family: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One call that L&I recorded; `service_request_id` is the 311 request it came from, where the City says so."""

    complaintnumber: str | None
    casenumber: str | None
    service_request_id: str | None
    complaint_on: date | None
    initialinvestigation_on: date | None
    opa_account_num: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """An address and the account that the City itself writes beside it; `account` as it came, "" for none."""

    account: str
    address: str | None
    unit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A row that is not of the documented shape, and why."""

    reason: str
    row: str


class Outcome(StrEnum):
    """What an address came to; every request has exactly one."""

    LINKED_BY_TICKET = "linked_by_ticket"
    PARCEL_EXACT = "parcel_exact"
    PARCEL_AMBIGUOUS = "parcel_ambiguous"
    PARCEL_BUILDING_ONLY = "parcel_building_only"
    INTERSECTION_OR_BLOCK = "intersection_or_block"
    ADDRESS_NULL = "address_null"
    ADDRESS_PLACEHOLDER = "address_placeholder"
    ADDRESS_UNPARSEABLE = "address_unparseable"
    PARCEL_NOT_FOUND = "parcel_not_found"
    NO_ACCOUNT = "no_account"
    LOOKUP_FAILED = "lookup_failed"


class State(StrEnum):
    """Where a question stands; the queue is "state not final", there is no persisted "in progress".

    A stale one has an answer that is too old: it is asked again, and its old answer counts until then.
    """

    PENDING = "pending"
    STALE = "stale"
    ANSWERED = "answered"
    FAILED = "failed"


TO_ASK = (State.PENDING, State.STALE)  # in this order: first those that have no answer at all
WITH_ANSWER = (State.ANSWERED, State.STALE)
