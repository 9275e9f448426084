"""follow: a city without an inspection agency, from its portal to its measures; each step does what is not done yet."""

from __future__ import annotations

from li_perf.steps.job import Job
from li_perf.steps.measure import measure
from li_perf.steps.refresh import refresh


async def follow(job: Job) -> None:
    """Download what is new, clean it, and measure all of it. Raises ServerError or Stopped; what came is kept."""
    await refresh(job)
    await measure(job)
