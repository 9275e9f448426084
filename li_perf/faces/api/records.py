"""The shapes of answers out of a lake: requests, their statuses, and how good the rows are."""

from __future__ import annotations

import msgspec

from li_perf.steps.explain import Told
from li_perf.steps.quality import Quality


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A service request, without free text: times are UTC, `_on` days the city's own; null is unknown."""

    service_request_id: str
    status: str
    is_open: bool
    type: str | None
    area: str | None
    agency_responsible: str | None
    requested_at: str
    requested_on: str
    due_at: str | None
    updated_at: str | None
    closed_at: str | None
    closed_on: str | None
    address: str | None
    zipcode: str | None
    lon: float | None
    lat: float | None
    channel: str | None
    is_first_call: bool
    reopened_at: str | None


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """A page of open requests, oldest first; `total` counts all that are asked for."""

    city: str
    as_of: str
    items: list[Request]
    total: int
    next: str | None


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A status that a request had; `seen_at` is when it was first received."""

    status: str
    closed_on: str | None
    closed_at: str | None
    updated_at: str | None
    seen_at: str


class RequestFile(msgspec.Struct, frozen=True, kw_only=True):
    """One request with its statuses, oldest first; `inspection` is what a city with inspections knows of it besides."""

    city: str
    as_of: str
    request: Request
    history: list[Turn]
    inspection: Told | None


class QualityFile(msgspec.Struct, frozen=True, kw_only=True):
    """How good a city's rows are; each figure says what it counts, of how many."""

    as_of: str
    quality: Quality
