from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from li_perf.analysis.stats import cumulative_incidence, percentile_interval, quantile, resampled_totals, share, wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_agrees_with_the_published_table(part, whole, low, high):
    """Newcombe, R. G. (1998). Statistics in Medicine 17, 857-872, table I, method 3."""
    assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("whole", [1, 7, 45_656])
def test_wilson_stays_between_nothing_and_everything(whole):
    assert wilson(0, whole)[0] == 0.0
    assert wilson(whole, whole)[1] == 1.0
    assert all(low <= part / whole <= high for part in (0, whole // 2, whole) for low, high in [wilson(part, whole)])


def test_there_is_no_share_of_nothing():
    assert (share(0, 0), wilson(0, 0), quantile([], 0.5)) == (None, None, None)


@pytest.mark.parametrize(("q", "expected"), [(0, 1), (0.25, 1.75), (0.5, 2.5), (0.9, 3.7), (1, 4)])
def test_quantiles_lie_on_the_line_between_neighbours(q, expected):
    assert quantile([1, 2, 3, 4], q) == pytest.approx(expected)


def test_each_replicate_draws_as_many_clusters_as_there_are():
    totals = resampled_totals({(1, 3, 1): 40, (1, 1, 0): 60}, replicates=50, seed=1)
    assert len(totals) == 50
    assert {total[0] for total in totals} == {100}
    assert all(total[1] == 100 + 2 * total[2] for total in totals)


def test_replicates_follow_the_seed_and_not_the_order_of_clusters():
    clusters = {(1, 1): 5, (1, 0): 9, (2, 1): 3}
    backwards = dict(reversed(clusters.items()))
    first = resampled_totals(clusters, replicates=20, seed=7)
    assert first == resampled_totals(backwards, replicates=20, seed=7)
    assert first != resampled_totals(clusters, replicates=20, seed=8)


def test_no_cluster_gives_no_interval():
    assert resampled_totals({}, replicates=5, seed=1) == []
    assert percentile_interval([], lambda total: total[0]) is None
    assert percentile_interval([(0,)], lambda total: share(total[0], 0)) is None


def test_clusters_of_one_give_about_wilson():
    low, high = _interval({(1, 1): 300, (1, 0): 700})
    assert (low, high) == pytest.approx(wilson(300, 1000), abs=0.012)


def test_clusters_that_go_together_widen_the_interval_by_the_square_root_of_their_size():
    single, tens = (
        high - low for low, high in (_interval({(1, 1): 300, (1, 0): 700}), _interval({(10, 10): 30, (10, 0): 70}))
    )
    assert tens / single == pytest.approx(math.sqrt(10), rel=0.25)


def test_the_grouped_bootstrap_agrees_with_drawing_clusters_one_by_one():
    clusters = {(1, 1): 60, (1, 0): 200, (4, 1): 30, (25, 20): 5}
    low, high = _interval(clusters)
    each = [vector for vector, times in clusters.items() for _ in range(times)]
    dice = random.Random(5)
    draws = [dice.choices(each, k=len(each)) for _ in range(400)]
    plain = sorted(sum(row[1] for row in draw) / sum(row[0] for row in draw) for draw in draws)
    assert (low, high) == pytest.approx((quantile(plain, 0.025), quantile(plain, 0.975)), abs=0.03)


def _interval(clusters):
    totals = resampled_totals(clusters, replicates=1000, seed=3)
    return percentile_interval(totals, lambda total: share(total[1], total[0]))


def test_the_curve_agrees_with_the_leukaemia_trial():
    """Freireich et al. (1963), the 6-MP arm, as every textbook prints its survival."""
    events = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    subjects = Counter([(time, True) for time in events] + [(time, False) for time in censored])
    survival = {time: round(1 - gone, 3) for time, gone in cumulative_incidence(subjects)}
    assert survival == {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}


def test_without_censoring_the_curve_is_the_plain_share():
    curve = cumulative_incidence({(0, True): 1, (5, True): 2, (9, False): 7})
    assert curve == [(0, pytest.approx(0.1)), (5, pytest.approx(0.3))]


def test_the_curve_reaches_one_when_the_last_subject_has_the_event():
    assert cumulative_incidence({(1, False): 3, (2, True): 1}) == [(2, 1.0)]
    assert cumulative_incidence({}) == []
