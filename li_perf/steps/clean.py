"""clean: every row of the pages becomes a ticket, a complaint or a counted reject."""

from __future__ import annotations

from typing import TypeVar

from li_perf.cities.city import Dataset
from li_perf.errors import UserError
from li_perf.model import Complaint, Outcome, Reject, Ticket
from li_perf.sources import ais, carto, sql
from li_perf.steps.job import Job, Progress
from li_perf.store import pages, runs, silver, tables

R = TypeVar("R")


async def clean(job: Job) -> None:
    """Rebuild `ticket`, `complaint` and `reject` from the run's pages. Raises UserError where pages are missing."""
    await _refuse_unfinished(job)
    requests = await read_pages(job, job.city.requests)
    tickets, rejects = _within(job, requests)
    complaints = await read_pages(job, job.inspections.complaints)
    questions = {ticket.service_request_id: _question(ticket.address) for ticket in tickets}
    await silver.replace_rows(
        job.ledger,
        {
            tables.ticket: silver.ticket_rows(tickets, questions),
            tables.complaint: silver.plain_rows(item for item in complaints if isinstance(item, Complaint)),
        },
        rejects={
            job.city.requests.table: rejects,
            job.inspections.complaints.table: [item for item in complaints if isinstance(item, Reject)],
        },
    )
    job.tell(Progress(step="clean", done=len(tickets), total=len(tickets), note=f"{len(rejects)} rejected"))


async def _refuse_unfinished(job: Job) -> None:
    downloads = await runs.downloads(job.ledger, job.run.id)
    for table in (job.city.requests.table, job.inspections.complaints.table):
        if table not in downloads or downloads[table].finished_at is None:
            raise UserError(f"The download of {table} is not finished. `li-perf resume` goes on with it.")


async def read_pages(job: Job, dataset: Dataset[R]) -> list[R | Reject]:
    """Every row of a data set's pages, read or rejected, in the order received."""
    read: list[R | Reject] = []
    repeated = 0  # rows that the page before had already
    async for body in pages.bodies(job.ledger, job.run.id, dataset.table):
        rows = carto.rows_of(body)
        read += [dataset.read(row) for row in rows[repeated:]]
        repeated = sql.tail(rows, dataset.key[0]) if dataset.has_groups else 0
    return read


def _within(job: Job, requests: list[Ticket | Reject]) -> tuple[list[Ticket], list[Reject]]:
    """The period's tickets, one a request (the later version counts), and the rejects."""
    rejects = [item for item in requests if isinstance(item, Reject)]
    tickets: dict[str, Ticket] = {}
    for item in requests:
        if isinstance(item, Reject):
            continue
        if not job.period.since <= item.requested_on < job.period.until:
            rejects.append(Reject(reason="outside the period", row=item.service_request_id))
            continue
        if item.service_request_id in tickets:
            rejects.append(Reject(reason="an earlier version of the same request", row=item.service_request_id))
        tickets[item.service_request_id] = item
    return list(tickets.values()), rejects


def _question(address: str | None) -> str | None:
    text = ais.question(address)
    return None if isinstance(text, Outcome) else text
