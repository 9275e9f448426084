"""Five rows of odd shape, on demand: what an open-data table holds sooner or later."""

from __future__ import annotations

from typing import Any

from li_perf.simulator.tickets import Draft


def rows(inside: list[Draft]) -> list[dict[str, Any]]:
    """Copies of an ordinary ticket, each with one thing wrong."""
    plain = next((draft.row for draft in inside if draft.row and draft.row["closed_datetime"]), None)
    if plain is None:
        return []
    return [
        plain | {"service_name": None},
        plain | {"status": "Pending"},
        plain | {"lat": 0.0, "lon": 181.0},
        plain | {"closed_datetime": "2001-01-01T00:00:00Z"},
        plain | {"address": "1234 MARKET ST\x08\x1b[2J"},
    ]
