"""Windows in time: how a period is cut into statements where a portal has no pages worth the name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From `since` up to but not including `until`: aware, in whole seconds."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since

    def halved(self, *, least: timedelta) -> Window | None:
        """Its first half in whole seconds, None where that would be shorter than `least`."""
        half = timedelta(seconds=self.length // timedelta(seconds=2))
        return Window(since=self.since, until=self.since + half) if half >= least else None

    def beginning(self, until: datetime) -> Window:
        """Its part before `until`."""
        return Window(since=self.since, until=min(until, self.until))

    def after(self, before: Window) -> Window | None:
        """Its part behind another window, None where that one reached the end."""
        return Window(since=before.until, until=self.until) if before.until < self.until else None


def next_month(moment: datetime, zone: ZoneInfo) -> datetime:
    """The first instant of the local month behind the one that `moment` lies in."""
    some_day_of_it = moment.astimezone(zone).date().replace(day=28) + timedelta(days=4)
    return datetime.combine(some_day_of_it.replace(day=1), time(0, tzinfo=zone)).astimezone(UTC)


def written(moment: datetime) -> str:
    """As in 2025-01-01T05:00:00Z. A fraction of a second is rounded down."""
    return moment.astimezone(UTC).strftime(FORMAT)


def read(text: str) -> datetime:
    """A moment that `written` wrote. Raises ValueError."""
    return datetime.strptime(text, FORMAT).replace(tzinfo=UTC)
