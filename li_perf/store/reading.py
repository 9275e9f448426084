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
from dataclasses import dataclass
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


class Snapshot:
    """A city's file as of one moment."""

    def __init__(self, path: Path, connection: Connection, threads: ThreadPoolExecutor) -> None:
        self.path = path
        self._connection = connection
        self._threads = threads

    async def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """All rows of a query."""
        return await _in(self._threads, lambda: self._connection.execute(statement, values or {}).all())

    async def scalar(self, statement: Executable) -> Any:
        """The first column of the first row, None without one."""
        return await _in(self._threads, lambda: self._connection.execute(statement).scalar())


class Shelf:
    """One city's file, opened when somebody first looks, and anew when another file stands there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = ThreadPoolExecutor(MOST, thread_name_prefix="look")
        self._room = asyncio.Semaphore(MOST)
        self._opening = asyncio.Lock()
        self._open: tuple[Sight, Engine] | None = None

    async def look(self, work: Callable[[Snapshot], Awaitable[T]]) -> T:
        """What `work` reads in one snapshot; it may be asked several times. Raises StoreError."""
        for _ in range(TRIES):
            sight, engine = await self._opened()
            try:
                found = await self._once(engine, work)
            except StoreError:
                if Sight.of(self.path) == sight:
                    raise
                continue
            if not sight.is_at_rest or Sight.of(self.path) == sight:
                return found
        raise StoreError(f"The store {self.path} changes faster than it can be read. Try again.")

    async def close(self) -> None:
        """Close what is open; nobody may look any more."""
        if self._open:
            await asyncio.to_thread(self._open[1].dispose)
        self._threads.shutdown()

    async def _opened(self) -> tuple[Sight, Engine]:
        async with self._opening:
            sight = Sight.of(self.path)
            if self._open and self._open[0] == sight:
                return self._open
            if self._open:
                await asyncio.to_thread(self._open[1].dispose)
                self._open = None
            await recognise(self.path, read_only=True, at_rest=sight is not None and sight.is_at_rest)
            assert sight
            self._open = sight, looking(self.path, at_rest=sight.is_at_rest, most=MOST)
            return self._open

    async def _once(self, engine: Engine, work: Callable[[Snapshot], Awaitable[T]]) -> T:
        async with self._room:
            connection = await _in(self._threads, engine.connect)
            try:
                return await work(Snapshot(self.path, connection, self._threads))
            finally:
                await _in(self._threads, connection.close)


async def _in(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """Done in a thread, to its end: a connection is never used in two at a time."""
    return await through(asyncio.get_running_loop().run_in_executor(threads, work))
