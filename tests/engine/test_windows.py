"""Limits that a server does not tell us of: long windows that are used up, and 503 in the place of 429."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest
from aiohttp import web
from engine.local import asking, ok, question, serving, status
from engine.virtual import in_virtual_time, now

from li_perf.engine.ask import Asker
from li_perf.engine.descent import Descent


@dataclass
class Window:
    """So many answers in each so many seconds, 65 ms each; `told` is the Retry-After of a refusal."""

    answers: int
    seconds: float
    told: Callable[[float], str | None] = lambda _: None
    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    used: Counter[int] = field(default_factory=Counter)

    async def __call__(self, _: str) -> web.StreamResponse:
        await asyncio.sleep(0.065)
        window, gone = divmod(now(), self.seconds)
        self.used[int(window)] += 1
        if self.used[int(window)] <= self.answers:
            self.answered.append(now())
            return ok()
        self.refused.append(now())
        told = self.told(self.seconds - gone)
        return status(429, **({"Retry_After": told} if told else {}))


@asynccontextmanager
async def asked_for(seconds: float, behave: Callable[[str], object], **how: float) -> AsyncIterator[Asker]:
    """By 64 workers for so long."""
    async with serving(behave) as server, asking(server.url, **how) as asker:  # type: ignore[arg-type]
        numbers, until = count(), now() + seconds

        async def worker() -> None:
            while now() < until:
                await asker.ask(question(f"a{next(numbers)}"))

        await asyncio.gather(*(worker() for _ in range(64)))
        yield asker


TELLING: dict[str, Callable[[float], str | None]] = {
    "nothing": lambda _: None,
    "the truth": lambda left: str(math.ceil(left)),
    "no time at all": lambda _: "0",
}


@pytest.mark.parametrize(
    ("answers", "seconds", "told", "known_after"),
    [
        (100, 10.0, "nothing", 60),
        (100, 10.0, "the truth", 60),
        (600, 60.0, "no time at all", 120),
    ],
)
def test_a_long_window_is_found_and_few_calls_are_refused(
    answers: int, seconds: float, told: str, known_after: int
) -> None:
    @in_virtual_time
    async def run() -> None:
        random.seed(5)
        window = Window(answers, seconds, TELLING[told])
        begin, end = now() + known_after, now() + 4 * known_after
        async with asked_for(4 * known_after, window):
            pass
        late = [at for at in window.answered if begin < at < end]
        assert len(late) > 0.5 * (end - begin) * answers / seconds
        assert len([at for at in window.refused if begin < at < end]) <= 0.02 * len(late)

    run()


@in_virtual_time
async def test_behind_a_second_refusal_in_a_row_one_asks_at_a_time() -> None:
    """A window of five minutes that is used up in the first second, with hundreds of calls ready."""
    inside = most = 0
    window, begin = Window(1_000, 300.0), now()

    async def behave(name: str) -> web.StreamResponse:
        nonlocal inside, most
        inside += 1
        if now() > begin + 10:
            most = max(most, inside)
        answer = await window(name)
        inside -= 1
        return answer

    async with asked_for(190, behave):
        pass
    assert most == 1
    assert len([at for at in window.refused if at > begin + 10]) <= 15


@in_virtual_time
async def test_an_outage_behind_refusals_is_still_found_out_at_once() -> None:
    """What is refused and then not answered at all is not asked one by one, with a time-out each."""
    begin = now()

    async def behave(_: str) -> web.StreamResponse:
        if now() < begin + 10:
            return status(429)
        if now() < begin + 120:
            await asyncio.sleep(600)
        return ok()

    async with serving(behave) as server, asking(server.url) as asker:
        await asyncio.gather(*(asker.ask(question(f"a{n}")) for n in range(500)))
    assert asker.breaker.openings == 1
    assert now() - begin < 200


@in_virtual_time
@pytest.mark.parametrize("per_second", [10, 20])
async def test_a_rate_that_is_told_by_a_bare_503_is_found_too(per_second: int) -> None:
    """nginx's limit_req answers 503 unless told otherwise, and no Retry-After; here with a burst of 20."""
    left, since, begin = 20.0, now(), now()
    answered: list[float] = []
    refused: list[float] = []

    async def behave(_: str) -> web.StreamResponse:
        nonlocal left, since
        await asyncio.sleep(0.065)
        left, since = min(20.0, left + (now() - since) * per_second), now()
        (answered if left >= 1 else refused).append(now())
        if left < 1:
            return status(503)
        left -= 1
        return ok()

    async with asked_for(200, behave):
        pass
    late = [at for at in answered if begin + 60 < at < begin + 200]
    assert len(late) > 0.8 * 140 * per_second
    assert len([at for at in refused if at > begin + 60]) <= 0.15 * len(late)


@pytest.mark.parametrize(("flights", "is_speed"), [((60, 42, 30), True), ((15, 11, 11, 11), False), ((2, 2, 1), True)])
def test_ever_fewer_in_flight_at_each_overload_are_a_matter_of_speed(
    flights: tuple[int, ...], *, is_speed: bool
) -> None:
    descent = Descent()
    for flight in flights:
        descent.overloaded(flight)
    assert descent.is_long is is_speed
