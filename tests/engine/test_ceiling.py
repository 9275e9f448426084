"""The learned rate against limits that are known to the test alone."""

from __future__ import annotations

import math
import random

import pytest

from li_perf.engine.ceiling import Ceiling


class Bucket:
    """Lets `rate` a second through and `burst` at once (GCRA); `bad` of the calls are refused whatever the speed."""

    def __init__(self, *, rate: float, burst: int = 10, bad: float = 0.0) -> None:
        self.rate, self.burst, self.bad = rate, burst, bad
        self.due = 0.0
        self.dice = random.Random(3)

    def lets_through(self, now: float) -> bool:
        if now < self.due - (self.burst - 1) / self.rate or self.dice.random() < self.bad:
            return False
        self.due = max(self.due, now) + 1 / self.rate
        return True


def served(ceiling: Ceiling, bucket: Bucket, *, seconds: float, free: float = 400.0) -> list[tuple[float, bool]]:
    """When each call was made and whether it got through; a refusal pauses the client for a second."""
    now, calls = 0.0, []
    while now < seconds:
        got_through = bucket.lets_through(now)
        calls.append((now, got_through))
        if got_through:
            now += ceiling.use() or 1 / free
        else:
            ceiling.refused(min(free, ceiling.rate))
            now += 1
    return calls


@pytest.mark.parametrize("bound", [math.inf, 985.0])
@pytest.mark.parametrize("burst", [1, 10])
@pytest.mark.parametrize("limit", [10.0, 50.0, 200.0])
def test_an_unknown_limit_is_used_and_seldom_overstepped(limit: float, burst: int, bound: float) -> None:
    calls = served(Ceiling(bound=bound), Bucket(rate=limit, burst=burst), seconds=130)
    late = [got_through for at, got_through in calls if at > 30]
    assert sum(late) > 0.85 * 100 * limit
    assert late.count(False) <= 0.005 * sum(late)


def test_it_follows_a_limit_that_falls_and_rises() -> None:
    ceiling, bucket = Ceiling(), Bucket(rate=200.0)
    served(ceiling, bucket, seconds=60)
    for limit in (40.0, 150.0):
        bucket.rate, bucket.due = limit, 0.0
        served(ceiling, bucket, seconds=100)
        assert 0.75 * limit < ceiling.rate < 1.15 * limit


def test_it_never_exceeds_its_bound_and_comes_back_to_it() -> None:
    ceiling = Ceiling(bound=10.0)
    for _ in range(2):
        ceiling.refused(10.0)
    assert ceiling.rate < 9
    rates = []
    for _ in range(2_000):
        ceiling.use()
        rates.append(ceiling.rate)
    assert max(rates) == rates[-1] == 10.0


def test_one_refusal_in_a_long_time_at_the_bound_changes_nothing() -> None:
    ceiling = Ceiling(bound=50.0)
    for _ in range(3):
        ceiling.refused(50.0)
        assert ceiling.rate == 50.0
        for _ in range(50 * 20):
            ceiling.use()
    ceiling.refused(50.0)
    ceiling.refused(50.0)
    assert ceiling.rate < 50.0


def test_refusals_that_are_not_about_speed_do_not_slow_it_down_for_good() -> None:
    """A twentieth of the calls is refused at any speed: at the hold's own 20 calls a second, more or less."""
    calls = served(Ceiling(bound=200.0), Bucket(rate=1_000.0, bad=0.05), seconds=600)
    assert sum(got_through for _, got_through in calls) > 600 * 6


def test_it_halves_when_refused_at_once_so_that_a_far_too_high_rate_is_left_in_a_few_steps() -> None:
    ceiling, steps = Ceiling(), 0
    while ceiling.rate > 20:
        ceiling.refused(10_000.0)
        steps += 1
    assert steps <= 10
