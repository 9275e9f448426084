"""How many calls may be in flight: it grows while the server keeps its speed, and shrinks when it queues or refuses."""

from __future__ import annotations

import asyncio
from collections import deque
from statistics import fmean
from types import TracebackType

FEW, MANY = 2.0, 4.0  # calls waiting in the server's queue: below FEW one more is let in, above MANY one fewer
NOISE = 0.1  # of the limit: a longer queue than MANY that may be chance
SAMPLE = 30  # answers at least in a round: a mean of fewer is mostly chance
GROWTH, CUT = 1.25, 0.7  # a round, until the first queue; and for a refusal
OVERLOAD = 0.15  # the share of failed first tries in a round from which the server counts as overloaded
EVERY = 50  # rounds between two measurements of the server's speed without a queue


class Limit:
    """An adaptive bound on concurrency between 1 and `bound`, used as `async with limit:`.

    A round is as many answers as the limit, and at least SAMPLE. After each, Little's law gives the calls that queue at
    the server: limit · (1 − idle / now), over means; the limit moves by one so that a few queue and no more (TCP
    Vegas: Brakmo & Peterson 1995). `idle` is measured at half the limit, and again every 50 rounds, so that a queue
    never passes for the server's own speed (BBR: Cardwell et al. 2016). A refusal cuts the limit to 0.7, once a round.
    """

    def __init__(self, *, bound: int, start: int = 4) -> None:
        self._bound = bound
        self._start = self._limit = float(min(start, bound))
        self._taken = 0
        self._wire = _Wire()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._round: list[float] = []
        self._failed = 0
        self._was_cut = False
        self._has_queued = False
        self._idle: deque[float] = deque(maxlen=2)  # the faster of two, as one may have met a hiccup
        self._rounds_left = 1  # until idle has been measured; above 2 the limit is not halved

    @property
    def now(self) -> int:
        half = self._rounds_left <= 2
        return max(1, int(self._limit / 2 if half else self._limit))

    @property
    def in_flight(self) -> int:
        """Requests on the wire; places are also held by those that wait for the pace."""
        return self._wire.now

    async def __aenter__(self) -> None:
        if self._taken < self.now and not self._waiting:
            self._taken += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            self._give_up(place)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._taken -= 1
        self._admit()

    def sending(self) -> _Wire:
        """For `with`, around a wire request: only a limit that is used up may grow."""
        return self._wire

    def answered(self, seconds: float) -> None:
        """A real answer took so long, from the wire request to its first byte."""
        self._round.append(seconds)
        if len(self._round) >= max(self.now, SAMPLE):
            self._adapt(_usual(self._round))
            self._next_round()

    def failed(self) -> None:
        """A question's first try failed as it does on an overloaded server; one poison item among many is none."""
        self._failed += 1
        if self._failed > max(1.0, OVERLOAD * max(self.now, SAMPLE)):
            self.refused()

    def refused(self) -> None:
        """The server says that it is too much."""
        if not self._was_cut:
            self._limit = max(1.0, self._limit * CUT)
            self._has_queued = True
            self._next_round()
            self._was_cut = True

    def begin_again(self) -> None:
        """The server was out: who comes back at once with all that was in flight may bring it down again."""
        self._limit = min(self._limit, self._start)
        self._has_queued = False
        self._next_round()

    def _next_round(self) -> None:
        self._round.clear()
        self._failed = 0
        self._wire.most = self._wire.now
        self._was_cut = False

    def _adapt(self, seconds: float) -> None:
        self._rounds_left -= 1
        if self._rounds_left == 0:
            self._idle.append(seconds)
            self._rounds_left = EVERY
        elif self._rounds_left > 1:  # in the round before the measurement the old queue drains
            self._move(self._limit * (1 - min(self._idle) / seconds) if seconds > 0 else 0.0)
        self._admit()

    def _move(self, queued: float) -> None:
        noise = NOISE * self._limit
        self._has_queued |= queued >= FEW + noise
        if queued < FEW + noise / 2 and self._wire.most >= self.now - 1:
            more = self._limit + 1 if self._has_queued else self._limit * GROWTH
            self._limit = min(float(self._bound), more)
        elif queued > MANY + noise:
            self._limit = max(1.0, self._limit - 1)

    def _admit(self) -> None:
        while self._waiting and self._taken < self.now:
            place = self._waiting.popleft()
            if not place.done():
                self._taken += 1
                place.set_result(None)

    def _give_up(self, place: asyncio.Future[None]) -> None:
        if place.done() and not place.cancelled():  # admitted and cancelled in the same turn: pass the place on
            self._taken -= 1
        elif place in self._waiting:
            self._waiting.remove(place)
        self._admit()


class _Wire:
    """Counts the requests on the wire; a class, as a generator for each call costs three times as much."""

    __slots__ = ("most", "now")

    def __init__(self) -> None:
        self.now = self.most = 0

    def __enter__(self) -> None:
        self.now += 1
        if self.now > self.most:
            self.most = self.now

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.now -= 1


def _usual(seconds: list[float]) -> float:
    """The mean without the slowest tenth: Little's law speaks of means, but one stuck answer says nothing."""
    return fmean(sorted(seconds)[: len(seconds) - len(seconds) // 10])
