"""Whether the store's file is still the one that was opened: SQLite goes on writing to a file that was deleted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from li_perf.errors import StoreError

EVERY_SECONDS = 1.0
Inode = tuple[int, int]


def inode_of(path: Path) -> Inode | None:
    """Which file stands at the path, by device and number; None without one."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def check_present(path: Path, inode: Inode | None) -> None:
    """Raise StoreError if the file at the path is another one, or none, or has lost its write-ahead log."""
    if inode_of(path) != inode:
        raise _gone(path)
    for suffix in ("-wal", "-shm"):
        if not os.path.exists(f"{path}{suffix}"):
            raise _gone(Path(f"{path}{suffix}"))


@asynccontextmanager
async def watched(path: Path, inode: Inode | None) -> AsyncIterator[None]:
    """End the block with StoreError within a second or so after the file at the path is gone or replaced."""
    try:
        async with asyncio.timeout(None) as patience:
            watching = asyncio.create_task(_watch(path, inode, patience), name="presence")
            try:
                yield
            finally:
                watching.cancel()
    except TimeoutError:
        if not patience.expired():
            raise
        raise _gone(path) from None


async def _watch(path: Path, inode: Inode | None, patience: asyncio.Timeout) -> None:
    while inode_of(path) == inode:  # noqa: ASYNC110 - nobody tells us when a file goes
        await asyncio.sleep(EVERY_SECONDS)
    patience.reschedule(asyncio.get_running_loop().time())


def _gone(path: Path) -> StoreError:
    return StoreError(
        f"The store's file {path} was deleted or replaced while it was in use, so nothing more is kept in it. "
        "Put it back if you moved it, then `li-perf resume`; else `li-perf run` begins anew."
    )
