"""The pace: an absolute schedule of evenly spaced slots, and a window quota. The only file that knows aiolimiter."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable

from aiolimiter import AsyncLimiter

from li_perf.engine.ceiling import Ceiling
from li_perf.engine.cycle import Cycle
from li_perf.engine.halt import Halt
from li_perf.engine.server import Quota

SHARE = 0.985  # of a rate or a quota: the rest is for timers and networks, which bring calls nearer together
LATE, LEAST_LATE = 0.01, 0.003  # seconds by which a slot may come late without moving the ones behind it
WIDE = 0.05  # seconds between slots of which a third of the margin, at most, makes up for a late one
MOMENT, LATELY = 0.02, 5.0  # seconds over which a rate is seen, at least and at most
CROWD = 16  # slots over LATELY that would come back as a herd
FAR = 0.5  # of the rate that is tried: where less was answered over a whole window, that is long
SAVED = 0.01  # of a quota: what an idle time may save up


class Pace:
    """Grants slots one by one; `hold` moves every later slot behind a time, after which they stay evenly spaced.

    aiolimiter alone would let `max_rate` through at once and twice that in the first second
    (its issues 74, 200, 240), so it keeps the long window and the schedule keeps the seconds.
    """

    def __init__(self, *, rate: float | None, quota: Quota | None, halt: Halt) -> None:
        self._ceiling = Ceiling(bound=rate * SHARE if rate else math.inf)
        self._quota = _Window(quota, halt) if quota else None
        self._halt = halt
        self._head = asyncio.Lock()
        self._next = self._held_until = 0.0
        self._cycle = Cycle()
        self._is_refused = False
        self._recent: deque[float] = deque(maxlen=32)  # the last slots, while nothing spaces them

    def hold(self, seconds: float) -> None:
        """Grant nothing for `seconds` from now; a crowd that nothing spaced before is spaced behind it."""
        if seconds > 0 and not self.held and self._ceiling.rate == math.inf and len(self._lately()) >= CROWD:
            self.slow_down()
        self._held_until = max(self._held_until, asyncio.get_running_loop().time() + seconds)

    def slow_down(self) -> None:
        """The server refused: go slower, and find out step by step how fast it may be asked."""
        self._ceiling.refused(self._seen_rate() if self._ceiling.rate == math.inf else self._ceiling.rate)
        self._cycle.refused(asyncio.get_running_loop().time())
        self._is_refused = True

    def answered(self) -> None:
        """The server answered."""
        if self._is_refused and not self.held:
            self._is_refused = False
            self._let_in()
        self._cycle.answered()

    def _let_in(self) -> None:
        """The first answer behind refusals tells how long a window is that was used up."""
        whole = self._cycle.end(asyncio.get_running_loop().time())
        if whole and whole[0] < FAR * self._ceiling.rate:
            self._ceiling.found(*whole)

    @property
    def rate(self) -> float:
        """Slots a second at present; infinite where nothing bounds them and no refusal has been met."""
        return self._ceiling.rate

    @property
    def held(self) -> float:
        """Seconds until the hold ends, 0 without one."""
        return max(0.0, self._held_until - asyncio.get_running_loop().time())

    async def take(self, ready: Callable[[], None] = lambda: None) -> None:
        """Wait for the next slot; raises Stopped when the run stops meanwhile.

        `ready` is called when the slot is there; what it raises gives the slot back.
        """
        now = asyncio.get_running_loop().time
        if self._is_free() and self._held_until <= now():
            self._halt.check()
            ready()
            self._recent.append(now())
            self._cycle.slot(now(), held_until=self._held_until)
            return
        async with self._head:
            self._halt.check()
            if self._quota:
                await self._quota.has_room()
            while (wait := max(self._next, self._held_until) - now()) > 0:
                await self._halt.sleep(wait)
            ready()
            if self._quota:
                await self._quota.take()
            self._cycle.slot(now(), held_until=self._held_until)
            self._schedule(now())

    def _is_free(self) -> bool:
        return self._ceiling.rate == math.inf and not self._quota and not self._head.locked()

    def _schedule(self, now: float) -> None:
        spacing = self._ceiling.use()
        late = (1 - SHARE) * spacing / 3 if spacing > WIDE else min(LATE, max(LEAST_LATE, spacing))
        self._next = max(self._next, now - late) + spacing

    def _seen_rate(self) -> float:
        """Slots a second of late, where nothing spaced them."""
        recent = self._lately()
        return len(recent) / max(MOMENT, asyncio.get_running_loop().time() - recent[0]) if recent else 1 / LATELY

    def _lately(self) -> list[float]:
        now = asyncio.get_running_loop().time()
        return [at for at in self._recent if at > now - LATELY]


class _Window:
    """A quota as a bucket that starts empty: what a process before this one has spent is in nobody's memory."""

    def __init__(self, quota: Quota, halt: Halt) -> None:
        saved = max(1.0, SAVED * quota.count)
        steady = (SHARE * quota.count - (saved - 1)) / quota.seconds
        self._bucket = AsyncLimiter(saved, saved / steady)
        self._step = 0.05 / steady
        self._halt = halt
        self._is_new = True

    async def has_room(self) -> None:
        """Wait for room; raises Stopped when the run stops meanwhile."""
        if self._is_new:
            self._is_new = False
            await self._bucket.acquire(self._bucket.max_rate)
        while not self._bucket.has_capacity():
            await self._halt.sleep(self._step)

    async def take(self) -> None:
        await self._bucket.acquire()
