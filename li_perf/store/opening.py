"""Opens a city's file and guards it against a second run. The only file that connects to SQLite."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from li_perf.errors import StoreError
from li_perf.store import schema
from li_perf.store.ledger import Ledger


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the store's lock; the kernel frees it however the process ends. Raises StoreError for a second run."""
    folder, lock = path.parent, path.with_suffix(".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(
            f"The data folder {folder} cannot be used ({error.strerror}, as user {os.getuid()}). "
            "Check its owner and rights, or set LI_PERF_DATA to another one."
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise StoreError(
            f"Another run is using {path}. Wait for it (`li-perf status` shows it), or stop it first."
        ) from None
    try:
        yield
    finally:
        os.close(handle)


@asynccontextmanager
async def open_ledger(path: Path, *, read_only: bool = False) -> AsyncIterator[Ledger]:
    """The ledger at `path`, created, checked and migrated; what was given to it is committed before it closes.

    Raises StoreError for a file that is damaged, foreign, newer, or not to be read or written.
    """
    await _recognise(path, read_only)
    if not read_only:
        await _prepare(path)
    writer, reader = _writer(path, read_only), _engine(path, read_only, "BEGIN")
    try:
        ledger = Ledger(path, writer=writer, reader=reader)
        keeper = asyncio.create_task(ledger.keep(), name="keeper")
        try:
            yield ledger
        finally:
            ledger.finish()
            await _through(keeper)
    finally:
        await _through(asyncio.create_task(_close(writer, reader)))


async def _recognise(path: Path, read_only: bool) -> None:
    """Look at the file before anything is changed in it, be it only its journal mode."""
    if not path.exists():
        if read_only:
            raise StoreError(f"There is no store at {path} yet. Begin with `li-perf run` or `li-perf demo`.")
        return
    if not path.is_file():
        raise StoreError(f"{path} is not a file. Move it away, or set LI_PERF_DATA to another folder.")
    looking = _engine(path, True, "BEGIN")
    try:
        async with looking.begin() as connection:
            await schema.recognise(connection, path)
    except DBAPIError as error:
        raise schema.explain(error, path) from None
    finally:
        await looking.dispose()


async def _prepare(path: Path) -> None:
    preparing = _engine(path, False, "BEGIN IMMEDIATE")
    try:
        async with preparing.begin() as connection:
            await schema.prepare(connection, path)
    except DBAPIError as error:
        raise schema.explain(error, path) from None
    finally:
        await preparing.dispose()


def _engine(path: Path, read_only: bool, begin: str) -> AsyncEngine:
    engine = create_async_engine(_url(path, "sqlite+aiosqlite", read_only))
    _configured(engine.sync_engine, read_only, begin)
    return engine


def _writer(path: Path, read_only: bool) -> Engine:
    """One connection, for the keeper's thread; opened when it is first needed."""
    engine = create_engine(_url(path, "sqlite+pysqlite", read_only), pool_size=1, max_overflow=0)
    _configured(engine, read_only, "BEGIN" if read_only else "BEGIN IMMEDIATE")
    return engine


def _url(path: Path, driver: str, read_only: bool) -> URL:
    query = {"mode": "ro" if read_only else "rwc", "uri": "true", "timeout": "5"}
    return URL.create(driver, database="file:" + quote(str(path.resolve())), query=query)


def _configured(engine: Engine, read_only: bool, begin: str) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "busy_timeout = 5000", "trusted_schema = OFF"):
            cursor.execute(f"PRAGMA {pragma}")
        if not read_only:
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


async def _close(writer: Engine, reader: AsyncEngine) -> None:
    await reader.dispose()
    await asyncio.to_thread(writer.dispose)  # the last connection to close folds the write-ahead log in


async def _through(task: asyncio.Task[None]) -> None:
    """Wait for the task to its end, however often this is cancelled meanwhile."""
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    task.result()
