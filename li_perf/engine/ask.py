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
from li_perf.engine.greeting import greet
from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.question import Answer, Question
from li_perf.engine.refusals import Refusals
from li_perf.engine.retry import is_final
from li_perf.engine.trail import Trail
from li_perf.engine.triage import Triage
from li_perf.engine.verdict import Verdict
from li_perf.errors import Busy, Failed, Fault, LiPerfError
from li_perf.wire import Reply

T = TypeVar("T")
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
        self._triage = Triage(client, self.breaker, self._refusals, heartbeat=heartbeat, halt=halt)
        self._alone = asyncio.Lock()  # of questions with which outages began
        self._halt = halt

    async def greet(self, *, is_known: bool) -> None:
        """Ask the known-good question once, before the first real one: see `greeting.greet`."""
        await greet(self.client.server, self._probe, self.breaker, halt=self._halt, is_known=is_known)

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
                trail.reply = await self._sent(question, trail)
                value = question.value(trail.reply)
            except _NotNow:
                continue
            except LiPerfError as error:
                found = await self._triage.of(error, question.key, trail)
                self.verdicts[found] += 1
                if found is not Verdict.SERVICE:
                    trail.worth = error.tries if isinstance(error, Fault) else None
                    raise
            else:
                self.verdicts[Verdict.OK] += 1
                self._triage.answered(trail)
                return value

    async def _sent(self, question: Question[T], trail: Trail) -> Reply:
        """Behind a shut door one asks at a time, until it opens."""
        while self._refusals.is_shut:
            async with self._refusals.knocking:
                if self._refusals.is_shut:
                    return await self.client.send(question.request, ready=partial(self._set_off, trail, knocks=True))
        return await self.client.send(question.request, ready=partial(self._set_off, trail))

    def _set_off(self, trail: Trail, *, knocks: bool = False) -> None:
        if not self.breaker.lets_through or (self._refusals.is_shut and not knocks):
            raise _NotNow
        trail.overloads = self.client.limit.overloads
        trail.sent()

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
