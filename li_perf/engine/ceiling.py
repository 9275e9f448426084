"""How fast a server may be asked, learned from its refusals: CUBIC, on the rate in place of TCP's window."""

from __future__ import annotations

import math

CUT, HALF = 0.8, 0.5  # of the rate, after a refusal; and after one that came at once, when it was far too high
AT_ONCE = 1.0  # seconds of use
NEAR = 0.95  # of the rate that was refused: the plateau
QUICK, USUAL, LONGEST = 4.0, 16.0, 40.0  # seconds of use from the cut to the plateau: after HALF, after CUT, at most
CALLS = 200.0  # in the climb, where it is not LONGEST
GROWTH = 0.5  # of the plateau, in as long again
EARLY = 10  # refusals in a row before the plateau: going slower does not help, so they are not about speed
DEAF = 1_000  # calls for which speed is then left alone
SLOWEST = 0.05  # requests a second


class Ceiling:
    """The rate in requests a second, at most `bound`; infinite until the first refusal where nothing bounds it.

    A refusal cuts it; then it climbs fast, lingers just below the rate that was refused, and leaves that ever faster.
    Refused again before, it takes a lower plateau. Time is counted in slots used, as an idle hour proves nothing.
    Source: RFC 9438, 4.2 (the cubic) and 4.7 (fast convergence).
    """

    def __init__(self, *, bound: float = math.inf) -> None:
        self.rate = self._bound = bound
        self._plateau = self._depth = 0.0  # the depth is from the plateau down to the cut; 0 while nothing is known
        self._used = AT_ONCE if math.isfinite(bound) else 0.0  # seconds since the cut
        self._climb = USUAL
        self._early = self._deaf = 0

    def use(self) -> float:
        """A slot is used; seconds until the next."""
        spacing = 1 / self.rate
        self._used += spacing
        if self._depth:
            self._rise()
        elif self._deaf:
            self._deaf -= 1
        return spacing

    def refused(self, rate: float) -> None:
        """The server refused what was sent at `rate`."""
        if self._deaf:
            return
        self._early = self._early + 1 if self._depth and self._used < self._climb else 0
        if self._early < EARLY:
            self._cut(max(SLOWEST, min(rate, self.rate)))
        else:
            self._forget()
            self._deaf = DEAF

    def _cut(self, refused: float) -> None:
        is_far = self._used < AT_ONCE
        cut = HALF if is_far else CUT
        self._plateau = refused * (NEAR if refused >= self._plateau else (1 + cut) / 2)
        self._depth = self._plateau - refused * cut
        self._climb = QUICK if is_far else min(max(USUAL, CALLS / self._plateau), LONGEST)
        self._used = 0.0
        self._rise()

    def _rise(self) -> None:
        way = self._used / self._climb - 1
        self.rate = self._plateau + (self._depth if way < 0 else GROWTH * self._plateau) * way**3
        if self.rate >= self._bound:
            self._forget()

    def _forget(self) -> None:
        self.rate = self._bound
        self._plateau = self._depth = 0.0
        self._early = 0
