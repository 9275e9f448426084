"""One question's way: the calls made and the refusals met."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from li_perf.wire import Reply

NOTHING = Reply(status=0)
OUTAGES = 10  # that began while one question was asked: it is what brings the server down


class Trail(msgspec.Struct):
    """`attempts` counts calls sent; times are loop times; `reply` is the last one.

    `refusals`, those `passed` over and the first one's time count from the last outage on, of which there were
    `outages`. Of the `tries`, each of which may take several calls, `forgiven` do not count: those before the last
    outage. `met` are the outages that began behind a call of this question, at the latest of them its `asked`-th;
    `openings` is how many the server has had. `worth` is how many tries the last fault is worth, where that is known.
    `overloads` is how many the server had had when the latest call was sent, `shed_in` the same of the latest one that
    failed as on an overloaded server, `is_busy` whether it said so (503: nginx's limit_req too, as it comes).
    """

    attempts: int = 0
    tries: int = 0
    forgiven: int = 0
    met: int = 0
    asked: int = 0
    openings: int = 0
    refusals: int = 0
    sent_at: float = 0.0
    refused_at: float | None = None
    passed: int = 0
    latest_at: float = 0.0
    outages: int = 0
    reply: Reply = NOTHING
    worth: int | None = None
    overloads: int = 0
    shed_in: int | None = None
    is_busy: bool = False

    def begin(self) -> None:
        """All tries are still to come."""
        self.tries = self.forgiven = 0

    @property
    def is_to_blame(self) -> bool:
        """Whether so many outages began with this question that it is asked alone, and no more is forgiven."""
        return self.met >= OUTAGES

    def is_last(self, most: int) -> bool:
        """Whether nothing comes behind this try of at most so many."""
        return self.tries - self.forgiven >= min(most, self.worth or most)

    def forgive(self, openings: int) -> None:
        """Tries before this one do not count where an outage began meanwhile: it was there before it was found out."""
        if openings != self.openings:
            self.met += self.attempts > self.asked
            self.openings, self.asked = openings, self.attempts
            if self.met <= OUTAGES:
                self.forgiven = self.tries - 1

    def sent(self) -> None:
        self.attempts += 1
        self.sent_at = asyncio.get_running_loop().time()

    def refused(self, *, outages: int, slept_since: Callable[[float], bool]) -> float:
        """Note a refusal; when the first one was met. Those before an outage or a sleep do not count."""
        now = asyncio.get_running_loop().time()
        if self.refused_at is None or self.outages != outages or slept_since(self.refused_at):
            self.refusals, self.refused_at, self.outages = 0, now, outages
            self.passed, self.latest_at = 0, now
        self.refusals += 1
        return self.refused_at

    def passed_over(self, answered_at: float) -> int:
        """How often it was refused again when others, the latest of them then, had been answered since."""
        self.passed += answered_at > self.latest_at
        self.latest_at = asyncio.get_running_loop().time()
        return self.passed
