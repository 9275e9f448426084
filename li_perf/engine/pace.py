"""The pace: an absolute schedule of evenly spaced slots, and a window quota. The only file that knows aiolimiter."""

from __future__ import annotations

import asyncio

from aiolimiter import AsyncLimiter

from li_perf.engine.halt import Halt
from li_perf.engine.server import Quota


class Pace:
    """Grants slots one by one; `hold` moves every later slot behind a time, after which they stay evenly spaced.

    aiolimiter alone would let `max_rate` through at once and twice that in the first second
    (its issues 74, 200, 240), so it keeps the long window and the schedule keeps the seconds.
    """

    def __init__(self, *, rate: float | None, quota: Quota | None, halt: Halt) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._quota = AsyncLimiter(quota.count, quota.seconds) if quota else None
        self._halt = halt
        self._head = asyncio.Lock()
        self._next = 0.0
        self._held_until = 0.0

    def hold(self, seconds: float) -> None:
        """Grant nothing for `seconds` from now."""
        self._held_until = max(self._held_until, asyncio.get_running_loop().time() + seconds)

    @property
    def held(self) -> float:
        """Seconds until the hold ends, 0 without one."""
        return max(0.0, self._held_until - asyncio.get_running_loop().time())

    async def take(self) -> None:
        """Wait for the next slot; raises Stopped when the run stops meanwhile."""
        now = asyncio.get_running_loop().time
        async with self._head:
            while (wait := max(self._next, self._held_until) - now()) > 0:
                await self._halt.sleep(wait)
            if self._quota:
                await self._quota.acquire()
            if self._interval:  # a slot that came late by less than one interval keeps the schedule
                self._next = max(self._next, now() - self._interval) + self._interval
