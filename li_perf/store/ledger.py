"""The ledger: one writer, and one transaction for whatever waits to be written.

Natural group commit: while one transaction commits, the next gathers, so that a durable commit costs many writers one
fsync (SQLite, "Write-Ahead Logging", synchronous=FULL).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from li_perf.store.schema import explain

Change = tuple[Executable, Sequence[Mapping[str, Any]]]
Write = Callable[[AsyncConnection], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    changes: Sequence[Change]
    write: Write | None
    done: asyncio.Future[None]


class Ledger:
    """Reads are concurrent; writes go through one keeper task. Opened with `store.opening.open_ledger`."""

    def __init__(self, path: Path, *, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
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
        is_last = False
        while not is_last:
            batch = [await self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            is_last = None in batch
            if waiting := [item for item in batch if item is not None]:
                await self._commit(waiting)

    def finish(self) -> None:
        """Ask the keeper to end behind what it has."""
        self._waiting.put_nowait(None)

    async def _wait_for(self, changes: Sequence[Change], write: Write | None) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(_Waiting(changes=changes, write=write, done=done))
        await asyncio.shield(done)

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        problem: BaseException | None = None
        try:
            async with self._writer.begin() as connection:
                for statement, rows in _merged(batch):
                    await connection.execute(statement, rows)
                for item in batch:
                    if item.write:
                        await item.write(connection)
            self.commits += 1
        except DBAPIError as error:
            problem = explain(error, self.path)
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait for this commit
            problem = error
        for item in batch:
            _settle(item.done, problem)


def _merged(batch: Sequence[_Waiting]) -> list[tuple[Executable, list[Mapping[str, Any]]]]:
    """The batch's changes with equal statements joined, so that each is one executemany."""
    merged: dict[int, tuple[Executable, list[Mapping[str, Any]]]] = {}
    for item in batch:
        for statement, rows in item.changes:
            if rows:
                merged.setdefault(id(statement), (statement, []))[1].extend(rows)
    return list(merged.values())


def _settle(done: asyncio.Future[None], problem: BaseException | None) -> None:
    if done.done():
        return
    if problem is None:
        done.set_result(None)
    else:
        done.set_exception(problem)
        done.exception()  # seen: whoever waited may be gone
