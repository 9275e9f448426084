"""The account of a run: what was asked, received, kept, left out and failed, and whether it adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from li_perf.analysis.findings import Boundary, Check, Excluded, Lookups, Prefill, Source
from li_perf.analysis.stats import share, wilson
from li_perf.model import WITH_ANSWER, State
from li_perf.steps import account_checks
from li_perf.steps.job import Job
from li_perf.store import ages, gold, notes, pages, prefills, questions, runs, selection
from li_perf.store.fetches import ACCOUNT
from li_perf.store.prefills import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the findings say of the run itself."""

    lookups: Lookups
    prefill: Prefill | None
    distinct_addresses: int
    boundary: Boundary
    excluded: list[Excluded]
    sources: list[Source]
    failures: dict[str, int]
    checks: list[Check]
    warnings: list[str]


async def of(job: Job, violations: int) -> Account:
    """The account of the job's run; `violations` is how many were kept."""
    rejects = await gold.rejects(job.ledger)
    unfetched = await gold.unfetched(job.ledger, job.run.id)
    lookups = await _lookups(job, unfetched)
    verdict = await prefills.verdict(job.ledger, job.run.id)
    prefill = _prefill(verdict) if verdict else None
    sources = await _sources(job, violations, rejects, verdict)
    failures = await questions.reasons(job.ledger, selection.asked())
    failures |= Counter(f"violations of {row.kind}: {row.reason or 'not yet fetched'}" for row in unfetched)
    return Account(
        lookups=lookups,
        prefill=prefill,
        distinct_addresses=lookups.asked,
        boundary=await _boundary(job),
        excluded=[Excluded(table=row.dataset, reason=row.reason, rows=row.rows) for row in rejects],
        sources=sources,
        failures=failures,
        checks=account_checks.checks(lookups, prefill, sources),
        warnings=account_checks.warnings(lookups),
    )


async def _lookups(job: Job, unfetched: Sequence[Any]) -> Lookups:
    states = await questions.states(job.ledger, selection.asked())
    sent = (await runs.requests_sent(job.ledger, job.run.id)).get("AIS", {})
    max_age = job.run.settings.get("max_age")
    return Lookups(
        asked=sum(states.values()),
        answered=sum(states.get(state, 0) for state in WITH_ANSWER),
        failed=states.get(State.FAILED, 0),
        pending=states.get(State.PENDING, 0),
        requests_sent=sum(sent.values()),
        asked_more_than_once=await job.ledger.scalar(selection.count_asked_again()) or 0,
        unresolved_requests=await _unresolved(job, {row.value for row in unfetched if row.kind == ACCOUNT}),
        fetches_failed=sum(row.state == State.FAILED for row in unfetched),
        fetches_pending=sum(row.state == State.PENDING for row in unfetched),
        by_source=dict(await job.ledger.rows(ages.count_by_source(selection.asked()))),
        outdated=await _outdated(job, max_age),
        max_age_days=max_age,
    )


async def _outdated(job: Job, max_age: int | None) -> int:
    """Answers that were too old when the run began, and are still those of before."""
    if max_age is None:
        return 0
    before = ages.day_before(job.run.started_at, max_age)
    return await job.ledger.scalar(ages.count_due(selection.asked(), before=before, takes_pairs=True)) or 0


async def _unresolved(job: Job, unfetched: set[str]) -> int:
    """Requests whose address has no answer, or of whose parcels some have no violations fetched."""
    count = 0
    async with job.ledger.stream(gold.tickets(), size=5_000) as blocks:
        async for row in (row async for block in blocks for row in block):
            is_unfetched = unfetched and not unfetched.isdisjoint(msgspec.json.decode(row.accounts or "[]"))
            count += row.address_outcome == "lookup_failed" or bool(is_unfetched)
    return count


async def _boundary(job: Job) -> Boundary:
    midnight = f"{job.period.until.isoformat()}T00:00:00Z"
    lost = await job.ledger.scalar(selection.count_requested_from(midnight))
    return Boundary(rows_gained=await job.ledger.scalar(runs.boundary_of(job.run.id)), rows_lost=lost or 0)


def _prefill(verdict: Verdict) -> Prefill:
    return Prefill(
        status=verdict.status,
        reason=verdict.reason,
        rows=verdict.rows,
        left=verdict.left,
        matched=verdict.matched,
        prefilled=verdict.prefilled,
        sampled=verdict.sampled,
        audited=verdict.audited,
        agreed=verdict.agreed,
        agreement=share(verdict.agreed, verdict.audited),
        interval=wilson(verdict.agreed, verdict.audited),
    )


async def _sources(job: Job, violations: int, rejects: Any, verdict: Verdict | None) -> list[Source]:
    downloads = await runs.downloads(job.ledger, job.run.id)
    kept = {
        job.city.requests.table: await job.ledger.scalar(selection.count_tickets()),
        job.inspections.complaints.table: await job.ledger.scalar(selection.count_complaints()),
        job.inspections.violations.table: violations,
    }
    rejected = Counter({table: sum(row.rows for row in rejects if row.dataset == table) for table in kept})
    if verdict and job.inspections.pairs:
        table = job.inspections.pairs.properties.table
        kept[table], rejected[table] = verdict.rows - verdict.unreadable, verdict.unreadable
    here = {table: row for table, row in downloads.items() if table in kept}
    return [await _source(job, row, kept[table] or 0, rejected[table]) for table, row in here.items()]


async def _source(job: Job, download: Any, kept: int, rejected: int) -> Source:
    cursor = await pages.cursor(job.ledger, job.run.id, download.dataset)
    rows = cursor.rows if cursor else 0
    return Source(
        table=download.dataset,
        query=download.query,
        counted_before=download.counted_before,
        counted_after=download.counted_after,
        received=rows,
        kept=kept,
        duplicates=rows - kept - rejected,
        rejected=rejected,
        restarts=download.restarts,
        missing_columns=notes.read(download.missing, list[str], f"the download of {download.dataset}"),
        sha256=await pages.digest(job.ledger, job.run.id, download.dataset),
    )
