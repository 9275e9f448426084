"""Work that a signal ends in peace: what was begun has its time, and the exit code says which signal it was."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from li_perf.engine.halt import Halt, Stopped

T = TypeVar("T")
DRAIN_SECONDS = 8.0  # Docker kills ten seconds after it asks


class Interrupted(Exception):
    """A signal ended the work; everything answered is kept, and the command `again`, if any, goes on with it."""

    def __init__(self, number: int, *, again: str | None) -> None:
        super().__init__(f"Stopped. Nothing is lost: `{again}` goes on." if again else "Stopped.")
        self.exit_code = 128 + number


def until_told(start: Callable[[Halt], Coroutine[Any, Any, T]], *, again: str | None = None) -> T:
    """Run to the end, or until SIGTERM or SIGINT: then what is in flight has eight seconds. A second signal ends it at
    once; what the keeper was given is committed all the same. Raises Interrupted, which names the command `again`."""
    _settle_memory()
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(_until_told(start, again))


def _settle_memory() -> None:
    """Look seldom for cycles, and never among what was imported: a run makes few, and each look costs milliseconds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's loop where the extra [speed] is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _until_told(start: Callable[[Halt], Coroutine[Any, Any, T]], again: str | None) -> T:
    halt, loop, told = Halt(), asyncio.get_running_loop(), []
    task = asyncio.create_task(start(halt), name="main")

    def stop(number: int) -> None:
        told.append(number)
        halt.set()
        if len(told) > 1:
            task.cancel()
        else:
            loop.call_later(DRAIN_SECONDS, task.cancel)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    with suppress(Stopped, asyncio.CancelledError):
        return await task
    raise Interrupted(told[0] if told else signal.SIGINT, again=again)
