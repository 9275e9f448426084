"""Keeps how the servers are being asked, every few seconds while a run is at work; `status` shows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from li_perf.steps.job import Job
from li_perf.store import pulses

EVERY_SECONDS = 5.0


@asynccontextmanager
async def felt(job: Job) -> AsyncIterator[None]:
    """Keep the pulse within the block. A store that does not take it does not take the run's answers either."""
    beating = asyncio.create_task(_beat(job), name="pulse")
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


async def _beat(job: Job) -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        await job.ledger.save(pulses.keep(job.run.id, {each.server: each for each in job.vitals()}))
