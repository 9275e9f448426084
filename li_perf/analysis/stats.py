"""Uncertainty, and time to an event, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import mul
from random import Random

Interval = tuple[float, float]
Vector = tuple[int, ...]

Z_95 = 1.959963984540054


def share(part: int, whole: int) -> float | None:
    """`part / whole`, 0..1; None where there is no whole."""
    return part / whole if whole else None


def wilson(part: int, whole: int) -> Interval | None:
    """The 95 % score interval of a share of independent cases; None where there is no whole.

    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.
    """
    if not whole:
        return None
    p, z2 = part / whole, Z_95**2
    middle = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    reach = Z_95 / (1 + z2 / whole) * math.sqrt(p * (1 - p) / whole + z2 / (4 * whole**2))
    return (0.0 if part == 0 else max(0.0, middle - reach), 1.0 if part == whole else min(1.0, middle + reach))


def quantile(values: Sequence[float], q: float) -> float | None:
    """The `q` quantile (0..1) of sorted `values`, by linear interpolation (Hyndman & Fan 1996, type 7), or None."""
    if not values:
        return None
    place = q * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def resampled_totals(clusters: Mapping[Vector, int], *, replicates: int, seed: int) -> list[Vector]:
    """Totals of the clusters' counts in `replicates` samples of whole clusters, drawn with replacement.

    `clusters` says how many clusters have each vector of counts; equal clusters are drawn apart but added up together.
    Statistics of one replicate are paired: take a difference of two shares inside it.

    Efron, B. (1979). Bootstrap methods: another look at the jackknife. Ann. Statist. 7, 1-26.
    Cameron, A. C., Gelbach, J. B. & Miller, D. L. (2008). Bootstrap-based improvements for inference with clustered
    errors. Rev. Econ. Stat. 90, 414-427.
    """
    vectors = sorted(clusters)
    population = [cell for cell, vector in enumerate(vectors) for _ in range(clusters[vector])]
    dice = Random(seed)
    return [
        _drawn_total(vectors, dice.choices(population, k=len(population))) for _ in range(replicates if vectors else 0)
    ]


def _drawn_total(vectors: Sequence[Vector], drawn: Iterable[int]) -> Vector:
    times = [0] * len(vectors)
    for cell in drawn:
        times[cell] += 1
    return tuple(sum(map(mul, times, column)) for column in zip(*vectors, strict=True))


def percentile_interval(totals: Iterable[Vector], statistic: Callable[[Vector], float | None]) -> Interval | None:
    """The middle 95 % of a statistic over replicates; None if it is defined in none (or in no) replicate."""
    values = sorted(value for total in totals if (value := statistic(total)) is not None)
    low, high = quantile(values, 0.025), quantile(values, 0.975)
    return None if low is None or high is None else (low, high)


def cumulative_incidence(subjects: Mapping[tuple[int, bool], int]) -> list[tuple[int, float]]:
    """(time, share with the event by then) for each event time, of subjects counted by (time, is it the event's).

    One minus the product-limit estimate; a time that is not the event's is a censoring; at equal times events go first.
    Kaplan, E. L. & Meier, P. (1958). Nonparametric estimation from incomplete observations. JASA 53, 457-481.
    """
    at_risk, without, curve = sum(subjects.values()), 1.0, []
    for time in sorted({time for time, _ in subjects}):
        events = subjects.get((time, True), 0)
        if events:
            without *= 1 - events / at_risk
            curve.append((time, 1 - without))
        at_risk -= events + subjects.get((time, False), 0)
    return curve
