"""Requests that nobody made: when each was opened, closed and last changed; other columns are computed from that.

Days have a week and a year, hours a day, times a long tail; a closing behind the end is not known yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import duckdb

from li_perf.simulator.portals.columns import Column, Kind
from li_perf.simulator.portals.dice import Dice, literal
from li_perf.simulator.portals.rows import Rows

_BY_MONTH = (9, 9, 10, 10, 11, 12, 12, 12, 11, 10, 9, 8)
_BY_WEEKDAY = (12, 12, 12, 11, 11, 8, 7)
_BY_HOUR = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 10, 10, 10, 9, 8, 7, 6, 6, 5, 5, 4, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How requests run: SQL for the median hours to the closing, the deviation of its logarithm, and the share of
    requests that are closed at all. `refreshed_hour` is when, in UTC, the portal shows what changed the day before.
    """

    median_hours: str
    spread: float = 1.6
    closed_share: float = 0.97
    refreshed_hour: int = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Local days, `until` exclusive."""

    zone: ZoneInfo
    since: date
    until: date

    def weighed_days(self) -> list[int]:
        """Days from the beginning, as often as their weight says."""
        days = [self.since + timedelta(days=number) for number in range((self.until - self.since).days)]
        weights = [_BY_MONTH[day.month - 1] * _BY_WEEKDAY[day.weekday()] // 20 for day in days]
        return [number for number, weight in enumerate(weights) for _ in range(weight)]


def made_up(rows: int, columns: Sequence[Column], course: Course, span: Span, *, dice: Dice) -> Rows:
    """So many requests; `columns` are computed from `n`, `opened`, `closed` (UTC), their local forms and `changed_at`.

    The table is kept in the order of change, as pages by change are what a download reads.
    """
    database = duckdb.connect(":memory:")
    database.execute("set threads = 2; set timezone = 'UTC'")
    zone, end = literal(span.zone.key), f"timestamp '{span.until} 00:00:00'"
    database.execute(
        f"""
        create table base as
        with thrown as (
            select range as n, timestamp '{span.since} 00:00:00'
                + to_days(cast({dice.pick("day", span.weighed_days())} as integer))
                + to_hours({dice.index("hour", _BY_HOUR)}) + to_seconds({dice.throw("second")} % 3600) as opened_local,
                {course.median_hours} * exp({course.spread} * {dice.normal("hours")}) as hours
            from range({int(rows)})
        ), timed as (
            select n, opened_local, case when {dice.share("closed")} < {course.closed_share}
                then opened_local + to_seconds(cast(least(hours, 87600) * 3600 as bigint)) end as closed_local
            from thrown
        ), known as (
            select n, opened_local, case when closed_local < {end} then closed_local end as closed_local from timed
        )
        select n, opened_local, closed_local,
            (opened_local at time zone {zone}) at time zone 'UTC' as opened,
            (closed_local at time zone {zone}) at time zone 'UTC' as closed,
            date_trunc('day', coalesce(closed_local, opened_local)) + to_days(1) + to_hours({course.refreshed_hour})
                + to_milliseconds(n % 7) as changed_at
        from known order by changed_at, n
        """
    )
    return Rows(database, columns, changed="changed_at")


def text(name: str, sql: str) -> Column:
    return Column(name=name, kind=Kind.TEXT, sql=sql)


def near(dice: Dice, salt: str, centre: float | str, reach: float) -> str:
    """A coordinate, to a decimetre."""
    return f"round({centre} + ({dice.share(salt)} - 0.5) * {reach}, 6)"
