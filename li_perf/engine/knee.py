"""How many calls a server bears at once, learned from how long they take: doubled at first, then step by step."""

from __future__ import annotations

import math
from collections import deque

from li_perf.engine.descent import Descent
from li_perf.engine.mean import Mean, usual
from li_perf.engine.strain import Strain
from li_perf.engine.traffic import Wire
from li_perf.engine.wall import Wall

FEW, MANY = 2.0, 4.0  # calls waiting in the server's queue: below FEW more are let in, above MANY fewer
NOISE = 0.1  # of the limit, or of a mean: what more than this may be chance
ERROR, FINE = 0.065, 0.05  # the standard errors with which a round's mean counts, and the idle server's
FEWEST, LONG, LATELY = 4, 300, 1_000  # answers of a round at least; after which it ends in any case; of the idle server
AT_ONCE = 0.004  # seconds: within that our own work is most of it, and no queue is worth a thought (RFC 9406)
GROWTH, SURE = 2.0, 2.0  # while it is doubled; standard errors beyond NOISE that mean a queue, and end that
STRIDE = 8  # the longest step is this part of the limit
CUT = 0.7  # for a refusal
EVERY = 50  # rounds slower or faster than the idle server, between two measurements of it


class Knee:
    """`now` calls may be in flight, between 1 and `bound`.

    A round is at least as many answers as that, of calls sent since it last changed, and enough for a certain mean.
    Little's law then gives the calls that queue at the server: limit · (1 − idle / mean).
    At first each round doubles the calls that do not queue, so that a server with as long a queue as it has places
    refuses none (slow start: RFC 5681; ended by the first delay: RFC 9406). Later a few calls queue and no more (TCP
    Vegas: Brakmo & Peterson 1995), in steps that double while their direction stays. `idle` is measured again at half
    the limit, so that a queue never passes for the server's own speed (BBR: Cardwell et al. 2016).
    A refusal cuts the limit, once a round; from then on it grows by one, and stays before what was refused, of which
    more is tried seldom. The same where so much fails that it is an overload: `overloads` counts those.
    """

    def __init__(self, *, bound: int, start: int = 4) -> None:
        self.wire = Wire()
        self.overloads = 0
        self.now = min(start, bound)
        self._bound = float(bound)
        self._start = self._limit = float(self.now)
        self._idle: deque[float] = deque(maxlen=2)  # the faster of two, as one may have met a hiccup
        self._round: list[float] = []
        self._was_cut = False
        self._wall, self._strain, self._descent = Wall(), Strain(), Descent()
        self._begin()

    def begin_again(self) -> None:
        """The server was out: who comes back at once with all that was in flight may bring it down again.

        Nor is it doubled to where it was: ssthresh of RFC 5681.
        """
        borne = self._limit / GROWTH if self._is_doubling else self._limit
        self._wall.met(max(borne, self._start + 1))
        self._limit = min(self._limit, self._start)
        self._descent = Descent()
        self._begin()

    def answered(self, seconds: float) -> bool:
        """A real answer took so long; whether that ended a round."""
        if self._older:
            self._older -= 1
            return False
        self._strain.answered()
        self._round.append(seconds)
        return len(self._round) >= self._length and self._judge()

    def failed(self) -> bool:
        """A question's first try failed as it does on an overloaded server, one poison item among many is none; whether
        the server is overloaded because it is asked too fast."""
        return self._strain.failed(is_tried=self._wall.is_tried(self._limit)) and self._overloaded()

    def shed(self, overloads: int) -> bool:
        """What failed so when there had been so many overloads was answered now, so the server was at fault; whether
        it is overloaded because it is asked too fast."""
        return overloads == self.overloads and self._strain.shed() and self._overloaded()

    def refused(self) -> None:
        """The server says that it is too much."""
        self._cut(self.now)

    def _overloaded(self) -> bool:
        is_new = not self._was_cut
        self.overloads += is_new and not self._wall.is_tried(self._limit)
        if is_new:
            self._descent.overloaded(self.wire.most)
        self._cut(self.wire.most)
        return is_new and self._descent.is_long

    def _cut(self, flight: int) -> None:
        """So many in flight were too many, once a round."""
        if not self._was_cut:
            is_tried, borne = self._wall.is_tried(self._limit), min(self._limit, flight)
            self._wall.met(borne)
            self._limit = max(1.0, borne - 1 if is_tried else borne * CUT)
            self._strain.ease()
            self._step, self._stride = 0.0, 1.0
            if self._is_doubling:
                self._settle()
            self._next_round()
            self._was_cut = True

    def _begin(self) -> None:
        self._is_doubling = True
        self._unqueued: Mean | None = None  # of the rounds that were doubled
        self._step, self._stride = 0.0, math.inf  # the last, and the longest
        self._rounds_left = EVERY
        self._next_round()

    def _settle(self) -> None:
        """Double no more, and measure the idle server while the queue drains."""
        self._is_doubling = False
        self._idle.clear()
        self._rounds_left = 0

    def _next_round(self) -> None:
        before = self.now
        self.now = max(1, int(self._limit if self._rounds_left else self._limit / 2))
        self._older = self.wire.now if self.now != before else 0  # answers to calls sent before it changed
        self._length = max(self.now - (self._older if self._is_doubling else 0), FEWEST)
        self._strain.next_round(self._older + self._length)
        self._round.clear()
        self._was_cut = False
        self.wire.most = self.wire.now

    def _judge(self) -> bool:
        mean = usual(self._round)
        if not self._is_certain(mean):
            self._length += max(FEWEST, self.now // 2)
            return False
        if self._is_doubling:
            self._double(mean)
        elif self._rounds_left:
            self._move(self._queued(mean, min(self._idle)))
        else:
            self._note_idle(self._joined(mean))
        self._next_round()
        return True

    def _is_certain(self, mean: Mean) -> bool:
        error = mean.error / ERROR if self._rounds_left else self._joined(mean).error / FINE
        return error <= 1 or mean.count >= max(LONG, 10 * self.now)

    def _queued(self, mean: Mean, idle: float) -> float:
        return self._limit * (1 - max(idle, AT_ONCE) / max(mean.seconds, AT_ONCE))

    def _note_idle(self, mean: Mean) -> None:
        self._idle.append(mean.seconds)
        self._rounds_left = EVERY
        self._unqueued = None

    def _joined(self, mean: Mean) -> Mean:
        """With the rounds that were doubled before, unless those queued after all."""
        before = self._unqueued
        if not before or mean.seconds < before.seconds * (1 - NOISE / 2 - SURE * mean.doubt(before)):
            return mean
        return before.joined(mean, most=LATELY)

    def _double(self, mean: Mean) -> None:
        idle = self._unqueued or mean
        served = self._limit - max(0.0, self._queued(mean, idle.seconds))
        if mean.seconds > max(idle.seconds, AT_ONCE) * (1 + NOISE + SURE * mean.doubt(idle)):
            self._limit = min(self._limit, served + FEW)
            self._settle()
            return
        self._unqueued = idle = self._joined(mean)
        wish = min(self._bound, max(self._limit, GROWTH * min(served, self.wire.most)))  # if it was used
        self._limit = self._wall.below(wish)
        if self._limit < wish or wish == self._bound:
            self._settle()
            self._note_idle(idle)

    def _move(self, queued: float) -> None:
        noise = NOISE * self._limit
        if abs(queued) >= FEW + noise / 2:
            self._rounds_left -= 1
        way = (queued < FEW + noise / 2 and self.wire.most >= self.now - 1) - (queued > MANY + noise)
        longest = min(self._stride, max(1.0, self._limit / STRIDE))
        self._step = way * min(longest, max(1.0, 2 * self._step * way))
        self._limit = max(1.0, self._wall.below(min(self._bound, self._limit + self._step)))
