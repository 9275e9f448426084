"""Watching: every city in its own time, whatever happens to another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from li_perf.engine.halt import Halt, Stopped
from li_perf.errors import Outage
from li_perf.steps.watch import Act, watch

PATIENCE = 10.0


Noted = list[dict[str, Any]]


async def watching(acts: dict[str, Act], *, until: Callable[[], bool], halt: Halt | None = None) -> Noted:
    """Watch, every 50 ms, until something is so; what was noted."""
    noted: Noted = []
    halt = halt or Halt()
    task = asyncio.create_task(
        watch(acts, every=0.05, halt=halt, note=lambda turns: noted.append(dict(msgspec.to_builtins(turns))))
    )
    try:
        async with asyncio.timeout(PATIENCE):
            while not until():  # noqa: ASYNC110 - bounded by the time-out
                await asyncio.sleep(0.01)
    finally:
        halt.set()
        with suppress(Stopped):
            await task
    return noted


async def test_every_city_has_its_turn_at_once_and_again() -> None:
    turns = {"gainesville": 0, "vancouver": 0}

    def act(city: str) -> Act:
        async def take() -> None:
            turns[city] += 1

        return take

    await watching({city: act(city) for city in turns}, until=lambda: min(turns.values()) >= 3)


async def test_a_city_that_fails_is_told_and_tried_again_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    turns = {"down": 0, "up": 0}

    async def down() -> None:
        turns["down"] += 1
        if turns["down"] < 3:
            raise Outage("Its portal has not answered for 30 min.")

    async def up() -> None:
        turns["up"] += 1

    with caplog.at_level(logging.ERROR):
        noted = await watching({"down": down, "up": up}, until=lambda: turns["down"] >= 4 and turns["up"] >= 4)
    failed = [turns["down"] for turns in noted if turns["down"]["state"] == "failed"]
    assert {turn["failures"] for turn in failed} == {1, 2}
    assert all(turn["said"] == "Its portal has not answered for 30 min." for turn in failed)
    assert "down: Its portal has not answered for 30 min. It is tried again at its next turn." in caplog.messages
    assert noted[-1]["down"]["said"] is None
    assert noted[-1]["down"]["failures"] == 0


async def test_a_fault_of_our_own_stops_nothing_either_and_is_told_with_its_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turns = 0

    async def broken() -> None:
        nonlocal turns
        turns += 1
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR):
        await watching({"broken": broken}, until=lambda: turns >= 2)
    assert any(record.exc_info for record in caplog.records)


async def test_a_city_has_one_turn_at_a_time_and_those_that_it_missed_become_one() -> None:
    at_once, most, turns, gate = 0, 0, 0, asyncio.Event()

    async def slow() -> None:
        nonlocal at_once, most, turns
        at_once, turns = at_once + 1, turns + 1
        most = max(most, at_once)
        if turns == 1:
            await asyncio.sleep(0.4)
            gate.set()
        at_once -= 1

    seen = []
    noted = await watching(
        {"slow": slow}, until=lambda: gate.is_set() and (seen.append(turns) or len(seen) > 3) and turns >= 2
    )
    assert most == 1
    assert seen[0] <= 2, "the turns missed in 0.4 s were made up for, one by one"
    assert noted


async def test_being_told_to_stop_waits_for_the_city_at_work() -> None:
    halt, ended = Halt(), []

    async def at_work() -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(halt.wait(), PATIENCE)
        await asyncio.sleep(0.1)  # what was begun is finished
        ended.append(True)
        raise Stopped

    begun = []

    async def other() -> None:
        begun.append(True)

    noted = await watching({"at work": at_work, "other": other}, until=lambda: bool(begun), halt=halt)
    assert ended == [True]
    assert noted[-1]["at work"]["state"] == "waiting"
    assert noted[-1]["at work"]["failures"] == 0
