"""Tells apart whether a server that sheds calls was asked too many at once or too fast: the pace is for the latter."""

from __future__ import annotations

import math

STEEP = 0.8  # of what was in flight at the overload before
FEW = 2  # in flight at an overload: fewer can hardly be
STEPS = 3  # overloads in a row, each with so many fewer: a bound on calls at once would have been found by then


class Descent:
    """Down from overload to overload; once it `is_long`, speed is the reason."""

    def __init__(self) -> None:
        self._last = math.inf
        self._steps = 0

    @property
    def is_long(self) -> bool:
        return self._steps >= STEPS

    def overloaded(self, flight: int) -> None:
        """So many calls were in flight, at most."""
        if not self.is_long:
            self._steps = self._steps + 1 if flight <= max(FEW, STEEP * self._last) else 0
            self._last = flight
