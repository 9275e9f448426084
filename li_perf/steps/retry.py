"""retry: puts failed questions and fetches back among the pending ones."""

from __future__ import annotations

from li_perf.steps.clean import ensure_tables
from li_perf.steps.job import Job
from li_perf.store import questions, selection


async def put_back(job: Job) -> int:
    """Make what failed of the run's questions and fetches pending again; how many there were."""
    await ensure_tables(job)
    return await questions.put_back(job.ledger, job.run.id, among=selection.is_asked())
