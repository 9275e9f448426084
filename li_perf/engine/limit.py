"""Places for calls in flight: as many as the server bears now, given to those that wait in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType

from li_perf.engine.knee import Knee
from li_perf.engine.traffic import Wire


class Limit:
    """An adaptive bound on concurrency between 1 and `bound`, used as `async with limit:`."""

    def __init__(self, *, bound: int, start: int = 4) -> None:
        self._knee = Knee(bound=bound, start=start)
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def now(self) -> int:
        return self._knee.now

    @property
    def in_flight(self) -> int:
        """Requests on the wire; places are also held by those that wait for the pace."""
        return self._knee.wire.now

    async def __aenter__(self) -> None:
        if self._taken < self._knee.now and not self._waiting:
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

    def sending(self) -> Wire:
        """For `with`, around a wire request: only a limit that is used up may grow."""
        return self._knee.wire

    def answered(self, seconds: float) -> None:
        """A real answer took so long, from the wire request to its first byte."""
        if self._knee.answered(seconds):
            self._admit()

    def failed(self) -> bool:
        """A question's first try failed as it does on an overloaded server, one poison item among many is none; whether
        the server is overloaded because it is asked too fast."""
        return self._knee.failed()

    @property
    def overloads(self) -> int:
        """How often the server failed because too many calls were in flight."""
        return self._knee.overloads

    def shed(self, overloads: int) -> bool:
        """What failed so when there had been so many overloads was answered now, so the server was at fault; whether
        it is overloaded because it is asked too fast."""
        return self._knee.shed(overloads)

    def refused(self) -> None:
        """The server says that it is too much."""
        self._knee.refused()

    def begin_again(self) -> None:
        """The server was out: who comes back at once with all that was in flight may bring it down again."""
        self._knee.begin_again()

    def _admit(self) -> None:
        while self._waiting and self._taken < self._knee.now:
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
