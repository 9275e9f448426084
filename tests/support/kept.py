"""Stores that can be killed: one suite runs on each, and each knows what a kill leaves of it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Protocol, TypeVar

from li_perf.store.ledger import Ledger
from li_perf.store.opening import open_ledger
from support.stores import copy_of

T = TypeVar("T")


class Kept(Protocol):
    """A store under test, open until it is closed; the ledger changes with every kill."""

    ledger: Ledger

    def do(self, work: Coroutine[Any, Any, T]) -> T: ...

    def reopen(self) -> None:
        """Close in peace, and open again."""

    def kill(self) -> None:
        """Leave the store as a kill at this moment would, and open it again."""

    def kill_within(self, work: Callable[[Ledger], Awaitable[None]], share: float) -> None:
        """Leave the store as a kill behind that share of what `work` writes would, and open it again."""

    def close(self) -> None: ...


class KeptInSqlite:
    """A file and its write-ahead log. Writing goes through the log from one end to the other, so that a kill leaves its
    beginning as it was to be, and behind that what was there before."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        in_memory = Path("/dev/shm")  # these kills are of a process, so the disk's own pace proves nothing
        self._folder = Path(mkdtemp(prefix="li-perf-", dir=in_memory if os.access(in_memory, os.W_OK) else None))
        self._kills = 0
        self._open()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def reopen(self) -> None:
        self.do(self._open_now.aclose())
        self._open()

    def kill(self) -> None:
        self._leave(None)

    def kill_within(self, work: Callable[[Ledger], Awaitable[None]], share: float) -> None:
        begun = self._log()

        async def at_work() -> None:
            await work(self.ledger)

        self.do(at_work())
        written = self._log()
        first = _first_difference(begun, written)
        cut = first + round(share * (len(written) - first))
        self._leave(written[:cut] + begun[cut:])

    def close(self) -> None:
        try:
            self.do(self._open_now.aclose())
        finally:
            self._runner.close()
            shutil.rmtree(self._folder)

    @property
    def _path(self) -> Path:
        return self._folder / f"{self._kills}.db"

    def _log(self) -> bytes:
        log = Path(f"{self._path}-wal")
        return log.read_bytes() if log.exists() else b""

    def _leave(self, log: bytes | None) -> None:
        """Go on with a copy of the files as they are, or with this log."""
        killed = copy_of(self._path, self._folder / f"{self._kills + 1}.db")
        if log is not None:
            Path(f"{killed}-wal").write_bytes(log)
        self.do(self._open_now.aclose())
        self._kills += 1
        self._open()

    def _open(self) -> None:
        self._open_now = AsyncExitStack()
        self.ledger = self.do(self._open_now.enter_async_context(open_ledger(self._path)))


def _first_difference(one: bytes, other: bytes) -> int:
    same, most = 0, min(len(one), len(other))
    while same < most:
        middle = (same + most + 1) // 2
        same, most = (middle, most) if one[:middle] == other[:middle] else (same, middle - 1)
    return same


class KeptWithoutItsLog(KeptInSqlite):
    """Broken on purpose: a kill loses what is in the log alone, as a copy of the file by itself does."""

    def _leave(self, log: bytes | None) -> None:
        super()._leave(b"")


STORES: dict[str, Callable[[], Kept]] = {"sqlite": KeptInSqlite}
