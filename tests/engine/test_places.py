"""A server with so many places and no queue, whose latency gives nothing away: what is too much fails at once."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from engine.local import asking, ok, question, serving, status
from engine.virtual import in_virtual_time, now

from li_perf.engine.wall import Wall
from li_perf.errors import Failed


class Places:
    """Serves so many at once; the others are turned away, and `refused` notes when."""

    def __init__(self, places: int, *, seconds: float, code: int) -> None:
        self.places, self.seconds, self.code = places, seconds, code
        self.inside = 0
        self.answered: list[float] = []
        self.refused: list[float] = []

    async def __call__(self, _: str) -> web.StreamResponse:
        if self.inside >= self.places:
            self.refused.append(now())
            return status(self.code)
        self.inside += 1
        await asyncio.sleep(self.seconds)
        self.inside -= 1
        self.answered.append(now())
        return ok()


@pytest.mark.parametrize("code", [502, 503])
@pytest.mark.parametrize(("places", "seconds", "rate", "count"), [(4, 0.5, 10.0, 1_000), (10, 0.05, None, 8_000)])
def test_a_server_without_a_queue_is_left_at_its_places_and_nobody_fails(
    code: int, places: int, seconds: float, rate: float | None, count: int
) -> None:
    @in_virtual_time
    async def run() -> None:
        behave, left, failed = Places(places, seconds=seconds, code=code), iter(range(count)), 0

        async def worker() -> None:
            nonlocal failed
            for number in left:
                try:
                    await asker.ask(question(f"a{number}"))
                except Failed:
                    failed += 1

        async with serving(behave) as server, asking(server.url, rate=rate) as asker:
            start = now()
            await asyncio.gather(*(worker() for _ in range(64)))
            half = (now() - start) / 2
        late = [at for at in behave.answered if start + half / 2 < at < start + half * 3 / 2]
        assert failed == 0
        assert len(late) > 0.85 * half * places / seconds
        assert len([at for at in behave.refused if at > start + half / 2]) < 0.02 * count

    run()


def test_before_a_wall_one_rests_longer_each_time_and_steps_on_where_it_is_gone() -> None:
    wall = Wall()
    assert wall.below(40) == 40
    rests = []
    for _ in range(3):
        wall.met(20)
        rests.append(0)
        while wall.below(20) < 20:
            rests[-1] += 1
        assert wall.is_tried(20)
    assert rests == [4, 8, 16]
    assert [wall.below(limit) for limit in (21, 22, 23)] == [21, 22, 23]
    assert wall.is_tried(23)


@in_virtual_time
async def test_a_server_that_breaks_down_when_it_is_asked_too_much_breaks_down_once() -> None:
    """Sixteen places, and ten seconds out of order as soon as half as many again are inside."""
    inside, collapses, sick_until = 0, 0, 0.0

    async def behave(_: str) -> web.StreamResponse:
        nonlocal inside, collapses, sick_until
        if now() >= sick_until and inside >= 24:
            sick_until, collapses = now() + 10, collapses + 1
        if now() < sick_until:
            return status(503)
        inside += 1
        async with places:
            await asyncio.sleep(0.1)
        inside -= 1
        return ok()

    places, left = asyncio.Semaphore(16), iter(range(8_000))

    async def worker() -> None:
        for number in left:
            await asker.ask(question(f"a{number}"))

    async with serving(behave) as server, asking(server.url) as asker:
        start = now()
        await asyncio.gather(*(worker() for _ in range(64)))
    assert collapses <= 1
    assert now() - start < 8_000 / 160 / 0.85 + 20
