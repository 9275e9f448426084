"""How fast a server may be asked, learned from its refusals: CUBIC, on the rate in place of TCP's window."""

from __future__ import annotations

import math

CUT, HALF = 0.8, 0.5  # of the rate, after a refusal; and after one that came at once, when it was far too high
AT_ONCE = 1.0  # seconds of use
NEAR = 0.95  # of the rate that was refused: the plateau
QUICK, USUAL, LONGEST = 4.0, 16.0, 40.0  # seconds of use from the cut to the plateau: after HALF, after CUT, at most
CALLS = 300.0  # in the climb, where it is not LONGEST
GROWTH = 0.5  # of the plateau, in as long again
EARLY = 10  # refusals in a row before the plateau: going slower does not help, so they are not about speed
WIDEST = 300.0  # seconds: a climb is as long as the window that was found
DEAF = 100  # refusals after which speed is tried again
SLOWEST = 0.05  # requests a second


class Ceiling:
    """The rate in requests a second, at most `bound`; infinite until the first refusal where nothing bounds it.

    A refusal cuts it; then it climbs fast, lingers just below the rate that was refused, and leaves that ever faster.
    Refused again before, it takes a lower plateau. Time is counted in slots used, as an idle hour proves nothing.
    Source: RFC 9438, 4.2 (the cubic) and 4.7 (fast convergence).
    """

    def __init__(self, *, bound: float = math.inf) -> None:
        self.rate = self._bound = bound
        self._plateau = self._depth = 0.0  # the depth is from the plateau down to the cut; 0 at the bound
        self._used = LONGEST if math.isfinite(bound) else 0.0  # seconds since the cut, or at the bound
        self._climb = USUAL
        self._window = 0.0  # seconds, of a long one that was found
        self._early = self._deaf = 0

    def use(self) -> float:
        """A slot is used; seconds until the next."""
        spacing = 1 / self.rate
        self._used += spacing
        if self._depth:
            self._rise()
        return spacing

    def refused(self, rate: float) -> None:
        """The server refused what was sent at `rate`; a single refusal in a long time at the bound changes nothing."""
        is_early = self._used < self._climb
        if self._deaf:
            self._deaf -= 1
        elif self._depth or is_early:
            self._learn(max(SLOWEST, min(rate, self.rate)), is_early=is_early)
        else:
            self._used = 0.0

    def found(self, rate: float, window: float) -> None:
        """So much was answered over a whole window of so many seconds, its refusals included."""
        self._window = min(window, WIDEST)
        self._plateau = max(SLOWEST, rate)
        self._depth = self._plateau * (1 - CUT)
        self._climb = self._usual(self._plateau)
        self._used = 0.0
        self._early = self._deaf = 0
        self._rise()

    def _learn(self, rate: float, *, is_early: bool) -> None:
        self._early = self._early + 1 if is_early else 0
        if self._early <= EARLY:
            self._cut(rate)
        else:
            self._deaf = DEAF
            if math.isfinite(self._bound):
                self._return()

    def _cut(self, rate: float) -> None:
        is_far = self._used < AT_ONCE
        cut = HALF if is_far else CUT
        self._plateau = rate * (NEAR if rate >= self._plateau else (1 + cut) / 2)
        self._depth = self._plateau - rate * cut
        self._climb = QUICK if is_far and not self._window else self._usual(self._plateau)
        self._used = 0.0
        self._rise()

    def _rise(self) -> None:
        way = self._used / self._climb - 1
        self.rate = self._plateau + (self._depth if way < 0 else GROWTH * self._plateau) * way**3
        if self.rate >= self._bound:
            self._return()

    def _return(self) -> None:
        self.rate = self._bound
        self._plateau = self._depth = self._used = self._window = 0.0
        self._climb = self._usual(self._bound)
        self._early = 0

    def _usual(self, rate: float) -> float:
        return max(min(max(USUAL, CALLS / rate), LONGEST), self._window)
