"""The ledger: one writer, and one transaction for whatever waits to be written.

Natural group commit: while one transaction commits, the next gathers, so that a durable commit costs many writers one
fsync (SQLite, "Write-Ahead Logging", synchronous=FULL). A transaction is one function in the keeper's own thread: a
trip to it costs as much as some twenty rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ClauseElement, Connection, Dialect, Engine, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.compiler import SQLCompiler

from li_perf.store.schema import explain

GATHER = 0.01  # seconds in which others may join a commit

Change = tuple[ClauseElement, Sequence[Mapping[str, Any]]]
Write = Callable[[Connection], None]


class _Waiting(NamedTuple):
    changes: Sequence[Change]
    write: Write | None
    done: asyncio.Future[None]


class Ledger:
    """Reads are concurrent; writes go through one keeper task. Opened with `store.opening.open_ledger`."""

    def __init__(self, path: Path, *, writer: Engine, reader: AsyncEngine) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._riders: list[Callable[[], Change]] = []
        self._waiting: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self.commits = 0

    async def save(self, *changes: Change) -> None:
        """Make the changes durable together; returns behind the commit.

        A caller that is cancelled meanwhile does not undo them: the keeper finishes what it was given.
        """
        await self._wait_for(changes, None)

    async def transact(self, write: Write) -> None:
        """Run `write` inside the keeper's transaction; returns behind the commit, raises what `write` raised."""
        await self._wait_for((), write)

    def along(self, rider: Callable[[], Change]) -> None:
        """Ask `rider` for a change at every commit from now on, and at the last: for what is only counted."""
        self._riders.append(rider)

    async def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """All rows of a query, as committed."""
        async with self._reader.connect() as connection:
            return (await connection.execute(statement, values or {})).all()

    async def scalar(self, statement: Executable) -> Any:
        """The first column of the first row, None without one."""
        async with self._reader.connect() as connection:
            return (await connection.execute(statement)).scalar()

    async def stream(self, statement: Executable, *, size: int = 500) -> AsyncIterator[Sequence[Any]]:
        """The rows of a query in blocks, never all at once."""
        async with self._reader.connect() as connection:
            result = await connection.stream(statement)
            async for block in result.partitions(size):
                yield block

    async def keep(self) -> None:
        """The keeper: commits until `finish`; everything that was given to it before that is committed."""
        loop, is_last = asyncio.get_running_loop(), False
        with ThreadPoolExecutor(1, thread_name_prefix="keeper") as thread:
            while not is_last:
                batch = [await self._waiting.get()]
                await asyncio.sleep(GATHER)
                while not self._waiting.empty():
                    batch.append(self._waiting.get_nowait())
                is_last = None in batch
                waiting = [item for item in batch if item is not None]
                changes = _merged(waiting, [rider() for rider in self._riders])
                problem = await loop.run_in_executor(thread, self._commit, changes, waiting)
                for item in waiting:
                    _settle(item.done, problem)

    def finish(self) -> None:
        """Ask the keeper to end behind what it has."""
        self._waiting.put_nowait(None)

    async def _wait_for(self, changes: Sequence[Change], write: Write | None) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(_Waiting(changes=changes, write=write, done=done))
        await done

    def _commit(self, changes: Sequence[Change], waiting: Sequence[_Waiting]) -> BaseException | None:
        """One transaction, in the keeper's thread; what went wrong, for those who wait."""
        if not changes and not waiting:
            return None
        try:
            with self._writer.begin() as connection:
                for statement, rows in changes:
                    connection.exec_driver_sql(*_for_driver(connection.dialect, statement, rows))
                for item in waiting:
                    if item.write:
                        item.write(connection)
        except DBAPIError as error:
            return explain(error, self.path)
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait for this commit
            return error
        self.commits += 1
        return None


def _merged(waiting: Sequence[_Waiting], riding: Sequence[Change]) -> list[Change]:
    """All changes with equal statements joined, so that each is one executemany."""
    merged: dict[int, tuple[ClauseElement, list[Mapping[str, Any]]]] = {}
    for statement, rows in (*(change for item in waiting for change in item.changes), *riding):
        if rows:
            merged.setdefault(id(statement), (statement, []))[1].extend(rows)
    return list(merged.values())


def _settle(done: asyncio.Future[None], problem: BaseException | None) -> None:
    if done.done():  # whoever waited was cancelled; what was given is kept all the same
        return
    if problem is None:
        done.set_result(None)
    else:
        done.set_exception(problem)
        done.exception()  # seen: whoever waited may be gone


def _for_driver(
    dialect: Dialect, statement: ClauseElement, rows: Sequence[Mapping[str, Any]]
) -> tuple[str, list[tuple[Any, ...]]]:
    """SQL and rows as the driver takes them; SQLAlchemy's own way to them costs more a row than SQLite does."""
    text, names, fixed = _compiled(dialect, statement, tuple(rows[0]))
    whole = [{**fixed, **row} for row in rows] if fixed else rows
    return text, [tuple([row[name] for name in names]) for row in whole]


@lru_cache(maxsize=64)
def _compiled(
    dialect: Dialect, statement: ClauseElement, given: tuple[str, ...]
) -> tuple[str, Sequence[str], dict[str, Any]]:
    """A statement's SQL, its values' names in order, and those values that the statement itself holds."""
    compiled = statement.compile(dialect=dialect, column_keys=list(given))
    assert isinstance(compiled, SQLCompiler)
    fixed = {name: value for name, value in compiled.params.items() if name not in given}
    return str(compiled), compiled.positiontup or (), fixed
