"""The second stage of enrich: parcels whose violations are still to be fetched, in batches, as they become known.

The queue is the ledger's own: what is here is how much of it waits, so that batches fill and the first stage does not
run away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

from li_perf.engine.work import Channel, together, work_off
from li_perf.steps.job import Job
from li_perf.steps.violations import Violations
from li_perf.store import fetches
from li_perf.store.fetches import ACCOUNT, CASE

BATCH, PATIENCE = 500, 5.0  # accounts a statement, and seconds that the first of them may wait for the others
AHEAD = 8 * BATCH  # accounts that may wait before the first stage waits for the second


class Backlog:
    """How many accounts are durable and not taken yet: the first stage adds to it, the second takes."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        self.is_over = False
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()

    def grew(self, count: int) -> None:
        """So many more accounts are durable."""
        self.waiting += count
        if self.waiting == count or self.waiting >= BATCH:
            self._changed.set()

    async def has_room(self) -> None:
        """Wait until the second stage has come near enough."""
        while self.waiting >= AHEAD:
            self._has_room.clear()
            await self._has_room.wait()

    def end(self) -> None:
        """No more will come."""
        self.is_over = True
        self._changed.set()

    def took(self, count: int) -> None:
        self.waiting -= count
        self._has_room.set()

    async def ripe(self) -> None:
        """Wait for a batch, for what came within PATIENCE of the first, or for the end."""
        while not self.waiting and not self.is_over:
            await self._change()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while self.waiting < BATCH and not self.is_over:
                    await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


async def fetch_all(job: Job, backlog: Backlog, violations: Violations) -> None:
    """Fetch the crosswalk's cases, and every parcel as it becomes known."""
    batches: Channel[tuple[str, Sequence[Any]]] = Channel(1)

    async def gather() -> None:
        async for block in fetches.pending(job.ledger, job.run.id, CASE, size=BATCH):
            await batches.put((CASE, block))
        async for block in _accounts(job, backlog):
            await batches.put((ACCOUNT, block))
        await batches.end()

    async def one(batch: tuple[str, Sequence[Any]]) -> None:
        await violations.fetch(*batch)

    await together(gather(), work_off(batches, one, workers=job.portal.client.server.concurrency, halt=job.halt))


async def _accounts(job: Job, backlog: Backlog) -> AsyncIterator[Sequence[Any]]:
    """Blocks of accounts; several addresses may name one account, so a block may be shorter than what waited."""
    behind = 0
    while True:
        await backlog.ripe()
        waiting, is_over = backlog.waiting, backlog.is_over
        block = await fetches.following(job.ledger, job.run.id, ACCOUNT, behind=behind, size=BATCH)
        if block:
            behind = block[-1].id
            yield block
        backlog.took(len(block) if len(block) == BATCH else waiting)
        if is_over and len(block) < BATCH:
            return
