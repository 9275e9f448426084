"""A plan of what goes wrong, drawn from a seed; all times in seconds since the servers began."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

SERVERS = ("ais", "carto")
PATIENCE = 9.0  # seconds of silence that no client waits


class Kind(StrEnum):
    """How a whole server is out of order."""

    REFUSED = "refused"  # nobody listens
    RESET = "reset"
    UNAVAILABLE = "503"
    HTML = "html"  # with 200
    HANG = "hang"
    DATABASE_DOWN = "database down"  # AIS: 404 "Invalid query." to everything
    WAIT = "429, seconds"  # Retry-After: what is left of it
    WAIT_UNTIL = "429, date"
    SILENT = "429"
    FIREWALL = "403"
    PORTAL = "302"  # to somebody else's page
    LOST = "404, html"  # the route is gone
    DENIED = "401"


class Mishap(StrEnum):
    """What befalls a single request."""

    RESET = "reset"
    BROKEN_OFF = "broken off"  # in the middle of the body
    ERROR = "500"
    INVALID = "404, invalid query"  # AIS with its database down, for once
    GATEWAY = "502"
    HTML = "html"
    EMPTY = "empty"
    CUT_JSON = "cut json"  # of the length that was announced
    DRIP = "drip"
    HANG = "hang"
    SILENT = "429"
    FIREWALL = "403"
    PARTIAL = "partial"  # Carto: some of the rows, and an error behind them, with 200


POISONOUS = (
    *(Mishap.ERROR, Mishap.RESET, Mishap.HTML, Mishap.HANG, Mishap.DRIP, Mishap.GATEWAY, Mishap.FIREWALL),
    *(Mishap.EMPTY, Mishap.CUT_JSON, Mishap.BROKEN_OFF),
)


@dataclass(frozen=True, kw_only=True)
class Outage:
    start: float
    end: float
    kind: Kind
    server: str


@dataclass(frozen=True, kw_only=True)
class Slow:
    """Every answer takes `factor` times as long."""

    start: float
    end: float
    factor: float


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """The server takes `count` requests in any `seconds`, and says 429 to more."""

    count: int
    seconds: float
    says_when: bool


@dataclass(frozen=True, kw_only=True)
class Jump:
    """The wall clock is put forward or back; or, a `leap`, the machine stands still for so long."""

    at: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one seed means: the settings of the run, and what goes wrong.

    `poison` counts questions of AIS that always fail, from the head of the queue; more than `heavy_rows` rows or values
    are too much for a statement to Carto.
    """

    seed: int
    city: int
    latency: float
    rates: dict[str, float]
    concurrency: dict[str, int]
    probe: float
    outage_limit: float
    outages: tuple[Outage, ...]
    slow: tuple[Slow, ...]
    mishaps: dict[Mishap, float]
    poison: int
    poison_kind: Mishap
    heavy_rows: int | None
    ceilings: dict[str, Ceiling]
    stops: tuple[float, ...]
    clock_jumps: tuple[Jump, ...]
    leaps: tuple[Jump, ...]

    def outage(self, server: str, at: float) -> Outage | None:
        here = (o for o in self.outages if o.server == server and o.start <= at < o.end)
        return next(here, None)

    def delay(self, at: float) -> float:
        factors = [slow.factor for slow in self.slow if slow.start <= at < slow.end]
        return self.latency * max(factors, default=1.0)

    def mishap(self, server: str, what: str, times: int) -> Mishap | None:
        """Diced by the question, and how often it was asked: the same however the tasks interleave."""
        roll = random.Random(f"{self.seed} {server} {what} {times}").random()
        for mishap, share in self.mishaps.items():
            roll -= share
            if roll < 0:
                return mishap
        return None

    def stretches(self, server: str, *, gap: float) -> list[tuple[float, float]]:
        """From the first to the last of outages with no more than `gap` between them, also those that are only slow."""
        silent = [slow for slow in self.slow if slow.factor * self.latency > PATIENCE]
        out = sorted([(o.start, o.end) for o in (*self.outages, *silent) if getattr(o, "server", server) == server])
        merged: list[tuple[float, float]] = []
        for start, end in out:
            if merged and start - merged[-1][1] <= gap:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    @property
    def end(self) -> float:
        """When the last of what has a time is over, if every leap comes on top of it."""
        ends = [o.end for o in self.outages] + [s.end for s in self.slow] + list(self.stops)
        return max(ends, default=0.0) + sum(jump.seconds for jump in self.leaps)


