"""Runs and downloads: what was asked for, with which settings, and how far it got."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Executable, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from li_perf.store import notes
from li_perf.store.changes import Change, Write
from li_perf.store.ledger import Ledger
from li_perf.store.reading import Reads
from li_perf.store.tables import audit, download, fetch, page, pulse, run, tally

FULLY = "fully"  # among a run's settings
OF_A_RUN = (page, download, fetch, audit, tally, pulse)
COUNT_REQUESTS = upsert(tally).values(
    run_id=bindparam("run_id"), server=bindparam("server"), outcome=bindparam("outcome"), requests=bindparam("requests")
)
COUNT_REQUESTS = COUNT_REQUESTS.on_conflict_do_update(
    index_elements=["run_id", "server", "outcome"],
    set_={"requests": tally.c.requests + COUNT_REQUESTS.excluded.requests},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run; `settings` are those it began with, secrets excepted; times are ISO text in UTC."""

    id: int
    city: str
    since: str
    until: str
    settings: Mapping[str, Any]
    started_at: str
    extracted_at: str | None
    finished_at: str | None

    @property
    def is_full(self) -> bool:
        """Whether everything is asked for again, and not only what came or changed."""
        return bool(self.settings.get(FULLY))


def now() -> str:
    """The wall clock as text, a label: nothing is ever decided by it but how old an answer is."""
    return _written(int(time.time()))


