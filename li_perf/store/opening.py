"""Opens a city's file and guards it: against a second run, and against its going while it is in use."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, event

from li_perf.errors import StoreError
from li_perf.store import schema
from li_perf.store.connecting import is_cut_off, reader_of, roll_back, writer_of
from li_perf.store.ledger import Ledger
from li_perf.store.presence import check_present, inode_of, watched
from li_perf.store.reader import Reader

T = TypeVar("T")


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
    await recognise(path, read_only)
    if not read_only:
        await _in_peace(_prepare, path)
    writer, reader = writer_of(path, read_only=read_only), reader_of(path, read_only=read_only)
    try:
        ledger = Ledger(path, writer=writer, reader=reader)
        async with AsyncExitStack() as guards:
            if not read_only:
                await guards.enter_async_context(_guarded(writer, path))
            keeper = asyncio.create_task(ledger.keep(), name="keeper")
            try:
                yield ledger
            finally:
                ledger.finish()
                try:
                    await through(keeper)
                finally:
                    ledger.complain_at_last()
    finally:
        await through(asyncio.create_task(_close(writer, reader)))


@asynccontextmanager
async def _guarded(writer: Engine, path: Path) -> AsyncIterator[None]:
    """Let nothing be committed to a file that is gone, and end the block when it goes."""
    inode = inode_of(path)
    event.listen(writer, "commit", lambda _: check_present(path, inode))
    async with watched(path, inode):
        yield


async def recognise(path: Path, read_only: bool, *, at_rest: bool | None = None) -> None:
    """Look at the file before anything is changed in it, be it only its journal mode. Raises StoreError."""
    if not path.exists():
        if read_only:
            raise StoreError(f"There is no store at {path} yet. Begin with `li-perf run` or `li-perf demo`.")
        return
    if not path.is_file():
        raise StoreError(f"{path} is not a file. Move it away, or set LI_PERF_DATA to another folder.")
    if not read_only and is_cut_off(path):
        await _in_peace(roll_back, path)
    version = 0 if is_cut_off(path) else await _in_peace(_version_of, path, at_rest)
    if read_only and version == 0:
        raise StoreError(f"Nothing was run on {path} yet. Begin with `li-perf run`.")
    if read_only and version < schema.VERSION:
        raise StoreError(f"{path} was made by an older li_perf. `li-perf report` brings it up to date.")


def _version_of(path: Path, at_rest: bool | None) -> int:
    looking = writer_of(path, read_only=True, at_rest=at_rest)
    try:
        with looking.begin() as connection:
            return schema.recognise(connection, path)
    finally:
        looking.dispose()


def _prepare(path: Path) -> None:
    preparing = writer_of(path, read_only=False)
    try:
        with preparing.begin() as connection:
            schema.prepare(connection, path)
    finally:
        preparing.dispose()


async def _close(writer: Engine, reader: Reader) -> None:
    await reader.close()
    await asyncio.to_thread(writer.dispose)  # the last connection to close folds the write-ahead log in


async def _in_peace(work: Callable[..., T], *given: Any) -> T:
    """In a thread, and to its end: a migration is done or not done."""
    return await through(asyncio.create_task(asyncio.to_thread(work, *given)))


async def through(work: asyncio.Future[T]) -> T:
    """Wait for the work to its end, however often this is cancelled meanwhile."""
    cancelled = False
    while not work.done():
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    return work.result()