def draw(seed: int) -> Plan:
    """The plan of a seed: from nothing wrong to everything at once."""
    dice = random.Random(seed)
    limit = dice.choice((900.0, 1800.0))
    return Plan(
        seed=seed,
        city=dice.randrange(3),
        latency=dice.choice((0.01, 0.05, 0.15, 0.9)),
        rates={"ais": dice.choice((3.0, 10.0, 10.0, 16.0)), "carto": dice.choice((1.0, 4.0, 4.0, 15.0))},
        concurrency={"ais": dice.choice((1, 4, 16, 64)), "carto": dice.choice((1, 4))},
        probe=dice.choice((5.0, 15.0, 15.0, 60.0)),
        outage_limit=limit,
        outages=tuple(_outage(dice, limit) for _ in range(dice.choice((0, 1, 1, 1, 2, 3)))),
        slow=_slow(dice),
        mishaps=_mishaps(dice),
        poison=dice.choice((0, 0, 0, 1, 1, 3, 12)),
        poison_kind=dice.choice(POISONOUS),
        heavy_rows=dice.choice((None, None, 90, 50)),
        ceilings=_ceilings(dice),
        stops=tuple(sorted(_soon(dice) for _ in range(dice.choice((0, 0, 1, 1, 2, 3))))),
        clock_jumps=_jumps(dice, (-86_400.0, -30.0, 30.0, 3_600.0)),
        leaps=_jumps(dice, (20.0, 120.0, 7_200.0)),
    )


def _soon(dice: random.Random) -> float:
    """A moment while a run without faults is at work, or, less often, not long behind."""
    return round(dice.uniform(0.0, dice.choice((9.0, 9.0, 9.0, 120.0))), 3)


def _outage(dice: random.Random, limit: float) -> Outage:
    server = dice.choice(("ais", "ais", "carto"))
    kinds = [kind for kind in Kind if server == "ais" or kind is not Kind.DATABASE_DOWN]
    start = _soon(dice)
    seconds = dice.choice((dice.uniform(1, 60), 600.0, 600.0, 1.5 * limit))
    kind = dice.choice(kinds)
    if kind is Kind.DENIED:
        seconds = dice.uniform(1, 60)  # the user mends it
    if kind in (Kind.WAIT, Kind.WAIT_UNTIL):
        seconds = dice.choice((30.0, 600.0, 3_600.0))
    return Outage(start=start, end=start + seconds, kind=kind, server=server)


def _slow(dice: random.Random) -> tuple[Slow, ...]:
    if dice.random() < 0.7:
        return ()
    start = _soon(dice)
    return (Slow(start=start, end=start + dice.uniform(10, 300), factor=50.0),)


def _mishaps(dice: random.Random) -> dict[Mishap, float]:
    kinds = dice.sample(list(Mishap), dice.choice((0, 1, 2, 4)))
    share = dice.choice((0.02, 0.05, 0.15, 0.3))
    return {kind: share / len(kinds) for kind in kinds}


def _ceilings(dice: random.Random) -> dict[str, Ceiling]:
    if dice.random() < 0.7:
        return {}
    seconds = dice.choice((1.0, 10.0, 60.0))
    count = max(2, round(seconds * dice.choice((1.0, 3.0, 6.0))))
    return {dice.choice(SERVERS): Ceiling(count=count, seconds=seconds, says_when=dice.random() < 0.5)}


def _jumps(dice: random.Random, seconds: tuple[float, ...]) -> tuple[Jump, ...]:
    if dice.random() < 0.75:
        return ()
    return tuple(Jump(at=_soon(dice), seconds=dice.choice(seconds)) for _ in range(dice.choice((1, 2))))
