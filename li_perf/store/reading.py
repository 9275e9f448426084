"""A city's file for those who only look, for hours and while others write: a look is one snapshot, and leaves nothing.

SQLite makes a log and an index of it beside a file that it opens, and keeps whoever writes from clearing them away. So
where no log stands there, nobody is writing, and the file is read as it is (https://sqlite.org/uri.html, "immutable");
should somebody begin meanwhile, the look is taken again. Else a connection lives as long as its look.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Executable

from li_perf.errors import StoreError
from li_perf.store.connecting import looking
from li_perf.store.opening import recognise, through

T = TypeVar("T")
MOST = 4  # looks at a time
TRIES = 5


class Reads(Protocol):
    """What a ledger and a snapshot have in common."""

    @property
    def path(self) -> Path: ...
    async def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Any]: ...
    async def scalar(self, statement: Executable) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Which file stands at a path, and as of when, if nobody is writing to it."""

    inode: tuple[int, int]
    is_at_rest: bool
    written: tuple[int, int] | None

    @staticmethod
    def of(path: Path) -> Sight | None:
        """What stands there now; None where nothing does."""
        try:
            is_at_rest, found = not os.path.exists(f"{path}-wal"), os.stat(path)
        except FileNotFoundError:
            return None
        written = (found.st_mtime_ns, found.st_size) if is_at_rest else None
        return Sight(inode=(found.st_dev, found.st_ino), is_at_rest=is_at_rest, written=written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file that is open, and what its readers remember of it: gone with it."""

    sight: Sight
    engine: Engine
    memory: dict[Any, Any] = field(default_factory=dict)


class Snapshot:
    """A city's file as of one moment: that of the first query. Each query is one trip to a thread.

    `memory` is common to all snapshots of the file: what is kept there must say of which data it is.
    """

    def __init__(self, path: Path, opened: Opened, threads: ThreadPoolExecutor) -> None:
        self.path = path
        self.memory = opened.memory
        self._engine = opened.engine
        self._threads = threads
        self._connection: Connection | None = None

    async def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """All rows of a query."""
        return await self._in_thread(lambda: self._connected().execute(statement, values or {}).all())

    async def scalar(self, statement: Executable) -> Any:
        """The first column of the first row, None without one."""
        return await self._in_thread(lambda: self._connected().execute(statement).scalar())

    async def close(self) -> None:
        """End the look."""
        if self._connection:
            await self._in_thread(self._connection.close)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """To its end, whoever is cancelled: a connection is never used in two threads at a time."""
        return await through(asyncio.get_running_loop().run_in_executor(self._threads, work))


class Shelf:
    """One city's file, opened when somebody first looks, and anew when another file stands there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = ThreadPoolExecutor(MOST, thread_name_prefix="look")
        self._room = asyncio.Semaphore(MOST)
        self._opening = asyncio.Lock()
        self._open: Opened | None = None

    async def look(self, work: Callable[[Snapshot], Awaitable[T]]) -> T:
        """What `work` reads in one snapshot; it may be asked several times. Raises StoreError."""
        for _ in range(TRIES):
            opened = await self._opened()
            try:
                found = await self._once(opened, work)
            except StoreError:
                if Sight.of(self.path) == opened.sight:
                    raise
                continue
            if not opened.sight.is_at_rest or Sight.of(self.path) == opened.sight:
                return found
        raise StoreError(f"The store {self.path} changes faster than it can be read. Try again.")

    async def close(self) -> None:
        """Close what is open; nobody may look any more."""
        if self._open:
            await asyncio.to_thread(self._open.engine.dispose)
        self._threads.shutdown()

    async def _opened(self) -> Opened:
        async with self._opening:
            sight = Sight.of(self.path)
            if self._open and self._open.sight == sight:
                return self._open
            if self._open:
                await asyncio.to_thread(self._open.engine.dispose)
                self._open = None
            await recognise(self.path, read_only=True, at_rest=sight is not None and sight.is_at_rest)
            assert sight
            engine = looking(self.path, at_rest=sight.is_at_rest, most=MOST)
            self._open = Opened(sight=sight, engine=engine)
            return self._open

    async def _once(self, opened: Opened, work: Callable[[Snapshot], Awaitable[T]]) -> T:
        async with self._room:
            snapshot = Snapshot(self.path, opened, self._threads)
            try:
                return await work(snapshot)
            finally:
                await snapshot.close()
