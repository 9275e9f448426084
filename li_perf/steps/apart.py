"""Long work of a database in a thread of its own, so that the run hears meanwhile that it shall stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")
AGAIN = 0.1  # seconds between two interrupts


class Interruptible(Protocol):
    def interrupt(self) -> None: ...


async def apart(at_work: Interruptible, work: Callable[[], T]) -> T:
    """Do it in another thread; who is cancelled meanwhile interrupts it, and waits until it has ended."""
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():  # an interrupt that comes before a statement begins is lost
            at_work.interrupt()
            await asyncio.wait([task], timeout=AGAIN)
        task.exception()  # seen: it was interrupted
        raise
