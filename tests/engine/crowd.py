"""Callers and a server of known capacity in virtual time, without an event loop: a minute of calls in milliseconds."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from li_perf.engine.knee import Knee

Draw = Callable[[random.Random], float]  # with a mean of 1


def even(dice: random.Random) -> float:
    return dice.uniform(0.8, 1.2)


def wide(dice: random.Random) -> float:
    return dice.lognormvariate(-0.125, 0.5)


def exponential(dice: random.Random) -> float:
    return dice.expovariate(1.0)


@dataclass(kw_only=True)
class Crowd:
    """Calls, as many as the knee lets through at once, to a server with so many places and so long a queue.

    A service takes `seconds` on average; from half of the queue on everything takes longer, and beyond it is refused.
    """

    knee: Knee
    places: int
    queue: float
    seconds: float = 0.1
    spread: Draw = even
    seed: int = 1
    now: float = 0.0
    most: int = 0
    refused: int = 0
    answered: list[tuple[float, int]] = field(default_factory=list)  # when, and the limit then

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._free, self._waiting, self._inside = self.places, deque[float](), 0
        self._done: list[tuple[float, float]] = []  # a heap of (when, sent at)

    def run(self, until: float) -> None:
        """Go on to that second."""
        self._send()
        while self._done and self._done[0][0] <= until:
            self.now, sent_at = heapq.heappop(self._done)
            self._free += 1
            self._inside -= 1
            self._serve()
            self.knee.wire.__exit__(None, None, None)
            self.knee.answered(self.now - sent_at)
            self.answered.append((self.now, self.knee.now))
            self._send()

    def reached(self, limit: int) -> float:
        """The second in which that many calls were let through."""
        return next(at for at, now in self.answered if now >= limit)

    def share(self, since: float) -> float:
        """Of the answers that the server could give from then on."""
        count = sum(at >= since for at, _ in self.answered)
        return count * self.seconds / (self.places * (self.now - since))

    def _send(self) -> None:
        while self._inside < self.knee.now:
            self.knee.wire.__enter__()
            if not self._free and len(self._waiting) >= self.queue:
                self.refused += 1
                self.knee.wire.__exit__(None, None, None)
                self.knee.failed()
                return
            self._inside += 1
            self.most = max(self.most, self._inside)
            self._waiting.append(self.now)
            self._serve()

    def _serve(self) -> None:
        while self._free and self._waiting:
            self._free -= 1
            sent_at = self._waiting.popleft()
            strain = 1 + max(0.0, 2 * len(self._waiting) / self.queue - 1)
            takes = self.seconds * self.spread(self._dice) * strain
            heapq.heappush(self._done, (self.now + takes, sent_at))
