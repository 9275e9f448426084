"""How the values of a JSON row are read: text stays text, times become aware, nothing is guessed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import wraps
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from li_perf.model import Point, Reject

R = TypeVar("R")

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
BEYOND_64_BITS = 2**63
YEARS = range(1000, 9999)  # what both ISO 8601 text and every time zone can hold
LONGEST_SHOWN = 2_000
UNKNOWN = frozenset({"unspecified", "unknown", "n/a"})  # what portals write for nothing


class Unreadable(ValueError):
    """A value is not of the documented form; the text says which."""


def rejecting(read: Callable[[Mapping[str, Any]], R]) -> Callable[[Any], R | Reject]:
    """Turn a row that cannot be read into a Reject with the reason."""

    @wraps(read)
    def reading(row: Any) -> R | Reject:
        try:
            if not isinstance(row, dict):
                raise Unreadable("the row is not an object")
            return read(row)
        except Unreadable as error:
            return Reject(reason=str(error), row=shown(row))

    return reading


def unchanged(value: Any, name: str) -> str | None:
    """Text as it came, a number as its digits, None for nothing. Raises Unreadable for what the store cannot hold."""
    if value is None:
        return None
    if isinstance(value, str):
        if "\x00" in value or not (value.isascii() or UNSTORABLE.search(value) is None):
            raise Unreadable(f"{name} is not text")
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < BEYOND_64_BITS:
        return str(value)
    raise Unreadable(f"{name} is not text")


def text(value: Any, name: str) -> str | None:
    """Trimmed text, None for nothing. Raises Unreadable for a list, an object, or what the store cannot hold."""
    word = unchanged(value, name)
    return None if word is None else word.strip() or None


def known(value: Any, name: str) -> str | None:
    """Trimmed text, None for nothing and for the words that say so ("Unspecified", "N/A")."""
    word = text(value, name)
    return None if word is None or word.casefold() in UNKNOWN else word


def label(value: Any, name: str) -> str | None:
    """An identifier as text, None for nothing; a whole number sent as a float loses its `.0`."""
    word = text(value, name)
    if word is None:
        return None
    whole = word.removesuffix(".0")
    if isinstance(value, float) and not whole.isdigit():
        raise Unreadable(f"{name} is not a whole number")
    return whole if whole.isdigit() else word


def identifier(value: Any, name: str) -> str:
    """An identifier as text. Raises Unreadable without one."""
    word = label(value, name)
    if word is None:
        raise Unreadable(f"{name} is missing")
    return word


def five_digits(value: Any, name: str) -> str | None:
    """The first five characters of a ZIP code, None for nothing."""
    return (label(value, name) or "")[:5] or None


def instant(value: Any, name: str) -> datetime | None:
    """An aware UTC time of an ISO 8601 text; one without a zone is UTC, as Carto's are.

    Raises Unreadable for anything else, a bare day included: it has no instant, and at midnight UTC it would be the day
    before in the city.
    """
    word = text(value, name)
    if word is None:
        return None
    try:
        moment = datetime.fromisoformat(word if isinstance(value, str) and ":" in word else "")
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable(f"{name} is not a time") from None
    if moment.year not in YEARS:
        raise Unreadable(f"{name} is not a time")
    return moment


def local_day(moment: datetime | None, zone: ZoneInfo) -> date | None:
    """The calendar day of an instant in the city."""
    return moment.astimezone(zone).date() if moment else None


def point(lon: Any, lat: Any) -> Point | None:
    """A position, None where a coordinate is missing, no number, or off the globe."""
    if isinstance(lon, bool) or isinstance(lat, bool):
        return None
    try:
        position = Point(lon=float(lon), lat=float(lat))
    except (TypeError, ValueError, OverflowError):
        return None
    is_on_globe = abs(position.lon) <= 180 and abs(position.lat) <= 90
    return position if is_on_globe and math.isfinite(position.lon + position.lat) else None


def shown(row: Any) -> str:
    """A row for the eye: ASCII JSON, cut short; it may hold whatever made the row unreadable."""
    try:
        return json.dumps(row, default=repr, separators=(",", ":"))[:LONGEST_SHOWN]
    except (ValueError, RecursionError):  # thousands of digits, or endless nesting
        return f"a {type(row).__name__} that cannot be shown"
