"""What the peers of `bench year` compute: which levels, over which periods, and how they hand in their figures."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PERIODS = ("all", "year", "quarter", "month", "week")
LEVELS = {"city": (), "area": ("area",), "type": ("type",), "area_type": ("area", "type")}
OF_TYPES_IN_AREAS = frozenset({"all", "year", "month"})
MEASURES = ("volume", "open_requests", "closed_requests", "mean_ttr", "median_ttr", "p90_ttr", "on_time_pct")
COLUMNS = (
    *("unique_key", "created_date", "closed_date", "agency", "complaint_type", "status", "descriptor", "due_date"),
    *("resolution_description", "resolution_action_updated_date", "incident_zip", "incident_address", "borough"),
    *("open_data_channel_type", "latitude", "longitude"),
)
TIMES = ("created_date", "closed_date", "due_date", "resolution_action_updated_date")
CLOSED = ("closed", "closed - testing", "cancel", "canceled", "cancelled")
ZONE = "America/New_York"


def grouped() -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """Each period and level, and the columns that a level groups by."""
    for period in PERIODS:
        for level, by in LEVELS.items():
            if level != "area_type" or period in OF_TYPES_IN_AREAS:
                yield period, level, by


def hand_in(folder: Path, rows: Iterable[tuple[Any, ...]]) -> None:
    """period, area, type, then the measures: those over all periods, to be compared; None for what there is not."""
    found = [[value if value == value else None for value in row] for row in rows]
    (folder / "figures.json").write_text(json.dumps(found, default=str))
