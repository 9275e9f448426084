"""How SQLite is connected to: pragmas, limits, and its errors as sentences. The only file that does it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InterfaceError, ProgrammingError
from sqlalchemy.pool import NullPool

from li_perf.store import schema
from li_perf.store.reader import Reader

BUSY_SECONDS = 5
LONGEST_ROW = 80_000_000  # bytes: above the longest answer that a server may send
PRAGMAS = ("synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON")
WRITING_PRAGMAS = ("journal_mode = WAL",)
READING_PRAGMAS = ("cache_size = -500",)  # KiB a connection: queries read little, and there are several


class _Bounded(sqlite3.Connection):
    """Refuses rows that could only fill the memory, written by us or by anybody else."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_ROW)


def reader_of(path: Path, *, read_only: bool) -> Reader:
    """Concurrent reads of the file at `path`; SQLite's errors become StoreError."""
    url = _url(path, "sqlite+aiosqlite", read_only)
    engine = create_engine(url, connect_args={"factory": _Bounded})
    _configure(engine, path, read_only, "BEGIN", READING_PRAGMAS)
    return Reader(engine)


def writer_of(path: Path, *, read_only: bool, at_rest: bool | None = None) -> Engine:
    """One connection, for one thread at a time; opened when it is first needed.

    `at_rest` says that nobody writes to the file while it is read; by default that is found out where it must be known.
    """
    url, only = _url(path, "sqlite+pysqlite", read_only, at_rest), {"pool_size": 1, "max_overflow": 0}
    engine = create_engine(url, connect_args={"factory": _Bounded, "check_same_thread": False}, **only)
    _configure(engine, path, read_only, "BEGIN" if read_only else "BEGIN IMMEDIATE")
    return engine


def is_cut_off(path: Path) -> bool:
    """Whether a kill left the file's first transaction half done: behind that there is a write-ahead log instead."""
    journal = Path(f"{path}-journal")
    return journal.is_file() and journal.stat().st_size > 0


def roll_back(path: Path) -> None:
    """Undo the half transaction, which who only reads cannot, and nothing else. Raises StoreError."""
    url = f"file:{quote(str(path.resolve()))}?mode=rw"
    try:
        with closing(sqlite3.connect(url, uri=True, timeout=BUSY_SECONDS)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise schema.explain(DBAPIError("", None, error), path) from None


def looking(path: Path, *, at_rest: bool, most: int) -> Engine:
    """At most so many connections that only read, kept while the file is `at_rest`, else closed behind each use."""
    kept: dict[str, Any] = {"pool_size": most, "max_overflow": 0} if at_rest else {"poolclass": NullPool}
    url = _url(path, "sqlite+pysqlite", read_only=True, at_rest=at_rest)
    engine = create_engine(url, connect_args={"factory": _Bounded, "check_same_thread": False}, **kept)
    _configure(engine, path, True, "BEGIN", READING_PRAGMAS)
    return engine


def _url(path: Path, driver: str, read_only: bool, at_rest: bool | None = None) -> URL:
    query = {"mode": "ro" if read_only else "rwc", "uri": "true", "timeout": str(BUSY_SECONDS)}
    if read_only and (_is_at_rest(path) if at_rest is None else at_rest):
        query["immutable"] = "1"
    return URL.create(driver, database="file:" + quote(str(path.resolve())), query=query)


def _configure(engine: Engine, path: Path, read_only: bool, begin: str, more: Sequence[str] = ()) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in (*PRAGMAS, *more) if read_only else (*PRAGMAS, *WRITING_PRAGMAS, *more):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    @event.listens_for(engine, "handle_error")
    def tell(problem: ExceptionContext) -> None:
        error = problem.sqlalchemy_exception
        if isinstance(error, DBAPIError) and not isinstance(error, InterfaceError | ProgrammingError):
            raise schema.explain(error, path) from None


def _is_at_rest(path: Path) -> bool:
    """Whether it is read as it lies there: where nothing can be made beside it, SQLite reads it only if told so; and
    what who must not write to it made beside it, in a folder of everybody's, would lock its owner out."""
    may_write = os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)
    return not may_write and not os.path.exists(f"{path}-wal")
