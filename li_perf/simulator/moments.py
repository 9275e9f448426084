"""Times of the simulated city: a season, office hours, local days, and texts as Carto writes them."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
_BY_MONTH = (0.82, 0.86, 0.96, 1.02, 1.08, 1.16, 1.19, 1.15, 1.08, 1.02, 0.86, 0.76)
_BY_WEEKDAY = (1.2, 1.2, 1.15, 1.1, 1.05, 0.55, 0.45)
_BY_HOUR = (1, 1, 1, 1, 1, 2, 4, 9, 16, 20, 21, 20, 18, 18, 18, 17, 14, 10, 8, 7, 6, 4, 3, 2)


def days(dice: Random, since: date, until: date, count: int) -> list[date]:
    """Local days of requests: more in summer, fewer at weekends."""
    every = [since + timedelta(days=index) for index in range((until - since).days)]
    weights = [_BY_MONTH[day.month - 1] * _BY_WEEKDAY[day.weekday()] for day in every]
    return dice.choices(every, weights=weights, k=count)


def instant(dice: Random, day: date) -> datetime:
    """A moment of the local day, in UTC."""
    hour = dice.choices(range(24), weights=_BY_HOUR)[0]
    local = datetime.combine(day, time(hour, dice.randrange(60), dice.randrange(60)), ZONE)
    return local.astimezone(UTC)


def midnight(day: date) -> datetime:
    """The local midnight in UTC: 05:00Z in winter, 04:00Z in summer, as violationdate is stored."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def local_day(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


def text(moment: datetime | None) -> str | None:
    """As Carto's JSON writes a timestamptz: no fraction, always Z."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def lag_days(dice: Random, *, median: float, p90: float) -> float:
    """A lognormal lag; its 90th percentile lies 1.2816 standard deviations above the median."""
    sigma = math.log(p90 / median) / 1.2816
    return dice.lognormvariate(math.log(median), sigma)
