"""run: the steps one behind the other, each of which does only what is not done yet; and the end of a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from li_perf import __version__
from li_perf.analysis.findings import Findings
from li_perf.errors import UserError
from li_perf.model import TO_ASK
from li_perf.steps.clean import ensure_tables, rebuild_tables
from li_perf.steps.download import download
from li_perf.steps.enrich import enrich
from li_perf.steps.job import Job
from li_perf.steps.match import match
from li_perf.steps.prefill import prefill
from li_perf.store import questions, runs, selection


async def run(job: Job) -> Findings:
    """The whole run but for `finish`. Raises ServerError or Stopped; whatever was answered until then is kept."""
    await greet(job)
    await download(job)
    await rebuild_tables(job)
    await look_up(job)
    return await rematch(job)


async def look_up(job: Job) -> None:
    """Answer every question: from the City's own table what it says beyond doubt, if wished; the rest by asking AIS."""
    await ensure_tables(job)
    await prefill(job)
    await enrich(job)


async def greet(job: Job) -> None:
    """Ask each server a known-good question first: a wrong address or key is found after one call."""
    answered = await job.ledger.scalar(selection.count_answered())
    begun = await runs.downloads(job.ledger, job.run.id)
    await job.portal.greet(is_known=bool(begun))
    of = await runs.cleaned(job.ledger)
    states = await questions.states(job.ledger, selection.asked()) if of and of.id == job.run.id else {}
    if not begun or any(states.get(state) for state in TO_ASK) or not states:
        await job.ais.greet(is_known=bool(answered))


async def finish(job: Job, findings: Findings) -> None:
    """Mark the run as finished, with its manifest: the last thing, behind the report, so that nothing is missed."""
    sent = await runs.requests_sent(job.ledger, job.run.id)
    manifest = {
        "version": __version__,
        "settings": job.run.settings,
        "started_at": job.run.started_at,
        "extracted_at": findings.extracted_at,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "requests_sent": sent,
        "lookups": msgspec.to_builtins(findings.lookups),
        "sources": msgspec.to_builtins(findings.sources),
        "failures": findings.failures,
    }
    text = msgspec.json.encode(manifest).decode()
    await runs.note(job.ledger, job.run.id, manifest=text, finished_at=runs.now())


async def has_violations(job: Job) -> bool:
    """Whether any was asked for by this run."""
    return job.inspections.violations.table in await runs.downloads(job.ledger, job.run.id)


async def rematch(job: Job) -> Findings:
    """Rebuild gold and the findings from what the store has now.

    Raises UserError before any violation was asked for: without them the share of matches would be a false 0 %.
    """
    if not await has_violations(job):
        raise UserError("The last run has no violations yet, so there is nothing to report. `li-perf resume` goes on.")
    await ensure_tables(job)
    return await match(replace(job, run=await runs.by_id(job.ledger, job.run.id)))
