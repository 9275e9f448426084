"""Whether this process, or the machine, slept: what fails across a sleep is nobody's fault."""

from __future__ import annotations

import asyncio

BEAT, LAG = 1.0, 5.0


class Heartbeat:
    """Ticks every second; a tick that comes more than five seconds late was slept through."""

    def __init__(self) -> None:
        self._last = asyncio.get_running_loop().time()
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
        now = asyncio.get_running_loop().time()
        if now - self._last > BEAT + LAG:
            self._woke = now
        self._last = now
