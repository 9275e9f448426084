"""The faults as they happen: dice, clocks and rates of one running server."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from li_perf.simulator.faults import OF_AIS_ALONE, Faults, Outage, poisoned


class Mishap(StrEnum):
    """What befalls one request."""

    ERROR = "error"
    RESET = "reset"
    GARBAGE = "garbage"
    INVALID = "invalid"
    PARTIAL = "partial"
    DRIFT = "drift"
    MIXUP = "mixup"


@dataclass(slots=True)
class Rate:
    """A leaky bucket (GCRA), as Carto's: `rate` a second, and as many at once."""

    rate: float
    _due: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next request is allowed: 0 if this one was."""
        step, burst = 1 / self.rate, 1.0
        due = max(self._due, now)
        over = due + step - burst - now
        if over > 1e-9:
            return over
        self._due = due + step
        return 0.0

    def remaining(self, now: float) -> int:
        return max(int((1.0 - max(self._due - now, 0.0)) * self.rate + 1e-6), 0)


@dataclass(slots=True)
class Weather:
    """Changeable while the server runs; `clock` is in seconds, outages count from `started`."""

    faults: Faults
    clock: Callable[[], float]
    started: float = field(init=False)
    poison: frozenset[str] = field(init=False)
    ais: Rate | None = field(init=False)
    carto: Rate | None = field(init=False)
    _dice: random.Random = field(init=False)
    _times: Counter[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()
        self.change(self.faults)

    def change(self, faults: Faults) -> None:
        self.faults = faults
        self.poison = poisoned(faults.poison)
        self.ais = Rate(faults.ais_rate) if faults.ais_rate else None
        self.carto = Rate(faults.carto_rate) if faults.carto_rate else None
        self._dice = random.Random(faults.seed)
        self._times = Counter()

    def outage(self, server: str) -> Outage | None:
        if not self.faults.outages:
            return None
        age = self.clock() - self.started
        for outage in self.faults.outages:
            concerned = outage.server in ("both", server) and not (server == "carto" and outage.kind in OF_AIS_ALONE)
            if concerned and outage.start_s <= age < outage.end_s:
                return outage
        return None

    def delay(self) -> float:
        faults = self.faults
        seconds = faults.latency + (self._dice.random() * faults.jitter if faults.jitter else 0.0)
        if faults.slow_share and self._dice.random() < faults.slow_share:
            seconds += faults.slow_seconds
        return seconds

    def mishap(self, server: str, what: str) -> Mishap | None:
        """At most one a request. How often `what` was asked decides, and not what others asked: no order changes it."""
        faults = self.faults
        shares = (
            (Mishap.ERROR, faults.error_share),
            (Mishap.RESET, faults.reset_share),
            (Mishap.GARBAGE, faults.garbage_share),
            (Mishap.INVALID, faults.invalid_share if server == "ais" else 0.0),
            (Mishap.DRIFT, faults.drift_share if server == "ais" else 0.0),
            (Mishap.MIXUP, faults.mixup_share if server == "ais" else 0.0),
            (Mishap.PARTIAL, faults.carto_partial_share if server == "carto" else 0.0),
        )
        if not any(share for _, share in shares):
            return None
        self._times[server, what] += 1
        roll = random.Random(f"{faults.seed} {server} {what} {self._times[server, what]}").random()
        for mishap, share in shares:
            if roll < share:
                return mishap
            roll -= share
        return None

    def choose(self, count: int) -> int:
        return self._dice.randrange(count)
