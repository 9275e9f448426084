"""The pace over seconds, windows and holds."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

import pytest
from engine.local import asking, most_in_a_second, ok, question, serving, status
from engine.virtual import in_virtual_time, now

from li_perf.engine.halt import Halt, Stopped
from li_perf.engine.pace import Pace
from li_perf.engine.server import Quota

dice = random.Random(7)


def pace(rate: float | None = 10.0, quota: Quota | None = None, halt: Halt | None = None) -> Pace:
    return Pace(rate=rate, quota=quota, halt=halt or Halt())


async def taken(pace: Pace, count: int) -> list[float]:
    times: list[float] = []

    async def one() -> None:
        await pace.take()
        times.append(now())

    await asyncio.gather(*(one() for _ in range(count)))
    return times


@pytest.mark.parametrize("rate", [0.5, 4.0, 10.0, 200.0])
def test_slots_are_evenly_spaced_from_the_first_on(rate: float) -> None:
    @in_virtual_time
    async def run() -> None:
        times = await taken(pace(rate), 101)
        assert most_in_a_second(times) <= rate + 1
        assert times[-1] - times[0] == pytest.approx(100 / rate, rel=0.05)

    run()


class Sluggish(Halt):
    """Wakes up to four milliseconds late, as timers do."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds + dice.uniform(0, 0.004))


@pytest.mark.parametrize("rate", [0.5, 4.0, 10.0, 20.0])
def test_late_timers_bring_slow_slots_no_nearer_than_the_rate_with_most_of_the_margin(rate: float) -> None:
    @in_virtual_time
    async def run() -> None:
        times = await taken(pace(rate, halt=Sluggish()), 200)
        nearest = min(behind - before for before, behind in pairwise(times))
        assert nearest >= (1 + 0.66 * 0.015) / rate

    run()


@in_virtual_time
async def test_after_a_long_silence_no_burst_makes_up_for_it() -> None:
    it = pace()
    await taken(it, 5)
    await asyncio.sleep(600)
    assert most_in_a_second(await taken(it, 40)) <= 11


@in_virtual_time
async def test_after_a_hold_the_slots_are_evenly_spaced_again() -> None:
    it, start = pace(), now()
    it.hold(60)
    it.hold(5)  # the longer one counts
    times = await taken(it, 40)
    assert times[0] - start >= 60
    assert most_in_a_second(times) <= 11


@in_virtual_time
async def test_a_hold_that_comes_while_others_wait_is_obeyed() -> None:
    it = pace(rate=1.0)
    waiting = asyncio.create_task(taken(it, 3))
    await asyncio.sleep(0.5)
    it.hold(100)
    first, *later = await waiting
    assert all(at - first >= 100 for at in later)


@in_virtual_time
async def test_without_a_rate_only_holds_are_waited_for() -> None:
    it, start = pace(rate=None), now()
    await taken(it, 1_000)
    assert now() - start < 0.01
    it.hold(7)
    await taken(it, 2)
    assert now() - start == pytest.approx(7)


@in_virtual_time
async def test_no_window_holds_more_than_the_quota() -> None:
    times = await taken(pace(rate=50.0, quota=Quota(count=500, seconds=30.0)), 2_000)
    for start in times[::50]:
        assert sum(start <= at < start + 30 for at in times) <= 501
    assert times[-1] - times[0] < 2_000 / (0.85 * 500 / 30)


@in_virtual_time
async def test_no_window_holds_more_than_the_quota_when_the_process_is_begun_anew() -> None:
    """What the one before has spent is in nobody's memory."""
    times: list[float] = []
    for _ in range(8):
        times += await taken(pace(rate=200.0, quota=Quota(count=500, seconds=30.0)), 150)
    for start in times[::20]:
        assert sum(start <= at < start + 30 for at in times) <= 500


@in_virtual_time
async def test_a_quota_is_used_nearly_whole() -> None:
    times = await taken(pace(rate=50.0, quota=Quota(count=300, seconds=30.0)), 1_500)
    assert 1_499 / (times[-1] - times[0]) > 0.97 * 10


@in_virtual_time
async def test_a_run_that_stops_does_not_wait_for_a_quota() -> None:
    halt = Halt()
    waiting = asyncio.create_task(taken(pace(quota=Quota(count=1, seconds=3_600.0), halt=halt), 2))
    await asyncio.sleep(1)
    halt.set()
    start = now()
    with pytest.raises(Stopped):
        await waiting
    assert now() - start < 1


@in_virtual_time
async def test_a_process_that_was_stopped_makes_up_for_nothing() -> None:
    """SIGSTOP: the clock went on, the timers did not."""
    it = pace(rate=1_000.0)
    times = await taken(it, 500)
    asyncio.get_running_loop()._jumping.now += 4  # type: ignore[attr-defined]
    times += await taken(it, 2_000)
    assert most_in_a_second(times) <= 1_001


