"""The circuit breaker: an outage pauses the run, it never fails a question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from li_perf.engine.halt import Halt
from li_perf.engine.server import BreakerPolicy
from li_perf.errors import Fault, Outage

log = logging.getLogger("li_perf.engine")


class Breaker:
    """Opens after faults on several distinct questions in a row; closes when `probe` gets an answer.

    `probe` asks a known-good question, never the failing one: it raises a Fault while the server is down.
    """

    def __init__(self, policy: BreakerPolicy, *, name: str, probe: Callable[[], Awaitable[None]], halt: Halt) -> None:
        self._policy = policy
        self._name = name
        self._probe = probe
        self._halt = halt
        self._faulty: set[str] = set()
        self._repairing = asyncio.Lock()
        self._outage: Outage | None = None
        self.is_open = False
        self.openings = 0
        self.succeeded_at = asyncio.get_running_loop().time()

    def succeeded(self) -> None:
        self.succeeded_at = asyncio.get_running_loop().time()
        self._faulty.clear()

    def failed(self, key: str) -> None:
        """A fault of the server's on the question `key`."""
        self._faulty.add(key)
        if len(self._faulty) >= self._policy.faults:
            self.open()

    def open(self) -> None:
        if not self.is_open:
            self.is_open = True
            self.openings += 1

    async def closed(self) -> None:
        """Return when the server may be asked; the first to come probes, the others wait.

        Raises Outage when the server has not answered within the outage limit, Stopped when the run stops.
        """
        if not self.is_open:
            return
        async with self._repairing:
            if self._outage:
                raise self._outage
            if self.is_open:
                await self._repair()

    async def is_healthy(self, since: float) -> bool:
        """Whether the server answered anything since `since` (loop time), or answers a probe now; opens if not."""
        if self.succeeded_at >= since:
            return True
        async with self._repairing:
            if self.succeeded_at >= since:
                return True
            try:
                await self._probe()
            except Fault:
                self.open()
                return False
            self.succeeded()
            return True

    async def _repair(self) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        wait = min(1.0, self._policy.probe)
        fault: Fault | None = None
        while loop.time() - start < self._policy.outage_limit:
            await self._halt.sleep(wait)
            wait = self._policy.probe
            try:
                await self._probe()
            except Fault as error:
                fault = error
                log.warning(
                    "%s does not answer (%s). Paused, nothing is lost; next try in %.0f s.", self._name, error, wait
                )
            else:
                self._close(loop.time() - start)
                return
        self._outage = Outage(self._farewell(fault))
        raise self._outage

    def _close(self, seconds: float) -> None:
        log.warning("%s answers again after %.0f s.", self._name, seconds)
        self.is_open = False
        self.succeeded()

    def _farewell(self, fault: Fault | None) -> str:
        minutes = self._policy.outage_limit / 60
        return (
            f"{self._name} has not answered for {minutes:.0f} min ({fault}). Nothing is lost: `li-perf resume` goes on."
        )
