"""enrich: one question a distinct address to AIS, and the violations of every parcel from Carto, overlapped.

Workers look addresses up; the accounts they find gather into batches for the second server; both stages checkpoint.
"""

from __future__ import annotations

from typing import Any

from li_perf.engine.work import Channel, together
from li_perf.model import TO_ASK
from li_perf.steps.backlog import Backlog, fetch_all
from li_perf.steps.job import Job, Progress
from li_perf.steps.look_ups import LookUps
from li_perf.steps.paging import begin
from li_perf.steps.violations import Violations
from li_perf.store import questions, selection
from li_perf.store.seeding import seed_fetches, seed_questions


async def enrich(job: Job) -> None:
    """Answer every pending question and fetch every pending account and case. Raises ServerError, or Stopped."""
    await seed_questions(job.ledger)
    await seed_fetches(job.ledger, job.run.id)
    addresses: Channel[str] = Channel(2 * job.ais.client.server.concurrency)
    backlog = Backlog(await job.ledger.scalar(selection.count_pending_accounts(job.run.id)))
    total = await job.ledger.scalar(selection.count_questions())
    counter = Told(job=job, total=total or 0)
    await together(
        feed(job, addresses, selection.is_asked()),
        _look_up(job, addresses, backlog, counter),
        _fetch(job, backlog),
    )
    job.halt.check()


class Told:
    """Tells how far the look-ups are."""

    def __init__(self, *, job: Job, total: int) -> None:
        self._job = job
        self._total = total
        self.done = 0

    async def begin(self) -> None:
        states = await questions.states(self._job.ledger, selection.asked())
        self.done = sum(states.values()) - sum(states.get(state, 0) for state in TO_ASK)
        self._tell()

    def one(self) -> None:
        self.done += 1
        self._tell()

    def _tell(self) -> None:
        done = min(self.done, self._total)  # what AIS was not believed is asked again
        self._job.tell(Progress(step="enrich", done=done, total=self._total, vitals=self._job.vitals))


async def _fetch(job: Job, backlog: Backlog) -> None:
    columns = (await begin(job, job.inspections.violations, (), counts=False)).columns
    await fetch_all(job, backlog, Violations(job=job, columns=columns))


async def feed(job: Job, addresses: Channel[str], among: Any) -> None:
    """Every question to ask, of those that `among` selects."""
    for state in TO_ASK:
        async for block in questions.pending_lookups(job.ledger, among, state=state):
            for row in block:
                await addresses.put(row.question)
            if job.halt.is_set:
                break
    await addresses.end()


async def _look_up(job: Job, addresses: Channel[str], backlog: Backlog, counter: Told) -> None:
    await counter.begin()

    def kept(accounts: int) -> None:
        counter.one()
        backlog.grew(accounts)

    async def one(address: str) -> None:
        await backlog.has_room()
        await look_ups.answer(address)

    look_ups = LookUps(job, kept)
    await look_ups.work_off(addresses, one)
    backlog.end()
