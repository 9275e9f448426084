"""Bronze: pages as received, each with the request that fetched it and the next one, which is the download's cursor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from li_perf.store.changes import Change
from li_perf.store.ledger import Ledger
from li_perf.store.packing import pack, unpack
from li_perf.store.runs import now
from li_perf.store.tables import page

ADD_PAGE = insert(page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a download is: rows received, and the next request, None behind the last page."""

    rows: int
    next_request: str | None


def page_change(
    *, run_id: int, dataset: str, request: str, next_request: str | None, row_count: int, body: bytes
) -> Change:
    """The change that keeps a page."""
    row = {
        "run_id": run_id,
        "dataset": dataset,
        "request": request,
        "next_request": next_request,
        "row_count": row_count,
        "fetched_at": now(),
        "sha256": hashlib.sha256(body).hexdigest(),
        "body": pack(body),
    }
    return ADD_PAGE, [row]


async def cursor(ledger: Ledger, run_id: int, dataset: str) -> Cursor | None:
    """Where the download stands; None before its first page."""
    here = (page.c.run_id == run_id) & (page.c.dataset == dataset)
    last = await ledger.rows(select(page.c.next_request).where(here).order_by(page.c.id.desc()).limit(1))
    if not last:
        return None
    received = await ledger.scalar(select(func.sum(page.c.row_count)).where(here))
    return Cursor(rows=received, next_request=last[0].next_request)


def each_body(connection: Connection, run_id: int, dataset: str) -> Iterator[bytes]:
    """The pages of a download as received, in the order in which they came; one at a time."""
    here = (page.c.run_id == run_id) & (page.c.dataset == dataset)
    for number in connection.execute(select(page.c.id).where(here).order_by(page.c.id)).scalars().all():
        yield unpack(connection.execute(select(page.c.body).where(page.c.id == number)).scalar_one())


async def last_body(ledger: Ledger, run_id: int, dataset: str) -> bytes | None:
    """The last page as received, None before the first."""
    here = (page.c.run_id == run_id) & (page.c.dataset == dataset)
    body = await ledger.scalar(select(page.c.body).where(here).order_by(page.c.id.desc()).limit(1))
    return unpack(body) if body is not None else None


async def with_bodies(ledger: Ledger, run_id: int, dataset: str, use: Callable[[Iterator[bytes]], None]) -> None:
    """Call `use`, in the keeper's thread, with the pages of a download as received."""
    await ledger.transact(lambda connection: use(each_body(connection, run_id, dataset)))


async def last_run(ledger: Ledger, dataset: str) -> int | None:
    """The latest run that has pages of a data set, None without one."""
    run_id: int | None = await ledger.scalar(select(func.max(page.c.run_id)).where(page.c.dataset == dataset))
    return run_id


async def digest(ledger: Ledger, run_id: int, dataset: str) -> str:
    """One SHA-256 over the hashes of a download's pages."""
    here = (page.c.run_id == run_id) & (page.c.dataset == dataset)
    hashes = await ledger.rows(select(page.c.sha256).where(here).order_by(page.c.id))
    return hashlib.sha256("".join(row.sha256 for row in hashes).encode()).hexdigest()
