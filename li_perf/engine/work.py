"""Workers over bounded queues: a slow stage slows the one before it, and nothing piles up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, Generic, TypeVar

from li_perf.engine.halt import Halt, Stopped

T = TypeVar("T")


class _End:
    """Behind the last item of a queue."""


END: Final = _End()


class Channel(Generic[T]):
    """A bounded queue with an end; every worker that meets the end leaves it for the next."""

    def __init__(self, size: int) -> None:
        self._queue: asyncio.Queue[T | _End] = asyncio.Queue(size)

    async def put(self, item: T) -> None:
        await self._queue.put(item)

    async def end(self) -> None:
        await self._queue.put(END)

    async def get(self) -> T | _End:
        """The next item, or the end; for any number of workers."""
        if isinstance(item := await self._queue.get(), _End):
            self._queue.put_nowait(END)
        return item


async def work_off(channel: Channel[T], work: Callable[[T], Awaitable[None]], *, workers: int, halt: Halt) -> None:
    """Run `work` on every item with so many workers; when the run stops, what is in flight is finished."""

    async def worker() -> None:
        while not isinstance(item := await channel.get(), _End):
            if halt.is_set:
                continue  # drain, so that whoever fills the channel is not blocked
            try:
                await work(item)
            except Stopped:
                continue

    await together(*(worker() for _ in range(workers)))


async def together(*parts: Coroutine[Any, Any, None]) -> None:
    """Run all parts; the first error cancels the others and is raised by itself, not in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(part)
    except BaseExceptionGroup as errors:
        raise _first(errors) from None


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
