"""The adaptive limit against servers of known capacity, in virtual time."""

from __future__ import annotations

import asyncio
import random

import pytest
from engine.virtual import in_virtual_time, now

from li_perf.engine.limit import Limit

USUAL = 0.1  # seconds a call takes without a queue


class Served:
    """Calls through a limit to a server with so many places."""

    def __init__(self, limit: Limit, *, places: int, spread: float = 0.0, poison: float = 0.0) -> None:
        self.limit, self.spread, self.poison = limit, spread, poison
        self.places = asyncio.Semaphore(places)
        self.dice = random.Random(7)
        self.usual = USUAL
        self.seen: list[int] = []

    async def one(self) -> None:
        async with self.limit:
            start = now()
            with self.limit.sending():
                async with self.places:
                    await asyncio.sleep(self.usual * self.dice.lognormvariate(0, self.spread))
            if self.dice.random() < self.poison:
                self.limit.failed()
            else:
                self.limit.answered(now() - start)
            self.seen.append(self.limit.now)

    async def many(self, count: int, workers: int = 64) -> float:
        """The limit's mean over the last half."""
        left = iter(range(count))

        async def worker() -> None:
            for _ in left:
                await self.one()

        self.seen.clear()
        await asyncio.gather(*(worker() for _ in range(workers)))
        tail = self.seen[count // 2 :]
        return sum(tail) / len(tail)


@pytest.mark.parametrize("spread", [0.0, 0.3, 0.5])
@pytest.mark.parametrize("places", [1, 10, 30])
def test_it_finds_the_knee_and_stays_near_it(places: int, spread: float) -> None:
    @in_virtual_time
    async def run() -> None:
        served = Served(Limit(bound=64), places=places, spread=spread)
        assert 0.75 * places <= await served.many(10_000) <= 1.3 * places + 5

    run()


@pytest.mark.parametrize(("spread", "poison"), [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (0.3, 0.01), (0.3, 0.05)])
def test_it_reaches_its_bound_where_the_server_never_queues(spread: float, poison: float) -> None:
    """A wide spread of latencies, or a few poison items, is no queue."""

    @in_virtual_time
    async def run() -> None:
        served = Served(Limit(bound=64), places=10_000, spread=spread, poison=poison)
        assert await served.many(10_000) > 50

    run()


@in_virtual_time
async def test_it_shrinks_when_the_server_slows_down_and_recovers() -> None:
    limit = Limit(bound=64)
    served = Served(limit, places=10_000)
    assert await served.many(6_000) > 50
    served.places = asyncio.Semaphore(5)
    assert await served.many(4_000) < 15
    served.places = asyncio.Semaphore(10_000)
    assert await served.many(6_000) > 50


@in_virtual_time
async def test_a_server_that_sheds_load_is_left_at_what_it_bears() -> None:
    limit, inside, shed, good = Limit(bound=64), 0, 0, 0

    async def one() -> None:
        nonlocal inside, shed, good
        async with limit:
            with limit.sending():
                inside += 1
                is_shed = inside > 20
                await asyncio.sleep(0.001 if is_shed else USUAL)
                inside -= 1
            if is_shed:
                shed += 1
                limit.failed()
            else:
                good += 1
                limit.answered(USUAL)

    async def worker() -> None:
        while good < 8_000:
            await one()

    await asyncio.gather(*(worker() for _ in range(64)))
    assert shed < 0.2 * good
    assert 8 < limit.now <= 25


async def test_a_refusal_cuts_it_once_a_round_and_never_below_one() -> None:
    limit = Limit(bound=64, start=64)
    limit.answered(0.1)
    limit.refused()
    after_one = limit.now
    for _ in range(10):
        limit.refused()
    assert limit.now == after_one
    for _ in range(100):
        for _ in range(64):
            limit.answered(0.1)
        limit.refused()
    assert limit.now >= 1


@in_virtual_time
async def test_no_place_is_lost_however_waiters_are_cancelled() -> None:
    limit, dice = Limit(bound=3, start=3), random.Random(1)

    async def one() -> None:
        async with limit:
            await asyncio.sleep(dice.random() / 10)

    for _ in range(100):
        tasks = [asyncio.create_task(one()) for _ in range(20)]
        await asyncio.sleep(dice.random() / 10)
        for task in dice.sample(tasks, 12):
            task.cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
    async with asyncio.timeout(1):
        await asyncio.gather(*(one() for _ in range(3)))


@in_virtual_time
async def test_it_is_never_exceeded() -> None:
    limit, inside, most = Limit(bound=5, start=5), 0, 0

    async def one() -> None:
        nonlocal inside, most
        async with limit:
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.1)
            inside -= 1
            limit.answered(0.1)

    await asyncio.gather(*(one() for _ in range(500)))
    assert most == 5


@in_virtual_time
async def test_a_limit_that_is_not_used_up_does_not_grow() -> None:
    served = Served(Limit(bound=64), places=10_000)
    await served.many(3_000, workers=2)
    assert served.limit.now <= 5


async def test_a_place_granted_to_one_who_is_cancelled_in_the_same_turn_goes_to_the_next() -> None:
    limit = Limit(bound=1, start=1)

    async def hold() -> None:
        async with limit:
            await asyncio.sleep(0)

    await limit.__aenter__()
    unlucky, lucky = asyncio.create_task(hold()), asyncio.create_task(hold())
    await asyncio.sleep(0)
    await limit.__aexit__(None, None, None)  # grants the place
    unlucky.cancel()  # before its owner has run
    await asyncio.wait_for(lucky, 1)
    await asyncio.wait_for(hold(), 1)
