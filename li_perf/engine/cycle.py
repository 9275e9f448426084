"""What a server answered from one refusal to the next, its pauses included: the rate that a window of minutes bears."""

from __future__ import annotations

LONG = 6.0  # seconds: of less the pauses are most
IDLE = 5.0  # seconds without a slot and without a pause: nobody asked


class Cycle:
    """Begun with the first slot, and again with each refusal; times are loop times."""

    def __init__(self) -> None:
        self._answers = 0
        self._since = self._slot_at = 0.0

    def slot(self, now: float, *, held_until: float) -> None:
        """A slot is used. A time in which nobody asked is left out."""
        idle = now - max(self._slot_at, held_until)
        if idle > IDLE:
            self._since += idle if self._since else now
        self._slot_at = now

    def answered(self) -> None:
        self._answers += 1

    def end(self, now: float) -> float | None:
        """Answers a second since the refusal before this one; None where that was too short a time ago to say."""
        seconds, answers = now - self._since, self._answers
        self._since, self._answers = now, 0
        return answers / seconds if seconds >= LONG and answers else None
