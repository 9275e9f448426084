"""Pages of one data set: the cursor is the next statement, and the rows that came are counted against the portal's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from li_perf.cities.city import Dataset
from li_perf.engine.question import Answer
from li_perf.errors import ColumnGone, Drifted, Shrunk, TooHeavy, Unanswered
from li_perf.sources.portal import Page, Portal
from li_perf.steps.job import Job, Progress
from li_perf.steps.statements import ask, census, plainly
from li_perf.store import notes, pages, runs

RESTARTS = 3


class _Changed(Exception):
    """A page does not begin as the one before it ended: the table changed in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One download under way: a data set, its conditions, the columns to ask for, and its first statement.

    `counted` is what the portal counted before it began, None where it does not count. Of a part, what changed since
    last time, any number of rows may come.
    """

    dataset: Dataset[Any]
    where: Sequence[str]
    columns: Sequence[str]
    first: str
    counted: int | None
    is_part: bool = False


async def fetch_all(job: Job, dataset: Dataset[Any], where: Sequence[str], *, is_part: bool = False) -> None:
    """Every page of a data set, unless it is complete already.

    Raises Shrunk where fewer rows came than there must be, Drifted, Unanswered or Outage; what came is kept.
    """
    begun = (await runs.downloads(job.ledger, job.run.id)).get(dataset.table)
    if begun is not None and begun.finished_at:
        return
    restarts = begun.restarts if begun is not None else -1
    listing = _gone_on_with(dataset, where, begun) if begun is not None else None
    while True:
        if listing is None:
            restarts += 1
            listing = await begin(job, dataset, where, restarts=restarts)
        listing = replace(listing, is_part=is_part)
        if await _is_complete(job, listing, is_last=restarts >= RESTARTS):
            return
        listing = None  # the table was swapped or grew underneath: begin again


def _gone_on_with(dataset: Dataset[Any], where: Sequence[str], begun: Any) -> Listing:
    columns = notes.read(begun.columns, list[str], f"the download of {begun.dataset}")
    return Listing(dataset=dataset, where=where, columns=columns, first=begun.query, counted=begun.counted_before)


async def begin(
    job: Job, dataset: Dataset[Any], where: Sequence[str], *, restarts: int = 0, counts: bool = True
) -> Listing:
    """Learn the table's columns, count its rows, and drop the pages of an earlier try."""
    look = await plainly(job.portal, dataset.portal, dataset.portal.look())
    columns = _columns(dataset, look)
    counted = await census(job.portal, dataset.portal, where) if counts else None
    size = max(1, dataset.page_size // (restarts + 1))
    first = dataset.portal.first(where, columns, size=min(size, look.most or size), look=look)
    row = {
        "run_id": job.run.id,
        "dataset": dataset.table,
        "columns": msgspec.json.encode(columns).decode(),
        "missing": msgspec.json.encode([name for name in dataset.optional if name not in columns]).decode(),
        "query": first,
        "counted_before": counted.count if counted else None,
        "counted_after": None,
        "restarts": restarts,
        "finished_at": None,
        "newest": counted.newest if counted else None,
    }
    await runs.start_download(job.ledger, row, keep_pages=not counts)
    return Listing(
        dataset=dataset, where=where, columns=columns, first=first, counted=counted.count if counted else None
    )


def _columns(dataset: Dataset[Any], look: Page) -> list[str]:
    """Those columns that the table has; all of them where the portal does not name its own."""
    wanted = [*dataset.required, *dataset.optional]
    if not look.columns:
        return wanted
    if lost := [name for name in dataset.required if name not in look.columns]:
        raise Drifted(
            f"{dataset.portal.title}'s table {dataset.table} has no column {', '.join(lost)} any more; "
            "li_perf must be adapted to it."
        )
    return [name for name in wanted if name in look.columns]


async def _is_complete(job: Job, listing: Listing, *, is_last: bool) -> bool:
    """Fetch what is missing of the pages; whether as many rows came as the portal counted before and after."""
    dataset = listing.dataset
    try:
        received = await _pages(job, listing)
    except _Changed:
        if is_last:
            raise Unanswered(f"{dataset.table} changes faster than it can be read; try again later.") from None
        return False
    except ColumnGone as fault:
        if is_last:
            raise Drifted(f"{fault} Run this again when the City has repaired its table.") from None
        return False
    counted = await census(job.portal, dataset.portal, listing.where)
    after = counted.count if counted else received
    if is_last and received < after:
        raise Shrunk(
            f"{dataset.portal.title} counts {after:,} rows of {dataset.table} and sends {received:,}. "
            "Nothing was changed; try again later."
        )
    if is_last or (listing.counted in (None, after) and after == received):
        if not listing.is_part:
            await _refuse_shrunk(job, dataset, received)
        await runs.finish_download(job.ledger, job.run.id, dataset.table, counted.count if counted else None)
        return True
    return False


async def _pages(job: Job, listing: Listing) -> int:
    """Every page behind the cursor; the number of rows received in all."""
    portal, table = listing.dataset.portal, listing.dataset.table
    cursor = await pages.cursor(job.ledger, job.run.id, table)
    received, statement = (cursor.rows, cursor.next_request) if cursor else (0, listing.first)
    last = await pages.last_body(job.ledger, job.run.id, table)
    tail = _tail(portal, portal.rows(last)) if last is not None else []
    told = Progress(step=f"download {table}", done=received, total=listing.counted, vitals=job.vitals_of_portal)
    job.tell(told)
    while statement is not None:
        job.halt.check()
        wanted = statement
        statement, answer = await _page(job, listing, wanted)
        page = answer.value
        if list(page.rows[: len(tail)]) != tail:
            raise _Changed
        following = portal.following(statement, page, where=listing.where, columns=listing.columns)
        if tail and following and statement != wanted and len(page.rows) == len(tail):
            raise Unanswered(f"More rows of {table} have one {portal.key[0]} than can be had at once; try again later.")
        change = pages.page_change(
            run_id=job.run.id,
            dataset=table,
            request=statement,
            next_request=following,
            row_count=len(page.rows) - len(tail),
            body=answer.reply.body,
        )
        await job.ledger.save(change)
        received += len(page.rows) - len(tail)
        tail, statement = _tail(portal, page.rows), following
        job.tell(msgspec.structs.replace(told, done=received))
    return received


def _tail(portal: Portal, rows: Sequence[Any]) -> list[Any]:
    """The last rows of a page with which the next one begins again."""
    return list(rows[len(rows) - portal.repeated(rows) :])


async def _page(job: Job, listing: Listing, statement: str) -> tuple[str, Answer[Page]]:
    """A page and the statement that brought it: half as large as long as the portal finds it too heavy."""
    portal = listing.dataset.portal
    while True:
        try:
            return statement, await ask(job.portal, portal, statement)
        except TooHeavy as fault:
            smaller = portal.halved(statement)
            if smaller is None:
                raise Unanswered(f"{fault} Not even one row can be had; try again later.") from None
            statement = smaller


async def _refuse_shrunk(job: Job, dataset: Dataset[Any], received: int) -> None:
    if received < dataset.floor:
        agency = f"{job.city.inspections.agency} " if job.city.inspections else ""
        raise Shrunk(
            f"{job.city.title} has {received:,} {agency}requests from {job.period.since} until "
            f"{job.period.until}, fewer than the {dataset.floor:,} it must have. Nothing was changed. "
            "Check the dates, or try again later."
        )
    before = await runs.rows_of_last_time(job.ledger, job.run, dataset.table)
    if before and received * 2 < before:
        raise Shrunk(
            f"The download of {dataset.table} has {received:,} rows, less than half of last time's {before:,}. "
            f"Nothing was changed. If that is right, move {job.ledger.path} away and run again."
        )
