"""The retry policy and its budget."""

from __future__ import annotations

import asyncio

import pytest
from engine.virtual import in_virtual_time, now

from li_perf.engine.budget import Budget
from li_perf.engine.halt import Halt, Stopped
from li_perf.engine.retry import Retry
from li_perf.errors import Broken, ColumnGone, Fault, Rejected, TooHeavy


class Scripted:
    """A call that goes through its outcomes, and a sleep that notes its seconds."""

    def __init__(self, *outcomes: BaseException | str) -> None:
        self.outcomes = list(outcomes)
        self.calls = 0
        self.slept: list[float] = []

    async def call(self) -> str:
        self.calls += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_it_calls_until_it_succeeds() -> None:
    script = Scripted(Broken("1"), Broken("2"), "fine")
    assert await Retry().run(script.call, sleep=script.sleep) == "fine"
    assert (script.calls, len(script.slept)) == (3, 2)


async def test_it_raises_the_last_fault_when_the_tries_are_used_up() -> None:
    script = Scripted(Broken("1"), Broken("2"), Broken("3"))
    with pytest.raises(Broken, match="3"):
        await Retry(tries=3).run(script.call, sleep=script.sleep)
    assert script.calls == 3


@pytest.mark.parametrize("fault", [Rejected("no"), TooHeavy("no"), ColumnGone("no")])
async def test_what_is_final_is_not_repeated(fault: Fault) -> None:
    for before in ([], [Broken("first")]):
        script = Scripted(*before, fault)
        with pytest.raises(type(fault)):
            await Retry().run(script.call, sleep=script.sleep)
        assert script.calls == len(before) + 1


@pytest.mark.parametrize("error", [asyncio.CancelledError(), Stopped(), ValueError(), KeyboardInterrupt()])
async def test_what_is_no_fault_is_never_repeated(error: BaseException) -> None:
    script = Scripted(Broken("first"), error)
    with pytest.raises(type(error)):
        await Retry().run(script.call, sleep=script.sleep)
    assert script.calls == 2


async def test_the_waits_are_full_jitter_under_a_doubling_bound() -> None:
    bounds: list[list[float]] = []
    for _ in range(300):
        script = Scripted(Broken("always"))
        with pytest.raises(Broken):
            await Retry(tries=6, first=1.0, cap=4.0).run(script.call, sleep=script.sleep)
        bounds.append(script.slept)
    for waits, bound in zip(zip(*bounds, strict=True), (1, 2, 4, 4, 4), strict=True):
        assert max(waits) <= bound
        assert min(waits) < 0.1 * bound
        assert sum(waits) / 300 == pytest.approx(bound / 2, rel=0.25)


def budget(halt: Halt | None = None) -> Budget:
    return Budget(share=0.1, rate=10.0, halt=halt or Halt())


@in_virtual_time
async def test_a_reserve_of_retries_is_there_from_the_start_and_then_they_go_at_a_share_of_the_pace() -> None:
    it, start = budget(), now()
    for _ in range(10):
        await it.spend()
    assert now() == start
    for _ in range(20):
        await it.spend()
    assert now() - start == pytest.approx(20, abs=1.1)


@in_virtual_time
async def test_ten_first_calls_earn_a_retry() -> None:
    it = budget()
    for _ in range(10):
        await it.spend()
    spending = asyncio.create_task(it.spend())
    for _ in range(9):
        it.earn()
    for _ in range(3):
        await asyncio.sleep(0.9)
        it.earn()
    await asyncio.sleep(1)
    assert spending.done()


@in_virtual_time
async def test_whoever_waits_for_a_retry_is_woken_when_the_run_stops() -> None:
    halt = Halt()
    it = budget(halt)
    spending = [asyncio.create_task(it.spend()) for _ in range(50)]
    await asyncio.sleep(2)
    halt.set()
    outcomes = await asyncio.gather(*spending, return_exceptions=True)
    assert sum(isinstance(outcome, Stopped) for outcome in outcomes) >= 35
