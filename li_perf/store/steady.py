"""Days on which a zone's clocks do not change: of a local time on one of them one offset says all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

FIRST, LAST = date(2000, 1, 1), date(2051, 1, 1)  # the last is exclusive


@lru_cache
def steady_days(zone: ZoneInfo) -> Sequence[tuple[date, int]]:
    """The days on which the zone's clocks do not change, and how many seconds they are ahead of UTC."""
    days = (datetime.fromordinal(number) for number in range(FIRST.toordinal(), LAST.toordinal()))
    return [(at.date(), int(ahead.total_seconds())) for at in days if (ahead := _ahead(at, zone)) is not None]


def _ahead(midnight: datetime, zone: ZoneInfo) -> timedelta | None:
    """How far a local day is ahead of UTC, None where that changes."""
    last = midnight + timedelta(days=1, microseconds=-1)
    ahead = midnight.replace(tzinfo=zone).utcoffset()
    return ahead if ahead == last.replace(tzinfo=zone, fold=1).utcoffset() else None
