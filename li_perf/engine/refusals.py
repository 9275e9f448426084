"""What follows when a server asks us to slow down: everybody pauses, and then goes slower for a while."""

from __future__ import annotations

import asyncio
import math
import random

from li_perf.engine.breaker import Breaker
from li_perf.engine.client import Client
from li_perf.engine.heartbeat import Heartbeat
from li_perf.errors import Fault, Outage

SHORTEST, LONGEST = 2.0, 60.0  # seconds that we wait of our own accord, at most: at first, and in the end
TWICE = 2.0  # times as long as we were refused until now


class Refusals:
    """Turns each refusal into a hold: for as long as the server asks, and where that is unsaid, or was too little, for
    a random time of up to twice as long as it has refused already.

    Behind a second one in a row the door `is_shut`: then only who holds `knocking` asks, until something else comes.
    """

    def __init__(self, client: Client, breaker: Breaker, heartbeat: Heartbeat) -> None:
        self._client = client
        self._breaker = breaker
        self._heartbeat = heartbeat
        self.knocking = asyncio.Lock()
        self._in_a_row = 0
        self._is_shut = False
        self._since = self._seen_at = 0.0

    @property
    def is_shut(self) -> bool:
        """Whether nothing but refusals came since the last but one."""
        return self._is_shut and self._breaker.succeeded_at <= self._seen_at

    def interrupted(self) -> None:
        """Something else than a refusal came."""
        self._is_shut = False

    def met(self, busy: Fault, *, sent_at: float) -> None:
        """Obey. Raises Outage where the server asks for more than the outage limit, or has said nothing else for it.

        `sent_at` is when the refused call was sent: of many in flight the first one counts, the others are its echo.
        """
        is_new = sent_at >= self._seen_at
        if is_new:
            self._count()
            self._client.limit.refused()
            if self._in_a_row == 1:  # with no answer in between the door is shut, however slowly one knocks
                self._client.pace.slow_down()
        self.give_up_on(max(busy.wait or 0.0, self._seen_at - self._since))
        if busy.wait is not None:
            self._client.pace.hold(busy.wait)
        if is_new and (busy.wait is None or self._is_shut):  # what it said the time before was too little
            self._client.pace.hold(self._own())

    def _own(self) -> float:
        """Seconds that we wait of our own accord: full jitter, up to twice as long as we have been refused."""
        return random.uniform(0, min(LONGEST, max(SHORTEST, TWICE * (self._seen_at - self._since))))

    def _count(self) -> None:
        now = asyncio.get_running_loop().time()
        was_answered = self._breaker.succeeded_at > self._seen_at
        if not self._in_a_row or was_answered or self._heartbeat.slept_since(self._since):
            self._in_a_row, self._since = 0, now
        self._in_a_row += 1
        self._is_shut = self._in_a_row > 1
        self._seen_at = now

    def give_up_on(self, seconds: float) -> None:
        """Raise Outage where so long a wait is more than the outage limit."""
        if seconds > self._client.server.breaker.outage_limit:
            raise Outage(
                f"{self._client.server.name} asks us to wait {said(seconds)}. "
                "Nothing is lost: `li-perf resume` goes on later."
            )


def said(seconds: float) -> str:
    """A wait in the words of a person, rounded up."""
    minutes = math.ceil(seconds / 60)
    hours, rest = divmod(minutes, 60)
    if hours >= 72:
        return f"{round(hours / 24)} days"
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def jitter(count: int) -> float:
    """Full jitter: a random time up to 2ⁿ seconds, a minute at most."""
    return random.uniform(0, min(LONGEST, 2.0 ** min(count, 10)))
