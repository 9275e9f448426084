"""Figures of days that are no period: computed one question at a time, and the last answers kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence

from li_perf.store.measures import Figure

WAITING = 8  # questions at a time, the one at work among them
KEPT = 32  # answers
KEPT_FIGURES = 200_000  # of all of them

Compute = Callable[[], Awaitable[Sequence[Figure]]]


class Busy(Exception):
    """As many questions wait already as may wait."""


class Spans:
    """The last answers by question; a question must say of which data it is."""

    def __init__(self) -> None:
        self._answers = OrderedDict[Hashable, Sequence[Figure]]()
        self._lock = asyncio.Lock()
        self._waiting = 0

    async def answer(self, question: Hashable, compute: Compute) -> Sequence[Figure]:
        """What is kept, else what `compute` finds. Raises Busy where it would wait behind too many."""
        if question in self._answers:
            return self._kept(question)
        if self._waiting >= WAITING:
            raise Busy
        self._waiting += 1
        try:
            async with self._lock:
                if question not in self._answers:
                    self._keep(question, await compute())
                return self._kept(question)
        finally:
            self._waiting -= 1

    def _kept(self, question: Hashable) -> Sequence[Figure]:
        self._answers.move_to_end(question)
        return self._answers[question]

    def _keep(self, question: Hashable, figures: Sequence[Figure]) -> None:
        self._answers[question] = figures
        while len(self._answers) > 1 and (len(self._answers) > KEPT or self._count() > KEPT_FIGURES):
            self._answers.popitem(last=False)

    def _count(self) -> int:
        return sum(map(len, self._answers.values()))
