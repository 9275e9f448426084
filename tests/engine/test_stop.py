"""The wish to stop ends every wait, and nothing new is sent; what is in flight is finished."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from engine.local import asking, ok, question, serving, status
from engine.virtual import in_virtual_time, now

from li_perf.engine.ask import Asker
from li_perf.engine.halt import Halt, Stopped
from li_perf.engine.question import Answer
from li_perf.engine.retry import Retry
from li_perf.engine.server import BreakerPolicy


async def stopped(asker: Asker, halt: Halt, *, count: int, after: float) -> list[object]:
    """What became of so many questions when the run was stopped; each within a second."""
    asked = [asyncio.create_task(asker.ask(question(f"q{number}"))) for number in range(count)]
    await asyncio.sleep(after)
    halt.set()
    start = now()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert now() - start < 1
    return list(outcomes)


@pytest.mark.parametrize(
    ("where", "how"),
    [
        ("the pace", {"rate": 0.001}),
        ("a sleep before a retry", {"retry": Retry(first=3_600, cap=3_600)}),
        ("the budget", {"retry": Retry(first=0.001), "retry_share": 0.000_1}),
        ("an outage", {"breaker": BreakerPolicy(faults=1, probe=900.0)}),
    ],
)
def test_whoever_waits_is_woken(where: str, how: dict[str, object]) -> None:
    @in_virtual_time
    async def run() -> None:
        async def behave(name: str) -> web.StreamResponse:
            return status(500) if where != "an outage" or name else ok()

        halt = Halt()
        async with serving(behave) as server, asking(server.url, halt=halt, **how) as asker:
            outcomes = await stopped(asker, halt, count=7, after=30)
            assert {type(outcome) for outcome in outcomes} == {Stopped}, where
            sent = len(server.asked)
            await asyncio.sleep(3_600)
            assert len(server.asked) == sent

    run()


@in_virtual_time
async def test_whoever_waits_out_a_refusal_is_woken() -> None:
    async def behave(_: str) -> web.StreamResponse:
        return status(429, Retry_After="900")

    halt = Halt()
    async with serving(behave) as server, asking(server.url, halt=halt) as asker:
        outcomes = await stopped(asker, halt, count=20, after=30)
    assert {type(outcome) for outcome in outcomes} == {Stopped}


@in_virtual_time
async def test_calls_in_flight_finish_and_no_other_is_sent() -> None:
    async def slow(_: str) -> web.StreamResponse:
        await asyncio.sleep(5)
        return ok()

    halt = Halt()
    async with serving(slow) as server, asking(server.url, halt=halt, concurrency=6) as asker:
        outcomes = await stopped(asker, halt, count=50, after=4.5)
        in_flight = len(server.asked)
    answered = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    assert len(answered) == in_flight <= 6
    assert sum(isinstance(outcome, Stopped) for outcome in outcomes) == 50 - in_flight


@in_virtual_time
async def test_a_sleep_lasts_as_long_as_it_should_unless_the_run_stops() -> None:
    halt = Halt()
    start = now()
    await halt.sleep(3_600)
    assert now() - start == pytest.approx(3_600)
    sleeping = asyncio.create_task(halt.sleep(3_600))
    await asyncio.sleep(1)
    halt.set()
    with pytest.raises(Stopped):
        await sleeping
    with pytest.raises(Stopped):
        await halt.sleep(0)
    with pytest.raises(Stopped):
        halt.check()


@in_virtual_time
async def test_a_cancelled_sleep_is_cancelled() -> None:
    sleeping = asyncio.create_task(Halt().sleep(3_600))
    await asyncio.sleep(1)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
