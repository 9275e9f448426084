"""stage: rows as received become staged rows of a batch: plain ones by DuckDB, each other by the city's function."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from li_perf.cities.city import Dataset, as_numbered
from li_perf.engine.work import together
from li_perf.model import Reject, Ticket
from li_perf.steps.apart import apart
from li_perf.steps.job import Job, Progress
from li_perf.store import received
from li_perf.store.batch import Batch
from li_perf.store.plain import Plain
from li_perf.store.plain_pages import Left, PlainPages

BLOCK_ROWS = 60_000  # of whole pages that DuckDB reads at once
MANY_ROWS = 10_000  # to read fewer costs less than to get ready for reading many


async def stage_pages(job: Job, batch: Batch, pages: Sequence[Any]) -> None:
    """Stage every row of these pages. Raises Stopped; nothing is committed."""
    plain = job.city.requests.plain
    if plain is not None and sum(page.row_count for page in pages) >= MANY_ROWS:
        await _by_blocks(job, batch, pages, plain)
    else:
        await _by_pages(job, batch, pages)


async def _by_pages(job: Job, batch: Batch, pages: Sequence[Any]) -> None:
    dataset, repeated = job.city.requests, dict[int, int]()
    for page in pages:
        job.halt.check()
        rows = dataset.portal.rows(await received.body(job.ledger, page.id))
        new = rows[repeated.get(page.run_id, 0) :]
        repeated[page.run_id] = dataset.portal.repeated(rows)
        await apart(batch, partial(_stage, batch, dataset, new, page))
        _tell(job, batch, pages)


def _stage(batch: Batch, dataset: Dataset[Ticket], rows: Sequence[Any], page: Any) -> None:
    items: Iterable[Ticket | Reject] = map(dataset.read, rows)
    if dataset.identify is not as_numbered:
        read = list(items)
        items = dataset.identify(read, batch.known(item for item in read if isinstance(item, Ticket)))
    batch.stage(items, page=page.id, fetched_at=page.fetched_at, dataset=dataset.table)


async def _by_blocks(job: Job, batch: Batch, pages: Sequence[Any], plain: Plain) -> None:
    dataset, blocks, alone = job.city.requests, _blocks(pages), asyncio.Lock()

    async def read(reader: PlainPages) -> None:
        for block in blocks:
            job.halt.check()
            came = [await received.packed(job.ledger, page) for page in block]
            left = await apart(reader, partial(batch.stage_plain, reader, came))
            async with alone:
                await apart(batch, partial(_stage_left, batch, dataset, left))
            _tell(job, batch, pages)

    columns = [*dataset.required, *dataset.optional]
    with closing(batch.plain_pages(plain, columns)) as one, closing(batch.plain_pages(plain, columns)) as other:
        await together(read(one), read(other))


def _stage_left(batch: Batch, dataset: Dataset[Ticket], left: Sequence[Left]) -> None:
    for rows in left:
        items = map(dataset.read, dataset.portal.rows(rows.body))
        batch.stage(
            items, page=rows.page.id, fetched_at=rows.page.fetched_at, dataset=dataset.table, places=rows.places
        )


def _blocks(pages: Sequence[Any]) -> Iterator[list[Any]]:
    """Whole pages of so many rows together, at least one; each block once, whoever asks."""
    block: list[Any] = []
    for page in pages:
        if block and sum(each.row_count for each in block) + page.row_count > BLOCK_ROWS:
            yield block
            block = []
        block.append(page)
    if block:
        yield block


def _tell(job: Job, batch: Batch, pages: Sequence[Any]) -> None:
    job.tell(Progress(step="read pages", done=batch.received, total=sum(page.row_count for page in pages)))
