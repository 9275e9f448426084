"""Asks one server: retries what may pass, pauses through outages, and charges a question only for its own faults."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from functools import partial
from typing import TypeVar

from li_perf.engine.breaker import Breaker
from li_perf.engine.budget import Budget
from li_perf.engine.client import Client
from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.question import Answer, Question
from li_perf.engine.refusals import Refusals, jitter
from li_perf.engine.retry import is_final
from li_perf.engine.trail import Trail
from li_perf.engine.verdict import Verdict, verdict
from li_perf.errors import (
    Astray,
    Blocked,
    Busy,
    Failed,
    Fault,
    Garbled,
    LiPerfError,
    Misdirected,
    Outage,
    Rejected,
    Unreachable,
)

T = TypeVar("T")
OVERLOADED = (502, 503, 504)
UNAVAILABLE = 503
PASSED = 2  # times a question's tries: a 503 that comes so often, while others are answered between, is its own
SECOND_LOOKS = (0.5, 1.5)  # seconds before a greeting is repeated
LATELY = 0.5  # seconds: a server that answered since then is up


class _NotNow(Exception):
    """The server came into doubt while the call waited for its slot: it was not sent."""


class Asker:
    """Asks questions of one server; safe for many tasks at once. `known_good` is what a healthy server answers.

    `verdicts` counts the calls for questions, without the probes, by what followed from them; `retries` are new tries.
    """

    def __init__(self, client: Client, *, known_good: Question[object], halt: Halt, heartbeat: Heartbeat) -> None:
        server = client.server
        self.client = client
        self.verdicts: Counter[Verdict] = Counter()
        self.retries = 0
        self.breaker = Breaker(
            server.breaker,
            name=server.name,
            probe=self._probe,
            halt=halt,
            heartbeat=heartbeat,
            opened=client.limit.begin_again,
        )
        self._known_good = known_good
        self._budget = Budget(share=server.retry_share, rate=server.rate, halt=halt)
        self._refusals = Refusals(client, self.breaker, heartbeat)
        self._alone = asyncio.Lock()  # of questions with which outages began
        self._halt = halt
        self._heartbeat = heartbeat

    async def greet(self, *, is_known: bool) -> None:
        """Ask the known-good question once, before the first real one.

        Raises Misdirected when the address leads elsewhere, Denied for a bad key. A server that answered before
        (`is_known`) and does not now is an outage, which is waited for; one that never did is reported. What may be a
        single mishap (a reset, a page that broke off) gets a second and a third call first.
        """
        for wait in (*SECOND_LOOKS, None):
            try:
                await self._probe()
            except Fault as fault:
                if wait is not None and isinstance(fault, Unreachable | Garbled):
                    await self._halt.sleep(wait)
                    continue
                self._judge(fault, is_known=is_known)
                self.breaker.open()
            else:
                self.breaker.succeeded()
            return

    def _judge(self, fault: Fault, *, is_known: bool) -> None:
        if isinstance(fault, Astray) or (isinstance(fault, Garbled | Rejected) and not is_known):
            raise Misdirected(f"{fault} Is the address {self.client.server.base_url} right?") from None
        if isinstance(fault, Unreachable) and not is_known:
            raise Outage(f"{fault}. Check the address and the connection, then run this again.") from None

    async def ask(self, question: Question[T]) -> Answer[T]:
        """The answer. Raises Failed when the question's own tries are used up, ServerError when the run must end,
        Stopped when it was asked to."""
        trail = Trail()
        while True:
            trail.begin()
            try:
                value = await self._tried(question, trail)
            except Fault as fault:
                since = asyncio.get_running_loop().time() if is_final(fault) else trail.sent_at
                if trail.is_to_blame or await self.breaker.is_healthy(since):
                    raise Failed(fault, trail.attempts) from fault
                continue
            return Answer(value=value, reply=trail.reply, attempts=trail.attempts)

    async def ask_at_last(self, question: Question[T]) -> T:
        """What one call is answered that is still made behind a stop, when no other is. Raises Fault."""
        return question.value(await self.client.send_at_last(question.request))

    def _tried(self, question: Question[T], trail: Trail) -> Awaitable[T]:
        once = partial(self._once, question, trail)
        return self.client.server.retry.run(once, sleep=self._halt.sleep, forgiven=lambda: trail.forgiven)

    async def _once(self, question: Question[T], trail: Trail) -> T:
        """One try, which may take several calls: what fails in an outage, or because the server is busy, is no try.

        The last one is made while the server answers, so that an outage of seconds does not fail who met it each time.
        """
        if trail.attempts:
            await self._budget.spend()
            self.retries += 1
        else:
            self._budget.earn()
        trail.tries += 1
        if not trail.is_to_blame:
            if trail.is_last(self.client.server.retry.tries):
                await self.breaker.is_healthy(asyncio.get_running_loop().time() - LATELY)
            return await self._called(question, trail)
        async with self._alone:
            await self.breaker.is_healthy(asyncio.get_running_loop().time())  # what is down already is not its doing
            return await self._called(question, trail)

    async def _called(self, question: Question[T], trail: Trail) -> T:
        """What came of a call that was heard; in an outage, and while the server is busy, it is made again."""
        while True:
            if not self.breaker.lets_through:
                await self.breaker.closed()
            trail.forgive(self.breaker.openings + self.client.limit.overloads)
            try:
                trail.reply = await self.client.send(question.request, ready=partial(self._set_off, trail))
                value = question.value(trail.reply)
            except _NotNow:
                continue
            except LiPerfError as error:
                if await self._heed(error, question.key, trail) is not Verdict.SERVICE:
                    trail.worth = error.tries if isinstance(error, Fault) else None
                    raise
            else:
                self.verdicts[Verdict.OK] += 1
                self.breaker.succeeded()
                if trail.shed_in is not None:
                    self.client.limit.shed(trail.shed_in)
                return value

    def _set_off(self, trail: Trail) -> None:
        if not self.breaker.lets_through:
            raise _NotNow
        trail.overloads = self.client.limit.overloads
        trail.sent()

    async def _heed(self, error: LiPerfError, key: str, trail: Trail) -> Verdict:
        """The verdict on a call that failed, once what it says of the server was heeded."""
        slept = self._heartbeat.slept_since(trail.sent_at)
        is_down = False
        if isinstance(error, Fault) and self._is_refusal(error):
            await self._slow_down(error, trail)
            is_down = True
        elif isinstance(error, Fault) and not slept:
            is_down = await self._is_down(error, key, trail)
        found = verdict(error, slept=slept, is_down=is_down and not trail.is_to_blame)
        self.verdicts[found] += 1
        return found

    async def _is_down(self, fault: Fault, key: str, trail: Trail) -> bool:
        if isinstance(fault, Unreachable) or fault.status in OVERLOADED:
            if asyncio.get_running_loop().time() - trail.sent_at < self.client.server.patience:
                trail.shed_in = trail.overloads  # turned away, and not only slow
            if trail.attempts == 1:
                self.client.limit.failed()
        wait = fault.wait or 0.0
        is_too_long = wait > self.client.server.breaker.outage_limit  # not to be waited for: is it this question's?
        if wait and not is_too_long:
            self.client.pace.hold(wait)
        if self.breaker.failed(key) or is_too_long or isinstance(fault, Blocked):
            return not await self.breaker.is_healthy(asyncio.get_running_loop().time())
        return self.breaker.is_open

    def _is_refusal(self, fault: Fault) -> bool:
        """Of a 503 its Retry-After says that the server is only busy now: RFC 9110, 15.6.4."""
        wait = fault.wait or 0.0
        is_told = fault.status == UNAVAILABLE and 0 < wait <= self.client.server.breaker.outage_limit
        return isinstance(fault, Busy) or is_told

    async def _slow_down(self, busy: Fault, trail: Trail) -> None:
        """Wait, all of us. A question that is still refused when others have long been answered fails."""
        server = self.client.server
        first_at = trail.refused(outages=self.breaker.openings, slept_since=self._heartbeat.slept_since)
        self._refusals.met(busy, sent_at=trail.sent_at)
        waited = asyncio.get_running_loop().time() - first_at
        is_patient = (
            isinstance(busy, Busy) or trail.passed_over(self.breaker.succeeded_at) < PASSED * server.retry.tries
        )
        if trail.refusals >= server.retry.tries and (waited > server.breaker.outage_limit or not is_patient):
            raise Failed(busy, trail.attempts) from busy
        if trail.refusals > 1:
            await self._halt.sleep(jitter(trail.refusals))

    async def _probe(self) -> None:
        trail, question = Trail(), self._known_good
        try:
            question.value(await self.client.send_unlimited(question.request, ready=trail.sent))
        except Busy as busy:
            self._refusals.met(busy, sent_at=trail.sent_at)
            raise
        except Fault as fault:
            self._refusals.give_up_on(fault.wait or 0.0)
            self.client.pace.hold(fault.wait or 0.0)
            raise