@in_virtual_time
async def test_an_unknown_limit_is_found_by_its_refusals() -> None:
    """20 a second and 10 at once, with 65 ms to every reply."""
    due, replies = 0.0, []

    async def twenty_a_second(_: str) -> object:
        nonlocal due
        is_allowed = now() >= due - 9 / 20
        if is_allowed:
            due = max(due, now()) + 1 / 20
        replies.append((now(), is_allowed))
        await asyncio.sleep(0.065)
        return ok() if is_allowed else status(429)

    async with serving(twenty_a_second) as server, asking(server.url) as asker:  # type: ignore[arg-type]
        start = now()
        await asyncio.gather(*(asker.ask(question(f"a{n}")) for n in range(2_000)))
    late = [is_allowed for at, is_allowed in replies if at > start + 30]
    assert sum(late) > 0.85 * 20 * (replies[-1][0] - start - 30)
    assert late.count(False) <= 0.005 * sum(late)


@pytest.mark.parametrize("is_told", [True, False])
def test_an_unknown_limit_of_a_long_window_is_found_by_what_is_answered_over_it(*, is_told: bool) -> None:
    """100 in each ten seconds, where a burst of as many says nothing of the speed."""

    @in_virtual_time
    async def run() -> None:
        window, used, replies = 0, 0, []

        async def ten_a_second(_: str) -> object:
            nonlocal window, used
            await asyncio.sleep(0.065)
            if window != now() // 10:
                window, used = now() // 10, 0
            used += 1
            replies.append((now(), used <= 100))
            wait = {"Retry_After": str(int(10 - now() % 10) + 1)} if is_told else {}
            return ok() if used <= 100 else status(429, **wait)

        async with serving(ten_a_second) as server, asking(server.url) as asker:  # type: ignore[arg-type]
            start = now()
            await asyncio.gather(*(asker.ask(question(f"a{n}")) for n in range(1_500)))
        late = [is_allowed for at, is_allowed in replies if at > start + 60]
        assert late.count(False) <= 0.015 * sum(late)
        least = 0.8 if is_told else 0.4  # how long to hold off is left to chance where the server does not say
        assert sum(late) > least * 10 * (replies[-1][0] - start - 60)

    run()


@in_virtual_time
async def test_a_time_in_which_nobody_asked_says_nothing_of_the_rate_that_is_borne() -> None:
    it = pace(rate=None)
    for _ in range(2):
        for _ in range(100):
            await taken(it, 1)
            it.answered()
            await asyncio.sleep(0.05)
        it.slow_down()
        it.hold(1)
        await asyncio.sleep(600)
    assert it.rate > 5


@in_virtual_time
async def test_a_slot_given_back_goes_to_the_next_at_once() -> None:
    class No(Exception):
        pass

    def refuse() -> None:
        raise No

    it = pace(rate=0.1)
    await it.take()
    start = now()
    outcomes = await asyncio.gather(*(it.take(refuse) for _ in range(20)), it.take(), return_exceptions=True)
    assert sum(isinstance(outcome, No) for outcome in outcomes) == 20
    assert now() - start <= 10.2


@in_virtual_time
async def test_whoever_is_cancelled_while_waiting_costs_no_slot() -> None:
    it = pace(rate=1.0)
    waiting = [asyncio.create_task(it.take()) for _ in range(50)]
    await asyncio.sleep(0.5)
    for task in waiting[1:]:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    start = now()
    await it.take()
    assert now() - start <= 1.0


@pytest.mark.parametrize("rate", [None, 10.0])
def test_a_run_that_stops_grants_no_slot(rate: float | None) -> None:
    @in_virtual_time
    async def run() -> None:
        halt = Halt()
        it, start = pace(rate, halt=halt), now()
        it.hold(3_600)
        waiting = [asyncio.create_task(it.take()) for _ in range(20)]
        await asyncio.sleep(1)
        halt.set()
        outcomes = await asyncio.gather(*waiting, it.take(), return_exceptions=True)
        assert all(isinstance(outcome, Stopped) for outcome in outcomes)
        assert now() - start < 1.1

    run()


@in_virtual_time
async def test_a_pace_that_was_slowed_down_wins_its_rate_back_by_use_alone() -> None:
    it = pace()
    for _ in range(2):  # one may be chance
        it.slow_down()
    await asyncio.sleep(600)
    times = await taken(it, 800)
    assert len([at for at in times if at < times[0] + 1]) <= 8
    assert most_in_a_second(times[-50:]) >= 10


@in_virtual_time
async def test_the_server_never_sees_more_than_the_rate_and_one_in_a_second() -> None:
    """Hidden repeats, retries, and the moment after a hold included."""
    count = 0

    async def now_and_then(_: str) -> object:
        nonlocal count
        count += 1
        await asyncio.sleep(0.3 if count % 3 else 0.01)
        if count % 10 == 0:
            raise ConnectionResetError  # hangs up
        return ok()

    async with serving(now_and_then) as server, asking(server.url, rate=10.0) as asker:  # type: ignore[arg-type]
        first = asyncio.gather(*(asker.ask(question(f"a{n}")) for n in range(60)))
        await asyncio.sleep(3)
        asker.client.pace.hold(20)
        await first
    assert len(server.asked) > 60
    assert most_in_a_second(server.times) <= 11
    assert sum(asker.client.sent.values()) == len(server.asked)
