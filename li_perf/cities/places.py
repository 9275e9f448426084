"""How portals write positions: two columns, a GeoJSON point, Socrata's location, Opendatasoft's point."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from li_perf.cities.reading import point
from li_perf.model import Point

PAIR = re.compile(r"\((-?\d+(?:\.\d+)?), *(-?\d+(?:\.\d+)?)\)", re.ASCII)


def position(row: Mapping[str, Any], *, column: str) -> Point | None:
    """What a row's `longitude` and `latitude` say, else its `column`; None where neither is a position."""
    return point(row.get("longitude"), row.get("latitude")) or place(row.get(column))


def place(value: Any) -> Point | None:
    """A point of GeoJSON, of Socrata (`latitude`, `longitude`), of Opendatasoft (`lat`, `lon`), or of "(lat, lon)".

    None for anything else: a request without a position is still a request.
    """
    if isinstance(value, str):
        pair = PAIR.fullmatch(value.strip())
        return point(pair[2], pair[1]) if pair else None
    if not isinstance(value, Mapping):
        return None
    match value.get("coordinates"):
        case [lon, lat, *_] if value.get("type") == "Point":
            return point(lon, lat)
    return point(value.get("longitude"), value.get("latitude")) or point(value.get("lon"), value.get("lat"))
