"""download: the pages of the period's requests and complaints, as received; the cursor is the next request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from li_perf.cities.city import City, Dataset
from li_perf.engine.ask import Answer, Asker, Question
from li_perf.errors import ColumnGone, Drifted, Failed, Shrunk, TooHeavy, Unanswered
from li_perf.model import Period
from li_perf.sources import carto, sql
from li_perf.steps.job import Job, Progress, inspections_of
from li_perf.store import pages, runs

RESTARTS = 3
BEFORE, AFTER = timedelta(days=7), timedelta(days=92)  # how far a complaint's date may lie from its request's


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One download: a data set, its conditions, the columns that the server has, and the first page's size."""

    dataset: Dataset[Any]
    where: Sequence[str]
    columns: Sequence[str]
    size: int

    @property
    def first(self) -> str:
        return self._page(self.where, self.size)

    def behind(self, row: Any, limit: int) -> str:
        """The request for the page behind `row`, or, where the key has groups, from the group of `row` on."""
        key = self.dataset.key[0]
        operator = ">=" if self.dataset.has_groups else ">"
        return self._page([*self.where, sql.compare(key, operator, sql.key_of(row, key))], limit)

    def repeated(self, rows: Sequence[Any]) -> int:
        """How many of these rows the next page begins with."""
        return sql.tail(rows, self.dataset.key[0]) if self.dataset.has_groups else 0

    def _page(self, where: Sequence[str], limit: int) -> str:
        order = [*self.dataset.key, *(name for name in self.columns if name not in self.dataset.key)]
        return sql.select(
            self.dataset.table,
            self.columns,
            where=where,
            order=order if self.dataset.has_groups else self.dataset.key,
            limit=limit,
        )


async def download(job: Job) -> None:
    """All pages of requests and complaints. Raises Shrunk, Drifted, Unanswered or Outage; what came is kept.

    A download that is refused as Shrunk is forgotten with its run: resuming it could only refuse it again.
    """
    try:
        await _download(job, job.city.requests, requests_of(job.city, job.period))
        await _note_boundary(job)
        await _download(job, job.inspections.complaints, _complaints_of(job))
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
    return [sql.compare("agency_responsible", "=", agency), *_between("requested_datetime", since, until)]


def _complaints_of(job: Job) -> list[str]:
    since, until = job.city.instants(job.period)
    return [sql.present("ticket_num_311"), *_between("complaintdate", since - BEFORE, until + AFTER)]


def _between(column: str, since: datetime, until: datetime) -> list[str]:
    return [sql.compare(column, ">=", utc(since)), sql.compare(column, "<", utc(until))]


def utc(moment: datetime) -> str:
    """An instant in the form in which Carto writes them."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _note_boundary(job: Job) -> None:
    """Count the rows that a UTC boundary at the period's start would bring in."""
    if await job.ledger.scalar(runs.boundary_of(job.run.id)) is not None:
        return
    since, _ = job.city.instants(job.period)
    midnight = datetime(job.period.since.year, job.period.since.month, job.period.since.day, tzinfo=UTC)
    where = [sql.compare("agency_responsible", "=", job.inspections.agency)]
    gained = await count(job, job.city.requests, [*where, *_between("requested_datetime", midnight, since)])
    await runs.note(job.ledger, job.run.id, boundary_gained=gained)


