"""The pace: an absolute schedule of evenly spaced slots, and a window quota. The only file that knows aiolimiter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiolimiter import AsyncLimiter

from li_perf.engine.halt import Halt
from li_perf.engine.server import Quota

LATE = 0.02  # seconds by which a slot may come late without moving the ones behind it: a timer's inaccuracy
SLOWER, SLOWEST = 0.7, 0.05  # share of the rate after a refusal, and at least
REGROWTH = 0.01  # share of the rate that is won back a second


class Pace:
    """Grants slots one by one; `hold` moves every later slot behind a time, after which they stay evenly spaced.

    aiolimiter alone would let `max_rate` through at once and twice that in the first second
    (its issues 74, 200, 240), so it keeps the long window and the schedule keeps the seconds.
    """

    def __init__(self, *, rate: float | None, quota: Quota | None, halt: Halt) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._share = 1.0  # of the rate
        self._quota = _bucket(quota) if quota else None
        self._halt = halt
        self._head = asyncio.Lock()
        self._next = 0.0
        self._held_until = 0.0

    def hold(self, seconds: float) -> None:
        """Grant nothing for `seconds` from now."""
        self._held_until = max(self._held_until, asyncio.get_running_loop().time() + seconds)

    def slow_down(self) -> None:
        """Go at 0.7 of the present rate, and win the rest back slowly."""
        self._share = max(SLOWEST, self._share * SLOWER)

    @property
    def held(self) -> float:
        """Seconds until the hold ends, 0 without one."""
        return max(0.0, self._held_until - asyncio.get_running_loop().time())

    async def take(self, ready: Callable[[], None] = lambda: None) -> None:
        """Wait for the next slot; raises Stopped when the run stops meanwhile.

        `ready` is called when the slot is there; what it raises gives the slot back.
        """
        now = asyncio.get_running_loop().time
        async with self._head:
            self._halt.check()
            if self._quota:
                await self._quota.acquire()
            while (wait := max(self._next, self._held_until) - now()) > 0:
                await self._halt.sleep(wait)
            ready()
            if self._interval:
                self._next = max(self._next, now() - min(LATE, self._interval)) + self._spacing()

    def _spacing(self) -> float:
        spacing = self._interval / self._share
        self._share = min(1.0, self._share + REGROWTH * spacing)
        return spacing


def _bucket(quota: Quota) -> AsyncLimiter:
    """A tenth of the quota at once and the rest evenly: a bucket of all of it would let twice as much into a window."""
    burst = max(1.0, quota.count / 10)
    return AsyncLimiter(burst, burst * quota.seconds / max(1.0, quota.count - burst))
