"""One question's way: the calls made and the refusals met."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from li_perf.wire import Reply

NOTHING = Reply(status=0)


@dataclass(slots=True)
class Trail:
    """`attempts` counts calls sent; times are loop times; `reply` is the last one.

    `refusals` and the first one's time count from the last outage on, of which there were `outages`.
    """

    attempts: int = 0
    refusals: int = 0
    sent_at: float = 0.0
    refused_at: float | None = None
    outages: int = 0
    reply: Reply = NOTHING

    def sent(self) -> None:
        self.attempts += 1
        self.sent_at = asyncio.get_running_loop().time()

    def refused(self, *, outages: int, slept_since: Callable[[float], bool]) -> float:
        """Note a refusal; when the first one was met. Those before an outage or a sleep do not count."""
        now = asyncio.get_running_loop().time()
        if self.refused_at is None or self.outages != outages or slept_since(self.refused_at):
            self.refusals, self.refused_at, self.outages = 0, now, outages
        self.refusals += 1
        return self.refused_at
