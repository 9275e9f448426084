"""The breaker by itself: verdicts while others wait, probe or repair."""

from __future__ import annotations

import asyncio

from engine.local import Awake
from engine.virtual import VirtualLoop, in_virtual_time, now

from li_perf.engine.breaker import Breaker
from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.server import BreakerPolicy
from li_perf.errors import Broken


class Probed:
    """A breaker whose probes take a second and fail until `up_at`."""

    def __init__(self, *, up_at: float = 0.0, heartbeat: Heartbeat | None = None) -> None:
        self.up_at = up_at
        self.probes = 0
        self.breaker = Breaker(
            BreakerPolicy(), name="Local", probe=self.probe, halt=Halt(), heartbeat=heartbeat or Awake()
        )

    async def probe(self) -> None:
        self.probes += 1
        await asyncio.sleep(1)
        if now() < self.up_at:
            raise Broken("down")


@in_virtual_time
async def test_many_in_doubt_at_once_ask_one_probe() -> None:
    probed = Probed()
    await asyncio.sleep(1)
    verdicts = await asyncio.gather(*(probed.breaker.is_healthy(now()) for _ in range(20)))
    assert all(verdicts)
    assert probed.probes == 1


@in_virtual_time
async def test_many_in_doubt_of_a_server_that_is_down_ask_one_probe() -> None:
    probed = Probed(up_at=now() + 600)
    verdicts = await asyncio.gather(*(probed.breaker.is_healthy(now() + 1) for _ in range(20)))
    assert not any(verdicts)
    assert probed.probes == 1
    assert probed.breaker.openings == 1


@in_virtual_time
async def test_nothing_passes_while_the_server_is_in_doubt() -> None:
    breaker = Probed().breaker
    await asyncio.sleep(1)
    doubting = asyncio.create_task(breaker.is_healthy(now()))
    await asyncio.sleep(0.5)
    assert not breaker.lets_through
    start = now()
    await breaker.closed()
    assert 0.4 < now() - start < 0.6
    assert await doubting


@in_virtual_time
async def test_what_fails_in_an_outage_is_judged_at_once_and_never_healthy() -> None:
    probed = Probed(up_at=now() + 600)
    probed.breaker.open()
    repairing = asyncio.create_task(probed.breaker.closed())
    await asyncio.sleep(30)
    start = now()
    assert not await probed.breaker.is_healthy(now())
    assert now() - start < 0.1
    await repairing
    assert probed.breaker.lets_through


@in_virtual_time
async def test_a_probe_that_is_cancelled_leaves_no_doubt_behind() -> None:
    probed = Probed()
    await asyncio.sleep(1)
    doubting = asyncio.create_task(probed.breaker.is_healthy(now()))
    await asyncio.sleep(0.5)
    doubting.cancel()
    await asyncio.gather(doubting, return_exceptions=True)
    assert probed.breaker.lets_through
    assert await probed.breaker.is_healthy(now())


@in_virtual_time
async def test_faults_count_only_on_distinct_questions_in_a_row() -> None:
    breaker = Probed().breaker
    assert not any(breaker.failed("the same") for _ in range(50))
    assert not any(breaker.failed(f"q{number}") for number in range(6))
    breaker.succeeded()
    assert not any(breaker.failed(f"q{number}") for number in range(7))
    assert breaker.failed("the eighth")


@in_virtual_time
async def test_time_slept_in_an_outage_is_not_held_against_the_server() -> None:
    heartbeat, loop = Heartbeat(), asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    beating = asyncio.create_task(heartbeat.run())
    probed = Probed(up_at=now() + 7_200 + 1_000, heartbeat=heartbeat)
    probed.breaker.open()
    loop.call_later(300, loop.leap, 7_200)  # four times the outage limit
    await probed.breaker.closed()
    assert probed.breaker.lets_through
    beating.cancel()


@in_virtual_time
async def test_a_short_outage_is_over_soon_and_a_long_one_is_probed_ever_more_seldom() -> None:
    start, probed_at = now(), []

    async def probe() -> None:
        probed_at.append(round(now() - start))
        if now() < start + 100:
            raise Broken("down")

    breaker = Breaker(BreakerPolicy(), name="Local", probe=probe, halt=Halt(), heartbeat=Awake())
    breaker.open()
    await breaker.closed()
    assert probed_at == [1, 3, 7, 15, 30, 45, 60, 75, 90, 105]