@lru_cache(maxsize=1)
def _written(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def latest(ledger: Reads) -> Run | None:
    """The run that was begun last."""
    rows = await ledger.rows(select(run).order_by(run.c.id.desc()).limit(1))
    return _run(rows[0]) if rows else None


async def by_id(ledger: Ledger, run_id: int) -> Run:
    """The run of that number."""
    (row,) = await ledger.rows(select(run).where(run.c.id == run_id))
    return _run(row)


async def unfinished(ledger: Ledger, *, period: tuple[str, str] | None = None) -> Run | None:
    """The last unfinished run, of any period or of this one (its two days as ISO text)."""
    query = select(run).where(run.c.finished_at.is_(None)).order_by(run.c.id.desc()).limit(1)
    if period:
        query = query.where(run.c.since == period[0], run.c.until == period[1])
    rows = await ledger.rows(query)
    return _run(rows[0]) if rows else None


async def unfinished_periods(ledger: Ledger, *, but: int) -> Sequence[tuple[str, str]]:
    """The periods (two days as ISO text) of unfinished runs other than that one, each once, in their order."""
    here = run.c.finished_at.is_(None) & (run.c.id != but)
    rows = await ledger.rows(select(run.c.since, run.c.until).where(here).distinct().order_by(run.c.since, run.c.until))
    return [(row.since, row.until) for row in rows]


async def cleaned(ledger: Reads) -> Run | None:
    """The run of whose pages the tables that are matched are made; None where nobody knows."""
    rows = await ledger.rows(select(run).where(run.c.cleaned_at.is_not(None)))
    return _run(rows[0]) if rows else None


async def begin(
    ledger: Ledger,
    *,
    city: str,
    since: str,
    until: str,
    settings: Mapping[str, Any],
    version: str,
    at_begin: Write | None = None,
) -> Run:
    """A new run, durable before anything is asked; `at_begin` is part of its first transaction."""
    row = {
        "city": city,
        "since": since,
        "until": until,
        "settings": msgspec.json.encode(settings).decode(),
        "version": version,
        "started_at": now(),
    }

    def write(connection: Connection) -> None:
        (number,) = connection.execute(insert(run), row).inserted_primary_key or (None,)
        for table in OF_A_RUN:  # the number may be that of a run that was forgotten by hand
            connection.execute(delete(table).where(table.c.run_id == number))
        if at_begin:
            at_begin(connection)

    await ledger.transact(write)
    begun = await latest(ledger)
    assert begun
    return begun


async def note_fully(ledger: Ledger, run: Run) -> None:
    """Have everything asked for again by this run, also by who goes on with it."""
    await note(ledger, run.id, settings=msgspec.json.encode(dict(run.settings) | {FULLY: True}).decode())


async def note(ledger: Ledger, run_id: int, **columns: str | int) -> None:
    """Write columns of the run's row."""
    await ledger.save((update(run).where(run.c.id == bindparam("key")).values(**columns), [{"key": run_id}]))


def _run(row: Any) -> Run:
    return Run(
        id=row.id,
        city=row.city,
        since=row.since,
        until=row.until,
        settings=notes.read(row.settings, dict[str, Any], f"the settings of run {row.id}"),
        started_at=row.started_at,
        extracted_at=row.extracted_at,
        finished_at=row.finished_at,
    )


async def discard(ledger: Ledger, run_id: int) -> None:
    """Forget a run that was refused, and all that is only its own. Answers stay."""

    def write(connection: Connection) -> None:
        for table in OF_A_RUN:
            connection.execute(delete(table).where(table.c.run_id == run_id))
        connection.execute(delete(run).where(run.c.id == run_id))

    await ledger.transact(write)


async def downloads(ledger: Ledger, run_id: int) -> dict[str, Any]:
    """The run's downloads by data set."""
    rows = await ledger.rows(select(download).where(download.c.run_id == run_id).order_by(download.c.dataset))
    return {row.dataset: row for row in rows}


async def start_download(ledger: Ledger, row: Mapping[str, Any], *, keep_pages: bool) -> None:
    """Begin, or begin again, a download; unless kept, its pages of before are dropped in the same transaction."""

    def write(connection: Connection) -> None:
        if not keep_pages:
            here = (page.c.run_id == row["run_id"]) & (page.c.dataset == row["dataset"])
            connection.execute(delete(page).where(here))
        statement = upsert(download).values(**row)
        connection.execute(statement.on_conflict_do_update(index_elements=["run_id", "dataset"], set_=dict(row)))

    await ledger.transact(write)


async def finish_download(ledger: Ledger, run_id: int, dataset: str, counted_after: int | None) -> None:
    here = (download.c.run_id == bindparam("of_run")) & (download.c.dataset == bindparam("of_set"))
    statement = update(download).where(here).values(counted_after=counted_after, finished_at=now())
    await ledger.save((statement, [{"of_run": run_id, "of_set": dataset}]))


class Tally:
    """Takes the wire requests to a server, which `sent` counts, to a run's tally: a rider of the ledger."""

    def __init__(self, run_id: int, server: str, sent: Counter[str]) -> None:
        self._run_id, self._server, self._sent = run_id, server, sent
        self._taken: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()

    def change(self) -> Change:
        """Adds what was sent since the last commit that held."""
        self._taken = self._sent.copy()
        of = {"run_id": self._run_id, "server": self._server}
        more = self._taken - self._kept
        return COUNT_REQUESTS, [of | {"outcome": outcome, "requests": count} for outcome, count in more.items()]

    def told(self, *, is_kept: bool) -> None:
        if is_kept:
            self._kept = self._taken


async def requests_sent(ledger: Ledger, run_id: int) -> dict[str, dict[str, int]]:
    """Wire requests of a run: server → outcome → requests."""
    servers: dict[str, dict[str, int]] = {}
    for row in await ledger.rows(
        select(tally).where(tally.c.run_id == run_id).order_by(tally.c.server, tally.c.outcome)
    ):
        servers.setdefault(row.server, {})[row.outcome] = row.requests
    return servers


def boundary_of(run_id: int) -> Executable:
    """The query for the rows that a UTC boundary would bring in."""
    return select(run.c.boundary_gained).where(run.c.id == run_id)


async def newest_known(ledger: Ledger, this: Run, dataset: str) -> str | None:
    """The newest change that an earlier, finished run has of all that this one is to have; None without one.

    A run whose period ended behind the day on which it began has what had been opened until then.
    """
    covers = (run.c.since <= this.since) & (
        (run.c.until >= this.until) | (run.c.until > func.substr(run.c.started_at, 1, 10))
    )
    here = (run.c.id < this.id) & run.c.finished_at.is_not(None) & covers & (download.c.dataset == dataset)
    query = select(download.c.newest).join(run, run.c.id == download.c.run_id).where(here).order_by(run.c.id.desc())
    newest: str | None = await ledger.scalar(query.limit(1))
    return newest


async def rows_of_last_time(ledger: Ledger, this: Run, dataset: str) -> int | None:
    """Rows received of a data set by the last finished run of the same period, None without one."""
    same = (
        (run.c.since == this.since)
        & (run.c.until == this.until)
        & (run.c.id < this.id)
        & run.c.finished_at.is_not(None)
    )
    last = await ledger.scalar(select(func.max(run.c.id)).where(same))
    here = (page.c.run_id == last) & (page.c.dataset == dataset)
    return int(await ledger.scalar(select(func.sum(page.c.row_count)).where(here)) or 0) if last else None
