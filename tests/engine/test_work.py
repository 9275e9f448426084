"""Workers and channels."""

from __future__ import annotations

import asyncio

import pytest
from engine.virtual import in_virtual_time, now

from li_perf.engine.halt import Halt, Stopped
from li_perf.engine.work import Channel, together, work_off


async def fill(channel: Channel[int], count: int, every: float = 0.0) -> None:
    for number in range(count):
        await channel.put(number)
        await asyncio.sleep(every)
    await channel.end()


@in_virtual_time
async def test_an_empty_channel_ends_for_every_worker_also_of_size_one() -> None:
    channel: Channel[int] = Channel(1)
    done: list[int] = []

    async def work(item: int) -> None:
        done.append(item)

    await asyncio.wait_for(together(fill(channel, 20), work_off(channel, work, workers=8, halt=Halt())), 10)
    assert sorted(done) == list(range(20))


@in_virtual_time
async def test_a_slow_stage_slows_the_one_before_it() -> None:
    channel: Channel[int] = Channel(2)
    filling = asyncio.create_task(fill(channel, 100))
    await asyncio.sleep(10)
    assert not filling.done()
    filling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await filling


@in_virtual_time
async def test_workers_drain_when_the_run_stops_so_that_nobody_is_blocked() -> None:
    channel: Channel[int] = Channel(2)
    halt, begun, finished = Halt(), [], []

    async def work(item: int) -> None:
        begun.append(item)
        await asyncio.sleep(1)
        if item % 2:
            await halt.sleep(60)
        finished.append(item)

    async def stop() -> None:
        await asyncio.sleep(2.5)
        halt.set()

    start = now()
    await together(fill(channel, 1_000), work_off(channel, work, workers=4, halt=halt), stop())
    assert now() - start < 5
    assert len(begun) < 20
    assert finished


@in_virtual_time
async def test_a_worker_that_is_stopped_is_no_failure() -> None:
    channel: Channel[int] = Channel(2)

    async def work(item: int) -> None:
        raise Stopped

    await together(fill(channel, 10), work_off(channel, work, workers=2, halt=Halt()))


@in_virtual_time
async def test_the_first_error_comes_by_itself_and_ends_the_others() -> None:
    was_cancelled = False

    async def fail() -> None:
        await asyncio.sleep(1)
        raise KeyError("first")

    async def wait() -> None:
        nonlocal was_cancelled
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            was_cancelled = True
            raise

    async def nested() -> None:
        await together(fail(), wait())

    with pytest.raises(KeyError, match="first"):
        await together(nested(), wait())
    assert was_cancelled


@in_virtual_time
async def test_who_is_cancelled_from_outside_stays_cancelled() -> None:
    task = asyncio.create_task(together(asyncio.sleep(60), asyncio.sleep(60)))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