async def _download(job: Job, dataset: Dataset[Any], where: Sequence[str]) -> None:
    begun = (await runs.downloads(job.ledger, job.run.id)).get(dataset.table)
    if begun is not None and begun.finished_at:
        return
    restarts = begun.restarts if begun is not None else -1
    while True:
        if begun is None:
            restarts += 1
            await begin(job, dataset, where, restarts=restarts)
            begun = (await runs.downloads(job.ledger, job.run.id))[dataset.table]
        columns = msgspec.json.decode(begun.columns)
        plan = Plan(dataset=dataset, where=where, columns=columns, size=max(1, dataset.page_size // (restarts + 1)))
        if await _is_complete(job, plan, begun.counted_before, is_last=restarts >= RESTARTS):
            return
        begun = None  # the table was swapped or grew underneath: begin again


async def begin(
    job: Job, dataset: Dataset[Any], where: Sequence[str], *, restarts: int = 0, counts: bool = True
) -> list[str]:
    """Learn the table's columns, count its rows, and drop the pages of an earlier try; the columns to ask for."""
    answer = await ask(job, sql.look(dataset.table))
    rows = answer.value.rows or []
    there = list(answer.value.fields) or (list(rows[0]) if rows else [])
    if lost := [name for name in dataset.required if name not in there]:
        raise Drifted(
            f"Carto's table {dataset.table} has no column {', '.join(lost)} any more; li_perf must be adapted to it."
        )
    columns = [name for name in (*dataset.required, *dataset.optional) if name in there]
    counted = await count(job, dataset, where) if counts else None
    row = {
        "run_id": job.run.id,
        "dataset": dataset.table,
        "columns": msgspec.json.encode(columns).decode(),
        "missing": msgspec.json.encode([name for name in dataset.optional if name not in there]).decode(),
        "query": sql.select(dataset.table, columns, where=where, order=dataset.key),
        "counted_before": counted,
        "counted_after": None,
        "restarts": restarts,
        "finished_at": None,
    }
    await runs.start_download(job.ledger, row, keep_pages=not counts)
    return columns


async def _is_complete(job: Job, plan: Plan, counted_before: int, *, is_last: bool) -> bool:
    """Fetch what is missing of the pages; whether as many rows came as the server counted before and after."""
    table = plan.dataset.table
    try:
        received = await _pages(job, plan, counted_before)
    except ColumnGone as fault:
        if is_last:
            raise Drifted(f"{fault} Run this again when the City has repaired its table.") from None
        return False
    counted_after = await count(job, plan.dataset, plan.where)
    if is_last and received < counted_after:
        raise Shrunk(
            f"Carto counts {counted_after:,} rows of {table} and sends {received:,}. "
            "Nothing was changed; try again later."
        )
    if is_last or counted_before == counted_after == received:
        await _refuse_shrunk(job, plan.dataset, received)
        await runs.finish_download(job.ledger, job.run.id, table, counted_after)
        return True
    return False


async def _pages(job: Job, plan: Plan, counted: int) -> int:
    """Every page behind the cursor; the number of rows received in all."""
    table = plan.dataset.table
    cursor = await pages.cursor(job.ledger, job.run.id, table)
    received, request = (cursor.rows, cursor.next_request) if cursor else (0, plan.first)
    last = await pages.last_body(job.ledger, job.run.id, table)
    repeated = plan.repeated(carto.rows_of(last)) if last is not None else 0
    while request is not None:
        job.halt.check()
        request, answer = await _page(job, request)
        rows = answer.value.rows or []
        limit = sql.limit_of(request) or plan.size
        following = plan.behind(rows[-1], limit) if len(rows) >= limit else None
        if following == request:  # the page is one group: ask for more of it
            following = plan.behind(rows[-1], 2 * limit)
        change = pages.page_change(
            run_id=job.run.id,
            dataset=table,
            request=request,
            next_request=following,
            row_count=len(rows) - repeated,
            body=answer.reply.body,
        )
        await job.ledger.save(change, job.tally(job.carto))
        received += len(rows) - repeated
        repeated, request = plan.repeated(rows), following
        job.tell(Progress(step=f"download {table}", done=received, total=counted))
    return received


async def _page(job: Job, request: str) -> tuple[str, Answer[carto.Result]]:
    """A page and the request that brought it: half as large as long as the server finds it too heavy."""
    while True:
        try:
            return request, await ask(job, request)
        except TooHeavy as fault:
            smaller = sql.halved(request)
            if smaller is None:
                raise Unanswered(f"{fault} Not even one row can be had; try again later.") from None
            request = smaller


async def count(job: Job, dataset: Dataset[Any], where: Sequence[str]) -> int:
    """How many rows the server counts."""
    return await counted(job.carto, dataset, where)


async def counted(server: Asker, dataset: Dataset[Any], where: Sequence[str]) -> int:
    """How many rows the server counts. Raises Unanswered."""
    answer = await ask_server(server, sql.count(dataset.table, where))
    try:
        return int((answer.value.rows or [])[0]["n"])
    except (IndexError, KeyError, TypeError, ValueError):
        raise Unanswered(f"Carto does not count the rows of {dataset.table}; try again later.") from None


async def ask(job: Job, statement: str) -> Answer[carto.Result]:
    return await ask_server(job.carto, statement)


async def ask_server(server: Asker, statement: str) -> Answer[carto.Result]:
    """One statement's answer. Raises TooHeavy or ColumnGone where a smaller or other one may do, else Unanswered."""
    try:
        return await server.ask(Question(key=statement, request=carto.request(statement), read=carto.read))
    except Failed as failed:
        if isinstance(failed.fault, TooHeavy | ColumnGone):
            raise failed.fault from None
        raise Unanswered(f"{failed.fault} Nothing is lost: `li-perf resume` goes on.") from None


async def _refuse_shrunk(job: Job, dataset: Dataset[Any], received: int) -> None:
    if received < dataset.floor:
        raise Shrunk(
            f"{job.city.title} has {received:,} {job.inspections.agency} requests from {job.period.since} until "
            f"{job.period.until}, fewer than the {dataset.floor:,} it must have. Nothing was changed. "
            "Check the dates, or try again later."
        )
    before = await runs.rows_of_last_time(job.ledger, job.run, dataset.table)
    if before and received * 2 < before:
        raise Shrunk(
            f"The download of {dataset.table} has {received:,} rows, less than half of last time's {before:,}. "
            f"Nothing was changed. If that is right, move {job.ledger.path} away and run again."
        )
