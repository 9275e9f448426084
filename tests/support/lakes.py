"""Tickets made by hand, and lakes that they are put into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from li_perf.model import Point, Reject, Ticket
from li_perf.store.batch import Batch
from li_perf.store.lake import Cursor, State, look, reading

SEEN = "2025-06-01T12:00:00Z"


def ticket(number: int | str = 1, status: str = "Open", **others: Any) -> Ticket:
    """A request of the 15th of January 2025 at noon, unless told otherwise."""
    at = others.pop("requested_at", datetime(2025, 1, 15, 12, tzinfo=UTC))
    given = {
        "service_request_id": str(number),
        "status": status,
        "is_open": status != "Closed",
        "service_name": "Graffiti",
        "service_type": None,
        "agency_responsible": None,
        "requested_at": at,
        "requested_on": at.date(),
        "updated_at": None,
        "closed_at": at + timedelta(hours=5) if status == "Closed" else None,
        "closed_on": (at + timedelta(hours=5)).date() if status == "Closed" else None,
        "address": None,
        "zipcode": None,
        "point": Point(lon=-82.3, lat=29.6),
    }
    return Ticket(**(given | others))


def put(folder: Path, *pages: Sequence[Ticket | Reject], first: int, **how: Any) -> State:
    """One batch of pages numbered from `first`."""
    with Batch(look(folder), **how) as batch:
        for number, items in enumerate(pages, first):
            batch.stage(items, page=number, fetched_at=SEEN, dataset="requests")
        return batch.commit(Cursor(run=1, started_at="then", last_run=1, page=first + len(pages) - 1))


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a query of the lake answers."""
    with reading(folder, spill=folder.parent / "spill") as tables:
        return tables.rows(sql)
