"""Whether far more of the last answers lack a parcel than of those before: a table that is emptied, or loaded anew."""

from __future__ import annotations

import math
from collections import deque

WINDOW = 30  # answers
SURE = 4.0  # standard deviations above the share so far
LEAST = 8  # of the window: fewer are never too many
ENOUGH = 100  # answers, before which nobody knows the share
UNKNOWN = 0.6  # share that is taken for usual until then


class Shortfall:
    """The window's answers against all that left it while nothing was unusual; once it `is_on` it stays so until no
    more than the usual share lacks a parcel."""

    def __init__(self, *, answers: int = 0, without: int = 0) -> None:
        self._answers, self._without = answers, without
        self._lately: deque[bool] = deque()
        self._missing = 0  # in the window
        self.is_on = False

    def note(self, *, is_without: bool) -> None:
        """See one more answer."""
        self._lately.append(is_without)
        self._missing += is_without
        if len(self._lately) > WINDOW:
            self._leave(self._lately.popleft())
        mean, deviation = self._usual()
        self.is_on = self._missing > (mean if self.is_on else max(LEAST, mean + SURE * deviation))

    def accept(self) -> None:
        """What was unusual is true: the share is found out anew."""
        self._answers = self._without = 0
        self.clear()

    def clear(self) -> None:
        """What was unusual is over: the window begins anew."""
        self._lately.clear()
        self._missing, self.is_on = 0, False

    def _leave(self, was_without: bool) -> None:
        self._missing -= was_without
        if not self.is_on:
            self._answers += 1
            self._without += was_without

    def _usual(self) -> tuple[float, float]:
        """How many of the window lack a parcel where all is well, and by how many that may differ."""
        share = (self._without + 1) / (self._answers + 2) if self._answers >= ENOUGH else UNKNOWN
        return WINDOW * share, math.sqrt(WINDOW * share * (1 - share))
