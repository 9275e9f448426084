"""How many calls may be in flight: it grows while the server keeps its speed, and shrinks when it queues or refuses."""

from __future__ import annotations

import asyncio
from collections import deque
from statistics import median
from types import TracebackType

FEW, MANY = 2.0, 4.0  # calls waiting in the server's queue: below FEW one more is let in, above MANY one fewer
CUT = 0.7
MEMORY = 50  # rounds after which the fastest round is forgotten, so that a server may become slower for good


class Limit:
    """An adaptive bound on concurrency between 1 and `bound`, used as `async with limit:`.

    A round is as many answers as the limit. After each, Little's law gives the calls that queue at the server:
    limit · (1 − fastest / now), over medians; the limit moves by one so that a few queue and no more (TCP Vegas:
    Brakmo & Peterson 1995). A refusal or time-out cuts it to 0.7, once a round.
    """

    def __init__(self, *, bound: int, start: int = 8) -> None:
        self._bound = bound
        self._limit = float(min(start, bound))
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._round: list[float] = []
        self._fastest: deque[float] = deque(maxlen=MEMORY)
        self._was_cut = False

    @property
    def now(self) -> int:
        return max(1, int(self._limit))

    @property
    def in_flight(self) -> int:
        return self._in_flight

    async def __aenter__(self) -> None:
        if self._in_flight < self.now and not self._waiting:
            self._in_flight += 1
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
        self._in_flight -= 1
        self._admit()

    def answered(self, seconds: float) -> None:
        """An answer took so long, from the wire request to its first byte."""
        self._round.append(seconds)
        if len(self._round) >= self.now:
            self._adapt(median(self._round))
            self._round.clear()
            self._was_cut = False

    def refused(self) -> None:
        """The server refused, timed out or broke off."""
        if not self._was_cut:
            self._limit = max(1.0, self._limit * CUT)
            self._was_cut = True
            self._round.clear()

    def _adapt(self, seconds: float) -> None:
        self._fastest.append(seconds)
        queued = self._limit * (1 - min(self._fastest) / seconds) if seconds > 0 else 0.0
        if queued < FEW and self._in_flight >= self.now - 1:
            self._limit = min(self._bound, self._limit + 1)
        elif queued > MANY:
            self._limit = max(1.0, self._limit - 1)
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._in_flight < self.now:
            place = self._waiting.popleft()
            if not place.done():
                self._in_flight += 1
                place.set_result(None)

    def _give_up(self, place: asyncio.Future[None]) -> None:
        if place.done() and not place.cancelled():  # admitted and cancelled in the same turn: pass the place on
            self._in_flight -= 1
            self._admit()
        elif place in self._waiting:
            self._waiting.remove(place)
