"""The pulse of a run at work: every few seconds its servers' vitals are kept, and its last progress is told again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from li_perf.errors import StoreError
from li_perf.steps.job import Job, Progress
from li_perf.store import pulses

log = logging.getLogger("li_perf.steps")
EVERY_SECONDS = 5.0


@asynccontextmanager
async def felt(job: Job, *, every: float = EVERY_SECONDS) -> AsyncIterator[Job]:
    """The job to work on within the block; its pulse is felt `every` so many seconds."""
    last = Last(job)
    beating = asyncio.create_task(_beat(job, last, every), name="pulse")
    try:
        yield replace(job, tell=last)
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


class Last:
    """Tells progress on, and the last again: in a run that is held nothing is done, and yet it must not fall silent."""

    def __init__(self, job: Job) -> None:
        self._tell = job.tell
        self._last = Progress(step="greet", done=0, vitals=job.vitals)

    def __call__(self, progress: Progress) -> None:
        self._last = progress
        self._tell(progress)

    def again(self) -> None:
        self._tell(self._last)


async def _beat(job: Job, last: Last, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        last.again()
        try:
            await job.ledger.save(pulses.keep(job.run.id, {each.server: each for each in job.vitals()}))
        except StoreError as error:  # a run that has answers to keep is told so, and ends
            log.warning("The run's pulse was not kept: %s", error)
