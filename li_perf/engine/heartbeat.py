"""Whether this process, or the machine, slept: what fails across a sleep is nobody's fault."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

BEAT, LAG = 1.0, 5.0


@asynccontextmanager
async def beating() -> AsyncIterator[Heartbeat]:
    """A heartbeat that ticks until the block ends."""
    heartbeat = Heartbeat()
    ticking = asyncio.create_task(heartbeat.run(), name="heartbeat")
    try:
        yield heartbeat
    finally:
        ticking.cancel()


class Heartbeat:
    """Ticks every second; a tick that comes more than five seconds late was slept through.

    The loop's clock stands still while the machine is suspended, the wall clock does not: both are watched.
    """

    def __init__(self, *, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._last = asyncio.get_running_loop().time()
        self._last_wall = wall()
        self._woke = -1.0

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await asyncio.sleep(BEAT)
            self._tick()

    def slept_since(self, start: float) -> bool:
        """Whether a sleep ended after `start` (loop time)."""
        self._tick()
        return self._woke >= start

    def _tick(self) -> None:
        now, wall = asyncio.get_running_loop().time(), self._wall()
        if max(now - self._last, wall - self._last_wall) > BEAT + LAG:
            self._woke = now
        self._last, self._last_wall = now, wall
