"""How the values of a JSON row are read: text stays text, times become aware, nothing is guessed."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from li_perf.model import Point


class Unreadable(ValueError):
    """A value is not of the documented form; the text says which."""


def text(value: Any, name: str) -> str | None:
    """Trimmed text, None for nothing. Raises Unreadable for a list or an object."""
    if value is None:
        return None
    if isinstance(value, bool | list | dict):
        raise Unreadable(f"{name} is not text")
    return str(value).strip() or None


def identifier(value: Any, name: str) -> str:
    """An identifier as text; a whole number sent as a float loses its `.0`. Raises Unreadable without one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    word = text(value, name)
    if word is None:
        raise Unreadable(f"{name} is missing")
    return word.removesuffix(".0") if word.removesuffix(".0").isdigit() else word


def instant(value: Any, name: str) -> datetime | None:
    """An aware UTC time of an ISO 8601 text; one without a zone is UTC, as Carto's are."""
    word = text(value, name)
    if word is None:
        return None
    try:
        moment = datetime.fromisoformat(word)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable(f"{name} is not a time") from None


def local_day(moment: datetime | None, zone: ZoneInfo) -> date | None:
    """The calendar day of an instant in the city."""
    return moment.astimezone(zone).date() if moment else None


def point(lon: Any, lat: Any) -> Point | None:
    """A position, None where a coordinate is missing or off the globe."""
    try:
        position = Point(lon=float(lon), lat=float(lat))
    except (TypeError, ValueError):
        return None
    is_on_globe = abs(position.lon) <= 180 and abs(position.lat) <= 90
    return position if is_on_globe and math.isfinite(position.lon + position.lat) else None
