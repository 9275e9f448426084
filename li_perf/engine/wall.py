"""Where a server was seen to bear no more: come back to at once, and tried again seldom."""

from __future__ import annotations

import math

REST, LONGEST = 4, 64  # rounds just below before the wall is tried again, twice as many each time


class Wall:
    """`at` calls in flight were too many; infinite until so many were refused.

    A limit that comes there stays one below for some rounds. What then is borne moves the wall on, round by round; what
    is not costs that one step (the plateau of CUBIC, RFC 9438 4.3, on calls in flight).
    """

    def __init__(self) -> None:
        self.at: float = math.inf
        self._rest, self._next_rest = 0, REST

    def met(self, limit: float) -> None:
        """So many were too many."""
        self.at, self._rest = max(2, int(limit)), self._next_rest
        self._next_rest = min(LONGEST, 2 * self._next_rest)

    def is_tried(self, limit: float) -> bool:
        return limit >= self.at

    def below(self, limit: float) -> float:
        """How far a limit that wishes to grow to this may grow in a new round."""
        if limit < self.at:
            return limit
        if self._rest:
            self._rest -= 1
            return self.at - 1
        if limit > self.at:
            self.at, self._next_rest = int(limit), REST
        return limit
