"""What `verify` reads: short reads each, so that a run may go on beside them.

Text comes as bytes, because damaged text need not be UTF-8.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Select, Table, case, cast, func, literal, or_, select, text

from li_perf.model import Outcome, State
from li_perf.store.ledger import Ledger
from li_perf.store.tables import download, fetch, lookup, page, reject, run, ticket

MOST_PROBLEMS = 20


def _raw(column: ColumnElement[Any]) -> Any:
    return cast(column, LargeBinary)


async def file_problems(ledger: Ledger) -> list[str]:
    """What SQLite's integrity check says of pages, records and indexes; nothing where all is well."""
    said = await ledger.rows(text(f"PRAGMA integrity_check({MOST_PROBLEMS})"))
    return [str(row[0]) for row in said if row[0] != "ok"]


async def page_count(ledger: Ledger) -> int:
    """The file's pages."""
    return int((await ledger.rows(text("PRAGMA page_count")))[0][0])


async def answers(ledger: Ledger) -> AsyncIterator[Sequence[Any]]:
    """Every answered question in blocks: id, question, status, is_ais, sha256, body; bytes where it was text."""
    what = (lookup.c.id, _raw(lookup.c.question).label("question"), lookup.c.status, _raw(lookup.c.body).label("body"))
    rest = ((lookup.c.source == "ais").label("is_ais"), _raw(lookup.c.sha256).label("sha256"))
    async for block in _blocks(ledger, select(*what, *rest).where(lookup.c.state == State.ANSWERED), lookup, size=200):
        yield block


async def bodies(ledger: Ledger) -> AsyncIterator[Sequence[Any]]:
    """Every page in blocks: id, run_id, dataset, row_count, sha256, body; bytes where it was text."""
    what = (page.c.id, page.c.run_id, _raw(page.c.dataset).label("dataset"), page.c.row_count)
    rest = (_raw(page.c.sha256).label("sha256"), _raw(page.c.body).label("body"))
    async for block in _blocks(ledger, select(*what, *rest), page, size=4):
        yield block


async def fetched(ledger: Ledger) -> AsyncIterator[Sequence[Any]]:
    """Every account and case that counts as fetched, in blocks by number: id, run_id, value as bytes."""
    query = select(fetch.c.id, fetch.c.run_id, _raw(fetch.c.value).label("value"))
    async for block in _blocks(ledger, query.where(fetch.c.state == State.ANSWERED), fetch, size=5_000):
        yield block


async def requests(ledger: Ledger, run_id: int, dataset: str) -> Sequence[Any]:
    """What a run's pages of a data set were answers to, as bytes."""
    here = (page.c.run_id == run_id) & (page.c.dataset == dataset)
    return await ledger.rows(select(_raw(page.c.request)).where(here))


async def _blocks(ledger: Ledger, query: Select[Any], table: Table, *, size: int) -> AsyncIterator[Sequence[Any]]:
    behind = 0
    while block := await ledger.rows(query.where(table.c.id > behind).order_by(table.c.id).limit(size)):
        behind = block[-1].id
        yield block


async def states(ledger: Ledger, table: Table) -> dict[bytes, int]:
    """Rows of `lookup` or `fetch` by state."""
    found = await ledger.rows(select(_raw(table.c.state), func.count()).group_by(table.c.state))
    return {bytes(state or b""): count for state, count in found}


def unexplained(table: Table) -> Select[Any]:
    """How many rows of `lookup` or `fetch` failed without a reason."""
    return select(func.count()).select_from(table).where((table.c.state == State.FAILED) & table.c.reason.is_(None))


async def unfinished_books(ledger: Ledger) -> Sequence[Any]:
    """Finished downloads that lack rows or pages: run_id, dataset, counted, received, has_more."""
    here = (page.c.run_id == download.c.run_id) & (page.c.dataset == download.c.dataset)
    received = select(func.coalesce(func.sum(page.c.row_count), 0)).where(here).scalar_subquery()
    last = select(page.c.next_request.is_not(None)).where(here).order_by(page.c.id.desc()).limit(1).scalar_subquery()
    has_more = func.coalesce(last, literal(0))
    columns = (download.c.run_id, _raw(download.c.dataset).label("dataset"), download.c.counted_after.label("counted"))
    query = select(*columns, received.label("received"), has_more.label("has_more"))
    is_wrong = or_(received < download.c.counted_after, has_more == 1)
    return await ledger.rows(query.where(download.c.finished_at.is_not(None) & is_wrong))


def count_downloads() -> Select[Any]:
    return select(func.count()).select_from(download).where(download.c.finished_at.is_not(None))


def _last_run() -> Select[Any]:
    """The run that was begun last, if it is finished: what tickets and rejects are of."""
    return select(run.c.id).where(
        (run.c.id == select(func.max(run.c.id)).scalar_subquery()) & run.c.finished_at.is_not(None)
    )


async def book(ledger: Ledger, dataset: str, table: Table) -> Any | None:
    """Rows received, kept and rejected of a data set; None while its run is not finished."""
    last = _last_run().subquery()
    here = (page.c.run_id == last.c.id) & (page.c.dataset == dataset)
    received = select(func.coalesce(func.sum(page.c.row_count), 0)).where(here).scalar_subquery()
    kept = select(func.count()).select_from(table).scalar_subquery()
    rejected = select(func.count()).select_from(reject).where(reject.c.dataset == dataset).scalar_subquery()
    found = await ledger.rows(
        select(received.label("received"), kept.label("kept"), rejected.label("rejected")).select_from(last)
    )
    return found[0] if found else None


async def tickets(ledger: Ledger) -> Any | None:
    """Tickets in all, without one known outcome, without a list of accounts, and without their question.

    None while their run is not finished.
    """
    last = _last_run().exists()
    is_odd = or_(ticket.c.address_outcome.is_(None), ticket.c.address_outcome.not_in([str(word) for word in Outcome]))
    is_listless = func.coalesce(func.json_valid(ticket.c.accounts), 0) == 0
    asked = select(lookup.c.question)
    is_unasked = ticket.c.question.is_not(None) & ticket.c.question.not_in(asked)
    counts = (_count(is_odd).label("odd"), _count(is_listless).label("listless"), _count(is_unasked).label("unasked"))
    (found,) = await ledger.rows(
        select(func.count().label("all"), *counts, last.label("is_of_a_run")).select_from(ticket)
    )
    return found if found.is_of_a_run else None


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
