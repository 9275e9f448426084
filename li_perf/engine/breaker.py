"""The circuit breaker: an outage pauses the run, it never fails a question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.server import BreakerPolicy
from li_perf.errors import Fault, Outage

log = logging.getLogger("li_perf.engine")


class Breaker:
    """Doubts the server after faults on several distinct questions in a row, and asks `probe`: if that is answered, the
    questions are to blame; if not, the breaker is open until it is.

    `probe` asks a known-good question, never the failing one: it raises a Fault while the server is down. `opened` is
    called at the beginning of each outage.
    """

    def __init__(
        self,
        policy: BreakerPolicy,
        *,
        name: str,
        probe: Callable[[], Awaitable[None]],
        halt: Halt,
        heartbeat: Heartbeat,
        opened: Callable[[], None] = lambda: None,
    ) -> None:
        self._policy = policy
        self._name = name
        self._probe = probe
        self._halt = halt
        self._heartbeat = heartbeat
        self._opened = opened
        self._faulty: set[str] = set()
        self._repairing = asyncio.Lock()
        self._in_doubt = False
        self._outage: Outage | None = None
        self.is_open = False
        self.openings = 0
        self.succeeded_at = asyncio.get_running_loop().time()

    @property
    def lets_through(self) -> bool:
        return not (self.is_open or self._in_doubt)

    def succeeded(self) -> None:
        self.succeeded_at = asyncio.get_running_loop().time()
        self._faulty.clear()

    def failed(self, key: str) -> bool:
        """Note a fault on the question `key`; whether that makes the server doubtful."""
        self._faulty.add(key)
        return len(self._faulty) >= self._policy.faults

    def open(self) -> None:
        if not self.is_open:
            self.is_open = True
            self.openings += 1
            self._opened()

    async def closed(self) -> None:
        """Return when the server may be asked; the first to come probes, the others wait.

        Raises Outage when the server has not answered within the outage limit, Stopped when the run stops.
        """
        if self.lets_through:
            return
        async with self._repairing:
            if self._outage:
                raise self._outage
            if self.is_open:
                await self._repair()

    async def is_healthy(self, since: float) -> bool:
        """Whether the server answered anything since `since` (loop time), or answers a probe now; opens if not.

        False also when an outage began meanwhile, even if it is over. Nothing else is sent during the probe.
        """
        openings = self.openings
        if self.is_open:
            return False
        async with self._repairing:
            if self.openings != openings:
                return False
            if self.succeeded_at < since:
                await self._ask_after()
            return not self.is_open

    async def _ask_after(self) -> None:
        self._in_doubt = True
        try:
            await self._probe()
        except Fault:
            self.open()
        else:
            self.succeeded()
        finally:
            self._in_doubt = False

    async def _repair(self) -> None:
        loop = asyncio.get_running_loop()
        start, waited = loop.time(), 0.0
        wait = min(1.0, self._policy.probe)
        fault: Fault | None = None
        while waited < self._policy.outage_limit:
            begun = loop.time()
            await self._halt.sleep(wait)
            wait = min(2 * wait, self._policy.probe)
            try:
                await self._probe()
            except Fault as error:
                fault = error
                log.warning(
                    "%s does not answer (%s). Paused, nothing is lost; next try in %.0f s.",
                    self._name,
                    _said(error),
                    wait,
                )
                if not self._heartbeat.slept_since(begun):  # a server is not blamed for the time that we slept
                    waited += loop.time() - begun
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
            f"{self._name} has not answered for {minutes:.0f} min ({_said(fault)}). "
            "Nothing is lost: `li-perf resume` goes on."
        )


def _said(fault: Fault | None) -> str:
    """For brackets."""
    return str(fault).rstrip(".")
