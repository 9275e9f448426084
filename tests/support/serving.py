"""A stand-in of a portal in a thread of its own, so that verbs can be called as from the command line."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from li_perf.simulator.portals.stand_in import Speaker, StandIn, serve

PATIENCE = 10.0


@contextmanager
def served(speaker: Callable[[], Speaker]) -> Iterator[StandIn]:
    """Serves until the block ends."""
    started, ended, box = threading.Event(), threading.Event(), []

    async def serving() -> None:
        async with serve(speaker()) as stand_in:
            box.append(stand_in)
            started.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=asyncio.run, args=(serving(),), daemon=True)
    thread.start()
    try:
        assert started.wait(PATIENCE)
        yield box[0]
    finally:
        ended.set()
        thread.join(PATIENCE)
