"""download: the pages of the period's requests and complaints, as received; the cursor is the next request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from li_perf.cities.city import City
from li_perf.errors import Shrunk
from li_perf.model import Period
from li_perf.sources import sql
from li_perf.steps.job import Job, inspections_of
from li_perf.steps.paging import fetch_all
from li_perf.steps.statements import count
from li_perf.store import runs

BEFORE, AFTER = timedelta(days=7), timedelta(days=92)  # how far a complaint's date may lie from its request's


async def download(job: Job) -> None:
    """All pages of requests and complaints. Raises Shrunk, Drifted, Unanswered or Outage; what came is kept.

    A download that is refused as Shrunk is forgotten with its run: resuming it could only refuse it again.
    """
    try:
        await fetch_all(job, job.city.requests, requests_of(job.city, job.period))
        await _note_boundary(job)
        await fetch_all(job, job.inspections.complaints, _complaints_of(job))
    except Shrunk:
        await runs.discard(job.ledger, job.run.id)
        raise
    if job.run.extracted_at is None:
        await runs.note(job.ledger, job.run.id, extracted_at=runs.now())


def requests_of(city: City, period: Period) -> list[str]:
    """The conditions of the period's requests: the agency, and the city's own days as UTC instants.

    Raises UserError for a city without an inspection agency.
    """
    since, until = city.instants(period)
    agency = inspections_of(city).agency
    return [sql.compare("agency_responsible", "=", agency), *city.requests.portal.opened(since, until)]


def _complaints_of(job: Job) -> list[str]:
    since, until = job.city.instants(job.period)
    return [sql.present("ticket_num_311"), *job.inspections.complaints.portal.opened(since - BEFORE, until + AFTER)]


async def _note_boundary(job: Job) -> None:
    """Count the rows that a UTC boundary at the period's start would bring in."""
    if await job.ledger.scalar(runs.boundary_of(job.run.id)) is not None:
        return
    since, _ = job.city.instants(job.period)
    midnight = datetime(job.period.since.year, job.period.since.month, job.period.since.day, tzinfo=UTC)
    where = [sql.compare("agency_responsible", "=", job.inspections.agency)]
    gained = await count(
        job.portal, job.city.requests.portal, [*where, *job.city.requests.portal.opened(midnight, since)]
    )
    await runs.note(job.ledger, job.run.id, boundary_gained=gained)
