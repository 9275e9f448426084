"""Asks one server: retries what may pass, pauses through outages, and charges a question only for its own faults."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from li_perf.engine.breaker import Breaker
from li_perf.engine.budget import Budget
from li_perf.engine.client import Client
from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import Heartbeat
from li_perf.errors import (
    Astray,
    Blocked,
    Busy,
    ColumnGone,
    Failed,
    Fault,
    Misdirected,
    Outage,
    Rejected,
    TooHeavy,
    Unreachable,
)
from li_perf.wire import Reply, Request

T = TypeVar("T")
OVERLOADED = (502, 503, 504)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Generic[T]):
    """A request, and `read`, which turns a reply into a value or raises a Fault or a ServerError; `key` names it."""

    key: str
    request: Request
    read: Callable[[Reply], T]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """What `read` returned, the reply as received, and how many calls it took."""

    value: T
    reply: Reply
    attempts: int


class _Interrupted(Exception):
    """The call failed in an outage or across a sleep: nothing is charged."""


class Asker:
    """Asks questions of one server; safe for many tasks at once. `known_good` is what a healthy server answers."""

    def __init__(self, client: Client, *, known_good: Question[object], halt: Halt, heartbeat: Heartbeat) -> None:
        server = client.server
        self.client = client
        self.breaker = Breaker(server.breaker, name=server.name, probe=self._probe, halt=halt)
        self._known_good = known_good
        self._budget = Budget(share=server.retry_share, rate=server.rate, halt=halt)
        self._halt = halt
        self._heartbeat = heartbeat

    async def greet(self, *, is_known: bool) -> None:
        """Ask the known-good question once, before the first real one.

        Raises Misdirected when the address leads elsewhere, Denied for a bad key. A server that answered before
        (`is_known`) and does not now is an outage, which is waited for; one that never did is reported at once.
        """
        try:
            await self._probe()
        except Astray as fault:
            raise Misdirected(f"{fault} Is the address right?") from None
        except Unreachable as fault:
            if not is_known:
                raise Outage(f"{fault}. Check the address and the connection, then run this again.") from None
            self.breaker.open()
        except Fault:
            self.breaker.open()

    async def ask(self, question: Question[T]) -> Answer[T]:
        """The answer. Raises Failed when the question's own tries are used up, ServerError when the run must end,
        Stopped when it was asked to."""
        trail = _Trail()
        while True:
            await self.breaker.closed()
            try:
                value = await self.client.server.retry.run(lambda: self._once(question, trail), sleep=self._halt.sleep)
            except _Interrupted:
                continue
            except Fault as fault:
                if _is_its_own(fault) or await self.breaker.is_healthy(trail.started_at):
                    raise Failed(fault, trail.attempts) from fault
                continue
            return Answer(value=value, reply=trail.reply, attempts=trail.attempts)

    async def _once(self, question: Question[T], trail: _Trail) -> T:
        while True:
            await self._admitted(trail)
            trail.begin()
            try:
                trail.reply = await self.client.send(question.request)
                value = question.read(trail.reply)
            except Busy as busy:
                self._slow_down(busy, trail)
                continue
            except Fault as fault:
                self._note(fault, question.key, trail)
                raise
            self.breaker.succeeded()
            return value

    async def _admitted(self, trail: _Trail) -> None:
        if self.breaker.is_open:
            raise _Interrupted
        if trail.attempts:
            await self._budget.spend()
            if self.breaker.is_open:
                raise _Interrupted
        else:
            self._budget.earn()

    def _note(self, fault: Fault, key: str, trail: _Trail) -> None:
        if self._heartbeat.slept_since(trail.started_at):
            raise _Interrupted from fault
        if _is_its_own(fault):
            self.breaker.succeeded()  # the server looked, and said no
            return
        if isinstance(fault, Unreachable) or fault.status in OVERLOADED:
            self.client.limit.refused()
        if fault.wait:
            self.client.pace.hold(min(fault.wait, self.client.server.breaker.outage_limit))
        if isinstance(fault, Blocked):
            self.breaker.open()
        self.breaker.failed(key)
        if self.breaker.is_open:
            raise _Interrupted from fault

    def _slow_down(self, busy: Busy, trail: _Trail) -> None:
        policy = self.client.server.breaker
        trail.refusals += 1
        wait = busy.wait if busy.wait is not None else random.uniform(0, min(60.0, 2.0**trail.refusals))
        silence = asyncio.get_running_loop().time() - self.breaker.succeeded_at
        if max(wait, silence) > policy.outage_limit:
            raise Outage(
                f"{self.client.server.name} asks us to wait {max(wait, silence) / 60:.0f} min. "
                "Nothing is lost: `li-perf resume` goes on later."
            )
        self.client.limit.refused()
        self.client.pace.hold(wait)

    async def _probe(self) -> None:
        question = self._known_good
        try:
            question.read(await self.client.send_unlimited(question.request))
        except Busy as busy:
            self.client.pace.hold(min(busy.wait or 1.0, self.client.server.breaker.outage_limit))
            raise


@dataclass(slots=True)
class _Trail:
    """One question's way: calls made, refusals met, the last call's start and reply."""

    attempts: int = 0
    refusals: int = 0
    started_at: float = 0.0
    reply: Reply = field(default_factory=lambda: Reply(status=0))

    def begin(self) -> None:
        self.attempts += 1
        self.started_at = asyncio.get_running_loop().time()


def _is_its_own(fault: Fault) -> bool:
    return isinstance(fault, Rejected | TooHeavy | ColumnGone)
