"""L&I's tickets in the making: when, where, open or closed, in the period and around its edges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from li_perf.simulator import moments
from li_perf.simulator.addresses import Address, Kind

_UNUSABLE = (None, None, None, None, None, None, None, "", "-", ".")
# Twelve days after the year is when the three public analyses of 2025 pulled their rows (12-14 January 2026).
_PULLED_AFTER = timedelta(days=12, hours=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Of 45,656 tickets of 2025: 44,748 with an address, 44,722 with a point, 18,374 open; 28,388 addresses."""

    tickets: int

    def _scaled(self, real: int) -> int:
        return round(self.tickets * real / 45_656)

    @property
    def with_address(self) -> int:
        return self._scaled(44_748)

    @property
    def with_point(self) -> int:
        return self._scaled(44_722)

    @property
    def open(self) -> int:
        return self._scaled(18_374)

    @property
    def addresses(self) -> int:
        return self._scaled(28_388)


@dataclass(slots=True, kw_only=True)
class Draft:
    """A ticket in the making; `address` is None for an unusable one."""

    requested_at: datetime
    address: Address | None
    text: str | None
    is_open: bool = False
    has_point: bool = True
    row: dict[str, Any] | None = None


def pulled_at(until: date) -> datetime:
    return moments.midnight(until) + _PULLED_AFTER


def tickets(dice: Random, since: date, until: date, at: list[Address], counts: Counts) -> list[Draft]:
    """L&I's tickets of the local period in order of time; `at` are the addresses of those that have one."""
    places: list[Address | None] = [*at, *[None] * (counts.tickets - len(at))]
    dice.shuffle(places)
    instants = sorted(_instants(dice, since, until, counts.tickets))
    drafts = [
        Draft(requested_at=instant, address=place, text=_text(dice, place))
        for instant, place in zip(instants, places, strict=True)
    ]
    for index in _recent(dice, len(drafts), counts.open):
        drafts[index].is_open = True
    for draft in dice.sample(drafts, len(drafts) - counts.with_point):
        draft.has_point = False
    return drafts


def _instants(dice: Random, since: date, until: date, count: int) -> list[datetime]:
    """Three requests at least fall between the UTC and the local end of the period, where years disagree."""
    last = moments.midnight(until)
    evening = [last - timedelta(minutes=minutes) for minutes in (10, 100, 290)]
    rest = [moments.instant(dice, day) for day in moments.days(dice, since, until, max(count - 3, 0))]
    return [*evening, *rest][:count]


def _recent(dice: Random, total: int, wanted: int) -> list[int]:
    """A weighted sample: the younger a ticket, the likelier it is open."""
    keys = sorted(range(total), key=lambda index: dice.random() ** (1 / (0.4 + index / total)))
    return keys[total - wanted :] if wanted else []


def _text(dice: Random, place: Address | None) -> str | None:
    """Most addresses are written alike; some are typed in small letters, with blanks or with a line break."""
    if place is None:
        return dice.choice(_UNUSABLE)
    if place.kind is Kind.EXACT and dice.random() < 0.06:
        text = place.question
        return dice.choice(
            (text.lower(), text.title(), f" {text} ", text.replace(" ", "  "), text.replace(" ", "\n", 1))
        )
    return place.question


def around(dice: Random, since: date, until: date, at: list[Address]) -> list[Draft]:
    """L&I's tickets just outside of the local period, some of them inside of the UTC one."""
    first, last = moments.midnight(since), moments.midnight(until)
    utc_first = datetime.combine(since, time(), UTC)
    moments_around = (
        utc_first - timedelta(minutes=1),
        utc_first,
        utc_first + timedelta(hours=2),
        first - timedelta(seconds=1),
        last,
        last + timedelta(hours=3),
    )
    return [
        Draft(requested_at=moment, address=place, text=place.question)
        for moment in moments_around
        for place in [dice.choice(at)]
    ]
