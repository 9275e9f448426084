"""The one writer: rows are written in the loop's own thread, and what waits for the disk in another.

SQLite lets go of the interpreter at every row, so that between two busy threads it changes hands at every row, which
costs more than the row does. What takes longer than a moment is left to the other thread altogether.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from li_perf.store.changes import Change, Rows, Write, for_driver, merged
from li_perf.store.schema import explain

MOMENT = 500  # rows: some five milliseconds

T = TypeVar("T")


class Writer:
    """One transaction at a time on one connection; `close` it behind the last."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self._path = path
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keeper")
        self.commits = 0

    async def commit(self, changes: Iterable[Change], writes: Sequence[Write]) -> BaseException | None:
        """One transaction with all of it, durable; or what went wrong, for those who wait."""
        try:
            await self._commit(merged(changes), writes)
        except DBAPIError as error:
            return explain(error, self._path)
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait for this commit
            return error
        return None

    def close(self) -> None:
        self._thread.shutdown()

    async def _commit(self, changes: Sequence[Rows], writes: Sequence[Write]) -> None:
        if not changes and not writes:
            return
        is_long = writes or sum(len(rows) for _, rows in changes) > MOMENT
        await (self._elsewhere(self._whole, changes, writes) if is_long else self._by_turns(changes))
        self.commits += 1

    async def _by_turns(self, changes: Sequence[Rows]) -> None:
        connection = await self._elsewhere(self._begun)
        try:
            _write(connection, changes)
            await self._elsewhere(connection.commit)
        finally:
            connection.close()  # which undoes what was not committed

    def _begun(self) -> Connection:
        connection = self._engine.connect()
        try:
            connection.begin()
        except BaseException:
            connection.close()
            raise
        return connection

    def _whole(self, changes: Sequence[Rows], writes: Sequence[Write]) -> None:
        with self._engine.begin() as connection:
            _write(connection, changes)
            for write in writes:
                write(connection)

    async def _elsewhere(self, work: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *given)


def _write(connection: Connection, changes: Sequence[Rows]) -> None:
    for statement, rows in changes:
        connection.exec_driver_sql(*for_driver(connection.dialect, statement, rows))
