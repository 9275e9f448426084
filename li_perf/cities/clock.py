"""How portals write times: the city's wall clock in two forms of text, milliseconds since 1970, bare days."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from li_perf.cities.reading import YEARS, Unreadable, text

# 05/01/2022 12:07:46 AM · 09/25/2018 10:11:00 · 09/29/2022 17:41
AMERICAN = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})[ T](\d\d?):(\d\d)(?::(\d\d))?(?: ?([AP]M))?", re.ASCII | re.IGNORECASE)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(value: Any, name: str, zone: tzinfo, *, after: datetime | None = None) -> datetime | None:
    """An aware UTC time of ISO 8601 or American text; text without a zone is the wall clock of `zone`.

    The hour that clocks repeat in autumn is taken for its first pass, as most databases take it, so that a time is
    never later than it was; unless that lies before `after` and the second does not: nothing ends before it begins.
    A time that clocks skip in spring is as far behind the gap as it is written into it. Raises Unreadable for anything
    else, a bare day included.
    """
    word = text(value, name)
    if word is None:
        return None
    try:
        local = _american(word, zone) or datetime.fromisoformat(word.replace("/", "-") if ":" in word else "")
        if local.tzinfo is None:
            local = local.replace(tzinfo=zone)
        at = local.astimezone(UTC)
        if after is not None and at < after <= (second := local.replace(fold=1).astimezone(UTC)):
            at = second
    except (ValueError, OverflowError):
        raise Unreadable(f"{name} is not a time") from None
    return _within(at, name)


def _american(word: str, zone: tzinfo) -> datetime | None:
    found = AMERICAN.fullmatch(word)
    if found is None:
        return None
    month, day, year, hour, minute, second, half = found.groups()
    hours = int(hour)
    if half:
        if hours not in range(1, 13):
            raise ValueError(word)
        hours = hours % 12 + (12 if half[0] in "Pp" else 0)
    return datetime(int(year), int(month), int(day), hours, int(minute), int(second or 0), tzinfo=zone)


def epoch(value: Any, name: str) -> datetime | None:
    """An aware UTC time of the milliseconds that ArcGIS counts. Raises Unreadable for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(f"{name} is not a time")
    try:
        return _within(EPOCH + timedelta(milliseconds=value), name)
    except (ValueError, OverflowError):
        raise Unreadable(f"{name} is not a time") from None


def day(value: Any, name: str) -> date | None:
    """A calendar day as it is written. Raises Unreadable for anything else: a time would have to be of some zone."""
    word = text(value, name)
    if word is None:
        return None
    try:
        on = date.fromisoformat(word if DAY.fullmatch(word) else "")
    except ValueError:
        raise Unreadable(f"{name} is not a day") from None
    if on.year not in YEARS:
        raise Unreadable(f"{name} is not a day")
    return on


def is_midnight(at: datetime, zone: ZoneInfo) -> bool:
    """Whether the city's clock says midnight to the microsecond."""
    return at.astimezone(zone).time() == time(0)


def _within(at: datetime, name: str) -> datetime:
    if at.year not in YEARS:
        raise Unreadable(f"{name} is not a time")
    return at
