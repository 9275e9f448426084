"""The mean of measurements, and how certain it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """`error` is the standard error as a share of the mean, `count` how many were measured."""

    seconds: float
    error: float
    count: int

    def joined(self, other: Mean, *, most: int) -> Mean:
        """Of both together; of more than `most` the later ones count more."""
        count = self.count + other.count
        mine, theirs = self.seconds * self.count / count, other.seconds * other.count / count
        seconds = mine + theirs
        error = math.hypot(mine * self.error, theirs * other.error) / seconds if seconds else 0.0
        return Mean(seconds=seconds, error=error, count=min(most, count))

    def doubt(self, other: Mean) -> float:
        """The standard error of the quotient of the two."""
        return math.hypot(self.error, other.error)


def usual(measured: list[float]) -> Mean:
    """Without the slowest tenth: Little's law speaks of means, but one stuck answer says nothing."""
    kept = sorted(measured)[: len(measured) - len(measured) // 10]
    mean = fmean(kept)
    variance = fmean((one - mean) ** 2 for one in kept) / max(1, len(kept) - 1)
    return Mean(seconds=mean, error=math.sqrt(variance) / mean if mean else 0.0, count=len(measured))
