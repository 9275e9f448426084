"""How fast a server's knee is found, how far beyond it one goes, and where one stays: in virtual time, by seeds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from engine.crowd import Crowd, Draw, even, exponential, wide

from li_perf.engine.knee import Knee

SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("seconds", [0.005, 0.1, 0.5])
def test_a_hundred_places_are_reached_within_eight_answers_time_of_a_server_that_keeps_its_speed(
    seconds: float, seed: int
) -> None:
    crowd = Crowd(knee=Knee(bound=100), places=1_000, queue=1_000, seconds=seconds, seed=seed)
    crowd.run(until=20 * seconds)
    assert crowd.reached(100) < 8 * seconds


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("seconds", [0.005, 0.05, 0.5])
@pytest.mark.parametrize("spread", [even, wide])
@pytest.mark.parametrize("places", [4, 8, 16, 32, 64])
def test_it_settles_where_a_few_calls_queue_and_none_is_refused_on_the_way(
    places: int, spread: Draw, seconds: float, seed: int
) -> None:
    crowd = Crowd(knee=Knee(bound=200), places=places, queue=places, seconds=seconds, spread=spread, seed=seed)
    crowd.run(until=200 * seconds)
    settled = [now for at, now in crowd.answered if at > 100 * seconds]
    assert (crowd.refused, crowd.most <= 2 * places) == (0, True)
    assert sum(settled) / len(settled) < 1.25 * places + 4
    assert crowd.share(since=100 * seconds) > 0.8


@pytest.mark.parametrize("places", [4, 16, 64])
def test_services_of_exponential_length_take_it_longer_and_are_used_as_well(places: int) -> None:
    shares = []
    for seed in SEEDS:
        crowd = Crowd(knee=Knee(bound=200), places=places, queue=places, seconds=0.05, spread=exponential, seed=seed)
        crowd.run(until=40.0)
        shares.append(crowd.share(since=20.0))
    assert sorted(shares)[len(shares) // 2] > 0.9


def test_it_begins_small_again_after_an_outage_and_doubles_as_before() -> None:
    knee = Knee(bound=100)
    crowd = Crowd(knee=knee, places=1_000, queue=1_000)
    crowd.run(until=2.0)
    assert knee.now == 100
    knee.begin_again()
    assert knee.now == 4
    crowd.run(until=4.0)
    assert knee.now == 100


def test_it_grows_by_one_a_round_after_a_refusal() -> None:
    knee = Knee(bound=100)
    crowd = Crowd(knee=knee, places=1_000, queue=1_000)
    crowd.run(until=2.0)
    knee.refused()
    crowd.run(until=10.0)
    limits = [now for at, now in crowd.answered if at > 3.0]
    assert max(later - before for before, later in pairwise(limits) if before > 50) == 1
    assert limits[-1] > 75


def test_what_our_own_work_takes_of_a_server_that_answers_at_once_is_no_queue() -> None:
    """One of our threads, which needs 0.2 ms a call, before a server that needs nothing."""
    knee = Knee(bound=100)
    crowd = Crowd(knee=knee, places=1, queue=1_000, seconds=0.0002)
    crowd.run(until=5.0)
    assert knee.now > 12
