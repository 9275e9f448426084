"""A stop while the keeper is in the middle of a commit: it is waited for, and so is what was given to it meanwhile."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from support.stores import add_lookups

from li_perf.store.opening import open_ledger
from li_perf.store.tables import lookup


async def test_a_stop_in_the_middle_of_a_commit_keeps_what_was_given_meanwhile(tmp_path: Path) -> None:
    path, begun, go_on = tmp_path / "city.db", threading.Event(), threading.Event()

    def slowly(_: Any) -> None:
        begun.set()
        assert go_on.wait(30)

    async def at_work() -> None:
        async with open_ledger(path) as ledger:
            committing = asyncio.create_task(ledger.transact(slowly))
            await asyncio.to_thread(begun.wait, 30)
            given = [asyncio.create_task(ledger.save(add_lookups([f"{n} MARKET ST"]))) for n in range(50)]
            await asyncio.sleep(0)  # all is with the keeper now, who has not come back yet
            await ledger.give(add_lookups(["given ST"]), then=lambda: None, ahead=1)
            stop.set()
            await asyncio.gather(committing, *given)

    stop = asyncio.Event()
    working = asyncio.create_task(at_work())
    await asyncio.wait_for(stop.wait(), 30)
    working.cancel()
    threading.Timer(0.2, go_on.set).start()
    with pytest.raises(asyncio.CancelledError):
        await working
    async with open_ledger(path) as ledger:
        assert await ledger.scalar(select(func.count()).select_from(lookup)) == 51
