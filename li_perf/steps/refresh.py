"""refresh: what a city's portal has that the store has not: everything at first, then what came or changed since."""

from __future__ import annotations

from li_perf.errors import Shrunk
from li_perf.steps.job import Job
from li_perf.steps.paging import fetch_all
from li_perf.store import runs


async def refresh(job: Job, *, fully: bool = False) -> None:
    """All pages of a city without an inspection agency; the run is finished then.

    `fully` asks for everything again: what a portal deleted, or changed without saying so, is only seen that way. It
    holds for the run: who goes on with it goes on with everything.
    Raises Shrunk, Drifted, Unanswered or Outage; what came is kept.
    """
    await job.portal.greet(is_known=bool(await runs.downloads(job.ledger, job.run.id)))
    requests = job.city.requests
    where = requests.portal.opened(*job.city.instants(job.period))
    if fully:
        await runs.note_fully(job.ledger, job.run)
    is_full = fully or job.run.is_full
    newest = None if is_full else await runs.newest_known(job.ledger, job.run, requests.table)
    changed = requests.portal.changed(newest) if newest is not None else None
    try:
        await fetch_all(job, requests, [*where, *(changed or [])], is_part=changed is not None)
    except Shrunk:
        await runs.discard(job.ledger, job.run.id)
        raise
    await runs.note(job.ledger, job.run.id, extracted_at=runs.now(), finished_at=runs.now())
