"""Which downloads of a data set lie behind the lake's cursor, and their pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from li_perf.store.lake import Cursor
from li_perf.store.ledger import Ledger
from li_perf.store.packing import unpack
from li_perf.store.plain_pages import Packed
from li_perf.store.reading import Reads
from li_perf.store.tables import download, page, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One run's pages of the data set; `run` is its number."""

    run: int
    started_at: str
    is_finished: bool
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What the lake has not yet, in the order of runs; `unfinished` are runs whose pages are still coming.

    `is_foreign`: the lake was made from another store, and says nothing of this one.
    """

    finished: Sequence[Download]
    unfinished: Sequence[int]
    last_run: int
    is_foreign: bool

    def cursor(self, read: int, page: int) -> Cursor:
        """The cursor when the first so many of the finished downloads were read, up to a page."""
        last = self.finished[read - 1]
        left = [later.run for later in self.finished[read:]]
        waiting = tuple(sorted([*self.unfinished, *left]))
        return Cursor(run=last.run, started_at=last.started_at, last_run=self.last_run, waiting=waiting, page=page)


async def behind(ledger: Ledger, dataset: str, cursor: Cursor | None) -> Behind:
    """The downloads of a data set that a lake with this cursor has not: all, where it is foreign."""
    known = await _downloads(ledger, dataset)
    is_foreign = cursor is not None and not any(
        (each.run, each.started_at) == (cursor.run, cursor.started_at) for each in known
    )
    if cursor is None or is_foreign:
        new = known
    else:
        new = [each for each in known if each.run > cursor.last_run or each.run in cursor.waiting]
    return Behind(
        finished=[each for each in new if each.is_finished],
        unfinished=[each.run for each in new if not each.is_finished],
        last_run=max((each.run for each in known), default=0),
        is_foreign=is_foreign,
    )


async def _downloads(ledger: Reads, dataset: str) -> list[Download]:
    rows_of = (
        select(func.coalesce(func.sum(page.c.row_count), 0))
        .where(page.c.run_id == download.c.run_id, page.c.dataset == dataset)
        .scalar_subquery()
    )
    query = (
        select(download.c.run_id, run.c.started_at, download.c.finished_at, rows_of.label("rows"))
        .join(run, run.c.id == download.c.run_id)
        .where(download.c.dataset == dataset)
        .order_by(download.c.run_id)
    )
    return [
        Download(run=row.run_id, started_at=row.started_at, is_finished=row.finished_at is not None, rows=row.rows)
        for row in await ledger.rows(query)
    ]


async def pages(ledger: Ledger, dataset: str, runs: Sequence[int]) -> Sequence[Any]:
    """The pages of these runs in the order in which they came: `id`, `run_id`, `row_count`, `fetched_at`."""
    here = page.c.run_id.in_(runs) & (page.c.dataset == dataset)
    columns = (page.c.id, page.c.run_id, page.c.row_count, page.c.fetched_at)
    return await ledger.rows(select(*columns).where(here).order_by(page.c.id))


async def body(ledger: Ledger, number: int) -> bytes:
    """A page as received."""
    return unpack(await ledger.scalar(select(page.c.body).where(page.c.id == number)))


async def packed(ledger: Ledger, of: Any) -> Packed:
    """One of `pages` as it lies in the store."""
    body = await ledger.scalar(select(page.c.body).where(page.c.id == of.id))
    return Packed(id=of.id, rows=of.row_count, fetched_at=of.fetched_at, body=body)


async def rows_read(ledger: Reads, dataset: str, cursor: Cursor | None) -> int:
    """How many rows the pages of a data set have in all, or those that a lake with this cursor has read."""
    known = await _downloads(ledger, dataset)
    if cursor is None:
        return sum(each.rows for each in known)
    return sum(each.rows for each in known if each.run <= cursor.last_run and each.run not in cursor.waiting)
