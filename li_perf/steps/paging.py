"""Pages of one data set: the cursor is the next request, and the rows that came are counted against the server's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from li_perf.cities.city import Dataset
from li_perf.engine.ask import Answer
from li_perf.errors import ColumnGone, Drifted, Garbled, Shrunk, TooHeavy, Unanswered
from li_perf.sources import carto, sql
from li_perf.steps.job import Job, Progress
from li_perf.steps.statements import ask, count, plainly
from li_perf.store import pages, runs

RESTARTS = 3
LARGEST_GROUP = 50_000  # rows with one key, above which something is wrong with the table


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
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


async def fetch_all(job: Job, dataset: Dataset[Any], where: Sequence[str]) -> None:
    """Every page of a data set, unless it is complete already.

    Raises Shrunk where fewer rows came than there must be, Drifted, Unanswered or Outage; what came is kept.
    """
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
        listing = Listing(
            dataset=dataset, where=where, columns=columns, size=max(1, dataset.page_size // (restarts + 1))
        )
        if await _is_complete(job, listing, begun.counted_before, is_last=restarts >= RESTARTS):
            return
        begun = None  # the table was swapped or grew underneath: begin again


async def begin(
    job: Job, dataset: Dataset[Any], where: Sequence[str], *, restarts: int = 0, counts: bool = True
) -> list[str]:
    """Learn the table's columns, count its rows, and drop the pages of an earlier try; the columns to ask for."""
    answer = await plainly(job.carto, sql.look(dataset.table))
    rows = answer.value.rows or []
    there = list(answer.value.fields) or (list(rows[0]) if rows else [])
    if lost := [name for name in dataset.required if name not in there]:
        raise Drifted(
            f"Carto's table {dataset.table} has no column {', '.join(lost)} any more; li_perf must be adapted to it."
        )
    columns = [name for name in (*dataset.required, *dataset.optional) if name in there]
    counted = await count(job.carto, dataset, where) if counts else None
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


async def _is_complete(job: Job, listing: Listing, counted_before: int, *, is_last: bool) -> bool:
    """Fetch what is missing of the pages; whether as many rows came as the server counted before and after."""
    table = listing.dataset.table
    try:
        received = await _pages(job, listing, counted_before)
    except ColumnGone as fault:
        if is_last:
            raise Drifted(f"{fault} Run this again when the City has repaired its table.") from None
        return False
    counted_after = await count(job.carto, listing.dataset, listing.where)
    if is_last and received < counted_after:
        raise Shrunk(
            f"Carto counts {counted_after:,} rows of {table} and sends {received:,}. "
            "Nothing was changed; try again later."
        )
    if is_last or counted_before == counted_after == received:
        await _refuse_shrunk(job, listing.dataset, received)
        await runs.finish_download(job.ledger, job.run.id, table, counted_after)
        return True
    return False


async def _pages(job: Job, listing: Listing, counted: int) -> int:
    """Every page behind the cursor; the number of rows received in all."""
    table = listing.dataset.table
    cursor = await pages.cursor(job.ledger, job.run.id, table)
    received, request = (cursor.rows, cursor.next_request) if cursor else (0, listing.first)
    last = await pages.last_body(job.ledger, job.run.id, table)
    repeated = listing.repeated(carto.rows_of(last)) if last is not None else 0
    told = Progress(step=f"download {table}", done=received, total=counted, vitals=job.vitals_of_carto)
    job.tell(told)
    while request is not None:
        job.halt.check()
        request, answer = await _page(job, request)
        rows = answer.value.rows or []
        following = _following(listing, request, rows)
        change = pages.page_change(
            run_id=job.run.id,
            dataset=table,
            request=request,
            next_request=following,
            row_count=len(rows) - repeated,
            body=answer.reply.body,
        )
        await job.ledger.save(change)
        received += len(rows) - repeated
        repeated, request = listing.repeated(rows), following
        job.tell(replace(told, done=received))
    return received


def _following(listing: Listing, request: str, rows: Sequence[Any]) -> str | None:
    """The request for the next page, None behind the last."""
    limit = sql.limit_of(request) or listing.size
    if len(rows) < limit:
        return None
    try:
        following = listing.behind(rows[-1], limit)
        if following != request:
            return following
        if limit <= LARGEST_GROUP:  # the page is one group: ask for more of it
            return listing.behind(rows[-1], 2 * limit)
    except Garbled as fault:
        raise Drifted(f"{fault} The table {listing.dataset.table} cannot be read page by page any more.") from None
    raise Drifted(f"More than {limit:,} rows of {listing.dataset.table} have the same {listing.dataset.key[0]}.")


async def _page(job: Job, request: str) -> tuple[str, Answer[carto.Result]]:
    """A page and the request that brought it: half as large as long as the server finds it too heavy."""
    while True:
        try:
            return request, await ask(job.carto, request)
        except TooHeavy as fault:
            smaller = sql.halved(request)
            if smaller is None:
                raise Unanswered(f"{fault} Not even one row can be had; try again later.") from None
            request = smaller


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
