"""Stores for tests: filled ones, copies as a kill would leave them, and another user's eyes."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.sqlite import insert as upsert

from li_perf.model import State
from li_perf.store import fetches, pages, questions, runs
from li_perf.store.changes import Change
from li_perf.store.ledger import Ledger
from li_perf.store.opening import open_ledger
from li_perf.store.tables import lookup, ticket

NOBODY = 65_534
ADD = upsert(lookup).on_conflict_do_nothing(index_elements=["question"])


def add_lookups(names: Iterable[str]) -> Change:
    """Pending questions, of no ticket."""
    return ADD, [{"question": name, "state": "pending", "attempts": 0} for name in names]


def tickets(names: Iterable[str | None]) -> Change:
    """One ticket a question, in the order of their numbers; None is an address that is not worth asking."""
    common = {"status": "Open", "is_open": 1, "requested_at": "2025-03-04T15:00:00Z", "requested_on": "2025-03-04"}
    rows = [{"service_request_id": f"{n:08d}", "question": name, **common} for n, name in enumerate(names)]
    return insert(ticket), rows


async def fill(ledger: Ledger, count: int = 40, *, body: int = 400) -> None:
    """One unfinished run with a page, and so many answered questions with a body of so many bytes."""
    run = await runs.begin(
        ledger, city="philadelphia", since="2025-01-01", until="2026-01-01", settings={}, version="0"
    )
    names = [f"{number} MARKET ST" for number in range(count)]
    await ledger.save(add_lookups(names))
    for name in names:
        await ledger.save(answered(name, body), fetches.add(run.id, "account", [f"{hash(name) % 10**9:09d}"]))
    page = pages.page_change(
        run_id=run.id, dataset="violations", request="select 1", next_request=None, row_count=1, body=b'{"rows":[{}]}'
    )
    await ledger.save(page)


def answered(question: str, size: int = 400) -> Any:
    body = question.encode() + os.urandom(size)  # what cannot be compressed fills pages
    return questions.settle_lookup(question, state=State.ANSWERED, calls=1, source="ais", status=200, body=body)


async def filled(path: Path, count: int = 40, *, body: int = 400) -> Path:
    """A closed store at `path`, as `fill` fills it."""
    async with open_ledger(path) as ledger:
        await fill(ledger, count, body=body)
    return path


def sql(path: Path, *statements: str) -> list[tuple[Any, ...]]:
    """What the last statement answers, asked by a program that is not ours."""
    with closing(sqlite3.connect(path)) as connection, connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


def copy_of(path: Path, to: Path) -> Path:
    """The files that a kill at this moment would leave."""
    shutil.copyfile(path, to)
    if (log := Path(f"{path}-wal")).exists():
        shutil.copyfile(log, f"{to}-wal")
    return to


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into, unlike pytest's own."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@contextmanager
def powerless() -> Iterator[None]:
    """For the length of the block modes count, also where the tests run as root."""
    is_root = os.geteuid() == 0
    if is_root:
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        if is_root:
            os.setresuid(0, 0, 0)


# What each migration added, newest first, so that a store can be made older.
OLDER = {
    7: ("alter table run drop column cleaned_at",),
    6: (),
    5: ("drop table measurement", "drop table metric", "drop table rolling"),
    4: ("alter table download drop column newest",),
    3: ("drop table pulse",),
    2: ("drop table audit", "alter table run drop column prefill"),
    1: ("alter table lookup drop column sha256",),
}


def make_older(path: Path, version: int, *more: str) -> None:
    """Make a store one of an earlier version, and do `more` to it."""
    back = (statement for older in OLDER if older >= version for statement in OLDER[older])
    sql(path, *back, *more, f"pragma user_version = {version}")
