"""A handful of Gainesville's requests as its portal sends them, and the portal in a thread of its own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from li_perf.simulator.portals import rows as kept
from li_perf.simulator.portals import socrata as soda
from li_perf.simulator.portals.rows import Kind
from li_perf.simulator.portals.stand_in import StandIn
from support.serving import served

TABLE = "78uv-94ar"
KINDS = {
    "id": Kind.TEXT,
    "status": Kind.TEXT,
    "request_type": Kind.TEXT,
    "created": Kind.FLOATING,
    "closed": Kind.TEXT,
    "last_updated": Kind.TEXT,
    "commission_district": Kind.TEXT,
    "reopened": Kind.TEXT,
}


def request(number: int, **values: Any) -> dict[str, Any]:
    """A pothole of March 2025 in district 1, closed two days later, changed as wished."""
    row = {
        "id": str(number),
        "status": "Archived",
        "request_type": "Pothole",
        "created": f"2025-03-{1 + number % 28:02d}T09:00:00.000",
        "closed": f"03/{3 + number % 28:02d}/2025 09:00:00",
        "last_updated": f"03/{3 + number % 28:02d}/2025 09:00:00",
        "commission_district": "1",
        "reopened": None,
    }
    return row | values


REQUESTS = (
    *(request(number) for number in range(1, 9)),
    request(9, status="Submitted", closed=None),
    request(10, request_type="Graffiti", commission_district="2", closed="03/13/2025 21:00"),
    request(11, request_type="Graffiti", commission_district=None),
    request(12, request_type="Graffiti", created="next Tuesday or so"),
)


def portal(rows: tuple[dict[str, Any], ...] = REQUESTS) -> AbstractContextManager[StandIn]:
    """Serves the rows until the block ends; the row whose opening is no time has none there."""
    return served(lambda: soda.Socrata(rows=kept.given(rows, KINDS, key="id", more=soda.SYSTEM), table=TABLE))
