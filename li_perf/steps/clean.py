"""clean: every row of the pages becomes a ticket, a complaint or a counted reject."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from li_perf.cities.city import Dataset
from li_perf.errors import UserError
from li_perf.model import Outcome, Reject, Ticket
from li_perf.sources import ais
from li_perf.steps.fill_lake import fill_lake
from li_perf.steps.job import Job, Progress
from li_perf.store import runs, selection, silver, tables

R = TypeVar("R")


async def clean(job: Job, *, afresh: bool = False) -> bool:
    """Fill the lake from what was received; of an inspection agency's requests also the tables that are matched.

    Those that are there already keep what was found out of them, unless all is to be read `afresh`; whether they were
    made anew. Raises UserError where pages are missing.
    """
    is_new = job.city.inspections is not None and (afresh or not await _are_at_hand(job))
    if is_new:
        await rebuild_tables(job)
    await fill_lake(job, afresh=afresh)
    return is_new


async def rebuild_tables(job: Job) -> None:
    """Rebuild `ticket`, `complaint` and `reject` from the run's pages: what a run needs to enrich and match."""
    await _refuse_unfinished(job)
    requests, complaints = job.city.requests, job.inspections.complaints
    await silver.rebuild(
        job.ledger,
        job.run.id,
        [
            silver.Part(dataset=requests.table, table=tables.ticket, read=lambda bodies: _tickets(job, bodies)),
            silver.Part(
                dataset=complaints.table,
                table=tables.complaint,
                read=lambda bodies: silver.plain_rows(read_pages(complaints, bodies)),
            ),
        ],
    )
    kept = await job.ledger.scalar(selection.count_tickets())
    rejected = await job.ledger.scalar(selection.count_rejects(requests.table))
    job.tell(Progress(step="clean", done=kept, total=kept, note=f"{rejected} rejected"))


async def ensure_tables(job: Job) -> None:
    """Rebuild them where they are of another run: a period's requests are never taken for another's."""
    if not await _are_at_hand(job):
        await rebuild_tables(job)


async def _are_at_hand(job: Job) -> bool:
    of = await runs.cleaned(job.ledger)
    return of is not None and of.id == job.run.id


async def _refuse_unfinished(job: Job) -> None:
    downloads = await runs.downloads(job.ledger, job.run.id)
    for table in (job.city.requests.table, job.inspections.complaints.table):
        if table not in downloads or downloads[table].finished_at is None:
            raise UserError(f"The download of {table} is not finished. `li-perf resume` goes on with it.")


def read_pages(dataset: Dataset[R], bodies: Iterator[bytes]) -> Iterator[R | Reject]:
    """Every row of a data set's pages, read or rejected, in the order received."""
    for rows in row_pages(dataset, bodies):
        yield from dataset.identify(map(dataset.read, rows), ())


def row_pages(dataset: Dataset[Any], bodies: Iterator[bytes]) -> Iterator[list[Any]]:
    """The rows of a data set's pages as received, a page at a time, each row once."""
    repeated = 0  # rows that the page before had already
    for body in bodies:
        rows = dataset.portal.rows(body)
        yield rows[repeated:]
        repeated = dataset.portal.repeated(rows)


def _tickets(job: Job, bodies: Iterator[bytes]) -> Iterator[silver.Row | Reject]:
    """The period's tickets, one a request (the later version counts), and the rejects."""
    before = None  # pages come in the order of numbers
    for item in read_pages(job.city.requests, bodies):
        if isinstance(item, Reject):
            yield item
        elif not job.period.since <= item.requested_on < job.period.until:
            yield Reject(reason="outside the period", row=item.service_request_id)
        else:
            if item.service_request_id == before:
                yield Reject(reason="an earlier version of the same request", row=item.service_request_id)
            before = item.service_request_id
            yield silver.ticket_row(item, _question(item))


def _question(item: Ticket) -> str | None:
    text = ais.question(item.address)
    return None if isinstance(text, Outcome) else text
