"""What a failed call says of the server, what follows from it for all who ask, and so whose fault it was."""

from __future__ import annotations

import asyncio

from li_perf.engine.breaker import Breaker
from li_perf.engine.client import Client
from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.refusals import Refusals, jitter
from li_perf.engine.trail import Trail
from li_perf.engine.verdict import Verdict, verdict
from li_perf.errors import Blocked, Busy, Failed, Fault, LiPerfError, Unreachable

OVERLOADED = (502, 503, 504)
UNAVAILABLE = 503
PASSED = 2  # times a question's tries: a 503 that comes so often, while others are answered between, is its own


class Triage:
    """Sorts what came of calls, and tells the breaker, the pace and the limit of the server what they mean."""

    def __init__(
        self, client: Client, breaker: Breaker, refusals: Refusals, *, heartbeat: Heartbeat, halt: Halt
    ) -> None:
        self._client = client
        self._server = client.server
        self._breaker = breaker
        self._refusals = refusals
        self._heartbeat = heartbeat
        self._halt = halt

    async def of(self, error: LiPerfError, key: str, trail: Trail) -> Verdict:
        """The verdict on a call that failed, once what it says of the server was heeded."""
        slept = self._heartbeat.slept_since(trail.sent_at)
        is_down = False
        if isinstance(error, Fault) and self._is_refusal(error):
            await self._slow_down(error, trail)
            is_down = True
        elif isinstance(error, Fault) and not slept:
            is_down = await self._is_down(error, key, trail)
        return verdict(error, slept=slept, is_down=is_down and not trail.is_to_blame)

    def answered(self, trail: Trail) -> None:
        """A call was answered, and so its failures before were none of its own."""
        self._breaker.succeeded()
        if trail.shed_in is not None and self._client.limit.shed(trail.shed_in) and trail.is_busy:
            self._client.pace.slow_down()

    async def _is_down(self, fault: Fault, key: str, trail: Trail) -> bool:
        self._refusals.interrupted()
        if isinstance(fault, Unreachable) or fault.status in OVERLOADED:
            if asyncio.get_running_loop().time() - trail.sent_at < self._server.patience:
                trail.shed_in = trail.overloads  # turned away, and not only slow
            trail.is_busy = fault.status == UNAVAILABLE
            if trail.attempts == 1 and self._client.limit.failed() and trail.is_busy:
                self._client.pace.slow_down()
        wait = fault.wait or 0.0
        is_too_long = wait > self._server.breaker.outage_limit  # not to be waited for: is it this question's?
        if wait and not is_too_long:
            self._client.pace.hold(wait)
        if self._breaker.failed(key) or is_too_long or isinstance(fault, Blocked):
            return not await self._breaker.is_healthy(asyncio.get_running_loop().time())
        return self._breaker.is_open

    def _is_refusal(self, fault: Fault) -> bool:
        """Of a 503 its Retry-After says that the server is only busy now: RFC 9110, 15.6.4."""
        wait = fault.wait or 0.0
        is_told = fault.status == UNAVAILABLE and 0 < wait <= self._server.breaker.outage_limit
        return isinstance(fault, Busy) or is_told

    async def _slow_down(self, busy: Fault, trail: Trail) -> None:
        """Wait, all of us. A question that is still refused when others have long been answered fails."""
        first_at = trail.refused(outages=self._breaker.openings, slept_since=self._heartbeat.slept_since)
        self._refusals.met(busy, sent_at=trail.sent_at)
        tries, limit = self._server.retry.tries, self._server.breaker.outage_limit
        is_its_own = not isinstance(busy, Busy) and trail.passed_over(self._breaker.succeeded_at) >= PASSED * tries
        is_long = asyncio.get_running_loop().time() - first_at > limit
        if trail.refusals >= tries and (is_its_own or is_long):
            raise Failed(busy, trail.attempts) from busy
        if trail.refusals > 1:
            await self._halt.sleep(jitter(trail.refusals))
