"""Whether a server fails because it is asked too much at once, or because of single items."""

from __future__ import annotations

OVERLOAD, SAMPLE = 0.15, 30  # the share of failed first tries, of so many at least: an overloaded server
UNUSUAL, PART = 2.0, 1 / 8  # times the share that usually fails: too much where the server bore no more before
SHED, FEW = 0.04, 2.0  # the share of questions that failed and then were answered, beyond so many: the same


class Strain:
    """Counts what failed as it does on an overloaded server; one poison item among many is none.

    A question that is answered after all was not to blame: far fewer of those tell more.
    """

    def __init__(self) -> None:
        self._planned = self._answered = self._failed = 0
        self._shed = self._usual = 0.0

    def next_round(self, planned: int) -> None:
        """So many calls will make the round, at least."""
        self._usual += PART * (self._failed / max(1, self._tried) - self._usual)
        self._planned, self._answered, self._failed = planned, 0, 0

    def ease(self) -> None:
        """The limit was cut: what goes on from now on is news."""
        self._shed = 0.0

    def answered(self) -> None:
        self._answered += 1
        self._shed = max(0.0, self._shed - SHED)

    def failed(self, *, is_tried: bool) -> bool:
        """A question's first try failed; whether that is too much, or even unusual where more `is_tried`."""
        self._failed += 1
        if is_tried and self._failed > UNUSUAL * self._usual * self._tried:
            return True
        return self._failed > OVERLOAD * max(self._tried, SAMPLE)

    def shed(self) -> bool:
        """What failed before was answered now; whether that is too much."""
        self._shed += 1
        return self._shed > FEW

    @property
    def _tried(self) -> int:
        return max(self._planned, self._answered + self._failed)
