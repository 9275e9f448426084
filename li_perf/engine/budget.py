"""The retry budget: retries never exceed a share of the traffic."""

from __future__ import annotations

import asyncio

from li_perf.engine.halt import Halt


class Budget:
    """Each first call earns `share` of a retry; who finds the budget empty waits until others have earned it.

    When no first call has been made for a while, only retries are left: then they go at `share` of the pace.
    Source: Finagle's and Envoy's retry budgets.
    """

    def __init__(self, *, share: float, rate: float | None, halt: Halt, reserve: float = 10.0) -> None:
        self._share = share
        self._most = max(reserve, 100.0)
        self._tokens = reserve
        self._trickle = 1 / (share * (rate or 200.0))
        self._halt = halt
        self._head = asyncio.Lock()
        self._first_calls = 0

    def earn(self) -> None:
        """A first call was made."""
        self._first_calls += 1
        self._tokens = min(self._most, self._tokens + self._share)

    async def spend(self) -> None:
        """Wait for the right to one retry; raises Stopped when the run stops meanwhile."""
        async with self._head:
            while self._tokens < 1:
                seen = self._first_calls
                await self._halt.sleep(self._trickle)
                if seen == self._first_calls:
                    self._tokens += 1
            self._tokens -= 1
