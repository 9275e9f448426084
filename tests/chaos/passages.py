"""Every step of the product that touches the wire or the disk, numbered from outside; the n-th can end the process.

Nothing in the product knows of this: names of the libraries below it, and four of its own, are wrapped.
A name that is gone is an error here, and a kind of step that a whole run no longer passes is one in the tests.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KILLED = 137  # the exit code of a process that was killed with SIGKILL, as a shell tells it
READS = ("SELECT", "PRAGMA", "BEGIN", "EXPLAIN")
PRAGMAS = ("USER_VERSION =", "APPLICATION_ID =", "WAL_CHECKPOINT")
DRIVERS: tuple[Any, ...] = (sqlite3, sqlite3.dbapi2)  # aiosqlite connects by the first name, SQLAlchemy by the second


class Spoiled(Exception):
    """What the n-th passage raises where the process is to fail by itself."""


ANSWERED, ANSWERS = "LOOKUP.ATTEMPTS + ", "UPDATE LOOKUP ANSWERS"  # in a statement that keeps answers; its label


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What happens on the way: the process dies, or an exception is raised, at a passage; commits of answers take so
    many seconds; the store has room for so many pages; the schema has one migration more than today's."""

    die_at: int | None = None
    raise_at: int | None = None
    slow_commit: float = 0.0
    pages: int | None = None
    is_newer: bool = False


Pass = Callable[[str], None]


class Passages:
    """Counts and logs the passages, one line each, and acts at the planned one; safe for threads."""

    def __init__(self, plan: Plan, log: int) -> None:
        self._plan = plan
        self._log = log
        self._count = 0
        self._lock = threading.Lock()
        self._settles_answers = False

    def __call__(self, label: str) -> None:
        with self._lock:
            self._count += 1
            os.write(self._log, f"{label}\n".encode())
            if self._count == self._plan.die_at:
                os._exit(KILLED)
            is_spoiled = self._count == self._plan.raise_at
        if is_spoiled:
            Path("spoiled").write_text(label)
            raise Spoiled(label)
        self._take_time(label)

    def _take_time(self, label: str) -> None:
        if label == "before COMMIT" and self._settles_answers:
            time.sleep(self._plan.slow_commit)
        self._settles_answers = label == f"before {ANSWERS}" or (
            self._settles_answers and label not in ("before COMMIT", "before BEGIN IMMEDIATE")
        )


def wrap(plan: Plan, log: int) -> None:
    """Put the numbering between the product and what it stands on."""
    passed = Passages(plan, log)
    numbered = connecting(passed, pages=plan.pages)
    for module in DRIVERS:
        module.connect = numbered
    _wrap_calls(passed)
    for name in ("replace", "fsync"):
        _around(os, name, f"os.{name}", passed)
    if plan.is_newer:
        _migrate_once_more()


def _around(owner: Any, name: str, label: str, passed: Pass) -> None:
    inner = getattr(owner, name)

    def around(*args: Any, **kwargs: Any) -> Any:
        passed(f"before {label}")
        value = inner(*args, **kwargs)
        passed(f"after {label}")
        return value

    setattr(owner, name, around)


def _wrap_calls(passed: Pass) -> None:
    from li_perf.engine.client import Client

    inner = Client.send_unlimited

    async def send(self: Client, request: Any, **how: Any) -> Any:
        passed(f"before call {self.server.name}")
        reply = await inner(self, request, **how)
        passed(f"after call {self.server.name}")
        return reply

    Client.send_unlimited = send  # type: ignore[method-assign]


def connecting(passed: Pass, *, pages: int | None = None) -> Callable[..., sqlite3.Connection]:
    """`sqlite3.connect` with passages before each statement that writes, and before and after commits and closes."""
    connect = sqlite3.connect

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            if sql.upper().startswith("BEGIN"):
                self.connection.is_writing = "IMMEDIATE" in sql.upper()  # type: ignore[attr-defined]
            return _statement(passed, sql, lambda: super(Cursor, self).execute(sql, *args))

        def executemany(self, sql: str, rows: Iterable[Any]) -> sqlite3.Cursor:
            return _statement(passed, sql, lambda: super(Cursor, self).executemany(sql, rows))

    class Connection(sqlite3.Connection):
        is_writing = False

        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(Cursor)

        def commit(self) -> None:
            if self.in_transaction and self.is_writing:
                _commit(passed, super().commit)
            else:
                super().commit()

        def close(self) -> None:
            passed("before close")
            super().close()
            passed("after close")

    def numbered(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(*args, **kwargs | {"factory": Connection})
        if pages:
            connection.cursor().execute(f"PRAGMA max_page_count = {pages}")
        return connection

    return numbered


def _statement(passed: Pass, sql: str, run: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
    words = sql.strip().upper()
    if words.startswith("COMMIT"):
        return _commit(passed, run)
    if not words.startswith(READS) or any(pragma in words for pragma in PRAGMAS) or words == "BEGIN IMMEDIATE":
        passed(f"before {ANSWERS if ANSWERED in words else ' '.join(words.split()[:3])}")
    return run()


def _commit(passed: Pass, run: Callable[[], Any]) -> Any:
    passed("before COMMIT")
    value = run()
    passed("after COMMIT")
    return value


def _migrate_once_more() -> None:
    """A version of the product that is one migration ahead, of several statements."""
    from sqlalchemy import Column, Integer, Table, Text

    from li_perf.store import schema, tables

    Table("moved", tables.metadata, Column("question", Text, primary_key=True), Column("state", Text))
    tables.lookup.append_column(Column("moved", Integer))

    def more(connection: Any) -> None:
        connection.exec_driver_sql("CREATE TABLE moved (question TEXT NOT NULL, state TEXT, PRIMARY KEY (question))")
        connection.exec_driver_sql("INSERT INTO moved SELECT question, state FROM lookup")
        connection.exec_driver_sql("ALTER TABLE lookup ADD COLUMN moved INTEGER")

    schema.MIGRATIONS = (*schema.MIGRATIONS, ("move the questions", more))
    schema.VERSION += 1
